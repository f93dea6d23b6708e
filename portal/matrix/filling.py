"""People fill both sides. A number is the same person, company or deal wherever it is typed, and decides at which sides that is."""

from collections import Counter
from collections.abc import Iterable, Sequence

from integrations.records import Field, FieldType, Side, Value, Values
from portal.matrix import samples
from portal.matrix.parts import Part

AT_BOTH, AT_ONE = 0.4, 0.3  # of kinds that have an identifier


def number(parts: Sequence[Part], records: int) -> None:
    """Give each part its numbers: of kinds that meet in one (contacts and leads in HubSpot's contacts) others for each."""
    ends = list({id(part.ends[Side.APP]): part.ends[Side.APP] for part in parts}.values())
    met: Counter[tuple[int, str]] = Counter()
    for part in parts:
        app = part.ends[Side.APP]
        start = met[id(app), part.sync.hub_kind] * records * len(ends)
        met[id(app), part.sync.hub_kind] += 1
        part.numbers = [start + number for number in _numbers(part, records, is_second=ends.index(app) > 0)]


def _numbers(part: Part, records: int, *, is_second: bool) -> Iterable[int]:
    """A second account of an app knows some of those whom the hub and the first know, and some whom only the first does. What
    nothing identifies is never the same, and accounts that show each other's records need none of their own."""
    if not is_second:
        return range(records)
    if part.ends[Side.APP].shares_records or not part.sync.identifiers:
        return range(records, 2 * records)
    both, hub_only = int(records * AT_BOTH), int(records * AT_ONE)
    app_only = records - both - hub_only
    new = range(records, 2 * records)
    at_first_too = range(both + hub_only, both + hub_only + app_only // 2)
    return [*range(both), *new[:hub_only], *at_first_too, *new[hub_only : hub_only + app_only - len(at_first_too)]]


def fill(parts: Sequence[Part]) -> None:
    for part in parts:
        try:
            _fill(part, parts)
        except (ValueError, NotImplementedError) as error:
            part.note = f"not filled: {error}"


def _fill(part: Part, parts: Sequence[Part]) -> None:
    """The hub may hold a record already, for another account of the app."""
    siblings = [each for each in parts if each is not part and each.sync.hub_kind == part.sync.hub_kind]
    there = {number: id for each in siblings for number, id in each.made[Side.HUB].items()}
    for side, numbers in _shares(part).items():
        end, kind = part.ends[side], part.sync.kind(side)
        if side is Side.HUB:
            part.made[side] = {number: there[number] for number in numbers if number in there}
        new = [number for number in numbers if number not in part.made[side]]
        rows = [_sample(part, parts, side, number) for number in new]
        for start in range(0, len(rows), 100):
            ids = end.create(kind, rows[start : start + 100])
            part.made[side] |= dict(zip(new[start : start + 100], ids, strict=True))


def _shares(part: Part) -> dict[Side, list[int]]:
    """Which numbers exist at which side. What nothing identifies is at one side only: it would be copied, rightly."""
    records = len(part.numbers)
    both = int(records * AT_BOTH) if part.sync.identifiers else 0
    one_way = [side for side in Side if not part.goes_to(side)]  # the source of a one-way sync holds all of them
    hub_only = int(records * (AT_ONE if both else 0.5))
    if one_way:
        hub_only = records - both if one_way[0] is Side.HUB else 0
    rest = list(part.numbers[both:])
    return {Side.HUB: [*part.numbers[:both], *rest[:hub_only]], Side.APP: [*part.numbers[:both], *rest[hub_only:]]}


def _sample(part: Part, parts: Sequence[Part], side: Side, number: int) -> Values:
    found = Values()
    total = max(max(each.numbers) for each in parts) + 1
    for concept in part.concepts:
        own, twin = part.field(concept, side), part.field(concept, side.other)
        if not part.can_type(side, own):
            continue
        if own.type is FieldType.REFERENCE:
            given = _reference(part, parts, own, side, number)
        elif own.type is FieldType.OPTION and (among := part.choices(concept, side)):
            given = among[number % len(among)]
        else:
            given = samples.value(part.concept, concept, number, own, twin, total)
        if given is not None:
            found[own.name] = given
    return found


def _reference(part: Part, parts: Sequence[Part], own: Field, side: Side, number: int) -> Value:
    """The record that this one belongs to, where it exists at this side: five people to a company."""
    mine = (each for each in parts if each.ends[Side.APP] is part.ends[Side.APP])
    target = next((each for each in mine if each.sync.kind(side) == own.refers_to), None)
    place = part.numbers.index(number) // samples.FIRMS
    id = target.made[side].get(target.numbers[place]) if target else None
    return [id] if id else None
