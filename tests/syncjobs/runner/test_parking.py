"""A record at which our own code stumbles, again and again, is parked; the others go on. An app in trouble parks nobody."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from syncjobs.models import RunKind, SyncRun
from syncjobs.runner import ingest, pairing, slices, work, writing
from syncjobs.runner.lease import Lease
from syncjobs.services import runs, syncs
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
    assert (link.status, link.code, link.dirty) == ("failed", "RECORD_PARKED", 0)
    assert w.counts() == {"insync": 9, "failed": 1}


Poison = Callable[[], None]


@pytest.fixture
def poisoned_ingest(monkeypatch: pytest.MonkeyPatch) -> Poison:
    """Taking in one record raises until the cure, which this returns."""
    keys_of = ingest.keys_of

    def stumbling(ctx: Any, side: Any, values: Any) -> Any:
        if POISON in (values.get("email"), values.get("notes")):
            raise ZeroDivisionError
        return keys_of(ctx, side, values)

    monkeypatch.setattr(ingest, "keys_of", stumbling)
    return lambda: monkeypatch.setattr(ingest, "keys_of", keys_of)


def settle(w: World) -> None:
    """Until no run is at work, whatever it waited for."""
    w.poll()
    for _ in range(60):
        if not w.sync.runs.active().exists():
            return
        w.poll()
    raise AssertionError("the sync is blocked")


def scan(w: World) -> SyncRun:
    run = runs.start(sync=w.sync, kind=RunKind.FULL_SCAN)
    w._finish(run)
    run.refresh_from_db()
    return run


def with_neighbours(w: World) -> World:
    """Ten people in the hub; the sixth is poison."""
    for number in range(5):
        w.hub.put({"email": f"p{number}@example.com"})
    w.hub.put({"email": POISON})
    for number in range(5, 9):
        w.hub.put({"email": f"p{number}@example.com"})
    return w


@pytest.mark.parametrize("abilities", [Abilities(), Abilities(partial_scan=True, change_feed=False)])
def test_a_record_that_cannot_be_taken_in_is_set_aside_and_the_others_cross(
    world: Callable[..., World], poisoned_ingest: Poison, abilities: Abilities
) -> None:
    w = with_neighbours(world(hub=abilities))
    w.initial()
    settle(w)
    link = w.link(status="failed")
    assert (link.code, link.side, link.dirty, link.app_id) == ("RECORD_PARKED", "hub", 0, None)
    assert link.hub_id
    assert w.counts() == {"insync": 9, "failed": 1}


def test_the_next_scan_passes_it_by(world: Callable[..., World], poisoned_ingest: Poison) -> None:
    w = with_neighbours(world())
    w.initial()
    settle(w)
    assert scan(w).state == "done", "at the first try"
    assert w.counts() == {"insync": 9, "failed": 1}
    assert w.quiet_writes() == 0


def test_a_resync_reads_it_again(world: Callable[..., World], poisoned_ingest: Poison) -> None:
    w = with_neighbours(world())
    w.initial()
    settle(w)
    syncs.resync(sync=w.sync, by=None, status="failed")
    settle(w)
    assert w.counts() == {"insync": 9, "failed": 1}, "it failed once more, and blocked nobody"
    poisoned_ingest()
    syncs.resync(sync=w.sync, by=None, status="failed")
    settle(w)
    assert w.counts() == {"insync": 10}
    w.assert_equal()


def test_its_twin_is_not_written_over_it(world: Callable[..., World], poisoned_ingest: Poison) -> None:
    """A pair in sync; the hub's record becomes one that we cannot take in, then the app's changes."""
    w = world()
    pk = w.hub.put({"email": "ann@example.com", "first_name": "Ann"})
    w.initial()
    w.hub.edit(pk, notes=POISON)
    settle(w)
    [twin] = w.app.live()
    w.app.edit(twin, first_name="Anna")
    settle(w)
    assert w.counts() == {"failed": 1}
    assert w.hub.live()[pk]["first_name"] == "Ann"
    poisoned_ingest()
    syncs.resync(sync=w.sync, by=None, status="failed")
    settle(w)
    assert w.counts() == {"insync": 1}
    assert w.hub.live()[pk]["first_name"] == "Anna"
    w.assert_equal()


def test_a_change_at_its_side_is_a_new_try(world: Callable[..., World], poisoned_ingest: Poison) -> None:
    w = world()
    pk = w.hub.put({"email": "ann@example.com", "notes": POISON})
    w.initial()
    settle(w)
    assert w.counts() == {"failed": 1}
    w.hub.edit(pk, notes="harmless")
    settle(w)
    assert w.counts() == {"insync": 1}


def test_records_that_cannot_be_matched_are_set_aside(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = with_neighbours(world())
    w.app.put({"email": POISON})
    w.app.put({"email": "p1@example.com"})
    resolve = pairing.resolve

    def stumbling(candidates: Any, rule: Any) -> Any:
        if POISON in {w.link(pk=candidate.row).label for candidate in candidates}:
            raise ZeroDivisionError
        return resolve(candidates, rule)

    monkeypatch.setattr(pairing, "resolve", stumbling)
    w.initial()
    settle(w)
    assert w.counts() == {"insync": 9, "failed": 2}
    monkeypatch.undo()
    syncs.resync(sync=w.sync, by=None, status="failed")
    settle(w)
    assert w.counts() == {"insync": 10}


class Killed(BaseException):
    """The worker is gone: nothing below catches this."""


def go_on(w: World, slices_of_work: int) -> None:
    """Start what is due and do slices of it, whatever ends them."""
    for _ in range(slices_of_work):
        try:
            w.poll()
        except Killed:
            w.lift_waits()


@pytest.mark.parametrize("fault", [Killed, ZeroDivisionError])
def test_a_record_at_whose_reading_the_worker_ends_is_set_aside_and_the_others_cross(
    world: Callable[..., World], fault: type[BaseException]
) -> None:
    """Its id came from a listing, and whoever reads it by id is gone: the whole inbox waits behind it."""
    w = with_neighbours(world(hub=Abilities(partial_scan=True, change_feed=False)))
    resolve = w.hub.resolve

    def ends(id: str) -> Any:
        row = resolve(id)
        if row and row.values["email"] == POISON:
            raise fault
        return row

    w.hub.resolve = ends  # type: ignore[method-assign]
    with suppress(Killed):
        w.initial()
    go_on(w, 45)
    assert w.counts() == {"insync": 9, "failed": 1}
    assert w.link(status="failed").code == "RECORD_PARKED"
    calls = w.hub.calls
    w.poll()
    assert w.hub.calls - calls < 5, "it is not read again unless it changes"
    w.hub.resolve = resolve  # type: ignore[method-assign]
    syncs.resync(sync=w.sync, by=None, status="failed")
    settle(w)
    assert w.counts() == {"insync": 10}


def test_nobody_is_set_aside_after_the_culprit(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is killed right after it has set one aside has no time to say that the trouble is over."""
    w = world()
    w.hub.put({"email": POISON})
    for number in range(5):
        w.hub.put({"email": f"p{number}@example.com"})
    plan_row = work.plan_row
    ends = [POISON]

    def killed(ctx: Any, row: Any, moment: Any) -> Any:
        if row.hub_key in ends:
            raise Killed
        return plan_row(ctx, row, moment)

    monkeypatch.setattr(writing, "plan_row", killed)
    with suppress(Killed):
        w.initial()
    ends.append("p0@example.com")  # the record after it ends a worker, too, but only once
    for _ in range(60):
        try:
            w.poll()
        except Killed:
            w.lift_waits()
        if w.counts().get("failed"):
            ends[1:] = []
    assert w.counts() == {"insync": 5, "failed": 1}


