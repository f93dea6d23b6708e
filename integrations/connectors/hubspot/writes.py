"""Batch writes to HubSpot with one verdict per item, whatever HubSpot says about the batch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.associations import is_reference
from integrations.connectors.hubspot.client import CULPRIT, call, item_error
from integrations.connectors.hubspot.linking import Linker, at_creation, of_a_pair, refuse_lost, written
from integrations.connectors.verdicts import in_parts
from integrations.http import ApiSession
from integrations.records import Create, RemoteRecord, Update, Values, Verdict

Ready = tuple[Any, dict[str, str]]
"""An item (Create or Update) and its properties as they are sent."""
Answered = dict[int, Verdict]
"""Place of an item in the request → what became of it."""


class Writer:
    """Writes of one object type. ``parse`` turns an answer's result into a RemoteRecord with the named fields, ``on_wire`` values
    into properties to send (it raises Refused for what cannot be sent)."""

    def __init__(
        self,
        session: ApiSession,
        kind: str,
        parse: Callable[[dict[str, Any], Iterable[str]], RemoteRecord],
        on_wire: Callable[[Values], dict[str, str]],
        linker: Linker,
    ) -> None:
        self._session, self._kind, self._parse = session, kind, parse
        self._on_wire, self._linker = on_wire, linker

    def create(self, items: Sequence[Create]) -> list[Verdict]:
        """``objectWriteTraceId`` is what makes HubSpot answer per item; without it one bad input fails all."""
        return self._prepared(items, self._create_ready, creating=True)

    def update(self, items: Sequence[Update]) -> list[Verdict]:
        """Properties first, then associations of the records whose properties went through."""
        return self._prepared(items, self._update_ready, creating=False)

    def archive(self, ids: Sequence[str]) -> list[Verdict]:
        return in_parts(list(ids), self._archive_once, CULPRIT)

    def _prepared(
        self, items: Sequence[Any], send: Callable[[list[Any]], list[Verdict]], *, creating: bool
    ) -> list[Verdict]:
        """Verdicts of all; ``send`` gets (item, properties) of those that can be sent."""
        found: Answered = {}
        ready = []
        for place, item in enumerate(items):
            try:
                refuse_lost(self._kind, item.values, creating=creating)
                ready.append((place, item, self._on_wire(item.values)))
            except errors.Refused as error:
                found[place] = Verdict(error=error)
        verdicts = send([(item, properties) for _place, item, properties in ready]) if ready else []
        found |= {place: verdict for (place, _item, _properties), verdict in zip(ready, verdicts, strict=True)}
        return [found[place] for place in range(len(items))]

    def _create_ready(self, ready: list[Ready]) -> list[Verdict]:
        """No verdict says that a record is gone which was to be made: what HubSpot did not find is one that it refers to."""
        return [
            Verdict(error=of_a_pair(verdict.error)) if isinstance(verdict.error, errors.Gone) else verdict
            for verdict in in_parts(ready, self._create_once, CULPRIT)
        ]

    def _update_ready(self, ready: list[Ready]) -> list[Verdict]:
        """An item without properties is about associations only: no call of the object's own is made for it."""
        verdicts: Answered = {}
        sent = [place for place, (_item, properties) in enumerate(ready) if properties]
        verdicts |= zip(sent, in_parts([ready[place] for place in sent], self._update_once, CULPRIT), strict=True)
        linked = []
        for place, (item, properties) in enumerate(ready):
            if not properties:
                verdicts[place] = Verdict(record=RemoteRecord(item.id, {}))
            record, values = verdicts[place].record, written(self._kind, item.values)
            if record and values:
                record.values |= values
                linked.append((place, replace(item, id=record.id)))
        if linked:
            failed = self._linker.apply(linked, done=any(verdicts[place].record for place in sent))
            verdicts |= {place: Verdict(error=error) for place, error in failed.items()}
        return [verdicts[place] for place in range(len(ready))]

    def _create_once(self, ready: list[Ready]) -> list[Verdict]:
        items: list[Create] = [item for item, _properties in ready]
        inputs = [self._input(item, properties) for item, properties in ready]
        said = call(self._session, "create", self._kind, body={"inputs": inputs}).data
        places = {item.key: place for place, item in enumerate(items)}
        found: Answered = {}
        nameless = _named(said, "objectWriteTraceId", places, found)
        loose = []
        for result in said.get("results") or []:
            place = places.get(result.get("objectWriteTraceId"))
            if place is None:
                loose.append(result)
            else:
                found[place] = self._done(self._parse(result, items[place].values), items[place].values)
        names = dict.fromkeys(name for item in items for name in item.values) if loose else {}
        for record in [self._parse(result, names) for result in loose]:
            place = _author_of(record, items, found)
            if place is not None:
                found[place] = self._done(record, items[place].values)
        return _all(found, len(items), nameless)

    def _input(self, item: Create, properties: dict[str, str]) -> dict[str, Any]:
        near = at_creation(self._kind, item.values)
        made = {"properties": properties, "objectWriteTraceId": item.key}
        return made | {"associations": near} if near else made

    def _update_once(self, ready: list[Ready]) -> list[Verdict]:
        items: list[Update] = [item for item, _properties in ready]
        inputs = [{"id": item.id, "properties": properties} for item, properties in ready]
        said = call(self._session, "update", self._kind, body={"inputs": inputs}).data
        places = {item.id: place for place, item in enumerate(items)}
        found: Answered = {}
        nameless = _named(said, "ids", places, found)
        names = dict.fromkeys(name for item in items for name in item.values)
        moved = []
        for result in said.get("results") or []:
            record = self._parse(result, names)
            meant = [places[id] for id in (record.id, *record.aliases) if id in places]
            for place in meant:
                found[place] = self._done(record, items[place].values)
            if not meant:
                moved.append(record)
        silent = set(range(len(items))) - found.keys()
        # Merged meanwhile: HubSpot wrote to the record that took over, and gives that one's id.
        if len(silent) == len(moved) == 1:
            place, record = silent.pop(), moved[0]
            record.aliases = (*record.aliases, items[place].id)
            found[place] = self._done(record, items[place].values)
        return _all(found, len(items), nameless)

    def _archive_once(self, ids: list[str]) -> list[Verdict]:
        call(self._session, "archive", self._kind, body={"inputs": [{"id": id} for id in ids]})
        return [Verdict() for _id in ids]

    def _done(self, record: RemoteRecord, sent: Values) -> Verdict:
        """The record with the fields that were written, as HubSpot stored them. One that was cleared may be left out of the answer;
        any other that is left out stays out: unknown. Associations are not in the answer: they are what was asked for."""
        stored = record.values
        values = {name: stored.get(name) for name, value in sent.items() if name in stored or value is None}
        values |= written(self._kind, sent)
        if values == stored:
            return Verdict(record)
        return Verdict(
            RemoteRecord(
                record.id, values, record.modified_at, record.created_at, record.version, record.aliases, record.partial,
                record.archived,
            )
        )  # fmt: skip


