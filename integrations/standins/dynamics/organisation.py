"""One organisation: its tables, users and units, and the rules that writes obey.

Every change goes through the verbs here, whether an API call or a person makes it, so that versions, the delta feed
and webhooks see
all of them. ``by`` is the id of the user who writes.
"""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from integrations.standins.dynamics import states
from integrations.standins.dynamics.errors import Problem, duplicate_id, not_found, stale
from integrations.standins.dynamics.payloads import parsed
from integrations.standins.dynamics.store import Party, Row, Table, Values
from integrations.standins.dynamics.tables import MERGING, UNOWNED, Column, TableType, navigation_of, table_types
from integrations.standins.vendor import Clock

Emit = Callable[["Organisation", str, str, str, Values, str], None]
"""(organisation, message, table, id, changed values, user)"""
USERS = (
    ("Dana Reyes", "dana.reyes@syncline.example", False),
    ("Tomasz Wrona", "tomasz.wrona@syncline.example", False),
    ("Ploy Srisuk", "ploy.srisuk@syncline.example", False),
    ("Former Colleague", "former.colleague@syncline.example", True),
    ("Syncline Integration", "integration@syncline.example", False),
)

FILLED_IN: dict[str, Values] = {  # what a new row gets where nothing is given; a text begins a number
    "annotation": {"isdocument": False}, "product": {"productstructure": 1},
    "invoice": {"invoicenumber": "INV-"}, "incident": {"ticketnumber": "CAS-"},
}  # fmt: skip


