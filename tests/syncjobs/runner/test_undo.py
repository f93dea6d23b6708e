"""Taking back what a run wrote: old values come back, later edits stay, nothing travels across, and killing it harms nothing."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryConnector
from integrations.records import Side, Update, Values, Verdict
from syncjobs.models import FieldChange, FieldMapping, RunKind, RunState, SyncRun, WriteIntent
from syncjobs.services import runs, undo
from syncjobs.services.undo import State
from tests.syncjobs.runner.world import World, before_the_next_delete

Make = Callable[..., World]


class Killed(BaseException):
    """The worker is gone: nothing below catches this."""


def changed(w: World, n: int = 3) -> tuple[list[str], SyncRun]:
    """``n`` linked people whose first names were changed in the hub, and the run that carried that to the app."""
    ids = [w.hub.put({"email": f"p{k}@example.com", "first_name": "Old", "last_name": "Name"}) for k in range(n)]
    w.initial()
    w.settle()
    for pk in ids:
        w.hub.edit(pk, first_name="New")
    w.poll()
    assert {values["first_name"] for values in w.app.live().values()} == {"New"}
    return ids, w.sync.runs.filter(kind=RunKind.INCREMENTAL).latest("pk")


def take_back(w: World, run: SyncRun) -> SyncRun:
    made = undo.undo(run=run, by=None)
    w._finish(made)
    made.refresh_from_db()
    return made


def names(w: World, side: Side) -> list[str]:
    return sorted(str(values["first_name"]) for values in w.values(side).values())


def test_old_values_come_back_and_nothing_travels_across(world: Make) -> None:
    w = world()
    ids, run = changed(w)
    assert undo.plan_undo(run).counts() | {"will_restore": 0} == dict.fromkeys(map(str, State), 0)
    assert [(i.side, i.field, i.wrote, i.before) for i in undo.plan_undo(run).items()] == [
        (Side.APP, "first_name", "New", "Old")
    ] * 3
    made = take_back(w, run)
    assert (made.state, made.counts["restored"], made.counts["updated_app"]) == (RunState.DONE, 3, 3)
    assert names(w, Side.APP) == ["Old"] * 3
    assert names(w, Side.HUB) == ["New"] * 3
    assert w.counts() == {"insync": 3}
    assert w.quiet_writes() == 0
    # Other fields still sync, and do not take the restored one along.
    w.hub.edit(ids[0], last_name="Changed")
    w.settle()
    assert names(w, Side.APP) == ["Old"] * 3
    assert "Changed" in {values["last_name"] for values in w.app.live().values()}
    w.hub.edit(ids[0], first_name="Newer")
    w.settle()
    assert names(w, Side.APP) == ["Newer", "Old", "Old"]


def test_a_hundred_values_cost_one_read_and_one_write(world: Make) -> None:
    w = world()
    _, run = changed(w, 150)
    w.app.log.clear()
    w.hub.log.clear()
    take_back(w, run)
    assert [entry for entry in w.app.log if entry[0] in ("read", "update")] == [
        ("read", 100), ("update", 100), ("read", 50), ("update", 50),
    ]  # fmt: skip
    assert w.hub.log == []


def test_an_app_is_told_what_stands_there_and_not_what_shall(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that compares the record with it would refuse, and one that sends the difference would send nothing."""
    w = world()
    _, run = changed(w, 1)
    told: list[Values] = []
    update = MemoryConnector.update

    def send_difference(connector: MemoryConnector, kind: str, items: Sequence[Update]) -> list[Verdict]:
        told.extend(item.known for item in items)
        news = [replace(item, values=dict(item.values.items() - item.known.items())) for item in items]
        return update(connector, kind, news)

    monkeypatch.setattr(MemoryConnector, "update", send_difference)
    take_back(w, run)
    assert [known["first_name"] for known in told] == ["New"]
    assert names(w, Side.APP) == ["Old"]
    assert w.quiet_writes() == 0


