"""One HubSpot account: its records, properties, owners and pipelines, and the rules that writes obey.

Every change goes through the verbs here, whether an API call or a person makes it, so that history, search lag and
webhooks see all of them. ``source`` is INTEGRATION or CRM_UI.
"""

from collections.abc import Callable, Iterable
from typing import Any

from integrations.standins.hubspot import seed
from integrations.standins.hubspot.associations import Associations, Edges
from integrations.standins.hubspot.computed import NAMES, compute
from integrations.standins.hubspot.errors import BadValue, Problem, bad_request, invalid
from integrations.standins.hubspot.pipelines import Pipeline, default_pipelines
from integrations.standins.hubspot.properties import definitions, groups
from integrations.standins.hubspot.rules import Rules, broken
from integrations.standins.hubspot.table import Record, Table, Values
from integrations.standins.hubspot.types import TYPES, ObjectType
from integrations.standins.hubspot.values import stored
from integrations.standins.vendor import Clock

# First ids cross a power of ten early: who compares ids as text is found out with 200 records.
FIRST_IDS = {"contacts": 901, "companies": 7001, "deals": 96}
LIFECYCLE = [
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
]

Emit = Callable[["Portal", str, ObjectType, int, dict[str, Any]], None]
"""(portal, what happened, object type, id, more members of the notification)"""


