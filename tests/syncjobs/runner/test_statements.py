"""What is asked for every batch costs the same however many links a sync has, and however new it is to the database."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.records import Side
from syncjobs.models import RecordLink, Sync
from syncjobs.runner import associations, links, siblings, statements, store
from tests.syncjobs.runner.world import World

on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
MANY = 20_000
COLUMNS = [field.column for field in RecordLink._meta.concrete_fields if not field.primary_key]


def fill(sync: Sync, first: int) -> None:
    """Copies of one link, with ids and keys of their own: every other one is half a link."""
    row = RecordLink.objects.create(sync=sync, hub_id="model", app_id="model", hub_key="model", app_key="model")
    own = {
        "hub_id": "n::text",
        "hub_key": "'k' || n",
        "app_id": "CASE WHEN n %% 2 = 0 THEN n::text END",
        "app_key": "CASE WHEN n %% 2 = 0 THEN 'k' || n ELSE '' END",
    }
    values = ", ".join(own.get(name, f'"{name}"') for name in COLUMNS)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO syncjobs_recordlink ({names}) SELECT {values} FROM syncjobs_recordlink,"
            " generate_series(%s, %s) AS n WHERE id = %s",
            [first, first + MANY, row.pk],
        )


def looked_at(ask: Callable[[], Any]) -> int:
    """How many links the database looked at for a question."""
    with CaptureQueriesContext(connection) as asked:
        ask()
    with connection.cursor() as cursor:
        return sum(_rows(cursor, query["sql"]) for query in asked.captured_queries if "recordlink" in query["sql"])


def _rows(cursor: Any, sql: str) -> int:
    cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    return _looked_at(cursor.fetchone()[0][0]["Plan"])


def _looked_at(node: dict[str, Any]) -> int:
    found = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    mine = found * node["Actual Loops"] if node.get("Relation Name") == "syncjobs_recordlink" else 0
    return mine + sum(_looked_at(child) for child in node.get("Plans", []))


@on_postgres
@pytest.mark.parametrize("new", [False, True], ids=["a known sync", "a sync that began a moment ago"])
def test_a_batch_looks_at_its_own_links_alone(world: Callable[..., World], new: bool) -> None:
    sync = world().sync
    other = Sync.objects.create(
        account=sync.account, hub_instance=sync.hub_instance, app_instance=sync.app_instance, hub_kind="b", app_kind="b"
    )
    fill(other, 1_000_000)
    if not new:
        fill(sync, 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE syncjobs_recordlink")
    if new:
        fill(sync, 1)
    ids = [str(n) for n in range(1, 401)]
    work: Any = [SimpleNamespace(row=RecordLink(hub_id=id)) for id in ids]
    ctx: Any = SimpleNamespace(sync=sync)
    domains = [f"k{id}" for id in ids]
    assert looked_at(lambda: associations._twins(sync.pk, Side.HUB, ids)) <= 400
    assert looked_at(lambda: associations._names(sync.pk, Side.HUB, ids)) <= 400
    assert looked_at(lambda: associations._by_domain(sync.pk, Side.HUB, domains)) <= 400
    assert looked_at(lambda: siblings._linked([sync.pk], Side.APP, work)) <= 400
    assert looked_at(lambda: links.find_links(sync.pk, Side.HUB, ids)) <= 400
    assert looked_at(lambda: links.call_heirs(ctx, {("key", key) for key in domains})) <= 800


@on_postgres
def test_what_is_told_together_goes_out_in_one_piece_and_before_what_is_asked_after_it(
    world: Callable[..., World],
) -> None:
    sync = world().sync
    with CaptureQueriesContext(connection) as asked, statements.together():
        for status, n in (("insync", 2), ("failed", 1)):
            store.add_counts(sync.pk, Counter({status: n}))
        assert not asked.captured_queries
        assert statements.select("SELECT sum(n) FROM syncjobs_synccount WHERE sync_id = %s", sync.pk) == [(3,)]
        store.add_counts(sync.pk, Counter({"insync": 4}))
    assert len(asked.captured_queries) == 3
    assert statements.select("SELECT sum(n) FROM syncjobs_synccount WHERE sync_id = %s", sync.pk) == [(7,)]


def test_a_record_that_is_named_by_its_id_and_its_alias_is_one_link(world: Callable[..., World]) -> None:
    sync = world().sync
    RecordLink.objects.create(sync=sync, hub_id="1", hub_alias="old")
    found = links.find_links(sync.pk, Side.HUB, ["1", "old", "2"])
    assert found.keys() == {"1", "old"}
    assert found["1"] is found["old"]


def test_a_poll_that_finds_nothing_is_not_followed_by_phases_that_look_in_vain(world: Callable[..., World]) -> None:
    """Most polls are such: each sync has one a minute."""
    w = world()
    w.hub.put({"email": "ada@example.com"})
    w.initial()
    w.settle()
    with CaptureQueriesContext(connection) as asked:
        w.poll()
    assert len(asked) <= 60
