"""Two connections that show one and the same record (``Abilities.shares_ids``), each with a sync into the same objects of the hub.

Whichever sync comes first makes the counterpart; the other links to it instead of making a second one. What has an identifier would
be found by that anyway; what has none is told by its id alone.

So it is with the syncs of several apps that fill the same objects of the hub: a company that is new in two of them is made once.
The hub would say that it is there, but its search lags, and two initial syncs at a time would each make what the other has just
made. What our links know is known at once.

And two syncs of one connection that keep *one* kind of the hub equal with *two* of the app (contacts with leads and with contacts):
a record that is linked to one of the two is not made as the other.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.timezone import now

from integrations import registry
from integrations.models import AppInstance
from integrations.records import RemoteRecord, Side, Values
from syncjobs.engine.matching import key_of
from syncjobs.models import Sync
from syncjobs.runner import recovery, statements
from syncjobs.runner.context import Context
from syncjobs.runner.inbox import read_all
from syncjobs.runner.links import KEY_NAMES, get

if TYPE_CHECKING:
    from syncjobs.runner.work import Work

WAIT = timedelta(seconds=5)  # for a create that a sibling has under way


def not_linked_there(ctx: Context, side: Side, work: "Sequence[Work]") -> "tuple[list[Work], list[Work]]":
    """Link what a sibling has linked already. Gives back (what may be created, what a sibling's counterpart cannot be shared with:
    another record of this sync is linked to it)."""
    met, taken = set(), []
    for w, record in there_already(ctx, side, work):
        with ctx.lease.transaction():
            if recovery.adopt(ctx, side, w.row, record):
                met.add(w.row.pk)
            else:
                taken.append(w)
    away = met | {w.row.pk for w in taken}
    return [w for w in work if w.row.pk not in away], taken


def there_already(ctx: Context, side: Side, work: "Sequence[Work]") -> "list[tuple[Work, RemoteRecord]]":
    """What siblings have linked to the records that these creates are for, as it is there now."""
    by_id, by_key = _linked(_siblings(ctx, side), side, work), _linked_by_key(ctx, side, work)
    found = by_key | by_id
    records = read_all(ctx, side, sorted(set(found.values())))
    counterparts = ((w, id, records.get(found.get(id, ""))) for w in work for id in [get(w.row, side.other, "id")])
    return [
        (w, record)
        for w, id, record in counterparts
        if record and (id in by_id or _key_in(ctx, side, record.values) == _key(ctx, side, w))
    ]


def being_created(ctx: Context, side: Side, work: "Sequence[Work]") -> set[int]:
    """Rows whose record a sibling is making, or has made since it was looked for. Inside the transaction that announces creates:
    the lock makes siblings announce one after the other."""
    siblings, fellows = _siblings(ctx, side), _fellows(ctx, side)
    if not siblings and not fellows:
        return set()
    AppInstance.objects.select_for_update().get(pk=ctx.sync.instance(side).pk)
    column = f"{side.other}_id"
    by_id = {get(w.row, side.other, "id"): w.row.pk for w in work}
    busy = (
        f" AND (({side}_id IS NOT NULL AND NOT {side}_gone) OR EXISTS (SELECT 1 FROM syncjobs_writeintent AS sent"
        f" WHERE sent.link_id = syncjobs_recordlink.id AND sent.side = '{side}' AND sent.state = 'sent'))"
    )
    made = {by_id[id] for sync in siblings for (id,) in statements.links(column, sync, column, by_id, busy)}
    return made | _created_by_key(ctx, side, work, fellows)


def _created_by_key(ctx: Context, side: Side, work: "Sequence[Work]", fellows: "Sequence[Fellow]") -> set[int]:
    """Rows whose record a fellow is making, or has made so lately that no search shows it. What was made longer ago is found."""
    rows = {key: w.row.pk for w in work if (key := _key(ctx, side, w))}
    since = statements.utc_text(now() - recovery.longest_wait(ctx, side))
    busy = set()
    for sync, name in fellows:
        column = f"{side.other}_{name}"
        recent = (
            f" AND NOT ({column} = '') AND EXISTS (SELECT 1 FROM syncjobs_writeintent AS sent WHERE sent.state <> 'dead'"
            f" AND sent.link_id = syncjobs_recordlink.id AND sent.side = '{side}' AND sent.sent_at >= '{since}')"
        )
        busy |= {rows[key] for (key,) in statements.links(column, sync, column, rows, recent)}
    return busy


def _linked_by_key(ctx: Context, side: Side, work: "Sequence[Work]") -> dict[str, str]:
    """Id of a record at the other side → id of what a fellow has linked at this one, and what has its identifier."""
    ids = {key: get(w.row, side.other, "id") for w in work if (key := _key(ctx, side, w))}
    found: dict[str, str] = {}
    for sync, name in _fellows(ctx, side) if ids else ():
        column = f"{side}_{name}"
        there = f" AND NOT ({column} = '') AND {side}_id IS NOT NULL AND NOT {side}_gone"
        found |= {ids[key]: id for key, id in statements.links(f"{column}, {side}_id", sync, column, ids, there)}
    return found


def _key(ctx: Context, side: Side, w: "Work") -> str:
    return _key_in(ctx, side, w.plan.writes.get(side, {}))


def _key_in(ctx: Context, side: Side, values: Values) -> str:
    strong = recovery.strong_of(ctx)
    return key_of(values, strong, side) if strong else ""


Fellow = tuple[int, str]
"""A sync, and under which name its links keep the identifier: ``key`` or ``key2``."""


def _fellows(ctx: Context, side: Side) -> list[Fellow]:
    """Other saved syncs, of any app, that fill the same objects at this side and tell them by the same field. None where the app
    itself refuses, or takes for one, what has an identifier twice."""
    strong, end = recovery.strong_of(ctx), ctx.end(side)
    if strong is None or strong.end(side).field in end.unique or end.abilities.create_upserts_by:
        return []
    same = _others(ctx).filter(**{f"{side}_instance": ctx.sync.instance(side), f"{side}_kind": ctx.sync.kind(side)})
    return [
        (pk, name)
        for pk, identifiers in same.values_list("pk", "identifiers")
        for name, pair in zip(KEY_NAMES, identifiers, strict=False)
        if pair[f"{side}_field"] == strong.end(side).field
    ]


def _others(ctx: Context) -> "QuerySet[Sync]":
    """The account's other saved syncs: not the one, either, of which this is a draft copy."""
    sync = ctx.sync
    own = [sync.pk, *([sync.draft_of_id] if sync.draft_of_id else [])]
    same: QuerySet[Sync] = Sync.objects.for_account(sync.account).saved().exclude(pk__in=own)
    return same


