"""Where a field's value lives in a record, one class per way: how it is read, what is sent to change it, how it is searched.

``paths`` are the columns to ask Tryton for; dots follow links. Writing fills a ``Draft``, since several fields may share one
column.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations import errors
from integrations.connectors.tryton import wire
from integrations.connectors.tryton.directory import Directory, email_of
from integrations.connectors.tryton.wire import Domain, Row, one_of
from integrations.records import Field, FieldType, Value, Values

DATES = ("write_date", "create_date")


@dataclass
class Draft:
    """What will be sent for one record. ``row`` is the record as it is, {} for a new one."""

    row: Row
    values: Values
    directory: Directory
    wire: dict[str, Any] = field(default_factory=dict)
    state: str | None = None  # that buttons must lead to
    notes: dict[str, Any] = field(default_factory=dict)  # between slots that share a column
    _below: dict[str, dict[str, Any]] = field(default_factory=dict)

    def first(self, link: str) -> dict[str, Any]:
        """What to change in the first row below a link; it is made where there is none."""
        return self._below.setdefault(link, {})

    def change(self, link: str, *command: Any) -> None:
        """Add a command for the rows below a link: ("create", [values]), ("write", [ids], values), ("delete", [ids])."""
        self.wire.setdefault(link, []).append(list(command))

    def finished(self) -> dict[str, Any]:
        for link, values in self._below.items():
            there = first(self.row, link)
            if there:
                self.change(link, "write", [there["id"]], values)
            elif any(value is not None for value in values.values()):
                self.change(link, "create", [values])
        self._below.clear()
        return self.wire


def first(row: Row, link: str) -> Row:
    return next(iter(row.get(link) or []), {})


class Slot:
    """A column of the record itself."""

    def __init__(self, field: Field, *, as_float: bool = False, as_integer: bool = False) -> None:
        self.field = field
        self._number = {"as_float": as_float, "as_integer": as_integer}

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.field.name,)

    def read(self, row: Row) -> Value:
        return wire.canonical(row.get(self.field.name), self.field.type)

    def write(self, draft: Draft, value: Value) -> None:
        draft.wire[self.field.name] = self.wired(value)

    def wired(self, value: Value) -> Any:
        return wire.wired(value, self.field.type, **self._number)

    def domain(self, values: Sequence[str]) -> Domain:
        """Rows among which are all that hold one of ``values``."""
        name = self.field.name
        if self.field.type in (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.EMAIL, FieldType.PHONE, FieldType.URL):
            return one_of(name, list(values))
        return [name, "in", [self.wired(value) for value in values]]


class Below(Slot):
    """A column of the first row below a link: the address, the product's variant."""

    def __init__(self, field: Field, link: str, column: str) -> None:
        super().__init__(field)
        self.link, self.column = link, column

    @property
    def paths(self) -> tuple[str, ...]:
        return (f"{self.link}.{self.column}", *(f"{self.link}.{name}" for name in DATES))

    def read(self, row: Row) -> Value:
        return wire.canonical(first(row, self.link).get(self.column), self.field.type)

    def write(self, draft: Draft, value: Value) -> None:
        draft.first(self.link)[self.column] = self.wired(value)

    def domain(self, values: Sequence[str]) -> Domain:
        return [self.link, "where", [one_of(self.column, list(values))]]


class Country(Below):
    """The first address's country, by its name in Tryton; its name or either code are taken."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (f"{self.link}.country.name", f"{self.link}.subdivision.name", *super().paths[1:])

    def read(self, row: Row) -> Value:
        return wire.text((first(row, self.link).get("country") or {}).get("name"))

    def write(self, draft: Draft, value: Value) -> None:
        address = draft.first(self.link)
        address["country"] = draft.directory.country_id(str(value), self.field.name) if value else None
        address.setdefault("subdivision", None)  # the old one is not in the new country

    def domain(self, values: Sequence[str]) -> Domain:
        return [self.link, "where", [one_of("country.name", list(values))]]


class State(Below):
    """The first address's subdivision, by its name; it must be one of the country's."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (f"{self.link}.country.name", f"{self.link}.subdivision.name", *super().paths[1:])

    def read(self, row: Row) -> Value:
        return wire.text((first(row, self.link).get("subdivision") or {}).get("name"))

    def write(self, draft: Draft, value: Value) -> None:
        address = draft.first(self.link)
        if not value:
            address["subdivision"] = None
            return
        country = (first(draft.row, self.link).get("country") or {}).get("id")
        if said := draft.values.get("country"):
            country = draft.directory.country_id(str(said), "country")
        address["subdivision"] = draft.directory.state_id(str(value), country, self.field.name)

    def domain(self, values: Sequence[str]) -> Domain:
        return [self.link, "where", [one_of("subdivision.name", list(values))]]


class Mechanism(Slot):
    """The first contact mechanism of one type. The party's own ``email``, ``phone`` … show it too, but cannot change it."""

    link = "contact_mechanisms"

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(f"{self.link}.{name}" for name in ("type", "value", *DATES))

    def _row(self, row: Row) -> Row:
        return next((each for each in row.get(self.link) or [] if each.get("type") == self.field.name), {})

    def read(self, row: Row) -> Value:
        return wire.text(self._row(row).get("value"))

    def write(self, draft: Draft, value: Value) -> None:
        there = self._row(draft.row)
        if there and value:
            draft.change(self.link, "write", [there["id"]], {"value": value})
        elif there:
            draft.change(self.link, "delete", [there["id"]])
        elif value:
            draft.change(self.link, "create", [{"type": self.field.name, "value": value}])

    def domain(self, values: Sequence[str]) -> Domain:
        return [self.link, "where", [["type", "=", self.field.name], one_of("value", list(values))]]


class Lookup(Slot):
    """A link to a row of a small table, told by one of its columns. ``find(directory)`` gives the id of a text."""

    def __init__(self, field: Field, column: str, find: Callable[[Directory], Callable[[str, str], int]]) -> None:
        super().__init__(field)
        self._column, self._find = column, find

    @property
    def paths(self) -> tuple[str, ...]:
        return (f"{self.field.name}.{self._column}",)

    def read(self, row: Row) -> Value:
        return wire.text((row.get(self.field.name) or {}).get(self._column))

    def write(self, draft: Draft, value: Value) -> None:
        draft.wire[self.field.name] = self._find(draft.directory)(str(value), self.field.name) if value else None

    def domain(self, values: Sequence[str]) -> Domain:
        return one_of(f"{self.field.name}.{self._column}", list(values))


class Employee(Lookup):
    """An owner, by e-mail; an employee without one stays an id."""

    def __init__(self, field: Field) -> None:
        super().__init__(field, "party.email", lambda directory: directory.employee_id)

    def read(self, row: Row) -> Value:
        employee = row.get(self.field.name)
        return (email_of(employee) or str(employee["id"])) if employee else None

    def domain(self, values: Sequence[str]) -> Domain:
        return [f"{self.field.name}.party.contact_mechanisms", "where", [one_of("value", list(values))]]


def single(value: Value, name: str) -> int | None:
    """The one record of a reference; Refused where there are several."""
    ids = value if isinstance(value, list) else [str(value)] if value else []
    if len(ids) > 1:
        raise errors.Refused(code="ASSOCIATION_LIMIT", field=name)
    if ids and not ids[0].isdigit():
        raise errors.Refused(code="PARENT_NOT_SYNCED_YET", field=name)
    return int(ids[0]) if ids else None
