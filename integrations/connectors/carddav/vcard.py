"""One vCard (3.0 or 4.0) as a list of lines, of which only those are touched that a value is written to.

vobject takes a line apart. Its objects are not used: they keep only the first part of ``NICKNAME:Bob,Bobby`` and of every property
that they do not know, and what is not ours must come back exactly as it was, folds included.

Bytes that are not UTF-8 are in the text as halves of surrogate pairs (``surrogateescape``), and go back as they came.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from vobject.base import ParseError, backslashEscape, parseLine

LINE_OCTETS = 75
NOT_PREFERRED = 101  # PREF goes from 1 (most) to 100
PRINTABLE = "QUOTED-PRINTABLE"  # vCard 2.1
PHYSICAL = re.compile(r"[^\r\n]+")  # blank lines mean nothing


@dataclass
class Line:
    """``text`` is the logical line; the rest is what it says. ``value`` is raw: still escaped. Garbage has no name. ``physical``:
    the folded lines as they came, until something is written."""

    text: str
    name: str = ""
    group: str = ""
    params: list[list[str]] = field(default_factory=list)  # [["TYPE", "work", "voice"], …]
    value: str = ""
    physical: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str, physical: Iterable[str] = ()) -> "Line":
        try:
            name, params, value, group = parseLine(text)
        except ParseError:
            return cls(text, physical=list(physical))
        return cls(text, name.upper(), group or "", params, value, list(physical))

    def param(self, name: str) -> list[str]:
        """All values of one parameter, upper case."""
        found = (value for key, *values in self.params if key.upper() == name for value in values)
        return [part.strip().upper() for value in found for part in value.split(",")]

    @property
    def types(self) -> set[str]:
        """TYPE values, and the bare ones of vCard 2.1 (``TEL;CELL:``)."""
        return {*self.param("TYPE"), *(key.upper() for key, *values in self.params if not values)}

    @property
    def preference(self) -> int:
        rank = next((int(value) for value in self.param("PREF") if value.isdigit()), NOT_PREFERRED)
        return 1 if "PREF" in self.types else rank

    def write(self, value: str, *, without: Iterable[str] = ()) -> None:
        """Replace the raw value; drop the parameters ``without``, which spoke of the old one."""
        dropped = {"ENCODING", "CHARSET", PRINTABLE, *without}
        self.params = [param for param in self.params if param[0].upper() not in dropped]
        self.value, self.physical = value, []
        params = "".join(
            f";{key}" + ("=" + ",".join(map(_quoted, values)) if values else "") for key, *values in self.params
        )
        self.text = f"{self.group + '.' if self.group else ''}{self.name}{params}:{value}"


class Card:
    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    @classmethod
    def parse(cls, text: str) -> "Card":
        return cls([Line.parse(unfolded(physical), physical) for physical in _logical_lines(text)])

    @classmethod
    def new(cls, uid: str) -> "Card":
        """3.0, which every CardDAV server must take."""
        lines = (
            "BEGIN:VCARD",
            "VERSION:3.0",
            "PRODID:-//Syncline//EN",
            f"UID:{escape(uid)}",
            "FN:",
            "N:;;;;",
            "END:VCARD",
        )
        return cls([Line.parse(line) for line in lines])

    def text(self) -> str:
        return "".join(f"{part}\r\n" for line in self.lines for part in line.physical or folded(line.text))

    @property
    def version(self) -> str:
        return self.value("VERSION")

    @property
    def is_group(self) -> bool:
        """A list of cards that clients store as a card of its own: nobody's contact."""
        return "GROUP" in (self.value("KIND").upper(), self.value("X-ADDRESSBOOKSERVER-KIND").upper())

    def value(self, name: str) -> str:
        line = self.best(name)
        return unescape(line.value) if line else ""

    def all(self, name: str, accepts: Callable[[Line], bool] = lambda line: True) -> Iterator[Line]:
        return (line for line in self.lines if line.name == name and accepts(line))

    def best(self, name: str, accepts: Callable[[Line], bool] = lambda line: True) -> Line | None:
        """The preferred line of a property, else its first."""
        return min(self.all(name, accepts), key=lambda line: line.preference, default=None)

    def add(self, name: str, params: list[list[str]]) -> Line:
        line = Line("", name, params=[list(param) for param in params])
        ends = [at for at, other in enumerate(self.lines) if other.name == "END"]
        self.lines.insert(ends[0] if ends else len(self.lines), line)
        return line

    def remove(self, line: Line) -> None:
        """Also the label that Apple's address book hangs on it (``item1.X-ABLabel``)."""
        self.lines = [other for other in self.lines if other is not line]
        if line.group and all(other.name.startswith("X-AB") for other in self.lines if other.group == line.group):
            self.lines = [other for other in self.lines if other.group != line.group]


def _logical_lines(text: str) -> Iterator[list[str]]:
    """The physical lines of each logical one."""
    found: list[str] = []
    for line in PHYSICAL.findall(text):
        if found and (line[0] in " \t" or _goes_on(found)):
            found.append(line)
            continue
        if found:
            yield found
        found = [line]
    if found:
        yield found


def _goes_on(physical: list[str]) -> bool:
    """Quoted-printable breaks lines in its own way: with an equals sign at the end, and no space at the start of the next."""
    return physical[-1].endswith("=") and PRINTABLE in physical[0].partition(":")[0].upper()


def unfolded(physical: list[str]) -> str:
    text = physical[0]
    for before, line in pairwise(physical):
        soft = PRINTABLE in text.partition(":")[0].upper() and before.endswith("=")
        text += f"\n{line}" if soft else line[1:]
    return text


def folded(text: str) -> Iterator[str]:
    """Lines of at most 75 octets, broken between characters."""
    part, octets = "", 0
    for char in text:
        size = len(char.encode("utf-8", "surrogateescape"))
        if octets + size > LINE_OCTETS:
            yield part
            part, octets = " ", 1
        part, octets = part + char, octets + size
    yield part


def escape(value: str) -> str:
    return str(backslashEscape(value))


def unescape(raw: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], raw, flags=re.DOTALL)


def split(raw: str, separator: str) -> list[str]:
    """The raw parts between separators that are not escaped."""
    parts, start, escaped = [], 0, False
    for at, char in enumerate(raw):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == separator:
            parts.append(raw[start:at])
            start = at + 1
    return [*parts, raw[start:]]


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search("[,;:]", value) else value
