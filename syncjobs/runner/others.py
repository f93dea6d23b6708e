"""Further e-mail addresses of a record (``RemoteRecord.also``), by which it can be met, too.

A card has one address for work and one for home, and the other app knows the person by either. Kept as records are read: their
first meeting may be long after.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from integrations.records import FieldType, RemoteRecord, Side
from syncjobs.engine.matching import key_of
from syncjobs.models import OtherKey, RecordLink
from syncjobs.runner.context import Context


def place(ctx: Context, side: Side) -> int | None:
    """Which of the identifiers is an address. None where there is none, or the app at ``side`` tells of no further addresses."""
    if not ctx.end(side).abilities.other_addresses:
        return None
    found = enumerate(ctx.rules.identifiers[:2])
    return next((n for n, each in found if each.strong and each.end(side).type is FieldType.EMAIL), None)


def keep(ctx: Context, side: Side, records: Sequence[RemoteRecord]) -> None:
    """What these records say now, in the place of what they said before."""
    number = place(ctx, side)
    if number is None or not records:
        return
    identifier = ctx.rules.identifiers[number]
    field = identifier.end(side).field
    said = {r.id: {key_of({field: address}, identifier, side) for address in r.also} - {""} for r in records}
    OtherKey.objects.filter(sync=ctx.sync, side=side.value, remote_id__among=said).delete()
    OtherKey.objects.bulk_create(
        OtherKey(sync=ctx.sync, side=side.value, remote_id=id, key=key) for id, keys in said.items() for key in keys
    )


def forget(ctx: Context, side: Side, ids: Iterable[str]) -> None:
    """These records were deleted: nobody's addresses are kept longer than the person's record."""
    if place(ctx, side) is not None:
        OtherKey.objects.filter(sync=ctx.sync, side=side.value, remote_id__among=list(ids)).delete()


def of_links(ctx: Context, side: Side, links: Iterable[int]) -> dict[str, list[str]]:
    """Id of each of these links' records that has further addresses → those."""
    records = RecordLink.objects.filter(pk__among=links).values(f"{side}_id")
    return _told(ctx, side, remote_id__in=records)


def holders(ctx: Context, side: Side, keys: Iterable[str]) -> dict[str, list[str]]:
    """Id of each record that has one of these as a further address → all that it has."""
    found = _told(ctx, side, key__among=keys)
    return _told(ctx, side, remote_id__among=found) if found else {}


def _told(ctx: Context, side: Side, **which: Any) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    rows = OtherKey.objects.filter(sync=ctx.sync, side=side.value, **which)
    for id, key in rows.values_list("remote_id", "key"):
        found[id].append(key)
    return found
