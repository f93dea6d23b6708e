"""What goes wrong between two apps, and what becomes of it: nothing doubled, nothing lost, always a state that people can read."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.engine.merge import Rule
from syncjobs.health.catalogue import describe
from syncjobs.models import FieldChange, PendingChange, RecordLink, RunKind, Sync, SyncRun, SyncState, WriteIntent
from syncjobs.runner import context, inbox, settling, slices
from syncjobs.runner.lease import Lease, LeaseLost
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import World, before_the_next_delete

Make = Callable[..., World]


class Killed(BaseException):
    """The worker is gone: nothing below catches this."""


def people(w: World, n: int = 5) -> None:
    for number in range(n):
        w.hub.put({"email": f"hub{number}@example.com", "first_name": f"H{number}"})
        w.app.put({"email": f"app{number}@example.com", "first_name": f"A{number}"})


@pytest.mark.parametrize("verb", ["scan", "changes", "create", "read"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("side", list(Side))
def test_a_worker_killed_around_any_call_doubles_and_loses_nothing(
    world: Make, verb: str, when: str, side: Side
) -> None:
    w = world()
    people(w)
    peer = w.hub if side is Side.HUB else w.app
    peer.fail(verb, Killed, when=when)  # type: ignore[arg-type]
    try:
        w.initial()
        w.settle()
    except Killed:
        w.lift_waits()
    w.settle()
    w.assert_equal()
    assert len(w.hub.live()) == len(w.app.live()) == 10
    assert w.counts() == {"insync": 10}
    assert w.quiet_writes() == 0


def test_a_create_whose_answer_is_lost_is_looked_up_and_adopted(world: Make) -> None:
    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.fail("create", lambda: errors.NoAnswer("lost"), when="after")
    w.initial()
    w.settle()
    assert len(w.app.live()) == 1
    assert w.counts() == {"insync": 1}
    assert WriteIntent.objects.get().state == "done"


def test_a_create_that_lands_late_is_not_sent_twice(world: Make) -> None:
    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.land_late = True
    w.initial()
    w.app.land_late = False
    w.settle()
    assert len(w.app.live()) == 1
    w.assert_equal()


def test_a_record_deleted_while_its_create_has_no_answer_does_not_come_back(world: Make) -> None:
    w = world(app=Abilities(visibility_lag=8))
    w.initial()
    ada = w.hub.put({"email": "ada@example.com"})
    w.app.fail("create", lambda: errors.NoAnswer("lost"), when="after")
    w.poll()
    w.hub.remove(ada)
    w._finish(runs.start(sync=w.sync, kind=RunKind.INCREMENTAL))  # at once: what was made cannot be found yet
    w.settle()
    assert w.hub.live() == {}
    assert w.counts() == {"deleted_hub": 1}


@pytest.mark.parametrize("before", [None, errors.Locked("busy"), errors.NoAnswer("lost")])
def test_a_create_that_another_worker_still_waits_for_is_not_sent_again(world: Make, before: Any) -> None:
    """The app takes ten seconds for it; meanwhile somebody turns the sync off and on, and the next run does not find the record."""
    w = world(identifiers=[{"hub_field": "last_name", "app_field": "last_name", "strong": True}])
    w.hub.put({"email": "ada@example.com", "last_name": "Lovelace"})

    def meanwhile(values: Any) -> None:
        w.app.refuse = lambda values: None
        with time_machine.travel(now() + timedelta(seconds=10)):
            w.sync.refresh_from_db()
            syncs.turn_off(sync=w.sync, by=None)
            syncs.resume(sync=w.sync, by=None)
            w._finish(w.sync.runs.active().get())

    w.app.fields = [replace(one, unique=False) for one in w.app.fields]
    if before:  # an earlier try
        w.app.refuse = lambda values: before
        w.initial()
    w.app.refuse = meanwhile
    w.poll() if before else w.initial()
    w.settle()
    assert len(w.app.live()) == 1
    assert w.counts() == {"insync": 1}


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_app_that_knows_our_key_is_sent_a_nameless_record_again(world: Make, when: str) -> None:
    """Nothing identifies it, and the app rewrites it, so that it cannot be told by its values."""
    w = world(app=Abilities(idempotent_creates=True), email_only=False)
    w.app.rewrite = lambda name, value: value.upper() if isinstance(value, str) else value
    w.hub.put({"first_name": "Ada", "notes": "No address"})
    w.app.fail("create", lambda: errors.NoAnswer("lost"), when=when)
    w.initial()
    w.settle()
    assert len(w.app.live()) == 1
    assert w.counts() == {"insync": 1}


def test_creates_that_meet_what_is_there_are_linked_however_many(world: Make) -> None:
    """The app tells of five records that a scan did not show, and reads two at a time."""
    w = world(app=Abilities(read_batch=2, visibility_lag=10_000))
    people(w, 5)
    for row in w.app.rows.values():
        row.values["email"] = str(row.values["email"]).replace("app", "hub")
    w.initial()
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 5}


def test_what_a_create_has_met_is_not_made_in_the_same_breath(world: Make) -> None:
    """As HubSpot, which takes no address that another contact has as its second one."""
    w = world()
    ada = w.hub.put({"email": "ada@work.example", "first_name": "Ada"})
    w.app.put({"email": "ada@home.example", "last_name": "King"})
    taken = errors.AlreadyExists("taken", existing_id=ada)
    w.hub.refuse = lambda values: taken if values.get("email") == "ada@home.example" else None
    w.initial()
    assert [entry for entry in w.app.log if entry[0] == "create"] == []
    w.settle()
    assert w.counts() == {"insync": 1}
    w.assert_equal()


def test_of_two_creates_that_meet_one_record_the_first_is_linked(world: Make) -> None:
    """To the app, two addresses that we tell apart are one."""
    w = world(app=Abilities(visibility_lag=10_000))
    w.app.identity = lambda value: str(value).replace(".", "") if value else value  # type: ignore[method-assign,assignment]
    first = w.hub.put({"email": "ada.l@example.com", "first_name": "Ada"})
    w.hub.put({"email": "a.dal@example.com", "first_name": "Adal"})
    w.app.put({"email": "adal@example.com"})
    w.initial()
    w.settle()
    assert w.link(hub_id=first).app_id == "1"
    assert w.link(code="UNIQUE_VALUE_TAKEN").status == "failed"


def test_records_that_exchange_an_address_fail_until_a_person_exchanges_it(world: Make) -> None:
    """Neither can go first: the app keeps the address of the other. What the failure says to do is what ends it."""
    w = world(winner="recent", clear_values=True)
    ids = [w.hub.put({"email": f"{name}@example.com", "first_name": name}) for name in ("ada", "bob")]
    w.initial()
    ada, bob = (str(w.link(hub_id=pk).app_id) for pk in ids)
    for pk, name in zip(ids, ("bob", "ada"), strict=True):
        w.hub.edit(pk, email=f"{name}@example.com", notes="Exchanged")
    w.settle()
    assert w.counts() == {"failed": 2}
    assert {link.code for link in RecordLink.objects.all()} == {"UNIQUE_VALUE_TAKEN"}
    assert "exchange it in Memory App by hand" in describe("UNIQUE_VALUE_TAKEN", app="Memory App").tip
    Sync.objects.update(state=SyncState.PAUSED)
    w.app.edit(ada, email=None)
    w.poll()  # in the middle of it
    w.app.edit(bob, email="ada@example.com")
    w.app.edit(ada, email="bob@example.com")
    Sync.objects.update(state=SyncState.ACTIVE)
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 2}
    assert w.quiet_writes() == 0


def test_a_slice_whose_time_went_into_looking_gets_something_done(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many writes without an answer, at an app that shows one record a call: each slice looks at some, and writes some."""
    w = world(app=Abilities(read_batch=5, read_calls=5, write_batch=5))
    ids = [w.hub.put({"email": f"p{number}@example.com", "first_name": "P"}) for number in range(40)]
    w.initial()
    for pk in ids:
        w.hub.edit(pk, first_name="Q")
    for _ in range(8):
        w.app.fail("update", lambda: errors.NoAnswer("lost"))
    w.poll()
    assert RecordLink.objects.exclude(app_expected=None).count() == 40
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    w.poll()
    w.assert_equal()
    assert w.counts() == {"insync": 40}


