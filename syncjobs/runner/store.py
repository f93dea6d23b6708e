"""Bulk SQL for link rows, and the counts that follow them.

``bulk_update`` of Django does about 1,000 rows a second on either database; the initial sync of a million records cannot wait
for that. These statements write only named columns: ``executemany`` on SQLite, one ``UPDATE … FROM (VALUES …)`` on PostgreSQL.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import F

from syncjobs.models import RecordLink, SyncCount

CHUNK = 100
_pack = json.JSONEncoder(ensure_ascii=False).encode


@cache
def _columns() -> dict[str, tuple[str, Callable[[Any], Any], str]]:
    """Attribute → (column, adapter to a database value, cast for PostgreSQL)."""
    found: dict[str, tuple[str, Callable[[Any], Any], str]] = {}
    for field in RecordLink._meta.concrete_fields:
        adapt: Callable[[Any], Any] = _same
        if isinstance(field, models.JSONField):
            adapt = _json
        elif isinstance(field, models.DateTimeField):
            adapt = _moment if connection.vendor == "sqlite" else _same
        found[field.attname] = (
            str(field.column),
            adapt,
            str(field.rel_db_type(connection) or field.db_type(connection)),
        )
    return found


def _same(value: Any) -> Any:
    return value


def _json(value: Any) -> str | None:
    return None if value is None else _pack(value)


def _moment(value: datetime | None) -> str | None:
    """As Django stores it in SQLite, without its many questions: UTC, no zone."""
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))


def update(rows: Sequence[RecordLink], names: Sequence[str]) -> None:
    """Write the named columns of rows that exist."""
    if not rows:
        return
    columns, names = _columns(), list(dict.fromkeys(names))
    table = connection.ops.quote_name(RecordLink._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            sets = ", ".join(f'"{columns[name][0]}" = %s' for name in names)
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE id = %s",
                [[*(columns[name][1](getattr(row, name)) for name in names), row.pk] for row in rows],
            )
            return
        sets = ", ".join(f'"{columns[name][0]}" = v."{columns[name][0]}"::{columns[name][2]}' for name in names)
        heads = ", ".join(f'"{columns[name][0]}"' for name in names)
        for part in _parts(rows):
            places = ", ".join("(" + ", ".join(["%s"] * (len(names) + 1)) + ")" for _ in part)
            values = [v for row in part for v in (row.pk, *(columns[name][1](getattr(row, name)) for name in names))]
            cursor.execute(
                f"UPDATE {table} AS t SET {sets} FROM (VALUES {places}) AS v (id, {heads}) WHERE t.id = v.id::bigint",
                values,
            )


def insert(rows: Sequence[RecordLink]) -> None:
    """Insert new rows. A row whose remote id is linked already is left out: somebody was faster."""
    if not rows:
        return
    columns = {name: spec for name, spec in _columns().items() if name != "id"}
    table = connection.ops.quote_name(RecordLink._meta.db_table)
    heads = ", ".join(f'"{column}"' for column, _, _ in columns.values())
    place = "(" + ", ".join(["%s"] * len(columns)) + ")"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(
                f"INSERT INTO {table} ({heads}) VALUES {place} ON CONFLICT DO NOTHING",
                [[adapt(getattr(row, name)) for name, (_, adapt, _) in columns.items()] for row in rows],
            )
            return
        for part in _parts(rows):
            places = ", ".join([place] * len(part))
            values = [adapt(getattr(row, name)) for row in part for name, (_, adapt, _) in columns.items()]
            cursor.execute(f"INSERT INTO {table} ({heads}) VALUES {places} ON CONFLICT DO NOTHING", values)


def _parts(rows: Sequence[RecordLink]) -> Iterable[Sequence[RecordLink]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def add_counts(sync_id: int, deltas: Counter[str]) -> None:
    """Change the sync's counts by these differences; call it in the transaction that changes the links."""
    for status, delta in sorted(deltas.items()):
        if not delta:
            continue
        count = SyncCount.objects.filter(sync_id=sync_id, status=status)
        if not count.update(n=F("n") + delta):
            # Two transactions may be the first to count a status: the second waits for the row instead of failing on it.
            SyncCount.objects.bulk_create([SyncCount(sync_id=sync_id, status=status)], ignore_conflicts=True)
            count.update(n=F("n") + delta)


def recount(sync_id: int) -> dict[str, int]:
    """Count the links again and correct the counts; returns what was wrong, as {status: difference}."""
    actual = dict(
        RecordLink.objects.filter(sync_id=sync_id)
        .values_list("status")
        .annotate(n=models.Count("pk"))
        .values_list("status", "n")
    )
    stored = dict(SyncCount.objects.filter(sync_id=sync_id).values_list("status", "n"))
    wrong = {key: actual.get(key, 0) - stored.get(key, 0) for key in {*actual, *stored}}
    wrong = {key: delta for key, delta in wrong.items() if delta}
    add_counts(sync_id, Counter(wrong))
    return wrong
