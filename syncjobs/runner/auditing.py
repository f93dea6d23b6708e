"""The nightly audit: a seventh of the pairs is read at both sides and compared with what we remember, so that in a week every pair
was looked at, and whatever no feed and no webhook told is found.

*Drift* is a value at a side that is not the one we remember: it is ingested like any other change, and goes across in the same run.
*Apart* are pairs whose two memories do not agree through the mapping although nothing waits: one-way fields that people changed at
the far side, mostly. They are counted and change nothing. Counts of statuses are compared with the links at the end of the night.

The audit gives way: a slice of it is a run of its own, and a poll that is due comes first. It goes on where the last slice stopped
(``Sync.audit_position``); a night that is too short for it leaves the rest to the next.
"""

import time

from django.db.models import F
from django.utils.timezone import now

from integrations.records import Ref, Side
from syncjobs.engine.merge import agree
from syncjobs.models import RecordLink, RecordStatus, Sync
from syncjobs.runner import associations, store
from syncjobs.runner.context import Context
from syncjobs.runner.ingest import get, ingest, ingest_missing
from syncjobs.runner.reading import read_by_id

PARTS = 7
PATIENCE = 8.0  # seconds of a slice: what it found is still to be written


def step(ctx: Context) -> bool:
    """Audit one batch. False when the slice's time is up or tonight's part is through."""
    size = min(end.abilities.read_batch for end in ctx.ends.values())
    rows = store.rows(_due(ctx)[:size])
    if not rows:
        _end_the_night(ctx)
        return False
    associations.load(ctx, rows)
    apart = sum(_apart(ctx, row) for row in rows)
    drift = {side: _look(ctx, side, rows) for side in Side}
    with ctx.lease.transaction():
        counts = ctx.run.counts
        for name, n in (("apart", apart), *((f"drift_{side}", n) for side, n in drift.items())):
            if n:
                counts[name] = counts.get(name, 0) + n
        ctx.sync.audit_position = rows[-1].pk
        Sync.objects.filter(pk=ctx.sync.pk).update(audit_position=rows[-1].pk)
        ctx.run.save(update_fields=["counts"])
    return time.monotonic() < ctx.deadline - (10.0 - PATIENCE)


def _due(ctx: Context):  # type: ignore[no-untyped-def]
    """Tonight's pairs that are in sync, from where the last slice stopped."""
    tonight = now().toordinal() % PARTS
    pairs = RecordLink.objects.filter(
        sync=ctx.sync, status=RecordStatus.IN_SYNC, dirty=0, pk__gt=ctx.sync.audit_position
    )
    pairs = pairs.filter(hub_id__isnull=False, app_id__isnull=False, hub_gone=False, app_gone=False)
    return pairs.alias(part=F("pk") % PARTS).filter(part=tonight).order_by("pk")


def _apart(ctx: Context, row: RecordLink) -> bool:
    hub, app = row.hub_seen or {}, row.app_seen or {}
    plain = [rule for rule in ctx.rules.mappings if not rule.is_association]
    return any(
        rule.hub.field in hub and rule.app.field in app and not agree(rule, hub[rule.hub.field], app[rule.app.field])
        for rule in plain
    )


def _look(ctx: Context, side: Side, rows: list[RecordLink]) -> int:
    """Read these records at one side; returns how many were not as remembered, or are gone."""
    memory = {get(row, side, "id"): row for row in rows}
    answer = read_by_id(ctx, side, [Ref(id, get(row, side, "seen") or {}) for id, row in memory.items()])
    types = ctx.end(side).types
    differing = 0
    for id, record in answer.records.items():
        row = memory[id]
        values = {name: record.values[name] for name in types if name in record.values}
        differing += ctx.hash(side, {**(get(row, side, "seen") or {}), **values}) != get(row, side, "hash")
    with ctx.lease.transaction():
        ingest(ctx, side, list(answer.records.values()))
        ingest_missing(ctx, side, answer)
    return differing + len(answer.gone) + len(answer.left)


def _end_the_night(ctx: Context) -> None:
    with ctx.lease.transaction():
        if wrong := store.recount(ctx.sync.pk):
            ctx.run.counts["miscounted"] = sum(abs(n) for n in wrong.values())
            ctx.run.save(update_fields=["counts"])
        Sync.objects.filter(pk=ctx.sync.pk).update(audited_at=now(), audit_position=0)
