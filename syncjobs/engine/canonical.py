"""When two values count as equal.

Apps rewrite what they are given: letter case of addresses, phone formats, number scales, option order, time zones. Comparing
raw values would make every rewrite look like a person's edit, and two apps would send it back and forth for ever.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

from orjson import dumps

from integrations.records import FieldType, Value, Values
from integrations.richtext import plain

_NOT_DIGIT = re.compile(r"\D+")
_MOST_DIGITS = 300  # what a double can hold
_HOST = re.compile(r"^(https?://)?(www\.)?([^/:?#]+).*$", re.IGNORECASE)
_SCHEME = re.compile(r"^https?://(www\.)?", re.IGNORECASE)


def is_blank(value: Any) -> bool:
    """None, empty text and the empty set mean the same to every app."""
    if value is None:
        return True
    return not value or value.isspace() if isinstance(value, str) else value == []


def members(value: Any) -> set[str]:
    """The items of a list of options, or the ids in a reference."""
    return set(value) if isinstance(value, list) else set()


def _text(value: str) -> str:
    text = value.replace("\r\n", "\n") if "\r" in value else value
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def _email(value: str) -> str:
    if value.isascii():
        return value.strip().lower()
    return unicodedata.normalize("NFKC", value).strip().casefold()


def _phone(value: str) -> str:
    # NFKC turns full-width digits into plain ones; the separators that people type mean nothing.
    text = value if value.isascii() else unicodedata.normalize("NFKC", value)
    return _NOT_DIGIT.sub("", text) or _text(value)


def _url(value: str) -> str:
    host, slash, path = _SCHEME.sub("", _text(value)).partition("/")
    return (host.casefold() + slash + path).rstrip("/")


def host_of(address: str) -> str:
    """The domain of a web address, as companies are matched by it."""
    return _HOST.sub(r"\3", unicodedata.normalize("NFKC", address).strip().casefold())


def _number(value: Any) -> str:
    number = parse_number(str(value))
    return _text(str(value)) if number is None else format(number.normalize(), "f")


def parse_number(value: str) -> Decimal | None:
    """A finite number of sensible size, or None: "NaN" cannot be compared, and "1e999999" written out fills the memory."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    is_sensible = number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS and len(value) <= _MOST_DIGITS
    return number if is_sensible else None


def parse_datetime(value: str) -> datetime | None:
    """An ISO date or date-time as aware UTC (midnight UTC for a date), or None."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # Overflow: the first or last day there is, in another zone
        return None


def _datetime(value: str) -> str:
    moment = parse_datetime(value)
    return moment.isoformat(timespec="milliseconds") if moment else _text(value)


_FORMS = {
    FieldType.EMAIL: _email,
    FieldType.USER: _email,
    FieldType.PHONE: _phone,
    FieldType.URL: _url,
    FieldType.NUMBER: _number,
    FieldType.DATETIME: _datetime,
    FieldType.DATE: lambda value: value[:10],
    FieldType.RICH_TEXT: lambda value: _text(plain(value)) or None,  # apps rewrite markup as they like
}


def form(value: Value, kind: FieldType) -> Any:
    """The value's comparison form: equal forms are equal values. Blank is None. Called for every value that is read."""
    if value is None:
        return None
    if isinstance(value, str):
        if not value or value.isspace():
            return None
        shape = _FORMS.get(kind)
        if shape is None:
            return value.strip() if value.isascii() and "\r" not in value else _text(value)
        return shape(value)
    if is_blank(value):
        return None
    if isinstance(value, list):
        return sorted(_text(item) for item in value)
    if isinstance(value, bool):
        return value
    return _FORMS.get(kind, _text)(str(value))


def equal(one: Value, other: Value, kind: FieldType) -> bool:
    return one == other or form(one, kind) == form(other, kind)


def hasher(types: dict[str, FieldType]) -> Callable[[Values], str]:
    """A function that gives 32 hex digits over the comparison forms of all tracked fields of a record; equal hashes mean that
    nothing changed. Made once a slice: it is called for every record that is read.

    Unknown counts as blank: that an app shows a blank only now is no news.
    """
    fields = [(name, types[name], types[name] not in _FORMS) for name in sorted(types)]

    def digest(values: Values) -> str:
        shape = []
        for name, kind, is_text in fields:
            value = values.get(name)
            if value is not None:
                if is_text and value.__class__ is str and value.isascii() and "\r" not in value:
                    value = value.strip() or None  # as ``form`` does, for most of all values
                else:
                    value = form(value, kind)
            shape.append((name, value))
        return blake2b(dumps(shape), digest_size=16).hexdigest()

    return digest
