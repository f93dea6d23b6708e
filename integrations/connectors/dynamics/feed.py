"""What has changed: change tracking where the table has it, the time of the last change where not.

*Change tracking*: a delta link answers with the ids of changed rows, then with those of deleted ones, and with the
next link. It selects
nothing but the key, so that it outlives changes of the mapping; the rows are read by id, with what is mapped then. A first link
is had only by listing the whole table, 5,000 keys a call. Whether it speaks from the first of these calls or from the last is not
documented; where it took several, the first poll therefore also asks by time. A link that is not used for seven days expires.

*By time*: ``modifiedon`` not before the last poll's beginning, by the server's clock, less an overlap. Deletions do not show.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.connectors.dynamics.client import TRACK, NotTracked, filter_text, request, within
from integrations.connectors.dynamics.reading import Reader
from integrations.connectors.dynamics.tables import Table
from integrations.http import Answer, ApiSession
from integrations.records import Page, RemoteRecord

FIRST_PAGE = 5000  # the most that Dataverse gives
POLL_PAGE = 500
READ_BATCH = 100
OVERLAP = timedelta(seconds=60)

Cursor = dict[str, Any]
"""{"link": delta link} and/or {"since": ISO time}: both right after a long first listing; ``since`` alone without
change tracking."""


class Feed:
    def __init__(self, session: ApiSession, reader: Reader) -> None:
        self._session, self._reader = session, reader

    def start(self, table: Table) -> Cursor:
        """A cursor that means *from now*."""
        prefer, pages, began = [TRACK, f"odata.maxpagesize={FIRST_PAGE}"], 0, ""
        link: str | None = f"{table.kind}?$select={table.key}"
        while link:
            try:
                answer = request(self._session, "GET", link, prefer=prefer)
            except NotTracked:
                return {"since": _clock(request(self._session, "GET", "WhoAmI"))}
            pages, began = pages + 1, began or _clock(answer)
            if answer.data.get("@odata.deltaLink"):
                found = {"link": within(answer.data["@odata.deltaLink"], self._session)}
                return found if pages == 1 else {**found, "since": began}
            link = within(answer.data["@odata.nextLink"], self._session) if answer.data.get("@odata.nextLink") else None
        return {"since": began}

    def page(self, table: Table, cursor: Cursor, position: dict[str, Any] | None, names: Sequence[str]) -> Page:
        """``position``: {"by": "time" or "link", "next": link, "since": where the next poll by time begins}."""
        position = position or ({"by": "time"} if "since" in cursor else {"by": "link"})
        if position["by"] == "time":
            return self._by_time(table, cursor, position, names)
        return self._by_link(table, cursor, position, names)

    def _by_link(self, table: Table, cursor: Cursor, position: dict[str, Any], names: Sequence[str]) -> Page:
        link = position.get("next") or cursor["link"]
        said = request(self._session, "GET", link, prefer=[f"odata.maxpagesize={POLL_PAGE}"]).data
        gone = [str(row["id"]) for row in said["value"] if _is_deleted(row)]
        changed = [str(row[table.key]) for row in said["value"] if not _is_deleted(row)]
        records, missing = self._read(table, changed, names)
        page = Page(records, gone=[*gone, *missing])
        if said.get("@odata.nextLink"):
            page.position = {"by": "link", "next": within(said["@odata.nextLink"], self._session)}
        else:
            page.cursor = {"link": within(said["@odata.deltaLink"], self._session)}
        return page

    def _by_time(self, table: Table, cursor: Cursor, position: dict[str, Any], names: Sequence[str]) -> Page:
        since = (datetime.fromisoformat(cursor["since"]) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")
        where = filter_text(f"modifiedon ge {since}")
        first = (
            f"{table.kind}?$select={table.key},modifiedon&$filter={where}&$orderby=modifiedon%20asc,{table.key}%20asc"
        )
        answer = request(self._session, "GET", position.get("next") or first, prefer=[f"odata.maxpagesize={POLL_PAGE}"])
        ids = [str(row[table.key]) for row in answer.data["value"]]
        records, gone = self._read(table, ids, names)
        page, following = Page(records, gone=gone), position.get("since") or _clock(answer)
        if link := answer.data.get("@odata.nextLink"):
            page.position = {"by": "time", "next": within(link, self._session), "since": following}
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
