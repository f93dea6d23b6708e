"""Phase *write*: plan a chunk of changed links, write down what will be sent, send it in the largest batches, settle each item.

Order of safety: ledger, expected values and create intents are committed **before** the request; a verdict moves one item's
memory; an item without a verdict keeps its old memory and is looked up first (``recovery``).
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

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
    work = [Work(row, plan_row(ctx, row, moment)) for row in rows]
    recovery.keep_unanswered(ctx, work)
    _spare_twins([w for w in work if w.plan.delete])
    guards.park_fighting_fields(ctx, work)
    guards.before_chunk(ctx, work)
    _settle_at_once(ctx, [w for w in work if not (w.plan.create or w.plan.delete or w.plan.writes)])
    _send_all(ctx, work)
    guards.after_chunk(ctx)
    return True


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


def _send_all(ctx: Context, work: Sequence[Work]) -> None:
    """Creates, updates, deletes, side by side, in the apps' largest batches."""
    for w in work:
        w.left |= {side for side in Side if w.plan.writes.get(side)}
    in_time = InTime(ctx.deadline)
    for side in Side:
        # A record that a create at the hub has met was half a link, and is to be made at the app no more.
        born = settling.still_there([w for w in work if w.plan.create is side])
        creates.send_creates(ctx, side, in_time(_batches(ctx, side, born)))
        changed = [w for w in work if not w.plan.create and w.plan.writes.get(side)]
        for batch in in_time(_batches(ctx, side, changed)):
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


def _spare_twins(work: Sequence[Work]) -> None:
    """The twin of a record that an undo removed stays, also where the undo was given up before it could flag the link."""
    by_link = {w.row.id: w for w in work}
    lines = FieldChange.objects.filter(link__in=by_link, rule=Rule.UNDO_CREATED)
    for link_id, side, remote_id in lines.values_list("link_id", "side", "remote_id").distinct():
        w = by_link[link_id]
        if w.plan.delete is Side(side).other and remote_id in ("", get(w.row, Side(side), "id")):
            w.plan.delete = None


def _settle_at_once(ctx: Context, work: Sequence[Work]) -> None:
    if not work:
        return
    with ctx.lease.transaction():
        work = settling.still_there(work)
        _keep_what_we_deleted([w for w in work if w.plan.drop])
        dropped = [w.row for w in work if w.plan.drop]
        settling.close(ctx, [w for w in work if not w.plan.drop])
        if dropped:
            store.remove(row.id for row in dropped)
            deltas: Counter[str] = Counter()
            deltas.subtract(row.status for row in dropped)
            store.add_counts(ctx.sync.pk, deltas)
