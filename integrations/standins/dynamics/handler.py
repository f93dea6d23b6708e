"""One request on one organisation, whether it came alone or inside a batch."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations.standins.dynamics import actions, metadata, queries
from integrations.standins.dynamics.batch import Inner, Reply
from integrations.standins.dynamics.errors import Problem, bad_payload, bad_url, no_right
from integrations.standins.dynamics.organisation import Organisation
from integrations.standins.dynamics.queries import Prefer
from integrations.standins.dynamics.store import Row, Table
from integrations.standins.dynamics.values import GUID

API = re.compile(r"^(?:.*?)/api/data/v\d+\.\d+/")
PATH = re.compile(r"(?P<set>\w+)(?:\((?P<key>[^)]*)\))?(?:/(?P<rest>.+))?")
PAIR = re.compile(r"\s*(\w+)=('(?:[^']|'')*'|[^,]+)\s*(?:,|$)")


class Handler:
    """``base``: the organisation's address; ``user``: who calls."""

    def __init__(self, org: Organisation, base: str, user: str) -> None:
        self.org, self.user = org, user
        self.root = f"{base}/api/data/v9.2"

    def do(self, inner: Inner) -> Reply:
        """Raises Problem."""
        parts = urlsplit(inner.url)
        path = unquote(API.sub("", parts.path).lstrip("/"))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        prefer = Prefer(inner.headers.get("prefer", ""))
        if path.startswith("EntityDefinitions"):
            return Reply(200, metadata.answered(self.org, path, query, self.root))
        self._count(inner, path)
        if inner.method in ("GET", "POST") and (found := actions.answered(self, inner, path, query)):
            return found
        match = PATH.fullmatch(path)
        logical = self.org.logical(match["set"]) if match else None
        if match is None or logical is None:
            raise bad_url(f"Resource not found for the segment '{path.partition('(')[0]}'.", 404)
        table = self.org.tables[logical]
        if match["key"] is None:
            return self._collection(inner, table, match["rest"] or "", query, prefer)
        if match["rest"]:
            return self._part(inner, table, self._row(table, match["key"]), match["rest"])
        return self._one(inner, table, match["key"], query, prefer)

    def _count(self, inner: Inner, path: str) -> None:
        """Writes that were asked for, by entity set, refused ones too; an action counts for the table that it is about."""
        if inner.method == "GET":
            return
        name = re.split(r"[(/]", path, maxsplit=1)[0]
        if name in actions.CLOSES:
            name = self.org.tables[actions.CLOSES[name][0]].kind.entity_set
        self.org.writes[name] += 1

    # -- the set ----------------------------------------------------------------------------------------------------------
    def _collection(self, inner: Inner, table: Table, rest: str, query: dict[str, str], prefer: Prefer) -> Reply:
        if inner.method == "GET" and not rest:
            body = queries.listed(self.org, table, self.root, query, prefer)
            return Reply(200, body, prefer.applied)
        if inner.method == "GET" and rest == "$count":
            return Reply(200, len(table.ids))
        if inner.method == "POST" and rest:
            return actions.bulk(self, table, rest, self.json(inner))
        if inner.method != "POST":
            raise Problem(405, "0x80060888", f"The method {inner.method} is not allowed here.")
        row = self.org.create(table.kind.logical, self.json(inner), self.user)
        return self.written(table, row, query, prefer, made=True)

    def written(self, table: Table, row: Row, query: dict[str, str], prefer: Prefer, *, made: bool) -> Reply:
        headers = {"OData-EntityId": f"{self.root}/{table.kind.entity_set}({row.id})"}
        if not prefer.representation:
            return Reply(204, None, headers)
        body = queries.single(self.org, table, self.root, row, query, prefer)
        return Reply(201 if made else 200, body, {**headers, "Preference-Applied": "return=representation"})

    # -- one row ----------------------------------------------------------------------------------------------------------
    def _one(self, inner: Inner, table: Table, key: str, query: dict[str, str], prefer: Prefer) -> Reply:
        if inner.method == "GET":
            row = self._row(table, key)
            if not prefer.notes and inner.headers.get("if-none-match") == f'W/"{row.version}"':
                return Reply(304)
            return Reply(200, queries.single(self.org, table, self.root, row, query, prefer), prefer.applied)
        if inner.method == "DELETE":
            row = self._row(table, key)
            self.org.delete(table.kind.logical, row, self.user, _etag(inner))
            return Reply(204)
        if inner.method == "PATCH":
            return self._patch(inner, table, key, query, prefer)
        raise Problem(405, "0x80060888", f"The method {inner.method} is not allowed here.")

    def _patch(self, inner: Inner, table: Table, key: str, query: dict[str, str], prefer: Prefer) -> Reply:
        """An upsert, unless If-Match forbids to create or If-None-Match forbids to update."""
        given = self.json(inner)
        try:
            row = self._row(table, key)
        except Problem as problem:
            if problem.status != 404 or inner.headers.get("if-match"):
                raise
            made = self.org.create(table.kind.logical, {**given, **_named(table, key)}, self.user)
            return self.written(table, made, query, prefer, made=True)
        if inner.headers.get("if-none-match") == "*":
            raise Problem(412, "0x80040237", "A record with matching key values already exists.")
        self.org.update(table.kind.logical, row, given, self.user, _etag(inner))
        return self.written(table, row, query, prefer, made=False)

    def _part(self, inner: Inner, table: Table, row: Row, rest: str) -> Reply:
        """A column, a lookup's reference, or the participants of an activity."""
        logical, kind = table.kind.logical, table.kind
        if rest == kind.parties and kind.parties and inner.method == "PUT":
            self.org.update(logical, row, {rest: self.json(inner).get("value")}, self.user)
            return Reply(204)
        name, _, ref = rest.partition("/")
        if ref == "$ref" and inner.method == "DELETE":
            self.org.update(logical, row, {f"{name}@odata.bind": None}, self.user)
            return Reply(204)
        if name in kind.columns and not ref:
            if inner.method == "GET":
                return Reply(200, {"value": row.values.get(name)}) if row.values.get(name) is not None else Reply(204)
            if inner.method in ("PUT", "DELETE"):
                value = self.json(inner).get("value") if inner.method == "PUT" else None
                self.org.update(logical, row, {name: value}, self.user)
                return Reply(204)
        raise bad_url(f"Resource not found for the segment '{rest}'.", 404)

    def _row(self, table: Table, key: str) -> Row:
        """By id or by alternate key; raises Problem."""
        if GUID.fullmatch(key):
            row = self.org.row(table.kind.logical, key.lower())
            if row.id in self.org.hidden:
                raise no_right(row.id)
            return row
        wanted = _named(table, key)
        known = [sorted(each) for each in self.org.keys.get(table.kind.logical, [])]
        if sorted(wanted) not in known:
            raise bad_url(
                f"The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{table.kind.logical}'."
            )
        for row in table.rows.values():
            if all(row.values.get(name) == value for name, value in wanted.items()):
                return row
        raise Problem(
            404, "0x80060891", f"A record with the specified key values does not exist in {table.kind.logical} entity"
        )

    @staticmethod
    def json(inner: Inner) -> dict[str, Any]:
        try:
            found = json.loads(inner.body or b"{}")
        except ValueError as error:
            raise bad_payload("", f"Invalid JSON: {error}") from error
        if not isinstance(found, dict):
            raise bad_payload("", "The body must be a JSON object.")
        return found


def _etag(inner: Inner) -> str:
    """The version that If-Match asks for; "" for any."""
    found = inner.headers.get("if-match", "")
    return "" if found == "*" else found


def _named(table: Table, key: str) -> dict[str, Any]:
    """``name='v',n=1`` → {"name": "v", "n": 1}; an id alone is the primary key."""
    if GUID.fullmatch(key):
        return {table.kind.key: key.lower()}
    found: dict[str, Any] = {}
    for name, value in PAIR.findall(key):
        quoted = value.startswith("'")
        found[name] = value[1:-1].replace("''", "'") if quoted else int(value) if value.isdigit() else value
    return found
