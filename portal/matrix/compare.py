"""Both sides, read over the vendors' APIs, against what the syncs say of themselves.

Pairs come from the syncs' links; that the values of a pair agree, that each record has a link at all, and that nothing is there
twice comes from the records. The rules are those of the wizard's defaults: a blank never erases a value, and a one-way sync asks
only whether the source's values have arrived.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from integrations.records import Field, FieldType, Side, Value
from integrations.richtext import plain
from portal.matrix.apps.base import Adaptor, Records
from portal.matrix.parts import Part, sides
from portal.matrix.play import Play
from portal.matrix.report import COLUMNS
from syncjobs.models import FieldMapping, RecordLink, RecordStatus, SyncCount
from syncjobs.services.mappings import towards

NOTHING: dict[str, Any] = dict.fromkeys(COLUMNS, 0)
Kinds = tuple[Adaptor, str, str]
"""The app's account, and a kind of the hub and of the app."""

ARROWS = {"both": "⇄", "to_hub": "←", "to_app": "→"}  # the hub is named first


@dataclass(frozen=True)
class Pair:
    """An in-sync link."""

    hub: str
    app: str

    def id(self, side: Side) -> str:
        return self.hub if side is Side.HUB else self.app


def rows(play: Play) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """A row for each object, and in words everything that is wrong with it."""
    held = {id(part): _read(part) for part in play.live}
    twins = {_kinds(part): _pairs(part) for part in play.live}
    for kind, why in play.impossible.items():
        yield {**NOTHING, "hub": play.hub.key, "app": play.apps[0].key, "object": kind, "arrow": "–", "note": why}, []
    for part in play.parts:
        names = {"hub": play.hub.key, "app": part.ends[Side.APP].label}
        words = {"object": part.sync.app_kind, "arrow": ARROWS[part.sync.direction], "note": part.note}
        row: dict[str, Any] = {**NOTHING, **names, **words, "quiet_writes": part.quiet_writes}
        wrong: list[str] = []
        if part in play.live:
            counts = {count.status: count.n for count in SyncCount.objects.filter(sync=part.sync)}
            row |= {"in_sync": counts.pop(RecordStatus.IN_SYNC, 0), "failed": counts.pop(RecordStatus.FAILED, 0)}
            row["excluded"] = sum(counts.values()) - counts.get(RecordStatus.PENDING, 0)
            doubled = _doubled(part, held[id(part)])
            different = [*_different(part, held[id(part)]), *_lost_work(part, held[id(part)])]
            lost = list(_lost_references(part, held[id(part)], twins))
            row |= {"duplicates": len(doubled), "mismatches": len(different), "lost_associations": len(lost)}
            wrong = [*_failures(part), *doubled, *different, *lost]
        yield row, wrong


def _kinds(part: Part) -> Kinds:
    return part.ends[Side.APP], part.sync.hub_kind, part.sync.app_kind


def _read(part: Part) -> dict[Side, Records]:
    names = {
        side: sorted({row.hub_field if side is Side.HUB else row.app_field for row in _mappings(part)}) for side in Side
    }
    return {
        side: end.records(part.sync.kind(side), [part.fields[side][name] for name in names[side]])
        for side, end in part.ends.items()
    }


def _mappings(part: Part) -> list[FieldMapping]:
    return [row for row in part.sync.mappings.all() if row.on and not row.problem]


def _pairs(part: Part) -> list[Pair]:
    links = RecordLink.objects.filter(sync=part.sync, status=RecordStatus.IN_SYNC)
    return [Pair(hub, app) for hub, app in links.values_list("hub_id", "app_id") if hub and app]


def _failures(part: Part) -> Iterator[str]:
    links = RecordLink.objects.filter(sync=part.sync, status=RecordStatus.FAILED).order_by("pk")
    for link in links[:3]:
        yield f"failed: {link.label}: {link.code} {link.field} {link.detail[:200]}"


# -- records ------------------------------------------------------------------------------------------------------------------
def _doubled(part: Part, held: dict[Side, Records]) -> list[str]:
    """Each record beyond the first that has the same identity at one side. Samples have each only once."""
    if not part.identity:
        return []
    found = []
    for side in Side:
        name = part.name(part.identity, side)
        times = Counter(_plain(values.get(name), part.fields[side][name]) for values in held[side].values())
        found += [f"twice at the {side}: {key}" for key, n in times.items() if key for _ in range(n - 1)]
    return found


