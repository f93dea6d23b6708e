"""``$filter``: the part of OData's language that clients of a CRM use, answered from an index where there is one."""

import re
from collections.abc import Callable
from typing import Any

from integrations.standins.dynamics.errors import bad_url, no_property
from integrations.standins.dynamics.store import Row, Table
from integrations.standins.dynamics.tables import Column, TableType

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|\[[^\]]*\]|[(),=]|[^\s(),=]+)")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and b is not None and a > b,
    "ge": lambda a, b: a is not None and b is not None and a >= b,
    "lt": lambda a, b: a is not None and b is not None and a < b,
    "le": lambda a, b: a is not None and b is not None and a <= b,
}
TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda a, b: b in a,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
IN = "Microsoft.Dynamics.CRM.In"

Test = Callable[[Row], bool]
Hit = tuple[Test, set[str] | None]
"""What a row must pass, and the only ids that can pass it (None: any could)."""


def matching(table: Table, text: str) -> list[str]:
    """Ids of the rows that pass ``text``, ascending. Raises Problem 400."""
    test, ids = Parser(table, text).whole()
    rows = table.rows
    candidates = (
        table.ids
        if ids is None
        else sorted(ids & rows.keys() if len(ids) > len(rows) else filter(rows.__contains__, ids))
    )
    return [id for id in candidates if test(rows[id])]


def comparable(row: Row, column: Column, kind: TableType) -> Any:
    """The value in the form in which filters and orders compare it: text without case."""
    if column.name == kind.key:
        return row.id
    value = row.version if column.name == "versionnumber" else row.values.get(column.name)
    if isinstance(value, tuple):
        return value[1]
    return value.casefold() if isinstance(value, str) else value


class Parser:
    def __init__(self, table: Table, text: str) -> None:
        self._table, self._text = table, text
        self._tokens = TOKEN.findall(text)
        self._at = 0

    def whole(self) -> Hit:
        found = self._or()
        if self._at < len(self._tokens):
            raise self._wrong()
        return found

    def _or(self) -> Hit:
        test, ids = self._and()
        while self._peek() == "or":
            self._next()
            other, more = self._and()
            test = _either(test, other)
            ids = None if ids is None or more is None else ids | more
        return test, ids

    def _and(self) -> Hit:
        test, ids = self._one()
        while self._peek() == "and":
            self._next()
            other, more = self._one()
            test = _both(test, other)
            ids = more if ids is None else ids if more is None else ids & more
        return test, ids

    def _one(self) -> Hit:
        word = self._next()
        if word == "not":
            test, _ids = self._one()
            return (lambda row: not test(row)), None
        if word == "(":
            found = self._or()
            self._expect(")")
            return found
        if word in TEXT:
            return self._text_function(word)
        if word == IN:
            return self._in()
        column = self._column(word)
        operator = COMPARE.get(self._next())
        if operator is None:
            raise self._wrong()
        value = self._literal(self._next(), column)
        kind = self._table.kind
        ids = self._ids(column, [value]) if operator is COMPARE["eq"] else None
        return (lambda row: operator(comparable(row, column, kind), value)), ids

    def _text_function(self, name: str) -> Hit:
        self._expect("(")
        column = self._column(self._next())
        self._expect(",")
        wanted, kind, test = self._literal(self._next(), column), self._table.kind, TEXT[name]
        self._expect(")")
        return (lambda row: test(str(comparable(row, column, kind) or ""), str(wanted))), None

    def _in(self) -> Hit:
        for word in ("(", "PropertyName", "="):
            self._expect(word)
        column = self._column(self._next().strip("'"))
        for word in (",", "PropertyValues", "="):
            self._expect(word)
        listed = self._next()
        self._expect(")")
        values = {self._literal(f"'{text}'", column) for text in re.findall(r'"([^"]*)"', listed)}
        kind = self._table.kind
        return (lambda row: comparable(row, column, kind) in values), self._ids(column, list(values))

    def _ids(self, column: Column, values: list[Any]) -> set[str] | None:
        if column.name == self._table.kind.key:
            return set(values)
        if not self._table.indexed(column.name) or None in values:
            return None
        return set().union(*(self._table.having(column.name, str(value)) for value in values))

    def _column(self, name: str) -> Column:
        found = self._table.kind.by_wire(name)
        if found is None:
            raise no_property(name, self._table.kind.logical)
        return found

    def _literal(self, word: str, column: Column) -> Any:
        if word == "null":
            return None
        if word in ("true", "false"):
            return word == "true"
        if word.startswith("'"):
            text = word[1:-1].replace("''", "'")
            numeric = column.type in ("Integer", "Picklist", "State", "Status", "BigInt")
            return int(text) if numeric and text.lstrip("-").isdigit() else text.casefold()
        if column.is_lookup or column.type in ("Uniqueidentifier", "DateOnly", "DateTime"):
            return re.sub(r"(?<=\d\d)\.\d+(?=z$)", "", word.casefold())
        try:
            return float(word) if "." in word else int(word)
        except ValueError:
            raise self._wrong() from None

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise self._wrong()
        self._at += 1
        return word

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise self._wrong()

    def _wrong(self) -> Exception:
        return bad_url(f"Syntax error at position {self._at} in '{self._text}'.")


def _either(one: Test, other: Test) -> Test:
    return lambda row: one(row) or other(row)


def _both(one: Test, other: Test) -> Test:
    return lambda row: one(row) and other(row)
