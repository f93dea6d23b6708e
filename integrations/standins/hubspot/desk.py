"""The page where a person plays a HubSpot user: at the same addresses that record links have at HubSpot."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Route

from integrations.standins.hubspot.errors import Problem
from integrations.standins.hubspot.portal import Portal
from integrations.standins.hubspot.search import Search
from integrations.standins.hubspot.table import Record, Table
from integrations.standins.hubspot.types import object_type
from integrations.standins.pages import Action, Input, Row
from integrations.standins.pages import routes as page_routes

if TYPE_CHECKING:
    from integrations.standins.hubspot.vendor import HubSpot

BY_HAND = "CRM_UI"
FIRST = {  # shown as columns, and first in the form
    "contacts": ("firstname", "lastname", "email", "phone", "mobilephone", "jobtitle", "company", "website", "city",
                 "country", "industry", "lifecyclestage", "hs_lead_status", "hubspot_owner_id"),
    "companies": ("name", "domain", "phone", "website", "industry", "city", "country"),
    "deals": ("dealname", "amount", "pipeline", "dealstage", "closedate"),
    "tickets": ("subject", "hs_pipeline_stage", "hs_ticket_priority", "content"),
    "products": ("name", "hs_sku", "price"),
    "invoices": ("hs_invoice_status", "hs_currency", "hs_invoice_date", "hs_due_date"),
    "leads": ("hs_lead_name", "hs_pipeline_stage", "hs_lead_label"),
    "calls": ("hs_call_title", "hs_timestamp", "hs_call_direction", "hs_call_disposition"),
    "emails": ("hs_email_subject", "hs_timestamp", "hs_email_direction"),
    "meetings": ("hs_meeting_title", "hs_meeting_start_time", "hs_meeting_outcome"),
    "notes": ("hs_note_body", "hs_timestamp"),
    "tasks": ("hs_task_subject", "hs_timestamp", "hs_task_status"),
}  # fmt: skip
COLUMNS = 6


def routes(hub: "HubSpot") -> list[Route]:
    def desk_for(request: Request) -> "Desk | None":
        kind = object_type(request.path_params["type"])
        number = request.path_params["portal"]
        portal = hub.portals.get(int(number)) if number.isdigit() else None
        return Desk(portal, portal.tables[kind.name]) if kind and portal else None

    return page_routes("/contacts/{portal}/objects/{type}", "/contacts/{portal}/record/{type}/{id}", desk_for)


class Desk:
    groups = [("live", "All"), ("archived", "Archived")]

    def __init__(self, portal: Portal, table: Table) -> None:
        self.portal, self.table = portal, table
        self.title = f"HubSpot · {portal.name}"
        self.noun = table.kind.singular.replace("_", " ")
        self.list_url = f"/contacts/{portal.id}/objects/{table.kind.type_id}"
        self.new_url = f"{self.list_url}/new"
        named = FIRST.get(table.kind.name, ())
        rest = (name for name, each in table.definitions.items() if each.writable and name not in named)
        self.names = [*named, *rest]
        self.first = len(named) or 8
        shown = [name for name in self.names if name not in ("mobilephone", "website")][:COLUMNS]
        self.shown = shown
        self.columns = ["Record", *(table.definitions[name].label for name in shown), "Changed"]

    def record_url(self, id: str) -> str:
        return f"/contacts/{self.portal.id}/record/{self.table.kind.type_id}/{id}"

    def rows(self, group: str, words: str, start: int, size: int) -> tuple[list[Row], int]:
        """Newest change first; the archived ones by id."""
        table = self.table
        if group == "archived":
            ids = table.archived
        else:
            order = {"propertyName": table.kind.modified, "direction": "DESCENDING"}
            ids = Search(table, {"query": words, "sorts": [order]}, lambda word, id: set()).run()
        return [self._row(table.records[id]) for id in ids[start : start + size] if id in table.records], len(ids)

    def _row(self, record: Record) -> Row:
        value = record.values.get
        cells = [value(name, "") for name in self.shown]
        return Row(
            str(record.id), [f"#{record.id}", *cells, value(self.table.kind.modified, "")[:16].replace("T", " ")]
        )

    def _record(self, id: str) -> Record:
        number = int(id) if id.isdigit() else 0
        found = self.table.get(number) or self.table.get(number, archived=True)
        if found is None:
            raise KeyError(id)
        return found

    def inputs(self, id: str | None) -> list[Input]:
        values = self._record(id).values if id else {}
        return [self._input(name, values.get(name, ""), order) for order, name in enumerate(self.names)]

    def _input(self, name: str, value: str, order: int) -> Input:
        each = self.table.definitions[name]
        options = [(option["value"], option["label"]) for option in each.options if each.field_type != "checkbox"]
        if each.owner:
            options = [(owner.id, f"{owner.first_name} {owner.last_name}") for owner in self.portal.owners]
        section = "" if order < self.first else "More properties"
        return Input(name, each.label, value, options, each.field_type in ("textarea", "html"), section)

    def save(self, id: str | None, values: dict[str, str]) -> str:
        given = {name: value for name, value in values.items() if name in self.names}
        try:
            if id is None:
                given = {name: value for name, value in given.items() if value}
                return str(self.portal.create(self.table, given, BY_HAND).id)
            record = self._record(id)
            if record.archived:
                raise ValueError("Restore the record first.")
            changes = {name: value for name, value in given.items() if value != record.values.get(name, "")}
            self._change(record, changes)
        except Problem as problem:
            raise ValueError(problem.message) from problem
        return str(record.id)

    def _change(self, record: Record, changes: dict[str, str]) -> None:
        """A person may move a lifecycle stage back: clear it, then set it."""
        if changes.get("lifecyclestage"):
            self.portal.checked(self.table, changes, record)
            self.portal.update(self.table, record, {"lifecyclestage": ""}, BY_HAND)
        self.portal.update(self.table, record, changes, BY_HAND)

    def actions(self, id: str) -> list[Action]:
        if self._record(id).archived:
            return [Action("restore", "Restore")]
        found = [Action("archive", f"Delete {self.noun}")]
        if self.table.kind.merges:
            found.append(Action("merge", "Merge into this one", ask="Record ID of the other"))
        if self.table.kind.name == "contacts":
            found.append(Action("erase", "Delete permanently (GDPR)"))
        found.append(Action("associate", "Associate", ask="object, ID and label, as in: companies 7001 primary"))
        if near := self._neighbours(id):
            found.append(Action("dissociate", "Remove association", options=near))
        return found

    def _neighbours(self, id: str) -> list[tuple[str, str]]:
        """(what to send, what to show) of each associated record."""
        associations, found = self.portal.associations, []
        for other in self.portal.tables.values():
            for one, type_ids in self.portal.near(self.table, self._record(id).id, other).items():
                types = associations.types_of(self.table.kind.singular, other.kind.singular)
                labels = ", ".join(label for each in sorted(type_ids) if (label := types[each].label))
                names = (other.records[one].values.get(name, "") for name in FIRST.get(other.kind.name, ())[:2])
                shown = f"{other.kind.singular} #{one} {' '.join(names)}" + (f" ({labels})" if labels else "")
                found.append((f"{other.kind.name} {one}", shown))
        return found

    def _tie(self, record: Record, action: str, value: str) -> None:
        word, number, *label = [*value.split(), "", ""][:3]
        kind = object_type(word)
        other = self.portal.tables[kind.name].get(int(number)) if kind and number.isdigit() else None
        if kind is None or other is None:
            raise ValueError(f"There is no record {value}.")
        ends = self.table.kind.singular, record.id, kind.singular, other.id
        types = self.portal.associations.with_label(ends[0], ends[2], *label)
        verb = self.portal.connect if action == "associate" else self.portal.disconnect
        verb(*ends, types, BY_HAND)

    def act(self, id: str, action: str, value: str) -> str | None:
        record = self._record(id)
        if action not in {each.name for each in self.actions(id)}:
            raise ValueError("That is not possible with this record.")
        try:
            if action == "restore":
                self.portal.restore(self.table, record)
                return id
            if action == "merge":
                other = self.table.get(int(value)) if value.isdigit() else None
                if other is None or other is record:
                    raise ValueError(f"There is no other {self.noun} with the ID {value}.")
                return str(self.portal.merge(self.table, record, other, BY_HAND).id)
            if action in ("associate", "dissociate"):
                self._tie(record, action, value)
                return id
            if action == "archive":
                self.portal.archive(self.table, record, BY_HAND)
            else:
                self.portal.purge(self.table, record)
        except Problem as problem:
            raise ValueError(problem.message) from problem
        return None
