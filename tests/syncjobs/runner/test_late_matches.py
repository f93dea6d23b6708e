"""What a person brings back while a run writes has missed that run's match, and must not be made a second time for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryConnector
from syncjobs.models import RunKind
from syncjobs.runner import recovery, slices
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import World

BY_NAME = {"hub_field": "last_name", "app_field": "last_name"}


@pytest.mark.parametrize(
    ("strong", "policy", "status", "code"),
    [
        (False, "newest", "review", "WEAK_MATCH"),
        (True, "hold", "review", "AMBIGUOUS_MATCH"),
        (True, "newest", "excluded", "DUPLICATE_IN_SOURCE"),
    ],
)
def test_a_resync_while_a_run_writes_makes_nothing_twice(
    world: Callable[..., World], strong: bool, policy: str, status: str, code: str
) -> None:
    w = world(identifiers=[{**BY_NAME, "strong": strong}], duplicates=policy)
    for n in range(1 if code == "WEAK_MATCH" else 2):
        w.hub.put({"email": f"{n}@hub.example", "last_name": "Acme"})
    w.app.put({"email": "a@app.example", "last_name": "ACME"})
    w.initial()
    before, there = w.counts(), (len(w.hub.live()), len(w.app.live()))
    run = runs.start(sync=w.sync, kind=RunKind.INCREMENTAL)
    run.phase = "write"
    run.save(update_fields=["phase"])
    assert syncs.resync(sync=w.sync, by=None, status=status, cause={"code": code})
    slices.run_slice(run.pk)
    w.settle()
    assert (w.counts(), (len(w.hub.live()), len(w.app.live()))) == (before, there)


@pytest.mark.parametrize("moved", ["hub", "app"])
def test_an_identifier_that_another_record_had_is_free_when_that_one_has_another(
    world: Callable[..., World], moved: str
) -> None:
    """An address that was typed at the wrong person is corrected: at one side, and so at the other."""
    w = world()
    ann = w.hub.put({"email": "bob@example.com", "first_name": "Ann"})
    w.initial()
    [twin] = w.app.live()
    if moved == "hub":
        w.hub.edit(ann, email="ann@example.com")
        w.hub.put({"email": "bob@example.com", "first_name": "Bob"})
    else:
        w.hub.put({"email": "bob@example.com", "first_name": "Bob"})
        w.settle()
        assert w.link(code="SHARED_IDENTIFIER").hub_id != ann
        w.app.edit(twin, email="ann@example.com")
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 2}


def test_what_was_held_because_of_another_is_matched_when_that_one_has_another_identifier(
    world: Callable[..., World],
) -> None:
    w = world(duplicates="hold")
    ids = [w.hub.put({"email": "bob@example.com", "first_name": name}) for name in ("Ann", "Bob")]
    w.initial()
    assert w.counts() == {"review": 2}
    w.hub.edit(ids[0], email="ann@example.com")
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 2}


LISTING = Abilities(lists_changes=True, idempotent_creates=True, write_batch=2)


def looked(w: World) -> set[str]:
    return {verb for verb, _ in w.app.log} & {"find", "changed"}


def not_unique(w: World) -> World:
    """The app takes one address twice, so it has to be looked at before a create."""
    w.app.fields = [replace(one, unique=False) for one in w.app.fields]
    return w


def test_before_a_create_only_what_changed_is_looked_at_where_the_app_lists_that(world: Callable[..., World]) -> None:
    """A person makes the record at the other side after that was read; a search would make such an app read all it has."""
    w = not_unique(world(app=LISTING))
    for n in range(5):
        w.hub.put({"email": f"{n}@example.com", "first_name": "Hub"})
    typed = {"email": "4@example.com", "last_name": "Typed"}
    w.app.fail("create", lambda: w.app.put(typed) and errors.RateLimited("wait"), skip=1)
    w.initial()
    w.settle()
    assert looked(w) == {"changed"}
    assert len(w.app.live()) == 5
    w.assert_equal()


def test_what_is_listed_at_a_version_that_was_read_is_not_read_again(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = not_unique(world(app=LISTING, direction="to_app"))
    for n in range(3):
        w.app.put({"email": f"there{n}@example.com"})
    w.hub.put({"email": "0@example.com"})
    rows = w.app.rows
    whole = lambda *args, **more: {id: str(row.version) for id, row in rows.items()}  # noqa: E731
    monkeypatch.setattr(MemoryConnector, "changed", whole)
    w.app.fail("create", lambda: w.app.edit("2", email="0@example.com") or errors.RateLimited("wait"))
    w.initial()
    w.settle()
    assert [items for verb, items in w.app.log if verb == "read"] == [1]
    assert len(w.app.live()) == 3
    assert w.link(app_id="2").hub_id


def test_what_is_outside_the_chosen_lists_is_looked_at_too(world: Callable[..., World]) -> None:
    w = not_unique(world(app=LISTING, app_scope={"lists": ["a"], "target_list": "a"}))
    w.app.put({"email": "0@example.com"}, lists=["b"])
    w.hub.put({"email": "0@example.com"})
    w.initial()
    assert looked(w) == {"changed"}
    assert len(w.app.live()) == 1
    w.assert_equal()


@pytest.mark.parametrize("what", ["forgotten", "parked", "import"])
def test_where_changes_do_not_tell_all_the_app_is_searched(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    w = not_unique(world(app=LISTING))
    if what == "parked":
        w.app.put({"email": "0@example.com"}, id="1" * 300)
    if what == "import":
        monkeypatch.setattr(recovery, "MOST_NEWS", 1)
        w.app.fail("create", lambda: [w.app.put({}) for _ in range(2)] and errors.RateLimited("wait"))
    if what == "forgotten":
        w.app.fail("changed", lambda: errors.CursorExpired("forgotten"))
    w.hub.put({"email": "0@example.com"})
    w.initial()
    w.settle()
    assert "find" in looked(w)
    assert sum(each.get("email") == "0@example.com" for each in w.app.live().values()) == 1
