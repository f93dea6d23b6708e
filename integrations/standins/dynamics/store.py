"""The rows of one table, in memory: by id, by the columns that people search for, and by version for the delta feed."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from integrations.standins.dynamics.tables import INDEXED, TableType

Values = dict[str, Any]
"""By logical column name; a lookup is ``(table, id)``; blank columns are absent."""


@dataclass(slots=True)
class Party:
    """One participant of an activity. ``mask``: 1 From, 2 To, 3 CC, 4 BCC, 5 required, 6 optional, 7 organiser."""

    mask: int
    table: str = ""
    id: str = ""
    address: str = ""


@dataclass(slots=True)
class Row:
    id: str
    values: Values
    version: int = 0
    parties: tuple[Party, ...] = ()


class Table:
    def __init__(self, kind: TableType) -> None:
        self.kind = kind
        self.rows: dict[str, Row] = {}
        self.ids: list[str] = []  # ascending
        self.log: list[tuple[int, str]] = []  # (version, id) of every write, ascending
        self.deleted: list[tuple[int, str]] = []
        self._by = {name: defaultdict[str, set[str]](set) for name in INDEXED if name in kind.columns}

    def put(self, row: Row, version: int) -> None:
        """A new row, or one whose values have been changed through ``change``."""
        if row.id not in self.rows:
            self.rows[row.id] = row
            insort(self.ids, row.id)
            self._index(row, row.values)
        row.version = version
        self.log.append((version, row.id))

    def change(self, row: Row, values: Values, version: int) -> None:
        """``None`` blanks a column."""
        self._unindex(row, values)
        for name, value in values.items():
            if value is None:
                row.values.pop(name, None)
            else:
                row.values[name] = value
        self._index(row, {name: value for name, value in values.items() if value is not None})
        self.put(row, version)

    def remove(self, row: Row, version: int) -> None:
        self.drop(row)
        self.deleted.append((version, row.id))

    def drop(self, row: Row) -> None:
        """As if it had never been there."""
        self._unindex(row, row.values)
        del self.rows[row.id]
        del self.ids[bisect_left(self.ids, row.id)]

    def after(self, id: str) -> int:
        """Where in ``ids`` the ids above ``id`` begin."""
        return bisect_right(self.ids, id)

    def changed_since(self, version: int) -> list[Row]:
        """Rows with a newer version, oldest change first."""
        start = bisect_right(self.log, (version, "~"))
        entries = ((at, self.rows.get(id)) for at, id in self.log[start:])
        return [row for at, row in entries if row is not None and row.version == at]

    def deleted_since(self, version: int) -> list[str]:
        return [id for _at, id in self.deleted[bisect_right(self.deleted, (version, "~")) :] if id not in self.rows]

    def indexed(self, name: str) -> bool:
        return name in self._by

    def having(self, name: str, value: str) -> set[str]:
        """Ids whose indexed column equals ``value``, case aside."""
        return self._by[name].get(value.casefold(), set())

    def _index(self, row: Row, values: Values) -> None:
        for name in self._by.keys() & values.keys():
            self._by[name][str(values[name]).casefold()].add(row.id)

    def _unindex(self, row: Row, values: Values) -> None:
        for name in self._by.keys() & values.keys() & row.values.keys():
            held = self._by[name][str(row.values[name]).casefold()]
            held.discard(row.id)
            if not held:
                del self._by[name][str(row.values[name]).casefold()]
