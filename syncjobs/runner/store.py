"""Bulk SQL for link rows, and the counts that follow them.

An ORM that builds a model instance per row, and asks for every value how the database wants it, does a few thousand rows a second;
the initial sync of a million records cannot wait for that. ``rows`` reads links several times faster than their queryset,
``insert`` and ``update`` write them in one statement: ``executemany`` on SQLite, one JSON document that PostgreSQL takes apart
itself. ``update`` leaves out columns in which no row differs from what was loaded.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from operator import is_not, itemgetter
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models import QuerySet
from django.db.models.base import ModelState
from django.db.models.fields.reverse_related import ForeignObjectRel

from integrations.records import Side
from syncjobs.models import RecordLink, RunEvent, SyncCount, WriteIntent
from syncjobs.runner import statements

Columns = dict[str, tuple[str, Callable[[Any], Any] | None, str]]
"""Attribute → (column, adapter of a value that is not None to the database (None: as it is), type in PostgreSQL)."""


@cache
def _columns(model: type[models.Model]) -> Columns:
    found: Columns = {}
    for field in model._meta.concrete_fields:
        adapt: Callable[[Any], Any] | None = None
        if connection.vendor == "sqlite":
            if isinstance(field, models.JSONField):
                adapt = statements.document
            elif isinstance(field, models.DateTimeField):
                adapt = statements.utc_text
            elif isinstance(field, models.UUIDField):
                adapt = _hex
        kind = str(field.rel_db_type(connection) or field.db_type(connection))
        found[field.attname] = (str(field.column), adapt, kind)
    return found


def _hex(value: Any) -> str:
    return str(value.hex)


# -- reading -----------------------------------------------------------------------------------------------------------
def rows(found: "QuerySet[RecordLink]") -> list[RecordLink]:
    """The links that a queryset would give. Each remembers in ``_loaded`` what was read, for ``update``."""
    pks = list(found.values_list("pk", flat=True))
    by_pk = {row.id: row for row in numbered(pks)}
    return [by_pk[pk] for pk in pks if pk in by_pk]


def numbered(pks: Iterable[int], more: str = "") -> list[RecordLink]:
    """The links of these numbers, in order. ``more``: further conditions in SQL, from " AND" on."""
    condition, parameter = statements.among(pks)
    return links(f"id {condition}{more} ORDER BY id", parameter)


def links(condition: str, *parameters: Any) -> list[RecordLink]:
    """Links by a condition in SQL: where a statement is run for every batch, the ORM takes longer to build it than it runs."""
    return _rows(statements.select(f"SELECT {_selection()} FROM syncjobs_recordlink WHERE {condition}", *parameters))


def links_with(sync_id: int, column: str, wanted: Iterable[str], more: str = "") -> list[RecordLink]:
    """The links of a sync whose ``column`` is one of these texts."""
    return _rows(statements.links(_selection(), sync_id, column, wanted, more))


def links_named(sync_id: int, side: Side, ids: Iterable[str]) -> list[RecordLink]:
    """The links of a sync whose record at ``side`` has one of these ids, or has one as its alias; some come twice."""
    by_alias = (f"{side}_alias", f" AND {side}_alias IS NOT NULL")
    return _rows(statements.links(_selection(), sync_id, f"{side}_id", ids, or_by=by_alias))


@cache
def _selection() -> str:
    return ", ".join(
        statements.moment_column(str(field.column)) if isinstance(field, models.DateTimeField) else f'"{field.column}"'
        for field in RecordLink._meta.concrete_fields
    )


def _rows(raw: Iterable[tuple[Any, ...]]) -> list[RecordLink]:
    names, converters = _shape()
    return [_row(dict(zip(names, values, strict=True)), converters) for values in raw]


def _row(values: dict[str, Any], converters: Sequence[tuple[str, Callable[[Any], Any]]]) -> RecordLink:
    for name, convert in converters:
        if (value := values[name]) is not None:
            values[name] = convert(value)
    link = RecordLink.__new__(RecordLink)
    link.__dict__ = {**values, "_loaded": values, "_state": _saved()}
    return link


def _saved(adding: bool = False) -> ModelState:
    state = ModelState()
    state.adding, state.db = adding, DEFAULT_DB_ALIAS
    return state


@cache
def _shape() -> tuple[list[str], list[tuple[str, Callable[[Any], Any]]]]:
    fields = RecordLink._meta.concrete_fields
    converters: list[tuple[str, Callable[[Any], Any]]] = []
    for field in fields:
        if isinstance(field, models.JSONField):
            converters.append((field.attname, orjson.loads))
        elif isinstance(field, models.DateTimeField):
            converters.append((field.attname, datetime.fromisoformat))
    return [field.attname for field in fields], converters


def fresh(sync_id: int, moment: datetime) -> RecordLink:
    """A link that is not saved yet, as ``RecordLink(sync_id=…)`` makes it."""
    link = RecordLink.__new__(RecordLink)
    link.__dict__ = {
        **_blank(RecordLink), "sync_id": sync_id, "created_at": moment, "status_since": moment, "_state": _saved(adding=True)
    }  # fmt: skip
    return link


def fresh_intent(**values: Any) -> WriteIntent:
    """A create that is about to be sent, as ``WriteIntent(…)`` makes it."""
    intent = WriteIntent.__new__(WriteIntent)
    intent.__dict__ = {**_blank(WriteIntent), **values, "_state": _saved(adding=True)}
    return intent


@cache
def _blank(model: type[models.Model]) -> dict[str, Any]:
    """What a new row of it says where it says nothing."""
    row = model()
    return {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}


# -- writing -----------------------------------------------------------------------------------------------------------
def update(links: Sequence[RecordLink], names: Sequence[str]) -> None:
    """Write the named columns of links that exist, but for those in which none differs from what was loaded."""
    columns = _columns(RecordLink)
    pairs = [(values.get("_loaded"), values) for values in (link.__dict__ for link in links)]
    names = _differing(dict.fromkeys(names), pairs)
    if not names:
        return
    table = connection.ops.quote_name(RecordLink._meta.db_table)
    if statements.on_sqlite():
        sets = ", ".join(f'"{columns[name][0]}" = %s' for name in names)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET {sets} WHERE id = %s", _parameters(RecordLink, links, [*names, "id"])
            )
    else:
        sets = ", ".join(f'"{columns[name][0]}" = v."{columns[name][0]}"' for name in names)
        document, shape = _document(RecordLink, links, ["id", *names])
        statements.tell(
            f"UPDATE {table} AS t SET {sets} FROM jsonb_to_recordset(%s::jsonb) AS v({shape}) WHERE t.id = v.id",
            document,
        )
    for loaded, values in pairs:
        if loaded:
            for name in names:
                loaded[name] = values[name]


def _differing(names: Iterable[str], pairs: Sequence[tuple[dict[str, Any] | None, dict[str, Any]]]) -> list[str]:
    """Names of values that are not in every pair those that were loaded. Without a line of Python a value: nearly all are."""
    if any(loaded is None for loaded, _ in pairs):
        return list(names)
    loaded, values = [old for old, _ in pairs if old is not None], [new for _, new in pairs]
    return [name for name in names if any(map(is_not, map(itemgetter(name), loaded), map(itemgetter(name), values)))]


def insert(links: Sequence[RecordLink], names: Sequence[str]) -> None:
    """Insert new links, made by ``fresh``, of which only the named columns were filled. One whose remote id is linked already is
    left out: somebody was faster."""
    rest = [(name, _literal(value)) for name, value in _blank(RecordLink).items() if name not in {*names, "id"}]
    _insert(RecordLink, links, names, rest)


def _literal(value: Any) -> str:
    """What a new link says where it says nothing."""
    if value is None or isinstance(value, bool):
        return {None: "NULL", False: "FALSE"}[value]
    return str(value) if isinstance(value, int) else f"'{value}'"


def remove(pks: Iterable[int]) -> None:
    """Delete links and what hangs on them. Django would load all of it first."""
    condition, wanted = statements.among(pks)
    for table, column in _hanging_on_links():
        statements.tell(f'DELETE FROM "{table}" WHERE "{column}" {condition}', wanted)
    statements.tell(f"DELETE FROM syncjobs_recordlink WHERE id {condition}", wanted)


@cache
def _hanging_on_links() -> list[tuple[str, str]]:
    """(table, column) of all that goes with its link."""
    relations = [
        field for field in RecordLink._meta.get_fields(include_hidden=True) if isinstance(field, ForeignObjectRel)
    ]
    assert all(relation.on_delete is models.CASCADE for relation in relations)
    return [(each.related_model._meta.db_table, str(each.field.column)) for each in relations]


def insert_intents(intents: Sequence[WriteIntent]) -> None:
    """Insert new intents; they do not learn their ids."""
    _insert(WriteIntent, intents, _all_but_id(WriteIntent))


def insert_events(events: Iterable[RunEvent]) -> None:
    _insert(RunEvent, list(events), _all_but_id(RunEvent))


def close_intents(side: Side, links: Sequence[int], state: str, *, made: bool = False) -> None:
    """The creates of these links at ``side`` that were sent have their verdict. ``made``: each made the record that its link,
    written before, holds there."""
    if links:
        condition, pks = statements.among(links)
        which = f"(SELECT {side}_id FROM syncjobs_recordlink AS made WHERE made.id = link_id)"
        found = f", found_id = COALESCE({which}, '')" if made else ""
        # Not plainly "state = 'sent'": PostgreSQL would take the index of open intents, where those lately open still stand.
        statements.tell(
            f"UPDATE syncjobs_writeintent SET state = %s, made = %s{found}"
            f" WHERE link_id {condition} AND side = %s AND state || '' = 'sent'",
            state, made, pks, side.value,
        )  # fmt: skip


@cache
def _all_but_id(model: type[models.Model]) -> list[str]:
    return [name for name in _columns(model) if name != "id"]


def _insert(
    model: type[models.Model],
    objects: Sequence[models.Model],
    names: Sequence[str],
    rest: Sequence[tuple[str, str]] = (),
) -> None:
    """``rest``: columns that say the same in every row, and what, in SQL."""
    if not objects:
        return
    columns = _columns(model)
    table = connection.ops.quote_name(model._meta.db_table)
    heads = ", ".join(f'"{columns[name][0]}"' for name in (*names, *(name for name, _ in rest)))
    literals = "".join(f", {literal}" for _, literal in rest)
    if statements.on_sqlite():
        places = ", ".join(["%s"] * len(names))
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} ({heads}) VALUES ({places}{literals}) ON CONFLICT DO NOTHING",
                _parameters(model, objects, names),
            )
        return
    document, shape = _document(model, objects, names)
    taken = ", ".join(f'"{columns[name][0]}"' for name in names)
    statements.tell(
        f"INSERT INTO {table} ({heads}) SELECT {taken}{literals} FROM jsonb_to_recordset(%s::jsonb) AS v({shape})"
        " ON CONFLICT DO NOTHING",
        document,
    )


def _parameters(model: type[models.Model], objects: Sequence[models.Model], names: Sequence[str]) -> list[list[Any]]:
    """The objects' values (two or more) as SQLite wants them."""
    columns, pick = _columns(model), itemgetter(*names)
    adapters = [(place, adapt) for place, name in enumerate(names) if (adapt := columns[name][1])]
    found = [list(pick(one.__dict__)) for one in objects]
    for row in found:
        for place, adapt in adapters:
            if (value := row[place]) is not None:
                row[place] = adapt(value)
    return found


def _document(model: type[models.Model], objects: Sequence[models.Model], names: Sequence[str]) -> tuple[str, str]:
    """(the objects as a JSON array, the columns in it as PostgreSQL wants them declared)."""
    columns = _columns(model)
    shape = ", ".join(f'"{columns[name][0]}" {columns[name][2]}' for name in names)
    heads, pick = [columns[name][0] for name in names], itemgetter(*names)
    documents = [dict(zip(heads, pick(one.__dict__), strict=True)) for one in objects]
    return orjson.dumps(documents).decode(), shape


def add_counts(sync_id: int, deltas: Counter[str]) -> None:
    """Change the sync's counts by these differences; call it in the transaction that changes the links. In one order, so that two
    transactions cannot wait for each other."""
    changes = [(sync_id, status, delta) for status, delta in sorted(deltas.items()) if delta]
    if changes:
        places = ", ".join(["(%s, %s, %s)"] * len(changes))
        statements.tell(
            f"INSERT INTO syncjobs_synccount (sync_id, status, n) VALUES {places} "
            "ON CONFLICT (sync_id, status) DO UPDATE SET n = syncjobs_synccount.n + excluded.n",
            *chain.from_iterable(changes),
        )


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
