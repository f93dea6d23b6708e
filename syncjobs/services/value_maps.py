"""Value maps: which option (or user) of one app stands for which of the other, and what is written in place of strangers.

Most pairs need no map: equal values and equal names find each other by themselves (``engine.transforms``). What a person pairs by
hand is kept in ``FieldMapping.value_map`` and wins over that; ``FieldMapping.otherwise`` is what a side gets for a value that still
has no partner, in new records and where it is blank: what stands there already stays. Without it such a record fails with
OPTION_UNMAPPED, or crosses without its owner (OWNER_UNMAPPED).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from integrations.records import Field, FieldType, Option, Side
from syncjobs.models import FieldMapping
from syncjobs.services.mappings import Refused, Schemas, effective, towards, why_fixed

LISTS = (FieldType.OPTION, FieldType.MULTI, FieldType.USER)


@dataclass(frozen=True)
class Pair:
    """One option of ``side`` and its partner at the other; ``partner`` None: it has none. ``by_hand``: a person paired them."""

    side: Side
    option: Option
    partner: Option | None
    by_hand: bool


def fields_of(row: FieldMapping, schemas: Schemas) -> dict[Side, Field] | None:
    """Both fields, where both have lists of values; None where there is nothing to pair."""
    found = {Side.APP: schemas.app.get(row.app_field), Side.HUB: schemas.hub.get(row.hub_field)}
    fields = {side: field for side, field in found.items() if field and field.type in LISTS and field.options}
    return fields if len(fields) == 2 else None


def pairs(row: FieldMapping, schemas: Schemas) -> list[Pair]:
    """Every option of the app with its partner, then those of the hub that no option of the app is paired with."""
    fields = fields_of(row, schemas)
    if fields is None:
        return []
    found = [_pair(row, fields, Side.APP, option) for option in fields[Side.APP].options]
    met = {pair.partner.value for pair in found if pair.partner}
    rest = [option for option in fields[Side.HUB].options if option.value not in met]
    return found + [_pair(row, fields, Side.HUB, option) for option in rest]


def _pair(row: FieldMapping, fields: dict[Side, Field], side: Side, option: Option) -> Pair:
    own, other = ("app", "hub") if side is Side.APP else ("hub", "app")
    theirs = {one.value: one for one in fields[side.other].options}
    by_hand = next((entry[other] for entry in row.value_map if entry[own] == option.value), None)
    if by_hand is not None:
        return Pair(side, option, theirs.get(by_hand), by_hand=True)
    return Pair(side, option, _namesake(option, theirs), by_hand=False)


def _namesake(option: Option, theirs: Mapping[str, Option]) -> Option | None:
    """The partner that the engine finds by itself: the same value, else the same name."""
    if option.value in theirs:
        return theirs[option.value]
    names = {option.value.casefold(), option.label.casefold()}
    return next((one for one in theirs.values() if one.label.casefold() in names), None)


def lonely(row: FieldMapping, schemas: Schemas) -> int:
    """How many options have neither a partner nor a stand-in, in the ways that values flow."""
    flows = effective(row.sync, row)
    return sum(
        1
        for pair in pairs(row, schemas)
        if pair.partner is None
        and flows is not None
        and towards(flows, pair.side.other)
        and not row.otherwise.get(pair.side.other.value)
    )


def save(
    *, row: FieldMapping, schemas: Schemas, chosen: Mapping[tuple[Side, str], str], otherwise: Mapping[Side, str]
) -> None:
    """``chosen``: (side, value there) → the partner's value, "" for none by hand; ``otherwise``: what each side gets for strangers,
    "" to let such records fail. Raises Refused, and then changes nothing."""
    fields = fields_of(row, schemas)
    if fields is None:
        raise Refused(_("One of the two fields no longer has a list of values."))
    if row.locked:
        raise Refused(why_fixed(row))
    known = {side: {option.value for option in field.options} for side, field in fields.items()}
    wanted = [(side, value, partner) for (side, value), partner in chosen.items() if partner]
    if any(value not in known[side] or partner not in known[side.other] for side, value, partner in wanted):
        raise Refused(_("One of these values is no longer in its app's list. Load the page again."))
    namesakes = [pair for pair in wanted if _is_namesake(fields, *pair)]
    if any(value and value not in known[side] for side, value in otherwise.items()):
        raise Refused(_("One of these values is no longer in its app's list. Load the page again."))
    others = [pair for pair in wanted if pair not in namesakes]
    row.value_map = [
        {"app": value, "hub": partner} if side is Side.APP else {"app": partner, "hub": value}
        # Of several values with one partner the namesake speaks for the way back, and has to be said then.
        for side, value, partner in [*(pair for pair in namesakes if _is_shared(pair, others)), *others]
    ]
    row.otherwise = {side.value: value for side, value in otherwise.items() if value}
    row.save(update_fields=["value_map", "otherwise"])


def _is_shared(pair: tuple[Side, str, str], others: list[tuple[Side, str, str]]) -> bool:
    side, value, partner = pair
    return any(partner == theirs if side is own else value == theirs for own, _value, theirs in others)


def _is_namesake(fields: dict[Side, Field], side: Side, value: str, partner: str) -> bool:
    """What the engine would do anyway need not be kept: an option that is renamed later then finds its new partner."""
    option = next(one for one in fields[side].options if one.value == value)
    found = _namesake(option, {one.value: one for one in fields[side.other].options})
    return found is not None and found.value == partner
