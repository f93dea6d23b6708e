"""Tryton's values in JSON ↔ canonical ones, and its search domains.

What JSON does not know comes as an object that names its class (``trytond/protocols/jsonrpc.py``)::

    {"__class__": "Decimal", "decimal": "9.50"}
    {"__class__": "date", "year": 2026, "month": 12, "day": 24}
    {"__class__": "datetime", …, "hour": 8, "minute": 0, "second": 0, "microsecond": 0}     in UTC

SQLite gives truth values as 1 and 0.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.records import FieldType, Value, moment_text, number_text

Row = dict[str, Any]
"""A record as Tryton shows it: its fields by name; what was asked for through a link is a Row, or a list of Rows, below that."""

Domain = list[Any]

# Where a list of conditions does not name ``active``, Tryton adds that it must be true, in each list within a list for itself. So
# each AND needs the first of these and each OR the second for inactive rows to be found.
ALSO_INACTIVE: Domain = ["active", "in", [True, False]]
NEVER: Domain = ["active", "in", []]


def text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def number(value: Any) -> str | None:
    """Digits without exponent or trailing zeros."""
    if isinstance(value, dict):
        value = value.get("decimal")
    return number_text(value)


def moment(value: Any) -> datetime | None:
    if not isinstance(value, dict) or "hour" not in value:
        return None
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return datetime(**{name: int(value[name]) for name in names}, tzinfo=UTC)


def canonical(value: Any, kind: FieldType) -> Value:
    if value is None or value == "":
        return None
    if kind is FieldType.BOOL:
        return bool(value)
    if kind is FieldType.NUMBER:
        return number(value)
    if kind is FieldType.DATE:
        return f"{value['year']:04}-{value['month']:02}-{value['day']:02}" if isinstance(value, dict) else None
    if kind is FieldType.DATETIME:
        at = moment(value)
        return moment_text(at) if at else None
    return text(value)


def wired(value: Value, kind: FieldType, *, as_float: bool = False, as_integer: bool = False) -> Any:
    """What Tryton takes for a canonical value; Refused where it does not read as one of its type."""
    if value is None or value == "":
        return None
    try:
        if kind is FieldType.NUMBER:
            found = Decimal(str(value))
            if as_integer and found == found.to_integral_value():
                return int(found)
            if as_integer:  # cut, it would come back as another number
                raise ValueError
            return float(found) if as_float else {"__class__": "Decimal", "decimal": format(found, "f")}
        if kind is FieldType.DATE:
            return _tagged_date(date.fromisoformat(str(value)[:10]))
        if kind is FieldType.DATETIME:
            return tagged(datetime.fromisoformat(str(value)))
    except (ValueError, ArithmeticError):
        code = "NUMBER_INVALID" if kind is FieldType.NUMBER else "DATE_INVALID"
        raise errors.Refused(_("“%(value)s” cannot be read.") % {"value": value}, code=code) from None
    return value


def tagged(at: datetime) -> dict[str, Any]:
    at = at.astimezone(UTC)
    clock = {"hour": at.hour, "minute": at.minute, "second": at.second, "microsecond": at.microsecond}
    return {**_tagged_date(at.date()), "__class__": "datetime", **clock}


def _tagged_date(day: date) -> dict[str, Any]:
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def since(at: datetime) -> list[Domain]:
    """Rows made or changed at or after ``at``: one of two conditions. A fresh row of some models has no write date, only one of its
    creation."""
    when = tagged(at)
    return [[["write_date", ">=", when]], [["write_date", "=", None], ["create_date", ">=", when]]]


def one_of(field: str, values: list[str]) -> Domain:
    """Rows whose text is one of ``values``, whatever its case. Percent signs, underscores and backslashes stand for themselves."""
    escape = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
    return ["OR", *([field, "ilike", value.translate(escape)] for value in values)]


def undotted(row: Any) -> Any:
    """``search_read`` puts what it read through a link below ``"link."``, the record calls below ``"link"``: always the latter."""
    if isinstance(row, list):
        return [undotted(each) for each in row]
    if not isinstance(row, dict) or "__class__" in row:
        return row
    return {name.rstrip("."): undotted(value) for name, value in row.items()}


def touched_at(row: Row) -> datetime | None:
    """When a row, or one that was read with it, was last made or changed."""
    times = [moment(row.get("write_date")) or moment(row.get("create_date"))]
    for value in row.values():
        if isinstance(value, list):
            times += [touched_at(each) for each in value if isinstance(each, dict)]
    return max((at for at in times if at), default=None)
