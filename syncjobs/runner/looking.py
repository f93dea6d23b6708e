"""Look before an update, at apps that take any write however old the writer's view is, and before each deletion.

Between our last read of a record and our write to it lie seconds, in a storm minutes, and a person who types there meanwhile would
be overwritten without a trace in the ledger. One read of the batch just before the write leaves a gap of one request. It costs one
call per read batch; apps with conditional writes, and those whose ``update`` looks itself, are not asked before an update. A
deletion takes everything with it, and an edit beats it: there the look is always worth its call, and its version is the condition.
A record of which the app says neither what it holds nor that it is gone is one that we may not see: it fails until it changes.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from integrations.connectors.base import Abilities
from integrations.errors import NotVisible, StaleVersion
from integrations.records import ReadAnswer, Ref, Side, Values
from syncjobs.engine.canonical import equal
from syncjobs.engine.plan import Plan
from syncjobs.runner import settling, store
from syncjobs.runner.context import Context
from syncjobs.runner.inbox import read_by_id
from syncjobs.runner.ingest import ingest, ingest_missing
from syncjobs.runner.links import current, get, put
from syncjobs.runner.work import Work


def needed(able: Abilities) -> bool:
    """Before an update."""
    return not (able.conditional_writes or able.update_looks_first)


def still_as_known(ctx: Context, side: Side, work: Sequence[Work]) -> list[Work]:
    """The work whose record at ``side`` still is what the plan was made of. The rest is stored as read, and planned again, but not
    for ever: see ``settling.moved``."""
    size, kept = ctx.end(side).abilities.read_batch, []
    for start in range(0, len(work), size):
        part = work[start : start + size]
        answer = read_by_id(ctx, side, [Ref(get(w.row, side, "id"), known(w, side)) for w in part])
        moved: list[Work] = []
        for w in part:
            record = answer.records.get(get(w.row, side, "id"))
            if record is not None and _same(ctx, side, record.values, known(w, side)):
                put(w.row, side, version=record.version)
                kept.append(w)
            else:
                moved.append(w)
        if moved:
            _plan_again(ctx, side, moved, answer)
    return kept


def _plan_again(ctx: Context, side: Side, work: Sequence[Work], answer: ReadAnswer) -> None:
    ids = {*answer.records, *answer.gone, *answer.left}
    told = {w.row.id for w in work if get(w.row, side, "id") in ids}
    found = (answer.records.get(get(w.row, side, "id")) for w in work)
    with ctx.lease.transaction():
        # By force: what differs from our memory must be planned anew, even where its hash says that it is known.
        ingest(ctx, side, [record for record in found if record], force=True)
        ingest_missing(ctx, side, answer)
        again = [Work(row, Plan()) for row in store.numbered((w.row.id for w in work), " AND dirty > 0")]
        for w in again:
            if w.row.id in told:
                settling.moved(w, side, StaleVersion(_("The record changes at each look at it.")))
            else:
                settling.refused(ctx, w, side, NotVisible(_("The app does not show this record to us any more.")))
        settling.close(ctx, again)


def known(w: Work, side: Side) -> Values:
    """What we believe that the record holds."""
    return current(w.row, side)


def _same(ctx: Context, side: Side, there: Values, ours: Values) -> bool:
    types = ctx.end(side).types
    return all(equal(there[name], ours[name], types[name]) for name in types if name in there and name in ours)
