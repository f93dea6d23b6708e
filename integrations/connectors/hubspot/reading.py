"""Records from HubSpot's answers: pages of lists, searches, reads by id and by unique property.

Fields are properties and references; references come with calls of their own (``associations.py``) after the records, and owners as
e-mail addresses (``owners.py``).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from integrations import errors
from integrations.connectors.hubspot import schema
from integrations.connectors.hubspot.associations import Associations, inline, is_reference
from integrations.connectors.hubspot.client import after_of, ahead, call
from integrations.connectors.hubspot.days import Days
from integrations.connectors.hubspot.objects import BATCH, LIST_PAGE, OBJECTS, REDACTED, SEARCH_PAGE
from integrations.connectors.hubspot.owners import Owners
from integrations.http import Answer, ApiSession
from integrations.records import FieldType, ReadAnswer, RemoteRecord, Value

ALIASES = "hs_merged_object_ids"
# Longer lists of property names do not fit into a search body (3,000 characters) or an address: ids are listed, then read.
WIDE_SEARCH, WIDE_LIST = 2000, 6000
FIND_VALUES, FIND_ROOM = (
    20,
    2600,
)  # values a search; characters that they and the names of properties may take of its body


@dataclass(slots=True)
class Found:
    """One page of a search."""

    records: list[RemoteRecord]
    last_id: str  # of the page, "" when it is empty
    more: bool
    answer: Answer  # the first one, for its time


class Reader:
    """``types_of(kind)``: field types by name, as far as they are not text. ``sees_secrets``: see ``ObjectType.secret``;
    None where it is not known."""

    def __init__(
        self,
        session: ApiSession,
        types_of: Callable[[str], dict[str, FieldType]],
        owners: Owners,
        associations: Associations,
        *,
        sees_secrets: bool | None = None,
    ) -> None:
        self._session, self._types_of, self._sees_secrets = session, types_of, sees_secrets
        self._owners, self._associations, self.days = owners, associations, Days(session)

    def listed(self, kind: str, fields: Sequence[str], after: str | None) -> tuple[list[RemoteRecord], str | None]:
        """A page of all live records, and where the next one starts."""
        if len(_properties(kind, fields)) > WIDE_LIST:
            data = self.page(kind, (), after).data
            return self._read_listed(kind, data, fields), after_of(data)
        with_them = _inline(kind, fields)
        data = self.page(kind, fields, after, **with_them).data
        if not with_them:
            return self.records(kind, data, fields), after_of(data)
        records = [self.record(kind, item, fields) for item in data["results"]]
        self._associations.take_inline(kind, data["results"], records, fields)
        return records, after_of(data)

    def ahead(self, kind: str, fields: Sequence[str], after: str) -> None:
        """Start to fetch the page that ``listed`` is about to be asked for."""
        if len(_properties(kind, fields)) <= WIDE_LIST:
            ahead(self._session, "list", kind, params=_page(kind, fields, after, **_inline(kind, fields)))

    def page(self, kind: str, fields: Sequence[str], after: str | None, **more: Any) -> Answer:
        return call(self._session, "list", kind, params=_page(kind, fields, after, **more))

    def search(
        self, kind: str, filters: list[dict[str, Any]], fields: Sequence[str], *, room: int = WIDE_SEARCH
    ) -> Found:
        """The first page of what fits all filters, by ascending id. ``room``: characters for names of properties. Only ``paging``
        says that it was the last: the index lags, and a page may be short of records that were archived since."""
        wide = len(_properties(kind, fields)) > room
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": _properties(kind, () if wide else fields).split(","),
            "limit": SEARCH_PAGE,
        }
        first = answer = call(self._session, "search", kind, body=body)
        while not answer.data["results"] and (after := after_of(answer.data)):
            answer = call(self._session, "search", kind, body={**body, "after": after})
        results, following = answer.data["results"], after_of(answer.data)
        records = self._read_listed(kind, answer.data, fields) if wide else self.records(kind, answer.data, fields)
        return Found(records, str(results[-1]["id"]) if results else "", following is not None, first)

    def read(self, kind: str, ids: Sequence[str], fields: Sequence[str]) -> ReadAnswer:
        """By id, as things are now. Ids of merged records give the record that took over."""
        answer = ReadAnswer({})
        if not ids:
            return answer
        data = self._batch_read(kind, fields, [{"id": id} for id in ids])
        asked = set(ids)
        for record in self.records(kind, data, fields):
            for id in {record.id, *record.aliases} & asked:
                answer.records[id] = record
        for error in data.get("errors") or []:
            if error.get("category") == "OBJECT_NOT_FOUND":
                answer.gone.update(str(id) for id in (error.get("context") or {}).get("ids") or ())
        answer.gone -= answer.records.keys()
        for id in asked - answer.records.keys() - answer.gone:
            self._read_one(kind, id, fields, answer)
        return answer

    def find(self, kind: str, field: str, values: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord]:
        """By a unique property: a batch read, which sees writes at once. Else a search, which lags."""
        # With and without blanks around it: whether HubSpot keeps those is not known, and searches compare them.
        wanted = list(dict.fromkeys(form for value in values for form in (value, value.strip()) if form))
        found: list[RemoteRecord] = []
        if field in schema.UNIQUE.get(kind, ()):
            for some in _chunks(list(dict.fromkeys(value.strip().lower() for value in wanted)), BATCH):
                data = self._batch_read(kind, fields, [{"id": value} for value in some], idProperty=field)
                found += self.records(kind, data, fields)
            return found
        if self._types_of(kind).get(field) is FieldType.USER:
            wanted = list(self._owners.ids_of(wanted))
        for some in _fitting(wanted):
            found += self._find_some(kind, field, some, fields)
        return found

    def records(self, kind: str, data: dict[str, Any], fields: Sequence[str]) -> list[RemoteRecord]:
        """The records of an answer, with references."""
        records = [self.record(kind, item, fields) for item in data.get("results") or []]
        self._associations.fill(kind, records, fields)
        return records

    def record(self, kind: str, item: dict[str, Any], fields: Iterable[str]) -> RemoteRecord:
        """Only the properties that were asked for: HubSpot adds dates of its own, which would look like changes of the record."""
        types, days = self._types_of(kind), OBJECTS[kind].days
        values = item.get("properties") or {}
        merged = values.get(ALIASES)
        if OBJECTS[kind].secret:
            values = self._without_secrets(OBJECTS[kind].secret, values)
        found: dict[str, Value] = {}
        for name in fields:
            if name in values:
                text = values[name]
                if text is None or text == "":
                    found[name] = None
                elif (type_ := types.get(name)) in schema.AS_IT_IS:
                    found[name] = str(text)
                else:
                    found[name] = self.days.day_of(text) if name in days else self._value(text, type_)
        return RemoteRecord(
            id=str(item["id"]),
            values=found,
            modified_at=schema.moment(item.get("updatedAt")),
            created_at=schema.moment(item.get("createdAt")),
            version=str(item.get("updatedAt") or ""),
            aliases=tuple(id for id in merged.split(";") if id and id != str(item["id"])) if merged else (),
            archived=bool(item.get("archived")),
        )

    def _without_secrets(self, secret: Sequence[str], values: dict[str, Any]) -> dict[str, Any]:
        """What HubSpot keeps from us is unknown: neither blank nor the words that it puts there instead. A key does not tell its
        scopes; then those words do, and an e-mail of which nothing is shown may be one of those."""
        shown = [str(values.get(name) or "") for name in secret]
        hidden = self._sees_secrets is False or any(text.startswith(REDACTED) for text in shown)
        if not hidden and (self._sees_secrets or any(shown)):
            return values
        return {name: value for name, value in values.items() if name not in secret}

    def _value(self, text: str | None, kind: FieldType | None) -> Value:
        if kind is FieldType.USER and text:
            return self._owners.email_of(text)
        return schema.to_canonical(text, kind or FieldType.TEXT)

    def _find_some(self, kind: str, field: str, values: list[str], fields: Sequence[str]) -> list[RemoteRecord]:
        """``IN`` compares text without case, and takes lower case only."""
        option = self._types_of(kind).get(field) in (FieldType.OPTION, FieldType.MULTI)
        given = values if option else [value.lower() for value in values]
        found: list[RemoteRecord] = []
        last = "0"
        while True:
            filters: list[dict[str, Any]] = [
                {"propertyName": field, "operator": "IN", "values": given},
                {"propertyName": "hs_object_id", "operator": "GT", "value": last},
            ]
            page = self.search(kind, filters, fields, room=FIND_ROOM - _size(given))
            found += page.records
            if not page.more:
                return found
            last = page.last_id

    def _batch_read(
        self, kind: str, fields: Sequence[str], inputs: list[dict[str, str]], **more: str
    ) -> dict[str, Any]:
        body = {"inputs": inputs, "properties": _properties(kind, fields).split(","), **more}
        return dict(call(self._session, "read", kind, body=body).data)

    def _read_one(self, kind: str, id: str, fields: Sequence[str], answer: ReadAnswer) -> None:
        """For an id on which the batch is silent (it was merged, perhaps): asked alone, HubSpot follows the merge. What it
        refuses for good (more than 250 merges stand behind a record) must not keep the others from being read."""
        try:
            said = call(self._session, "one", kind, id=id, params={"properties": _properties(kind, fields)})
        except errors.Gone:
            answer.gone.add(id)
            return
        except errors.Refused:
            return
        [record] = self.records(kind, {"results": [said.data]}, fields)
        record.aliases = tuple(dict.fromkeys([*record.aliases, *([id] if record.id != id else [])]))
        answer.records[id] = record

    def _read_listed(self, kind: str, data: dict[str, Any], fields: Sequence[str]) -> list[RemoteRecord]:
        ids = [str(item["id"]) for item in data["results"]]
        found: dict[str, RemoteRecord] = {}
        for some in _chunks(ids, BATCH):
            found |= self.read(kind, some, fields).records
        return list(found.values())


def _page(kind: str, fields: Sequence[str], after: str | None, **more: Any) -> dict[str, Any]:
    """The parameters of one page of a list."""
    return {"limit": LIST_PAGE, "properties": _properties(kind, fields), **more, **({"after": after} if after else {})}


def _inline(kind: str, fields: Sequence[str]) -> dict[str, str]:
    with_them = inline(kind, fields)
    return {"associations": with_them} if with_them else {}


def _properties(kind: str, fields: Sequence[str]) -> str:
    secret = OBJECTS[kind].secret
    telling = secret[:1] if not set(secret).isdisjoint(fields) else ()
    return ",".join(dict.fromkeys([*(name for name in fields if not is_reference(name)), *telling, ALIASES]))


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    return (values[at : at + size] for at in range(0, len(values), size))


def _size(values: Iterable[str]) -> int:
    """Characters that the values take in a JSON body."""
    return sum(len(json.dumps(value)) + 2 for value in values)


def _fitting(values: list[str]) -> Iterator[list[str]]:
    """The values in groups that a search body has room for. One that is too long even alone cannot be searched for."""
    group: list[str] = []
    for value in values:
        if _size([value]) > FIND_ROOM - 600:
            continue
        if group and (len(group) == FIND_VALUES or _size([*group, value]) > FIND_ROOM - 600):
            yield group
            group = []
        group.append(value)
    if group:
        yield group
