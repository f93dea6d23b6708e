"""What becomes of records between a run and its undo, and while the undo is under way: merged, converted, replaced, edited."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryConnector
from integrations.records import Side
from syncjobs.models import FieldChange, RecordLink, RunKind, RunState, Sync, SyncRun, SyncState
from syncjobs.services import syncs, undo
from tests.syncjobs.runner.test_undo import Killed, changed, first_sync, take_back
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def takes_doubles(w: World) -> World:
    """Its app takes one address twice."""
    w.app.fields = [replace(field, unique=False) for field in w.app.fields]
    return w


def latest(w: World) -> SyncRun:
    return w.sync.runs.filter(kind=RunKind.INCREMENTAL).latest("pk")


@pytest.mark.parametrize("noticed", [True, False])
def test_a_made_record_that_was_merged_into_the_twin_of_another_does_not_take_that_one_along(
    world: Make, noticed: bool
) -> None:
    w = takes_doubles(world(when_deleted_in_app="delete"))
    first_sync(w, 1)
    [kept] = w.app.live()
    w.hub.put({"email": "q@example.com", "first_name": "P0"})
    w.settle()
    run = latest(w)
    [made] = w.app.live().keys() - {kept}
    w.app.edit(kept, email="q@example.com")
    w.app.merge(kept, made)
    if noticed:
        w.settle()
    take_back(w, run)
    w.settle()
    assert (len(w.hub.live()), list(w.app.live())) == (2, [kept])


@pytest.mark.parametrize("noticed", [True, False])
def test_a_value_is_not_restored_at_the_twin_of_another_that_the_record_was_merged_into(
    world: Make, noticed: bool
) -> None:
    w = world()
    ann, anna = (w.hub.put({"email": f"{name}@example.com", "first_name": name}) for name in ("Ann", "Anna"))
    w.initial()
    w.settle()
    w.hub.edit(ann, first_name="Anna")
    w.settle()
    run = latest(w)
    kept = w.link(hub_id=anna).app_id
    assert kept
    w.app.merge(kept, w.link(hub_id=ann).app_id or "")
    if noticed:
        w.settle()
    made = take_back(w, run)
    w.settle()
    assert [one.code for one in undo.left_alone(made)] == ["RECORD_GONE"]
    assert w.app.live()[kept]["first_name"] == w.hub.live()[anna]["first_name"] == "Anna"


def test_a_record_that_is_converted_before_it_could_be_removed_is_not_taken_for_removed(world: Make) -> None:
    w = world()
    run = first_sync(w, 1)
    [made] = w.app.live()
    w.app.fail("delete", Killed)  # type: ignore[arg-type]
    undoing = undo.undo(run=run, by=None)
    with suppress(Killed):
        w._finish(undoing)
    w.app.convert(made)
    w.lift_waits()
    w._finish(undoing)
    assert [one.code for one in undo.left_alone(undoing)] == ["RECORD_GONE"]
    assert w.link(hub_id="1").code == "CONVERTED_AWAY"


@pytest.mark.parametrize("how", [Killed, lambda: errors.RateLimited("wait")])
def test_a_record_that_somebody_edits_before_its_removal_is_tried_again_stays(
    world: Make, how: Callable[[], errors.ConnectorError]
) -> None:
    w = world()
    run = first_sync(w, 1)
    [made] = w.app.live()
    w.app.fail("delete", how)
    undoing = undo.undo(run=run, by=None)
    with suppress(Killed):
        w._finish(undoing)
    w.app.edit(made, notes="Called on Monday")
    w.lift_waits()
    w._finish(undoing)
    assert [one.code for one in undo.left_alone(undoing)] == ["UNDO_EDITED_SINCE"]
    assert not FieldChange.objects.filter(run=undoing).exists(), "what it had announced did not happen"
    w.settle()
    assert w.values(Side.HUB)["p0@example.com"]["notes"] == "Called on Monday"


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_somebody_types_while_others_are_taken_back_stays(
    world: Make, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The app takes one record a call, and any write."""
    w = world(app=Abilities(write_batch=1))
    run = changed(w, 3)[1] if verb == "update" else first_sync(w, 3)
    last = sorted(w.app.live())[-1]
    send, acts = getattr(MemoryConnector, verb), [lambda: w.app.edit(last, first_name="Typed")]

    def send_and_type(*items: Any, **more: Any) -> Any:
        verdicts = send(*items, **more)
        if acts:
            acts.pop()()
        return verdicts

    monkeypatch.setattr(MemoryConnector, verb, send_and_type)
    made = take_back(w, run)
    assert [one.code for one in undo.left_alone(made)] == ["UNDO_EDITED_SINCE"]
    assert w.app.live()[last]["first_name"] == "Typed"