def test_an_undo_is_in_the_ledger_and_can_itself_be_undone(world: Make) -> None:
    w = world()
    _, run = changed(w)
    made = take_back(w, run)
    entry = FieldChange.objects.filter(run=made).first()
    assert entry is not None
    assert (entry.side, entry.field, entry.old, entry.new, entry.rule) == ("app", "first_name", "New", "Old", "undo")
    again = take_back(w, made)
    assert again.counts["restored"] == 3
    assert names(w, Side.APP) == ["New"] * 3
    assert w.quiet_writes() == 0
    w.assert_equal()


def test_a_value_that_was_edited_since_is_left_alone_and_named(world: Make) -> None:
    w = world()
    _, run = changed(w)
    noticed, unnoticed, _ = sorted(w.app.live())
    w.app.edit(noticed, first_name="Noticed")
    w.settle()
    w.app.edit(unnoticed, first_name="Unnoticed")
    assert undo.plan_undo(run).counts()["edited_since"] == 1
    made = take_back(w, run)
    assert (made.counts["restored"], made.counts["left_alone"]) == (1, 2)
    left = undo.left_alone(made)
    assert {(one.code, one.field, one.wrote, one.found) for one in left} == {
        ("UNDO_EDITED_SINCE", "first_name", "New", "Noticed"),
        ("UNDO_EDITED_SINCE", "first_name", "New", "Unnoticed"),
    }
    w.settle()
    assert names(w, Side.APP) == ["Noticed", "Old", "Unnoticed"]
    assert names(w, Side.HUB) == ["New", "Noticed", "Unnoticed"], "the edit itself goes across as usual"
    assert w.quiet_writes() == 0


def test_an_edit_of_another_field_that_was_not_noticed_yet_is_not_lost(world: Make) -> None:
    w = world()
    _, run = changed(w, 1)
    w.app.edit(next(iter(w.app.live())), last_name="Typed")
    take_back(w, run)
    w.settle()
    assert w.values(Side.HUB)["p0@example.com"]["last_name"] == "Typed"
    assert (names(w, Side.HUB), names(w, Side.APP)) == (["New"], ["Old"])
    assert w.quiet_writes() == 0


def test_a_value_that_a_later_run_wrote_again_is_left_alone(world: Make) -> None:
    w = world()
    ids, run = changed(w, 1)
    for name in ("Newer", "New"):
        w.hub.edit(ids[0], first_name=name)
        w.settle()
    made = take_back(w, run)
    assert [one.code for one in undo.left_alone(made)] == ["UNDO_EDITED_SINCE"]
    assert names(w, Side.APP) == ["New"]


def test_a_record_that_is_gone_is_named(world: Make) -> None:
    w = world()
    _, run = changed(w, 2)
    w.app.remove(sorted(w.app.live())[0])
    made = take_back(w, run)
    assert made.counts["restored"] == 1
    assert [one.code for one in undo.left_alone(made)] == ["RECORD_GONE"]
    w.settle()
    assert w.counts() == {"insync": 1, "deleted_app": 1}


def test_a_refused_value_is_named_with_the_apps_reason_and_the_record_stays_in_sync(world: Make) -> None:
    w = world()
    _, run = changed(w, 2)
    w.app.refuse = lambda values: (
        errors.Refused("no", code="VALIDATION_RULE") if values["email"] == "p0@example.com" else None
    )
    made = take_back(w, run)
    assert made.counts["restored"] == 1
    assert [one.code for one in undo.left_alone(made)] == ["VALIDATION_RULE"]
    assert w.counts() == {"insync": 2}
    assert w.quiet_writes() == 0


def test_a_field_that_is_not_mapped_any_more_is_restored_too(world: Make) -> None:
    w = world(app=Abilities(conditional_writes=True))
    _, run = changed(w)
    FieldMapping.objects.filter(sync=w.sync, app_field="first_name").delete()
    w.settle()
    take_back(w, run)
    assert names(w, Side.APP) == ["Old"] * 3
    assert w.quiet_writes() == 0


def test_an_app_that_rewrites_what_it_is_given_is_undone_all_the_same(world: Make) -> None:
    w = world()
    w.app.rewrite = lambda name, value: value.upper() if name == "first_name" and isinstance(value, str) else value
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.edit("1", first_name="Augusta")
    w.settle()
    run = w.sync.runs.filter(kind=RunKind.INCREMENTAL).latest("pk")
    assert take_back(w, run).counts["restored"] == 1
    assert names(w, Side.APP) == ["ADA"]
    assert w.quiet_writes() == 0