def test_an_update_whose_answer_is_lost_is_read_back_and_not_taken_for_an_edit(world: Make) -> None:
    w = world()
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.edit(pk, first_name="Augusta")
    w.app.fail("update", lambda: errors.NoAnswer("lost"), when="after")
    writes = w.hub.writes
    w.settle()
    w.assert_equal()
    assert w.hub.writes == writes
    assert w.quiet_writes() == 0


def test_an_edit_made_while_our_answer_was_lost_survives(world: Make) -> None:
    w = world(winner="recent")
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.edit(pk, first_name="Augusta")
    w.app.fail("update", lambda: errors.NoAnswer("lost"), when="after")
    w.poll()
    w.app.edit(next(iter(w.app.live())), first_name="Gussie")
    w.settle()
    assert w.values(Side.HUB)["ada@example.com"]["first_name"] == "Gussie"
    w.assert_equal()


def test_a_peer_that_cuts_values_does_not_destroy_the_original(world: Make) -> None:
    w = world()
    text = "A note that is rather longer than what the other side keeps"
    pk = w.hub.put({"email": "ada@example.com", "notes": text})
    w.app.rewrite = lambda name, value: value[:30] if name == "notes" and isinstance(value, str) else value
    w.initial()
    w.settle()
    assert w.hub.live()[pk]["notes"] == text
    assert w.link().code == "LOSSY_FIELD"
    w.app.edit(next(iter(w.app.live())), first_name="Ada")
    w.settle()
    assert w.hub.live()[pk]["notes"] == text
    assert w.quiet_writes() == 0


