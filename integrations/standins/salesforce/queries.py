"""Queries: what they find, page by page."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce import filters, soql
from integrations.standins.salesforce.computed import value_of
from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.fields import Field, Kind
from integrations.standins.salesforce.soql import Aggregate, Order, Query
from integrations.standins.salesforce.store import Row

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

MOST, LEAST = 2000, 200  # rows of a page
MOST_CHILDREN = 199  # rows that come with their parent; the others have pages of their own
ARCHIVED = ("Task", "Event")  # old ones are archived: only those who ask for everything see them
LIFE = 2 * 86_400  # seconds that a locator lives
Columns = dict[str, "Field | Parent | Children"]


@dataclass
class Parent:
    lookup: Field
    kind: Kind
    columns: Columns


@dataclass
class Children:
    kind: Kind
    lookup: Field
    query: Query
    columns: Columns


@dataclass
class Cursor:
    """A query that is being read: the ids that it found."""

    kind: Kind
    columns: Columns
    ids: list[str]
    everything: bool
    expires: float


class Queries:
    """The queries of one org. ``page``: the most rows of a page, where they are to be fewer than usual."""

    def __init__(self, org: "Org") -> None:
        self.org = org
        self.page = MOST
        self.cursors: dict[str, Cursor] = {}

    def run(self, text: str, version: str, *, everything: bool = False, batch: int = MOST) -> dict[str, Any]:
        """``everything``: deleted rows, too. Raises Problem."""
        query = soql.parse(text)
        kind = self._kind(query.kind)
        if any(isinstance(each, Aggregate) and each.function != "fields" for each in query.select):
            return self._counted(query, kind, everything)
        columns = self.columns(kind, query)
        rows = self.rows(query, kind, everything)
        cursor = Cursor(kind, columns, [row.id for row in rows], everything, self.org.clock.now() + LIFE)
        return self._page(
            cursor, "", 0, min(max(batch, LEAST), MOST, self.page) if self.page >= LEAST else self.page, version
        )

    def more(self, locator: str, version: str) -> dict[str, Any]:
        """The next page. Raises Problem."""
        name, _, start = locator.partition("-")
        cursor = self.cursors.get(name)
        if cursor is None or cursor.expires < self.org.clock.now() or not start.isdigit():
            raise Problem("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, name, int(start), min(self.page, MOST), version)

    def _page(self, cursor: Cursor, name: str, start: int, size: int, version: str) -> dict[str, Any]:
        table = self.org.tables[cursor.kind.name]
        end = start + size
        rows = [table.rows.get(id) for id in cursor.ids[start:end]]
        rows = [row for row in rows if row is not None and (cursor.everything or not row.deleted)]
        found: dict[str, Any] = {"totalSize": len(cursor.ids), "done": end >= len(cursor.ids)}
        if not found["done"]:
            if not name:
                name = f"01g5A{secrets.token_hex(6)}IBAQ"
                self.cursors[name] = cursor
            found["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{end}"
        found["records"] = [self.shown(cursor.kind, row, cursor.columns, version) for row in rows if row]
        return found

    def rows(self, query: Query, kind: Kind, everything: bool) -> list[Row]:
        test = filters.compiled(self.org, kind, query.where) if query.where else None
        hidden = "IsArchived" if kind.name in ARCHIVED else "IsDeleted"
        rows = [
            row
            for row in filters.candidates(self.org, kind, query.where)
            if row.id not in self.org.hidden
            and (everything or not (row.deleted or row.values.get(hidden)))
            and (test is None or test(row))
        ]
        for order in reversed(query.order):
            self._sort(rows, kind, order)
        return rows[query.offset : None if query.limit is None else query.offset + query.limit]

    def _sort(self, rows: list[Row], kind: Kind, order: Order) -> None:
        get, field = filters.getter(self.org, kind, order.path)
        if field.type in ("multipicklist", "address") or (field.type == "textarea" and field.max > filters.LONG_TEXT):
            raise Problem("MALFORMED_QUERY", f"field '{order.path}' can not be sorted in a query call")
        blank = [row for row in rows if get(row) is None]
        filled = [row for row in rows if get(row) is not None]
        filled.sort(key=lambda row: filters.folded(get(row)), reverse=order.descending)
        rows[:] = [*filled, *blank] if order.nulls_last else [*blank, *filled]

    def _kind(self, name: str) -> Kind:
        found = self.org._lower.get(name.lower())
        if found is None:
            raise Problem(
                "INVALID_TYPE",
                f"\nFROM {name}\n     ^\nERROR at Row:1:Column:6\nsObject type '{name}' is not supported. If you are attempting to "
                "use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the "
                "describe call for the appropriate names.",
            )
        return self.org.tables[found].kind

    # -- what is shown ----------------------------------------------------------------------------------------------------
    def columns(self, kind: Kind, query: Query) -> Columns:
        found: Columns = {}
        for item in query.select:
            if isinstance(item, Query):
                self._children(kind, item, found)
            elif isinstance(item, Aggregate):
                self._all_fields(kind, item.path.lower(), query, found)
            else:
                self._column(kind, item, found)
        return found

    def _column(self, kind: Kind, path: str, found: Columns) -> None:
        head, _, rest = path.partition(".")
        if not rest:
            field = kind.field(head)
            if field is None:
                raise filters.no_field(head, kind.name)
            if field.name in found:
                raise Problem("INVALID_FIELD", f"duplicate field selected: {head}")
            found[field.name] = field
            return
        lookup = kind.related(head)
        if lookup is None:
            filters.getter(self.org, kind, path)  # says what is wrong
            return self._column(kind, rest, found)
        target = self.org.names if len(lookup.targets) > 1 else self.org.tables[lookup.targets[0]].kind
        parent = found.setdefault(lookup.relationship, Parent(lookup, target, {}))
        if isinstance(parent, Parent):
            self._column(target, rest, parent.columns)

    def _children(self, kind: Kind, query: Query, found: Columns) -> None:
        name = query.kind.lower()
        for table in self.org.tables.values():
            for field in table.kind.fields.values():
                if field.children.lower() == name and kind.name in field.targets:
                    found[field.children] = Children(table.kind, field, query, self.columns(table.kind, query))
                    return
        raise Problem("INVALID_TYPE", f"Didn't understand relationship '{query.kind}' in FROM part of query call.")

    @staticmethod
    def _all_fields(kind: Kind, which: str, query: Query, found: Columns) -> None:
        if which != "standard" and (query.limit is None or query.limit > 200):
            raise Problem("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
        for field in kind.visible:
            if which == "all" or (which == "custom") == field.custom:
                found[field.name] = field

    def shown(self, kind: Kind, row: Row, columns: Columns, version: str) -> dict[str, Any]:
        real = self.org.kind_of(row.id)
        url = f"/services/data/v{version}/sobjects/{real}/{row.id}"
        found: dict[str, Any] = {"attributes": {"type": kind.name, "url": url}}
        for name, column in columns.items():
            if isinstance(column, Field):
                found[name] = self._value(kind, row, column)
            elif isinstance(column, Parent):
                other = self.org.find(value_of(self.org, kind, row, column.lookup))
                found[name] = self.shown(column.kind, other, column.columns, version) if other else None
            else:
                found[name] = self._shown_children(row, column, version)
        return found

    def _value(self, kind: Kind, row: Row, field: Field) -> Any:
        if kind.name == "Name":
            return filters.getter(self.org, kind, field.name)[0](row)
        return value_of(self.org, kind, row, field)

    def _shown_children(self, row: Row, column: Children, version: str) -> dict[str, Any] | None:
        name = column.lookup.name
        rows = [each for each in self.rows(column.query, column.kind, False) if each.values.get(name) == row.id]
        if not rows:
            return None
        cursor = Cursor(column.kind, column.columns, [each.id for each in rows], False, self.org.clock.now() + LIFE)
        return self._page(cursor, "", 0, min(self.page, MOST_CHILDREN), version)

    def _counted(self, query: Query, kind: Kind, everything: bool) -> dict[str, Any]:
        rows = self.rows(query, kind, everything)
        if len(query.select) == 1 and isinstance(query.select[0], Aggregate) and not query.select[0].path:
            return {"totalSize": len(rows), "done": True, "records": []}
        record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for place, item in enumerate(query.select):
            if not isinstance(item, Aggregate):
                raise Problem("MALFORMED_QUERY", "Field must be grouped or aggregated")
            get, _field = filters.getter(self.org, kind, item.path)
            held = [value for row in rows if (value := get(row)) is not None]
            results = {"count": len(held), "count_distinct": len(set(held)), "min": min(held, default=None),
                       "max": max(held, default=None)}  # fmt: skip
            record[item.alias or f"expr{place}"] = results[item.function]
        return {"totalSize": 1, "done": True, "records": [record]}