# -- records that a run made -----------------------------------------------------------------------------------------------
def first_sync(w: World, n: int = 3) -> SyncRun:
    for number in range(n):
        w.hub.put({"email": f"p{number}@example.com", "first_name": f"P{number}"})
    run = w.initial()
    run.refresh_from_db()
    return run


def test_records_that_the_run_made_are_removed_and_their_twins_stay(world: Make) -> None:
    w = world(when_deleted_in_app="delete")
    run = first_sync(w)
    assert undo.plan_undo(run).counts()["will_remove"] == 3
    made = take_back(w, run)
    assert made.counts["removed"] == 3
    assert w.app.live() == {}
    assert w.counts() == {"deleted_app": 3}
    assert w.quiet_writes() == 0
    for pk in w.hub.live():
        w.hub.edit(pk, first_name="Changed")
    w.settle()
    w.initial()
    w.settle()
    assert (len(w.hub.live()), len(w.app.live())) == (3, 0), "no policy deletes the twin, and nothing is made again"


def test_removed_records_are_made_again_when_the_undo_is_undone(world: Make) -> None:
    w = world()
    made = take_back(w, first_sync(w))
    assert undo.plan_undo(made).counts()["will_recreate"] == 3
    again = take_back(w, made)
    w.settle()
    assert again.counts["recreated"] == 3
    w.assert_equal()
    assert w.counts() == {"insync": 3}
    assert w.quiet_writes() == 0


def test_a_made_record_that_somebody_edited_or_that_cannot_be_deleted_stays(world: Make) -> None:
    w = world()
    run = first_sync(w)
    w.app.edit(sorted(w.app.live())[0], first_name="Mine now")
    made = take_back(w, run)
    assert made.counts["removed"] == 2
    assert [(one.field, one.code) for one in undo.left_alone(made)] == [("", "UNDO_EDITED_SINCE")]
    w.settle()
    assert names(w, Side.APP) == ["Mine now"]


