"""Which records may cross: groups of rules, AND inside a group, OR between groups. No groups: everything may.

To add an operator: one entry in ``_TESTS`` and its name in ``OPERATORS`` for the field types it fits.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.records import FieldType, Value, Values
from syncjobs.engine.canonical import form, is_blank, parse_datetime, parse_number

_EVER = datetime.min.replace(tzinfo=UTC)
_KNOWN = ("known", "unknown")
_TEXTUAL = ("is", "is_not", "any_of", "none_of", "contains", "not_contains", "starts_with", "ends_with", *_KNOWN)
_TIME = ("before", "after", "between", "last_days", "next_days", "more_days_ago", *_KNOWN)

OPERATORS: dict[FieldType, tuple[str, ...]] = {
    **dict.fromkeys((FieldType.TEXT, FieldType.LONG_TEXT, FieldType.RICH_TEXT, FieldType.PHONE), _TEXTUAL),
    **dict.fromkeys((FieldType.EMAIL, FieldType.URL), (*_TEXTUAL, "domain")),
    FieldType.NUMBER: ("eq", "ne", "gt", "ge", "lt", "le", "between", *_KNOWN),
    **dict.fromkeys((FieldType.DATE, FieldType.DATETIME), _TIME),
    FieldType.BOOL: ("yes", "no", *_KNOWN),
    **dict.fromkeys((FieldType.OPTION, FieldType.USER), ("any_of", "none_of", *_KNOWN)),
    FieldType.REFERENCE: _KNOWN,
    FieldType.MULTI: ("contains_any", "contains_all", "contains_none", *_KNOWN),
}
"""Operators offered for each field type. What each takes as value: see ``value_problem``."""

NO_VALUE = frozenset({"known", "unknown", "yes", "no"})
LIST_VALUE = frozenset({"any_of", "none_of", "contains_any", "contains_all", "contains_none"})
TWO_VALUES = frozenset({"between"})
MOST_DAYS = 36_500  # a century: the calendar ends some way before and after
DAYS_VALUE = frozenset({"last_days", "next_days", "more_days_ago"})


@dataclass(frozen=True, slots=True)
class Rule:
    """``value``: None, text, or a list of texts, by operator."""

    field: str
    operator: str
    value: Any = None


Groups = tuple[tuple[Rule, ...], ...]


def groups_from(stored: list[list[dict[str, Any]]]) -> Groups:
    """From ``SyncFilter.groups``. Empty groups say nothing and are dropped."""
    found = (tuple(Rule(r["field"], r["operator"], r.get("value")) for r in group) for group in stored)
    return tuple(group for group in found if group)


def value_problem(operator: str, value: Any, kind: FieldType) -> str:
    """Why this value does not fit this operator, in words for the form; "" when it fits."""
    if operator not in OPERATORS[kind]:
        return "This comparison does not fit this field."
    if operator in NO_VALUE:
        return ""
    items = value if isinstance(value, list) else [value]
    if not items or any(is_blank(item) for item in items):
        return "Enter a value."
    if operator in TWO_VALUES and len(items) != 2:
        return "Enter two values."
    if operator in DAYS_VALUE:
        return "" if str(value).isdecimal() and int(value) <= MOST_DAYS else "Enter a number of days."
    if kind is FieldType.NUMBER and any(parse_number(str(item)) is None for item in items):
        return "Enter a number."
    if kind in (FieldType.DATE, FieldType.DATETIME) and any(parse_datetime(str(item)) is None for item in items):
        return "Enter a date such as 2026-05-01."
    return ""


def matches(groups: Groups, values: Values, types: dict[str, FieldType], now: datetime) -> tuple[bool, Rule | None]:
    """Whether the record may cross; if not, the first rule that it fails (of the first group), to show on the page."""
    first_failure: Rule | None = None
    for group in groups:
        failed = next((rule for rule in group if not _holds(rule, values, types, now)), None)
        if failed is None:
            return True, None
        first_failure = first_failure or failed
    return not groups, first_failure


def _holds(rule: Rule, values: Values, types: dict[str, FieldType], now: datetime) -> bool:
    kind = types.get(rule.field, FieldType.TEXT)
    return _TESTS[rule.operator](values.get(rule.field), rule.value, kind, now)


def _fold(value: Any, kind: FieldType) -> str:
    return str(form(value, kind) or "").casefold()


def _shown(value: Any, kind: FieldType) -> str:
    return _fold(value, kind if kind is FieldType.RICH_TEXT else FieldType.TEXT)


def _folded(wanted: Any, kind: FieldType) -> set[str]:
    return {_fold(item, kind) for item in (wanted if isinstance(wanted, list) else [wanted])}


def _items(value: Value) -> set[str]:
    return set(value) if isinstance(value, list) else ({str(value)} if not is_blank(value) else set())


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def inner(value: Value, wanted: Any, kind: FieldType, now: datetime) -> bool:
        if kind is FieldType.NUMBER:
            one, two = parse_number(str(value)), parse_number(str(wanted))
        else:
            one, two = (parse_datetime(str(item)) if item else None for item in (value, wanted))  # type: ignore[assignment]
        return one is not None and two is not None and test(one, two)

    return inner


def _within(value: Value, start: datetime, end: datetime) -> bool:
    moment = parse_datetime(str(value)) if value else None
    return moment is not None and start <= moment <= end


def _domain(value: Value, wanted: Any, kind: FieldType, now: datetime) -> bool:
    host = _fold(value, kind).rpartition("@")[2].partition("/")[0]
    domain = str(wanted).strip().casefold().lstrip("@")
    return host == domain or host.endswith("." + domain)


_TESTS: dict[str, Callable[[Value, Any, FieldType, datetime], bool]] = {
    "known": lambda v, w, k, now: not is_blank(v),
    "unknown": lambda v, w, k, now: is_blank(v),
    "is": lambda v, w, k, now: _fold(v, k) == _fold(w, k),
    "is_not": lambda v, w, k, now: _fold(v, k) != _fold(w, k),
    "any_of": lambda v, w, k, now: _fold(v, k) in _folded(w, k),
    "none_of": lambda v, w, k, now: _fold(v, k) not in _folded(w, k),
    "contains": lambda v, w, k, now: str(w).casefold() in _shown(v, k),
    "not_contains": lambda v, w, k, now: str(w).casefold() not in _shown(v, k),
    "starts_with": lambda v, w, k, now: _shown(v, k).startswith(str(w).casefold()),
    "ends_with": lambda v, w, k, now: _shown(v, k).endswith(str(w).casefold()),
    "domain": _domain,
    **{name: _compare(getattr(operator, name)) for name in ("eq", "ne", "gt", "ge", "lt", "le")},
    "before": _compare(operator.lt),
    "after": _compare(operator.gt),
    "between": lambda v, w, k, now: _TESTS["ge"](v, w[0], k, now) and _TESTS["le"](v, w[1], k, now),
    "last_days": lambda v, w, k, now: _within(v, now - timedelta(days=int(w)), now),
    "next_days": lambda v, w, k, now: _within(v, now, now + timedelta(days=int(w))),
    "more_days_ago": lambda v, w, k, now: _within(v, _EVER, now - timedelta(days=int(w))),
    "yes": lambda v, w, k, now: v is True,
    "no": lambda v, w, k, now: v is False,
    "contains_any": lambda v, w, k, now: bool(_items(v) & set(w)),
    "contains_all": lambda v, w, k, now: set(w) <= _items(v),
    "contains_none": lambda v, w, k, now: not _items(v) & set(w),
}
