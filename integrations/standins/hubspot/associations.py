"""Which records belong together, in both directions, with labels. Names of object types are singular here."""

from collections import defaultdict
from collections.abc import Iterable

from integrations.standins.hubspot.association_types import AssociationType, default_types
from integrations.standins.hubspot.errors import bad_request

Edges = dict[int, set[int]]  # id of the other record → type ids of the pair
MOST_LABELS = 10


class Associations:
    def __init__(self) -> None:
        self.types = default_types()
        self._edges: defaultdict[tuple[str, str], dict[int, Edges]] = defaultdict(dict)
        self._next_type = 36

    # -- types --------------------------------------------------------------------------------------------------------
    def types_of(self, source: str, target: str) -> dict[int, AssociationType]:
        found = self.types.get((source, target))
        if found is None:
            raise bad_request(f"No association types exist from {source} to {target}.")
        return found

    def plain(self, source: str, target: str) -> int:
        """The type id of the unlabelled association."""
        return next(iter(self.types_of(source, target)))

    def with_label(self, source: str, target: str, label: str = "") -> list[int]:
        """The type id of a label, in any case of letters; none without a label."""
        found = [
            each.type_id for each in self.types_of(source, target).values() if _folded(each.label) == _folded(label)
        ]
        if label and not found:
            raise bad_request(f"There is no label {label} from {source} to {target}.")
        return found if label else []

    def add_label(self, source: str, target: str, name: str, label: str, inverse_label: str | None) -> list[int]:
        """A pair of new USER_DEFINED types; answers both ids."""
        types = self.types_of(source, target)
        if sum(each.category != "HUBSPOT_DEFINED" for each in types.values()) >= MOST_LABELS:
            raise bad_request(f"There can be at most {MOST_LABELS} labels for a pair of objects.")
        there = self._next_type
        back = there + 1
        self._next_type += 2
        types[there] = AssociationType(there, label, "USER_DEFINED", name, back)
        other = AssociationType(back, inverse_label or label, "USER_DEFINED", name, there)
        self.types_of(target, source)[back] = other
        return [there, back]

    def change_label(self, source: str, target: str, type_id: int, label: str) -> None:
        types = self.types_of(source, target)
        old = types.get(type_id)
        if old is None or old.category == "HUBSPOT_DEFINED":
            raise bad_request(f"Association type {type_id} cannot be changed.")
        types[type_id] = AssociationType(type_id, label, old.category, old.name, old.inverse)

    def drop_label(self, source: str, target: str, type_id: int) -> None:
        types = self.types_of(source, target)
        old = types.get(type_id)
        if old is None or old.category == "HUBSPOT_DEFINED":
            raise bad_request(f"Association type {type_id} cannot be deleted.")
        del types[type_id]
        self.types_of(target, source).pop(old.inverse, None)
        for pair, gone in (((source, target), type_id), ((target, source), old.inverse)):
            for edges in self._edges[pair].values():
                for types_set in edges.values():
                    types_set.discard(gone)

    # -- reading ------------------------------------------------------------------------------------------------------
    def of(self, source: str, id: int, target: str) -> Edges:
        """Who ``id`` belongs to, by id, in ascending order of ids."""
        edges = self._edges[(source, target)].get(id)
        return dict(sorted(edges.items())) if edges else {}

    def primary(self, source: str, id: int, target: str) -> int | None:
        """The record whose pair with ``id`` carries the label Primary."""
        wanted = self._primary_type(source, target)
        edges = self._edges[(source, target)].get(id, {})
        return next((other for other, types in edges.items() if wanted in types), None)

    def all_of(self, source: str, target: str) -> Iterable[tuple[int, Edges]]:
        """Every record of one type that is next to any of the other, and which."""
        return self._edges.get((source, target), {}).items()

    # -- changing -----------------------------------------------------------------------------------------------------
    def connect(self, source: str, id: int, target: str, other: int, types: Iterable[int] = ()) -> bool:
        """Add ``types`` (and the unlabelled one, always). True if anything is new."""
        known = self.types_of(source, target)
        plain = self.plain(source, target)
        wanted = {plain, *types}
        for type_id in wanted:
            if type_id not in known:
                raise bad_request(f"Association type {type_id} does not exist from {source} to {target}.")
        if self._primary_type(source, target) in wanted:
            self._demote(source, id, target, other)
        have = self._edges[(source, target)].setdefault(id, {}).setdefault(other, set())
        new = wanted - have
        have |= wanted
        back = self._edges[(target, source)].setdefault(other, {}).setdefault(id, set())
        back |= {known[type_id].inverse for type_id in wanted}
        return bool(new)

    def disconnect(self, source: str, id: int, target: str, other: int, types: Iterable[int] = ()) -> bool:
        """Remove ``types``; without any, or with the unlabelled one, the whole pair."""
        edges = self._edges[(source, target)].get(id, {})
        if other not in edges:
            return False
        known, gone = self.types_of(source, target), set(types)
        if not gone or self.plain(source, target) in gone:
            self._remove(source, id, target, other)
            self._remove(target, other, source, id)
            return True
        edges[other] -= gone
        back = self._edges[(target, source)].get(other, {}).get(id, set())
        back -= {known[type_id].inverse for type_id in gone if type_id in known}
        return True

    def forget(self, source: str, id: int) -> None:
        """Remove every association of a record that is gone."""
        for (start, end), edges in list(self._edges.items()):
            if start == source:
                for other in list(edges.get(id, {})):
                    self._remove(end, other, start, id)
                edges.pop(id, None)

    def move(self, source: str, old: int, new: int) -> None:
        """A merged record hands its associations on; it cannot bring a second primary one."""
        for start, end in [pair for pair in list(self._edges) if pair[0] == source]:
            primary = self._primary_type(start, end)
            for other, types in self.of(start, old, end).items():
                if primary in types and self.primary(start, new, end) not in (None, other):
                    types = types - {primary}
                self.connect(start, new, end, other, types)
        self.forget(source, old)

    def _remove(self, source: str, id: int, target: str, other: int) -> None:
        edges = self._edges[(source, target)].get(id)
        if edges is not None:
            edges.pop(other, None)
            if not edges:
                del self._edges[(source, target)][id]

    def _primary_type(self, source: str, target: str) -> int | None:
        """Only the side that can have one primary: contact → company, deal → company, …"""
        if target != "company" and (source, target) != ("lead", "contact"):
            return None
        types = self.types.get((source, target), {})
        return next((id for id, each in types.items() if each.label == "Primary"), None)

    def _demote(self, source: str, id: int, target: str, keep: int) -> None:
        primary = self._primary_type(source, target)
        for other, types in self._edges[(source, target)].get(id, {}).items():
            if other != keep and primary in types:
                types.discard(primary)
                back = self.types_of(source, target)[primary].inverse
                self._edges[(target, source)].get(other, {}).get(id, set()).discard(back)


def _folded(label: str | None) -> str:
    return (label or "").casefold()
