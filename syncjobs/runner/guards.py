"""Brakes: a run that would do far more harm than usual stops and asks. Resuming by a person lifts the guard for that run.

================== =====================================================================================================
GUARD_MASS_DELETE  deleting more than 20 records and 5 % of all; a side that had records lists none; a complete scan that
                   misses more than 20 records and 5 % of them
GUARD_MASS_UPDATE  blanking more than 20 values and 5 % of all records; outside an initial sync and a resync: mapped values of more
                   than half of all links (and 200) changed at once. What an app fills in at records that the sync has just made
                   there (a number, a default, the work of an automation) does not count
GUARD_MASS_CREATE  outside an initial sync and a resync: making more new records than there are links (and 1,000)
GUARD_MANY_REFUSED more than 30 % of at least 50 writes of a run were refused: something is wrong with the settings
================== =====================================================================================================
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.timezone import now

from integrations.records import Side
from syncjobs.engine.canonical import equal
from syncjobs.models import FieldChange, RecordLink, RunKind, SyncCount, WriteIntent
from syncjobs.runner.links import BIT

if TYPE_CHECKING:
    from syncjobs.runner.context import Context
    from syncjobs.runner.work import Work

FEW, SHARE = 20, 0.05
MANY_CHANGED, MANY_CREATED = 200, 1000
REFUSED_OF, REFUSED_SHARE = 50, 0.3
FIGHT = 4
FILLING_IN = timedelta(minutes=5)


class GuardTripped(Exception):
    """``n``: how many records it is about; the page names the number on the button that lifts the guard."""

    def __init__(self, code: str, n: int) -> None:
        super().__init__(code)
        self.code, self.n = code, n


def _total(ctx: "Context") -> int:
    return SyncCount.objects.filter(sync=ctx.sync).aggregate(n=Sum("n"))["n"] or 0


def _too_many(n: int, total: int) -> bool:
    return n > max(FEW, total * SHARE)


def before_writing(ctx: "Context") -> None:
    """Once, when the write phase begins."""
    if ctx.run.guard_lifted or not _is_watched(ctx):
        return
    dirty = RecordLink.objects.filter(sync=ctx.sync, dirty__gt=0)
    half = Q(hub_id=None) | Q(app_id=None)
    whole = dirty.exclude(half).exclude(_filled_in())
    fresh, total = dirty.filter(half).count(), _total(ctx)
    many = max(MANY_CHANGED, total / 2)
    if whole.count() > many and (changed := _changed(ctx, whole)) > many:
        raise GuardTripped("GUARD_MASS_UPDATE", changed)
    if fresh > max(MANY_CREATED, total - fresh):
        raise GuardTripped("GUARD_MASS_CREATE", fresh)


def _changed(ctx: "Context", links: QuerySet[RecordLink]) -> int:
    """How many of these differ in a mapped value from what was last seen. Others were read anew for a field that only names the
    record, as an address book makes the full name of a new card."""
    ends = [(place, side, rule.end(side).field) for place, side in enumerate(Side) for rule in ctx.rules.mappings]
    tracked = [(place, name, kind) for place, side, name in ends if (kind := ctx.end(side).types.get(name))]
    documents = [f"{side}_{name}" for side in Side for name in ("now", "seen")]
    n = 0
    for row in links.values_list(*documents).iterator():
        read = [(row[2 * place] or {}, row[2 * place + 1] or {}) for place, _ in enumerate(Side)]
        n += any(
            name in read[place][0] and not equal(read[place][0][name], read[place][1].get(name), kind)
            for place, name, kind in tracked
        )
    return n


def _is_watched(ctx: "Context") -> bool:
    """An initial sync changes much by nature, a resync changes what a person asked for, and a scan under new settings plans all."""
    if ctx.run.kind == RunKind.FULL_SCAN:
        return all(cursor.settings_hash == ctx.settings_hash for cursor in ctx.cursors.values())
    return ctx.run.kind in (RunKind.INCREMENTAL, RunKind.AUDIT)


def _filled_in() -> Q:
    """Records that a sync has made, and that only their app has touched since, right after. Both moments are by the app's clock."""
    found = Q()
    for side in Side:
        made = WriteIntent.objects.filter(link=OuterRef("pk"), side=side.value, made=True)
        at_once = {f"{side}_modified_at__lte": F(f"{side}_created_at") + FILLING_IN}
        # Where an app does not tell when it made a record, the comparison is neither true nor false, and what leaves these records
        # out would leave those out, too.
        known = {f"{side}_created_at__isnull": False}
        found |= Q(Exists(made), dirty=BIT[side], **known, **at_once)
    return found