def test_what_is_no_record_s_fault_is_tried_more_and_more_seldom(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that cannot be taken apart, and a worker that says nothing when it ends."""
    w = with_neighbours(world())
    broken = [ZeroDivisionError]

    def reads(ctx: Any) -> bool:
        raise broken[0]

    monkeypatch.setitem(slices.STEPS, "read_hub", reads)
    w.initial()
    for _ in range(50):
        w.poll()
    run = w.sync.runs.active().get()
    assert (run.next_slice_at or now()) > now() + timedelta(minutes=50)
    broken[0] = Killed  # type: ignore[assignment]
    with pytest.raises(Killed):
        w.poll()
    run.refresh_from_db()
    assert (run.next_slice_at or now()) > now() + timedelta(minutes=50)
    monkeypatch.undo()
    settle(w)
    assert w.counts() == {"insync": 10}


def test_stumbles_are_not_counted_beyond_what_their_column_holds(world: Callable[..., World]) -> None:
    w = with_neighbours(world())
    run = runs.start(sync=w.sync, kind=RunKind.INCREMENTAL)
    SyncRun.objects.filter(pk=run.pk).update(stumbles=32_767)
    assert Lease.take(run.pk)
    assert SyncRun.objects.get(pk=run.pk).stumbles <= 32_767


def test_a_database_that_is_away_sets_nobody_aside(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = with_neighbours(world())

    def away(*args: Any) -> Any:
        raise OperationalError

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "keys_of", away)
        w.initial()
        for _ in range(2):
            w.poll()
    settle(w)
    assert w.counts() == {"insync": 10}


@pytest.mark.parametrize("name", ["take", "forgive", "release"])
def test_a_database_that_is_away_at_the_lease_itself_raises_nothing(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    w = with_neighbours(world())

    def away(*args: Any) -> Any:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(Lease, name, away)
        patched.setattr(ingest, "keys_of", away)
        w.initial()
    w.poll()
    settle(w)
    assert w.counts() == {"insync": 10}


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
