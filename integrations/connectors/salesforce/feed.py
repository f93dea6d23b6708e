"""What has changed: ``SystemModstamp`` and id, in this order, of live and of deleted rows alike.

A poll begins where the one before began by Salesforce's own clock, less an overlap: a long transaction stamps its rows when it
writes them and shows them when it ends. Rows of the recycle bin tell of deletions and of merges. What was deleted for good, or left
the bin already, is told by *getDeleted* alone, which is asked every half hour: each call counts against the org's day.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import roles, schema, soql
from integrations.connectors.salesforce.objects import Object
from integrations.connectors.salesforce.reading import Reader, has_left, is_live, master_of
from integrations.http import ApiSession
from integrations.records import Page, RemoteRecord

PAGE = 2000  # the most that Salesforce gives
READ_BATCH = 200
OVERLAP = timedelta(minutes=12)  # a row shows when its transaction ends, and one may run for ten minutes
ASK_DELETED_EVERY = timedelta(minutes=30)

Cursor = dict[str, Any]
"""{"since": when the next poll begins, "covered": up to when getDeleted was asked}, both as SOQL literals."""


class Feed:
    def __init__(self, session: ApiSession, reader: Reader) -> None:
        self._session, self._reader = session, reader

    def start(self, obj: Object) -> Cursor:
        """A cursor that means *from now*."""
        at = soql.clock(soql.ask(self._session, f"SELECT Id FROM {obj.name} LIMIT 1"))
        return {"since": at, "covered": at}

    def page(self, obj: Object, cursor: Cursor, position: dict[str, Any] | None, names: Sequence[str]) -> Page:
        """``position``: {"at": stamp, "id": last id with that stamp, "next": where the next poll begins}."""
        position = position or {"at": _earlier(cursor["since"]), "id": ""}
        at, last = position["at"], position["id"]
        after = (
            f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{last}'))"
            if last
            else f"SystemModstamp >= {at}"
        )
        answer = self._reader.ask(
            obj, names, f"WHERE {soql.both(obj.where, after)} ORDER BY SystemModstamp ASC, Id ASC LIMIT {PAGE}"
        )
        rows, following = answer.data["records"], position.get("next") or soql.clock(answer)
        page = self._sorted_out(obj, rows, names)
        if not answer.data["done"] or len(rows) == PAGE:
            stamp = str(rows[-1]["SystemModstamp"]).replace("+0000", "Z")
            page.position = {"at": stamp, "id": rows[-1]["Id"], "next": following}
            return page
        if roles.ROLES in names:
            self._roles(obj, _earlier(cursor["since"]), names, page)
        covered = self._deleted(obj, cursor["covered"], following, names, page)
        page.cursor = {"since": following, "covered": covered}
        return page

    def _sorted_out(self, obj: Object, rows: soql.Rows, names: Sequence[str]) -> Page:
        page = Page([self._reader.record(obj, row, names) for row in rows if is_live(row)])
        page.left = [str(row["Id"]) for row in rows if has_left(row)]
        page.gone = [str(row["Id"]) for row in rows if not is_live(row) and not has_left(row) and not master_of(row)]
        self._look_behind(obj, [str(row["Id"]) for row in rows if master_of(row)], names, page)
        return page

    def _roles(self, obj: Object, since: str, names: Sequence[str], page: Page) -> None:
        """Add opportunities at which nothing but a contact role has changed."""
        known = {record.id for record in page.records}
        ids = [id for id in roles.changed(self._session, since) if id not in known]
        for start in range(0, len(ids), READ_BATCH):
            answer = self._reader.read(obj, ids[start : start + READ_BATCH], names, deleted=())
            page.records += [record for asked, record in answer.records.items() if asked == record.id]

    def _deleted(self, obj: Object, covered: str, until: str, names: Sequence[str], page: Page) -> str:
        """Add what *getDeleted* tells, where it is time to ask; up to when it has been asked now."""
        start, end = schema.moment(covered), schema.moment(until)
        assert start
        assert end
        if end - start < ASK_DELETED_EVERY:
            return covered
        told, said = self._reader.deletions(obj, covered, until)
        earliest = schema.moment(said.get("earliestDateAvailable"))
        if earliest and earliest > start:
            raise errors.CursorExpired(_("Salesforce no longer knows what was deleted since the last time."))
        self._look_behind(obj, sorted(told - set(page.gone)), names, page)
        reached = schema.moment(said.get("latestDateCovered"))
        return soql.literal(min(reached, end)) if reached else until

    def _look_behind(self, obj: Object, ids: Sequence[str], names: Sequence[str], page: Page) -> None:
        """What became of rows that Salesforce calls deleted: merged ones live on in another record, restored ones live."""
        held: dict[str, RemoteRecord] = {record.id: record for record in page.records}
        for start in range(0, len(ids), READ_BATCH):
            answer = self._reader.read(obj, ids[start : start + READ_BATCH], names, deleted=ids)
            page.gone += sorted(answer.gone)
            for asked, record in answer.records.items():
                if asked == record.id:
                    continue
                kept = held.setdefault(record.id, record)
                kept.aliases = tuple(dict.fromkeys([*kept.aliases, *record.aliases]))
        page.records = list(held.values())


def _earlier(since: str) -> str:
    at = schema.moment(since)
    assert at
    return soql.literal(at - OVERLAP)
