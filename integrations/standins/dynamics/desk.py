"""The page where a person plays a Dynamics user: list, search, edit, create, delete, merge.
``/main/<organisation>/<entity set>``."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from integrations.standins.dynamics.errors import Problem
from integrations.standins.dynamics.organisation import Organisation
from integrations.standins.dynamics.shapes import value_of
from integrations.standins.dynamics.store import Row as Stored
from integrations.standins.dynamics.store import Table
from integrations.standins.dynamics.tables import MERGING, Column
from integrations.standins.dynamics.values import CHOICES, NUMBERS
from integrations.standins.pages import Action, Input, Row
from integrations.standins.pages import routes as page_routes

if TYPE_CHECKING:
    from integrations.standins.dynamics.vendor import Dynamics

COLUMNS = 5
HIDDEN = {"statecode", "overriddencreatedon", "importsequencenumber", "merged", "masterid"}


def routes(vendor: "Dynamics") -> list[Route]:
    def desk_for(request: Request) -> "Desk | None":
        number = request.path_params["org"]
        org = next((org for org in vendor.organisations if str(org.number) == number), None)
        logical = org.logical(request.path_params["set"]) if org else None
        return Desk(org, org.tables[logical]) if org and logical else None

    return page_routes("/main/{org}/{set}", "/main/{org}/{set}/{id}", desk_for)


class Desk:
    groups = [("all", "All")]

    def __init__(self, org: Organisation, table: Table) -> None:
        self.org, self.table = org, table
        kind = table.kind
        self.title = f"Dynamics 365 · {org.name}"
        self.noun = kind.logical
        self.list_url = f"/main/{org.number}/{kind.entity_set}"
        self.new_url = f"{self.list_url}/new"
        self.writable = [
            column
            for column in kind.columns.values()
            if not column.read_only
            and column.name not in HIDDEN
            and column.type not in ("PartyList", "Uniqueidentifier")
        ]
        self.shown = [kind.columns[kind.name_column], *self.writable][:COLUMNS]
        self.columns = [*(column.label for column in self.shown), "Changed"]

    def record_url(self, id: str) -> str:
        return f"{self.list_url}/{id}"

    def rows(self, group: str, words: str, start: int, size: int) -> tuple[list[Row], int]:
        """Newest change first."""
        found = [
            row
            for row in sorted(self.table.rows.values(), key=lambda row: -row.version)
            if words.casefold() in " ".join(str(value) for value in row.values.values()).casefold()
        ]
        return [self._row(row) for row in found[start : start + size]], len(found)

    def _row(self, row: Stored) -> Row:
        cells = [self._text(row, column) for column in self.shown]
        return Row(row.id, [*cells, str(row.values.get("modifiedon", ""))[:16].replace("T", " ")])

    def _text(self, row: Stored, column: Column) -> str:
        value = value_of(self.table.kind, row, column)
        if column.options:
            return next((label for number, label, _state in column.options if number == value), "")
        return "" if value is None else f"{value[0]}:{value[1]}" if isinstance(value, tuple) else str(value)

    def _stored(self, id: str) -> Stored:
        return self.table.rows[id]

    def inputs(self, id: str | None) -> list[Input]:
        row = self._stored(id) if id else None
        return [self._input(column, row, place) for place, column in enumerate(self.writable)]

    def _input(self, column: Column, row: Stored | None, place: int) -> Input:
        value = row.values.get(column.name) if row else None
        options = [(str(number), label) for number, label, _state in column.options]
        if column.type == "Boolean":
            options = [("true", "Yes"), ("false", "No")]
            value = None if value is None else str(value).lower()
        if column.is_lookup:
            value = f"{value[0]}:{value[1]}" if value else None
        section = "" if place < 12 else "More columns"
        label = f"{column.label} (table:id)" if column.is_lookup else column.label
        return Input(column.name, label, "" if value is None else str(value), options, column.type == "Memo", section)

    def save(self, id: str | None, values: dict[str, str]) -> str:
        before = {each.name: each.value for each in self.inputs(id)}
        changed = {name: value for name, value in values.items() if name in before and value != before[name]}
        who = self.org.users[0]
        try:
            given = dict(self._typed(name, value) for name, value in changed.items())
            if id is None:
                return self.org.create(self.table.kind.logical, given, who).id
            self.org.update(self.table.kind.logical, self._stored(id), given, who, system=True)
        except Problem as problem:
            raise ValueError(problem.message) from problem
        finally:
            self.org.settle()
        return id

    def _typed(self, name: str, text: str) -> tuple[str, Any]:
        """What the API would be sent for what a person typed."""
        column = self.table.kind.columns[name]
        if column.is_lookup:
            logical, _, id = text.partition(":")
            target = self.org.tables.get(logical)
            bind = next(
                (n for n, (c, t) in self.table.kind.navigation.items() if c is column and t in ("", logical)), None
            )
            if text and (target is None or bind is None):
                raise ValueError(f"{column.label}: write the table and the id, such as account:0000….")
            names = [n for n, (c, _t) in self.table.kind.navigation.items() if c is column]
            return f"{bind or names[0]}@odata.bind", f"/{target.kind.entity_set}({id})" if text and target else None
        if not text:
            return name, None
        if column.type in CHOICES or column.type == "Integer":
            return name, int(text)
        if column.type in NUMBERS:
            return name, float(text)
        return name, text == "true" if column.type == "Boolean" else text

    def actions(self, id: str) -> list[Action]:
        self._stored(id)
        found = [Action("delete", f"Delete {self.noun}")]
        if self.table.kind.logical in MERGING:
            found.append(Action("merge", "Merge into this one", ask="ID of the other"))
        return found

    def act(self, id: str, action: str, value: str) -> str | None:
        row, who = self._stored(id), self.org.users[0]
        try:
            if action == "merge":
                self.org.merge(self.table.kind.logical, id, value, who)
                return id
            self.org.delete(self.table.kind.logical, row, who)
        except Problem as problem:
            raise ValueError(problem.message) from problem
        finally:
            self.org.settle()
        return None
