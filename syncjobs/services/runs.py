"""Starting runs. One run per sync at a time; the database sees to that."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import now

from integrations.records import FieldType, Side
from integrations.services import schemas
from syncjobs.models import RunKind, Sync, SyncRun, SyncState
from syncjobs.queue import enqueue
from syncjobs.runner.lease import Lease
from syncjobs.runner.slices import IN_BACKGROUND, anything_waits

LONGEST_POLL = timedelta(minutes=10)


class RunAlreadyActive(Exception):
    """This sync has a run already; it will pick up whatever waits."""


def start(
    *,
    sync: Sync,
    kind: str = RunKind.INCREMENTAL,
    by: Any = None,
    only_inbox: bool = False,
    undoes: SyncRun | None = None,
) -> SyncRun:
    """Queue a run; raise RunAlreadyActive rather than queue a second one. ``only_inbox``: read what was named, don't poll."""
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                sync=sync,
                kind=kind,
                requested_by=by,
                phases={"only_inbox": True} if only_inbox else {},
                undoes=undoes,
            )
    except IntegrityError as error:
        raise RunAlreadyActive(sync) from error
    dispatch(run)
    return run


def dispatch(run: SyncRun) -> None:
    enqueue("syncjobs.tasks.run_slice", run.pk, bulk=run.kind in IN_BACKGROUND)


def wake(sync: Sync) -> None:
    """Something waits: read and write it now, unless a run is at it. The run in progress calls this at its end."""
    if not sync.is_running_state or not anything_waits(sync):
        return
    try:
        # A poll that is due comes along: runs that follow each other without a rest would else keep it out for ever.
        start(sync=sync, only_inbox=not _poll_is_due(sync))
    except RunAlreadyActive:
        return


def _poll_is_due(sync: Sync) -> bool:
    """Also when it is planned for a time later than any that is ever planned: then the clock was put back."""
    moment = now()
    return sync.next_poll_at is None or not moment < sync.next_poll_at < moment + LONGEST_POLL


def _may_run() -> Q:
    on = Q(sync__state__in=(SyncState.INITIAL, SyncState.ACTIVE)) & ~Q(kind=RunKind.PREVIEW)
    return on | Q(sync__state=SyncState.DRAFT, kind=RunKind.PREVIEW)


def dispatch_waiting() -> int:
    """Every few seconds: runs whose wait is over (a rate limit of a second must not cost a minute). Each is queued once: should
    that task be lost, ``dispatch_due`` finds the run."""
    waiting = SyncRun.objects.active().filter(_may_run(), next_slice_at__lte=now())
    due = [
        run
        for run in waiting
        if SyncRun.objects.filter(pk=run.pk, next_slice_at=run.next_slice_at).update(next_slice_at=None)
    ]
    for run in due:
        dispatch(run)
    return len(due)


def dispatch_due() -> int:
    """The dispatcher, every minute: runs whose worker died or whose wait is over, polls and retries that are due."""
    moment = now()
    Lease.free_dead()
    Lease.free_future()
    on = _may_run()
    idle = Q(lease_until=None) | Q(lease_until__lt=moment)
    ready = Q(next_slice_at=None) | Q(next_slice_at__lte=moment)
    # A run that was queued a moment ago has its task already; doubles are harmless, but not free.
    stalled = SyncRun.objects.active().filter(on, idle, ready, created_at__lt=moment - timedelta(seconds=5))
    for run in stalled:
        dispatch(run)
    busy = SyncRun.objects.active().values("sync")
    started = 0
    for sync in _by_turns(Sync.objects.filter(state=SyncState.ACTIVE).exclude(pk__in=busy).order_by("next_poll_at")):
        started += _start_if_due(sync)
    return len(stalled) + started


def _by_turns(syncs: Any) -> list[Sync]:
    """Round-robin over tenants: the first of each, then the second of each, …"""
    turns: dict[int, int] = {}
    numbered = []
    for place, sync in enumerate(syncs):
        turns[sync.account_id] = turns.get(sync.account_id, 0) + 1
        numbered.append((turns[sync.account_id], place, sync))
    return [sync for _, _, sync in sorted(numbered, key=lambda item: item[:2])]


def _start_if_due(sync: Sync) -> int:
    """What people and apps wait for goes first, then what keeps the sync honest in the long run."""
    polls = _poll_is_due(sync)
    if polls or anything_waits(sync):
        kind = RunKind.INCREMENTAL
    elif _scan_is_due(sync):
        kind = RunKind.FULL_SCAN
    elif _audit_is_due(sync):
        kind = RunKind.AUDIT
    else:
        return 0
    try:
        start(sync=sync, kind=kind, only_inbox=kind == RunKind.INCREMENTAL and not polls)
    except RunAlreadyActive:
        return 0
    return 1


def _tonight(sync: Sync) -> datetime:
    """The moment of this day (UTC) from which this sync's nightly work may begin: syncs are spread over five hours."""
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(minutes=sync.pk * 7 % 300)


def _scan_is_due(sync: Sync) -> bool:
    """At once where a full scan was asked for; else once a week, and each night where a feed leaves something out: deletions, or
    associations, which no app's feed tells reliably when they are made or undone."""
    if sync.last_scan_at is None:
        return True
    able = [sync.instance(side).app.abilities(sync.kind(side)) for side in Side]
    nightly = any(one.change_feed and not one.sees_deletions for one in able)
    nightly = nightly or sync.mappings.filter(on=True, hub_field__in=_references(sync)).exists()
    every = timedelta(days=1 if nightly else 7)
    return now() >= _tonight(sync) > sync.last_scan_at + every - timedelta(hours=6)


def _references(sync: Sync) -> list[str]:
    known = schemas.stored(sync.instance(Side.HUB), sync.kind(Side.HUB)) or []
    return [field.name for field in known if field.type is FieldType.REFERENCE]


def _audit_is_due(sync: Sync) -> bool:
    """Once a night, from the night after the sync was set up: right after the initial sync, what apps have filled in at the records
    that we made there would be taken for changes that nobody noticed."""
    tonight = _tonight(sync)
    if sync.saved_at is None or sync.saved_at > tonight:
        return False
    return now() >= tonight and (sync.audited_at is None or sync.audited_at < tonight)
