"""Connecting an account of an app, for the first time or again: permissions, the way in, the way back from consent."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from integrations.forms import ConnectForm
from integrations.models import AppInstance, InstanceState, OAuthAttempt
from integrations.registry import App, WayIn
from integrations.services import connections
from integrations.services.connections import ConnectRefused
from integrations.views.access import app_or_404, hub_apps, hub_of, instance_or_404, next_url
from portal.access import manager_required


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def connect(request: HttpRequest, key: str) -> HttpResponse:
    app = app_or_404(key)
    has_hub = hub_of(request.account) is not None  # type: ignore[attr-defined]
    if app.only_hub and has_hub:
        return redirect("integrations:directory")
    if not has_hub and not app.can_be_hub:
        context = {"app": app, "hub_apps": hub_apps()}
        return render(request, "integrations/hub_first.html", context, status=409 if request.method == "POST" else 200)
    return _sign_in(request, app, as_hub=not has_hub)


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def reconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page for an instance that is there already: new tokens or keys, and nothing else changes."""
    instance = instance_or_404(request, pk)
    gone = instance.state == InstanceState.DISCONNECTED
    hub_again = gone and instance.app.can_be_hub and hub_of(request.account) is None  # type: ignore[attr-defined]
    return _sign_in(request, instance.app, as_hub=instance.is_hub or hub_again, instance=instance)


@require_safe
@manager_required
def oauth_callback(request: HttpRequest) -> HttpResponse:
    """Where the app sends the person back to, with a code or with the reason why there is none."""
    whose = {"account": request.account, "user": request.user}  # type: ignore[attr-defined]
    attempt = connections.attempt_of(**whose, state=request.GET.get("state", ""))  # gone once it is finished
    try:
        instance = connections.finish_oauth(**whose, query=request.GET.dict())
    except ConnectRefused as refused:
        context: dict[str, Any] = {
            "refused": refused,
            "app": app_or_404(attempt.app_key) if attempt else None,
            "attempt": attempt,
        }
        if attempt:
            context["again"] = _again(attempt)
        return render(request, "integrations/connect_refused.html", context, status=400)
    return _to_checks(instance, attempt.next_url if attempt else "")


def _sign_in(request: HttpRequest, app: App, *, as_hub: bool, instance: AppInstance | None = None) -> HttpResponse:
    way = _way_in(app, request.GET.get("way") or (instance.way_in if instance else ""))
    typed = request.POST if request.method == "POST" else None
    form = ConnectForm(way, typed, label=request.GET.get("label", ""), with_label=instance is None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            return _go(request, app, way, form, as_hub=as_hub, instance=instance)
        except ConnectRefused as error:
            refused = error
    context = {
        "app": app,
        "way": way,
        "ways": [(one, _same_page(request, one)) for one in app.ways_in],
        "form": form,
        "refused": refused,
        "as_hub": as_hub,
        "instance": instance,
    }
    return render(request, "integrations/connect.html", context, status=422 if refused or form.errors else 200)


def _go(
    request: HttpRequest, app: App, way: WayIn, form: ConnectForm, *, as_hub: bool, instance: AppInstance | None
) -> HttpResponse:
    """Off to the consent page, or straight to the checks where keys were enough. Raises ConnectRefused."""
    going_on = next_url(request)
    whose = {"account": request.account, "user": request.user}  # type: ignore[attr-defined]
    what = {"app": app, "label": form.cleaned_data.get("label", ""), "as_hub": as_hub, "instance": instance}
    typed: dict[str, Any] = {"way_in": way.key, "values": form.values}
    if way.kind == "oauth":
        return HttpResponseRedirect(connections.start_oauth(**whose, **what, **typed, next_url=going_on))
    return _to_checks(connections.connect_with_keys(**whose, **what, **typed), going_on)


def _again(attempt: OAuthAttempt) -> str:
    """The page from which that consent was started, with what was typed there."""
    if attempt.instance:
        return reverse("integrations:reconnect", args=[attempt.instance.pk])
    query = {name: value for name, value in (("next", attempt.next_url), ("label", attempt.label)) if value}
    return reverse("integrations:connect", args=[attempt.app_key]) + ("?" + urlencode(query) if query else "")


def _to_checks(instance: AppInstance, going_on: str) -> HttpResponse:
    query = "?" + urlencode({"next": going_on}) if going_on else ""
    return HttpResponseRedirect(reverse("integrations:checks", args=[instance.pk]) + query)


def _way_in(app: App, key: str) -> WayIn:
    """The way asked for, or the app's first."""
    return next((way for way in app.ways_in if way.key == key), app.ways_in[0])


def _same_page(request: HttpRequest, way: WayIn) -> str:
    """This page's address with another way in."""
    query = request.GET.copy()
    query["way"] = way.key
    return f"?{query.urlencode()}"
