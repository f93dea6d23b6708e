"""A Kinto collection behind the connector protocol.

*Id*: Kinto's; a new record gets the key of its create as id, so that a create sent twice meets itself. *Version*: its
``last_modified``, which also orders the changes: no two records of a collection share one, and a later change has a greater one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Connector, Scope
from integrations.connectors.kinto import schema
from integrations.connectors.kinto.client import BATCH, Client, Json, fault_of_record
from integrations.errors import ConnectorError
from integrations.http import Answer
from integrations.records import (
    CheckResult,
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

PAGE = 250
ABILITIES = Abilities(
    conditional_writes=True,
    idempotent_creates=True,
    scan_page=PAGE,
    write_batch=BATCH,
    write_calls=2,  # records are read before they are changed, because a write replaces the whole record
)
Item = TypeVar("Item")


class Kinto(Connector):
    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def calls(self) -> int:
        return self._client.calls

    def abilities(self, kind: str) -> Abilities:
        return ABILITIES

    # -- about the account ---------------------------------------------------------------------------------------------------
    def identify(self) -> RemoteAccount:
        """The collection: another one on the same server is another account."""
        self._client.user()
        place = urlsplit(self._client.address)
        return RemoteAccount(f"{place.netloc}{place.path}"[-120:], str(self._client.collection()["id"]))

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        try:
            user = self._client.user()
            yield CheckResult(_("Sign in"), "passed", _("Signed in as %(user)s.") % {"user": user})
            self._client.page(_limit=1)
            yield CheckResult(_("Collection"), "passed", _("Records can be read."))
        except ConnectorError as error:
            fix = _("Check the address, the user, the bucket and the collection.")
            yield CheckResult(_("Access"), "failed", error.message, fix)

    def fields(self, kind: str) -> list[Field]:
        return list(self._fields.values())

    @cached_property
    def _fields(self) -> dict[str, Field]:
        return schema.fields(self._client.collection())

    # -- reading -------------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """In the order of ids, which no change moves."""
        found = self._client.page(_sort="id", _limit=PAGE, **(position or {}))
        return Page(self._records(found.rows, fields), position={"_token": found.token} if found.token else None)

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        """``cursor``: {"since": the collection's timestamp when the first page was asked for}. What changes while pages are read
        comes at the end of them, and once more with the next poll."""
        if cursor is None:
            return Page([], cursor={"since": self._client.page(_limit=1).timestamp})
        token, following = (position["token"], position["next"]) if position else ("", "")
        found = self._client.page(_since=cursor["since"], _sort="last_modified", _limit=PAGE, _token=token)
        following = following or found.timestamp
        return Page(
            self._records([row for row in found.rows if not row.get("deleted")], fields),
            gone=[row["id"] for row in found.rows if row.get("deleted")],
            position={"token": found.token, "next": following} if found.token else None,
            cursor=None if found.token else {"since": following},
        )

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        rows = self._rows([ref.id for ref in refs])
        records = {record.id: record for record in self._records(list(rows.values()), fields)}
        return ReadAnswer(records, gone={ref.id for ref in refs} - set(records))

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """A call for each value. Kinto is asked for all that contain it, whatever the case; the rest is sorted out here."""
        wanted = {value.casefold() for value in values}
        rows = {row["id"]: row for value in wanted for row in self._client.all(**{f"like_{field}": value})}
        records = self._records(list(rows.values()), [*fields, field])
        return [record for record in records if str(record.values.get(field) or "").casefold() in wanted]

    def _rows(self, ids: Sequence[str]) -> dict[str, Json]:
        """By id; what is not there is missing. In quotes, because ids of digits would be taken for numbers."""
        quoted = ",".join(f'"{id}"' for id in ids)
        return {row["id"]: row for row in self._client.all(in_id=quoted)} if ids else {}

    def _records(self, rows: Sequence[Json], names: Sequence[str]) -> list[RemoteRecord]:
        wanted = [self._fields[name] for name in dict.fromkeys(names) if name in self._fields]
        return [schema.record(row, wanted) for row in rows]

    # -- writing -------------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        def request(item: Create) -> Json:
            row = schema.changed({}, item.values, self._fields)
            return self._client.request("PUT", item.key, row, if_none_match="*")

        return self._write(items, request, self._created)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        rows = self._rows([item.id for item in items])

        def request(item: Update) -> Json:
            if (row := rows.get(item.id)) is None:
                raise errors.Gone(_("This record does not exist in Kinto any more."))
            if item.version not in ("", version := str(row["last_modified"])):
                raise errors.StaleVersion(_("This record was changed in Kinto meanwhile."))
            row = schema.changed(row, item.values, self._fields)
            return self._client.request("PUT", item.id, row, if_match=f'"{version}"')

        return self._write(items, request, self._stored)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        def request(id: str) -> Json:
            condition = {"if_match": f'"{versions[id]}"'} if versions.get(id) else {}
            return self._client.request("DELETE", id, **condition)

        def outcome(answer: Answer) -> Verdict:
            return Verdict(error=None if answer.status == 404 else fault_of_record(answer))  # gone is what was wanted

        return self._write(ids, request, outcome)

    def _write(
        self, items: Sequence[Item], request: Callable[[Item], Json], outcome: Callable[[Answer], Verdict]
    ) -> list[Verdict]:
        """All that can be sent in one call; a verdict for each item, in order."""
        drafts: list[Json | ConnectorError] = []
        for item in items:
            try:
                drafts.append(request(item))
            except ConnectorError as error:
                drafts.append(error)
        answers = iter(self._client.write([draft for draft in drafts if isinstance(draft, dict)]))
        return [outcome(next(answers)) if isinstance(draft, dict) else Verdict(error=draft) for draft in drafts]

    def _created(self, answer: Answer) -> Verdict:
        """412: an earlier try with this key made it."""
        existing = (answer.data.get("details") or {}).get("existing") if answer.status == 412 else None
        return Verdict(record=self._record(existing), existed=True) if existing else self._stored(answer)

    def _stored(self, answer: Answer) -> Verdict:
        error = fault_of_record(answer)
        return Verdict(error=error) if error else Verdict(record=self._record(answer.data["data"]))

    def _record(self, row: Json) -> RemoteRecord:
        return schema.record(row, self._fields.values())
