"""Tryton behind the connector protocol. What an object type is lies in ``tables`` and its kin, how rows are read in ``reading``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Connector, Scope
from integrations.connectors.tryton import address, checks, reading
from integrations.connectors.tryton.client import Client
from integrations.connectors.tryton.directory import Directory, Marks
from integrations.connectors.tryton.notes import Notes
from integrations.connectors.tryton.opportunities import Opportunities
from integrations.connectors.tryton.parties import Organisations, People
from integrations.connectors.tryton.products import Products
from integrations.connectors.tryton.tables import Table
from integrations.connectors.tryton.wire import Row
from integrations.connectors.tryton.writing import LOOK, WRITE_BATCH, Writer
from integrations.records import (
    CheckResult,
    Count,
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

READ_BATCH = 100
FIND_BATCH = 50  # values in one search
TABLES: dict[str, type[Table]] = {
    "people": People,
    "organisations": Organisations,
    "products": Products,
    "opportunities": Opportunities,
    "notes": Notes,
}


def abilities(kind: str) -> Abilities:
    """A batch of creates takes three calls, one of updates a call per record and some before: the dearer is stated."""
    return Abilities(
        update_looks_first=True,
        merges=kind in ("people", "organisations"),
        idempotent_creates=bool(TABLES[kind].key_path),
        scan_page=reading.SCAN_PAGE,
        read_batch=READ_BATCH,
        write_batch=WRITE_BATCH,
        write_calls=WRITE_BATCH + WRITE_BATCH // LOOK,
        poll_seconds=60,
    )


class Tryton(Connector):
    def __init__(self, client: Client, marks: Marks = Marks()) -> None:  # noqa: B008 (frozen)
        self._client = client
        self._directory = Directory(client, marks)
        self._tables: dict[str, Table] = {}

    @property
    def calls(self) -> int:
        return self._client.calls

    def abilities(self, kind: str) -> Abilities:
        return abilities(kind)

    # -- about the account -------------------------------------------------------------------------------------------------------
    def identify(self) -> RemoteAccount:
        """The database, and the company whose prices and opportunities the key's user works with."""
        address.check(self._client.address)
        parts = urlsplit(self._client.address)
        company = self.company()
        name = str(company["rec_name"]) if company else parts.path.strip("/")
        number = company["id"] if company else ""
        zone = (company or {}).get("timezone") or "UTC"
        return RemoteAccount(f"{parts.netloc}{parts.path}#{number}"[-120:], name, str(zone))

    def company(self) -> Row | None:
        if not (id := self._client.context.get("company")):
            return None
        found = self._client.rows("company.company", [["id", "=", id]], ["rec_name", "timezone"])
        return found[0] if found else None

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        return checks.run(self, self._directory, [self.table(kind) for kind in kinds])

    def fields(self, kind: str) -> list[Field]:
        try:
            self.table(kind).ask_for_rights()
            return self.table(kind).fields()
        except (errors.Unavailable, KeyError, TypeError) as error:
            if isinstance(error, errors.Unavailable) and error.status != 500:
                raise  # down, or not reached: that says nothing about its modules
            raise errors.SchemaUnreadable(
                _("Tryton does not tell the fields of “%(model)s”; is its module active?")
                % {"model": TABLES[kind].model}
            ) from error

    def record_url(self, kind: str, id: str) -> str:
        """In Tryton's web client, which the server shows at its root where it is installed."""
        server, _slash, database = self._client.address.rpartition("/")
        return f"{server}/#{database}/model/{TABLES[kind].model}/{id}"

    def table(self, kind: str) -> Table:
        if kind not in self._tables:
            self._tables[kind] = TABLES[kind](self._directory)
        return self._tables[kind]

    # -- reading -----------------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        return reading.scan(self.table(kind), fields, position)

    def count(self, kind: str, *, scope: Scope) -> Count:
        table = self.table(kind)
        return Count(self._client.count(table.model, table.live()))

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        """``cursor``: {"lo": ms, "ids": the ids there are, as runs}."""
        if cursor is None:
            return Page([], cursor=reading.from_now(self.table(kind)))
        return reading.changes(self.table(kind), fields, cursor, position)

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        return reading.read(self.table(kind), [ref.id for ref in refs], fields)

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """Tryton is asked for more than is wanted (any e-mail of a party, parts of names); the rest is sorted out here."""
        table = self.table(kind)
        slot = table.slot(field)
        if slot is None:
            raise errors.Refused(code="FIELD_MISSING", field=field)
        wanted = {value.strip().casefold() for value in values if value}
        found: list[RemoteRecord] = []
        for start in range(0, len(values), FIND_BATCH):
            domain = [*table.live(), slot.domain(values[start : start + FIND_BATCH])]
            rows = table.complete(table.client.rows(table.model, domain, table.paths([*fields, field])))
            found += [reading.record(table, row, fields) for row in rows if _folded(slot.read(row)) & wanted]
        return found

    # -- writing -----------------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        return Writer(self.table(kind)).create(items)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return Writer(self.table(kind)).update(items)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        """Parties and products are set inactive, as people do it: papers refer to them. Opportunities and notes are deleted."""
        return Writer(self.table(kind)).delete(ids)


def _folded(value: Any) -> set[str]:
    return {str(each).casefold() for each in (value if isinstance(value, list) else [value]) if each is not None}
