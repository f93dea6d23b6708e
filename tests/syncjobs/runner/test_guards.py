"""Brakes: a run that would do far more harm than usual stops, names the number, and goes on when a person says so."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryConnector
from integrations.errors import Refused
from integrations.records import Side
from portal.accounts.models import Account
from syncjobs.models import RunKind, SyncState
from syncjobs.runner import guards
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def stopped(w: World) -> tuple[str, str]:
    w.sync.refresh_from_db()
    assert w.sync.state == SyncState.SUSPENDED
    return w.sync.state_code, w.sync.state_detail


def approve(w: World) -> None:
    syncs.resume(sync=w.sync, by=None)
    w.settle()
    w.sync.refresh_from_db()
    assert w.sync.state == SyncState.ACTIVE


def filled(w: World, n: int) -> list[str]:
    ids = [w.hub.put({"email": f"p{number}@example.com", "first_name": "P", "notes": "x"}) for number in range(n)]
    w.initial()
    return ids


def test_deleting_many_waits_for_approval_and_then_happens(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    for pk in filled(w, 60)[:40]:
        w.hub.remove(pk)
    w.poll()
    assert stopped(w) == ("GUARD_MASS_DELETE", "40")
    assert len(w.app.live()) == 60
    approve(w)
    assert len(w.app.live()) == 20


def test_blanking_many_waits_for_approval(world: Make) -> None:
    w = world(clear_values=True)
    for pk in filled(w, 60)[:30]:
        w.hub.edit(pk, notes=None)
    w.poll()
    assert stopped(w) == ("GUARD_MASS_UPDATE", "30")
    assert all(values["notes"] == "x" for values in w.app.live().values())
    approve(w)
    w.assert_equal()


def test_a_list_that_is_suddenly_empty_is_not_taken_for_deletions(world: Make) -> None:
    w = world(app=Abilities(change_feed=False, sees_deletions=False), when_deleted_in_app="delete")
    filled(w, 30)
    away = dict(w.app.rows)
    w.app.rows.clear()
    w.poll()
    assert stopped(w)[0] == "GUARD_MASS_DELETE"
    w.app.rows.update(away)
    assert len(w.hub.live()) == 30


def test_more_than_half_of_all_changed_at_once_waits(world: Make) -> None:
    w = world()
    for pk in filled(w, 300)[:250]:
        w.hub.edit(pk, first_name="Q")
    w.poll()
    assert stopped(w) == ("GUARD_MASS_UPDATE", "250")
    approve(w)
    w.assert_equal()


def test_a_worker_killed_before_it_has_asked_leaves_the_question_to_the_next(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(ctx: object) -> None:
        raise Killed

    w = world()
    for pk in filled(w, 300)[:250]:
        w.hub.edit(pk, first_name="Q")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(guards, "before_writing", kill)
        w.poll()
    w.poll()
    assert stopped(w) == ("GUARD_MASS_UPDATE", "250")


def test_a_full_scan_that_finds_more_than_half_changed_waits(world: Make) -> None:
    """What no feed has told is found by a scan, and is no smaller for that."""
    w = world()
    for pk in filled(w, 300)[:250]:
        w.hub.edit(pk, first_name="Q")
    w._finish(runs.start(sync=w.sync, kind=RunKind.FULL_SCAN))
    assert stopped(w) == ("GUARD_MASS_UPDATE", "250")
    approve(w)
    w.assert_equal()


def test_a_full_scan_under_new_settings_may_change_everything(world: Make) -> None:
    w = world()
    filled(w, 300)
    w.sync.refresh_from_db()
    w.sync.version += 1
    w.sync.save()
    w._finish(runs.start(sync=w.sync, kind=RunKind.FULL_SCAN))
    w.sync.refresh_from_db()
    assert w.sync.state == SyncState.ACTIVE
    w.assert_equal()


@pytest.mark.parametrize(("after", "expected"), [(60, None), (3600, ("GUARD_MASS_UPDATE", "300"))])
def test_what_an_app_fills_in_at_new_records_is_no_mass_update(
    world: Make, after: int, expected: tuple[str, str] | None
) -> None:
    """An automation gives every record that the sync has made another name: right after, or hours later."""
    w = world()
    filled(w, 300)
    for pk, row in w.app.rows.items():
        w.app.edit(pk, first_name="Q")
        row.created = row.changed - after
    w.poll()
    w.sync.refresh_from_db()
    if expected:
        assert stopped(w) == expected
        approve(w)
    w.assert_equal()


def tell_no_births(patch: pytest.MonkeyPatch) -> None:
    """CardDAV and Snov.io say when a record was changed, and not since when there is one."""
    tell = MemoryConnector._record
    patch.setattr(MemoryConnector, "_record", lambda *given: replace(tell(*given), created_at=None))


def test_an_app_that_does_not_tell_when_it_made_a_record_is_watched_all_the_same(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_no_births(monkeypatch)
    w = world()
    filled(w, 300)
    for pk in w.app.live():
        w.app.edit(pk, first_name="Q")
    w.poll()
    assert stopped(w) == ("GUARD_MASS_UPDATE", "300")


def test_a_name_that_an_app_makes_for_each_new_record_is_no_mass_update(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address book gives each new card a full name, which is not mapped, and does not say since when there is a card."""
    tell_no_births(monkeypatch)
    w = world()
    w.sync.mappings.filter(app_field="first_name").delete()
    filled(w, 300)
    for pk in w.app.live():
        w.app.edit(pk, first_name="Made of the others")
    w.poll()
    w.sync.refresh_from_db()
    assert w.sync.state == SyncState.ACTIVE
    assert w.counts() == {"insync": 300}
    assert w.link(app_id="1").label == "Made of the others"


def test_many_refusals_stop_the_run(world: Make) -> None:
    w = world()
    for number in range(200):
        w.hub.put({"email": f"p{number}@example.com"})
    w.app.refuse = lambda values: Refused("no", code="VALIDATION_RULE")
    w.initial()
    assert stopped(w)[0] == "GUARD_MANY_REFUSED"


@pytest.mark.parametrize("side", list(Side))
def test_a_field_that_somebody_else_keeps_changing_back_is_parked(world: Make, side: Side) -> None:
    w = world(direction=f"to_{side.other}")
    (w.hub if side is Side.HUB else w.app).put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    source = w.hub if side is Side.HUB else w.app
    pk = next(iter(source.live()))
    for turn in range(9):
        source.edit(pk, first_name="Ada" if turn % 2 else "Augusta")
        w.poll()
    link = w.link()
    assert (link.status, link.code, link.field) == ("review", "LIVELOCK_SUSPECTED", "first_name")
    assert link.changes.filter(field="first_name").count() == 8


def test_a_normal_day_trips_nothing(world: Make, account: Account) -> None:
    w = world()
    for pk in filled(w, 100)[:15]:
        w.hub.edit(pk, first_name="Q")
    for number in range(20):
        w.hub.put({"email": f"new{number}@example.com"})
    w.settle()
    w.assert_equal()
