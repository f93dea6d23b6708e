"""Updates and deletes. What they overwrite, and what was sent, is committed before the request."""

import json
from collections.abc import Sequence

from django.utils.timezone import now

from integrations.errors import Gone, NoAnswer
from integrations.records import Side, Update
from syncjobs.engine.merge import Rule
from syncjobs.engine.plan import LedgerEntry
from syncjobs.models import FieldChange
from syncjobs.runner import looking, settling, store
from syncjobs.runner.context import Context
from syncjobs.runner.links import current, find_links, get, put
from syncjobs.runner.work import Work


def send_updates(ctx: Context, side: Side, work: Sequence[Work], *, just_read: bool = False) -> None:
    end = ctx.end(side)
    if not just_read and looking.needed(end.abilities):
        work = looking.still_as_known(ctx, side, work)
    if not work:
        return
    with ctx.lease.transaction():
        told = _told(side, work)
        ledger = FieldChange.objects.bulk_create(
            FieldChange(sync=ctx.sync, link=w.row, run=ctx.run, side=e.side.value, remote_id=get(w.row, side, "id"),
                        field=e.field, old=e.old, new=e.new, loser=e.loser, rule=e.rule)
            for w in work for e in w.plan.ledger if e.side is side and _line(w.row.id, e) not in told
        )  # fmt: skip
        for w in work:
            put(w.row, side, expected={**(get(w.row, side, "expected") or {}), **w.plan.writes[side]})
        store.update([w.row for w in work], [f"{side}_expected", f"{side}_seen"])
    items = [
        Update(
            get(w.row, side, "id"),
            w.plan.writes[side],
            known=looking.known(w, side),
            version=get(w.row, side, "version") if end.abilities.conditional_writes else "",
        )
        for w in work
    ]
    verdicts = settling.send(ctx, lambda: end.connector.update(end.kind, items), len(items))
    with ctx.lease.transaction():
        moved = [
            v.record.id
            for w, v in zip(work, verdicts, strict=True)
            if v.record and v.record.id != get(w.row, side, "id")
        ]
        taken, moment = find_links(ctx.sync.pk, side, moved), now()
        for w, verdict in zip(work, verdicts, strict=True):
            if other := taken.get(verdict.record.id) if verdict.record else None:
                settling.conflict(w, side, other)  # merged into a record that another link holds
            else:
                settling.settle(ctx, side, w, verdict, "updated", moment)
        refused = {
            w.row.id for w, v in zip(work, verdicts, strict=True) if v.error and not isinstance(v.error, NoAnswer)
        }
        FieldChange.objects.filter(pk__in=[entry.pk for entry in ledger if entry.link_id in refused]).delete()
        settling.close(ctx, [w for w in work if not w.left])


def _told(side: Side, work: Sequence[Work]) -> set[str]:
    """Lines that the ledger has already, of writes that are sent again because nobody knows what became of them. The whole line
    counts: what is overwritten by the second try may be another value than what the first one met."""
    unsure = {w.row.id: expected for w in work if (expected := get(w.row, side, "expected"))}
    if not unsure:
        return set()
    lines = FieldChange.objects.filter(link__in=unsure, side=side.value)
    return {_line(one.link_id, one) for one in lines if unsure[one.link_id].get(one.field, ...) == one.new}


def _line(link_id: int, entry: LedgerEntry | FieldChange) -> str:
    return json.dumps([link_id, entry.field, entry.old, entry.new, entry.loser])


def _told_deleted(ctx: Context, side: Side, work: Sequence[Work]) -> set[str]:
    """Lines that an earlier try of these deletions has left: one that this run made, or one whose answer never came."""
    lines = FieldChange.objects.filter(link__in=[w.row.id for w in work], side=side.value, rule=Rule.DELETED)
    tried = {w.row.id for w in work if w.row.attempts}
    return {_line(one.link_id, one) for one in lines if one.run_id == ctx.run.pk or one.link_id in tried}


def send_deletes(ctx: Context, side: Side, work: Sequence[Work]) -> None:
    end = ctx.end(side)
    work = looking.still_as_known(ctx, side, work)
    if not work:
        return
    ids = [get(w.row, side, "id") for w in work]
    versions = {get(w.row, side, "id"): get(w.row, side, "version") for w in work}
    # A worker that lost its run, or whose sync was stopped, must not delete: the transaction sees to that, too.
    with ctx.lease.transaction():
        told = _told_deleted(ctx, side, work)
        lines = [
            FieldChange(sync=ctx.sync, link=w.row, run=ctx.run, side=side.value, remote_id=get(w.row, side, "id"),
                        field=name, old=value, rule=Rule.DELETED)
            for w in work for name, value in sorted(current(w.row, side).items())
        ]  # fmt: skip
        ledger = FieldChange.objects.bulk_create(line for line in lines if _line(line.link_id, line) not in told)
    verdicts = settling.send(ctx, lambda: end.connector.delete(end.kind, ids, versions=versions), len(ids))
    with ctx.lease.transaction():
        refused = set()
        for w, verdict in zip(work, verdicts, strict=True):
            if verdict.error is None or isinstance(verdict.error, Gone):
                put(w.row, side, gone=True)
                continue
            settling.refused(ctx, w, side, verdict.error)
            if not isinstance(verdict.error, NoAnswer):
                refused.add(w.row.id)
        FieldChange.objects.filter(pk__in=[entry.pk for entry in ledger if entry.link_id in refused]).delete()
        settling.close(ctx, list(work))
