"""Requests per 1,000 records, exactly: the vendor's limit is what a customer feels. And the engine stays small and pure."""

import ast
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.records import Side
from syncjobs import engine
from syncjobs.models import RunKind
from tests.syncjobs.proof.universe import Universe

Make = Callable[..., Universe]
HUB, APP = Side.HUB, Side.APP


def requests(u: Universe, act: Callable[[], Any]) -> dict[str, int]:
    """What ``act`` asked of both apps, by verb; without the fields, which are read once an hour."""
    before = {side: len(peer.log) for side, peer in u.peers.items()}
    act()
    asked = Counter(verb for side, peer in u.peers.items() for verb, _ in peer.log[before[side] :])
    asked.pop("fields", None)
    return dict(asked)


def fill(u: Universe, n: int, *sides: Side) -> None:
    """Made in the app itself, at once: asking each time whether somebody has this address would take longer than the sync."""
    for number in range(n):
        for side in sides:
            u.peers[side].put({"email": f"p{number}@example.com", "first_name": f"P{number}"})
    for side in sides:
        u.peers[side].twin = lambda values, besides="": None  # type: ignore[method-assign]
    u.wait(60)


def test_an_initial_copy_takes_twenty_requests_per_thousand(universe: Make) -> None:
    u = universe()
    fill(u, 2000, HUB)
    u.peers[APP].twin = lambda values, besides="": None  # type: ignore[method-assign]
    # A constant: a first cursor at each side, and a look at the empty one.
    assert requests(u, u.initial) == {"scan": 20 + 1, "create": 20, "changes": 2}
    assert len(u.peers[APP].live()) == 2000


def test_a_first_match_of_equal_sides_reads_each_once_and_writes_nothing(universe: Make) -> None:
    u = universe()
    fill(u, 1000, HUB, APP)
    assert requests(u, u.initial) == {"scan": 20, "changes": 2}
    assert u.peers[HUB].writes == u.peers[APP].writes == 0
    assert u.sync.links.filter(status="insync").count() == 1000


@pytest.mark.timeout(180)
def test_what_follows_costs_what_has_changed(universe: Make) -> None:
    """5,000 records: a poll that finds nothing, a full scan that finds nothing, and 1 % changed."""
    u = universe()
    fill(u, 5000, HUB, APP)
    u.initial()
    u.wait(60)
    assert requests(u, u.run) == {"changes": 2}

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert requests(u, lambda: u.run(RunKind.FULL_SCAN)) == {"changes": 2, "scan": 100}
    assert not [q["sql"][:200] for q in queries if _writes_links(q["sql"])]

    for number in range(1, 51):
        u.edit(HUB, str(number * 100), first_name="Changed")
    u.wait(60)
    assert requests(u, u.run) == {"changes": 2, "read": 1, "update": 1}  # a look before the update
    assert sum(values["first_name"] == "Changed" for values in u.peers[APP].live().values()) == 50


def _writes_links(sql: str) -> bool:
    return sql.startswith(("UPDATE", "INSERT", "DELETE")) and '"syncjobs_recordlink"' in sql[:60]


def test_the_engine_is_pure_and_can_be_read_in_one_sitting() -> None:
    files = sorted(Path(engine.__file__).parent.glob("*.py"))
    assert sum(len(file.read_text().splitlines()) for file in files) < 1500
    imported = {name.partition(".")[0] for file in files for name in _imports(file)}
    assert not imported & {"django", "requests", "rest_framework", "django_q"}
    assert {name for file in files for name in _imports(file) if name.startswith("syncjobs")} == {
        name for file in files for name in _imports(file) if name.startswith("syncjobs.engine")
    }
    assert all(ast.get_docstring(ast.parse(file.read_text())) for file in files)


def _imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found
