"""Values on the wire are strings. ``stored`` turns what a client sent into what HubSpot keeps, or refuses it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.standins.hubspot.errors import BadValue
from integrations.standins.hubspot.properties import Property

LONGEST = 65_536
_EMAIL = re.compile(r"[^@\s,;<>()\"]+@[^@\s,;<>()\"]+\.[^@\s.,;<>()\"]+")
_NUMBER = re.compile(r"-?\d+(\.\d*)?|-?\.\d+|-?\d+(\.\d+)?[eE][+-]?\d+")
_DAY_MS = 86_400_000


def iso(ms: int) -> str:
    """2026-05-01T08:30:00.123Z"""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def milliseconds(text: str) -> int | None:
    """From digits or ISO 8601; None if it is neither."""
    text = text.strip()
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1000)


def stored(definition: Property, given: Any, current: str = "") -> str:
    """The value to keep, "" for blank. ``current`` matters for ``;b``, which appends to checkboxes.
    Raises BadValue with HubSpot's code."""
    if given is None:
        return ""
    if isinstance(given, bool):
        given = "true" if given else "false"
    if isinstance(given, dict | list):
        raise _bad(definition, "INVALID_STRING", f"{given!r} was not a valid string.")
    text = str(given)
    if text == "":
        return ""
    return _CHECKS.get(definition.type, _string)(definition, text, current)


def _bad(definition: Property, code: str, message: str) -> BadValue:
    return BadValue(code, message, definition.name)


def _string(definition: Property, text: str, current: str) -> str:
    if len(text) > LONGEST:
        raise _bad(definition, "PROPERTY_VALUE_TOO_LONG", f"{definition.name} is longer than {LONGEST} characters.")
    if definition.name == "email":
        text = text.strip().lower()
        if not _EMAIL.fullmatch(text):
            raise _bad(definition, "INVALID_EMAIL", f"Email address {text} is invalid")
    return text


def _number(definition: Property, text: str, current: str) -> str:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise _bad(definition, "INVALID_LONG", f"{text} was not a valid number.")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise _bad(definition, "INVALID_LONG", f"{text} was not a valid number.") from error
    return format(number, "f") if "e" in text.lower() else text


def _date(definition: Property, text: str, current: str) -> str:
    if text.strip().lstrip("-").isdigit() and len(text.strip()) > 4:
        ms = int(text)
        if ms % _DAY_MS:
            raise _bad(definition, "INVALID_DATE", f"{text} is at {iso(ms)} UTC, not midnight UTC. Send midnight UTC.")
        return iso(ms)[:10]
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        pass
    ms = milliseconds(text) or 1
    if ms % _DAY_MS:
        raise _bad(definition, "INVALID_DATE", f"{text} was not a valid date (or not midnight UTC).")
    return iso(ms)[:10]


def _datetime(definition: Property, text: str, current: str) -> str:
    ms = milliseconds(text)
    if ms is None:
        raise _bad(definition, "INVALID_LONG", f"{text} was not a valid long.")
    return iso(ms)


def _enumeration(definition: Property, text: str, current: str) -> str:
    if definition.owner:
        return text
    allowed = definition.option_values()
    if definition.field_type != "checkbox":
        if text not in allowed:
            raise _no_option(definition, text, allowed)
        return text
    chosen = [part for part in text.split(";") if part]
    for part in chosen:
        if part not in allowed:
            raise _no_option(definition, part, allowed)
    if text.startswith(";"):
        chosen = current.split(";") + chosen if current else chosen
    return ";".join(dict.fromkeys(chosen))


def _no_option(definition: Property, text: str, allowed: set[str]) -> BadValue:
    return _bad(definition, "INVALID_OPTION", f"{text} was not one of the allowed options: {sorted(allowed)}")


def _bool(definition: Property, text: str, current: str) -> str:
    if text.lower() not in ("true", "false"):
        raise _bad(definition, "INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
    return text.lower()


_CHECKS = {
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "enumeration": _enumeration,
    "bool": _bool,
}