def test_an_expired_login_suspends_with_the_reason_and_reconnecting_goes_on(world: Make) -> None:
    w = world()
    people(w)
    w.app.fail("scan", lambda: errors.AuthRevoked("The key was rotated."))
    run = w.initial()
    w.sync.refresh_from_db()
    assert (w.sync.state, w.sync.state_code) == (SyncState.SUSPENDED, "AUTH_REVOKED")
    assert w.sync.app_instance.state == "needs_reauth"  # type: ignore[union-attr]
    syncs.resume(sync=w.sync, by=None)
    w.lift_waits()
    w._finish(run)
    w.settle()
    w.assert_equal()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RateLimited("slow down", retry_after=30), "RATE_LIMITED"),
        (errors.Unavailable("down"), "REMOTE_UNAVAILABLE"),
    ],
)
def test_a_busy_or_absent_app_makes_the_run_wait_and_say_so(world: Make, error: Exception, code: str) -> None:
    w = world()
    people(w)
    w.hub.fail("scan", lambda: error)  # type: ignore[arg-type,return-value]
    run = w.initial()
    run.refresh_from_db()
    assert run.is_active
    assert run.waiting_for == code
    assert run.next_slice_at is not None
    w.settle()
    w.assert_equal()


def test_an_expired_cursor_starts_over_with_a_scan(world: Make) -> None:
    w = world()
    people(w)
    w.initial()
    w.hub.edit(next(iter(w.hub.live())), first_name="Changed")
    w.hub.fail("changes", lambda: errors.CursorExpired("too old"))
    w.settle()
    w.assert_equal()


