"""Batch writes to HubSpot with one verdict per item, whatever HubSpot says about the batch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.client import call, item_error
from integrations.connectors.hubspot.schema import to_wire
from integrations.http import ApiSession
from integrations.records import Create, RemoteRecord, Update, Values, Verdict

# Refusals of a whole batch that one item may have caused. Anything else (rate, auth, outage) concerns all items alike.
SPLITTABLE = (errors.Refused, errors.AlreadyExists, errors.Gone, errors.Locked)

Answered = dict[int, Verdict]
"""Place of an item in the request → what became of it."""


class Writer:
    """Writes of one object type. ``parse`` turns an answer's result into a RemoteRecord with the named fields."""

    def __init__(
        self, session: ApiSession, kind: str, parse: Callable[[dict[str, Any], Iterable[str]], RemoteRecord]
    ) -> None:
        self._session, self._kind, self._parse = session, kind, parse

    def create(self, items: Sequence[Create]) -> list[Verdict]:
        """``objectWriteTraceId`` is what makes HubSpot answer per item; without it one bad input fails all."""
        return self._in_parts(list(items), self._create_once)

    def update(self, items: Sequence[Update]) -> list[Verdict]:
        return self._in_parts(list(items), self._update_once)

    def archive(self, ids: Sequence[str]) -> list[Verdict]:
        return self._in_parts(list(ids), self._archive_once)

    def _in_parts(self, items: list[Any], send: Callable[[list[Any]], list[Verdict]]) -> list[Verdict]:
        """Send all; halve what is refused as a whole until the culprit stands alone.

        An error that concerns the account is raised when nothing was settled yet; later it becomes the verdict of all items that
        were not settled, so that what did happen is not forgotten.
        """
        verdicts: list[Verdict | None] = [None] * len(items)
        todo = [(0, len(items))] if items else []
        while todo:
            low, high = todo.pop()
            try:
                verdicts[low:high] = send(items[low:high])
            except SPLITTABLE as error:
                if high - low == 1:
                    verdicts[low] = Verdict(error=error)
                else:
                    middle = (low + high) // 2
                    todo += [(middle, high), (low, middle)]
            except errors.ConnectorError as error:
                if not any(verdicts):
                    raise
                return [
                    verdict or Verdict(error=_unsettled(error, low <= place < high))
                    for place, verdict in enumerate(verdicts)
                ]
        return [verdict for verdict in verdicts if verdict]

    def _create_once(self, items: list[Create]) -> list[Verdict]:
        inputs = [{"properties": _wire(item.values), "objectWriteTraceId": item.key} for item in items]
        said = call(self._session, "create", self._kind, body={"inputs": inputs}).data
        places = {item.key: place for place, item in enumerate(items)}
        found: Answered = {}
        for error in said.get("errors") or []:
            for key in (error.get("context") or {}).get("objectWriteTraceId") or ():
                if key in places:
                    found[places[key]] = Verdict(error=item_error(error))
        names = dict.fromkeys(name for item in items for name in item.values)
        loose = []
        for result in said.get("results") or []:
            record, place = self._parse(result, names), places.get(result.get("objectWriteTraceId"))
            if place is None:
                loose.append(record)
            else:
                found[place] = _done(record, items[place].values)
        for record in loose:
            place = _author_of(record, items, found)
            if place is not None:
                found[place] = _done(record, items[place].values)
        return _all(found, len(items))

    def _update_once(self, items: list[Update]) -> list[Verdict]:
        inputs = [{"id": item.id, "properties": _wire(item.values)} for item in items]
        said = call(self._session, "update", self._kind, body={"inputs": inputs}).data
        places = {item.id: place for place, item in enumerate(items)}
        found: Answered = {}
        for error in said.get("errors") or []:
            for id in (error.get("context") or {}).get("ids") or ():
                if str(id) in places:
                    found[places[str(id)]] = Verdict(error=item_error(error))
        names = dict.fromkeys(name for item in items for name in item.values)
        moved = []
        for result in said.get("results") or []:
            record = self._parse(result, names)
            meant = [places[id] for id in (record.id, *record.aliases) if id in places]
            for place in meant:
                found[place] = _done(record, items[place].values)
            if not meant:
                moved.append(record)
        silent = set(range(len(items))) - found.keys()
        # Merged meanwhile: HubSpot wrote to the record that took over, and gives that one's id.
        if len(silent) == len(moved) == 1:
            place, record = silent.pop(), moved[0]
            record.aliases = (*record.aliases, items[place].id)
            found[place] = _done(record, items[place].values)
        return _all(found, len(items))

    def _archive_once(self, ids: list[str]) -> list[Verdict]:
        call(self._session, "archive", self._kind, body={"inputs": [{"id": id} for id in ids]})
        return [Verdict() for _id in ids]


def _wire(values: Values) -> dict[str, str]:
    return {name: to_wire(value) for name, value in values.items()}


def _done(record: RemoteRecord, written: Values) -> Verdict:
    """The record with the fields that were written, as HubSpot stored them. One that was cleared may be left out of the answer;
    any other that is left out stays out: unknown."""
    kept = {name: record.values.get(name) for name, value in written.items() if name in record.values or value is None}
    return Verdict(record=replace(record, values=kept))


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
                if names is None or name in names
            )
        ]
        if len(same) == 1:
            return same[0]
    return left[0] if len(left) == 1 else None


def _folded(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value


def _all(found: Answered, count: int) -> list[Verdict]:
    """Items on which the answer is silent may or may not have been written."""
    silent = Verdict(error=errors.NoAnswer(_("HubSpot's answer does not say what became of this record.")))
    return [found.get(place, silent) for place in range(count)]


def _unsettled(error: errors.ConnectorError, sent: bool) -> errors.ConnectorError:
    """What an error means for an item: a lost answer says nothing about items that were not even sent."""
    if isinstance(error, errors.NoAnswer) and not sent:
        return errors.Unavailable(error.message, status=error.status)
    return error
