"""HubSpot's records in the words of the connector protocol. Works for every object type of one shape (contacts first).

*Changes* are searched, not listed: ``modified date >= lo and hs_object_id > last``, by ascending id, 200 a page. Going on by id
instead of by offset means that the 10,000 results which a search can reach are never reached, that thousands of records with
one timestamp are no trouble, and that records which change meanwhile shift nothing: those already passed come again in the next
poll, which begins where this one began by HubSpot's own clock (the Date header of its first answer), less an overlap. So a wrong
clock here loses nothing. There is no upper end: ids only grow, and new records cannot be made faster than they are read.

*Deletions* do not show in a search, and the list of archived records has no time filter. Each poll therefore reads one page of
that list, going on where the last poll stopped and starting over at its end; while a page shows new deletions the next one
is read at once. Cost: one call a poll. Up to 100 archived records a deletion is seen at the next poll; with n of them after
n / 100 polls at the latest, unless a webhook or a read by id tells sooner.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Scope
from integrations.connectors.hubspot import schema
from integrations.connectors.hubspot.client import call
from integrations.connectors.hubspot.preflight import checks
from integrations.connectors.hubspot.writes import Writer
from integrations.http import Answer, ApiSession
from integrations.records import (
    CheckResult,
    Container,
    Create,
    Field,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Verdict,
)

MODIFIED = {"contacts": "lastmodifieddate"}  # everything else: hs_lastmodifieddate
TYPE_IDS = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5", "products": "0-7"}
ALIASES = "hs_merged_object_ids"
TEXT = schema.FieldType.TEXT
OVERLAP = 120_000  # ms that a window reaches back: search shows a change seconds after it happened
LIST_PAGE, SEARCH_PAGE = 100, 200
# Longer lists of property names do not fit into a search body (3,000 characters) or an address: ids are listed, then read.
WIDE_SEARCH, WIDE_LIST = 2000, 6000
FIND_VALUES = 20  # values a search: the body has room for 3,000 characters

ABILITIES = Abilities(
    webhooks=True,
    create_fields=True,
    merges=True,
    scan_page=LIST_PAGE,
    read_batch=100,
    write_batch=100,
    poll_seconds=60,
    visibility_lag=10,
    calls_per_minute=600,
)


class HubSpot:
    """``stored_fields(kind)`` gives the field definitions as last read (None: read them now); ``app_url`` is where people look
    at records; ``scopes`` are those that were granted, None when the way in does not tell."""

    def __init__(
        self,
        session: ApiSession,
        *,
        stored_fields: Callable[[str], list[Field] | None] = lambda kind: None,
        app_url: str = "",
        portal_id: str = "",
        scopes: Sequence[str] | None = None,
    ) -> None:
        self._session = session
        self._stored_fields = stored_fields
        self._app_url, self._portal_id = app_url, portal_id
        self.scopes = scopes
        self._types: dict[str, dict[str, schema.FieldType]] = {}

    @property
    def calls(self) -> int:
        return self._session.calls

    def abilities(self, kind: str) -> Abilities:
        return ABILITIES

    def identify(self) -> RemoteAccount:
        said = self._call("account").data
        portal = str(said["portalId"])
        name = _("HubSpot account %(id)s") % {"id": portal}
        if said.get("accountType", "STANDARD") != "STANDARD":
            name += f" ({str(said['accountType']).replace('_', ' ').lower()})"
        return RemoteAccount(id=portal, name=name, time_zone=said.get("timeZone") or "UTC", extra=said)

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        return checks(self, self._session, kinds)

    def fields(self, kind: str) -> list[Field]:
        try:
            said = self._call("properties", kind).data
            found = [schema.field_of(definition, kind) for definition in said["results"]]
        except (KeyError, TypeError) as error:
            raise errors.SchemaUnreadable(_("HubSpot's list of properties cannot be read.")) from error
        return sorted((field for field in found if field), key=lambda field: field.label.casefold())

    def create_field(self, kind: str, field: Field) -> Field:
        answer = self._call("properties", kind, body=schema.definition_of(field, kind))
        made = schema.field_of(answer.data, kind)
        if made is None:
            raise errors.SchemaUnreadable(_("HubSpot's answer about the new property cannot be read."))
        self._types.pop(kind, None)
        return made

    def containers(self, kind: str) -> list[Container]:
        return []

    # -- reading -------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        wide = len(_properties(fields)) > WIDE_LIST
        data = self._list(kind, () if wide else fields, (position or {}).get("after"))
        records = self._read_listed(kind, data, fields) if wide else self._records(kind, data, fields)
        after = _after(data)
        return Page(records, position={"after": after} if after else None)

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        """``cursor``: {"lo": ms, "archived": {"after": id or None, "lap": ms, "since": ms}}. ``lap`` is when the pass over the
        archived list that is under way began, ``since`` when the one before did: older deletions have been told."""
        if cursor is None:
            at = _clock(self._list(kind, (), None, limit=1, raw=True))
            return Page([], cursor={"lo": at, "archived": {"after": None, "lap": at, "since": at}})
        position = position or {"lo": cursor["lo"] - OVERLAP, "last": "0", "archived": cursor["archived"]}
        records: list[RemoteRecord] = []
        if "last" in position:
            records, position = self._search_page(kind, fields, position)
            if "last" in position:
                return Page(records, position=position)
        gone, revived, archived, more = self._archived_page(kind, fields, position)
        position = {**position, "archived": archived}
        if more:
            return Page(records + revived, gone=gone, position=position)
        return Page(records + revived, gone=gone, cursor={"lo": position["next"], "archived": archived})

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        asked = [ref.id for ref in refs]
        answer = ReadAnswer({})
        if not asked:
            return answer
        data = self._batch_read(kind, fields, [{"id": id} for id in asked])
        self._sort_in(answer, set(asked), self._records(kind, data, fields))
        for error in data.get("errors") or []:
            if error.get("category") == "OBJECT_NOT_FOUND":
                answer.gone.update(str(id) for id in (error.get("context") or {}).get("ids") or ())
        answer.gone -= answer.records.keys()
        for id in set(asked) - answer.records.keys() - answer.gone:
            self._read_one(kind, id, fields, answer)
        return answer

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """By e-mail of contacts: a batch read by that unique property, which sees writes at once. Else a search, which lags."""
        wanted = list(dict.fromkeys(value for value in values if value))
        found: list[RemoteRecord] = []
        if field in schema.UNIQUE.get(kind, ()):
            for some in _chunks([value.strip().lower() for value in wanted], ABILITIES.read_batch):
                data = self._batch_read(kind, fields, [{"id": value} for value in some], idProperty=field)
                found += self._records(kind, data, fields)
            return found
        for some in _chunks(wanted, FIND_VALUES):
            found += self._find_some(kind, field, some, fields)
        return found

    # -- writing -------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        """Verdicts carry the representation that HubSpot stored. A field that its answer leaves out is absent: unknown."""
        return self._writer(kind).create(items)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return self._writer(kind).update(items)

    def delete(self, kind: str, ids: Sequence[str]) -> list[Verdict]:
        """Archives: a person in HubSpot can restore within 90 days. Ids that are archived already count as done."""
        return self._writer(kind).archive(ids)

    def record_url(self, kind: str, id: str) -> str:
        if not self._app_url or not self._portal_id:
            return ""
        return f"{self._app_url}/contacts/{self._portal_id}/record/{TYPE_IDS.get(kind, kind)}/{id}"

    # -- inside --------------------------------------------------------------------------------------------------------
    def _call(self, name: str, kind: str = "", **options: Any) -> Answer:
        return call(self._session, name, kind, **options)

    def _writer(self, kind: str) -> Writer:
        return Writer(self._session, kind, partial(self._record, kind))

    def _list(self, kind: str, fields: Sequence[str], after: str | None, *, raw: bool = False, **more: Any) -> Any:
        params = {"limit": LIST_PAGE, "properties": _properties(fields), **more}
        if after:
            params["after"] = after
        answer = self._call("list", kind, params=params)
        return answer if raw else answer.data

    def _search_page(
        self, kind: str, fields: Sequence[str], position: dict[str, Any]
    ) -> tuple[list[RemoteRecord], dict[str, Any]]:
        """The records, and the position after them: without ``last`` when this was the last page of the window."""
        modified = {
            "propertyName": MODIFIED.get(kind, "hs_lastmodifieddate"),
            "operator": "GTE",
            "value": str(position["lo"]),
        }
        newer = {"propertyName": "hs_object_id", "operator": "GT", "value": position["last"]}
        wide = len(_properties(fields)) > WIDE_SEARCH
        answer = self._search(kind, [modified, newer], () if wide else fields)
        records = self._read_listed(kind, answer.data, fields) if wide else self._records(kind, answer.data, fields)
        results = answer.data["results"]
        rest = {"archived": position["archived"], "next": position.get("next") or _clock(answer)}
        if len(results) < SEARCH_PAGE or len(results) >= answer.data.get("total", SEARCH_PAGE + 1):
            return records, rest
        return records, {**rest, "lo": position["lo"], "last": str(results[-1]["id"])}

    def _search(self, kind: str, filters: list[dict[str, Any]], fields: Sequence[str]) -> Answer:
        body = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": _properties(fields).split(","),
            "limit": SEARCH_PAGE,
        }
        return self._call("search", kind, body=body)

    def _find_some(self, kind: str, field: str, values: list[str], fields: Sequence[str]) -> list[RemoteRecord]:
        found: list[RemoteRecord] = []
        while True:
            last = found[-1].id if found else "0"
            filters: list[dict[str, Any]] = [
                {"propertyName": field, "operator": "IN", "values": [value.lower() for value in values]},
                {"propertyName": "hs_object_id", "operator": "GT", "value": last},
            ]
            page = self._records(kind, self._search(kind, filters, fields).data, fields)
            found += page
            if len(page) < SEARCH_PAGE:
                return found

    def _archived_page(
        self, kind: str, fields: Sequence[str], position: dict[str, Any]
    ) -> tuple[list[str], list[RemoteRecord], dict[str, Any], bool]:
        """(deleted ids, records behind ids that were merged, where the pass over the list stands, whether to go on now)."""
        stand = dict(position["archived"])
        if stand["after"] is None:
            stand["lap"] = position["next"]
        data = self._list(kind, (), stand["after"], archived="true")
        fresh = [
            item["id"] for item in data["results"] if _milliseconds(item.get("archivedAt")) >= stand["since"] - OVERLAP
        ]
        stand["after"] = _after(data)
        if stand["after"] is None:
            stand["since"] = stand["lap"]
        if not fresh:
            return [], [], stand, False
        # Merged records are not deleted ones, and a restored one lives again: only what cannot be read by id is gone.
        now = self.read(kind, [Ref(id) for id in fresh], fields=fields)
        return sorted(now.gone), list(now.records.values()), stand, stand["after"] is not None

    def _batch_read(
        self, kind: str, fields: Sequence[str], inputs: list[dict[str, str]], **more: str
    ) -> dict[str, Any]:
        body = {"inputs": inputs, "properties": _properties(fields).split(","), **more}
        return dict(self._call("read", kind, body=body).data)

    def _read_one(self, kind: str, id: str, fields: Sequence[str], answer: ReadAnswer) -> None:
        """For an id on which the batch is silent (it was merged, perhaps): asked alone, HubSpot follows the merge."""
        try:
            said = self._call("one", kind, id=id, params={"properties": _properties(fields)})
        except errors.Gone:
            answer.gone.add(id)
            return
        record = self._record(kind, said.data, fields)
        record.aliases = tuple(dict.fromkeys([*record.aliases, *([id] if record.id != id else [])]))
        answer.records[id] = record

    @staticmethod
    def _sort_in(answer: ReadAnswer, asked: set[str], records: list[RemoteRecord]) -> None:
        for record in records:
            for id in {record.id, *record.aliases} & asked:
                answer.records[id] = record

    def _read_listed(self, kind: str, data: dict[str, Any], fields: Sequence[str]) -> list[RemoteRecord]:
        ids = [str(item["id"]) for item in data["results"]]
        found: dict[str, RemoteRecord] = {}
        for some in _chunks(ids, ABILITIES.read_batch):
            found |= self.read(kind, [Ref(id) for id in some], fields=fields).records
        return list(found.values())

    def _records(self, kind: str, data: dict[str, Any], fields: Sequence[str]) -> list[RemoteRecord]:
        return [self._record(kind, item, fields) for item in data.get("results") or []]

    def _record(self, kind: str, item: dict[str, Any], fields: Iterable[str]) -> RemoteRecord:
        """Only what was asked for: HubSpot adds dates of its own, which would look like changes of the record."""
        types = self._types_of(kind)
        values = item.get("properties") or {}
        merged = values.get(ALIASES)
        return RemoteRecord(
            id=str(item["id"]),
            values={
                name: schema.to_canonical(values[name], types.get(name, TEXT)) for name in fields if name in values
            },
            modified_at=schema.moment(item.get("updatedAt")),
            created_at=schema.moment(item.get("createdAt")),
            version=str(item.get("updatedAt") or ""),
            aliases=tuple(id for id in merged.split(";") if id and id != str(item["id"])) if merged else (),
            archived=bool(item.get("archived")),
        )

    def _types_of(self, kind: str) -> dict[str, schema.FieldType]:
        if kind not in self._types:
            known = self._stored_fields(kind) or self.fields(kind)
            self._types[kind] = {field.name: field.type for field in known}
        return self._types[kind]


def _properties(fields: Sequence[str]) -> str:
    return ",".join(dict.fromkeys([*fields, ALIASES]))


def _after(data: dict[str, Any]) -> str | None:
    return ((data.get("paging") or {}).get("next") or {}).get("after")


def _milliseconds(text: str | None) -> int:
    at = schema.moment(text)
    return int(at.timestamp() * 1000) if at else 0


def _clock(answer: Answer) -> int:
    """Milliseconds since 1970 by HubSpot's clock, cut to the second; by ours where a proxy ate the header."""
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        at = datetime.now(UTC)
    return int(at.timestamp()) * 1000


def _chunks(values: list[str], size: int) -> Iterator[list[str]]:
    return (values[at : at + size] for at in range(0, len(values), size))
