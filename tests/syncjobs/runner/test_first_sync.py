"""The initial sync and what follows it, between two apps in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryConnector
from integrations.records import Create, Side, Verdict
from syncjobs.models import ConstantField, RecordLink, RunEvent, WriteIntent
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def test_records_of_one_side_are_made_at_the_other(world: Make) -> None:
    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.put({"email": "bob@example.com", "first_name": "Bob"})
    w.initial()
    w.assert_equal()
    assert w.counts() == {"insync": 2}
    assert w.quiet_writes() == 0


def test_the_same_person_at_both_sides_is_linked_and_blanks_are_filled(world: Make) -> None:
    w = world()
    w.hub.put({"email": "Ada@Example.com", "first_name": "Ada", "last_name": None})
    w.app.put({"email": "ada@example.com", "first_name": None, "last_name": "Lovelace"})
    w.initial()
    assert len(w.hub.live()) == len(w.app.live()) == 1
    assert w.values(Side.HUB)["ada@example.com"]["last_name"] == "Lovelace"
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Ada"
    assert w.counts() == {"insync": 1}


def test_what_hangs_on_a_half_that_is_matched_goes_with_it_and_all_goes_with_the_sync(world: Make) -> None:
    w = world()
    ada = w.app.put({"email": "not an address", "first_name": "Ada"})
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.hub.put({"email": "bob@example.com"})
    w.app.fields = [replace(field, unique=False) for field in w.app.fields]
    w.initial()
    half = w.link(app_id=ada)
    assert RunEvent.objects.filter(link=half, result="excluded").exists()
    RecordLink.objects.filter(hub_key="ada@example.com").update(app_id=None, app_key="", dirty=1)
    w.app.edit(ada, email="ada@example.com")
    w.poll()
    assert not RecordLink.objects.filter(pk=half.pk).exists()
    assert not RunEvent.objects.filter(link_id=half.pk).exists()
    assert WriteIntent.objects.exists()
    w.sync.delete()
    assert not WriteIntent.objects.exists()


def test_values_that_differ_at_first_sight_follow_the_winner_and_the_loser_is_in_the_ledger(world: Make) -> None:
    w = world(winner="app")
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"})
    w.initial()
    assert w.values(Side.HUB)["ada@example.com"]["first_name"] == "Augusta"
    change = w.link().changes.get(field="first_name")
    assert (change.old, change.new, change.loser, change.side, change.rule) == (
        "Ada",
        "Augusta",
        "Ada",
        "hub",
        "winner_app",
    )


def test_a_full_page_of_each_side_costs_one_read_and_one_write_per_hundred(world: Make) -> None:
    w = world()
    for number in range(1000):
        w.hub.put({"email": f"p{number}@example.com", "first_name": f"P{number}"})
    w.initial()
    w.assert_equal()
    log = w.hub.log + w.app.log
    assert sum(verb == "scan" for verb, _ in w.hub.log) == 10
    assert sum(verb == "create" for verb, _ in w.app.log) == 10
    assert (
        sum(verb in ("scan", "create", "update", "read", "find") for verb, _ in log) == 21
    )  # and one look at the empty side


def test_before_a_batch_is_sent_it_is_announced_and_the_one_before_is_settled(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a stop loses one batch of work, whenever it comes."""
    w = world(app=Abilities(write_batch=2))
    for number in range(5):
        w.hub.put({"email": f"p{number}@example.com"})
    seen = []
    create = MemoryConnector.create

    def looking(connector: MemoryConnector, kind: str, items: Sequence[Create], **more: Any) -> list[Verdict]:
        announced = {str(intent.key) for intent in WriteIntent.objects.filter(state="sent")}
        seen.append((announced == {item.key for item in items}, w.counts()))
        return create(connector, kind, items, **more)

    monkeypatch.setattr(MemoryConnector, "create", looking)
    w.initial()
    assert seen == [(True, {"pending": 5}), (True, {"pending": 3, "insync": 2}), (True, {"pending": 1, "insync": 4})]
    assert w.counts() == {"insync": 5}


def test_what_was_made_is_settled_although_the_next_batch_cannot_be_looked_for(world: Make) -> None:
    w = world(app=Abilities(write_batch=2, create_upserts_by="email"))
    for number in range(4):
        w.hub.put({"email": f"p{number}@example.com"})
    w.app.fail("find", lambda: errors.Unavailable("down"), skip=1)
    w.initial()
    assert w.counts() == {"pending": 2, "insync": 2}
    assert not WriteIntent.objects.filter(state="sent").exists()
    w.settle()
    w.assert_equal()


