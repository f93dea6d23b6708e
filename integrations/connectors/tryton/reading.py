"""Rows as records, by id and in pages; what changed; what is gone.

*Changes*: one search finds all rows that changed since, or whose addresses or phone numbers did, page by page in the order of
ids. Going on by id means that thousands of rows with one timestamp are no trouble, and that rows which change meanwhile are
shifted to no other page: those already passed come again in the next poll, which begins where this one began by Tryton's own
clock, less an overlap.

*Deletions* leave nothing behind. So the cursor holds the ids that are there, as runs (``ids``), and a poll counts the rows: one
cheap call. Only where the count is another one are all ids read and compared. Cost: a quiet poll is two calls.

*Rows that come late*: PostgreSQL dates a row at the start of its transaction, and an import of thousands is one transaction of
minutes. Its rows appear with dates that lie before any overlap; the same comparison of ids finds those (``unseen``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.connectors.tryton import ids
from integrations.connectors.tryton.tables import Table
from integrations.connectors.tryton.wire import ALSO_INACTIVE, Row, moment, touched_at
from integrations.http import Answer
from integrations.records import Page, ReadAnswer, RemoteRecord

SCAN_PAGE = 100
IDS_PAGE = 100_000
OVERLAP = 120_000  # ms that a poll reaches back: a transaction's rows carry the time when it began (longer ones: above)
MERGES_DEEP = 5  # a party replaced by one that was replaced by …


def record(table: Table, row: Row, fields: Iterable[str], *aliases: str) -> RemoteRecord:
    return RemoteRecord(
        id=str(row["id"]),
        values=table.values(row, fields),
        modified_at=touched_at(row),
        created_at=moment(row.get("create_date")),
        aliases=aliases,
    )


def scan(table: Table, fields: Sequence[str], position: dict[str, Any] | None) -> Page:
    after = position["after"] if position else 0
    rows = table.client.rows(table.model, [*table.live(), ["id", ">", after]], table.paths(fields), limit=SCAN_PAGE)
    records = [record(table, row, fields) for row in table.complete(rows) if table.is_live(row)]
    return Page(records, position={"after": rows[-1]["id"]} if len(rows) == SCAN_PAGE else None)


def read(table: Table, wanted: Sequence[str], fields: Sequence[str]) -> ReadAnswer:
    """By id. A party that was replaced by another one is read as that one, with both ids."""
    answer = ReadAnswer({})
    asked = {id: int(id) for id in wanted if id.isdigit()}
    answer.gone = set(wanted) - asked.keys()
    for _deep in range(MERGES_DEEP):
        rows = by_id(table, sorted(set(asked.values())), fields)
        onward: dict[str, int] = {}
        for id, at in asked.items():
            row = rows.get(at)
            if row and table.is_live(row):
                answer.records[id] = record(table, row, fields)
            elif row and row.get("replaced_by"):
                onward[id] = row["replaced_by"]
            elif row and table.has_left(row):
                answer.left.add(id)
            else:
                answer.gone.add(id)
        if not (asked := onward):
            break
    answer.gone |= asked.keys()
    aliases: dict[str, tuple[str, ...]] = {}
    for id, found in answer.records.items():
        if id != found.id:
            aliases[found.id] = (*aliases.get(found.id, ()), id)
    answer.records = {id: replace(found, aliases=aliases.get(found.id, ())) for id, found in answer.records.items()}
    return answer


def by_id(table: Table, wanted: list[int], fields: Iterable[str]) -> dict[int, Row]:
    """Inactive ones, too."""
    if not wanted:
        return {}
    domain = [["id", "in", wanted], *([ALSO_INACTIVE] if table.deactivates else [])]
    rows = table.client.rows(table.model, domain, table.paths(fields))
    return {row["id"]: row for row in table.complete(rows)}


def from_now(table: Table) -> dict[str, Any]:
    """A cursor. The clock is read before the ids, so that a row made in between is in both."""
    first = table.client.act(table.model, "search", domain=table.followed(), limit=1)
    return {"lo": _clock(first), "ids": ids.packed(_all_ids(table))}


def changes(table: Table, fields: Sequence[str], cursor: dict[str, Any], position: dict[str, Any] | None) -> Page:
    at = position or {"lo": cursor["lo"] - OVERLAP, "last": 0, "next": None, "ids": cursor["ids"]}
    if "unseen" in at:
        return _unseen(table, fields, at, ids.unpacked(at["unseen"]), Page([]))
    since = datetime.fromtimestamp(at["lo"] / 1000, UTC)
    domain = [*table.followed(), table.changed(since, fields), ["id", ">", at["last"]]]
    rows, answer = table.client.page(table.model, domain, table.paths(fields), limit=SCAN_PAGE)
    at["next"] = at["next"] or _clock(answer)
    known = ids.joined(ids.unpacked(at["ids"]), (row["id"] for row in rows))
    page = _sorted(table, table.complete(rows), fields)
    if len(rows) == SCAN_PAGE:
        page.position = {**at, "last": rows[-1]["id"], "ids": ids.packed(known)}
        return page
    unseen: ids.Runs = []
    if table.client.count(table.model, table.followed()) != ids.count(known):
        there = _all_ids(table)
        page.gone += map(str, ids.missing(known, ids.each(there)))
        unseen = ids.runs(ids.missing(there, ids.each(known)))
        known = there
    return _unseen(table, fields, {**at, "ids": ids.packed(known)}, unseen, page)


def _unseen(table: Table, fields: Sequence[str], at: dict[str, Any], unseen: ids.Runs, page: Page) -> Page:
    """``page`` with some more rows, those of the ids ``unseen``; the poll ends after the last of them."""
    due = list(ids.each(unseen))
    rows = by_id(table, due[:SCAN_PAGE], fields)
    more = _sorted(table, list(rows.values()), fields)
    page.records += more.records
    page.gone += more.gone
    page.left += more.left
    if rest := due[SCAN_PAGE:]:
        page.position = {**at, "unseen": ids.packed(ids.runs(rest))}
    else:
        page.cursor = {"lo": at["next"], "ids": at["ids"]}
    return page


def _sorted(table: Table, rows: list[Row], fields: Sequence[str]) -> Page:
    """What became of rows that changed. Where a party was replaced, its successor is shown with both ids."""
    records = {str(row["id"]): record(table, row, fields) for row in rows if table.is_live(row)}
    others = [row for row in rows if not table.is_live(row)]
    left = [str(row["id"]) for row in others if table.has_left(row)]
    gone = [str(row["id"]) for row in others if not table.has_left(row) and not row.get("replaced_by")]
    if replaced := [str(row["id"]) for row in others if not table.has_left(row) and row.get("replaced_by")]:
        answer = read(table, replaced, fields)
        gone, left = [*gone, *sorted(answer.gone)], [*left, *sorted(answer.left)]
        for found in answer.records.values():
            records[found.id] = found
    return Page(list(records.values()), gone=gone, left=left)


def _all_ids(table: Table) -> ids.Runs:
    found: ids.Runs = []
    while True:
        some = table.client.ids(table.model, [*table.followed(), ["id", ">", ids.top(found)]], limit=IDS_PAGE)
        found = ids.joined(found, some)
        if len(some) < IDS_PAGE:
            return found


def _clock(answer: Answer) -> int:
    """Milliseconds since 1970 by Tryton's clock, cut to the second; by ours where a proxy ate the header."""
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        at = datetime.now(UTC)
    return int(at.timestamp()) * 1000
