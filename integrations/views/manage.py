"""One connected account: its name, its state, its way in, and the way out."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations import hooks
from integrations.forms import RenameForm
from integrations.models import AppInstance, Credential
from integrations.services import connections
from integrations.views.access import instance_or_404
from portal.access import manager_required


@require_safe
@manager_required
def manage(request: HttpRequest, pk: int) -> HttpResponse:
    instance = instance_or_404(request, pk)
    return _page(request, instance, RenameForm(instance=instance))


@require_POST
@manager_required
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    instance = instance_or_404(request, pk)
    form = RenameForm(request.POST, instance=AppInstance.objects.get(pk=pk))
    if not form.is_valid():
        return _page(request, instance, form, status=422)
    connections.rename(instance=instance, label=form.cleaned_data["label"], by=request.user)
    messages.success(request, _("Renamed to “%(label)s”.") % {"label": instance.label})
    return redirect("integrations:manage", instance.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of its own that names what stops, then the act."""
    instance = instance_or_404(request, pk)
    if request.method == "POST":
        connections.disconnect(instance=instance, by=request.user)
        messages.success(
            request, _("%(app)s is disconnected. Its syncs keep their settings.") % {"app": instance.app.name}
        )
        return redirect("integrations:directory")
    context = {"instance": instance, "app": instance.app, "used_by": hooks.used_by(instance)}
    return render(request, "integrations/disconnect.html", context)


def _page(request: HttpRequest, instance: AppInstance, form: RenameForm, status: int = 200) -> HttpResponse:
    app = instance.app
    way = next((way for way in app.ways_in if way.key == instance.way_in), None)
    # Events are signed with the OAuth client's secret: an account that came in by keys gets none.
    signed = app.webhooks and not (app.oauth and way and way.kind == "keys")
    webhook_path = reverse("integrations:webhook", args=[app.key]) if signed else ""
    context = {
        "instance": instance,
        "app": app,
        "way": way,
        "form": form,
        # Everything of the credential but its content.
        "credential": Credential.objects.filter(instance=instance).defer("secrets").first(),
        "used_by": hooks.used_by(instance),
        "webhook_address": settings.BASE_ADDRESS + webhook_path if webhook_path else "",
    }
    return render(request, "integrations/manage.html", context, status=status)
