"""A record at which our own code stumbles, again and again, is parked; the others go on. An app in trouble parks nobody."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations import errors
from syncjobs.models import SyncRun
from syncjobs.runner import work, writing
from tests.syncjobs.runner.world import World

POISON = "poison@example.com"


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning one record raises, as a fault of ours would."""
    plan_row = work.plan_row

    def stumbling(ctx: Any, row: Any, moment: Any) -> Any:
        if row.hub_key == POISON:
            raise ZeroDivisionError
        return plan_row(ctx, row, moment)

    monkeypatch.setattr(writing, "plan_row", stumbling)


def test_the_record_is_parked_and_the_others_cross(world: Callable[..., World], poisoned: None) -> None:
    w = world()
    for number in range(5):
        w.hub.put({"email": f"p{number}@example.com"})
    w.hub.put({"email": POISON})
    for number in range(5, 9):
        w.hub.put({"email": f"p{number}@example.com"})
    w.initial()
    for _ in range(60):
        if not w.sync.runs.active().exists():
            break
        w.poll()
    link = w.link(hub_key=POISON)
    assert (link.status, link.code, link.dirty) == ("failed", "INTERNAL_ERROR", 0)
    assert w.counts() == {"insync": 9, "failed": 1}


def test_an_app_in_trouble_halves_nothing(world: Callable[..., World]) -> None:
    w = world()
    w.hub.put({"email": "ann@example.com"})
    for _ in range(40):
        w.app.fail("create", lambda: errors.RateLimited("slow down", retry_after=1))
    w.initial()
    for _ in range(35):
        w.poll()
        assert SyncRun.objects.get(sync=w.sync).stumbles <= 1
    w.app.faults.clear()
    w.settle()
    assert w.counts() == {"insync": 1}
