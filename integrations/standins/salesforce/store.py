"""The rows of one object, in memory: by id, by the fields that people search for, and in the order of their SystemModstamp."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.standins.salesforce.fields import Field, Kind

Values = dict[str, Any]
"""By field name, as they go over the wire; blank fields are absent."""


@dataclass(slots=True)
class Row:
    id: str
    values: Values
    deleted_at: str = ""

    @property
    def deleted(self) -> bool:
        return bool(self.values.get("IsDeleted"))

    @property
    def stamp(self) -> str:
        return str(self.values["SystemModstamp"])


class Table:
    """Rows in the recycle bin stay here, with ``IsDeleted``."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.rows: dict[str, Row] = {}
        self.log: list[tuple[str, str]] = []  # (stamp, id) of every write, ascending; only the latest of a row counts
        self._by: dict[str, defaultdict[str, set[str]]] = {}
        for each in kind.fields.values():
            self.index(each)

    def index(self, field: Field) -> None:
        if field.indexed and field.name not in ("Id", "OwnerId"):
            held = self._by.setdefault(field.name, defaultdict(set))
            for row in self.rows.values():
                if field.name in row.values:
                    held[_key(row.values[field.name])].add(row.id)

    def put(self, row: Row) -> None:
        self.rows[row.id] = row
        self._enter(row, row.values)
        self._log(row)

    def change(self, row: Row, values: Values) -> None:
        """``None`` blanks a field."""
        for name in self._by.keys() & values.keys() & row.values.keys():
            self._by[name][_key(row.values[name])].discard(row.id)
        stamp = row.values.get("SystemModstamp")
        for name, value in values.items():
            if value is None:
                row.values.pop(name, None)
            else:
                row.values[name] = value
        self._enter(row, {name: value for name, value in values.items() if value is not None})
        if stamp != row.values["SystemModstamp"]:
            self._log(row)

    def drop(self, row: Row) -> None:
        """As if it had never been there."""
        for name in self._by.keys() & row.values.keys():
            self._by[name][_key(row.values[name])].discard(row.id)
        del self.rows[row.id]

    def live(self) -> Iterator[Row]:
        return (row for row in self.rows.values() if not row.deleted)

    def indexed(self, name: str) -> bool:
        return name in self._by

    def having(self, name: str, value: Any) -> list[Row]:
        """Rows, deleted ones too, whose indexed field equals ``value``, case aside."""
        return [self.rows[id] for id in sorted(self._by[name].get(_key(value), ()))]

    def since(self, stamp: str) -> list[Row]:
        """Rows whose SystemModstamp is ``stamp`` or later, oldest change first."""
        found: list[Row] = []
        for place in range(bisect_left(self.log, (stamp, "")), len(self.log)):
            at, id = self.log[place]
            row = self.rows.get(id)
            if row is not None and row.values["SystemModstamp"] == at and (not found or found[-1] is not row):
                found.append(row)
        return found

    def _log(self, row: Row) -> None:
        entry = (row.stamp, row.id)
        if self.log and entry < self.log[-1]:
            insort(self.log, entry)
        else:
            self.log.append(entry)

    def _enter(self, row: Row, values: Values) -> None:
        for name in self._by.keys() & values.keys():
            self._by[name][_key(values[name])].add(row.id)


def _key(value: Any) -> str:
    return str(value).casefold()