def _different(part: Part, held: dict[Side, Records]) -> Iterator[str]:
    for pair in _pairs(part):
        missing = [side for side in Side if pair.id(side) not in held[side]]
        for side in missing:
            yield f"in sync, and not there at the {side}: {pair.id(side)}"
        if not missing:
            values = {side: held[side][pair.id(side)] for side in Side}
            for mapping in _mappings(part):
                own = any(
                    end.keeps(part.sync.kind(side), _name(mapping, side), values[side])
                    for side, end in part.ends.items()
                )
                if not (own or _agree(part, mapping, values)):
                    shown = [f"{_name(mapping, side)} {values[side].get(_name(mapping, side))!r}" for side in Side]
                    yield f"{pair.hub} = {pair.app}: {', '.join(shown)}"
    for side in sides(part):
        known = set(RecordLink.objects.filter(sync=part.sync).values_list(f"{side.other}_id", flat=True))
        for id in held[side.other].keys() - known:
            yield f"unknown to the sync: {id} at the {side.other}"


def _name(mapping: FieldMapping, side: Side) -> str:
    return mapping.hub_field if side is Side.HUB else mapping.app_field


def _agree(part: Part, mapping: FieldMapping, values: dict[Side, Any]) -> bool:
    """Associations are counted apart. Where values go one way, a blank source proves nothing."""
    ends = {side: part.fields[side][_name(mapping, side)] for side in Side}
    types = {each.type for each in ends.values()}
    if FieldType.REFERENCE in types:
        return True
    shown = {side: values[side].get(_name(mapping, side)) for side in Side}
    if types == {FieldType.USER} and any(_is_stranger(shown[side], ends[side.other]) for side in Side):
        return True
    into = [
        side
        for side in sides(part)
        if towards(mapping.direction, side)
        and ends[side].writable
        and ends[side.other].readable
        and ends[side].readable
    ]
    if not into:
        return True
    if len(into) == 1 and shown[into[0].other] in (None, "", []):
        return True
    forms = {side: _forms(shown[side], ends[side]) for side in Side}
    return bool(forms[Side.HUB] & forms[Side.APP]) or any(_stands_for(mapping, side, shown, ends) for side in into)


def _is_stranger(user: Value, field: Field) -> bool:
    """Whether somebody does not work with the other app: such an owner stays where it is."""
    return bool(user and field.options) and user not in {option.value for option in field.options}


def _stands_for(mapping: FieldMapping, side: Side, shown: dict[Side, Any], ends: dict[Side, Field]) -> bool:
    """Whether this side holds what the page of values says for the value of the other side: its partner here, or for strangers
    the one that fills a blank, or what had been there already."""
    pairs = {pair[side.other]: pair[side] for pair in reversed(mapping.value_map)}
    writable = {option.value for option in ends[side].options if option.writable}
    wanted = pairs.get(str(shown[side.other]), "")
    if ends[side].options and wanted not in writable:
        namesakes = _forms(shown[side.other], ends[side.other])
        known = any(_forms(value, ends[side]) & namesakes for value in writable)
        if not known and mapping.otherwise.get(side):
            return bool(shown[side])
        wanted = ""
    return bool(wanted) and shown[side] == wanted


def _lost_work(part: Part, held: dict[Side, Records]) -> Iterator[str]:
    """Edits and deletions that did not last, or did not cross."""
    gone = {(side, id) for side, id in part.deleted}
    for edit in part.edits:
        values = held[edit.side].get(edit.id)
        own = part.fields[edit.side][edit.field]
        if not values or (edit.side, edit.id) in gone:
            continue
        is_there = _plain(values.get(edit.field), own) == _plain(edit.value, own)
        if not (is_there or set(_ids(edit.value)) & set(_ids(values.get(edit.field)))):
            yield f"an edit was undone: {edit.id} at the {edit.side}, {edit.field} {values.get(edit.field)!r}"
    for side, id in part.deleted:
        link = RecordLink.objects.filter(sync=part.sync, **{f"{side}_id": id}).first()
        policy = part.sync.when_deleted_in_hub if side is Side.HUB else part.sync.when_deleted_in_app
        twin = getattr(link, f"{side.other}_id") if link else None
        if policy == "delete" and twin in held[side.other]:
            yield f"a deletion did not cross: {id} at the {side}, {twin} is still there"
        elif policy != "delete" and link and link.status == RecordStatus.IN_SYNC:
            yield f"a deletion was not noticed: {id} at the {side}"