def test_pausing_keeps_what_waits_and_resuming_catches_up(world: Make) -> None:
    w = world()
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    syncs.pause(sync=w.sync, by=None)
    w.hub.edit(pk, first_name="Augusta")
    w.hint(Side.HUB, pk)
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Ada"
    w.sync.refresh_from_db()
    syncs.resume(sync=w.sync, by=None)
    w.settle()
    w.assert_equal()


def test_a_second_worker_cannot_take_a_lease_and_a_late_one_changes_nothing(world: Make) -> None:
    w = world()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    first = Lease.take(run.pk)
    assert first is not None
    assert Lease.take(run.pk) is None
    SyncRun.objects.filter(pk=run.pk).update(lease_until=None)
    second = Lease.take(run.pk)
    assert second is not None
    with pytest.raises(LeaseLost), first.transaction():
        RecordLink.objects.create(sync=w.sync, hub_id="1")
    assert not RecordLink.objects.exists()
    with second.transaction():
        pass


def test_the_lease_of_a_dead_worker_of_this_machine_is_freed_at_once(world: Make) -> None:
    import subprocess

    w = world()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    Lease.take(run.pk)
    assert Lease.free_dead() == 0
    gone = subprocess.Popen(["true"])
    gone.wait()
    owner = SyncRun.objects.get(pk=run.pk).lease_owner.rpartition(":")[0]
    SyncRun.objects.filter(pk=run.pk).update(lease_owner=f"{owner}:{gone.pid}")
    assert Lease.free_dead() == 1
    assert Lease.take(run.pk) is not None


def test_a_mapped_field_that_was_deleted_stops_alone_and_says_so(world: Make) -> None:
    w = world()
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada", "notes": "x"})
    w.initial()
    w.app.fields = [f for f in w.app.fields if f.name != "notes"]
    from integrations.models import ObjectSchema

    ObjectSchema.objects.all().delete()
    w.hub.edit(pk, first_name="Augusta", notes="y")
    w.settle()
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Augusta"
    row = w.sync.mappings.get(app_field="notes")
    assert row.problem == "FIELD_MISSING"
    assert "notes" in row.problem_detail


def test_ask_me_waits_for_a_person_and_their_answer_goes_across(world: Make) -> None:
    w = world(winner="ask")
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"})
    w.initial()
    assert (w.link().status, w.link().code) == ("review", "CONFLICT_UNRESOLVED")
    syncs.resolve_conflict(link=w.link(), field="first_name", keep=Side.APP, by=None)
    w.settle()
    assert w.values(Side.HUB)["ada@example.com"]["first_name"] == "Augusta"
    assert w.counts() == {"insync": 1}


def test_records_outside_the_chosen_lists_are_met_and_not_overwritten(world: Make) -> None:
    able = Abilities(create_upserts_by="email", containers="list", target_container=True)
    w = world(app=able, app_scope={"lists": ["mine"], "target_list": "mine"}, winner="app")
    w.app.lists = {"mine": "Mine", "other": "Other"}
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"}, lists=["other"])
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.settle()
    assert len(w.app.live()) == 1
    assert w.values(Side.HUB)["ada@example.com"]["first_name"] == "Augusta"


def test_an_answer_to_a_conflict_takes_nothing_back_that_a_run_has_done_meanwhile(world: Make) -> None:
    """The page showed the record, a run wrote another field of it, and then the person answered."""
    w = world(winner="ask")
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada", "last_name": "Old"})
    w.initial()
    [twin] = w.app.live()
    w.hub.edit(pk, first_name="Here")
    w.app.edit(twin, first_name="There")
    w.poll()
    shown = w.link()
    assert shown.code == "CONFLICT_UNRESOLVED"
    w.hub.edit(pk, last_name="New")
    w.poll()
    assert w.app.live()[twin]["last_name"] == "New"
    syncs.resolve_conflict(link=shown, field="first_name", keep=Side.HUB, by=None)
    w.app.edit(twin, last_name="Newer")
    w.settle()
    w.assert_equal()
    assert w.hub.live()[pk] == {"email": "ada@example.com", "first_name": "Here", "last_name": "Newer"}
    assert w.counts() == {"insync": 1}


