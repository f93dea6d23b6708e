"""A link as the runner holds it: its two sides by name, its identifiers, what pages call it, and planning it again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from integrations.records import Side, Values
from integrations.richtext import plain
from syncjobs.engine.canonical import is_blank
from syncjobs.engine.matching import key_of
from syncjobs.models import RecordLink, RecordStatus, WriteIntent
from syncjobs.runner import store, weak
from syncjobs.runner.context import Context

BIT = {Side.HUB: 1, Side.APP: 2}
MERGED_AWAY, CONVERTED_AWAY = "MERGED_AWAY", "CONVERTED_AWAY"
AWAY = (MERGED_AWAY, CONVERTED_AWAY)  # codes of links whose record lives on in another record
DUPLICATE, SHARED = "DUPLICATE_IN_SOURCE", "SHARED_IDENTIFIER"  # others have the identifier: of one name, or of several
KEY_NAMES = ("key", "key2")  # under these names a link keeps the first two identifiers of each half
LEFT_OUT = (weak.CODE, "AMBIGUOUS_MATCH", DUPLICATE, SHARED)  # codes that the match gives because of others


def side_columns(side: Side) -> list[str]:
    names = [
        "id",
        "alias",
        "now",
        "hash",
        "row_hash",
        "version",
        "modified_at",
        "created_at",
        "scan",
        "read_at",
        "gone",
    ]
    return [f"{side}_{name}" for name in names] + [f"{side}_key", f"{side}_key2", "label", "dirty", "status", "code"]


NAMES = {
    side: {
        name.removeprefix(f"{side}_"): name
        for name in (field.attname for field in RecordLink._meta.concrete_fields)
        if name.startswith(f"{side}_")
    }
    for side in Side
}
"""Side → name of a value → its attribute."""


def get(row: RecordLink, side: Side, name: str) -> Any:
    return getattr(row, NAMES[side][name])


def put(row: RecordLink, side: Side, **values: Any) -> None:
    names = NAMES[side]
    for name, value in values.items():
        setattr(row, names[name], value)


def current(row: RecordLink, side: Side) -> Values:
    """What is known of the record: its memory, and over it what was read since."""
    seen, read = get(row, side, "seen"), get(row, side, "now")
    return {**seen, **read} if seen and read else dict(seen or read or {})


def set_status(row: RecordLink, status: str, deltas: Counter[str], moment: datetime | None = None) -> None:
    if row.status != status:
        deltas[row.status] -= 1
        deltas[status] += 1
        row.status = status
        row.status_since = moment or now()


def is_left_out(row: RecordLink) -> bool:
    """By the match, and nothing has happened since that would have it matched again."""
    return row.status in (RecordStatus.EXCLUDED, RecordStatus.REVIEW) and row.code in LEFT_OUT


def unanswered(links: Iterable[int]) -> QuerySet[WriteIntent]:
    """The creates of these links whose answer never came: what they made, if anything, may still come to light."""
    return WriteIntent.objects.filter(link_id__among=list(links), state=WriteIntent.State.SENT)


def find_links(sync_id: int, side: Side, ids: Iterable[str]) -> dict[str, RecordLink]:
    """Links by remote id or alias, keyed by each of those."""
    found: dict[str, RecordLink] = {}
    for row in {row.id: row for row in store.links_named(sync_id, side, ids)}.values():
        if alias := get(row, side, "alias"):
            found.setdefault(alias, row)
        found[get(row, side, "id")] = row
    return found


Keys = set[tuple[str, str]]
"""(``key`` or ``key2``, what stood there)"""


def held_keys(row: RecordLink, side: Side) -> Keys:
    """The identifiers by which this record is known."""
    return {(name, key) for name in KEY_NAMES if (key := get(row, side, name))}


def keys_of(ctx: Context, side: Side, values: Values) -> dict[str, str]:
    """The normalised identifiers of a projection, as columns."""
    keys = [key_of(values, identifier, side) for identifier in ctx.rules.identifiers[:2]]
    return {"key": keys[0] if keys else "", "key2": keys[1] if len(keys) > 1 else ""}


def label_of(ctx: Context, side: Side, values: Values) -> str:
    """How pages name a record: its name, else its address."""
    end = ctx.end(side)
    return name_of(values, end.label_fields, end.label_else)


def day_of(ctx: Context, side: Side, row: RecordLink) -> str:
    """How new the app says that the record is (``Abilities.newest_by``); "" where it does not."""
    name = ctx.end(side).abilities.newest_by
    return str(current(row, side).get(name) or "") if name else ""


def name_of(values: Values, parts: Sequence[str], others: Sequence[str]) -> str:
    """The name, else the first of the others that there is; "" where all are blank. See ``registry.Kind``. A note is called by its
    first words, without their markup."""
    name = " ".join(str(values[n]) for n in parts if not is_blank(values.get(n)))
    name = name or next((str(values[n]) for n in others if not is_blank(values.get(n))), "")
    return (plain(name) if "<" in name else name)[:200]


def forget(row: RecordLink, side: Side) -> None:
    """The record was deleted at both sides and is back at the other one: it is half a link again, and its twin is made anew."""
    blank: dict[str, Any] = dict.fromkeys(
        ("id", "alias", "seen", "now", "expected", "modified_at", "created_at", "read_at")
    )
    blank |= {"gone": False, **dict.fromkeys(("hash", "row_hash", "version", *KEY_NAMES), "")}
    put(row, side, **blank)
    put(row, side.other, seen=None)
    store.update([row], [*(f"{side}_{name}" for name in blank), f"{side.other}_seen"])


def plan_again(ctx: Context, side: Side, links: Iterable[RecordLink]) -> None:
    """Plan these records again with what is known of them."""
    rows = list({link.pk: link for link in links}.values())
    deltas: Counter[str] = Counter()
    for row in rows:
        put(row, side, now=current(row, side))
        row.dirty |= BIT[side]
        row.next_try_at = None
        set_status(row, RecordStatus.PENDING, deltas)
    store.update(rows, [f"{side}_now", "dirty", "next_try_at", "status", "status_since"])
    store.add_counts(ctx.sync.pk, deltas)


def call_heirs(ctx: Context, freed: Keys) -> None:
    """Records with these identifiers are gone, or have others now. Whatever was left out because of them is matched again, and may
    take their place; what an app refused because of them is sent again."""
    for name in {name for name, _ in freed}:
        keys = [key for of, key in freed if of == name]
        for side in Side:
            column = f"{side}_{name}"
            # Not "" is the condition of the index, as in pairing. Not plainly "IS NULL": the other side's index would be taken, and
            # each half link of the sync looked at.
            held_up = (
                f" AND NOT ({column} = '') AND NOT {side}_gone"
                f" AND (code = 'UNIQUE_VALUE_TAKEN' OR {side.other}_id || '' IS NULL AND code IN {LEFT_OUT})"
            )
            plan_again(ctx, side, store.links_with(ctx.sync.pk, column, keys, held_up))
