"""Reading many rows: ``$filter``, ``$orderby``, paging by nextLink, and the delta feed.

A page's cookie names the last row of the page by what it is ordered by, not by its place (only downward orders go by
that): rows that
come and go meanwhile shift nothing. A delta token is the
organisation's version when the reading began, with the time that makes it expire.
"""

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from integrations.standins.dynamics import filters
from integrations.standins.dynamics.errors import Problem, bad_url, no_property
from integrations.standins.dynamics.shapes import selected, shown
from integrations.standins.dynamics.store import Row, Table
from integrations.standins.dynamics.tables import Column

if TYPE_CHECKING:
    from integrations.standins.dynamics.organisation import Organisation

MOST = 5000
DAY = 86_400
KNOWN = {"$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$deltatoken"}
FORBIDDEN_WITH_TRACKING = ("$filter", "$orderby", "$expand", "$top")
TRACK = "odata.track-changes"


class Prefer:
    """The Prefer headers of one request."""

    def __init__(self, header: str) -> None:
        self.values = {
            name.strip().lower(): value.strip('" ')
            for name, _, value in (part.partition("=") for part in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', header))
        }
        self.notes = frozenset(filter(None, self.values.get("odata.include-annotations", "").split(",")))
        size = self.values.get("odata.maxpagesize", "")
        self.size = min(int(size), MOST) if size.isdigit() and int(size) > 0 else 0
        self.tracks = TRACK in self.values
        self.representation = self.values.get("return") == "representation"
        self.goes_on = "odata.continue-on-error" in self.values

    @property
    def applied(self) -> dict[str, str]:
        found = [f"odata.maxpagesize={self.size}"] if self.size else []
        found += [TRACK] if self.tracks else []
        found += ['odata.include-annotations="{}"'.format(",".join(sorted(self.notes)))] if self.notes else []
        return {"Preference-Applied": ",".join(found)} if found else {}


def listed(org: "Organisation", table: Table, root: str, query: dict[str, str], prefer: Prefer) -> dict[str, Any]:
    """The body of ``GET <set>``. ``root``: the address of the API. Raises Problem."""
    if unknown := [name for name in query if name.startswith("$") and name not in KNOWN]:
        raise bad_url(f"The query parameter {unknown[0]} is not supported")
    columns = selected(table.kind, query.get("$select"))
    context = f"{root}/$metadata#{table.kind.entity_set}" + (f"({query['$select']})" if query.get("$select") else "")
    if prefer.tracks or "$deltatoken" in query:
        body = _delta(org, table, root, query, prefer)
        context += "/$delta" if query.get("$deltatoken") else ""
    else:
        body = _page(table, root, query, prefer)
    rows, gone = [row for row in body.pop("rows") if row.id not in org.hidden], body.pop("gone", [])
    shapes = [shown(org, table.kind, row, columns, prefer.notes, query.get("$expand", "")) for row in rows]
    return {"@odata.context": context, **body, "value": shapes + gone}


def _page(table: Table, root: str, query: dict[str, str], prefer: Prefer) -> dict[str, Any]:
    text, order = query.get("$filter"), _order(table, query.get("$orderby", ""))
    size = prefer.size or (int(query["$top"]) if query.get("$top", "").isdigit() else MOST)
    cookie = json.loads(query["$skiptoken"]) if "$skiptoken" in query else None
    if not order and not text:
        place = table.after(cookie["last"]) if cookie else 0
        ids, total = table.ids[place : place + size + 1], len(table.ids)
    else:
        found = _ordered(table, list(filters.matching(table, text) if text else table.ids), order)
        total, place = len(found), _after(table, found, order, cookie) if cookie else 0
        ids = found[place : place + size + 1]
    body: dict[str, Any] = {"rows": [table.rows[id] for id in ids[:size]]}
    if query.get("$count") == "true":
        body["@odata.count"] = min(total, MOST)
    if len(ids) > size and (prefer.size or "$top" not in query):
        last = {"last": ids[size - 1], "keys": _keys(table, ids[size - 1], order), "place": place + size}
        body["@odata.nextLink"] = _link(table, root, query, {"$skiptoken": json.dumps(last)})
    return body


Order = list[tuple[Column, bool]]
"""Columns, and whether they run downwards."""


def _order(table: Table, text: str) -> Order:
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, way = part.partition(" ")
        column = table.kind.by_wire(name)
        if column is None:
            raise no_property(name, table.kind.logical)
        found.append((column, way.strip() == "desc"))
    return found


def _keys(table: Table, id: str, order: Order) -> list[Any]:
    values = (filters.comparable(table.rows[id], column, table.kind) for column, _down in order)
    return [[value is not None, value] for value in values]


def _ordered(table: Table, ids: list[str], order: Order) -> list[str]:
    for column, down in reversed(order):
        ids.sort(key=lambda id: _keys(table, id, [(column, down)]), reverse=down)
    return ids


def _after(table: Table, ids: list[str], order: Order, cookie: dict[str, Any]) -> int:
    """Where the rows begin that come after the last one of the page before, wherever that one is now."""
    if any(down for _column, down in order):
        return int(cookie["place"])
    ended = (cookie["keys"], cookie["last"])
    return bisect_right(ids, ended, key=lambda id: (_keys(table, id, order), id))


def _delta(org: "Organisation", table: Table, root: str, query: dict[str, str], prefer: Prefer) -> dict[str, Any]:
    for name in FORBIDDEN_WITH_TRACKING:
        if name in query:
            raise bad_url(f'The "${{{name[1:]}}}" query parameter isn\'t supported when Change Tracking is enabled.')
    if table.kind.logical in org.untracked:
        raise Problem(400, "0x80072491", f"Change tracking is not enabled for entity '{table.kind.logical}'.")
    size = prefer.size or MOST
    token = unquote(query.get("$deltatoken", ""))
    skip = unquote(query.get("$skiptoken", ""))  # "<version that the reading began at>!<last version of the page>"
    since, expired = _since(org, token) if token else (0, False)
    if expired:
        raise Problem(
            410, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync."
        )
    began, _, last = skip.partition("!")
    began = began or str(org.version)
    rows = [row for row in table.changed_since(max(since, int(last or 0))) if token or row.version <= int(began)]
    body: dict[str, Any] = {"rows": rows[:size]}
    if len(rows) > size:
        body["@odata.nextLink"] = _link(table, root, query, {"$skiptoken": f"{began}!{rows[size - 1].version}"})
        return body
    if token:
        body["gone"] = [
            {
                "@odata.context": f"{root}/$metadata#{table.kind.entity_set}/$deletedEntity",
                "id": id,
                "reason": "deleted",
            }
            for id in table.deleted_since(since)
        ]
    stamp = quote(f"{began}!{int(org.clock.now())}", safe="")
    kept = {"$select": query["$select"]} if "$select" in query else {}
    body["@odata.deltaLink"] = _link(table, root, kept, {"$deltatoken": stamp}, quoted=True)
    return body


def _since(org: "Organisation", token: str) -> tuple[int, bool]:
    version, _, at = token.partition("!")
    if not version.isdigit() or not at.isdigit():
        raise bad_url("The delta token is not valid.")
    days = org.tables["organization"].rows[org.id].values["expirechangetrackingindays"]
    return int(version), org.clock.now() - int(at) > days * DAY


def _link(table: Table, root: str, query: dict[str, str], more: dict[str, str], *, quoted: bool = False) -> str:
    kept = {name: value for name, value in query.items() if name != "$skiptoken"}
    if quoted:
        tail = "&".join(f"{name}={value}" for name, value in more.items())
        return f"{root}/{table.kind.entity_set}?{urlencode(kept, safe='$,')}{'&' if kept else ''}{tail}"
    return f"{root}/{table.kind.entity_set}?{urlencode({**kept, **more}, safe='$,')}"


def single(
    org: "Organisation", table: Table, root: str, row: Row, query: dict[str, str], prefer: Prefer
) -> dict[str, Any]:
    columns = selected(table.kind, query.get("$select"))
    names = f"({query['$select']})" if query.get("$select") else ""
    return {
        "@odata.context": f"{root}/$metadata#{table.kind.entity_set}{names}/$entity",
        **shown(org, table.kind, row, columns, prefer.notes, query.get("$expand", "")),
    }
