"""The light pass: all pages of the chosen lists, without losing rows silently while people move them.

``prospect-list`` has pages by number, no cursor and no sort, so a prospect that leaves a list while it is being read shifts the
rest, and a row can slip between two pages. Each page tells how many prospects the list has; a list is read again from its start

* when that number changes between two pages,
* when a page that is not the last one is short, or the pages' rows do not add up to that number,
* when, after a later page, the row before it is no longer the one that ended the page before (one was removed and one added
  meanwhile, so the number stayed). That costs one small call per page after the first, and none for lists of one page.

After ``RESTARTS`` times the scan goes on with a warning in the log: what was missed is seen by the next scan, and absence alone
never counts as deletion (the record is read first).
"""

import logging
from typing import Any

from integrations import errors
from integrations.connectors.snovio import schema
from integrations.connectors.snovio.client import Client
from integrations.records import Page, RemoteRecord

logger = logging.getLogger(__name__)

PAGE_SIZE = 5000  # the most that the API gives
PEEK_SIZE = 20  # the least that it is known to give; PAGE_SIZE must be a multiple
RESTARTS = 2

Position = dict[str, Any]
"""``lists``: ids to read; ``at``: index of the current one; ``page``; ``seen``: rows of the current list so far; ``contacts``: its
length as the first page told; ``edge``: id of the last row so far; ``restarts``; ``total``: over all lists."""


def start(lists: list[int], total: int) -> Position | None:
    """The position before the first page; None where there is nothing to read."""
    return {"lists": lists, "at": 0, "total": total, **_fresh()} if lists else None


def _fresh() -> Position:
    return {"page": 1, "seen": 0, "contacts": 0, "edge": "", "restarts": 0}


def step(client: Client, position: Position, size: int = PAGE_SIZE) -> Page:
    """Read one page; its ``position`` is None after the last page of the last list. Gone where the list is."""
    list_id, number = position["lists"][position["at"]], position["page"]
    data = client.list_page(list_id, number, size)
    info, rows = data.get("list"), data.get("prospects")
    if not isinstance(info, dict) or not isinstance(rows, list):
        raise errors.Unavailable(f"Snov.io gave no prospects for list {list_id}.")
    contacts = int(info.get("contacts") or 0)
    here = {
        **position,
        "contacts": contacts if number == 1 else position["contacts"],
        "seen": position["seen"] + len(rows),
    }
    is_last = number * size >= contacts or not rows
    if _moved(client, here, contacts, len(rows), is_last, size):
        if position["restarts"] < RESTARTS:
            after: Position | None = {**position, **_fresh(), "restarts": position["restarts"] + 1}
            return Page(_records(rows), position=after, total=position["total"])
        logger.warning("list %s kept changing while it was read; rows may be missing from this pass", list_id)
    edge = str(rows[-1].get("id", "")) if rows else ""
    after = {**here, "page": number + 1, "edge": edge}
    if is_last:
        after = {**position, **_fresh(), "at": position["at"] + 1}
    is_over = after["at"] >= len(position["lists"])
    return Page(_records(rows), position=None if is_over else after, total=position["total"])


def _moved(client: Client, here: Position, contacts: int, rows: int, is_last: bool, size: int) -> bool:
    if contacts != here["contacts"]:
        return True
    if here["seen"] != contacts if is_last else rows < size:
        return True
    return here["page"] > 1 and not _edge_stands(client, here, size)


def _edge_stands(client: Client, here: Position, size: int) -> bool:
    """Whether the row that ended the page before is still in its place."""
    peek = (here["page"] - 1) * size // PEEK_SIZE
    rows = client.list_page(here["lists"][here["at"]], peek, PEEK_SIZE).get("prospects") or [{}]
    return str(rows[-1].get("id", "")) == here["edge"]


def _records(rows: list[dict[str, Any]]) -> list[RemoteRecord]:
    return [
        RemoteRecord(id=str(row["id"]), values=schema.listed_values(row), partial=True)
        for row in rows
        if isinstance(row, dict) and row.get("id")
    ]
