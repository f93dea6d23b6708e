"""Associations between records: the twins of referenced records, and records that wait for one.

A reference mapping works between the syncs of two objects of the same two apps: contacts and companies of one HubSpot and
one Salesforce org. The sync of the *other* object is its **partner**; without one the mapping rests. The engine decides with ids
(``engine.references``); here they get their twins from the partner's links, and what has no twin yet is noted, so that
the twin's arrival plans the waiting record again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.records import FieldType, Side
from syncjobs.engine.canonical import host_of, members
from syncjobs.models import RecordLink, RecordStatus, WaitingReference
from syncjobs.runner import statements, store
from syncjobs.runner.links import BIT, current, get, put, set_status

if TYPE_CHECKING:
    from syncjobs.runner.context import Context
    from syncjobs.runner.work import Work

WOKEN = 400  # links a step


def load(ctx: "Context", rows: Sequence[RecordLink]) -> None:
    """Fill the rules' tables with the twin (or, where the target is text, the name) of every record that these rows name."""
    for rule, partner in ctx.references:
        for side in Side:
            end, to = rule.end(side), side.other
            table = rule.partners[to]
            table.clear()
            if not (rule.is_association or rule.goes_to(to)):
                continue
            if end.type is FieldType.URL:
                table.update(_by_domain(partner, to, [_current(row, side, end.field) for row in rows]))
                continue
            ids = {
                id for row in rows for known in ("now", "seen") for id in members((get(row, side, known) or {}).get(end.field))
            }  # fmt: skip
            table.update(_twins(partner, side, ids) if rule.is_association else _names(partner, side, ids))


def _twins(partner: int, side: Side, ids: Iterable[str]) -> dict[str, str]:
    other = side.other
    alive = f" AND NOT {side}_gone AND NOT {other}_gone AND {other}_id IS NOT NULL"
    return dict(statements.links(f"{side}_id, {other}_id", partner, f"{side}_id", ids, alive))


def _names(partner: int, side: Side, ids: Iterable[str]) -> dict[str, str]:
    return dict(statements.links(f"{side}_id, label", partner, f"{side}_id", ids))


def _by_domain(partner: int, to: Side, addresses: Iterable[str]) -> dict[str, str]:
    """Records at ``to`` by their domain, for web addresses at the other side; where several have one, none is guessed."""
    hosts = {host_of(address) for address in addresses if address}
    # Not "" is the condition of the index, as in pairing.
    there = f" AND NOT ({to}_key = '') AND NOT {to}_gone AND {to}_id IS NOT NULL"
    found: dict[str, str | None] = {}
    for key, id in statements.links(f"{to}_key, {to}_id", partner, f"{to}_key", hosts, there):
        found[key] = id if key not in found else None
    return {key: id for key, id in found.items() if id}


def _current(row: RecordLink, side: Side, name: str) -> str:
    return str(current(row, side).get(name) or "")


# -- waiting -----------------------------------------------------------------------------------------------------------
def remember(ctx: "Context", work: "Sequence[Work]") -> None:
    """Note what these records wait for, in the transaction that settles them; what they no longer name is forgotten."""
    if not ctx.references:
        return
    settled = {w.row.pk: w for w in work if not w.again}
    known = WaitingReference.objects.filter(link__in=settled)
    over = [wait.pk for wait in known if not _still_named(settled[wait.link_id].row, wait)]
    WaitingReference.objects.filter(pk__in=over).delete()
    partners = {
        (side, rule.end(side).field): partner for rule, partner in ctx.references for side in Side if rule.is_association
    }  # fmt: skip
    fresh = [
        WaitingReference(
            sync=ctx.sync, link=w.row, side=side.value, field=field, remote_id=id[:200], partner_id=partners[side, field]
        )
        for w in settled.values()
        for side, field, id in w.plan.waits
    ]  # fmt: skip
    WaitingReference.objects.bulk_create(fresh, ignore_conflicts=True)


def _still_named(row: RecordLink, wait: WaitingReference) -> bool:
    side = Side(wait.side)
    held = current(row, side)
    return wait.remote_id in members(held.get(wait.field))


def ready(sync_id: int) -> QuerySet[WaitingReference]:
    """What this sync's records waited for and has a twin by now."""
    twin = RecordLink.objects.filter(sync=OuterRef("partner"), hub_id__isnull=False, app_id__isnull=False)
    twin = twin.filter(hub_gone=False, app_gone=False)
    in_hub = Q(Exists(twin.filter(hub_id=OuterRef("remote_id"))), side=Side.HUB)
    in_app = Q(Exists(twin.filter(app_id=OuterRef("remote_id"))), side=Side.APP)
    return WaitingReference.objects.filter(in_hub | in_app, sync_id=sync_id)


def wake(ctx: "Context") -> bool:
    """Plan records again whose related records have come across: one chunk. False when none is left."""
    if not ctx.references:
        return False
    awake = list(ready(ctx.sync.pk).order_by("link_id")[:WOKEN])
    if not awake:
        return False
    by_link: dict[int, list[WaitingReference]] = defaultdict(list)
    for wait in WaitingReference.objects.filter(link__in={wait.link_id for wait in awake}):
        by_link[wait.link_id].append(wait)
    deltas: Counter[str] = Counter()
    with ctx.lease.transaction():
        rows = list(RecordLink.objects.filter(pk__in=by_link))
        for row in rows:
            for wait in by_link[row.pk]:
                _add_again(row, wait)
            row.next_try_at = None
            set_status(row, RecordStatus.PENDING, deltas)
        names = [f"{side}_{name}" for side in Side for name in ("now", "seen")]
        store.update(rows, [*names, "dirty", "next_try_at", "status", "status_since"])
        store.add_counts(ctx.sync.pk, deltas)
        WaitingReference.objects.filter(link__in=by_link).delete()
    return True


def _add_again(row: RecordLink, wait: WaitingReference) -> None:
    """The record names the waiting one as if it had been read now; in its memory it is not, so that it counts as added."""
    side, name = Side(wait.side), wait.field
    seen: dict[str, Any] | None = get(row, side, "seen")
    held = {**(seen or {}), **(get(row, side, "now") or {})}
    put(row, side, now={**held, name: sorted({*members(held.get(name)), wait.remote_id})})
    if seen is not None:
        put(row, side, seen={**seen, name: sorted(members(seen.get(name)) - {wait.remote_id}) or None})
    row.dirty |= BIT[side]
