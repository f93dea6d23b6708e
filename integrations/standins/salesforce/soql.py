"""SOQL, read into a tree. What the stand-in knows of it:

``SELECT`` fields, parents (``Account.Name``), one level of children (``(SELECT … FROM Contacts)``), ``COUNT()``, ``COUNT(f)``,
``MIN(f)``, ``MAX(f)``, ``FIELDS(ALL|STANDARD|CUSTOM)``; ``FROM``; ``WHERE`` with comparisons, ``LIKE``, ``[NOT] IN`` (also of a
query), ``INCLUDES``, ``EXCLUDES``, ``AND``, ``OR``, ``NOT``; ``ORDER BY``; ``LIMIT``; ``OFFSET``. ``GROUP BY``, ``TYPEOF`` and
scopes are refused in so many words.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from integrations.standins.salesforce.errors import Problem

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d(?![\dT]))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w-]))"
    r"|(?P<name>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),:]))"
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\"}
OPERATORS = ("=", "!=", "<>", "<", ">", "<=", ">=", "like", "in", "not", "includes", "excludes")
AGGREGATES = ("count", "count_distinct", "min", "max", "fields")
UNKNOWN = ("group", "having", "typeof", "using", "with", "update", "for", "all")
LONGEST = 100_000  # characters


@dataclass
class Literal:
    """``type``: text, number, date, datetime, name (of a date such as TODAY, ``n`` days), boolean, null."""

    type: str
    value: Any
    n: int = 0


@dataclass
class Compare:
    path: str
    operator: str
    value: "Literal | list[Literal] | Query"


@dataclass
class Not:
    part: "Node"


@dataclass
class Both:
    """``operator``: and, or."""

    operator: str
    parts: "list[Node]"


Node = Compare | Not | Both


@dataclass
class Aggregate:
    function: str
    path: str
    alias: str = ""


@dataclass
class Order:
    path: str
    descending: bool = False
    nulls_last: bool = False


@dataclass
class Query:
    select: "list[str | Aggregate | Query]" = field(default_factory=list)
    kind: str = ""
    where: Node | None = None
    order: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


@dataclass
class Word:
    type: str
    text: str
    at: int

    @property
    def lower(self) -> str:
        return self.text.lower()


def parse(text: str) -> Query:
    """Raises Problem MALFORMED_QUERY."""
    if len(text) > LONGEST:
        raise Problem("MALFORMED_QUERY", f"SOQL statements cannot be longer than {LONGEST} characters.")
    reader = Reader(text)
    found = reader.query()
    if reader.here is not None:
        raise reader.unexpected()
    return found


class Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.words = self._split(text)
        self.place = 0

    def _split(self, text: str) -> list[Word]:
        words, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                rest = text[at:].lstrip()
                raise self.wrong(f"unexpected token: '{rest[:1]}'", len(text) - len(rest))
            kind = str(match.lastgroup)
            words.append(Word(kind, match[kind], match.start(kind)))
            at = match.end()
        return words

    # -- words ------------------------------------------------------------------------------------------------------------
    @property
    def here(self) -> Word | None:
        return self.words[self.place] if self.place < len(self.words) else None

    def wrong(self, message: str, at: int) -> Problem:
        start = max(0, at - 40)
        line = f"\n{self.text[start : at + 40]}\n{' ' * (at - start)}^\nERROR at Row:1:Column:{at + 1}\n"
        return Problem("MALFORMED_QUERY", line + message)

    def unexpected(self) -> Problem:
        if self.here is None:
            return self.wrong("unexpected token: '<EOF>'", len(self.text))
        if self.here.lower in UNKNOWN:
            return self.wrong(f"the stand-in does not know {self.here.text.upper()}", self.here.at)
        return self.wrong(f"unexpected token: '{self.here.text}'", self.here.at)

    def next(self, *types: str) -> Word:
        word = self.here
        if word is None or (types and word.type not in types):
            raise self.unexpected()
        self.place += 1
        return word

    def take(self, *texts: str) -> bool:
        """These words come next, and are passed."""
        ahead = self.words[self.place : self.place + len(texts)]
        if [word.lower for word in ahead if word.type in ("name", "sign")] != list(texts):
            return False
        self.place += len(texts)
        return True

    def need(self, text: str) -> None:
        if not self.take(text):
            raise self.unexpected()

    # -- clauses ----------------------------------------------------------------------------------------------------------
    def query(self) -> Query:
        self.need("select")
        found = Query([self._item()])
        while self.take(","):
            found.select.append(self._item())
        self.need("from")
        found.kind = self.next("name").text
        if self.take("where"):
            found.where = self._either()
        if self.take("order", "by"):
            found.order.append(self._order())
            while self.take(","):
                found.order.append(self._order())
        if self.take("limit"):
            found.limit = self._whole()
        if self.take("offset"):
            found.offset = self._whole()
            if found.offset > 2000:
                raise Problem("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        return found

    def _whole(self) -> int:
        word = self.next("number")
        if not word.text.isdigit() or len(word.text) > 6:
            raise self.wrong(f"unexpected token: '{word.text}'", word.at)
        return int(word.text)

    def _item(self) -> "str | Aggregate | Query":
        if self.take("("):
            inner = self.query()
            self.need(")")
            return inner
        word = self.next("name")
        if word.lower in UNKNOWN:
            self.place -= 1
            raise self.unexpected()
        if not self.take("("):
            return word.text
        if word.lower not in AGGREGATES:
            raise self.wrong(f"the stand-in does not know {word.text}()", word.at)
        path = "" if word.lower == "count" and self.take(")") else self.next("name").text
        if path:
            self.need(")")
        here = self.here
        alias = self.next().text if here and here.type == "name" and here.lower != "from" else ""
        return Aggregate(word.lower, path, alias)

    def _order(self) -> Order:
        found = Order(self.next("name").text)
        if self.take("desc"):
            found.descending = True
        else:
            self.take("asc")
        if self.take("nulls", "last"):
            found.nulls_last = True
        else:
            self.take("nulls", "first")
        return found

    # -- conditions -------------------------------------------------------------------------------------------------------
    def _either(self) -> Node:
        """AND and OR side by side need parentheses."""
        parts = [self._one()]
        operator = "and" if self.take("and") else "or" if self.take("or") else ""
        if not operator:
            return parts[0]
        parts.append(self._one())
        while self.take(operator):
            parts.append(self._one())
        here = self.here
        if here and here.lower in ("and", "or"):
            raise self.unexpected()
        return Both(operator, parts)

    def _one(self) -> Node:
        if self.take("not"):
            return Not(self._one())
        if self.take("("):
            found = self._either()
            self.need(")")
            return found
        path = self.next("name").text
        return self._compare(path)

    def _compare(self, path: str) -> Compare:
        word = self.next("sign", "name")
        operator = word.lower
        if operator not in OPERATORS:
            self.place -= 1
            raise self.unexpected()
        if operator == "not":
            self.need("in")
            operator = "not in"
        if operator in ("in", "not in", "includes", "excludes"):
            return Compare(path, operator, self._several())
        return Compare(path, "!=" if operator == "<>" else operator, self._literal())

    def _several(self) -> "list[Literal] | Query":
        self.need("(")
        if self.here and self.here.lower == "select":
            found: list[Literal] | Query = self.query()
        else:
            found = [self._literal()]
            while self.take(","):
                found.append(self._literal())
        self.need(")")
        return found

    def _literal(self) -> Literal:
        word = self.next("text", "number", "date", "datetime", "name")
        if word.type == "text":
            body = word.text[1:-1]
            return Literal("text", re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0]), body))
        if word.type == "number":
            return Literal("number", float(word.text) if "." in word.text else int(word.text))
        if word.type != "name":
            return Literal(word.type, word.text)
        if word.lower in ("true", "false"):
            return Literal("boolean", word.lower == "true")
        if word.lower == "null":
            return Literal("null", None)
        n = self._whole() if self.take(":") else 0
        return Literal("name", word.text.upper(), n)