def _author_of(record: RemoteRecord, items: list[Create], found: Answered) -> int | None:
    """Which input a result without its trace id came from: the one input left whose e-mail, else whose values, it carries."""
    left = [place for place in range(len(items)) if place not in found]
    for names in (("email",), None):
        same = [
            place
            for place in left
            if (names is None or items[place].values.get("email"))
            and all(
                _folded(record.values.get(name)) == _folded(value)
                for name, value in items[place].values.items()
                if (name in names if names else not is_reference(name))
            )
        ]
        if len(same) == 1:
            return same[0]
    return left[0] if len(left) == 1 else None


def _folded(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value


def _named(said: dict[str, Any], name: str, places: dict[str, int], found: Answered) -> list[dict[str, Any]]:
    """Put into ``found`` the errors whose context names an input by ``name``; the others."""
    nameless = []
    for error in said.get("errors") or []:
        meant = [str(key) for key in (error.get("context") or {}).get(name) or () if str(key) in places]
        found |= {places[key]: Verdict(error=item_error(error)) for key in meant}
        if not meant:
            nameless.append(error)
    return nameless


def _all(found: Answered, count: int, nameless: list[dict[str, Any]]) -> list[Verdict]:
    """Items on which the answer is silent may or may not have been written; a single one is what a single error is about that does
    not say of which it is."""
    lost = errors.NoAnswer(_("HubSpot's answer does not say what became of this record."))
    alone = len(nameless) == count - len(found) == 1
    silent = Verdict(error=item_error(nameless[0]) if alone else lost)
    return [found.get(place, silent) for place in range(count)]
