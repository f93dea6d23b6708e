"""Preview: a full run under a draft's settings that writes at neither side.

A draft reads and matches as the initial sync will (same phases), into link rows of its own; *plan* asks the engine about each and
keeps the answers; *clear* removes the rows, so that the real run starts as if there had been no preview, whatever is
changed in the draft meanwhile. The draft copy of a saved sync first gets copies of that sync's links: who is linked stays
linked, and both memories are known.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Sum
from django.utils.timezone import now

from integrations.records import RemoteRecord, Side
from syncjobs.engine.plan import Plan
from syncjobs.models import (
    OtherKey,
    Outcome,
    PendingChange,
    PlannedChange,
    Preview,
    RecordLink,
    RecordStatus,
    SyncCount,
    SyncCursor,
)
from syncjobs.runner import associations, guards, looking, recovery, siblings, store, writing
from syncjobs.runner.context import Context
from syncjobs.runner.links import put
from syncjobs.runner.work import Work, plan_row

COPIED = 5000  # links per transaction, at most
UNTOUCHED = {
    RecordStatus.IN_SYNC: Outcome.UNCHANGED,
    RecordStatus.PENDING: Outcome.UNCHANGED,
    RecordStatus.FAILED: Outcome.WOULD_FAIL,
    RecordStatus.EXCLUDED: Outcome.EXCLUDED,
    RecordStatus.REVIEW: Outcome.REVIEW,
    RecordStatus.DELETED_IN_HUB: Outcome.FLAGGED,
    RecordStatus.DELETED_IN_APP: Outcome.FLAGGED,
}
STOPPED = {status: outcome for status, outcome in UNTOUCHED.items() if outcome is not Outcome.UNCHANGED}


# -- before and after --------------------------------------------------------------------------------------------------
def clear(ctx: Context) -> bool:
    """Remove a chunk of what a preview keeps only while it runs, and of older previews. False when nothing is left."""
    with ctx.lease.transaction():
        expired = PlannedChange.objects.filter(preview__in=ctx.sync.previews.exclude(run=ctx.run))
        chunk = PlannedChange.objects.filter(pk__in=expired.order_by().values("pk")[:COPIED])
        more = forget(ctx.sync.pk, COPIED) or bool(chunk.delete()[0])
        if not more:
            ctx.sync.previews.exclude(run=ctx.run).delete()
        for cursor in ctx.cursors.values():
            cursor.refresh_from_db()
    return more


def forget(sync_id: int, most: int | None = None) -> bool:
    """Remove a draft's links, inbox and counts, and what its cursors know; all, or at most so many links. Returns whether there
    may be more."""
    links = RecordLink.objects.filter(sync_id=sync_id)
    if most is not None:
        links = links.filter(pk__in=links.order_by().values("pk")[:most])
    # A draft's links have neither intents nor ledger: nothing hangs on them, and nothing needs to be looked for.
    if links._raw_delete(links.db) and most is not None:
        return True
    for model in (PendingChange, SyncCount, OtherKey):
        model._default_manager.filter(sync_id=sync_id).delete()
    SyncCursor.objects.filter(sync_id=sync_id).update(
        cursor=None, position=None, mode="", scan=0, scanned_at=None, settings_hash=""
    )
    return False


def copy_links(ctx: Context) -> bool:
    """Copy a chunk of the saved sync's links into its draft copy. False when all are there, or the draft is a new sync."""
    origin = ctx.sync.draft_of_id
    if origin is None:
        return False
    entry = ctx.run.phases["copy"]
    if "last" not in entry:
        ends = RecordLink.objects.filter(sync_id=origin).aggregate(first=Min("pk"), last=Max("pk"))
        entry |= {"position": (ends["first"] or 1) - 1, "last": ends["last"] or 0}
    start, stop = entry["position"], entry["position"] + COPIED
    with ctx.lease.transaction():
        if start >= entry["last"]:
            store.recount(ctx.sync.pk)
            return False
        entry["position"], entry["done"] = stop, entry.get("done", 0) + _copy(ctx.sync.pk, origin, start, stop)
        ctx.run.save(update_fields=["phases"])
    return True


