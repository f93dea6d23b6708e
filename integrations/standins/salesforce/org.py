"""One org: its records, users and settings, and the rules that writes obey.

Every change goes through the verbs here, whether an API call or a person makes it. ``by`` is the id of the user who writes;
"" for the platform itself: then SystemModstamp moves and LastModifiedDate stays.
"""

import random
from collections.abc import Callable
from typing import Any

from integrations.standins.salesforce import conversion, ids, setup
from integrations.standins.salesforce.duplicates import Duplicates
from integrations.standins.salesforce.errors import Problem, deleted, missing, not_found
from integrations.standins.salesforce.fields import Field, Kind
from integrations.standins.salesforce.kinds import kinds, name_kind
from integrations.standins.salesforce.refusals import Refusals
from integrations.standins.salesforce.rules import AFTER, RULES
from integrations.standins.salesforce.store import Row, Table, Values
from integrations.standins.salesforce.values import read, text_of
from integrations.standins.vendor import Clock


class Org:
    def __init__(self, number: int, name: str, clock: Clock, seed: int) -> None:
        self.number, self.name, self.clock = number, name, clock
        self._seed = f"{seed}/salesforce/{number}"
        self.address = ""  # its instance_url, known once the stand-in listens
        self.enhanced_email = False
        self.behind = 0.0  # seconds that the stamps of a long transaction are older than its end
        self.clear()

    def clear(self) -> None:
        """No records; users, stages and price book as a new org has them."""
        self.chance = random.Random(self._seed)
        self.tables = {name: Table(kind) for name, kind in kinds().items()}
        self.names = name_kind()
        self._prefixes = {table.kind.prefix: name for name, table in self.tables.items()}
        self._lower = {name.lower(): name for name in self.tables}
        self._numbers: dict[str, int] = {}
        self._undo: list[Callable[[], None]] | None = None
        self._together: dict[str, list[tuple[str, Row]]] = {}  # what went into the recycle bin with a record
        self.purged: dict[str, dict[str, str]] = {name: {} for name in self.tables}  # id → when it was deleted
        self.hidden: set[str] = set()  # ids of records that sharing does not show to the API's user
        self.duplicates = Duplicates(self)
        self.refusals = Refusals(self)
        self.meanwhile: list[
            tuple[str, Values, str]
        ] = []  # (object, values, user): what happens to the next that the API writes
        self.described_at = self.clock.now()
        self.me = ""
        self.id = self.make("Organization", {"Name": self.name, "OrganizationType": "Enterprise Edition",
                                             "InstanceName": f"LOC{self.number}"})  # fmt: skip
        found = setup.fill(self)
        self.users, self.me, self.queue, self.standard_pricebook = found

    # -- looking ----------------------------------------------------------------------------------------------------------
    def table(self, name: str) -> Table:
        """Names of objects know no case. Raises Problem 404."""
        found = self._lower.get(name.lower())
        if found is None:
            raise not_found()
        return self.tables[found]

    def kind_of(self, id: str) -> str | None:
        return self._prefixes.get(id[:3])

    def find(self, id: str | None) -> Row | None:
        """The record, whatever its kind; also one in the recycle bin."""
        name = self._prefixes.get(id[:3]) if id else None
        return self.tables[name].rows.get(id or "") if name else None

    def row(self, kind: str, id: str) -> Row:
        """A record that is not deleted; raises Problem."""
        whole = ids.full(id)
        row = self.tables[kind].rows.get(whole)
        if not whole or self.kind_of(whole) != kind:
            raise (
                not_found("Provided external ID field does not exist or is not accessible: " + id)
                if not whole
                else not_found()
            )
        if row is None:
            raise not_found()
        if row.deleted:
            raise deleted()
        return row

    def by_key(self, kind: str, field: Field, value: str) -> list[Row]:
        table = self.tables[kind]
        if field.name == "Id":
            row = table.rows.get(ids.full(value))
            return [row] if row and not row.deleted else []
        return [row for row in table.having(field.name, value) if not row.deleted]

    def setting(self, kind: str, name: str | None) -> Values:
        """The values of a stage or status by its name; none for one that nobody has set up."""
        rows = self.tables[kind].having("MasterLabel", name or "")
        return rows[0].values if rows else {}

    def now(self) -> str:
        return text_of(self.clock.now() - self.behind)

    def next_number(self, name: str) -> int:
        self._numbers[name] = self._numbers.get(name, 1000) + 1
        return self._numbers[name]

    # -- writing ----------------------------------------------------------------------------------------------------------
    def make(self, kind: str, values: Values, *, at: str = "", modified: str = "", by: str = "") -> str:
        """A record of values that need no check (seed)."""
        changes = {name: value for name, value in values.items() if value is not None}
        self._defaults(self.tables[kind].kind, changes, by or self.me)
        if rule := RULES.get(kind):
            rule(self, {}, changes)
        return self._put(kind, changes, at or self.now(), modified or at or self.now(), by or self.me).id

    def create(self, kind: str, given: dict[str, Any], by: str, *, allow_save: bool = False) -> Row:
        """Raises Problem, and then nothing has changed."""
        about = self.tables[kind].kind
        if about.setup and by == self.me:
            raise Problem("INVALID_TYPE_FOR_OPERATION", f"entity type cannot be inserted: {about.label}", [])
        self.refusals.check(kind, by, "")
        changes = read(self, about, given, creating=True)
        changes = {name: value for name, value in changes.items() if value is not None}
        if lacking := [name for name, each in about.fields.items() if each.required and name not in changes]:
            raise missing(lacking)
        self._defaults(about, changes, by)
        if rule := RULES.get(kind):
            rule(self, {}, changes)
        changes = {name: value for name, value in changes.items() if value is not None}
        self._unique(about, changes, "")
        self.refusals.validate(kind, changes)
        self.duplicates.check(about, changes, "", allow_save)
        row = self._put(kind, changes, self.now(), self.now(), by)
        self._note(lambda: self.tables[kind].drop(row))
        if after := AFTER.get(kind):
            after(self, row)
        self._go_on(kind, row, by)
        return row

    def update(self, kind: str, row: Row, given: dict[str, Any], by: str, *, allow_save: bool = False) -> None:
        """Raises Problem, and then nothing has changed. A change to the values that it has already moves the stamps, too."""
        about = self.tables[kind].kind
        self.refusals.check(kind, by, row.id)
        changes = read(self, about, given, creating=False)
        if rule := RULES.get(kind):
            rule(self, row.values, changes)
        after = row.values | changes
        self._unique(about, changes, row.id)
        self.refusals.validate(kind, after)
        if any(changes[name] != row.values.get(name) for name in changes):
            self.duplicates.check(about, after, row.id, allow_save)
        self.change(kind, row, changes, by)
        if done := AFTER.get(kind):
            done(self, row)
        self._go_on(kind, row, by)

    def _go_on(self, kind: str, row: Row, by: str) -> None:
        """Somebody, or the org's automation, changes a record right after the API has written it."""
        place = next((n for n, each in enumerate(self.meanwhile) if each[0] == kind), None) if by == self.me else None
        if place is not None:
            _kind, values, who = self.meanwhile.pop(place)
            self.update(kind, row, values, who, allow_save=True)

    def touch(self, kind: str, row: Row, changes: Values) -> None:
        """The platform changes something, unless it is so already."""
        if any(row.values.get(name) != value for name, value in changes.items()):
            self.change(kind, row, dict(changes), "")

    def delete(self, kind: str, row: Row, by: str) -> None:
        """Into the recycle bin, with all that hangs on it. Raises Problem."""
        self.refusals.check(kind, by, row.id)
        if kind in ("Account", "Contact"):
            cases = [each for each in self.tables["Case"].having(f"{kind}Id", row.id) if not each.deleted]
            if cases:
                numbers = ", ".join(each.values["CaseNumber"] for each in cases)
                raise Problem("DELETE_FAILED", f"Your attempt to delete {row.values.get('Name')} could not be completed because it "
                              f"is associated with the following cases.: {numbers}\n", [])  # fmt: skip
        gone: list[tuple[str, Row]] = []
        self._bin(kind, row, by, gone)
        self._together[row.id] = gone
        if (done := AFTER.get(kind)) and kind == "OpportunityLineItem":
            done(self, row)

    def undelete(self, kind: str, id: str, by: str) -> None:
        row = self.tables[kind].rows.get(ids.full(id))
        if row is None or not row.deleted:
            raise Problem("UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        for name, each in self._together.pop(row.id, [(kind, row)]):
            each.deleted_at = ""
            self.change(name, each, {"IsDeleted": False, "MasterRecordId": None}, by)

    def empty_bin(self) -> int:
        """Deleted records are gone for good, also for those who ask for deleted ones; how many there were. The log of deletions
        still names them."""
        gone = [(table, row) for table in self.tables.values() for row in list(table.rows.values()) if row.deleted]
        for table, row in gone:
            self.purged[table.kind.name][row.id] = row.deleted_at
            table.drop(row)
        self._together.clear()
        return len(gone)

    def merge(self, kind: str, keep: str, lose: str, by: str) -> None:
        """What pointed to the one that loses points to the other; the one that loses is deleted and names the other."""
        if not self.tables[kind].kind.mergeable:
            raise Problem("INVALID_TYPE_FOR_OPERATION", f"entity type cannot be merged: {kind}", [])
        winner, loser = self.row(kind, keep), self.row(kind, lose)
        if winner is loser:
            raise Problem("INVALID_OPERATION", "A record cannot be merged with itself.", [])
        for name, field, row in self.pointing(kind, loser.id):
            self.change(name, row, {field.name: winner.id if row is not winner else None}, "")
        loser.deleted_at = self.now()
        self.change(kind, loser, {"IsDeleted": True, "MasterRecordId": winner.id}, by)
        self._together[loser.id] = [(kind, loser)]
        self.change(kind, winner, {}, by)

    def convert(self, id: str, by: str) -> dict[str, str]:
        """A lead becomes a contact, an account and a deal: their ids. Raises Problem."""
        return conversion.convert(self, id, by)

    def pointing(self, kind: str, id: str) -> list[tuple[str, Field, Row]]:
        """Live records whose lookups name this one: (object, lookup, record)."""
        found = []
        for name, table in self.tables.items():
            for field in table.kind.fields.values():
                if kind in field.targets and table.indexed(field.name) and not table.kind.setup:
                    found += [(name, field, row) for row in table.having(field.name, id) if not row.deleted]
        return found

    def add_field(self, kind: str, made: Field) -> None:
        """A field that an administrator adds."""
        table = self.tables[kind]
        table.kind.add(made)
        table.index(made)
        self.described_at = self.clock.now()

    def change(self, kind: str, row: Row, changes: Values, by: str) -> None:
        """Values that need no check; the stamps move."""
        now = self.now()
        changes = {**changes, "SystemModstamp": now}
        if by:
            changes |= {"LastModifiedDate": now, "LastModifiedById": by}
        before, was_gone = {name: row.values.get(name) for name in changes}, row.deleted_at
        table = self.tables[kind]
        table.change(row, changes)

        def undo() -> None:
            row.deleted_at = "" if not before.get("IsDeleted", row.deleted) else was_gone
            table.change(row, before)

        self._note(undo)

    # -- all or nothing ---------------------------------------------------------------------------------------------------
    def journal(self) -> Callable[[], None]:
        """From now until ``settle`` writes are noted; the function takes those since now back. Several may be inside each other."""
        noted = self._undo = [] if self._undo is None else self._undo
        mark = len(noted)

        def undo() -> None:
            steps = noted[mark:]
            del noted[mark:]
            self._undo = None
            for step in reversed(steps):
                step()
            self._undo = noted

        return undo

    def settle(self) -> None:
        """A request is over: what it did stays."""
        self._undo = None

    def _note(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    # -- inside -----------------------------------------------------------------------------------------------------------
    def _bin(self, kind: str, row: Row, by: str, gone: list[tuple[str, Row]]) -> None:
        for name, field, other in self.pointing(kind, row.id):
            if field.cascades:
                self._bin(name, other, by, gone)
        if row.deleted:
            return
        gone.append((kind, row))
        row.deleted_at = self.now()
        self.change(kind, row, {"IsDeleted": True}, by)

    def _defaults(self, kind: Kind, changes: Values, by: str) -> None:
        for name, each in kind.fields.items():
            if each.default is not None and name not in changes:
                changes[name] = each.default
        if "OwnerId" in kind.fields and by:
            changes.setdefault("OwnerId", by)

    def _put(self, kind: str, changes: Values, created: str, modified: str, by: str) -> Row:
        stamps = {"CreatedDate": created, "LastModifiedDate": modified, "SystemModstamp": modified}
        if by:
            stamps |= {"CreatedById": by, "LastModifiedById": by}
        table = self.tables[kind]
        row = Row(ids.made(table.kind.prefix, self.number, self.next_number(kind)), {**changes, **stamps})
        table.put(row)
        return row

    def _unique(self, kind: Kind, values: Values, own: str) -> None:
        table = self.tables[kind.name]
        for name, value in values.items():
            if value is None or not kind.fields[name].unique:
                continue
            for other in table.having(name, value):
                if other.id != own and not other.deleted:
                    raise Problem("DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on record with id: "
                                  f"{other.id[:15]}", [])  # fmt: skip
