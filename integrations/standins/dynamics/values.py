"""What a column takes, and how it refuses anything else."""

import re
from datetime import UTC, date, datetime
from typing import Any

from integrations.standins.dynamics.errors import Problem, bad_payload
from integrations.standins.dynamics.tables import Column, TableType

NUMBERS = {"Integer", "BigInt", "Decimal", "Double", "Money"}
CHOICES = {"Picklist", "State", "Status"}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def stored(table: TableType, column: Column, value: Any) -> Any:
    """``value`` as it is kept; None for blank. Raises Problem 400."""
    if value is None or value == "":
        return None
    if column.type in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unconvertible(table, value, "Edm.Int32" if column.type == "Integer" else "Edm.Decimal")
        if column.type == "Integer" and not -(2**31) <= value < 2**31:
            raise _out_of_range(table, column, "0x8004432F")
        return round(value, 4) if isinstance(value, float) else value
    if column.type in CHOICES:
        return _choice(table, column, value)
    if column.type == "MultiSelectPicklist":
        return _choices(table, column, value)
    if column.type == "Boolean":
        if not isinstance(value, bool):
            raise _unconvertible(table, value, "Edm.Boolean")
        return value
    if not isinstance(value, str):
        raise _unconvertible(table, value, "Edm.String")
    if column.type in ("DateTime", "DateOnly", "LocalDate"):
        return _moment(table, column, value)
    if column.type == "Uniqueidentifier":
        if not GUID.fullmatch(value):
            raise _unconvertible(table, value, "Edm.Guid")
        return value.lower()
    if column.max and len(value) > column.max:
        raise Problem(
            400, "0x80044331",
            f"A validation error occurred.  The length of the '{column.name}' attribute of the '{table.logical}' entity "
            f"exceeded the maximum allowed length of '{column.max}'.",
        )  # fmt: skip
    return value


def _choice(table: TableType, column: Column, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unconvertible(table, value, "Edm.Int32")
    if value not in {option[0] for option in column.options}:
        raise _out_of_range(table, column, "0x8004431A")
    return value


def _choices(table: TableType, column: Column, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d+(,\d+)*", value):
        raise _unconvertible(table, value, "Edm.String")
    for each in value.split(","):
        _choice(table, column, int(each))
    return value


def _moment(table: TableType, column: Column, value: str) -> str:
    """Seconds are as fine as it gets; a column of the behaviour *date only* takes no time, any other no day alone."""
    try:
        if column.type == "DateOnly":
            return date.fromisoformat(value).isoformat()
        at = datetime.fromisoformat(value if "T" in value else "")
    except ValueError:
        raise _unconvertible(table, value, "Edm.Date" if column.type == "DateOnly" else "Edm.DateTimeOffset") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unconvertible(table: TableType, value: Any, wanted: str) -> Problem:
    return bad_payload(table.entity_set, f"Cannot convert the literal '{value}' to the expected type '{wanted}'.")


def _out_of_range(table: TableType, column: Column, code: str) -> Problem:
    return Problem(
        400, code,
        f"A validation error occurred. The value of '{column.name}' on record of type '{table.logical}' "
        "is outside the valid range.",
    )  # fmt: skip
