"""Salesforce's records in the words of the connector protocol. Works for every object of ``objects.py``; the parts are:

``schema`` fields and values · ``soql`` and ``reading`` rows as records · ``bulk`` first reads of large objects · ``feed`` what
changed · ``bodies`` and ``writing`` what is sent · ``users`` names that stay inside.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Scope
from integrations.connectors.salesforce import bulk, roles, schema, soql
from integrations.connectors.salesforce.bodies import Bodies
from integrations.connectors.salesforce.client import long_id, request
from integrations.connectors.salesforce.feed import PAGE, Feed
from integrations.connectors.salesforce.objects import OBJECTS, Object
from integrations.connectors.salesforce.preflight import checks
from integrations.connectors.salesforce.reading import Reader, column_of
from integrations.connectors.salesforce.users import RecordTypes, Users
from integrations.connectors.salesforce.writing import Writer
from integrations.http import ApiSession
from integrations.records import (
    CheckResult,
    Container,
    Count,
    Create,
    Field,
    FieldType,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Verdict,
    number_text,
)

BATCH = 200  # the most records of one call that writes
FIND_VALUES = 100
BULK_FROM = 100_000  # records; below it, pages of queries are faster than waiting for a job
BARE = (FieldType.NUMBER, FieldType.DATE, FieldType.DATETIME, FieldType.BOOL)  # literals without quotes
UNSEARCHABLE = (FieldType.LONG_TEXT, FieldType.RICH_TEXT, FieldType.MULTI)


def abilities_of(kind: str) -> Abilities:
    return Abilities(
        merges=OBJECTS[kind].merges,
        scan_page=PAGE,
        read_batch=BATCH,
        write_batch=BATCH,
        write_calls=2,
        poll_seconds=OBJECTS[kind].poll_seconds,
        calls_per_minute=600,
    )


class Salesforce:
    """``stored_fields(kind)`` gives the field definitions as last read (None: read them now). ``bulk_from``: how many records it
    takes to be read by a bulk job."""

    def __init__(
        self,
        session: ApiSession,
        *,
        stored_fields: Callable[[str], list[Field] | None] = lambda kind: None,
        bulk_from: int = BULK_FROM,
    ) -> None:
        self._session, self._stored_fields, self._bulk_from = session, stored_fields, bulk_from
        self._known: dict[str, dict[str, Field]] = {}
        self._users = Users(session)
        self._reader = Reader(session, self._fields_of)
        self._bodies = Bodies(self._users, RecordTypes(session))
        self._feed = Feed(session, self._reader)

    @property
    def calls(self) -> int:
        return self._session.calls

    def abilities(self, kind: str) -> Abilities:
        keyed = any(field.name == schema.KEY_FIELD for field in self._stored_fields(kind) or ())
        return replace(abilities_of(kind), idempotent_creates=keyed)

    def identify(self) -> RemoteAccount:
        """The org."""
        said = soql.ask(self._session, "SELECT Id, Name, IsSandbox FROM Organization LIMIT 1").data
        try:
            row = said["records"][0]
            name = str(row["Name"]) + (_(" (sandbox)") if row.get("IsSandbox") else "")
            return RemoteAccount(id=long_id(str(row["Id"])), name=name)
        except (KeyError, IndexError, TypeError) as error:
            raise errors.Unavailable(_("This address does not answer like Salesforce.")) from error

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        return checks(self, self._session, kinds)

    def describe(self, kind: str) -> schema.Described:
        try:
            return dict(request(self._session, "GET", f"sobjects/{OBJECTS[kind].name}/describe").data)
        except (errors.Gone, errors.NotVisible) as error:
            raise errors.ScopeMissing(
                _("The user that Syncline signs in with may not see these records in Salesforce."),
                code="OBJECT_NO_PERMISSION",
                remote=error.remote,
            ) from error

    def fields(self, kind: str) -> list[Field]:
        return schema.fields_of(self.describe(kind), self._users.options())

    def create_field(self, kind: str, field: Field) -> Field:
        raise errors.CannotDo(_("Fields are added by an administrator of the org."))

    def containers(self, kind: str) -> list[Container]:
        return []

    # -- reading -------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """By ascending id, so that a read goes on wherever it stopped; by a bulk job where there are very many.

        ``position``: {"last": id} or {"job": id, "locator": place in its results}."""
        obj = OBJECTS[kind]
        total = None
        if position is None:
            total = self.count(kind, scope=scope).n
            if total > self._bulk_from and roles.ROLES not in fields:  # bulk jobs know no subqueries
                columns = ", ".join(self._reader.columns(obj, fields))
                with suppress(bulk.JobLost):
                    job = bulk.start(self._session, f"SELECT {columns} FROM {obj.name} {_where(obj)}")
                    return Page([], position={"job": job}, total=total)
        position = position or {"last": ""}
        if "job" in position:
            return self._bulk_page(obj, fields, position)
        after = f"Id > '{position['last']}'" if position["last"] else ""
        answer = self._reader.ask(obj, fields, f"{_where(obj, after)} ORDER BY Id ASC LIMIT {PAGE}")
        rows = answer.data["records"]
        more = not answer.data["done"] or len(rows) == PAGE
        records = [self._reader.record(obj, row, fields) for row in rows]
        return Page(records, position={"last": rows[-1]["Id"]} if more else None, total=total)

    def _bulk_page(self, obj: Object, fields: Sequence[str], position: dict[str, Any]) -> Page:
        try:
            rows, following = bulk.page(self._session, position["job"], position.get("locator"))
        except bulk.JobLost:
            return Page([], position={"last": ""})
        records = [self._reader.record(obj, row, fields) for row in rows]
        return Page(records, position={"job": position["job"], "locator": following} if following else None)

    def count(self, kind: str, *, scope: Scope) -> Count:
        obj = OBJECTS[kind]
        return Count(int(soql.ask(self._session, f"SELECT COUNT() FROM {obj.name} {_where(obj)}").data["totalSize"]))

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        if cursor is None:
            return Page([], cursor=self._feed.start(OBJECTS[kind]))
        return self._feed.page(OBJECTS[kind], cursor, position, fields)

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        return self._reader.read(OBJECTS[kind], [ref.id for ref in refs], fields) if refs else ReadAnswer({})

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """Comparisons of Salesforce ignore case."""
        obj = OBJECTS[kind]
        known = self._fields_of(obj).get(field)
        wanted = [value for value in dict.fromkeys(values) if value and known and _fits(value, known)]
        if known is None or known.type in UNSEARCHABLE or field == roles.ROLES:
            return []
        found: list[RemoteRecord] = []
        for start in range(0, len(wanted), FIND_VALUES):
            some = wanted[start : start + FIND_VALUES]
            tail = _where(obj, _is_one_of(known, some))
            rows = self._reader.rows(obj, [*fields, field], f"{tail} ORDER BY Id ASC")
            if field == schema.DOMAIN:
                domains = {schema.domain_of(value) for value in some}
                rows = [row for row in rows if schema.domain_of(row[schema.WEBSITE]) in domains]
            found += [self._reader.record(obj, row, fields) for row in rows]
        return found

    # -- writing -------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        return self._writer(kind).create(items)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return self._writer(kind).update(items)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        return self._writer(kind).delete(ids)

    def record_url(self, kind: str, id: str) -> str:
        return f"{self._session.base_url}/lightning/r/{OBJECTS[kind].name}/{id}/view"

    # -- inside --------------------------------------------------------------------------------------------------------
    def _writer(self, kind: str) -> Writer:
        obj = OBJECTS[kind]
        return Writer(self._session, obj, self._fields_of(obj), self._reader, self._bodies, self._users)

    def _fields_of(self, obj: Object) -> dict[str, Field]:
        if obj.kind not in self._known:
            known = self._stored_fields(obj.kind) or self.fields(obj.kind)
            self._known[obj.kind] = {field.name: field for field in known}
        return self._known[obj.kind]


def _where(obj: Object, *more: str) -> str:
    """The live records of the kind."""
    return "WHERE " + soql.both("IsDeleted = false", "IsConverted = false" if obj.converts else "", obj.where, *more)


def _is_one_of(field: Field, values: Sequence[str]) -> str:
    """A condition that holds where the field has one of these values; for domains also where something is around it."""
    if field.name == schema.DOMAIN:
        return "(" + " OR ".join(f"{schema.WEBSITE} LIKE {soql.text(f'%{value}%')}" for value in values) + ")"
    if field.type in BARE:
        return f"{column_of(field)} IN ({', '.join(values)})"
    return soql.among(column_of(field), values)


def _fits(value: str, field: Field) -> bool:
    """Whether a literal without quotes would be one."""
    if field.type is FieldType.NUMBER:
        return number_text(value) == value and value.lstrip("-").replace(".", "", 1).isdecimal()
    return field.type not in BARE or schema.moment(value) is not None
