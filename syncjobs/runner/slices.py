"""One task: take the lease, do steps of the run's current phase for about ten seconds, hand over to the next task.

Whatever goes wrong ends as a state that a person can read: waiting (and until when), suspended (and what to do), or retried.
A task never raises and never sleeps longer than a rate budget's two seconds.
"""

import logging
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils.timezone import now

from integrations.errors import ConnectorError
from integrations.models import AppInstance
from integrations.records import Side
from integrations.services.connections import mark_broken
from syncjobs.models import PendingChange, RecordLink, RunKind, RunState, Sync, SyncRun, SyncState
from syncjobs.queue import enqueue
from syncjobs.runner import (
    ageing,
    associations,
    auditing,
    context,
    guards,
    inbox,
    pairing,
    parking,
    preview,
    reading,
    settling,
    statements,
    undoing,
    writing,
)
from syncjobs.runner.context import Context
from syncjobs.runner.guards import GuardTripped
from syncjobs.runner.lease import Lease, LeaseLost
from syncjobs.runner.partners import dependents

log = logging.getLogger("syncline.runner")
SLICE_SECONDS = 10.0
POLL_SLACK = 15.0
STUMBLE_SECONDS = 5.0  # after a fault of our own: halving the chunk finds the record, waiting does not
# Seconds: what was changed longer ago was found by a resumed sync, and the column ends at 25 days.
LONGEST_LAG = 86_400.0
BULK_KINDS = (RunKind.INITIAL, RunKind.FULL_SCAN)
IN_BACKGROUND = (*BULK_KINDS, RunKind.PREVIEW)

Step = Callable[[Context], bool]
STEPS: dict[str, Step] = {
    "begin": reading.begin,
    "read_app": lambda ctx: reading.read(ctx, Side.APP),
    "read_hub": lambda ctx: reading.read(ctx, Side.HUB),
    "detail_app": lambda ctx: inbox.step(ctx, Side.APP),
    "detail_hub": lambda ctx: inbox.step(ctx, Side.HUB),
    "match": pairing.step,
    "wake": associations.wake,
    "write": writing.step,
    "audit": auditing.step,
    "ageing": ageing.step,
    "roll": inbox.roll,
    "clear": preview.clear,
    "copy": preview.copy_links,
    "plan": preview.step,
    "tidy": preview.clear,
    "undo": undoing.step,
}
TAIL = ["detail_app", "detail_hub", "match", "wake", "write", "roll"]
PHASES: dict[str, list[str]] = {
    RunKind.INITIAL: ["begin", "read_app", "read_hub", *TAIL],
    RunKind.FULL_SCAN: ["begin", "read_app", "read_hub", *TAIL],
    RunKind.INCREMENTAL: ["read_app", "read_hub", *TAIL],
    RunKind.AUDIT: ["audit", "ageing", *TAIL],
    RunKind.RETRY: TAIL,
    RunKind.PREVIEW: ["clear", "copy", "read_app", "read_hub", "detail_app", "detail_hub", "match", "plan", "tidy"],
    RunKind.UNDO: ["undo"],
}


def phases_of(run: SyncRun) -> list[str]:
    """The phases of a run. A run that a webhook started skips the polls until they are due."""
    return TAIL if run.phases.get("only_inbox") else PHASES[run.kind]


def run_slice(run_id: int) -> None:
    """Do one slice of a run, and queue the next one."""
    try:
        _slice(run_id)
    except (OperationalError, InterfaceError) as problem:  # also of what is written down about other trouble
        log.warning("run %s: the database refused (%s); the dispatcher tries again", run_id, problem)


def _slice(run_id: int) -> None:
    lease = Lease.take(run_id)
    if lease is None:
        return
    run = SyncRun.objects.select_related("sync__hub_instance", "sync__app_instance").get(pk=run_id)
    ctx: Context | None = None
    more = False
    try:
        if run.sync.state not in run.sync_states:
            lease.forgive()
            return
        if run.stumbles > parking.LAST:
            # Should this slice be killed, too, the next one comes in an hour and not in a minute.
            SyncRun.objects.filter(pk=run_id).update(next_slice_at=now() + timedelta(seconds=settling.BACKOFF[-1]))
        ctx = context.build(run.sync, run, lease, time.monotonic() + SLICE_SECONDS)
        more = _work(ctx)
        if not more:
            _finish(ctx)
    except LeaseLost:
        return
    except ConnectorError as error:
        more = _suffer(run, error)
        lease.forgive()
    except GuardTripped as guard:
        _suspend(run, guard.code, str(guard.n))
    except (OperationalError, InterfaceError):
        with suppress(OperationalError, InterfaceError):
            lease.forgive()
        raise
    except Exception:
        log.exception("run %s failed", run_id)
        more = _suffer(run, ConnectorError("Unexpected fault", code="INTERNAL_ERROR", retry_after=_patience(run)))
    finally:
        if ctx is not None and ctx.calls:
            SyncRun.objects.filter(pk=run_id).update(calls=F("calls") + ctx.calls)
        lease.release()
    if more:
        enqueue("syncjobs.tasks.run_slice", run_id, bulk=run.kind in IN_BACKGROUND)


