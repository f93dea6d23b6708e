"""A record that left the chosen lists is still there: it is looked for once, and polls are quiet again."""

from collections import Counter
from collections.abc import Callable

import pytest

from integrations.connectors.base import Abilities
from syncjobs.models import RunKind
from syncjobs.services import runs
from tests.syncjobs.runner.world import World

LISTS = {"a": "Fair", "b": "Web"}


@pytest.fixture(params=[["a"], ["a", "b"]], ids=["one list", "two lists"])
def w(request: pytest.FixtureRequest, world: Callable[..., World]) -> World:
    """Ten people in the chosen lists of the app."""
    able = Abilities(change_feed=False, sees_deletions=False, containers="list")
    w = world(app=able, app_scope={"lists": request.param})
    w.app.lists = LISTS
    for n in range(10):
        w.app.put({"email": f"p{n}@example.com"}, lists=["a"])
    w.initial()
    w.settle()
    return w


def calls_of_a_poll(w: World) -> Counter[str]:
    before = len(w.app.log)
    w.poll()
    return Counter(verb for verb, _ in w.app.log[before:])


def test_it_is_read_once_and_then_polls_scan_once(w: World) -> None:
    w.app.rows["3"].lists = {"c"}
    assert calls_of_a_poll(w)["read"] == 1
    assert calls_of_a_poll(w) == {"scan": 1}
    assert calls_of_a_poll(w) == {"scan": 1}
    assert w.counts() == {"insync": 10}


def test_it_goes_on_syncing_and_is_expected_again_when_it_comes_back(w: World) -> None:
    w.app.rows["3"].lists = {"c"}
    w.settle()
    w.app.rows["3"].lists = {"a"}
    assert calls_of_a_poll(w) == {"scan": 1}
    w.app.remove("3")
    w.settle()
    assert w.counts() == {"insync": 9, "deleted_app": 1}, "its absence speaks again"


def test_another_one_that_is_deleted_is_not_hidden_by_it(w: World) -> None:
    w.app.rows["3"].lists = {"c"}
    w.settle()
    w.app.rows["3"].lists = {"a"}
    w.app.remove("7")  # one came back and one went: the number of records is the same
    w.settle()
    assert w.counts() == {"insync": 9, "deleted_app": 1}


def test_a_full_scan_finds_that_it_was_deleted(w: World) -> None:
    w.app.rows["3"].lists = {"c"}
    w.settle()
    w.app.remove("3")
    w._finish(runs.start(sync=w.sync, kind=RunKind.FULL_SCAN))
    w.settle()
    assert w.counts() == {"insync": 9, "deleted_app": 1}
