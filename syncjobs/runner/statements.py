"""Small statements of the hot path, as text.

A batch of a hundred records runs about twenty statements, and Django builds each of them anew, which costs more than running
it. What is asked once a slice or seldom goes through the ORM, as everywhere else.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import orjson
from django.db import connection, models

_IN = "IN (SELECT value FROM json_each(%s))"  # SQLite: a list as one parameter


@cache
def on_sqlite() -> bool:
    return connection.vendor == "sqlite"


_held: ContextVar[list[tuple[str, Sequence[Any]]] | None] = ContextVar("held", default=None)


@contextmanager
def together() -> Iterator[None]:
    """On PostgreSQL, what ``tell`` is given inside the ``with`` goes out at its end in one piece: the way there and back costs more
    than most statements. What ``run`` and ``select`` ask comes after it; before asking through the ORM, ``flush``."""
    if on_sqlite() or _held.get() is not None:
        yield
        return
    token = _held.set([])
    try:
        yield
        flush()
    finally:
        _held.reset(token)


def flush() -> None:
    """Let go what ``together`` holds."""
    if held := _held.get():
        text, parameters = "; ".join(one for one, _ in held), [each for _, some in held for each in some]
        held.clear()
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)


def tell(statement: str, *parameters: Any) -> None:
    """Run a statement of which nobody wants to know more than that it did not fail."""
    held = _held.get()
    if held is None:
        run(statement, *parameters)
    else:
        held.append((statement, parameters))


def run(statement: str, *parameters: Any) -> int:
    """How many rows it touched."""
    flush()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def select(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    flush()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def among(numbers: Iterable[int]) -> tuple[str, Any]:
    """(what follows a column's name in a condition, its parameter): the column is one of these numbers."""
    wanted = ",".join(map(str, numbers))
    return (_IN, f"[{wanted}]") if on_sqlite() else ("= ANY(%s::bigint[])", f"{{{wanted}}}")


def links(
    columns: str,
    sync_id: int,
    column: str,
    wanted: Iterable[str],
    more: str = "",
    *,
    or_by: tuple[str, str] | None = None,
) -> list[tuple[Any, ...]]:
    """These columns of a sync's links whose ``column`` is one of the texts. ``more``: further conditions, from " AND" on.
    ``or_by``: another column and its conditions; links that fit both come twice. Not one OR: so each has its index.

    PostgreSQL has no statistics of a sync that began a moment ago, takes it to have a handful of links, and would read all of
    them to compare: for every page, so that an initial sync took a time that grows with the square of its records. So each text is
    looked up by itself, and the sync is named by bounds that only an index which begins with the column can use.
    """
    texts = list(dict.fromkeys(wanted))
    if not texts:
        return []
    ways = [(column, more), *([or_by] if or_by else [])]
    shape = f"SELECT {columns} FROM syncjobs_recordlink WHERE "
    if on_sqlite():
        parts = [f"{shape}sync_id = %s AND {name} {_IN}{also}" for name, also in ways]
        return select(" UNION ALL ".join(parts), *[sync_id, json.dumps(texts)] * len(ways))
    bounds = "{0} = wanted.value AND ({0}, sync_id) >= (wanted.value, %s) AND ({0}, sync_id) <= (wanted.value, %s)"
    parts = [f"({shape}{bounds.format(name)}{also} OFFSET 0)" for name, also in ways]
    return select(
        "SELECT found.* FROM json_array_elements_text(%s::json) AS wanted(value)"
        f" CROSS JOIN LATERAL ({' UNION ALL '.join(parts)}) AS found",
        json.dumps(texts), *[sync_id, sync_id] * len(ways),
    )  # fmt: skip


@lru_cache(4096)  # a batch has few different ones
def utc_text(value: datetime) -> str:
    """As Django stores it in SQLite, without its many questions: UTC, no zone."""
    return str(value if value.tzinfo is UTC else value.astimezone(UTC))[:-6]


def moment_column(name: str) -> str:
    """What to select of a column of moments, to be read by ``datetime.fromisoformat``: as they are, the modules of both databases
    call Python for each. Connections to PostgreSQL are in UTC (Django sees to that)."""
    return f"\"{name}\" || '+00:00'" if on_sqlite() else f'CAST("{name}" AS text)'


def moment(value: datetime | None) -> Any:
    """A moment as a parameter."""
    return utc_text(value) if value is not None and on_sqlite() else value


def document(value: Any) -> str:
    """A JSON value as a parameter."""
    return orjson.dumps(value).decode()


def save(row: models.Model, names: Sequence[str]) -> None:
    """Write these columns of a row that exists: JSON and plain ones, as they are."""
    fields = [row._meta.get_field(name) for name in names]
    values = [getattr(row, name) for name in names]
    parameters = [
        document(value) if isinstance(field, models.JSONField) and value is not None
        else moment(value) if isinstance(value, datetime) else value
        for field, value in zip(fields, values, strict=True)
    ]  # fmt: skip
    sets = ", ".join(f'"{name}" = %s' for name in names)
    tell(f'UPDATE "{row._meta.db_table}" SET {sets} WHERE id = %s', *parameters, row.pk)