def _copy(draft: int, origin: int, start: int, stop: int) -> int:
    """Copy the links with keys above ``start`` up to ``stop``; returns how many. A record that changed its link meanwhile is copied
    once. The sum keeps SQLite from walking all links of the sync where a range of keys is asked for."""
    table = connection.ops.quote_name(RecordLink._meta.db_table)
    # The draft's scans are numbered from one: an older number of the original must not look like one of them.
    fixed = {"sync_id": "%s", "hub_scan": "0", "app_scan": "0"}
    columns = [str(field.column) for field in RecordLink._meta.concrete_fields if not field.primary_key]
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    values = ", ".join(fixed.get(name, connection.ops.quote_name(name)) for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE sync_id + 0 = %s AND id > %s AND id <= %s "
            "ORDER BY id ON CONFLICT DO NOTHING",
            [draft, origin, start, stop],
        )
        return int(cursor.rowcount)


# -- planning ----------------------------------------------------------------------------------------------------------
def step(ctx: Context) -> bool:
    """Plan a chunk of links and keep what would become of them. False when all are planned."""
    entry, preview = ctx.run.phases["plan"], ctx.run.preview
    rows = _next(ctx, entry)
    if not rows:
        _complete(ctx, preview)
        return False
    moment = now()
    associations.load(ctx, rows)
    work = [Work(row, plan_row(ctx, row, moment)) for row in rows if row.dirty]
    _look_before_creates(ctx, work)
    lines = [line for w in work for line in _lines(w.row, w.plan)]
    lines += [_untouched(row) for row in rows if not row.dirty]
    counts = Counter(preview.counts) + Counter(str(line.outcome) for line in lines)
    deletes, blanks = guards.harm(work)
    with ctx.lease.transaction():
        for line in lines:
            line.preview = preview
        PlannedChange.objects.bulk_create(
            [line for line in lines if line.outcome != Outcome.UNCHANGED], batch_size=writing.CHUNK
        )
        preview.counts = dict(counts)
        preview.harm = {name: preview.harm.get(name, 0) + n for name, n in (("deletes", deletes), ("blanks", blanks))}
        preview.write_calls += _write_calls(ctx, work)
        preview.save(update_fields=["counts", "harm", "write_calls"])
        entry["done"] = entry.get("done", 0) + len(rows)
        ctx.run.save(update_fields=["phases"])
    return True


def _next(ctx: Context, entry: dict[str, Any]) -> list[RecordLink]:
    """The next links, status by status: that way an index leads to them, however many there are. Moves ``entry`` on, which the
    caller saves."""
    statuses = RecordStatus.values
    while (place := entry.setdefault("status", 0)) < len(statuses):
        links = RecordLink.objects.filter(sync=ctx.sync, status=statuses[place], pk__gt=entry.get("position", 0))
        if rows := list(links.order_by("pk")[: writing.CHUNK]):
            entry["position"] = rows[-1].pk
            return rows
        entry["status"], entry["position"] = place + 1, 0
    return []


def _look_before_creates(ctx: Context, work: Sequence[Work]) -> None:
    """What the real run finds out just before it makes records: which of them another sync keeps, as another kind or through
    another connection, and which are there already, outside the chosen lists."""
    for side in Side:
        creates, apart = siblings.of_this_kind(ctx, side, [w for w in work if w.plan.create is side])
        for w in apart:
            w.plan = Plan(RecordStatus.EXCLUDED, "SYNCS_AS_ANOTHER_KIND", side=side.other)
        met = set()
        for w, record in _there_already(ctx, side, creates):
            if w.row.pk not in met:
                met.add(w.row.pk)
                put(w.row, side, id=record.id, now=record.values, modified_at=record.modified_at)
                w.plan = plan_row(ctx, w.row, now())


