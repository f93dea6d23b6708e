"""Phase *write*: plan a chunk of changed links, write down what will be sent, send it in the largest batches, settle each item.

Order of safety: ledger, expected values and create intents are committed **before** the request; a verdict moves one item's
memory; an item without a verdict keeps its old memory and is looked up first (``recovery``).
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.utils.timezone import now

from integrations.records import Side
from syncjobs.engine.merge import Rule
from syncjobs.engine.plan import Plan
from syncjobs.models import FieldChange, RecordLink, RecordStatus
from syncjobs.runner import associations, creates, guards, parking, recovery, settling, statements, store, updates
from syncjobs.runner.context import Context
from syncjobs.runner.links import get
from syncjobs.runner.pairing import match_late
from syncjobs.runner.work import Work, plan_row

log = logging.getLogger("syncline.runner")
NEXT = "sync_id = %s AND dirty > 0 AND (next_try_at IS NULL OR next_try_at <= %s) ORDER BY id LIMIT %s"
CHUNK = 400


def step(ctx: Context) -> bool:
    """Write one chunk. False when nothing is left that could be done now."""
    rows = store.links(NEXT, ctx.sync.pk, statements.moment(now()), parking.fewer(ctx, CHUNK))
    if not rows:
        return False
    if parking.alone(ctx, CHUNK):
        _park(ctx, rows[0])
        return True
    if match_late(ctx, rows):
        rows = store.numbered((row.id for row in rows), " AND dirty > 0")
    rows = recovery.within_reach(ctx, rows)
    asked = recovery.recover(ctx, rows)
    asked |= recovery.reread_stale(ctx, Side.HUB, rows) | recovery.reread_stale(ctx, Side.APP, rows)
    if asked:
        rows = store.numbered((row.id for row in rows), " AND dirty > 0")
    moment = now()
    for row in rows:
        row.next_try_at = None  # its time has come; a verdict below may set another
    associations.load(ctx, rows)
    # What has no twin takes nothing away, so the guards need not see its plan, and it can be made while a request is under way.
    work = [_planned(ctx, row, moment) for row in rows if not any(_has_no_twin(row, side) for side in Side)]
    recovery.keep_unanswered(ctx, work)
    guards.park_fighting_fields(ctx, work)
    guards.before_chunk(ctx, work)
    _settle_at_once(ctx, [w for w in work if not (w.plan.create or w.plan.delete or w.plan.writes)])
    refused: list[Work] = []
    fresh = {side: _to_make(ctx, side, rows, moment, refused) for side in Side}
    _send_all(ctx, work, fresh)
    _settle_at_once(ctx, refused)
    guards.after_chunk(ctx)
    return True


def _planned(ctx: Context, row: RecordLink, moment: datetime) -> Work:
    plan = plan_row(ctx, row, moment)
    return Work(row, plan, left={side for side in Side if plan.writes.get(side)})


def _has_no_twin(row: RecordLink, side: Side) -> bool:
    """Whether nothing can be planned but to make its record at ``side``, or not to."""
    alone = get(row, side, "id") is None and get(row, side.other, "id") is not None
    return alone and not (row.hub_gone or row.app_gone)


def _to_make(
    ctx: Context, side: Side, rows: Sequence[RecordLink], moment: datetime, refused: list[Work]
) -> Iterator[list[Work]]:
    """What is to be made at ``side``, in the app's largest batches, planned when it is asked for. ``refused`` gets the rest."""
    size = ctx.end(side).abilities.write_batch
    batch: list[Work] = []
    for row in rows:
        if _has_no_twin(row, side):
            w = _planned(ctx, row, moment)
            (batch if w.plan.create else refused).append(w)
            if len(batch) == size:
                yield batch
                batch = []
    if batch:
        yield batch


class Ahead:
    """Batches, of which the next can be had ready before its turn. What goes wrong with it then is said when it is asked for."""

    def __init__(self, batches: Iterator[list[Work]]) -> None:
        self._batches = batches
        self._next: list[Work] | Exception | None = None

    def prepare(self) -> None:
        if self._next is None:
            try:
                self._next = next(self._batches, [])
            except Exception as error:
                self._next = error

    def __iter__(self) -> Iterator[list[Work]]:
        while True:
            self.prepare()
            batch, self._next = self._next, None
            if isinstance(batch, Exception):
                raise batch
            if not batch:
                return
            yield batch


def _park(ctx: Context, row: RecordLink) -> None:
    """Slice after slice ended at this record, killed or by a fault of ours: it fails, and the run goes on without it."""
    log.error("run %s: record %s is parked", ctx.run.pk, row.pk)
    work = Work(row, Plan(RecordStatus.FAILED, parking.CODE))
    row.next_try_at = None
    with ctx.lease.transaction():
        settling.close(ctx, [work])
        parking.forgotten(ctx)


class InTime:
    """What the slice has no time for stays changed and is planned again. One batch goes in any case: where all the time went into
    looking, the next slice would look again, and so on for ever."""

    def __init__(self, deadline: float) -> None:
        self._deadline, self._begun = deadline, False

    def __call__(self, batches: Iterable[Sequence[Work]]) -> Iterator[Sequence[Work]]:
        for batch in batches:
            if self._begun and time.monotonic() > self._deadline:
                return
            self._begun = True
            yield batch


def _send_all(ctx: Context, work: Sequence[Work], fresh: dict[Side, Iterator[list[Work]]]) -> None:
    """Creates, updates, deletes, side by side, in the apps' largest batches."""
    in_time = InTime(ctx.deadline)
    for side in Side:
        ahead = Ahead(fresh[side])
        creates.send_creates(ctx, side, in_time(ahead), meanwhile=ahead.prepare)
        for batch in in_time(_batches(ctx, side, [w for w in work if w.plan.writes.get(side)])):
            updates.send_updates(ctx, side, batch)
        for batch in in_time(_batches(ctx, side, [w for w in work if w.plan.delete is side])):
            updates.send_deletes(ctx, side, batch)


def _batches(ctx: Context, side: Side, work: Sequence[Work]) -> Iterator[Sequence[Work]]:
    size = ctx.end(side).abilities.write_batch
    return (work[start : start + size] for start in range(0, len(work), size))


def _keep_what_we_deleted(work: Sequence[Work]) -> None:
    """Gone at both sides, but at one of them by us, in a request whose answer never came: it is a deletion that was carried out.
    With the link its lines of the ledger would go, and with them what an undo needs."""
    by_link = {w.row.id: w for w in work}
    lines = FieldChange.objects.filter(link__in=by_link, rule=Rule.DELETED).values_list("link_id", "side").distinct()
    for link_id, side in lines:
        origin, kept = Side(side).other, by_link[link_id].plan
        kept.drop, kept.side = False, origin
        kept.status, kept.code = f"deleted_{origin}", f"DELETED_IN_{origin.upper()}"


def _settle_at_once(ctx: Context, work: Sequence[Work]) -> None:
    if not work:
        return
    with ctx.lease.transaction():
        work = settling.still_there(work)
        _keep_what_we_deleted([w for w in work if w.plan.drop])
        dropped = [w.row for w in work if w.plan.drop]
        settling.close(ctx, [w for w in work if not w.plan.drop])
        if dropped:
            RecordLink.objects.filter(pk__in=[row.pk for row in dropped]).delete()
            store.add_counts(
                ctx.sync.pk, Counter({status: -n for status, n in Counter(r.status for r in dropped).items()})
            )
