"""Plain types that connectors give and take. No Django, no HTTP: the sync engine uses these too.

Values are **canonical**, whatever the app's wire format is, and always fit in JSON:

=============================== ==========================================================
field type                      canonical value (``None`` is blank for all of them)
=============================== ==========================================================
text, long_text, email, phone,  ``str``, as the app gave it (comparison folds case and space
url, option                     where the type says so; see ``syncjobs.engine.canonical``)
rich_text                       ``str``: HTML as the app gave it, ``None`` where it shows nothing (``richtext.kept``);
                                compared by the text that it shows
user                            the user's e-mail address in lower case: ids of users never leave a
                                connector, so owners are paired by address (an id without an
                                address stays the id); a write of an address that no active user
                                has is refused with ``OWNER_UNMAPPED``
reference                       sorted ``list[str]`` of record ids, also where the app holds one at
                                most: the associations of a record (``Field.refers_to``)
number                          ``str``: decimal digits, e.g. ``"1250.5"`` (never float)
bool                            ``bool``
date                            ``"YYYY-MM-DD"``
datetime                        ``"YYYY-MM-DDTHH:MM:SS.mmmZ"``, UTC
multi                           sorted ``list[str]``
=============================== ==========================================================

A key that is **absent** from ``values`` is *unknown*, never blank: some apps do not show every field on every read.
``number_text`` and ``moment_text`` make the two forms that are easily got wrong.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Literal

Value = str | bool | list[str] | None
Values = dict[str, Value]


class Side(StrEnum):
    """The two ends of a sync."""

    HUB = "hub"
    APP = "app"
    __hash__ = str.__hash__  # enum's own is a Python call, and tables are looked up by side and type for every value

    @property
    def other(self) -> "Side":
        return Side.APP if self is Side.HUB else Side.HUB


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    RICH_TEXT = "rich_text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOL = "bool"
    OPTION = "option"
    MULTI = "multi"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    USER = "user"
    REFERENCE = "reference"
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    writable: bool = True  # False: only the app itself or its people choose it; it can be read, and never written


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one object type, as the app's own metadata describes it."""

    name: str  # the app's internal name; what mappings store
    label: str
    type: FieldType
    required: bool = False  # the app refuses a create without it
    writable: bool = True
    readable: bool = True  # False: can be written but never read back
    clearable: bool = True  # False: the app cannot store a blank over a value
    unique: bool = False
    custom: bool = False
    options: tuple[Option, ...] = ()
    max_length: int | None = None
    refers_to: str = ""  # a reference: the kind of the same app whose records it names
    many: bool = False  # a reference: it can name several records


@dataclass(slots=True)
class RemoteRecord:
    """One record as one app shows it."""

    id: str
    values: Values
    modified_at: datetime | None = None
    created_at: datetime | None = None
    version: str = ""  # opaque; given back for conditional writes
    aliases: tuple[str, ...] = ()  # other ids under which the app knows this record (merged ids, a second id form)
    partial: bool = False  # a listing row that lacks fields: read the record by id before planning with it
    archived: bool = False
    unfit: bool = False  # set here: its id or version is longer than can be kept, so the record cannot sync
    also: tuple[str, ...] = ()  # by which it can be met, too: a person's other e-mail addresses

    def __post_init__(self) -> None:
        if not can_be_kept(self.id):
            self.id, self.unfit = stand_in(self.id), True
        if len(self.version) > LONGEST_VERSION:
            self.version, self.unfit = "", True
        if self.aliases:
            self.aliases = tuple(alias for alias in self.aliases if can_be_kept(alias))
        for name, value in self.values.items():
            if value is None or (value.__class__ is str and value.isascii() and "\0" not in value):
                continue  # most of all values, and there are many
            if (kept := storable(value)) is not value:
                self.values = {**self.values, name: kept}


LONGEST_ID, LONGEST_VERSION = 200, 120  # characters; what the columns of a link hold


def can_be_kept(id: str) -> bool:
    """Whether a link can hold this id."""
    return len(id) <= LONGEST_ID and "\0" not in id