def test_nothing_changed_costs_one_call_a_side_and_writes_nothing_at_home(
    world: Make, django_assert_num_queries: object
) -> None:
    w = world()
    for number in range(150):
        w.hub.put({"email": f"p{number}@example.com"})
    w.initial()
    w.settle()
    runs_before = w.sync.runs.count()
    calls = w.hub.calls + w.app.calls
    w.poll()
    assert w.hub.calls + w.app.calls - calls == 2
    assert w.sync.runs.count() == runs_before


@pytest.mark.parametrize("side", list(Side))
def test_a_change_follows_and_comes_back_as_no_echo(world: Make, side: Side) -> None:
    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    peer = w.hub if side is Side.HUB else w.app
    peer.edit(next(iter(peer.live())), first_name="Augusta", score="7")
    w.settle()
    w.assert_equal()
    assert w.values(side.other)["ada@example.com"]["first_name"] == "Augusta"
    assert w.quiet_writes() == 0


def test_a_webhook_hint_is_read_and_carried_over_without_a_poll(world: Make) -> None:
    w = world()
    pk = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    w.hub.edit(pk, first_name="Augusta")
    w.hub.log.clear()
    w.hint(Side.HUB, pk)
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Augusta"
    assert [verb for verb, _ in w.hub.log] == ["read"]


def test_several_records_with_one_address_sync_once_and_the_others_are_listed(world: Make) -> None:
    w = world()
    w.app.fields = [f for f in w.app.fields if f.name != "email"] + [
        type(w.app.fields[0])("email", "E-mail", w.app.fields[0].type)
    ]
    old = w.app.put({"email": "ada@example.com", "notes": "old"})
    new = w.app.put({"email": "ada@example.com", "notes": "new"})
    w.hub.put({"email": "ada@example.com"})
    w.initial()
    assert len(w.hub.live()) == 1
    assert w.link(hub_id__isnull=False).app_id == new
    assert w.link(app_id=old).code == "DUPLICATE_IN_SOURCE"
    assert w.counts() == {"insync": 1, "excluded": 1}


def test_of_several_records_with_one_address_one_may_not_tell_when_it_was_changed(world: Make) -> None:
    w = world()
    w.initial()
    values = {"email": "ada@example.com", "first_name": "Ada"}
    for id, moment in (("1", None), ("2", now())):
        half = RecordLink(sync=w.sync, hub_id=id, hub_now=values, hub_key="ada@example.com", dirty=1)
        half.hub_modified_at = moment
        half.save()
    w.app.put({"email": "ada@example.com", "first_name": "Ada"})
    w.poll()
    assert w.link(app_id__isnull=False).hub_id == "2"
    assert w.link(hub_id="1").code == "DUPLICATE_IN_SOURCE"


def test_a_record_without_a_valid_address_is_excluded_with_the_reason(world: Make) -> None:
    w = world()
    w.hub.put({"email": None, "first_name": "Nobody"})
    w.hub.put({"email": "not an address", "first_name": "Odd"})
    w.initial()
    assert w.app.live() == {}
    assert {link.code for link in w.sync.links.all()} == {"EMAIL_REQUIRED", "EMAIL_INVALID"}


def test_one_way_never_writes_to_its_source(world: Make) -> None:
    w = world(direction="to_app")
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    pk = w.app.put({"email": "bob@example.com", "first_name": "Bob"})
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"})
    w.initial()
    w.app.edit(pk, first_name="Robert")
    w.settle()
    assert w.hub.writes == 0
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Ada"
    assert w.link(app_id=pk).code == "DIRECTION_ONE_WAY"


def test_one_way_stamps_no_constant_at_its_source(world: Make) -> None:
    w = world(direction="to_app")
    ConstantField.objects.create(sync=w.sync, side="hub", field="notes", value="from a time when it went both ways")
    for peer in (w.hub, w.app):
        peer.put({"email": "ada@example.com"})
    w.initial()
    w.settle()
    assert w.hub.writes == 0


def test_a_listing_that_shows_little_is_completed_by_reads(world: Make) -> None:
    able = Abilities(change_feed=False, sees_deletions=False, partial_scan=True, read_batch=10, containers="list")
    w = world(app=able)
    w.app.listed_fields = ("email", "first_name")
    for number in range(25):
        w.app.put({"email": f"p{number}@example.com", "first_name": f"P{number}", "score": str(number)})
    w.initial()
    w.assert_equal()
    assert w.quiet_writes() == 0


