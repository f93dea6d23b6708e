"""Dataverse's rows in the words of the connector protocol. Works for every table of ``tables.py``; the parts are:

``schema`` columns and values · ``reading`` rows as records · ``feed`` what changed · ``bodies`` and ``writing`` what is sent ·
``lookups`` users, currencies and names that stay inside.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Connector, Scope
from integrations.connectors.dynamics import schema
from integrations.connectors.dynamics.bodies import Bodies
from integrations.connectors.dynamics.client import filter_text, listed, request
from integrations.connectors.dynamics.feed import Feed
from integrations.connectors.dynamics.lookups import Currencies, Defaults, Definitions, Users
from integrations.connectors.dynamics.preflight import checks
from integrations.connectors.dynamics.reading import Reader, master_of, wire_name
from integrations.connectors.dynamics.tables import PARTIES, TABLES, Table
from integrations.connectors.dynamics.webhooks import GUID
from integrations.connectors.dynamics.writing import Writer
from integrations.http import ApiSession
from integrations.records import (
    CheckResult,
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
)

SCAN_PAGE = 500
COUNTED = 5000  # the most that Dataverse counts
READ_BATCH = 100
# Microsoft advises small batches: all parts of one count for the time that a user may take, and with slow plug-ins a large one is
# not answered in time.
WRITE_BATCH = 25
FIND_VALUES = 20


def abilities_of(kind: str) -> Abilities:
    return Abilities(
        webhooks=True,
        conditional_writes=True,
        merges=TABLES[kind].merges,
        scan_page=SCAN_PAGE,
        read_batch=READ_BATCH,
        write_batch=WRITE_BATCH,
        poll_seconds=60,
        calls_per_minute=960,
    )


class Dynamics(Connector):
    """``stored_fields(kind)`` gives the field definitions as last read (None: read them now)."""

    def __init__(
        self, session: ApiSession, *, stored_fields: Callable[[str], list[Field] | None] = lambda kind: None
    ) -> None:
        self._session, self._stored_fields = session, stored_fields
        self._known: dict[str, dict[str, Field]] = {}
        self._users, self._currencies = Users(session), Currencies(session)
        self._definitions = Definitions(session)
        self._reader = Reader(session, self._fields_of, self._users, self._currencies)
        self._bodies = Bodies(self._users, self._currencies, self._definitions)
        self._defaults = Defaults(session, self._definitions)
        self._feed = Feed(session, self._reader)

    @property
    def calls(self) -> int:
        return self._session.calls

    def abilities(self, kind: str) -> Abilities:
        return abilities_of(kind)

    def identify(self) -> RemoteAccount:
        """The organisation. Its name is a call of its own, and some roles may not read it: then the host stands for it."""
        said = request(self._session, "GET", "WhoAmI").data
        if not isinstance(said, dict) or not said.get("OrganizationId"):
            raise errors.Unavailable(_("This address does not answer like Dynamics."))
        id = str(said["OrganizationId"]).lower()
        try:
            name = str(request(self._session, "GET", f"organizations({id})?$select=name").data["name"])
        except (errors.Gone, errors.Refused, errors.ScopeMissing, KeyError, TypeError):
            name = self._session.base_url.partition("://")[2]
        return RemoteAccount(id=id, name=name, extra={"user": said.get("UserId", "")})

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        return checks(self, self._session, kinds)

    def fields(self, kind: str) -> list[Field]:
        found = schema.read_fields(self._session, TABLES[kind], self._currencies.options())
        if not any(field.type is FieldType.USER for field in found):
            return found
        people = self._users.options()
        return [replace(field, options=people) if field.type is FieldType.USER else field for field in found]

    # -- reading -------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """Where a column was deleted in Dynamics while a scan was under way, it begins again without the column."""
        try:
            return self._scanned(kind, fields, position)
        except errors.Refused as error:
            self._forget_columns(kind, error)
            return self._scanned(kind, fields, None)

    def _scanned(self, kind: str, fields: Sequence[str], position: dict[str, Any] | None) -> Page:
        table = TABLES[kind]
        text, prefer = self._reader.query(table, fields)
        first = f"{kind}?{text}&$orderby={table.key}%20asc"
        found, following = listed(
            self._session, (position or {}).get("next") or first, prefer=[f"odata.maxpagesize={SCAN_PAGE}", *prefer]
        )
        records = [self._reader.record(table, row, fields) for row in found if not master_of(row)]
        return Page(records, position={"next": following} if following else None)

    def count(self, kind: str, *, scope: Scope) -> Count:
        """Dataverse counts up to 5,000. Of more it tells how many there were at some time of the last day, merged ones included."""
        table = TABLES[kind]
        unmerged = f"&$filter={filter_text('_masterid_value eq null')}" if table.merges else ""
        path = f"{kind}?$select={table.key}{unmerged}&$count=true"
        n = int(request(self._session, "GET", path, prefer=["odata.maxpagesize=1"]).data["@odata.count"])
        if n < COUNTED:
            return Count(n)
        path = f"RetrieveTotalRecordCount(EntityNames=@p1)?@p1=['{table.logical}']"
        told = request(self._session, "GET", path).data["EntityRecordCountCollection"]["Values"][0]
        return Count(max(n, int(told)), "about")

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        table = TABLES[kind]
        if cursor is None:
            return Page([], cursor=self._feed.start(table))
        try:
            return self._feed.page(table, cursor, position, fields)
        except errors.Refused as error:
            self._forget_columns(kind, error)
            return self._feed.page(table, cursor, position, fields)

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        ids = [ref.id for ref in refs]
        asked = [id for id in ids if GUID.fullmatch(id)]
        try:
            answer = self._reader.read(TABLES[kind], asked, fields) if asked else ReadAnswer({})
        except errors.Refused as error:
            self._forget_columns(kind, error)
            answer = self._reader.read(TABLES[kind], asked, fields)
        answer.gone |= {id for id in ids if not GUID.fullmatch(id)}
        return answer

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """Comparisons of Dataverse ignore case. A merged record is not one of its own."""
        table = TABLES[kind]
        known = self._fields_of(table).get(field)
        wanted = list(dict.fromkeys(value for value in values if value))
        if known is None or field == PARTIES:
            return []
        found = []
        for start in range(0, len(wanted), FIND_VALUES):
            some = wanted[start : start + FIND_VALUES]
            literals = [literal for value in some if (literal := _literal(value, known))]
            if not literals:
                continue
            where = " or ".join(f"{wire_name(known)} eq {literal}" for literal in literals)
            rows = self._reader.rows(table, fields, filter_text(where))
            found += [self._reader.record(table, row, fields) for row in rows if not master_of(row)]
        return found

    # -- writing -------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        return self._writer(kind).create(items)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return self._writer(kind).update(items)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        return self._writer(kind).delete(ids, versions)

    def record_url(self, kind: str, id: str) -> str:
        return f"{self._session.base_url}/main.aspx?pagetype=entityrecord&etn={TABLES[kind].logical}&id={id}"

    # -- inside --------------------------------------------------------------------------------------------------------
    def _writer(self, kind: str) -> Writer:
        table = TABLES[kind]
        fields = self._fields_of(table)
        return Writer(self._session, table, fields, self._reader, self._bodies, self._defaults, self._definitions)

    def _forget_columns(self, kind: str, error: errors.Refused) -> None:
        """Raises the error again, unless it says that a column is not there: then the columns are read as they are now."""
        if error.code != "FIELD_MISSING":
            raise error
        self._known[kind] = {field.name: field for field in self.fields(kind)}

    def _fields_of(self, table: Table) -> dict[str, Field]:
        if table.kind not in self._known:
            known = self._stored_fields(table.kind) or self.fields(table.kind)
            self._known[table.kind] = {field.name: field for field in known}
        return self._known[table.kind]


BARE = {
    FieldType.NUMBER: re.compile(r"-?\d+(\.\d+)?"), FieldType.OPTION: re.compile(r"-?\d+"), FieldType.REFERENCE: GUID,
    FieldType.BOOL: re.compile("true|false"), FieldType.DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    FieldType.DATETIME: re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
}  # fmt: skip
"""What filters write without quotes. Anything else there would be a filter of its own, or spoil the whole question."""


def _literal(value: str, field: Field) -> str:
    """A value as filters write it, text in quotes that are doubled inside; "" for one that no such field can have."""
    shape = BARE.get(field.type)
    if shape is None:
        return "'" + value.replace("'", "''") + "'"
    return value if shape.fullmatch(value) else ""