def test_new_settings_are_applied_to_records_that_have_not_changed(world: Make) -> None:
    from syncjobs.models import Sync, SyncFilter

    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    SyncFilter.objects.create(
        sync=w.sync, side="hub", groups=[[{"field": "first_name", "operator": "is", "value": "Bob"}]]
    )
    w.initial()
    assert w.link().code == "FILTER_NOT_MATCHED"
    SyncFilter.objects.all().delete()
    Sync.objects.filter(pk=w.sync.pk).update(version=2)
    w.initial()
    assert w.counts() == {"insync": 1}


def test_a_fault_of_our_own_is_a_wait_and_no_traceback_for_people(world: Make, caplog: Any) -> None:
    w = world()
    people(w)
    w.hub.fail("scan", lambda: ZeroDivisionError("bug"))  # type: ignore[arg-type,return-value]
    run = w.initial()
    run.refresh_from_db()
    assert run.waiting_for == "INTERNAL_ERROR"
    assert slices.run_slice(run.pk) is None


def test_new_rules_alone_cost_an_app_of_few_calls_no_reads(world: Make) -> None:
    from syncjobs.models import Sync

    w = world(app=Abilities(change_feed=False, sees_deletions=False, partial_scan=True))
    w.app.listed_fields = ("email",)
    for number in range(5):
        w.app.put({"email": f"p{number}@example.com", "first_name": "P"})
    w.initial()
    w.app.log.clear()
    Sync.objects.filter(pk=w.sync.pk).update(version=2, winner="app")
    w.initial()
    assert [verb for verb, _ in w.app.log] == ["scan"]
    assert w.counts() == {"insync": 5}


def test_a_field_that_an_app_refuses_as_unknown_stops_alone_and_the_record_crosses_without_it(world: Make) -> None:
    w = world()
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada", "notes": "x"})
    w.initial()
    w.app.fields = [f for f in w.app.fields if f.name != "notes"]
    unknown = errors.Refused("no such field", code="FIELD_MISSING", field="notes")
    w.app.refuse = lambda values: unknown if values.get("notes") == "y" else None
    w.hub.edit(pk, first_name="Augusta", notes="y")
    w.settle()
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Augusta"
    assert w.sync.mappings.get(app_field="notes").problem == "FIELD_MISSING"
    assert w.counts() == {"insync": 1}


def test_a_short_wait_is_over_in_seconds_and_queued_once(world: Make) -> None:
    from datetime import timedelta

    from django.utils.timezone import now

    w = world()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    SyncRun.objects.filter(pk=run.pk).update(next_slice_at=now() + timedelta(minutes=1), waiting_for="RATE_LIMITED")
    assert runs.dispatch_waiting() == 0
    SyncRun.objects.filter(pk=run.pk).update(next_slice_at=now())
    assert runs.dispatch_waiting() == 1
    assert runs.dispatch_waiting() == 0
    w._finish(run)
    run.refresh_from_db()
    assert run.state == "done"


def test_a_record_that_is_never_as_we_know_it_fails_in_sight_and_is_tried_again(world: Make) -> None:
    """Whoever changes it all the time, or an app that says so for ever, keeps no run from ending."""
    w = world()
    pk = w.hub.put({"email": "a@example.com", "first_name": "Old"})
    w.initial()
    w.hub.edit(pk, first_name="New")
    refused = []

    def stale(values: Any) -> errors.ConnectorError:
        refused.append(values)
        return errors.StaleVersion("It has changed meanwhile.")

    w.app.refuse = stale
    w.poll()
    assert (w.link().status, w.link().code) == ("failed", "STALE_WRITE")
    assert not w.sync.runs.active().exists()
    assert len(refused) == settling.LOOKS + 1
    w.app.refuse = lambda values: None
    w.poll()
    assert w.link().status == "insync"
    w.assert_equal()