def test_a_deleted_record_is_flagged_and_its_twin_stays(world: Make) -> None:
    w = world()
    pk = w.hub.put({"email": "ada@example.com"})
    w.initial()
    w.hub.remove(pk)
    w.settle()
    assert len(w.app.live()) == 1
    assert w.counts() == {"deleted_hub": 1}
    assert w.link().code == "DELETED_IN_HUB"


def test_a_deletion_that_no_feed_tells_is_found_by_absence_and_a_read(world: Make) -> None:
    w = world(app=Abilities(change_feed=False, sees_deletions=False))
    for number in range(3):
        w.app.put({"email": f"p{number}@example.com"})
    w.initial()
    w.app.remove("2")
    w.settle()
    assert w.counts() == {"insync": 2, "deleted_app": 1}


def test_the_policy_delete_removes_the_twin(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    pk = w.hub.put({"email": "ada@example.com"})
    w.initial()
    w.hub.remove(pk)
    w.settle()
    assert w.app.live() == {}


@pytest.mark.parametrize("partial", [False, True])
def test_what_a_listing_shows_late_of_a_deleted_record_does_not_bring_it_back(world: Make, partial: bool) -> None:
    w = world(hub=Abilities(visibility_lag=8, partial_scan=partial), when_deleted_in_app="delete")
    w.hub.listed_fields = ("email",)
    ids = [w.app.put({"email": f"{name}@example.com"}) for name in ("ada", "bob")]
    w.initial()
    w.settle()
    w.app.remove(ids[0])
    w.poll()
    assert list(w.values(Side.HUB)) == ["bob@example.com"]
    w.poll()  # at once: the listing shows the record that we deleted
    assert list(w.values(Side.APP)) == ["bob@example.com"]
    w.settle()
    assert w.counts() == {"insync": 1, "deleted_app": 1}
    assert w.quiet_writes() == 0


def test_a_mass_deletion_stops_the_sync_and_names_the_number(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    ids = [w.hub.put({"email": f"p{number}@example.com"}) for number in range(60)]
    w.initial()
    for pk in ids[:40]:
        w.hub.remove(pk)
    w.poll()
    w.sync.refresh_from_db()
    assert (w.sync.state, w.sync.state_code, w.sync.state_detail) == ("suspended", "GUARD_MASS_DELETE", "40")
    assert len(w.app.live()) == 60


def test_merged_records_leave_one_link_that_goes_on(world: Make) -> None:
    w = world(hub=Abilities(merges=True))
    one = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    two = w.hub.put({"email": "lovelace@example.com", "first_name": "A."})
    w.initial()
    survivor = w.hub.merge(one, two, new_id=True)
    w.hub.edit(survivor, first_name="Augusta")
    w.hint(Side.HUB, one, two, survivor)
    w.settle()
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Augusta"
    assert len(w.hub.live()) == 1
    left_behind = w.link(code="MERGED_AWAY")
    w.app.edit(left_behind.app_id or "", first_name="Somebody else")
    w.settle()
    assert next(iter(w.hub.live().values()))["first_name"] == "Augusta"
    assert w.link(code="MERGED_AWAY").status == "excluded"


def test_a_refused_record_fails_alone_and_is_not_forgotten(world: Make) -> None:
    from integrations.errors import Refused

    w = world()
    bad = w.hub.put({"email": "bad@example.com", "first_name": "Bad"})
    w.hub.put({"email": "good@example.com", "first_name": "Good"})
    w.app.refuse = lambda values: (
        Refused("no", code="VALUE_TOO_LONG", field="first_name") if values.get("first_name") == "Bad" else None
    )
    w.initial()
    assert w.counts() == {"insync": 1, "failed": 1}
    assert (w.link(hub_id=bad).code, w.link(hub_id=bad).field) == ("VALUE_TOO_LONG", "first_name")
    w.hub.edit(bad, first_name="Better")
    w.settle()
    w.assert_equal()


@pytest.mark.parametrize("side", list(Side))
def test_a_record_made_anew_in_place_of_a_deleted_one_takes_over_its_link(world: Make, side: Side) -> None:
    w = world()
    peer, other = (w.hub, w.app) if side is Side.HUB else (w.app, w.hub)
    old = peer.put({"email": "ada@example.com", "first_name": "Ada"})
    w.initial()
    peer.remove(old)
    w.settle()
    assert w.counts() == {f"deleted_{side}": 1}
    peer.put({"email": "ada@example.com", "first_name": "Augusta"})
    w.settle()
    assert w.counts() == {"insync": 1}
    assert len(peer.live()) == len(other.live()) == 1