def test_a_made_record_that_somebody_edits_while_it_is_removed_stays(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(app=Abilities(conditional_writes=True))
    run = first_sync(w)
    before_the_next_delete(monkeypatch, lambda: w.app.edit(sorted(w.app.live())[0], first_name="Mine now"))
    made = take_back(w, run)
    assert made.counts["removed"] == 2
    assert [one.code for one in undo.left_alone(made)] == ["UNDO_EDITED_SINCE"]
    assert names(w, Side.APP) == ["Mine now"]


@pytest.mark.parametrize("noticed", [False, True])
def test_a_made_record_to_which_somebody_has_added_a_value_stays(world: Make, noticed: bool) -> None:
    w = world()
    run = first_sync(w)
    WriteIntent.objects.update(sent_at=now() - timedelta(days=1))
    w.app.edit(sorted(w.app.live())[0], notes="Called on Monday")
    if noticed:
        w.settle()
    made = take_back(w, run)
    assert made.counts["removed"] == 2
    w.settle()
    assert [values.get("notes") for values in w.app.live().values()] == ["Called on Monday"]


def test_what_an_app_fills_in_at_a_made_record_does_not_keep_it(world: Make) -> None:
    w = world()
    run = first_sync(w)
    for pk in w.app.live():
        w.app.edit(pk, score="10")
    w.poll()
    WriteIntent.objects.update(sent_at=now() - timedelta(minutes=2))
    assert take_back(w, run).counts["removed"] == 3


def test_runs_can_be_undone_backwards(world: Make) -> None:
    w = world()
    ids, second = changed(w)
    for pk in ids:
        w.hub.edit(pk, first_name="Newest")
    w.poll()
    third = w.sync.runs.filter(kind=RunKind.INCREMENTAL).latest("pk")
    undone = take_back(w, third)
    assert names(w, Side.APP) == ["New"] * 3
    assert take_back(w, second).counts["restored"] == 3
    assert names(w, Side.APP) == ["Old"] * 3
    assert w.quiet_writes() == 0
    assert undo.plan_undo(undone).counts()["edited_since"] == 3, "not what that undo left there"


def test_an_app_that_cannot_delete_keeps_what_was_made(world: Make) -> None:
    w = world(app=Abilities(delete=False))
    made = take_back(w, first_sync(w))
    assert {one.code for one in undo.left_alone(made)} == {"NOT_POSSIBLE_IN_APP"}
    assert len(w.app.live()) == 3


def test_a_record_that_was_there_already_is_never_removed(world: Make) -> None:
    able = Abilities(create_upserts_by="email")
    w = world(app=able)
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    w.app.fail("create", lambda: errors.NoAnswer("lost"), when="after")
    w._finish(run)
    w.settle()
    run = SyncRun.objects.get(pk=w.sync.runs.order_by("pk")[0].pk)
    made = take_back(w, run)
    assert [one.code for one in undo.left_alone(made)] == ["UNDO_NOT_CERTAIN"]
    assert len(w.app.live()) == 1


def test_a_record_deleted_with_its_twin_leaves_what_it_held_in_the_ledger(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.remove(pk)
    w.settle()
    run = w.sync.runs.filter(kind=RunKind.INCREMENTAL).latest("pk")
    assert ("first_name", "Ada", None, "deleted") in FieldChange.objects.filter(run=run).values_list(
        "field", "old", "new", "rule"
    )
    made = take_back(w, run)
    assert [(one.field, one.code) for one in undo.left_alone(made)] == [("", "RECORD_GONE")]
    assert w.app.live() == {}


# -- trouble ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", ["read", "update"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", [Killed, errors.NoAnswer])
def test_an_undo_killed_or_unanswered_in_the_middle_ends_as_if_it_had_not_been(
    world: Make, verb: str, when: str, how: type[BaseException]
) -> None:
    w = world(app=Abilities(write_batch=2, read_batch=2))
    _, run = changed(w, 5)
    w.app.fail(verb, how, when=when, skip=1)  # type: ignore[arg-type]
    made = undo.undo(run=run, by=None)
    with suppress(Killed):
        w._finish(made)
    w.lift_waits()
    w._finish(made)
    made.refresh_from_db()
    assert (made.state, made.counts["restored"]) == (RunState.DONE, 5)
    assert not undo.left_alone(made)
    assert FieldChange.objects.filter(run=made).count() == 5
    w.settle()
    assert (names(w, Side.HUB), names(w, Side.APP)) == (["New"] * 5, ["Old"] * 5)
    assert w.counts() == {"insync": 5}
    assert w.quiet_writes() == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_undo_that_is_given_up_in_the_middle_leaves_no_write_in_doubt(world: Make, when: str) -> None:
    w = world()
    _, run = changed(w)
    w.app.fail("update", Killed, when=when)  # type: ignore[arg-type]
    made = undo.undo(run=run, by=None)
    with suppress(Killed):
        w._finish(made)
    SyncRun.objects.filter(pk=made.pk).update(state=RunState.ABORTED)
    w.settle()
    assert names(w, Side.APP) == (["Old"] if when == "after" else ["New"]) * 3
    assert names(w, Side.HUB) == ["New"] * 3
    assert w.counts() == {"insync": 3}
    assert w.link(hub_id="1").app_expected is None
    assert w.quiet_writes() == 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", [Killed, errors.NoAnswer])
def test_removing_made_records_can_be_killed_too(world: Make, when: str, how: type[BaseException]) -> None:
    w = world(app=Abilities(write_batch=2))
    run = first_sync(w, 5)
    w.app.fail("delete", how, when=when, skip=1)  # type: ignore[arg-type]
    made = undo.undo(run=run, by=None)
    with suppress(Killed):
        w._finish(made)
    w.lift_waits()
    w._finish(made)
    made.refresh_from_db()
    assert (made.state, made.counts["removed"]) == (RunState.DONE, 5)
    assert not undo.left_alone(made)
    assert w.app.live() == {}
    assert w.counts() == {"deleted_app": 5}
    assert w.quiet_writes() == 0


def test_a_run_that_is_going_or_wrote_nothing_cannot_be_undone(world: Make) -> None:
    w = world()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    with pytest.raises(undo.CannotUndo):
        undo.undo(run=run, by=None)
    w._finish(run)
    run.refresh_from_db()
    with pytest.raises(undo.CannotUndo):
        undo.undo(run=run, by=None)
