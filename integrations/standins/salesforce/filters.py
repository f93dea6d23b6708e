"""WHERE as a function of a row, and which rows have to be looked at at all."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce import ids
from integrations.standins.salesforce.computed import COMPUTED, value_of
from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.fields import NUMBERS, Field, Kind
from integrations.standins.salesforce.soql import Both, Compare, Literal, Node, Not, Query
from integrations.standins.salesforce.store import Row
from integrations.standins.salesforce.values import moment, text_of

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

Test = Callable[[Row], bool]
Get = Callable[[Row], Any]
LONG_TEXT = 255  # text areas that may be longer cannot be filtered
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def no_field(name: str, kind: str) -> Problem:
    return Problem(
        "INVALID_FIELD",
        f"\nSELECT {name} FROM {kind}\n       ^\nERROR at Row:1:Column:8\nNo such column '{name}' on entity '{kind}'. If you are "
        "attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or "
        "the describe call for the appropriate names.",
    )


def getter(org: "Org", kind: Kind, path: str) -> tuple[Get, Field]:
    """How to get at ``Name`` or ``Account.Owner.Name`` of a row. Raises Problem INVALID_FIELD."""
    head, _, rest = path.partition(".")
    if not rest:
        field = kind.field(head)
        if field is None:
            raise no_field(head, kind.name)
        if kind.name == "Name":
            return _of_any(org, field), field
        if field.type != "address" and field.name != "Id" and not field.calculated:
            return _plain(org, kind, field), field
        return (lambda row: value_of(org, kind, row, field)), field
    lookup = kind.related(head)
    if lookup is None:
        if head.lower() == kind.name.lower():  # an alias of FROM in all but name
            return getter(org, kind, rest)
        raise Problem("INVALID_FIELD", f"Didn't understand relationship '{head}' in field path. If you are attempting to use a "
                      "custom relationship, be sure to append the '__r' after the custom relationship name.")  # fmt: skip
    target = org.names if len(lookup.targets) > 1 else org.tables[lookup.targets[0]].kind
    inner, field = getter(org, target, rest)

    def hop(row: Row) -> Any:
        other = org.find(value_of(org, kind, row, lookup))
        return None if other is None else inner(other)

    return hop, field


def _plain(org: "Org", kind: Kind, field: Field) -> Get:
    if (kind.name, field.name) in COMPUTED:
        return lambda row: value_of(org, kind, row, field)
    name, blank = field.name, False if field.type == "boolean" else None
    return lambda row: row.values.get(name, blank)


def _of_any(org: "Org", field: Field) -> Get:
    """A field of a record of whatever kind."""

    def get(row: Row) -> Any:
        kind = org.tables[org.kind_of(row.id) or ""].kind
        if field.name == "Type":
            return kind.name
        found = kind.field(kind.name_field if field.name == "Name" else field.name)
        return value_of(org, kind, row, found) if found else None

    return get


def compiled(org: "Org", kind: Kind, node: Node) -> Test:
    """Raises Problem."""
    if isinstance(node, Not):
        inner = compiled(org, kind, node.part)
        return lambda row: not inner(row)
    if isinstance(node, Both):
        tests = [compiled(org, kind, part) for part in node.parts]
        if node.operator == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)
    get, field = getter(org, kind, node.path)
    if field.type in ("textarea", "address") and (field.type == "address" or field.max > LONG_TEXT):
        raise Problem("INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")
    return _test(org, get, field, node)


def _test(org: "Org", get: Get, field: Field, node: Compare) -> Test:
    operator, value = node.operator, node.value
    if isinstance(value, Query):
        value = [Literal("text", found) for found in _found(org, value)]
    if isinstance(value, list):
        return _among(get, field, operator, value)
    if operator == "like":
        if field.type in NUMBERS or field.type in ("boolean", "date", "datetime", "id", "reference"):
            raise Problem("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field: {field.name}")
        pattern = _pattern(str(value.value))
        return lambda row: bool(pattern.fullmatch(str(get(row) or "")))
    if value.type == "name":
        return _dated(org, get, field, operator, value)
    wanted = literal(field, value)
    if operator == "=":
        return lambda row: folded(get(row)) == wanted
    if operator == "!=":
        return lambda row: folded(get(row)) != wanted
    if wanted is None or field.type in ("boolean", "multipicklist"):
        raise Problem("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field: {field.name}")
    compare = SIGNS[operator]

    def test(row: Row) -> bool:
        held = folded(get(row))
        return held is not None and compare(held, wanted)

    return test


def _among(get: Get, field: Field, operator: str, value: list[Literal]) -> Test:
    if operator in ("includes", "excludes"):
        groups = [frozenset(str(each.value).casefold().split(";")) for each in value]
        wants = operator == "includes"

        def has(row: Row) -> bool:
            held = frozenset(str(get(row) or "").casefold().split(";"))
            return any(group <= held for group in groups) is wants

        return has
    wanted = {literal(field, each) for each in value}
    if operator == "in":
        return lambda row: folded(get(row)) in wanted
    return lambda row: folded(get(row)) not in wanted


def _found(org: "Org", query: Query) -> Iterable[str]:
    """The values of a query inside IN."""
    table = org.tables.get(org._lower.get(query.kind.lower(), ""))
    if table is None or len(query.select) != 1 or not isinstance(query.select[0], str):
        raise Problem("MALFORMED_QUERY", "a semi join selects one field of one object")
    get, _field = getter(org, table.kind, query.select[0])
    test = compiled(org, table.kind, query.where) if query.where else None
    return {str(get(row)) for row in table.live() if get(row) is not None and (test is None or test(row))}


def literal(field: Field, value: Literal) -> Any:
    """What a field's folded value is compared with. Raises Problem where the literal is not of the field's type."""
    if value.type == "null":
        return None
    if field.type in ("id", "reference"):
        id = ids.full(str(value.value)) if value.type == "text" else ""
        if not id:
            raise Problem("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.value}")
        return id.casefold()
    wanted = (
        "number" if field.type in NUMBERS else field.type if field.type in ("boolean", "date", "datetime") else "text"
    )
    if value.type != wanted:
        quoted = "should be enclosed in quotes" if wanted == "text" else "should not be enclosed in quotes"
        shown = {"number": "double", "datetime": "dateTime", "text": "string"}.get(wanted, wanted)
        raise Problem(
            "INVALID_FIELD", f"value of filter criterion for field '{field.name}' must be of type {shown} and {quoted}"
        )
    if wanted == "datetime":
        return moment(value.value).casefold()
    return folded(value.value)


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.findall(r"\\[%_]|.", text, re.DOTALL)
    known = {"%": ".*", "_": "."}
    return re.compile("".join(known.get(part) or re.escape(part.lstrip("\\") or part) for part in parts), re.I | re.S)


def _dated(org: "Org", get: Get, field: Field, operator: str, value: Literal) -> Test:
    """TODAY, LAST_N_DAYS:7 and the like are spans of time."""
    if field.type not in ("date", "datetime"):
        raise Problem("MALFORMED_QUERY", f"unexpected token: '{value.value}'")
    today = datetime.fromtimestamp(org.clock.now(), UTC).date()
    spans = {"TODAY": (0, 1), "YESTERDAY": (-1, 0), "TOMORROW": (1, 2), "LAST_N_DAYS": (-value.n, 1),
             "NEXT_N_DAYS": (1, value.n + 1)}  # fmt: skip
    if value.value not in spans:
        raise Problem("MALFORMED_QUERY", f"the stand-in does not know {value.value}")
    try:
        first, after = (_shown(field, today + timedelta(days=days)) for days in spans[value.value])
    except OverflowError:
        raise Problem("MALFORMED_QUERY", f"{value.value}:{value.n} is out of range") from None
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda held: first <= held < after, "!=": lambda held: not first <= held < after, "<": lambda held: held < first,
        ">": lambda held: held >= after, "<=": lambda held: held < after, ">=": lambda held: held >= first,
    }  # fmt: skip
    within = tests[operator]
    return lambda row: (held := get(row)) is not None and within(held)


def _shown(field: Field, day: date) -> str:
    return day.isoformat() if field.type == "date" else text_of(datetime(day.year, day.month, day.day, tzinfo=UTC))


# -- which rows --------------------------------------------------------------------------------------------------------------------
def candidates(org: "Org", kind: Kind, node: Node | None) -> Iterable[Row]:
    """Rows among which all are that the condition lets through."""
    table = org.tables[kind.name]
    if node is not None:
        found = _keyed(org, kind, node)
        if found is not None:
            return found.values()
        if (bound := _bound(node)) is not None:
            return table.since(bound)
    return table.rows.values()


def _keyed(org: "Org", kind: Kind, node: Node) -> dict[str, Row] | None:
    """By an id or an indexed field; None where the condition has no such."""
    if isinstance(node, Both):
        parts = [_keyed(org, kind, part) for part in node.parts]
        known = [part for part in parts if part is not None]
        if node.operator == "and":
            return min(known, key=len, default=None)
        return {id: row for part in known for id, row in part.items()} if len(known) == len(parts) else None
    if not isinstance(node, Compare) or node.operator not in ("=", "in") or isinstance(node.value, Query):
        return None
    field = kind.field(node.path)
    table = org.tables[kind.name]
    values = node.value if isinstance(node.value, list) else [node.value]
    if field is None or any(value.type != "text" for value in values):
        return None
    if field.name == "Id":
        rows = [table.rows.get(ids.full(str(value.value))) for value in values]
        return {row.id: row for row in rows if row is not None}
    if not table.indexed(field.name):
        return None
    wanted = [ids.full(str(value.value)) if field.type == "reference" else value.value for value in values]
    return {row.id: row for value in wanted for row in table.having(field.name, value)}


def _bound(node: Node) -> str | None:
    """The earliest SystemModstamp that the condition lets through."""
    if isinstance(node, Both):
        parts = [_bound(part) for part in node.parts]
        known = [part for part in parts if part is not None]
        if node.operator == "and":
            return max(known, default=None)
        return min(known) if known and len(known) == len(parts) else None
    if isinstance(node, Compare) and node.path.lower() == "systemmodstamp" and node.operator in ("=", ">", ">="):
        return moment(node.value.value) if isinstance(node.value, Literal) and node.value.type == "datetime" else None
    return None
