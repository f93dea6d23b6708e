"""What changed since: search windows for changes, the archived list for deletions.

*Changes* are searched, not listed: ``modified date >= lo and hs_object_id > last``, by ascending id, 200 a page. Going on by id
instead of by offset means that the 10,000 results which a search can reach are never reached, that thousands of records with
one timestamp are no trouble, and that records which change meanwhile shift nothing: those already passed come again in the next
poll, which begins where this one began by HubSpot's own clock (the Date header of its first answer), less an overlap. So a wrong
clock here loses nothing. There is no upper end: ids only grow, and new records cannot be made faster than they are read.

*Deletions* do not show in a search, and the list of archived records has no time filter. Each poll therefore reads one page of
that list, going on where the last poll stopped and starting over at its end; while a page shows new deletions the next one
is read at once. Cost: one call a poll. Up to 100 archived records a deletion is seen at the next poll; with n of them after
n / 100 polls at the latest, unless a webhook or a read by id tells sooner.

*Associations* that change alone need not move the modified date: see ``associations.py``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.connectors.hubspot import schema
from integrations.connectors.hubspot.client import after_of
from integrations.connectors.hubspot.objects import OBJECTS
from integrations.connectors.hubspot.reading import Reader
from integrations.http import Answer
from integrations.records import Page, RemoteRecord

OVERLAP = 120_000  # ms that a window reaches back: search shows a change seconds after it happened

Position = dict[str, Any]


class Feed:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def changes(self, kind: str, fields: Sequence[str], cursor: Position | None, position: Position | None) -> Page:
        """``cursor``: {"lo": ms, "archived": {"after": id or None, "lap": ms, "since": ms}}. ``lap`` is when the pass over the
        archived list that is under way began, ``since`` when the one before did: older deletions have been told."""
        if cursor is None:
            at = _clock(self._reader.page(kind, (), None, limit=1))
            return Page([], cursor={"lo": at, "archived": {"after": None, "lap": at, "since": at}})
        position = position or {"lo": cursor["lo"] - OVERLAP, "last": "0", "archived": cursor["archived"]}
        records: list[RemoteRecord] = []
        if "last" in position:
            records, position = self._window(kind, fields, position)
            if "last" in position:
                return Page(records, position=position)
        gone, revived, archived, more = self._archived_page(kind, fields, position)
        position = {**position, "archived": archived}
        if more:
            return Page(records + revived, gone=gone, position=position)
        return Page(records + revived, gone=gone, cursor={"lo": position["next"], "archived": archived})

    def _window(self, kind: str, fields: Sequence[str], position: Position) -> tuple[list[RemoteRecord], Position]:
        """The records, and the position after them: without ``last`` when this was the last page of the window."""
        modified = {"propertyName": OBJECTS[kind].modified, "operator": "GTE", "value": str(position["lo"])}
        newer = {"propertyName": "hs_object_id", "operator": "GT", "value": position["last"]}
        found = self._reader.search(kind, [modified, newer], fields)
        rest = {"archived": position["archived"], "next": position.get("next") or _clock(found.answer)}
        if not found.more:
            return found.records, rest
        return found.records, {**rest, "lo": position["lo"], "last": found.last_id}

    def _archived_page(
        self, kind: str, fields: Sequence[str], position: Position
    ) -> tuple[list[str], list[RemoteRecord], Position, bool]:
        """(deleted ids, records behind ids that were merged, where the pass over the list stands, whether to go on now)."""
        stand = dict(position["archived"])
        if stand["after"] is None:
            stand["lap"] = position["next"]
        data = self._reader.page(kind, (), stand["after"], archived="true").data
        fresh = [
            item["id"] for item in data["results"] if _milliseconds(item.get("archivedAt")) >= stand["since"] - OVERLAP
        ]
        stand["after"] = after_of(data)
        if stand["after"] is None:
            stand["since"] = stand["lap"]
        if not fresh:
            return [], [], stand, False
        # Merged records are not deleted ones, and a restored one lives again: only what cannot be read by id is gone.
        now = self._reader.read(kind, fresh, fields)
        return sorted(now.gone), list(now.records.values()), stand, stand["after"] is not None


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