def harm(work: "Sequence[Work]") -> tuple[int, int]:
    """What this work would take away: how many records it deletes, how many values it blanks."""
    updates = [values for w in work if not w.plan.create for values in w.plan.writes.values()]
    return (
        sum(w.plan.delete is not None for w in work),
        sum(value is None for values in updates for value in values.values()),
    )


def exceeded(deletes: int, blanks: int, total: int) -> list[tuple[str, int]]:
    """The guards that so much harm trips in a sync of ``total`` links, each with the number that it is about."""
    found = (("GUARD_MASS_DELETE", deletes), ("GUARD_MASS_UPDATE", blanks))
    return [(code, n) for code, n in found if _too_many(n, total)]


def before_chunk(ctx: "Context", work: "Sequence[Work]") -> None:
    """Before each chunk of planned work is carried out."""
    if ctx.run.guard_lifted:
        return
    counts = ctx.run.counts
    deletes, blanks = harm(work)
    if deletes or blanks:
        sums = (deletes + counts.get("deleted", 0), blanks + counts.get("blanked", 0))
        for code, n in exceeded(deletes and sums[0], blanks and sums[1], _total(ctx)):
            raise GuardTripped(code, n)
    counts["blanked"] = counts.get("blanked", 0) + blanks


def after_chunk(ctx: "Context") -> None:
    """Refusals of this run so far."""
    if ctx.run.guard_lifted:
        return
    counts = ctx.run.counts
    failed = counts.get("failed", 0)
    done = failed + sum(
        counts.get(name, 0) for name in ("created_hub", "created_app", "updated_hub", "updated_app", "linked")
    )
    if done >= REFUSED_OF and failed > done * REFUSED_SHARE:
        raise GuardTripped("GUARD_MANY_REFUSED", failed)


def absent_from_scan(ctx: "Context", side: Side, absent: int, listed: int) -> None:
    """After a complete scan, before anybody is taken for deleted."""
    if ctx.run.guard_lifted or absent <= 0 or ctx.cursors[side].settings_hash != ctx.settings_hash:
        return  # under new settings a scan shows other records, and nothing is gone
    if (not listed and absent > FEW) or _too_many(absent, absent + listed):
        raise GuardTripped("GUARD_MASS_DELETE", absent)


def park_fighting_fields(ctx: "Context", work: "Sequence[Work]") -> None:
    """A field that got one and the same value more than four times in a day is written by somebody else in between: stop
    writing it, and say so. The rest of the record goes on."""
    updates = [w for w in work if w.plan.writes and not w.plan.create]
    if not updates:
        return
    recent = FieldChange.objects.filter(link_id__among=[w.row.pk for w in updates], at__gte=now() - timedelta(days=1))
    times: Counter[tuple[int, str, str, str]] = Counter()
    for link_id, side, field, value in recent.values_list("link_id", "side", "field", "new"):
        times[link_id, side, field, json.dumps(value)] += 1
    if not times or max(times.values()) < FIGHT:
        return
    for w in updates:
        for side, values in list(w.plan.writes.items()):
            fighting = [
                name for name, value in values.items() if times[w.row.pk, side, name, json.dumps(value)] >= FIGHT
            ]
            for name in fighting:
                del values[name]
                origins = [r.end(side.other).field for r in ctx.rules.mappings if r.end(side).field == name]
                for origin in origins:
                    w.plan.after.get(side, {}).pop(origin, None)  # its change is not forgotten
                w.plan.ledger = [e for e in w.plan.ledger if (e.side, e.field) != (side, name)]
                w.plan.status, w.plan.code, w.plan.field, w.plan.side = "review", "LIVELOCK_SUSPECTED", name, side
            if not values:
                del w.plan.writes[side]
