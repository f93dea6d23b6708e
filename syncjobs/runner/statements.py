"""Small statements of the hot path, as text.

A batch of a hundred records runs about twenty statements, and Django builds each of them anew, which costs more than running
it. What is asked once a slice or seldom goes through the ORM, as everywhere else.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import orjson
from django.db import connection, models

_IN = "IN (SELECT value FROM json_each(%s))"  # SQLite: a list as one parameter


@cache
def on_sqlite() -> bool:
    return connection.vendor == "sqlite"


def run(statement: str, *parameters: Any) -> int:
    """How many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def select(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def among(numbers: Iterable[int]) -> tuple[str, Any]:
    """(what follows a column's name in a condition, its parameter): the column is one of these numbers."""
    wanted = ",".join(map(str, numbers))
    return (_IN, f"[{wanted}]") if on_sqlite() else ("= ANY(%s::bigint[])", f"{{{wanted}}}")


def links(columns: str, sync_id: int, column: str, wanted: Iterable[str], more: str = "") -> list[tuple[Any, ...]]:
    """These columns of a sync's links whose ``column`` is one of the texts. ``more``: further conditions, from " AND" on.

    PostgreSQL has no statistics of a sync that began a moment ago, takes it to have a handful of links, and would read all of
    them to compare: for every page, so that an initial sync took a time that grows with the square of its records. So each text is
    looked up by itself, and the sync is named by bounds that only an index which begins with the column can use.
    """
    texts = list(dict.fromkeys(wanted))
    if not texts:
        return []
    if on_sqlite():
        return select(
            f"SELECT {columns} FROM syncjobs_recordlink WHERE sync_id = %s AND {column} {_IN}{more}",
            sync_id, json.dumps(texts),
        )  # fmt: skip
    bounds = f"({column}, sync_id) >= (wanted.value, %s) AND ({column}, sync_id) <= (wanted.value, %s)"
    return select(
        "SELECT found.* FROM json_array_elements_text(%s::json) AS wanted(value) CROSS JOIN LATERAL"
        f" (SELECT {columns} FROM syncjobs_recordlink WHERE {column} = wanted.value AND {bounds}{more} OFFSET 0) AS found",
        json.dumps(texts), sync_id, sync_id,
    )  # fmt: skip


@lru_cache(4096)  # a batch has few different ones
def utc_text(value: datetime | None) -> str | None:
    """As Django stores it in SQLite, without its many questions: UTC, no zone."""
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))


@lru_cache(4096)
def from_utc_text(value: str) -> datetime:
    """Of a moment that was selected as text. Connections to PostgreSQL are in UTC, too (Django sees to that)."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def moment(value: datetime | None) -> Any:
    """A moment as a parameter."""
    return utc_text(value) if on_sqlite() else value


def document(value: Any) -> str | None:
    """A JSON value as a parameter."""
    return None if value is None else orjson.dumps(value).decode()


def save(row: models.Model, names: Sequence[str]) -> None:
    """Write these columns of a row that exists: JSON and plain ones, as they are."""
    fields = [row._meta.get_field(name) for name in names]
    values = [getattr(row, name) for name in names]
    parameters = [
        document(value) if isinstance(field, models.JSONField) else moment(value) if isinstance(value, datetime) else value
        for field, value in zip(fields, values, strict=True)
    ]  # fmt: skip
    sets = ", ".join(f'"{name}" = %s' for name in names)
    run(f'UPDATE "{row._meta.db_table}" SET {sets} WHERE id = %s', *parameters, row.pk)