def _there_already(ctx: Context, side: Side, creates: Sequence[Work]) -> Iterator[tuple[Work, RemoteRecord]]:
    yield from siblings.there_already(ctx, side, creates)
    end = ctx.end(side)
    if not end.scope.get("lists"):
        return  # all records of this side were read: what a create would meet is linked
    for start in range(0, len(creates), end.abilities.write_batch):
        yield from recovery.there_already(ctx, side, creates[start:][: end.abilities.write_batch])


def _lines(row: RecordLink, plan: Plan) -> Iterator[PlannedChange]:
    """What would become of one record, as one row per outcome."""
    if plan.drop:
        return
    written = False
    for side in Side:
        if plan.delete is side:
            yield _line(row, Outcome(f"delete_{side}"), plan)
        elif plan.writes.get(side) or plan.create is side:
            outcome = Outcome(f"create_{side}" if plan.create is side else f"update_{side}")
            yield _line(row, outcome, plan, list(_diffs(plan, side)))
        else:
            continue
        written = True
    if plan.status == RecordStatus.IN_SYNC:
        if not written:
            met = row.hub_seen is None or row.app_seen is None
            yield _line(row, Outcome.LINK_ONLY if met else Outcome.UNCHANGED, plan)
    elif plan.delete is None:
        yield _line(row, STOPPED[RecordStatus(plan.status)], plan)


def _diffs(plan: Plan, side: Side) -> Iterator[dict[str, Any]]:
    if plan.create is side:
        for name, value in sorted(plan.writes[side].items()):
            yield {"side": str(side), "field": name, "old": None, "new": value, "loser": None, "rule": ""}
        return
    for e in plan.ledger:
        if e.side is side:
            yield {
                "side": str(side), "field": e.field, "old": e.old, "new": e.new, "loser": e.loser, "rule": str(e.rule)
            }  # fmt: skip


def _line(row: RecordLink, outcome: Outcome, plan: Plan, diffs: Sequence[dict[str, Any]] = ()) -> PlannedChange:
    return PlannedChange(
        outcome=outcome, hub_id=row.hub_id, app_id=row.app_id, label=row.label, side=str(plan.side),
        code=plan.code or (plan.notes[0] if plan.notes else ""), field=plan.field, detail=plan.detail[:2000],
        diffs=list(diffs),
    )  # fmt: skip


def _untouched(row: RecordLink) -> PlannedChange:
    """A link that needs no plan: matching settled it, or nothing of it was read."""
    return PlannedChange(
        outcome=UNTOUCHED[RecordStatus(row.status)], hub_id=row.hub_id, app_id=row.app_id, label=row.label,
        side=row.side, code=row.code, field=row.field, detail=row.detail,
    )  # fmt: skip


# -- what it would cost ------------------------------------------------------------------------------------------------
def _write_calls(ctx: Context, work: Sequence[Work]) -> int:
    """Requests for this chunk's writes: full batches per side and verb, as ``writing`` sends them."""
    calls = 0
    for side in Side:
        able = ctx.end(side).abilities
        creates = sum(w.plan.create is side for w in work)
        updates = sum(w.plan.create is None and bool(w.plan.writes.get(side)) for w in work)
        deletes = sum(w.plan.delete is side for w in work)
        for n in (creates, updates, deletes):
            full, rest = divmod(n, able.write_batch)
            calls += full * able.write_calls + math.ceil(rest * able.write_calls / able.write_batch)
        for n in (updates if looking.needed(able) else 0, deletes):
            calls += math.ceil(n / able.read_batch) * able.read_calls
    return calls


def _complete(ctx: Context, preview: Preview) -> None:
    """The real run reads what this one read, takes a feed's cursor first where there is one, and writes."""
    feeds = sum(end.abilities.change_feed for end in ctx.ends.values())
    total = SyncCount.objects.filter(sync=ctx.sync).aggregate(n=Sum("n"))["n"] or 0
    exceeded = guards.exceeded(preview.harm.get("deletes", 0), preview.harm.get("blanks", 0), total)
    with ctx.lease.transaction():
        preview.guards = [{"code": code, "n": n} for code, n in exceeded]
        preview.calls = ctx.run.calls + ctx.calls + feeds + preview.write_calls
        preview.save(update_fields=["guards", "calls"])
