"""What has changed: change tracking where the table has it, the time of the last change where not.

*Change tracking*: a delta link answers with the ids of changed rows, then with those of deleted ones, and with the next link. It
selects nothing but the key, so that it outlives changes of the mapping; the rows are read by id, with what is mapped then. A first
link is had only by listing the whole table, 5,000 keys a call: what is left of the list after the first call is read by the next
poll, page by page. Whether the link speaks from the first of these calls or from the last is not documented; where it took several,
polls therefore also ask by time until they have one. A link that is not used for seven days expires.

*By time*: ``modifiedon`` not before the last poll's beginning, by the server's clock, less an overlap. Deletions do not show.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics.client import TRACK, NotTracked, filter_text, page_of, request, within
from integrations.connectors.dynamics.reading import Reader
from integrations.connectors.dynamics.tables import Table
from integrations.http import Answer, ApiSession
from integrations.records import Page, RemoteRecord

FIRST_PAGE = 5000  # the most that Dataverse gives
POLL_PAGE = 500
READ_BATCH = 100
OVERLAP = timedelta(minutes=5)  # a row is stamped when its transaction begins, which plug-ins keep open for minutes

Cursor = dict[str, Any]
"""{"link": delta link} or, without change tracking, {"since": ISO time}. Both, or {"since", "list": next page of the first list},
while a long first list is or was just read."""


class Feed:
    def __init__(self, session: ApiSession, reader: Reader) -> None:
        self._session, self._reader = session, reader

    def start(self, table: Table) -> Cursor:
        """A cursor that means *from now*."""
        prefer = [TRACK, f"odata.maxpagesize={FIRST_PAGE}"]
        try:
            answer = request(self._session, "GET", f"{table.kind}?$select={table.key}", prefer=prefer)
        except NotTracked:
            return {"since": _clock(request(self._session, "GET", "WhoAmI"))}
        said = page_of(answer)
        if said.get("@odata.deltaLink"):
            return {"link": within(said["@odata.deltaLink"], self._session)}
        following = said.get("@odata.nextLink")
        return {"since": _clock(answer), **({"list": within(following, self._session)} if following else {})}

    def page(self, table: Table, cursor: Cursor, position: dict[str, Any] | None, names: Sequence[str]) -> Page:
        """``position``: {"by": "time", "list" or "link", "next": link, "since": where the next poll by time begins}."""
        position = position or ({"by": "time"} if "since" in cursor else {"by": "link"})
        if position["by"] == "time":
            return self._by_time(table, cursor, position, names)
        if position["by"] == "list":
            return self._on_the_list(position)
        return self._by_link(table, cursor, position, names)

    def _on_the_list(self, position: dict[str, Any]) -> Page:
        """One more page of the first list. It shows nothing that was not read already; its last page has the link."""
        prefer = [TRACK, f"odata.maxpagesize={FIRST_PAGE}"]
        said = page_of(request(self._session, "GET", position["next"], prefer=prefer))
        if following := said.get("@odata.nextLink"):
            return Page([], position={**position, "next": within(following, self._session)})
        link = said.get("@odata.deltaLink")
        return Page([], cursor={"since": position["since"], **({"link": within(link, self._session)} if link else {})})

    def _by_link(self, table: Table, cursor: Cursor, position: dict[str, Any], names: Sequence[str]) -> Page:
        link = position.get("next") or cursor["link"]
        said = page_of(request(self._session, "GET", link, prefer=[f"odata.maxpagesize={POLL_PAGE}"]))
        gone = [str(row["id"]) for row in said["value"] if _is_deleted(row)]
        changed = [str(row[table.key]) for row in said["value"] if not _is_deleted(row)]
        records, missing = self._read(table, changed, names)
        page = Page(records, gone=[*gone, *missing])
        if said.get("@odata.nextLink"):
            page.position = {"by": "link", "next": within(said["@odata.nextLink"], self._session)}
        elif said.get("@odata.deltaLink"):
            page.cursor = {"link": within(said["@odata.deltaLink"], self._session)}
        else:
            raise errors.CursorExpired(_("Dynamics no longer knows what has changed since the last time."))
        return page

    def _by_time(self, table: Table, cursor: Cursor, position: dict[str, Any], names: Sequence[str]) -> Page:
        since = (datetime.fromisoformat(cursor["since"]) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        where = filter_text(f"modifiedon ge {since}")
        first = (
            f"{table.kind}?$select={table.key},modifiedon&$filter={where}&$orderby=modifiedon%20asc,{table.key}%20asc"
        )
        answer = request(self._session, "GET", position.get("next") or first, prefer=[f"odata.maxpagesize={POLL_PAGE}"])
        said = page_of(answer)
        ids = [str(row[table.key]) for row in said["value"]]
        records, gone = self._read(table, ids, names)
        page, following = Page(records, gone=gone), position.get("since") or _clock(answer)
        if link := said.get("@odata.nextLink"):
            page.position = {"by": "time", "next": within(link, self._session), "since": following}
        elif "list" in cursor:
            page.position = {"by": "list", "next": cursor["list"], "since": following}
        elif "link" in cursor:
            page.position = {"by": "link"}
        else:
            page.cursor = {"since": following}
        return page

    def _read(self, table: Table, ids: Sequence[str], names: Sequence[str]) -> tuple[list[RemoteRecord], list[str]]:
        """(records, each once, what is no longer there)."""
        found: dict[str, RemoteRecord] = {}
        gone: list[str] = []
        for start in range(0, len(ids), READ_BATCH):
            answer = self._reader.read(table, ids[start : start + READ_BATCH], names)
            for record in answer.records.values():
                held = found.setdefault(record.id, record)
                held.aliases = tuple(dict.fromkeys([*held.aliases, *record.aliases]))
            gone += sorted(answer.gone)
        return list(found.values()), gone


def _is_deleted(row: dict[str, Any]) -> bool:
    return row.get("reason") == "deleted" or str(row.get("@odata.context", "")).endswith("/$deletedEntity")


def _clock(answer: Answer) -> str:
    """The server's time as ISO text; ours where a proxy ate the header."""
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        at = datetime.now(UTC)
    return at.astimezone(UTC).isoformat()
