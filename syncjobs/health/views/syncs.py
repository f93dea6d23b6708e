"""One sync: its numbers, settings in words, runs; and the progress of its initial sync."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from integrations.records import Side
from integrations.services.schemas import stored
from portal.access import member_required
from portal.htmx import render_part
from syncjobs.access import sync_or_404
from syncjobs.health import nightly, standing, words
from syncjobs.health import progress as measuring
from syncjobs.models import RunKind, Sync, SyncRun, SyncState
from syncjobs.wizard.picture import picture
from syncjobs.wizard.words import Section, sections

RUNS_SHOWN = 20
EVENTS_SHOWN = 7
QUARTERS = (1, 25, 50, 75, 100)


@require_safe
@member_required
def sync(request: HttpRequest, pk: int) -> HttpResponse:
    found = sync_or_404(request, pk)
    if found.state == SyncState.INITIAL:
        return redirect("syncjobs:progress", pk=pk)
    one = _standing(found)
    runs = list(found.runs.select_related("requested_by").order_by("-pk")[:RUNS_SHOWN])
    for run in runs:
        run.sync = found
    context = {
        "sync": found,
        "one": one,
        "trouble": _trouble(one) or standing.wait_trouble(one) or standing.mapping_trouble(one),
        "sections": _settings(found),
        "runs": [words.run_line(run) for run in runs],
        "nightly": nightly.of_syncs([found])[found.pk],
        "draft": found.drafts.first(),
    }
    return render(request, "syncjobs/sync.html", context)


@require_safe
@member_required
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment asks for itself every two seconds while the run is active, and stops by no longer asking.

    ``?spoken=`` is the quarter that the page said last, so that a screen reader hears each once.
    """
    found = sync_or_404(request, pk)
    context = _progress(found, request.GET.get("spoken", ""))
    return render_part(request, "syncjobs/progress.html", "syncjobs/_progress.html", context)


def _settings(sync: Sync) -> list[Section]:
    """The settings in plain words, with fields named as last read: the page waits for no app."""
    shown = picture(sync, None)
    assert shown is not None, "a saved sync has its pair"
    known = {side: stored(sync.instance(side), sync.kind(side)) or [] for side in Side}
    fields = {side: {field.name: field for field in found} for side, found in known.items()}
    return sections(shown.naming(fields))


def _standing(sync: Sync) -> standing.SyncStanding:
    return standing.of_syncs([sync])[sync.pk]


def _trouble(one: standing.SyncStanding) -> standing.Trouble | None:
    """What stands over the page: an instance that lost its login, or a sync that stopped itself."""
    for instance in (one.sync.app_instance, one.sync.hub_instance):
        if instance and instance.state in ("needs_reauth", "suspended"):
            return standing.instance_trouble(instance, waiting=one.numbers.pending)
    return standing.sync_trouble(one) if one.sync.state == SyncState.SUSPENDED else None


def _run_of(sync: Sync) -> SyncRun | None:
    """The initial run that is shown: the newest one."""
    run = sync.runs.filter(kind=RunKind.INITIAL).select_related("requested_by").order_by("-pk").first()
    if run:
        run.sync = sync
    return run


def _progress(sync: Sync, spoken: str) -> dict[str, Any]:
    run, one = _run_of(sync), _standing(sync)
    done = measuring.percent(run) if run else 0
    said = int(spoken) if spoken.isdecimal() and len(spoken) < 4 else 0
    reached = max((quarter for quarter in QUARTERS if quarter <= done), default=0)
    return {
        "sync": sync,
        "run": run,
        "one": one,
        "percent": done,
        "reached": max(reached, said),
        "say": reached > said,
        "phases": measuring.phases(run) if run else [],
        "estimate": measuring.estimate(run) if run else None,
        "speed": measuring.speed(run) if run else None,
        "waits": _waits(sync, run),
        "trouble": _trouble(one),
        "stopped": words.reason(sync, run.code) if run and run.code and not run.is_active else None,
        "events": _events(sync, run),
        # A paused or suspended sync keeps its run, which does not move; a run that is not there yet comes in a moment.
        "polls": sync.is_running_state and (run is None or run.is_active),
    }


def _waits(sync: Sync, run: SyncRun | None) -> Any:
    """What an active run waits for, in words, or None while it works."""
    if not (run and run.is_active and run.waiting_for and sync.is_running_state):
        return None
    return words.wait(sync, run)


def _events(sync: Sync, run: SyncRun | None) -> list[tuple[Any, str]]:
    if run is None:
        return []
    return [(event, words.event(event, sync)) for event in run.events.order_by("-pk")[:EVENTS_SHOWN]]
