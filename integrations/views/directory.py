"""The app directory: what can be connected, and what each app can and cannot do."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from integrations import cards
from integrations.forms import DirectoryForm
from integrations.models import AppInstance
from integrations.registry import apps
from integrations.views.access import hub_apps, hub_of
from portal.access import member_required
from portal.htmx import render_part, wants_fragment


@require_safe
@member_required
def directory(request: HttpRequest) -> HttpResponse:
    account = request.account  # type: ignore[attr-defined]
    form = DirectoryForm(request.GET)
    asked = form.asked()
    hub = hub_of(account)
    context = {
        "form": form,
        "cards": cards.find(**asked, instances=AppInstance.objects.for_account(account).order_by("label")),
        "total": len(apps()),
        "narrowed": any(asked.values()),
        "hub": hub,
        "hub_apps": [] if hub else hub_apps(),
        "is_fragment": wants_fragment(request),
    }
    return render_part(request, "integrations/directory.html", "integrations/_cards.html", context)