def _work(ctx: Context) -> bool:
    """Steps until the time is up (True: more to do) or the run is through (False)."""
    run, names = ctx.run, phases_of(ctx.run)
    if run.phase not in names:
        _enter(ctx, names[0])
    while True:
        while STEPS[run.phase](ctx):
            _forget_trouble(ctx)
            if time.monotonic() > ctx.deadline or not _still_on(ctx):
                return True
        place = names.index(run.phase)
        _leave(ctx, run.phase)
        if place + 1 == len(names) or (names[place + 1 :] == TAIL and _is_quiet(ctx)):
            return False
        _enter(ctx, names[place + 1])


def anything_waits(sync: Sync) -> bool:
    """For a run, and could be worked on now: what waits for a later time does not count."""
    due = Q(next_try_at=None) | Q(next_try_at__lte=now())
    return (
        PendingChange.objects.filter(sync=sync).exists()
        or associations.ready(sync.pk).exists()
        or RecordLink.objects.filter(due, sync=sync, dirty__gt=0).exists()
    )


def _is_quiet(ctx: Context) -> bool:
    """A poll, as most are, that found nothing, and nothing waits from before: the phases after reading would look in vain."""
    return ctx.run.kind == RunKind.INCREMENTAL and not anything_waits(ctx.sync)