class Portal:
    def __init__(self, id: int, name: str, clock: Clock, emit: Emit) -> None:
        self.id, self.name, self.clock = id, name, clock
        self._emit = emit
        self.keeps_primary_id = False
        self.rules: Rules = {}
        self.clear()

    def clear(self) -> None:
        """No records, the properties that accounts ship with."""
        self.tables = {t.name: Table(t, definitions(t.name), FIRST_IDS.get(t.name, 501)) for t in TYPES}
        self.groups = {t.name: groups(t.name) for t in TYPES}
        self.pipelines: dict[str, dict[str, Pipeline]] = default_pipelines()
        for table in self.tables.values():
            self.pipeline_options(table)
        self.associations = Associations()
        self.owners = seed.owners()
        self.blocked: set[str] = set()  # addresses that were erased for good

    # -- writing ------------------------------------------------------------------------------------------------------
    def checked(self, table: Table, given: dict[str, Any], record: Record | None) -> Values:
        """Values ready to store; raises Problem for refused ones. ``record`` is None for a create."""
        if not isinstance(given, dict):
            raise bad_request("properties must be an object.")
        found: Values = {}
        bad: list[BadValue] = []
        for name, value in given.items():
            try:
                found[name] = self._value(table, name, value, record)
            except BadValue as error:
                bad.append(error)
        bad += broken(self.rules, table.kind.name, found, creating=record is None)
        if bad:
            raise invalid(bad, self.id)
        if record is None:
            self._needs(table, found)
        self._pipeline(table, found, record)
        self._forward_only(table, found, record)
        return found

    def create(self, table: Table, given: dict[str, Any], source: str = "INTEGRATION") -> Record:
        """Raises Problem (400 for values, 409 for a contact whose address exists)."""
        values = self.checked(table, given, None)
        self.no_double(table, values, None)
        return self.insert(table, values, source)

    def insert(self, table: Table, values: Values, source: str = "INTEGRATION") -> Record:
        """A record of values that were ``checked`` for a create."""
        told = [name for name, value in values.items() if value]
        if table.kind.name == "contacts" and not values.get("lifecyclestage"):
            values["lifecyclestage"] = "lead"
        values["hs_object_source"] = values["hs_object_source_label"] = source
        self.compute(table, values)
        record = table.insert({name: value for name, value in values.items() if value}, self.clock.ms())
        self.emit("creation", table, record.id, source)
        for name in told:
            self.property_changed(table, record, name, source)
        return record

    def update(self, table: Table, record: Record, given: dict[str, Any], source: str = "INTEGRATION") -> list[str]:
        """Names of the properties that differ now. Raises Problem, and then nothing has changed."""
        values = self.checked(table, given, record)
        self.no_double(table, values, record)
        return self.change(table, record, values, source)

    def change(self, table: Table, record: Record, values: Values, source: str = "INTEGRATION") -> list[str]:
        """As ``update``, with values that were ``checked`` for this record."""
        after = {**record.values, **values}
        self.compute(table, after)
        values.update({name: after[name] for name in NAMES.get(table.kind.name, ()) if name in after})
        changed = table.change(record, values, self.clock.ms(), source)
        for name in changed:
            self.property_changed(table, record, name, source)
        return changed

    def archive(self, table: Table, record: Record, source: str = "INTEGRATION") -> None:
        """Raises Problem for an invoice that is no draft any more."""
        if table.kind.name == "invoices" and record.values.get("hs_invoice_status", "draft") != "draft":
            raise bad_request(f"Invoice {record.id} can't be deleted: only drafts can.")
        table.archive(record, self.clock.ms())
        self.emit("deletion", table, record.id, source)

    def restore(self, table: Table, record: Record, source: str = "CRM_UI") -> None:
        """Raises Problem 409 if another record has taken the address meanwhile."""
        self.no_double(table, {name: record.values.get(name, "") for name in table.unique}, record)
        table.restore(record, self.clock.ms())
        self.emit("restore", table, record.id, source)

    def purge(self, table: Table, record: Record) -> None:
        if email := record.values.get("email"):
            self.blocked.add(email)
        self.associations.forget(table.kind.singular, record.id)
        table.purge(record)
        self.emit("privacyDeletion", table, record.id, "INTEGRATION")

    def merge(self, table: Table, primary: Record, other: Record, source: str = "INTEGRATION") -> Record:
        """One record out of two. It has a new id, and both old ids lead to it, unless ``keeps_primary_id``."""
        values = {**other.values, **primary.values}
        moved = len(values) - len(primary.values)
        merged = [*primary.values.get("hs_merged_object_ids", "").split(";"), str(primary.id), str(other.id)]
        merged += other.values.get("hs_merged_object_ids", "").split(";")
        values["hs_merged_object_ids"] = ";".join(dict.fromkeys(filter(None, merged)))
        if table.kind.name == "contacts":
            values["hs_additional_emails"] = _joined_addresses(primary, other)
        id = primary.id if self.keeps_primary_id else table.next_id
        table.merge([primary, other], id, self.clock.ms())
        record = table.insert(values, self.clock.ms(), created=min(primary.created, other.created), id=id)
        for old in (primary, other):
            if old.id != record.id:
                self.associations.move(table.kind.singular, old.id, record.id)
        ids = {"primaryObjectId": primary.id, "mergedObjectIds": [other.id], "newObjectId": record.id}
        self.emit("merge", table, record.id, source, **ids, numberOfPropertiesMoved=moved)
        return record

    def connect(
        self, source: str, id: int, target: str, other: int, types: Iterable[int] = (), by: str = "INTEGRATION"
    ) -> None:
        """Associate two records; raises Problem for a type that doesn't exist."""
        if self.associations.connect(source, id, target, other, types):
            self._associated(source, id, target, other, by, removed=False)

    def disconnect(
        self, source: str, id: int, target: str, other: int, types: Iterable[int] = (), by: str = "INTEGRATION"
    ) -> None:
        """A lead without any primary record is deleted."""
        if self.associations.disconnect(source, id, target, other, types):
            self._associated(source, id, target, other, by, removed=True)
            for kind, own in ((source, id), (target, other)):
                if kind == "lead" and (lead := self.tables["leads"].get(own)) and not self.has_primary(own):
                    self.archive(self.tables["leads"], lead, by)

    def has_primary(self, lead: int) -> bool:
        return any(self.associations.primary("lead", lead, target) is not None for target in ("contact", "company"))

    def near(self, source: Table, id: int, target: Table) -> Edges:
        """The live records next to one, by ascending id, with the type ids of each pair."""
        edges = self.associations.of(source.kind.singular, id, target.kind.singular)
        return {other: types for other, types in edges.items() if target.get(other) is not None}

    def table_of(self, singular: str) -> Table:
        return next(table for table in self.tables.values() if table.kind.singular == singular)

    def _associated(self, source: str, id: int, target: str, other: int, by: str, *, removed: bool) -> None:
        """Searches by association see it, the contact shows its primary company, and both directions are told."""
        for kind, own, there, far in ((source, id, target, other), (target, other, source, id)):
            table = self.table_of(kind)
            table.version += 1
            self._show_primary(kind, own)
            primary = self.associations.primary(kind, own, there) == far
            self.emit(
                "associationChange", table, own, by,
                associationType=f"{kind}_TO_{there}".upper(), fromObjectId=own, toObjectId=far,
                associationRemoved=removed, isPrimaryAssociation=primary,
            )  # fmt: skip

    def _show_primary(self, kind: str, id: int) -> None:
        record = self.tables["contacts"].get(id) if kind == "contact" else None
        if record is not None:
            primary = self.associations.primary("contact", id, "company")
            if primary is None:
                record.values.pop("associatedcompanyid", None)
            else:
                record.values["associatedcompanyid"] = str(primary)
            self.tables["contacts"].touch(record)

    # -- webhooks -----------------------------------------------------------------------------------------------------
    def emit(self, event: str, table: Table, id: int, source: str, **more: Any) -> None:
        self._emit(self, event, table.kind, id, {"changeSource": source, **more})

    def property_changed(self, table: Table, record: Record, name: str, source: str) -> None:
        value = record.values.get(name, "")
        self.emit("propertyChange", table, record.id, source, propertyName=name, propertyValue=value)

    # -- rules --------------------------------------------------------------------------------------------------------
    def _value(self, table: Table, name: str, value: Any, record: Record | None) -> str:
        definition = table.definitions.get(name)
        if definition is None or definition.archived:
            raise BadValue("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist', name)
        if not definition.writable:
            raise BadValue("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.', name)
        kept = stored(definition, value, record.values.get(name, "") if record else "")
        if definition.owner and kept and kept not in {owner.id for owner in self.owners if not owner.archived}:
            raise BadValue("INVALID_OWNER_ID", f"Owner {kept} does not exist.", name)
        return kept

    def _needs(self, table: Table, values: Values) -> None:
        for names in table.kind.needs:
            if not any(values.get(name) for name in names):
                raise bad_request(f"Error creating {table.kind.singular.upper()}. Some required properties were not "
                                  f"set: one of {', '.join(names)}.", context={"properties": list(names)})  # fmt: skip

    def no_double(self, table: Table, values: Values, record: Record | None) -> None:
        """No other live record may have these unique values; addresses give 409, other properties 400."""
        own = record.id if record else 0
        for name in table.unique:
            value = values.get(name, "").lower()
            holder = table.unique[name].get(value) if value else None
            if holder is None or holder == own:
                continue
            if name == "email":
                raise Problem(409, f"Contact already exists. Existing ID: {holder}", "CONFLICT")
            message = f"{name} has a value that {table.kind.singular} {holder} has already: {value}"
            raise invalid([BadValue("CONFLICTING_UNIQUE_VALUE", message, name)], self.id)
        if values.get("email") in self.blocked and table.kind.name == "contacts":
            raise bad_request("This contact was permanently deleted and its address is on the blocklist.")

    def pipeline_options(self, table: Table) -> None:
        """Pipelines and their stages are the options of two properties."""
        if table.kind.pipeline is None:
            return
        pipelines = self.pipelines[table.kind.name].values()
        found = [[(each.id, each.label) for each in pipelines]]
        found.append([(stage.id, stage.label) for each in pipelines for stage in each.stages.values()])
        for name, pairs in zip(table.kind.pipeline, found, strict=True):
            table.definitions[name].options = [
                {"label": label, "value": value, "displayOrder": order, "hidden": False, "description": ""}
                for order, (value, label) in enumerate(pairs)
            ]

    def _pipeline(self, table: Table, values: Values, record: Record | None) -> None:
        if table.kind.pipeline is None or not set(table.kind.pipeline) & set(values):
            return
        pipelines = self.pipelines.get(table.kind.name, {})
        name, stage_name = table.kind.pipeline
        before = record.values if record else {}
        chosen = values.get(name) or before.get(name) or next(iter(pipelines))
        values[name] = chosen
        stage = values.get(stage_name) or before.get(stage_name, "")
        if chosen not in pipelines or (stage and stage not in pipelines[chosen].stages):
            bad = BadValue("INVALID_OPTION", f"{stage} is not a stage of pipeline {chosen}", stage_name)
            raise invalid([bad], self.id)

    def _forward_only(self, table: Table, values: Values, record: Record | None) -> None:
        """``lifecyclestage`` never moves back; clearing it works, and then any stage can be set."""
        new = values.get("lifecyclestage")
        old = record.values.get("lifecyclestage", "") if record else ""
        if new and old and new in LIFECYCLE and old in LIFECYCLE and LIFECYCLE.index(new) < LIFECYCLE.index(old):
            del values["lifecyclestage"]

    def compute(self, table: Table, values: Values) -> None:
        compute(table.kind.name, values, self.pipelines.get(table.kind.name, {}))


def _joined_addresses(primary: Record, other: Record) -> str:
    found = primary.values.get("hs_additional_emails", "").split(";")
    found += [other.values.get("email", ""), *other.values.get("hs_additional_emails", "").split(";")]
    return ";".join(address for address in dict.fromkeys(found) if address and address != primary.values.get("email"))
