"""Histories that ``make chaos`` found, each made small and certain."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import FieldChange, RunKind, Sync, SyncFilter, SyncRun, SyncState, WriteIntent
from syncjobs.runner import creates, slices, updates
from syncjobs.services import runs
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def test_trouble_that_comes_again_after_progress_waits_as_shortly_as_the_first(world: Make) -> None:
    """A long initial sync meets a failing answer now and then. Waits that grew over the whole run came to be hours."""
    w = world(app=Abilities(scan_page=1))
    for number in range(8):
        w.app.put({"email": f"p{number}@example.com"})
    Sync.objects.filter(pk=w.sync.pk).update(state=SyncState.INITIAL)
    w.sync.refresh_from_db()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    waits = []
    for _ in range(4):
        w.app.fail("scan", lambda: errors.Unavailable("down"), when="before", skip=1)
        slices.run_slice(run.pk)
        waits.append((SyncRun.objects.get(pk=run.pk).next_slice_at - now()).total_seconds())
        w.lift_waits()
    assert max(waits) <= 30


def test_a_batch_that_came_through_shortens_the_wait_for_the_next(world: Make) -> None:
    """A step writes many batches. Where one in two fails the step never ends, and waits that grew by the step came to be hours."""
    w = world(app=Abilities(write_batch=1))
    for number in range(6):
        w.hub.put({"email": f"p{number}@example.com"})
    Sync.objects.filter(pk=w.sync.pk).update(state=SyncState.INITIAL)
    w.sync.refresh_from_db()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    waits = []
    for _ in range(4):
        w.app.fail("create", lambda: errors.Unavailable("down"), when="before", skip=1)
        slices.run_slice(run.pk)
        waits.append((SyncRun.objects.get(pk=run.pk).next_slice_at - now()).total_seconds())
        w.lift_waits()
    assert len(w.app.live()) == 4
    assert max(waits) <= 30


def just_before(monkeypatch: pytest.MonkeyPatch, verb: str, act: Callable[[], object]) -> None:
    """Somebody acts when the engine has decided what to write and is about to send it."""
    module = {"send_creates": creates, "send_updates": updates}[verb]
    send = getattr(module, verb)

    def first(*args: object, **more: object) -> None:
        monkeypatch.setattr(module, verb, send)
        act()
        send(*args, **more)

    monkeypatch.setattr(module, verb, first)


@pytest.mark.parametrize("side", list(Side))
def test_a_value_typed_after_the_last_read_is_merged_and_not_overwritten_unseen(
    world: Make, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = world(winner="hub")
    w.hub.put({"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"})
    w.initial()
    near, far = (w.hub, w.app) if side is Side.HUB else (w.app, w.hub)
    far.edit(next(iter(far.live())), first_name="There")
    just_before(monkeypatch, "send_updates", lambda: near.edit(next(iter(near.live())), first_name="Here"))
    w.poll()
    w.settle()
    w.assert_equal()
    winner, loser = ("Here", "There") if side is Side.HUB else ("There", "Here")
    assert w.values(Side.HUB)["ada@example.com"]["first_name"] == winner
    assert FieldChange.objects.filter(field="first_name", loser=loser).exists()


def test_a_value_typed_after_a_write_without_an_answer_is_in_the_ledger_before_it_is_overwritten(world: Make) -> None:
    """The ledger had a row for that write already, which named another loser."""
    w = world(winner="hub")
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.edit(pk, first_name="Here")
    w.app.fail("update", lambda: errors.NoAnswer("lost"), when="before")
    w.poll()
    w.app.edit(next(iter(w.app.live())), first_name="There")
    w.settle()
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Here"
    assert list(FieldChange.objects.order_by("pk").values_list("new", "loser")) == [("Here", None), ("Here", "There")]


def test_a_write_that_is_sent_again_is_in_the_ledger_once(world: Make) -> None:
    w = world(winner="hub")
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.edit(pk, first_name="Here")
    w.app.fail("update", lambda: errors.NoAnswer("lost"), when="before")
    w.settle()
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Here"
    assert FieldChange.objects.count() == 1


def test_a_record_made_by_hand_while_its_twin_is_made_is_merged_and_not_overwritten(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an app where a create with a known address updates."""
    w = world(app=Abilities(create_upserts_by="email"), winner="app")
    w.initial()
    w.hub.put({"email": "ada@example.com", "first_name": "Typed at the hub", "notes": "from the hub"})
    by_hand = {"email": "ada@example.com", "first_name": "Typed at the app"}
    just_before(monkeypatch, "send_creates", lambda: w.app.put(by_hand))
    w.poll()
    w.settle()
    w.assert_equal()
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Typed at the app"
    assert FieldChange.objects.filter(field="first_name", loser="Typed at the hub").exists()


