"""One object type over one of Tryton's models: which rows it is about, its fields, and what a new row needs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton.directory import Directory
from integrations.connectors.tryton.slots import Draft, Slot
from integrations.connectors.tryton.wire import ALSO_INACTIVE, NEVER, Domain, Row, since
from integrations.records import Field, FieldType, Option, Value, Values

TYPES = {
    "char": FieldType.TEXT,
    "text": FieldType.LONG_TEXT,
    "integer": FieldType.NUMBER,
    "float": FieldType.NUMBER,
    "numeric": FieldType.NUMBER,
    "boolean": FieldType.BOOL,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "timestamp": FieldType.DATETIME,
    "selection": FieldType.OPTION,
}
# Inner workings, and what slots show better. The time of the last change would be a change of its own.
HIDDEN = {
    "id", "active", "rec_name", "xml_id", "create_date", "write_date", "last_modified_at", "create_uid", "write_uid", "distance",
    "code_readonly",
}  # fmt: skip


class Table:
    """``slots``: the fields that are more than a column, and those that every database has. All other plain columns are found in
    the model's own definitions, so what further modules add can be mapped, too."""

    model: ClassVar[str]
    deactivates: ClassVar[bool] = False  # rows have ``active``: deleting is setting it to false
    linked: ClassVar[tuple[str, ...]] = ()  # links whose rows' own dates count as changes of the record
    key_path: ClassVar[str] = ""  # a searchable column that can hold a create's key
    hidden: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, directory: Directory) -> None:
        self.directory, self.client = directory, directory.client

    # -- rows --------------------------------------------------------------------------------------------------------------------
    def followed(self) -> Domain:
        """All rows that deletions are looked for in: of every kind, inactive ones included."""
        return [ALSO_INACTIVE] if self.deactivates else []

    def live(self) -> Domain:
        return []

    def is_live(self, row: Row) -> bool:
        return bool(row.get("active", True))

    def has_left(self, row: Row) -> bool:
        """Whether a row lives, and became another kind of record."""
        return False

    def changed(self, at: datetime, names: Iterable[str]) -> Domain:
        """Rows that changed at or after a moment, or what the fields ``names`` show of the rows below them: a phone number has a
        date of its own."""
        own = [[*conditions, *([ALSO_INACTIVE] if self.deactivates else [])] for conditions in since(at)]
        links = {path.partition(".")[0] for path in self.paths(names)}.intersection(self.linked)
        below = [[link, "where", [*conditions, ALSO_INACTIVE]] for link in sorted(links) for conditions in since(at)]
        return ["OR", *own, *below, *([NEVER] if self.deactivates else [])]

    def marks(self) -> tuple[str, ...]:
        """Columns that tell of which kind a row is, and whether it lives."""
        return ("active",) if self.deactivates else ()

    def complete(self, rows: list[Row]) -> list[Row]:
        """Rows with what one call could not read."""
        return rows

    # -- fields ------------------------------------------------------------------------------------------------------------------
    @cached_property
    def slots(self) -> dict[str, Slot]:
        return {slot.field.name: slot for slot in self.own_slots()}

    def own_slots(self) -> list[Slot]:
        raise NotImplementedError

    @cached_property
    def definitions(self) -> dict[str, dict[str, Any]]:
        return self.client.definitions(self.model)

    @cached_property
    def columns(self) -> dict[str, Slot]:
        found = {}
        for name, said in self.definitions.items():
            slot = None if name in HIDDEN | self.hidden or name in self.slots else _column(name, said)
            if slot:
                found[name] = slot
        return found

    def slot(self, name: str) -> Slot | None:
        return self.slots.get(name) or self.columns.get(name)

    def ask_for_rights(self) -> None:
        """ScopeMissing where the key's user may not read the rows. The model's definitions are shown to all: a sync would be set up
        and suspend the whole connection at its first step."""
        self.client.ids(self.model, self.live(), limit=1)

    def fields(self) -> list[Field]:
        own = (replace(slot.field, options=self.options(slot.field)) for slot in self.slots.values())
        return [*own, *(slot.field for slot in self.columns.values())]

    def options(self, field: Field) -> tuple[Option, ...]:
        """What can be chosen: asked only where fields are to be shown, not for every poll."""
        return field.options

    def paths(self, names: Iterable[str]) -> set[str]:
        """Columns to ask for so that the fields ``names`` can be told, and the record's kind and date."""
        paths = {"create_date", "write_date", *self.marks()}
        for name in names:
            if slot := self.slot(name):
                paths.update(slot.paths)
        return paths

    def values(self, row: Row, names: Iterable[str]) -> Values:
        slots = {name: self.slot(name) for name in names}
        return {name: slot.read(row) for name, slot in slots.items() if slot}

    # -- writing -----------------------------------------------------------------------------------------------------------------
    def draft(self, row: Row, values: Values) -> Draft:
        """What to send; Refused for what Tryton would not take."""
        draft = Draft(row, values, self.directory)
        for name, value in values.items():
            slot = self.slot(name)
            if slot is None:
                raise errors.Refused(code="FIELD_MISSING", field=name)
            if not slot.field.writable:
                raise errors.Refused(code="FIELD_READ_ONLY", field=name)
            if value in (None, []) and not slot.field.clearable:
                if row:
                    raise errors.CannotDo(_("Tryton wants a value here."), field=name)
                if not slot.field.required:
                    continue  # a new row gets the usual value
            slot.write(draft, value)
        self.fold(draft)
        draft.finished()
        return draft

    def fold(self, draft: Draft) -> None:
        """Put together what several fields said about one column."""

    def new(self, values: Values, key: str) -> Draft:
        draft = self.draft({}, values)
        self.furnish(draft, key)
        return draft

    def furnish(self, draft: Draft, key: str) -> None:
        """What a new row needs besides its values; the key goes where ``key_path`` finds it."""

    def press(self, id: str, row: Row, draft: Draft) -> bool:
        """Press the buttons that lead to the draft's state. Whether there were any."""
        return False

    def before_write(self, id: str, row: Row, draft: Draft) -> None:
        """What must be done before the row takes changes."""

    def delete(self, id: str) -> None:
        if self.deactivates:
            self.client.write(self.model, id, {"active": False}, ["active"])
        else:
            self.client.delete(self.model, id)

    def known_keys(self, keys: Sequence[str], names: Iterable[str]) -> dict[str, Row]:
        """Rows that were made with these keys."""
        if not self.key_path or not keys:
            return {}
        found = self.client.rows(
            self.model, [[self.key_path, "in", list(keys)], *self.followed()], {*self.paths(names), self.key_path}
        )
        return {key: row for row in self.complete(found) for key in _held(row, self.key_path.split(".")) if key in keys}


def _held(row: Any, path: list[str]) -> list[str]:
    """The values at a path through lists of rows."""
    if not path:
        return [str(row)]
    below = row.get(path[0]) if isinstance(row, dict) else None
    return [
        value for each in (below if isinstance(below, list) else [below]) if each for value in _held(each, path[1:])
    ]


def _column(name: str, said: dict[str, Any]) -> Slot | None:
    kind = TYPES.get(str(said.get("type")))
    options: tuple[Option, ...] = ()
    if kind is FieldType.OPTION:
        if not isinstance(said.get("selection"), list):
            return None
        options = tuple(Option(str(value), str(label)) for value, label in said["selection"] if value)
        if not options:
            return None
    if kind is None or not said.get("searchable", True):
        return None
    field = Field(
        name, str(said.get("string") or name), kind, writable=not said.get("readonly"), options=options,
        clearable=not said.get("required"),
    )  # fmt: skip
    return Slot(field, as_float=said["type"] == "float", as_integer=said["type"] == "integer")


def reference(name: str, label: str, kind: str) -> Field:
    return Field(name, label, FieldType.REFERENCE, refers_to=kind)


def ids(*found: Any) -> Value:
    """The canonical value of a reference."""
    return sorted({str(id) for id in found if id}) or None
