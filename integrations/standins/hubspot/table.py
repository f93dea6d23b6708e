"""The records of one object type in one account, with the indexes that keep listing and searching cheap.

``live`` ids and the (modified, id) pairs are kept sorted, so a page of a list is a slice and a window of modified
dates is two bisections, whatever the number of records.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from integrations.standins.hubspot.properties import Property
from integrations.standins.hubspot.types import ObjectType
from integrations.standins.hubspot.values import iso

Values = dict[str, str]


@dataclass(slots=True)
class Record:
    """``values`` holds what is filled, as strings, system properties included. Times are milliseconds."""

    id: int
    values: Values
    created: int
    modified: int
    archived_at: int | None = None
    history: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)  # older (value, ms, source)
    rendered: tuple[tuple[str, ...], str] | None = None  # the last answer made of it: (properties, JSON)

    @property
    def archived(self) -> bool:
        return self.archived_at is not None


@dataclass(slots=True)
class Shadow:
    """What search still believes of a record: ``before`` is None if it doesn't know it yet."""

    since: int
    before: Record | None


class Table:
    def __init__(self, kind: ObjectType, definitions: dict[str, Property], first_id: int) -> None:
        self.kind = kind
        self.definitions = definitions
        self.next_id = first_id
        self.version = 0  # grows with every change: cached searches compare it
        self.records: dict[int, Record] = {}  # live and archived
        self.live: list[int] = []
        self.archived: list[int] = []
        self.by_modified: list[tuple[int, int]] = []  # live ones only
        self.unique: dict[str, dict[str, int]] = {}  # property → value in lower case → live id
        self.forward: dict[int, int] = {}  # merged id → id of the record it went into
        self.gone: set[int] = set()  # purged for good
        self.shadows: dict[int, Shadow] = {}
        self.shadowing = False
        for name, definition in definitions.items():
            if definition.unique:
                self.unique[name] = {}

    # -- reading ------------------------------------------------------------------------------------------------------
    def get(self, id: int, *, archived: bool = False) -> Record | None:
        """By id, merged ids included. ``archived`` picks which of the two kinds is wanted."""
        record = self.records.get(self.forward.get(id, id))
        return record if record is not None and record.archived == archived else None

    def find(self, name: str, value: str) -> Record | None:
        """A live record by a unique property. KeyError if the property isn't unique."""
        id = self.unique[name].get(value.strip().lower())
        return self.records[id] if id is not None else None

    def page(self, after: int, limit: int, *, archived: bool = False) -> tuple[list[Record], int | None]:
        """``limit`` records with ids from ``after`` on, and the id where the next page starts."""
        ids = self.archived if archived else self.live
        start = bisect_left(ids, after)
        chosen = ids[start : start + limit]
        following = ids[start + limit] if start + limit < len(ids) else None
        return [self.records[id] for id in chosen], following

    def modified_between(self, low: int | None, high: int | None) -> Iterator[int]:
        """Ids of live records modified from ``low`` to ``high``, both included, oldest change first."""
        start = 0 if low is None else bisect_left(self.by_modified, (low, 0))
        end = len(self.by_modified) if high is None else bisect_right(self.by_modified, (high, 1 << 62))
        return (id for _, id in self.by_modified[start:end])

    # -- changing -----------------------------------------------------------------------------------------------------
    def insert(self, values: Values, ms: int, *, created: int | None = None, id: int | None = None) -> Record:
        """A new record; ``id`` only for one that takes the place of another."""
        if id is None:
            id = self.next_id
        self.next_id = max(self.next_id, id + 1)
        record = Record(id, values, created or ms, ms)
        values["hs_object_id"] = str(id)
        values[self.kind.created] = iso(record.created)
        values[self.kind.modified] = iso(ms)
        self.records[id] = record
        self._shadow(record, ms, None)
        self._enter(record)
        return record

    def change(self, record: Record, values: Values, ms: int, source: str) -> list[str]:
        """Set ("" clears) and return the names that differ now. Moves the modified date if anything differs."""
        changed = [name for name, value in values.items() if record.values.get(name, "") != value]
        if not changed:
            return []
        self._shadow(record, ms, replace(record, values=dict(record.values), rendered=None))
        self._leave(record)
        for name in changed:
            old = record.values.get(name, "")
            record.history.setdefault(name, []).append((old, record.modified, source))
            if values[name]:
                record.values[name] = values[name]
            else:
                record.values.pop(name, None)
        self._stamp(record, ms)
        self._enter(record)
        return changed

    def archive(self, record: Record, ms: int) -> None:
        self._shadow(record, ms, replace(record, values=dict(record.values), rendered=None))
        self._leave(record)
        record.archived_at = ms
        insort(self.archived, record.id)

    def restore(self, record: Record, ms: int) -> None:
        self._shadow(record, ms, None)
        self.archived.remove(record.id)
        record.archived_at = None
        self._stamp(record, ms)
        self._enter(record)

    def merge(self, olds: Iterable[Record], into: int, ms: int) -> None:
        """``olds`` vanish; their ids, and those merged into them before, lead to ``into``."""
        for old in olds:
            self._shadow(old, ms, replace(old, values=dict(old.values), rendered=None))
            self._leave(old)
            del self.records[old.id]
            self.forward.update({source: into for source, target in self.forward.items() if target == old.id})
            self.forward[old.id] = into

    def purge(self, record: Record) -> None:
        """Gone for good: nothing can be read afterwards."""
        if record.archived:
            self.archived.remove(record.id)
        else:
            self._leave(record)
        del self.records[record.id]
        self.gone.add(record.id)

    def settle(self, ms: int, lag_ms: int) -> None:
        """Search has caught up with everything older than ``lag_ms``."""
        self.shadowing = lag_ms > 0
        ripe = [id for id, shadow in self.shadows.items() if shadow.since <= ms - lag_ms]
        for id in ripe:
            del self.shadows[id]
        if ripe:
            self.version += 1

    # -- indexes ------------------------------------------------------------------------------------------------------
    def keys(self, record: Record) -> Iterator[tuple[str, str]]:
        """(property, value) pairs that no other record may have."""
        for name in self.unique:
            if value := record.values.get(name):
                yield name, value.lower()
        for more in filter(None, record.values.get("hs_additional_emails", "").split(";")):
            if "email" in self.unique:
                yield "email", more.lower()

    def touch(self, record: Record) -> None:
        """Whoever changes a record says so: cached searches and answers are no good any more."""
        self.version += 1
        record.rendered = None

    def _enter(self, record: Record) -> None:
        self.touch(record)
        if not self.live or record.id > self.live[-1]:
            self.live.append(record.id)
        else:
            insort(self.live, record.id)
        insort(self.by_modified, (record.modified, record.id))
        for name, value in self.keys(record):
            self.unique[name][value] = record.id

    def _leave(self, record: Record) -> None:
        self.touch(record)
        del self.live[bisect_left(self.live, record.id)]
        del self.by_modified[bisect_left(self.by_modified, (record.modified, record.id))]
        for name, value in self.keys(record):
            self.unique[name].pop(value, None)

    def _stamp(self, record: Record, ms: int) -> None:
        record.modified = ms
        record.values[self.kind.modified] = iso(ms)

    def _shadow(self, record: Record, ms: int, before: Record | None) -> None:
        if self.shadowing and record.id not in self.shadows:
            self.shadows[record.id] = Shadow(ms, before)