def stand_in(id: str) -> str:
    """What names a record on pages whose id cannot be kept. The app is never asked for it: it would say that there is none."""
    digest = hashlib.blake2b(id.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"{storable(id[:160])}{_CUT}{digest}"


def is_stand_in(id: str) -> bool:
    return id[-33:-32] == _CUT


_CUT = "…"


def storable(value: Value) -> Value:
    """The value without what a database or UTF-8 refuses: NUL characters (PostgreSQL takes none, in JSON neither) and halves of
    surrogate pairs (JSON of apps that cut text in the middle of an emoji). One such value would stop a whole sync."""
    if value.__class__ is str and value.isascii() and "\0" not in value:
        return value
    if isinstance(value, list):
        return [str(storable(item)) for item in value]
    if not isinstance(value, str):
        return value
    return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _finite(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def number_text(value: Any) -> str | None:
    """The canonical form of a number, without exponent or trailing zeros: 1250.50 → "1250.5"; None for what is no number."""
    number = _finite(value)
    return None if number is None else format(number.normalize() if number else Decimal(0), "f")


def json_number(text: Any) -> int | float | None:
    """A canonical number as JSON has it: "1250" → 1250, "1250.5" → 1250.5; None for what is no number."""
    number = _finite(text)
    return None if number is None else int(number) if number == number.to_integral_value() else float(number)


def moment_text(at: datetime) -> str:
    """The canonical form of an aware date and time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


@dataclass(frozen=True, slots=True)
class Ref:
    """A record to read: its id and what is already known of it (apps that find by e-mail need that)."""

    id: str
    known: Values = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """One page of a scan or of a change feed.

    ``position``: where the next page starts (opaque JSON), None on the last page.
    ``cursor``: for a change feed, where the next *poll* starts; set on the last page.
    ``gone``: ids with positive evidence of deletion (tombstones, archived records).
    ``left``: ids of records that became another kind of record (a lead that was converted); they were not deleted.
    """

    records: list[RemoteRecord]
    gone: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    position: dict[str, Any] | None = None
    cursor: dict[str, Any] | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many live records an app has. ``sure``: whether ``n`` is right, near it, or what is known of more."""

    n: int
    sure: Literal["exactly", "about", "at_least"] = "exactly"


@dataclass(slots=True)
class ReadAnswer:
    """Answer to a read by id. ``gone`` are ids that the app says do not exist (or are archived) now, ``left`` those of records that
    became another kind of record. Of an id that is in none of the three the app does not tell: the record may be hidden from us."""

    records: dict[str, RemoteRecord]  # keyed by the id that was *asked for*
    gone: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Create:
    values: Values
    key: str  # uuid of the write intent: the same create sent twice carries the same key


@dataclass(slots=True)
class Update:
    id: str
    values: Values  # only the fields that change; None clears
    # Last seen values: apps that address records by e-mail need them, and those whose associations are calls of their own, which
    # add and remove what differs between ``known`` and ``values``.
    known: Values = field(default_factory=dict)
    version: str = ""  # refuse with StaleVersion if the record has another one by now ("" = unconditional)


@dataclass(slots=True)
class Verdict:
    """What became of one item of a batch write. Exactly one of ``record`` and ``error`` is set, except that a successful
    delete has neither."""

    record: RemoteRecord | None = None
    error: Exception | None = None  # an integrations.errors.ConnectorError
    existed: bool = False  # a create that found the record already there (upsert, adopted)
    note: str = ""  # a code worth showing on the record although the write succeeded


@dataclass(frozen=True, slots=True)
class Hint:
    """A webhook said that this record changed. Never trusted for values: the record is read."""

    kind: str
    id: str
    remote_account_id: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A list, tag or segment of the app that can bound a sync."""

    id: str
    name: str
    count: int | None = None
    warning: str = ""
    refused: str = ""  # why it is shown and cannot be chosen


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """Which account of the app a credential opens."""

    id: str
    name: str
    time_zone: str = "UTC"
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the pre-flight list."""

    name: str
    state: str  # "passed", "warning", "failed"
    detail: str = ""
    fix: str = ""
