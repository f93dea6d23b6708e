"""``POST …/search``: filters, sorting, paging by offset, with HubSpot's limits.

Each group of filters is turned into a set of candidate ids from an index (id, unique property, modified date) and
tests for the rest. A result is kept until the table changes, so paging through one search costs one search.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from integrations.standins.hubspot.errors import bad_request
from integrations.standins.hubspot.properties import Property
from integrations.standins.hubspot.table import Record, Table
from integrations.standins.hubspot.values import milliseconds

Test = Callable[[Record], bool]
Neighbours = Callable[[str, int], set[int]]  # (object type word, id) → ids of this table's records next to it

DEEPEST = 10_000
LONGEST_BODY = 3_000
_COMPARE = ("EQ", "NEQ", "LT", "LTE", "GT", "GTE")
OPERATORS = (*_COMPARE, "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN",
             "NOT_CONTAINS_TOKEN")  # fmt: skip
_NUMERIC = ("number", "date", "datetime")


@dataclass
class Group:
    """One AND group. ``ids`` are candidates from an index (None = every live record); ``exact`` are the only ids that
    can be meant, whatever the records say."""

    tests: list[Test] = field(default_factory=list)
    ids: set[int] | None = None
    exact: set[int] | None = None
    low: int | None = None  # bounds on the modified date, both included
    high: int | None = None
    above: int = -1  # hs_object_id > above


class Search:
    """A checked request body; raises Problem 400 for what HubSpot refuses."""

    def __init__(self, table: Table, body: dict[str, Any], neighbours: Neighbours) -> None:
        self.table, self.neighbours = table, neighbours
        self.groups = [self._group(filters) for filters in _filter_lists(body)]
        self.limit = _whole(body.get("limit", 10), "limit", 1, 200)
        self.offset = _whole(body.get("after") or 0, "after", 0, None)
        if self.offset >= DEEPEST or self.offset + self.limit > DEEPEST:
            raise bad_request(f"Paging through more than {DEEPEST} results is not possible: after + limit too large.")
        self.sort = self._sort(body.get("sorts") or [])
        self.words = str(body.get("query") or "").lower().split()

    def run(self) -> list[int]:
        """Ids of all matches, in order."""
        table = self.table
        groups = self.groups or [Group()]
        found: set[int] = set()
        ordered: list[int] | None = None
        for group in groups:
            matches = self._matches(group)
            if len(groups) == 1:
                ordered = matches
            found.update(matches)
        if table.shadows:
            ordered = None
            self._apply_shadows(groups, found)
        return self._ordered(found if ordered is None else ordered)

    # -- matching -----------------------------------------------------------------------------------------------------
    def _matches(self, group: Group) -> list[int]:
        table = self.table
        ids = self._candidates(group)
        tests = [*group.tests, self._has_words] if self.words else group.tests
        if not tests:
            return list(ids)
        records = table.records
        return [id for id in ids if all(test(records[id]) for test in tests)]

    def _candidates(self, group: Group) -> Iterable[int]:
        table = self.table
        if group.ids is not None:
            records = table.records
            return [id for id in group.ids if id in records and not records[id].archived and self._bounds(group, id)]
        if group.low is not None or group.high is not None:
            ids = table.modified_between(group.low, group.high)
            return [id for id in ids if id > group.above] if group.above >= 0 else ids
        return table.live[bisect_left(table.live, group.above + 1) :]

    def _bounds(self, group: Group, id: int) -> bool:
        record = self.table.records[id]
        return (
            id > group.above
            and (group.low is None or record.modified >= group.low)
            and (group.high is None or record.modified <= group.high)
        )

    def _apply_shadows(self, groups: list[Group], found: set[int]) -> None:
        """Records changed a moment ago count as they were before."""
        for id, shadow in self.table.shadows.items():
            found.discard(id)
            before = shadow.before
            if before is not None and any(self._fits(group, before) for group in groups):
                found.add(id)

    def _fits(self, group: Group, record: Record) -> bool:
        if group.exact is not None and record.id not in group.exact:
            return False
        if record.id <= group.above or any(not test(record) for test in group.tests):
            return False
        if group.low is not None and record.modified < group.low:
            return False
        return (group.high is None or record.modified <= group.high) and (not self.words or self._has_words(record))

    def _has_words(self, record: Record) -> bool:
        text = " ".join(record.values.get(name, "") for name in self.table.kind.searched).lower()
        return all(word in text for word in self.words)

    # -- order --------------------------------------------------------------------------------------------------------
    def _sort(self, sorts: list[Any]) -> tuple[str, bool] | None:
        if len(sorts) > 1:
            raise bad_request("Only one sort is possible.")
        if not sorts:
            return None
        sort = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0])}
        name = sort.get("propertyName", "")
        if name not in self.table.definitions:
            raise bad_request(f"There was a problem with the request. Property {name} doesn't exist.")
        return name, sort.get("direction", "ASCENDING").upper().startswith("DESC")

    def _ordered(self, ids: Iterable[int]) -> list[int]:
        if self.sort is None or self.sort[0] in ("hs_object_id", self.table.kind.created):
            return sorted(ids, reverse=bool(self.sort and self.sort[1]))
        name, down = self.sort
        records = self.table.records
        if name == self.table.kind.modified:
            return sorted(ids, key=lambda id: (self.seen(id).modified, id), reverse=down)
        definition = self.table.definitions[name]
        filled = [id for id in ids if id in records and name in self.seen(id).values]
        blank = [id for id in ids if id not in set(filled)] if filled else list(ids)
        filled.sort(key=lambda id: (_key(definition, self.seen(id).values[name]), id), reverse=down)
        return [*filled, *sorted(blank)]

    def seen(self, id: int) -> Record:
        shadow = self.table.shadows.get(id)
        return shadow.before if shadow and shadow.before else self.table.records[id]

    # -- filters ------------------------------------------------------------------------------------------------------
    def _group(self, filters: list[dict[str, Any]]) -> Group:
        group = Group()
        for given in filters:
            self._add(group, given)
        return group

    def _add(self, group: Group, given: dict[str, Any]) -> None:
        name, operator = str(given.get("propertyName", "")), str(given.get("operator", "")).upper()
        if operator not in OPERATORS:
            raise bad_request(f"Invalid operator {operator}. Valid ones are {', '.join(OPERATORS)}.")
        if name.startswith("associations."):
            return self._add_association(group, name.removeprefix("associations."), operator, given)
        definition = self.table.definitions.get(name)
        if definition is None:
            raise bad_request(f"There was a problem with the request. Property {name} doesn't exist.")
        if not self._use_index(group, name, operator, given):
            group.tests.append(_test(definition, operator, given))

    def _add_association(self, group: Group, other: str, operator: str, given: dict[str, Any]) -> None:
        if operator not in ("EQ", "IN"):
            raise bad_request(f"Associations cannot be searched with {operator}.")
        values = [given.get("value")] if operator == "EQ" else given.get("values") or []
        ids: set[int] = set()
        for value in values:
            ids |= self.neighbours(other, _whole(value, "value", 0, None))
        self._narrow(group, ids, exact=True)

    def _narrow(self, group: Group, ids: set[int], *, exact: bool) -> None:
        group.ids = ids if group.ids is None else ids & group.ids
        if exact:
            group.exact = ids if group.exact is None else ids & group.exact

    def _use_index(self, group: Group, name: str, operator: str, given: dict[str, Any]) -> bool:
        """Narrow the candidates instead of testing each record, where the filter allows it."""
        values = given.get("values") or [] if operator == "IN" else [given.get("value")]
        if name == "hs_object_id" and operator == "GT" and str(given.get("value", "")).isdigit():
            group.above = max(group.above, int(given["value"]))
            return True
        if operator in ("EQ", "IN") and (name == "hs_object_id" or name in self.table.unique):
            ids = self._by_key(name, [str(value) for value in values])
            self._narrow(group, ids, exact=name == "hs_object_id")
            # A key also leads to merged records and additional addresses, which the plain test would refuse.
            return name == "hs_object_id"
        if name == self.table.kind.modified and operator in ("GTE", "LTE", "BETWEEN", "GT", "LT"):
            return self._bound_modified(group, operator, given)
        return False

    def _by_key(self, name: str, values: list[str]) -> set[int]:
        if name == "hs_object_id":
            return {int(value) for value in values if value.isdigit()}
        index = self.table.unique[name]
        return {index[value.lower()] for value in values if value.lower() in index}

    def _bound_modified(self, group: Group, operator: str, given: dict[str, Any]) -> bool:
        low = high = None
        value = _moment(given.get("value"))
        if operator in ("GTE", "GT", "BETWEEN"):
            low = value + (operator == "GT")
        if operator in ("LTE", "LT"):
            high = value - (operator == "LT")
        if operator == "BETWEEN":
            high = _moment(given.get("highValue"))
        if low is not None:
            group.low = low if group.low is None else max(low, group.low)
        if high is not None:
            group.high = high if group.high is None else min(high, group.high)
        return True


def check_length(raw: bytes) -> None:
    if len(raw.decode("utf-8", "replace")) > LONGEST_BODY:
        raise bad_request(f"The request body is longer than {LONGEST_BODY} characters.")


def _filter_lists(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    groups = [group.get("filters") or [] for group in _objects(body, "filterGroups")]
    if body.get("filters"):
        groups.append(body["filters"])
    if any(not isinstance(each, dict) for group in groups for each in group):
        raise bad_request("Invalid input JSON: a filter must be an object.")
    if len(groups) > 5:
        raise bad_request("A search can have at most 5 filterGroups.")
    if any(len(group) > 6 for group in groups) or sum(map(len, groups)) > 18:
        raise bad_request("A filterGroup can have at most 6 filters, a search 18 in all.")
    return [group for group in groups if group]


def _objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise bad_request(f"Invalid input JSON: {name} must be a list of objects.")
    return found


def _whole(value: Any, name: str, low: int, high: int | None) -> int:
    text = str(value)
    if not text.isdigit() or int(text) < low or (high is not None and int(text) > high):
        raise bad_request(f"{name} must be a whole number from {low}{f' to {high}' if high else ''}, not {text}.")
    return int(text)


def _moment(value: Any) -> int:
    found = milliseconds(str(value)) if value is not None else None
    if found is None:
        raise bad_request(f"{value} is not a date: send milliseconds or ISO 8601.")
    return found


def _key(definition: Property, text: str) -> Any:
    """What a value compares as: numbers as numbers, dates as milliseconds, text without case."""
    if definition.type == "number":
        try:
            return float(text)
        except ValueError:
            return float("-inf")
    if definition.type in ("date", "datetime"):
        return float(milliseconds(text) or 0)
    return text if definition.type == "enumeration" else text.lower()


def _test(definition: Property, operator: str, given: dict[str, Any]) -> Test:
    name = definition.name
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        wanted = operator == "HAS_PROPERTY"
        return lambda record: (name in record.values) == wanted
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return _token_test(name, _needed(given, "value"), operator == "CONTAINS_TOKEN")
    if operator in ("IN", "NOT_IN"):
        if not isinstance(given.get("values"), list):
            raise bad_request(f"{operator} needs values.")
        # Text is compared in lower case, with values as they are given: whoever sends capitals finds nothing.
        is_text = definition.type == "string"
        allowed = {str(value) if is_text else _key(definition, str(value)) for value in given["values"]}
        inside = operator == "IN"
        # HubSpot: NOT_IN and NEQ leave out records without a value unless HAS_PROPERTY says otherwise.
        return lambda record: name in record.values and (_key(definition, record.values[name]) in allowed) == inside
    low = _key(definition, _needed(given, "value"))
    if operator == "BETWEEN":
        high = _key(definition, _needed(given, "highValue"))
        return lambda record: name in record.values and low <= _key(definition, record.values[name]) <= high
    return _comparison(definition, operator, low)


def _comparison(definition: Property, operator: str, value: Any) -> Test:
    name = definition.name
    compare: dict[str, Callable[[Any], bool]] = {
        "EQ": lambda own: own == value,
        "NEQ": lambda own: own != value,
        "LT": lambda own: own < value,
        "LTE": lambda own: own <= value,
        "GT": lambda own: own > value,
        "GTE": lambda own: own >= value,
    }
    check = compare[operator]
    return lambda record: name in record.values and check(_key(definition, record.values[name]))


def _token_test(name: str, value: str, wanted: bool) -> Test:
    """Whole words, ``*`` matches any part of one. An address counts as a word and as its parts."""
    pattern = re.compile(r"(?<!\w)" + r"\S*".join(re.escape(part) for part in value.lower().split("*")) + r"(?!\w)")
    return lambda record: (pattern.search(record.values.get(name, "").lower()) is not None) == wanted


def _needed(given: dict[str, Any], name: str) -> str:
    if given.get(name) is None:
        raise bad_request(f"{given.get('operator')} on {given.get('propertyName')} needs {name}.")
    return str(given[name])