# -- associations -------------------------------------------------------------------------------------------------------------
def _lost_references(part: Part, held: dict[Side, Records], twins: dict[Kinds, list[Pair]]) -> Iterator[str]:
    """Of in-sync pairs: referents that are in sync themselves and that the other side's record does not name."""
    for mapping in _mappings(part):
        ends = {side: part.fields[side][_name(mapping, side)] for side in Side}
        if {each.type for each in ends.values()} != {FieldType.REFERENCE}:
            continue
        pairs = twins.get((part.ends[Side.APP], ends[Side.HUB].refers_to, ends[Side.APP].refers_to), [])
        for side in sides(part):
            if towards(mapping.direction, side) and ends[side].writable:
                twin = {pair.id(side.other): pair.id(side) for pair in pairs}
                yield from _missing(part, mapping, side, held, twin, _rivals(part, side, ends[side]))


def _rivals(part: Part, side: Side, target: Field) -> list[str]:
    """Fields that hold their record in the same place as ``target``, which takes one."""
    end = part.ends[side]
    fields = (part.fields[side][_name(mapping, side)] for mapping in _mappings(part))
    place = partial(end.place, part.sync.kind(side))
    return [field.name for field in fields if field.name != target.name and place(field) == place(target)]


def _missing(
    part: Part, mapping: FieldMapping, side: Side, held: dict[Side, Records], twin: dict[str, str], rivals: list[str]
) -> Iterator[str]:
    target = part.fields[side][_name(mapping, side)]
    for pair in _pairs(part):
        source, there = (held[each].get(pair.id(each)) for each in (side.other, side))
        if source is None or there is None:
            continue
        wanted = {twin[id] for id in _ids(source.get(_name(mapping, side.other))) if id in twin}
        named = set(_ids(there.get(_name(mapping, side))))
        if not target.many and (wanted & named or any(_ids(there.get(rival)) for rival in rivals)):
            continue
        for id in wanted - named:
            yield f"{pair.id(side)} at the {side} does not name {id} ({_name(mapping, side)})"


def _ids(value: Value) -> list[str]:
    return value if isinstance(value, list) else []


# -- values -------------------------------------------------------------------------------------------------------------------
def _forms(value: Value, field: Field) -> set[str]:
    """All the ways in which a value can be written at the other side: an option also by its label, a moment also as its day."""
    plain = _plain(value, field)
    found = {plain}
    if field.type in (FieldType.OPTION, FieldType.MULTI):
        words = value if isinstance(value, list) else [str(value)]
        labels = {option.value: option.label for option in field.options}
        found.add(", ".join(sorted(str(labels.get(word, word)) for word in words)).casefold())
    if field.type is FieldType.DATETIME and plain:
        found.add(plain[:10])
    if field.type is FieldType.DATE and plain:
        found.add(f"{plain}t00:00:00.000z")
    return found


def _plain(value: Value, field: Field) -> str:
    """A value as people compare it."""
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, list):
        return ", ".join(sorted(value)).casefold()
    shown = plain(str(value or "")) if field.type is FieldType.RICH_TEXT else str(value or "")
    text = " ".join(shown.split()).casefold()
    if field.type is FieldType.PHONE:
        return re.sub(r"\D", "", text)
    if field.type is FieldType.URL:
        return re.sub(r"^https?://", "", text).rstrip("/")
    if field.type is FieldType.NUMBER and text:
        try:
            return format(Decimal(text).normalize(), "f")
        except InvalidOperation:
            return text
    return _moment(text) if field.type is FieldType.DATETIME and text else text


def _moment(text: str) -> str:
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        return text
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.strftime("%Y-%m-%dt%H:%M:%S.") + f"{at.microsecond // 1000:03}z"