def _forget_trouble(ctx: Context) -> None:
    """The app works again: the next trouble waits as shortly as the first, else a long run would come to wait hours at a time. And
    a step got through: the next chunk may be twice as large."""
    stumbled = ctx.run.stumbles > 1  # one is this slice's own lease
    if ctx.run.counts.pop("tries", 0) or stumbled:
        ctx.run.stumbles = max(0, min(ctx.run.stumbles, parking.LAST) // parking.PATIENCE - 1) * parking.PATIENCE
        ctx.run.next_slice_at = None
        with ctx.lease.transaction():
            ctx.run.save(update_fields=["counts", "stumbles", "next_slice_at"])


def _still_on(ctx: Context) -> bool:
    """Pausing takes effect within a step; the run keeps its place and goes on when the sync is resumed."""
    state = statements.select("SELECT state FROM syncjobs_sync WHERE id = %s", ctx.sync.pk)
    return bool(state) and state[0][0] in ctx.run.sync_states


def _enter(ctx: Context, phase: str) -> None:
    if phase == "write":
        guards.before_writing(
            ctx
        )  # before the phase is known to have begun: a worker killed here must not leave it unasked
    ctx.run.phase = phase
    if ctx.run.started_at is None:
        ctx.run.started_at = now()
    for name in _shown(phase):
        entry = ctx.run.phases.setdefault(name, {})
        entry.setdefault("started", now().isoformat())
        if phase == "write":
            entry["total"] = _to_write(ctx, Side(name.removeprefix("write_")))
        elif phase == "match":
            entry["position"] = 0
            entry["total"] = RecordLink.objects.filter(sync=ctx.sync, dirty__gt=0).count()
        elif phase.startswith("detail_"):
            side = phase.removeprefix("detail_")
            entry["total"] = entry.get("done", 0) + PendingChange.objects.filter(sync=ctx.sync, side=side).count()
    # What stumbled in the phase before is no record's fault in this one.
    ctx.run.stumbles, ctx.run.next_slice_at = 0, None
    with ctx.lease.transaction():
        ctx.run.save(update_fields=["phase", "phases", "started_at", "stumbles", "next_slice_at"])


def _leave(ctx: Context, phase: str) -> None:
    for name in _shown(phase):
        entry = ctx.run.phases.setdefault(name, {})
        entry["ended"] = now().isoformat()
        entry["total"] = entry["done"] = entry.get("done", 0)
    if phase in ("read_app", "read_hub") and ctx.run.kind == RunKind.INCREMENTAL:
        inbox.queue_rolling(ctx, Side(phase.removeprefix("read_")))


def _shown(phase: str) -> list[str]:
    """Phase entries that the page shows for a step."""
    if phase in ("begin", "audit", "ageing", "wake", "roll", "clear", "tidy"):
        return []
    return ["write_hub", "write_app"] if phase == "write" else [phase]


def _to_write(ctx: Context, side: Side) -> int:
    """Records that wait to be made at a side: the others' halves that have no twin there."""
    return RecordLink.objects.filter(sync=ctx.sync, dirty__gt=0, **{f"{side}_id": None}).count()


def _finish(ctx: Context) -> None:
    run, sync, moment = ctx.run, ctx.sync, now()
    if run.kind == RunKind.PREVIEW:
        with ctx.lease.transaction():
            SyncRun.objects.filter(pk=run.pk).update(state=RunState.DONE, finished_at=moment)
        return
    failed = run.counts.get("failed", 0)
    quiet = not run.counts or not any(run.counts.values())
    with ctx.lease.transaction():
        polled = not run.phases.get("only_inbox") and run.kind not in (RunKind.RETRY, RunKind.AUDIT, RunKind.UNDO)
        changes: dict[str, Any] = {}
        if polled:
            reading.settle_scanned(ctx)
            wait = min(end.abilities.poll_seconds for end in ctx.ends.values())
            # The dispatcher looks once a minute: due a little early, or a poll would wait for the look after next.
            due = moment + timedelta(seconds=wait - POLL_SLACK)
            changes |= {"last_poll_at": moment, "next_poll_at": due}
        if run.kind in BULK_KINDS:
            changes["last_scan_at"] = moment
        if not quiet:
            changes["last_change_at"] = moment
        if ctx.lags and run.kind == RunKind.INCREMENTAL:  # what an initial sync finds changed long ago
            changes["lag_ms"] = int(min(max(0.0, statistics.median(ctx.lags)), LONGEST_LAG) * 1000)
        Sync.objects.filter(pk=sync.pk).update(**changes)
        # Conditional: a person may have paused it in this very moment.
        Sync.objects.filter(pk=sync.pk, state=SyncState.INITIAL).update(state=SyncState.ACTIVE)
        run.state = RunState.DONE_WITH_FAILURES if failed else RunState.DONE
        run.finished_at = moment
        if quiet and run.kind in (RunKind.INCREMENTAL, RunKind.AUDIT, RunKind.RETRY):
            run.delete()  # a poll that found nothing leaves no trace
        else:
            run.save(update_fields=["state", "finished_at"])
    if run.kind == RunKind.INITIAL:
        enqueue("syncjobs.tasks.initial_sync_done", run.pk)
    for waiting in [sync, *dependents(sync)]:  # theirs may refer to records that came across now
        enqueue("syncjobs.tasks.wake", waiting.pk)


# -- trouble -----------------------------------------------------------------------------------------------------------------
def _suffer(run: SyncRun, error: ConnectorError) -> bool:
    """Turn an error of the whole app into a wait or a suspension. Always False: the next slice comes later."""
    if error.retry == "S":
        _suspend(run, error.code, error.message)
        if isinstance(error.instance, AppInstance):
            mark_broken(error.instance, error)
        return False
    if error.retry == "L":
        wait = error.retry_after or 10.0
    else:
        tries = run.counts.get("tries", 0)
        run.counts["tries"] = tries + 1
        wait = error.retry_after or settling.BACKOFF[min(tries, len(settling.BACKOFF) - 1)]
    SyncRun.objects.filter(pk=run.pk).update(
        next_slice_at=now() + timedelta(seconds=wait),
        waiting_for=error.code,
        waiting_side=_side_of(run, error),
        detail=error.message,
        counts=run.counts,
    )
    return False


def _patience(run: SyncRun) -> float:
    """Seconds until the next try after a fault of our own."""
    lasting = run.stumbles - parking.LAST
    return STUMBLE_SECONDS if lasting <= 0 else settling.BACKOFF[min(lasting, len(settling.BACKOFF)) - 1]


def _side_of(run: SyncRun, error: ConnectorError) -> str:
    return next((side.value for side in Side if run.sync.instance(side) == error.instance), "")


def _suspend(run: SyncRun, code: str, detail: str) -> None:
    """Stop the sync with its reason. The run keeps its place: resuming goes on where it stopped."""
    if run.kind == RunKind.PREVIEW:
        # A draft has nothing to suspend: the preview ends and says why, and a new one can be made.
        SyncRun.objects.filter(pk=run.pk).update(state=RunState.ABORTED, code=code, detail=detail, finished_at=now())
        return
    with transaction.atomic():
        SyncRun.objects.filter(pk=run.pk).update(waiting_for=code, code=code, detail=detail)
        Sync.objects.filter(pk=run.sync_id).update(
            state=SyncState.SUSPENDED, state_code=code, state_detail=detail, state_since=now()
        )