def test_an_undo_gets_on_where_an_app_shows_one_record_a_call_and_then_asks_to_wait(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(app=Abilities(read_batch=10, read_calls=10))
    _, run = changed(w, 60)
    left = [0]
    read = MemoryConnector.read

    def limited(connector: MemoryConnector, kind: str, refs: Any, **more: Any) -> Any:
        if left[0] < len(refs):
            raise errors.RateLimited("wait", retry_after=60)
        left[0] -= len(refs)
        return read(connector, kind, refs, **more)

    monkeypatch.setattr(MemoryConnector, "read", limited)
    made = undo.undo(run=run, by=None)
    for _ in range(4):
        left[0] = 40
        w.lift_waits()
        w._finish(made)
    made.refresh_from_db()
    assert (made.state, made.counts["restored"]) == (RunState.DONE, 60)


def test_a_record_that_a_person_asks_for_while_it_is_restored_is_planned(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world()
    _, run = changed(w, 1)
    update = MemoryConnector.update

    def ask_and_update(*items: Any, **more: Any) -> Any:
        syncs.resync(sync=w.sync, by=None, status="insync")
        return update(*items, **more)

    monkeypatch.setattr(MemoryConnector, "update", ask_and_update)
    take_back(w, run)
    w.settle()
    assert w.counts() == {"insync": 1}
    assert w.app.live()["1"]["first_name"] == "Old"


@pytest.mark.parametrize("lost", [Killed, lambda: errors.NoAnswer("lost")])
def test_an_undo_that_is_given_up_after_it_removed_a_record_does_not_take_its_twin_along(
    world: Make, lost: Callable[[], errors.ConnectorError]
) -> None:
    w = world(when_deleted_in_app="delete")
    run = first_sync(w, 1)
    w.app.fail("delete", lost, when="after")
    undoing = undo.undo(run=run, by=None)
    with suppress(Killed):
        w._finish(undoing)
    assert w.app.live() == {}
    SyncRun.objects.filter(pk=undoing.pk).update(state=RunState.ABORTED)
    Sync.objects.update(state=SyncState.ACTIVE)
    w.settle()
    assert len(w.hub.live()) == 1
    assert w.counts() == {"deleted_app": 1}


# -- another record in the place of the one that was written ---------------------------------------------------------------
def test_a_made_record_that_somebody_deleted_and_typed_once_more_is_theirs(world: Make) -> None:
    w = world()
    run = first_sync(w, 1)
    w.app.remove(next(iter(w.app.live())))
    w.settle()
    typed = w.app.put({"email": "p0@example.com", "first_name": "P0"})
    w.settle()
    assert w.link(hub_id="1").app_id == typed
    assert undo.plan_undo(run).counts()["edited_since"] == 1
    made = take_back(w, run)
    assert [one.code for one in undo.left_alone(made)] == ["UNDO_EDITED_SINCE"]
    assert list(w.app.live()) == [typed]


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("noticed", [True, False])
def test_a_record_that_a_made_one_was_merged_into_is_not_removed(world: Make, noticed: bool, linked: bool) -> None:
    w = takes_doubles(world(app=Abilities(merges=True)))
    run = first_sync(w, 1)
    [made] = w.app.live()
    typed = w.app.put({"email": "p0@example.com", "first_name": "P0"})
    if linked:
        w.settle()
    w.app.merge(typed, made)
    if noticed:
        w.settle()
    take_back(w, run)
    assert list(w.app.live()) == [typed]


def test_a_card_that_took_the_place_of_a_made_one_is_not_removed(world: Make) -> None:
    w = takes_doubles(world(app=Abilities(newest_by="born"), winner="app"))
    run = first_sync(w, 1)
    [made] = w.app.live()
    w.app.edit(made, born="2025-01-01")
    w.settle()
    late = w.app.put({"email": "p0@example.com", "first_name": "P0", "born": "2026-01-01"})
    w.settle()
    assert w.link(hub_id="1").app_id == late
    take_back(w, run)
    assert late in w.app.live()


def test_a_value_is_not_restored_at_a_card_that_took_the_place_of_the_one_that_was_written(world: Make) -> None:
    w = takes_doubles(world(app=Abilities(newest_by="born")))
    card = {"email": "a@example.com", "last_name": "Byron", "born": "2025-01-01"}
    w.app.put(card)
    w.initial()
    [contact] = w.hub.live()
    w.hub.edit(contact, last_name="King")
    w.settle()
    run = latest(w)
    late = w.app.put(card | {"last_name": "King", "born": "2026-01-01"})
    w.settle()
    made = take_back(w, run)
    assert [one.code for one in undo.left_alone(made)] == ["UNDO_EDITED_SINCE"]
    assert w.app.live()[late]["last_name"] == "King"


def test_a_record_that_its_app_knows_by_two_ids_is_restored_by_either(world: Make) -> None:
    w = world()
    _, run = changed(w, 1)
    FieldChange.objects.filter(run=run).update(remote_id="long")
    RecordLink.objects.update(app_alias="long")
    assert take_back(w, run).counts["restored"] == 1