def of_this_kind(ctx: Context, side: Side, work: "Sequence[Work]") -> "tuple[list[Work], list[Work]]":
    """(what may be created, what another sync keeps equal with a record of another kind at ``side``)."""
    linked = _linked(_of_other_kinds(ctx, side), side, work).keys()
    apart: list[Work] = [w for w in work if get(w.row, side.other, "id") in linked]
    return [w for w in work if get(w.row, side.other, "id") not in linked], apart


def _of_other_kinds(ctx: Context, side: Side) -> list[int]:
    """Saved syncs of this connection that keep the same objects of the other side equal with another kind at this one. Hardly any
    app has two kinds for one, and then there is nothing to ask: this is done for each batch of creates."""
    sync = ctx.sync
    possible = {
        kinds[side is Side.APP].key
        for kinds in registry.pairs(sync.instance(Side.HUB).app, sync.instance(Side.APP).app)
        if kinds[side.other is Side.APP].key == sync.kind(side.other)
    }
    if not possible - {sync.kind(side)}:
        return []
    same: QuerySet[Sync] = Sync.objects.for_account(sync.account).saved()
    same = same.filter(hub_instance=sync.hub_instance, app_instance=sync.app_instance)
    same = same.filter(**{f"{side.other}_kind": sync.kind(side.other)}).exclude(**{f"{side}_kind": sync.kind(side)})
    return list(same.values_list("pk", flat=True))


def _linked(syncs: Sequence[int], side: Side, work: "Sequence[Work]") -> dict[str, str]:
    """Id of a record at the other side → id of what one of these syncs has linked to it at this one."""
    if not syncs or not work:
        return {}
    other = side.other
    ids, there = [get(w.row, other, "id") for w in work], f" AND {side}_id IS NOT NULL AND NOT {side}_gone"
    found = [
        row for sync in syncs for row in statements.links(f"id, {other}_id, {side}_id", sync, f"{other}_id", ids, there)
    ]
    return {
        id: counterpart for _, id, counterpart in sorted(found, reverse=True)
    }  # of several the first that was linked


def _siblings(ctx: Context, side: Side) -> list[int]:
    """Saved syncs of other connections of the same app that fill the same objects at this side."""
    if not ctx.end(side.other).abilities.shares_ids:
        return []
    sync = ctx.sync
    same = _others(ctx).filter(
        **{
            f"{side}_instance": sync.instance(side),
            f"{side.other}_instance__app_key": sync.instance(side.other).app_key,
            "hub_kind": sync.hub_kind,
            "app_kind": sync.app_kind,
        }
    )
    return list(same.values_list("pk", flat=True))
