"""The page where a person plays a Salesforce user: list, search, edit, create, delete, restore, merge, convert.
``/lightning/<org>/<object>``."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from integrations.standins.pages import Action, Input, Row
from integrations.standins.pages import routes as page_routes
from integrations.standins.salesforce.computed import value_of
from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.fields import Field
from integrations.standins.salesforce.org import Org
from integrations.standins.salesforce.store import Row as Stored
from integrations.standins.salesforce.store import Table

if TYPE_CHECKING:
    from integrations.standins.salesforce.vendor import Salesforce

COLUMNS = 5
FIRST = (
    "Email",
    "AccountId",
    "Company",
    "StageName",
    "Amount",
    "Status",
    "Phone",
    "WhoId",
)  # shown beside the name, if there


def routes(vendor: "Salesforce") -> list[Route]:
    def desk_for(request: Request) -> "Desk | None":
        number, name = request.path_params["org"], request.path_params["kind"]
        org = next((org for org in vendor.orgs if str(org.number) == number), None)
        return Desk(org, org.tables[name]) if org and name in org.tables else None

    return page_routes("/lightning/{org}/{kind}", "/lightning/{org}/{kind}/{id}", desk_for)


class Desk:
    groups = [("all", "All"), ("bin", "Recycle Bin")]

    def __init__(self, org: Org, table: Table) -> None:
        self.org, self.table, kind = org, table, table.kind
        self.title = f"Salesforce · {org.name}"
        self.noun = kind.label.lower()
        self.list_url = f"/lightning/{org.number}/{kind.name}"
        self.new_url = f"{self.list_url}/new"
        self.writable = [field for field in kind.fields.values() if field.createable or field.updateable]
        first = [kind.fields[name] for name in (kind.name_field, *FIRST) if name in kind.fields]
        self.shown = list(dict.fromkeys(field.name for field in [*first, *self.writable]))[:COLUMNS]
        self.columns = [*(kind.fields[name].label for name in self.shown), "Changed"]

    def record_url(self, id: str) -> str:
        return f"{self.list_url}/{id}"

    def rows(self, group: str, words: str, start: int, size: int) -> tuple[list[Row], int]:
        """Newest change first."""
        found = [
            row
            for row in sorted(self.table.rows.values(), key=lambda row: row.stamp, reverse=True)
            if row.deleted is (group == "bin")
            and words.casefold() in " ".join(str(value) for value in row.values.values()).casefold()
        ]
        return [self._row(row) for row in found[start : start + size]], len(found)

    def _row(self, row: Stored) -> Row:
        cells = [self._text(row, self.table.kind.fields[name]) for name in self.shown]
        return Row(row.id, [*cells, row.stamp[:16].replace("T", " ")])

    def _text(self, row: Stored, field: Field) -> str:
        value = value_of(self.org, self.table.kind, row, field)
        other = self.org.find(value) if field.type == "reference" else None
        if other is not None:
            about = self.org.tables[self.org.kind_of(other.id) or ""].kind
            return str(other.values.get(about.name_field, other.id))
        return "" if value is None else str(value)

    def inputs(self, id: str | None) -> list[Input]:
        row = self.table.rows[id] if id else None
        fields = [field for field in self.writable if (field.updateable if id else field.createable)]
        return [self._input(field, row, place) for place, field in enumerate(fields)]

    def _input(self, field: Field, row: Stored | None, place: int) -> Input:
        value = row.values.get(field.name) if row else field.default
        options = [(option.value, option.value) for option in field.options] if field.type == "picklist" else []
        if field.type == "boolean":
            options, value = [("true", "Yes"), ("false", "No")], str(bool(value)).lower()
        if options and value and str(value) not in dict(options):
            options.append((str(value), str(value)))
        long = field.type == "textarea" and field.max > 255
        label = f"{field.label} (id)" if field.type == "reference" else field.label
        return Input(
            field.name, label, "" if value is None else str(value), options, long, "" if place < 14 else "More fields"
        )

    def save(self, id: str | None, values: dict[str, str]) -> str:
        before = {each.name: each.value for each in self.inputs(id)}
        changed: dict[str, Any] = {
            name: value or None
            for name, value in values.items()
            if name in before and (id is None or value != before[name])
        }
        kind, who = self.table.kind.name, self.org.users[0]
        try:
            if id is None:
                return self.org.create(kind, changed, who, allow_save=True).id
            self.org.update(kind, self.org.row(kind, id), changed, who, allow_save=True)
        except Problem as problem:
            raise ValueError(problem.message) from problem
        return id

    def actions(self, id: str) -> list[Action]:
        row = self.table.rows[id]
        if row.deleted:
            return [Action("undelete", "Restore")]
        found = [Action("delete", f"Delete {self.noun}")]
        if self.table.kind.mergeable:
            found.append(Action("merge", "Merge into this one", ask="ID of the other"))
        if self.table.kind.name == "Lead" and not row.values.get("IsConverted"):
            found.append(Action("convert", "Convert"))
        return found

    def act(self, id: str, action: str, value: str) -> str | None:
        kind, who = self.table.kind.name, self.org.users[0]
        try:
            if action == "undelete":
                self.org.undelete(kind, id, who)
            elif action == "merge":
                self.org.merge(kind, id, value, who)
            elif action == "convert":
                self.org.convert(id, who)
            else:
                self.org.delete(kind, self.org.row(kind, id), who)
                return None
        except Problem as problem:
            raise ValueError(problem.message) from problem
        return id