def test_a_record_made_by_hand_meanwhile_is_not_doubled_where_the_app_takes_two(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address book takes any number of cards with one address, and an initial sync can last for hours."""
    w = world(winner="app")
    w.app.fields = [replace(field, unique=False) for field in w.app.fields]
    w.initial()
    w.hub.put({"email": "ada@example.com", "first_name": "Typed at the hub", "notes": "from the hub"})
    just_before(monkeypatch, "send_creates", lambda: w.app.put({"email": "ada@example.com", "first_name": "By hand"}))
    w.poll()
    w.settle()
    w.assert_equal()
    assert [row["first_name"] for row in w.values(Side.APP).values()] == ["By hand"]
    assert FieldChange.objects.filter(field="first_name", loser="Typed at the hub").exists()


def test_a_value_typed_after_the_last_read_keeps_its_record_from_being_deleted(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    hub = w.hub.put({"email": "ada@example.com", "notes": "as it was"})
    w.initial()
    w.settle()
    w.hub.remove(hub)
    w.app.abilities = Abilities(visibility_lag=60)  # the poll cannot see it yet
    w.app.edit(next(iter(w.app.live())), notes="just now")
    w.poll()
    w.settle()
    assert [values["notes"] for values in w.app.live().values()] == ["just now"]
    assert w.counts() == {"deleted_hub": 1}


def at_once(w: World) -> None:
    """Poll when no time has passed: a create without an answer has not landed, and its wait is not over."""
    w.sync.refresh_from_db()
    w._finish(runs.start(sync=w.sync, kind=RunKind.INCREMENTAL))


def unanswered(w: World, source: Side, when: str) -> tuple[str, str]:
    """A record whose create got no answer, and another, which is across: (its id, the other's)."""
    near, far = (w.hub, w.app) if source is Side.HUB else (w.app, w.hub)
    kept = near.put({"email": "bob@example.com", "first_name": "Bob"})
    w.initial()
    far.land_late = when == "later"
    lost = near.put({"email": "ada@example.com", "first_name": "Ada"})
    if when == "never":
        far.fail("create", lambda: errors.NoAnswer("lost"), when="before")
    w.poll()
    far.land_late = False
    assert WriteIntent.objects.filter(state="sent").count() == 1
    return lost, kept


@pytest.mark.parametrize("source", list(Side))
@pytest.mark.parametrize("policy", ["flag", "delete"])
def test_what_a_create_made_late_is_not_copied_back_when_its_record_was_merged_away(
    world: Make, source: Side, policy: str
) -> None:
    """It ends as the twin of any record that was merged away: linked, and left to a person."""
    w = world(when_deleted_in_hub=policy, when_deleted_in_app=policy)
    lost, kept = unanswered(w, source, "later")
    near, far = (w.hub, w.app) if source is Side.HUB else (w.app, w.hub)
    near.merge(kept, lost)
    at_once(w)
    w.settle()
    assert len(near.live()) == 1, "nothing was copied back"
    assert len(far.live()) == 2
    assert w.counts() == {"insync": 1, "excluded": 1}
    loser = w.link(code="MERGED_AWAY")
    assert None not in (loser.hub_id, loser.app_id)
    assert WriteIntent.objects.filter(state="sent").count() == 0


def test_a_create_that_never_landed_ends_with_the_record_that_was_merged_away(world: Make) -> None:
    w = world()
    lost, kept = unanswered(w, Side.HUB, "never")
    w.hub.merge(kept, lost)
    w.settle()
    assert w.counts() == {"insync": 1, "excluded": 1}
    assert (w.link(hub_id=lost).code, w.link(hub_id=lost).dirty) == ("MERGED_AWAY", 0)
    assert len(w.app.live()) == 1
    assert w.quiet_writes() == 0


def test_what_a_create_without_any_value_made_is_not_copied_back(world: Make) -> None:
    w = world(email_only=False)
    w.initial()
    w.hub.put({"email": None})
    w.app.land_late = True
    w.poll()
    w.app.land_late = False
    w.settle()
    assert (len(w.hub.live()), len(w.app.live())) == (1, 1)
    assert w.counts() == {"insync": 1}


def test_what_a_create_made_late_is_not_copied_back_when_its_record_was_edited_and_has_left_the_filter(
    world: Make,
) -> None:
    w = world()
    groups = [[{"field": "first_name", "operator": "is", "value": "Ada"}]]
    SyncFilter.objects.create(sync=w.sync, side="hub", groups=groups)
    w.initial()
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.land_late = True
    w.poll()
    w.app.land_late = False
    w.hub.edit(pk, email="countess@example.com", first_name="Augusta")
    at_once(w)
    w.settle()
    assert (len(w.hub.live()), len(w.app.live())) == (1, 1)
    assert w.link().app_id is not None


def test_what_a_create_made_late_stays_when_its_record_was_converted(world: Make) -> None:
    """Nothing was deleted, so the twin is left alone, whatever the sync does with deletions."""
    w = world(when_deleted_in_hub="delete")
    lost, _kept = unanswered(w, Side.HUB, "later")
    w.hub.convert(lost)
    at_once(w)
    w.settle()
    assert (len(w.hub.live()), len(w.app.live())) == (1, 2)
    assert w.counts() == {"insync": 1, "excluded": 1}
    assert w.link(code="CONVERTED_AWAY").app_id is not None


@pytest.mark.parametrize("lands", [True, False])
def test_what_a_create_made_late_is_the_twin_of_the_record_that_had_none(world: Make, lands: bool) -> None:
    """Its record was merged into one that the app had refused: it goes on as that one's twin, and no second is made."""
    w = world()
    w.app.refuse = lambda values: errors.Refused("no") if values.get("first_name") == "Bob" else None
    lost, kept = unanswered(w, Side.HUB, "later" if lands else "never")
    w.hub.merge(kept, lost)
    w.app.refuse = lambda values: None
    at_once(w)
    w.settle()
    assert len(w.app.live()) == 1
    assert w.counts() == {"insync": 1}
    w.assert_equal()


@pytest.mark.parametrize("lands", [True, False])
@pytest.mark.parametrize("duplicates", ["oldest", "hold"])
def test_what_a_create_made_late_is_not_copied_back_when_its_record_was_left_out_by_the_match(
    world: Make, duplicates: str, lands: bool
) -> None:
    """It was given the address of a record that syncs. Its twin, if there is one, cannot have it, and both pages say so."""
    w = world(duplicates=duplicates)
    lost, _kept = unanswered(w, Side.HUB, "later" if lands else "never")
    w.hub.edit(lost, email="bob@example.com")
    at_once(w)
    w.settle()
    assert len(w.hub.live()) == 2, "nothing was copied back"
    assert len(w.app.live()) == (2 if lands else 1)
    assert w.counts() == {"insync": 1, "failed" if lands else "excluded": 1}
    assert w.link(hub_id=lost).code == ("UNIQUE_VALUE_TAKEN" if lands else "SHARED_IDENTIFIER")
