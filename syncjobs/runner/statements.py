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

_ARRAYS = {str: "text", int: "bigint"}


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


def among(ids: Iterable[Any]) -> tuple[str, Any]:
    """(what follows a column's name in a condition, its parameter): the column is one of these texts or numbers."""
    wanted = list(ids)
    if on_sqlite():
        return "IN (SELECT value FROM json_each(%s))", json.dumps(wanted)
    kind = _ARRAYS[type(wanted[0])] if wanted else "text"
    return f"= ANY(%s::{kind}[])", wanted


def links(columns: str, sync_id: int, column: str, wanted: Iterable[str], more: str = "") -> list[tuple[Any, ...]]:
    """These columns of a sync's links whose ``column`` is one of the texts. ``more``: further conditions, from " AND" on.

    On PostgreSQL each text is looked up by itself. Asked for all at once, the planner, which has no statistics of a sync that
    began a moment ago and takes it to have a handful of links, reads all of them and compares: for every page, so that an
    initial sync would take a time that grows with the square of its records.
    """
    texts = list(dict.fromkeys(wanted))
    if not texts:
        return []
    if on_sqlite():
        condition, ids = among(texts)
        return select(
            f"SELECT {columns} FROM syncjobs_recordlink WHERE sync_id = %s AND {column} {condition}{more}", sync_id, ids
        )
    return select(
        f"SELECT found.* FROM unnest(%s::text[]) AS wanted(value) CROSS JOIN LATERAL (SELECT {columns}"
        f" FROM syncjobs_recordlink WHERE sync_id = %s AND {column} = wanted.value{more} OFFSET 0) AS found",
        texts, sync_id,
    )  # fmt: skip


@lru_cache(4096)  # a batch has few different ones
def _utc_text(value: datetime) -> str:
    """As Django stores it in SQLite, without its many questions: UTC, no zone."""
    return str(value.astimezone(UTC).replace(tzinfo=None))


def moment(value: datetime | None) -> Any:
    """A moment as a parameter."""
    return _utc_text(value) if value is not None and on_sqlite() else value


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