def test_a_record_that_is_another_at_each_look_fails_in_sight(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app works out a field at each read: what is looked at before a write never is what the plan was made of."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", 2.0)
    w = world()
    pk = w.hub.put({"email": "a@example.com", "first_name": "Old", "score": "0"})
    w.initial()
    resolve = w.app.resolve

    def anew(id: str) -> Any:
        row = resolve(id)
        if row:
            row.values["score"] = str(w.app.calls)
        return row

    w.app.resolve = anew  # type: ignore[method-assign]
    w.hub.edit(pk, first_name="New")
    calls = w.app.calls
    w.poll()
    assert (w.link().status, w.link().code) == ("failed", "STALE_WRITE")
    assert not w.sync.runs.active().exists()
    assert w.app.calls - calls <= settling.LOOKS + 4
    w.app.resolve = resolve  # type: ignore[method-assign]
    w.settle()
    assert w.link().status == "insync"
    w.assert_equal()


def test_a_hint_that_comes_while_we_read_is_kept_whatever_the_clocks_say(world: Make) -> None:
    """The machine that takes webhooks is a minute ahead of the one that took the others."""
    w = world()
    people(w, 2)
    w.initial()
    ahead = now() + timedelta(minutes=1)
    for pk, noted_at in (("1", now()), ("2", ahead)):
        PendingChange.objects.create(sync=w.sync, side="hub", remote_id=pk, noted_at=noted_at)
    resolve = w.hub.resolve

    def meanwhile(id: str) -> Any:
        later = ahead - timedelta(seconds=30)
        PendingChange.objects.filter(remote_id="1").update(noted_at=later)
        return resolve(id)

    w.hub.resolve = meanwhile  # type: ignore[method-assign]
    run = runs.start(sync=w.sync, only_inbox=True)
    ctx = context.build(w.sync, run, Lease.take(run.pk), time.monotonic() + 10)  # type: ignore[arg-type]
    inbox.step(ctx, Side.HUB)
    assert list(PendingChange.objects.values_list("remote_id", flat=True)) == ["1"]


def test_a_deletion_is_in_the_ledger_once_however_often_it_is_tried(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    pk = w.hub.put({"email": "a@example.com", "first_name": "Ann"})
    w.initial()
    w.hub.remove(pk)
    w.app.fail("delete", lambda: errors.Unavailable("away"))
    w.app.fail("delete", lambda: errors.NoAnswer("lost"), when="after")
    for _ in range(3):
        w.poll()
    assert w.app.live() == {}
    assert w.link().status == "deleted_hub"
    lines = FieldChange.objects.filter(sync=w.sync, rule=Rule.DELETED).values_list("field", flat=True)
    assert sorted(lines) == ["email", "first_name"]


def test_an_edit_between_our_look_and_our_deletion_beats_it(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    w = world(app=Abilities(conditional_writes=True), when_deleted_in_hub="delete")
    pk = w.hub.put({"email": "a@example.com", "first_name": "Ann"})
    w.initial()
    w.hub.remove(pk)
    before_the_next_delete(monkeypatch, lambda: w.app.edit(w.link().app_id or "", first_name="Anna"))
    w.settle()
    assert [values["first_name"] for values in w.app.live().values()] == ["Anna"]
    assert not FieldChange.objects.filter(sync=w.sync, rule=Rule.DELETED).exists()
    assert w.quiet_writes() == 0


def test_an_edit_of_what_is_not_mapped_costs_a_deletion_no_second_try(world: Make) -> None:
    w = world(app=Abilities(conditional_writes=True), when_deleted_in_hub="delete")
    pk = w.hub.put({"email": "a@example.com", "first_name": "Ann"})
    w.initial()
    w.app.edit(w.link().app_id or "", born="1999-12-31")
    w.hub.remove(pk)
    w.settle()
    assert w.app.live() == {}
    assert [entry for entry in w.app.log if entry[0] == "delete"] == [("delete", 1)]
