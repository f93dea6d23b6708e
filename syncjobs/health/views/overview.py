"""The integrations index (home) and the page of one app instance."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from integrations.models import AppInstance, InstanceState
from portal.access import member_required
from portal.charts import sparkline
from portal.htmx import render_part
from portal.statuses import look
from syncjobs.access import shown_instances
from syncjobs.health import incidents, nightly, overview, standing, words
from syncjobs.models import Sync, SyncRun

RUNS_SHOWN = 50


@require_safe
@member_required
def index(request: HttpRequest) -> HttpResponse:
    """Home. The fragment is everything with numbers in it; it asks for itself every 15 seconds."""
    filters = overview.Filters.of(request.GET)
    found = overview.of_account(request.account, filters)  # type: ignore[attr-defined]
    context = {
        "overview": found,
        "filters": filters,
        "states": [(key, look(key).word) for key in filters.STATES],
        "line": sparkline(found.changes.per_hour),
    }
    return render_part(request, "syncjobs/index.html", "syncjobs/_index.html", context)


def instance_or_404(request: HttpRequest, pk: int) -> AppInstance:
    """An app of the account. The hub has no page of its own: it stands at the right of every sync."""
    return get_object_or_404(shown_instances(request.account), pk=pk)  # type: ignore[attr-defined]


def _standing(request: HttpRequest, pk: int) -> standing.Standing:
    instance = instance_or_404(request, pk)
    if instance.is_hub:
        raise Http404
    syncs = Sync.objects.for_account(instance.account).saved().filter(app_instance=instance).order_by("pk")
    return standing.of_instances([instance], syncs.select_related("hub_instance", "app_instance"))[0]


def _page(request: HttpRequest, found: standing.Standing, tab: str) -> dict[str, Any]:
    drafts = (
        Sync.objects.for_account(found.instance.account)
        .drafts()
        .filter(app_instance=found.instance, draft_of=None)
        .exclude(app_kind="")  # opened and left: nothing to finish
    )
    return {
        "standing": found,
        "instance": found.instance,
        "tab": tab,
        "drafts": drafts.select_related("hub_instance", "app_instance"),
        "may_run": found.instance.state == InstanceState.CONNECTED and found.may_pause,
    }


@require_safe
@member_required
def instance(request: HttpRequest, pk: int) -> HttpResponse:
    """The app page, *Object view*: incidents over the table of its syncs."""
    found = _standing(request, pk)
    context = {**_page(request, found, "overview"), "incidents": incidents.of_standing(found)}
    nights = nightly.of_syncs([one.sync for one in found.syncs])
    context["nightly"] = [one for one in nights.values() if one.last]
    return render_part(request, "syncjobs/instance.html", "syncjobs/_instance.html", context)


@require_safe
@member_required
def instance_runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The latest runs of all syncs of the app."""
    found = _standing(request, pk)
    runs = SyncRun.objects.filter(sync_id__in=[one.sync.pk for one in found.syncs])
    syncs = {one.sync.pk: one.sync for one in found.syncs}
    shown = list(runs.select_related("requested_by").order_by("-pk")[:RUNS_SHOWN])
    for run in shown:
        run.sync = syncs[run.sync_id]
    context = {**_page(request, found, "runs"), "runs": [words.run_line(run) for run in shown]}
    return render(request, "syncjobs/instance_runs.html", context)
