"""The nightly audit: a seventh of the pairs is read at both sides and compared with what we remember, so that in a week every pair
was looked at, and whatever no feed and no webhook told is found.

*Drift* is a value at a side that is not the one we remember: it is ingested like any other change, and goes across in the same run.
*Apart* are pairs whose two memories do not agree through the mapping although nothing waits: one-way fields that people changed at
the far side, mostly. They are counted and change nothing. Counts of statuses are compared with the links at the end of the night.
What a night saw is kept in its ``AuditNight``, for the pages.

The audit gives way: a slice of it is a run of its own, and a poll that is due comes first. It goes on where the last slice stopped
(``Sync.audit_position``); a night that is too short for it leaves the rest to the next.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import F
from django.utils.timezone import now

from integrations.records import ReadAnswer, Ref, Side
from syncjobs.engine.merge import agree
from syncjobs.models import AuditNight, RecordLink, RecordStatus, Sync
from syncjobs.runner import ageing, associations, parking, store
from syncjobs.runner.context import Context
from syncjobs.runner.inbox import read_by_id
from syncjobs.runner.ingest import ingest, ingest_missing, set_aside
from syncjobs.runner.links import get

PARTS = 7
NIGHTS = 14  # that pages tell of
PATIENCE = 8.0  # seconds of a slice: what it found is still to be written


def step(ctx: Context) -> bool:
    """Audit one batch. False when the slice's time is up or tonight's part is through."""
    size = min(end.abilities.read_batch for end in ctx.ends.values())
    rows = store.rows(_due(ctx)[: parking.fewer(ctx, size)])
    if not rows:
        _end_the_night(ctx)
        return False
    if parking.alone(ctx, size):
        with ctx.lease.transaction():
            set_aside(ctx, rows[0], Counter())
            parking.forgotten(ctx)
        return True
    associations.load(ctx, rows)
    answers = {side: _read(ctx, side, rows) for side in Side}
    with ctx.lease.transaction():
        found = _compare(ctx, rows, answers)
        for side, answer in answers.items():
            ingest(ctx, side, list(answer.records.values()))
            ingest_missing(ctx, side, answer)
        _note(ctx, found)
        ctx.sync.audit_position = rows[-1].pk
        Sync.objects.filter(pk=ctx.sync.pk).update(audit_position=rows[-1].pk)
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


def _read(ctx: Context, side: Side, rows: Sequence[RecordLink]) -> ReadAnswer:
    return read_by_id(ctx, side, [Ref(get(row, side, "id"), get(row, side, "seen") or {}) for row in rows])


def _compare(ctx: Context, rows: Sequence[RecordLink], answers: Mapping[Side, ReadAnswer]) -> Counter[str]:
    """How many pairs were looked at, and how many differ, in which way."""
    found: Counter[str] = Counter(looked=len(rows))

    def compare(part: Sequence[RecordLink]) -> int:
        ways = [_ways(ctx, row, answers) for row in part]
        found.update(way for each in ways for way in each)
        found["differed"] += sum(1 for each in ways if each)
        return len(part)

    def park(row: RecordLink) -> int:
        set_aside(ctx, row, Counter())
        return 0

    parking.by_halves(ctx, rows, compare, park)
    return found


def _ways(ctx: Context, row: RecordLink, answers: Mapping[Side, ReadAnswer]) -> list[str]:
    """The ways in which a pair is not as it should be."""
    drifted = [f"drift_{side}" for side, answer in answers.items() if _drifted(ctx, side, row, answer)]
    return [*drifted, "apart"] if _apart(ctx, row) else drifted


def _drifted(ctx: Context, side: Side, row: RecordLink, answer: ReadAnswer) -> bool:
    """Whether the record is not as remembered, or is gone."""
    id = get(row, side, "id")
    record = answer.records.get(id)
    if record is None:
        return id in answer.gone or id in answer.left
    values = {name: record.values[name] for name in ctx.end(side).types if name in record.values}
    digest = ctx.hash(side, {**(get(row, side, "seen") or {}), **values})
    return bool(digest != get(row, side, "hash"))


def _note(ctx: Context, found: Mapping[str, int]) -> None:
    """Add to what this night saw; the run's counts hold only what was found, so that a quiet run is known as one."""
    night, _made = AuditNight.objects.get_or_create(sync=ctx.sync, day=now().date())
    AuditNight.objects.filter(pk=night.pk).update(**{name: F(name) + n for name, n in found.items()})
    for name, n in found.items():
        if n and name not in ("looked", "differed"):
            ctx.run.counts[name] = ctx.run.counts.get(name, 0) + n
    ctx.run.save(update_fields=["counts"])


def _end_the_night(ctx: Context) -> None:
    with ctx.lease.transaction():
        wrong = store.recount(ctx.sync.pk)
        _note(ctx, {"miscounted": sum(abs(n) for n in wrong.values())})
        nights = AuditNight.objects.filter(sync=ctx.sync)
        nights.filter(day=now().date()).update(finished_at=now())
        nights.filter(day__lte=now().date() - timedelta(days=NIGHTS)).delete()
        Sync.objects.filter(pk=ctx.sync.pk).update(audited_at=now(), audit_position=0)
        ageing.begin(ctx)