class Organisation:
    def __init__(self, number: int, name: str, path: str, clock: Clock, emit: Emit, seed: int) -> None:
        self.number, self.name, self.path, self.clock, self._emit = number, name, path, clock, emit
        self._seed = f"{seed}/dynamics/{number}"
        self.state_patch = False
        self.untracked: frozenset[str] = frozenset()
        self.unversioned: frozenset[str] = frozenset()
        self.clear()

    def clear(self) -> None:
        """No records; users, currencies and units as a new organisation has them."""
        self.chance = random.Random(self._seed)
        self.version = 1_000_000
        self.tables = {logical: Table(kind) for logical, kind in table_types().items()}
        self._sets = {table.kind.entity_set: logical for logical, table in self.tables.items()}
        self.keys: dict[str, list[list[str]]] = {}  # alternate keys by table
        self.hidden: set[str] = set()  # ids of rows that the API's user may not read
        self._undo: list[Callable[[], None]] | None = None
        self._untold: list[tuple[str, str, str, Values, str]] = []
        self.writes: Counter[str] = Counter()  # requests that write, by entity set, since the last ``clear``
        self.me = ""
        self.currency = ""
        self.id = self.make("organization", {"name": self.name, "expirechangetrackingindays": 7})
        self.unit = self.new_id()
        people = [
            self.make("systemuser", {"fullname": name, "internalemailaddress": email, "domainname": email,
                                     "isdisabled": off, "azureactivedirectoryobjectid": self.new_id()})
            for name, email, off in USERS
        ]  # fmt: skip
        self.users, self.me = people[:3], people[-1]
        self.team = self.make("team", {"name": self.name})
        currencies = {code: self.make("transactioncurrency", {"isocurrencycode": code, "currencyname": name})
                      for code, name in (("USD", "US Dollar"), ("EUR", "Euro"), ("THB", "Thai Baht"))}  # fmt: skip
        self.currency = currencies["USD"]
        schedule = self.make("uomschedule", {"name": "Default Unit", "baseuomname": "Primary Unit"})
        self.make("uom", {"name": "Primary Unit", "quantity": 1, "isschedulebaseuom": True,
                          "uomscheduleid": ("uomschedule", schedule)})  # fmt: skip
        self.make("pricelevel", {"name": "Standard", "transactioncurrencyid": ("transactioncurrency", self.currency)})

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def logical(self, entity_set: str) -> str | None:
        return self._sets.get(entity_set)

    def row(self, logical: str, id: str) -> Row:
        """Raises Problem 404."""
        found = self.tables[logical].rows.get(id)
        if found is None:
            raise not_found(logical, id)
        return found

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- writing --------------------------------------------------------------------------------------------------------
    def make(self, logical: str, values: Values, *, at: str = "", modified: str = "", by: str = "") -> str:
        """A row of values that need no check (seed). Quiet."""
        row = Row(self.new_id(), dict(values))
        self._stamp(logical, row, at or self.now(), modified or at or self.now(), by or self.me)
        self.tables[logical].put(row, self._next())
        return row.id

    def create(self, logical: str, given: Any, by: str) -> Row:
        """Raises Problem: 400 for values, 404 for a lookup's target, 412 for an id or key that is taken."""
        table = self.tables[logical]
        values, parties = parsed(self, table.kind, given)
        values = {name: value for name, value in values.items() if value is not None}
        id = str(values.pop(table.kind.key, "") or self.new_id())
        if id in table.rows:
            raise duplicate_id()
        self._keys_free(table, values, "")
        row = Row(id, values, parties=parties or ())
        states.check_new(table.kind, values, id)
        at = values.pop("overriddencreatedon", "") or self.now()
        self._stamp(logical, row, at, self.now(), by)
        self._needs(table.kind, row.values)
        table.put(row, self._next())
        self._note(lambda: table.drop(row))
        self._tell("Create", logical, id, dict(row.values), by)
        return row

    def update(self, logical: str, row: Row, given: Any, by: str, etag: str = "", *, system: bool = False) -> None:
        """Raises Problem, and then nothing has changed. ``system``: an action of the platform that may close a row."""
        table = self.tables[logical]
        self._check_version(logical, row, etag)
        values, parties = parsed(self, table.kind, given)
        values.pop(table.kind.key, None)
        values.pop("overriddencreatedon", None)
        if not system:
            states.check(table.kind, row.values, values, self.state_patch)
        states.follow(table.kind, row.values, values)
        self._keys_free(table, {**row.values, **values}, row.id)
        self._needs(table.kind, {name: value for name, value in {**row.values, **values}.items() if value is not None})
        self._change(logical, row, values, by, parties)

    def delete(self, logical: str, row: Row, by: str, etag: str = "") -> None:
        self._check_version(logical, row, etag)
        table = self.tables[logical]
        table.remove(row, self._next())
        self._note(lambda: table.put(row, self._next()))
        self._tell("Delete", logical, row.id, {}, by)

    def merge(self, logical: str, keep: str, lose: str, by: str) -> None:
        """The one that loses stays as an inactive row that names the other; what pointed to it points to the other."""
        if logical not in MERGING:
            raise Problem(400, "0x80040203", f"Rows of {logical} cannot be merged.")
        winner, loser = self.row(logical, keep), self.row(logical, lose)
        if loser.values.get("merged"):
            raise Problem(400, "0x80040203", "The subordinate row is merged already.")
        for other, table in self.tables.items():
            for row in list(table.rows.values()) if other != "systemuser" else ():
                moved = {name: (logical, keep) for name, value in row.values.items() if value == (logical, lose)}
                if moved and row is not winner:
                    self._change(other, row, moved, by, None)
        status = 2000 if logical == "incident" else max(2, _last_status(self.tables[logical].kind))
        state = 2 if logical in ("incident", "lead") else 1
        closed = {"statecode": state, "statuscode": status, "merged": True, "masterid": (logical, keep)}
        self._change(logical, loser, closed, by, None)
        self._change(logical, winner, {}, by, None)

    def add_column(self, logical: str, column: Column) -> None:
        """A column that a maker added."""
        kind = self.tables[logical].kind
        kind.columns[column.name] = column
        if column.is_lookup:
            kind.navigation |= navigation_of(logical, column)

    # -- all or nothing -------------------------------------------------------------------------------------------------
    def journal(self) -> Callable[[], None]:
        """From now until ``settle`` writes are noted; the function takes all of them back."""
        steps: list[Callable[[], None]] = []
        self._undo, told = steps, len(self._untold)

        def undo() -> None:
            self._undo = None
            for step in reversed(steps):
                step()
            del self._untold[told:]

        return undo

    def settle(self) -> None:
        """A request is over: what it did stays, and is told."""
        self._undo = None
        told, self._untold = self._untold, []
        for message, logical, id, values, by in told:
            self._emit(self, message, logical, id, values, by)

    def _note(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def _tell(self, message: str, logical: str, id: str, values: Values, by: str) -> None:
        self._untold.append((message, logical, id, values, by))

    # -- inside -----------------------------------------------------------------------------------------------------------
    def _next(self) -> int:
        self.version += 1
        return self.version

    def _change(self, logical: str, row: Row, values: Values, by: str, parties: tuple[Party, ...] | None) -> None:
        table, before = (
            self.tables[logical],
            {name: row.values.get(name) for name in [*values, "modifiedon", "fullname"]},
        )
        old_parties, told = row.parties, dict(values)
        if parties is not None:
            row.parties = parties
        values |= {"modifiedon": self.now(), "modifiedby": ("systemuser", by)}
        _full_name(logical, {**row.values, **values}, values)
        table.change(row, values, self._next())

        def undo() -> None:
            row.parties = old_parties
            table.change(row, before, self._next())

        self._note(undo)
        self._tell("Update", logical, row.id, told, by)

    def _stamp(self, logical: str, row: Row, created: str, modified: str, by: str) -> None:
        values = row.values
        values |= {"createdon": created, "modifiedon": modified}
        if by:
            values |= {"createdby": ("systemuser", by), "modifiedby": ("systemuser", by)}
            if logical not in UNOWNED:
                values.setdefault("ownerid", ("systemuser", by))
        currency = self.tables[logical].kind.columns.get("transactioncurrencyid")
        if currency and currency.is_lookup and logical != "contact":
            values.setdefault("transactioncurrencyid", ("transactioncurrency", self.currency))
        states.begin(self.tables[logical].kind, values)
        for name, value in FILLED_IN.get(logical, {}).items():
            values.setdefault(name, f"{value}{self.version + 1}" if isinstance(value, str) else value)
        if logical == "opportunity" and "customerid" not in values:
            customer = values.get("parentaccountid") or values.get("parentcontactid")
            values |= {"customerid": customer} if customer else {}
        _full_name(logical, values, values)

    def _needs(self, kind: TableType, values: Values) -> None:
        if kind.logical == "incident" and not values.get("customerid"):
            raise Problem(400, "0x80040203", "You should specify a parent contact or account.")
        if kind.logical == "incident" and values["customerid"][0] == "contact" and values.get("primarycontactid"):
            raise Problem(
                400, "0x80040203",
                "The specified contact doesn't belong to the contact that was specified in the customer field. Remove the value "
                "from the contact field, or select a contact associated to the selected customer, and then try again.",
            )  # fmt: skip
        if kind.logical == "invoice" and not values.get("pricelevelid"):
            raise Problem(400, "0x80043B12", "The price level id is missing.")
        for column in kind.columns.values():
            if column.required == "req" and column.name not in ("ownerid", kind.key) and column.name not in values:
                raise Problem(400, "0x80040203", f"Attribute: {column.name} cannot be NULL")

    def _check_version(self, logical: str, row: Row, etag: str) -> None:
        if etag and logical in self.unversioned:
            raise Problem(
                400, "0x8006088D", f"Optimistic concurrency isn't enabled for entity type {logical}. The IfVersionMatches value "
                "of ConcurrencyBehavior can only be used if optimistic concurrency is enabled.",
            )  # fmt: skip
        if etag and etag != f'W/"{row.version}"':
            raise stale()

    def _keys_free(self, table: Table, values: Values, own: str) -> None:
        for key in self.keys.get(table.kind.logical, []):
            wanted = [values.get(name) for name in key]
            if None in wanted:
                continue
            for row in table.rows.values():
                if row.id != own and [row.values.get(name) for name in key] == wanted:
                    raise Problem(
                        412, "0x80060892",
                        f"Entity Key {'_'.join(key)} violated. A record with the same value for {', '.join(key)} already exists.",
                    )  # fmt: skip


def _full_name(logical: str, values: Values, changed: Values) -> None:
    if logical in ("contact", "lead"):
        changed["fullname"] = " ".join(filter(None, (values.get("firstname"), values.get("lastname")))) or None


def _last_status(kind: TableType) -> int:
    return max(option[0] for option in kind.columns["statuscode"].options)
