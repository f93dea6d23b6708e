"""Histories that once lost, doubled or blocked something."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import FieldChange, PendingChange, RecordLink, RunKind, Sync, SyncCount, SyncFilter, SyncRun
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def two_pairs(w: World) -> None:
    for name in ("ada", "bob"):
        w.hub.put({"email": f"{name}@example.com", "first_name": name.title()})
    w.initial()
    w.settle()
    assert w.counts() == {"insync": 2}


def by_email(w: World, side: Side, email: str) -> str:
    peer = w.hub if side is Side.HUB else w.app
    return next(id for id, values in peer.live().items() if values["email"] == email)


@pytest.mark.parametrize("new_id", [False, True])
def test_an_edit_of_a_merged_records_twin_does_not_block_the_sync(world: Make, new_id: bool) -> None:
    w = world(hub=Abilities(merges=True))
    two_pairs(w)
    ada, bob = by_email(w, Side.HUB, "ada@example.com"), by_email(w, Side.HUB, "bob@example.com")
    w.hub.merge(ada, bob, new_id=new_id)
    w.app.edit(by_email(w, Side.APP, "bob@example.com"), first_name="Robert")
    w.hub.put({"email": "eve@example.com"})
    w.settle()
    assert "eve@example.com" in w.values(Side.APP)
    assert not w.sync.runs.active().exists()
    assert w.counts().get("pending", 0) == 0
    assert w.quiet_writes() == 0


def test_trying_a_merged_away_record_again_makes_no_copy(world: Make) -> None:
    w = world(hub=Abilities(merges=True))
    two_pairs(w)
    ada, bob = by_email(w, Side.HUB, "ada@example.com"), by_email(w, Side.HUB, "bob@example.com")
    w.hub.merge(ada, bob)
    w.settle()
    n = len(w.app.live()), len(w.hub.live())
    syncs.resync(sync=w.sync, by=None, status="excluded")
    w.settle()
    assert (len(w.app.live()), len(w.hub.live())) == n


def test_a_person_asking_again_while_a_chunk_is_under_way_keeps_counts_exact(world: Make) -> None:
    w = world()
    w.app.refuse = lambda values: errors.Refused("no", code="VALIDATION_RULE")
    w.hub.put({"email": "ada@example.com"})
    w.initial()
    assert w.counts() == {"failed": 1}
    w.app.refuse = lambda values: None
    RecordLink.objects.update(dirty=3)

    def meanwhile(values: object) -> None:
        w.app.refuse = lambda values: None
        syncs.resync(sync=w.sync, by=None, status="failed")

    w.app.refuse = meanwhile  # type: ignore[assignment]
    w.poll()
    w.settle()
    assert w.counts() == {"insync": 1}


def test_a_twin_that_never_agreed_is_not_deleted_with_its_record(world: Make) -> None:
    w = world(when_deleted_in_hub="delete", winner="ask")
    hub = w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"})
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    w.app.fail("update", lambda: errors.RateLimited("wait"))
    w._finish(run)
    RecordLink.objects.update(dirty=3, hub_seen=None, app_seen=None)  # matched, and not merged yet
    w.hub.remove(hub)
    w.settle()
    assert len(w.app.live()) == 1


def test_a_record_restored_after_we_deleted_its_twin_is_made_again(world: Make) -> None:
    w = world(when_deleted_in_hub="delete", when_deleted_in_app="delete")
    two_pairs(w)
    ada = by_email(w, Side.HUB, "ada@example.com")
    w.hub.remove(ada)
    w.settle()
    assert list(w.values(Side.APP)) == ["bob@example.com"]
    w.hub.rows[ada].dead = False
    w.hub.edit(ada, first_name="Ada again")
    w.settle()
    w.assert_equal()
    assert sorted(w.values(Side.APP)) == ["ada@example.com", "bob@example.com"]


def test_an_inbox_that_never_empties_does_not_starve_the_polls(world: Make) -> None:
    w = world()
    two_pairs(w)
    Sync.objects.update(next_poll_at=now() - timedelta(minutes=5))
    PendingChange.objects.create(sync=w.sync, side="hub", remote_id="1")
    w.sync.refresh_from_db()
    runs.wake(w.sync)
    assert not w.sync.runs.active().get().phases.get("only_inbox")


def test_writes_that_were_not_sent_are_not_taken_for_a_fight(world: Make) -> None:
    w = world()
    two_pairs(w)
    w.hub.edit(by_email(w, Side.HUB, "ada@example.com"), first_name="Augusta")
    for _ in range(6):
        w.app.refuse = lambda values: errors.RateLimited("slow", retry_after=1)
        w.poll()
    w.app.refuse = lambda values: None
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 2}
    assert FieldChange.objects.filter(field="first_name", new="Augusta").count() == 1


def test_writes_without_an_answer_are_not_taken_for_a_fight(world: Make) -> None:
    w = world()
    two_pairs(w)
    w.hub.edit(by_email(w, Side.HUB, "ada@example.com"), first_name="Augusta")
    for _ in range(6):
        w.app.fail("update", lambda: errors.NoAnswer("HTTP 503"))
        w.poll()
    w.settle()
    w.assert_equal()
    assert w.counts() == {"insync": 2}
    assert FieldChange.objects.filter(field="first_name", new="Augusta").count() == 1


@pytest.mark.parametrize("error", [lambda: errors.NoAnswer("lost"), lambda: errors.StaleVersion("moved")])
def test_one_field_that_waits_for_a_person_does_not_drop_another_that_was_not_sent(
    world: Make, error: Callable[[], errors.ConnectorError]
) -> None:
    w = world()
    w.sync.mappings.filter(hub_field="last_name").update(winner="ask")
    two_pairs(w)
    hub, app = by_email(w, Side.HUB, "ada@example.com"), by_email(w, Side.APP, "ada@example.com")
    w.hub.edit(hub, first_name="Augusta", last_name="King")
    w.app.edit(app, last_name="Byron")
    failed = []

    def once(values: object) -> errors.ConnectorError | None:
        failed.append(1)
        return error() if len(failed) == 1 else None

    w.app.refuse = once
    w.settle()
    assert w.app.live()[app]["first_name"] == "Augusta"
    assert w.link(hub_id=hub).code == "CONFLICT_UNRESOLVED"


def test_two_creates_that_the_app_answers_with_one_record_do_not_block_the_others(world: Make) -> None:
    w = world(app=Abilities(create_upserts_by="last_name"))
    w.app.fields = [f for f in w.app.fields if f.name != "email"] + [
        type(f)(f.name, f.label, f.type) for f in w.app.fields if f.name == "email"
    ]
    for name in ("ada", "bob"):
        w.hub.put({"email": f"{name}@example.com", "last_name": "Same"})
    w.hub.put({"email": "eve@example.com", "last_name": "Other"})
    w.initial()
    w.settle()
    assert w.link(label="Other").status == "insync"
    assert [link.code for link in RecordLink.objects.filter(app_id=None)] == ["LINK_CONFLICT"]
    assert not w.sync.runs.active().exists()


def test_a_deletion_counts_once(world: Make) -> None:
    w = world(when_deleted_in_hub="delete")
    two_pairs(w)
    w.hub.remove(by_email(w, Side.HUB, "ada@example.com"))
    w.settle()
    assert SyncRun.objects.order_by("-pk").first().counts["deleted"] == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("asked", [False, True])
def test_an_aborted_initial_sync_is_made_up_for(world: Make, asked: bool) -> None:
    """Also where somebody has asked for a run while the sync was off, from a page that still showed it on."""
    w = world()
    two_pairs(w)
    runs.start(sync=w.sync, kind=RunKind.INITIAL)
    syncs.turn_off(sync=w.sync, by=None)
    if asked:
        syncs.run_now(sync=w.sync, by=None)
    syncs.resume(sync=w.sync, by=None)
    assert w.sync.runs.active().get().kind == RunKind.INITIAL


def test_a_field_that_went_away_does_not_make_every_poll_read_everything(world: Make) -> None:
    w = world(app=Abilities(change_feed=False, partial_scan=True, sees_deletions=False))
    w.app.listed_fields = ("email", "first_name")
    two_pairs(w)
    w.sync.mappings.filter(app_field="notes").update(on=False)
    w.settle()
    w.poll()
    w.app.log.clear()
    w.poll()
    assert [entry for entry in w.app.log if entry[0] == "read"] == []
    assert SyncCount.objects.get(sync=w.sync, status="insync").n == 2


def test_text_that_no_database_takes_does_not_block_the_sync(world: Make) -> None:
    w = world()
    w.hub.put({"email": "ada@example.com", "first_name": "A\x00da", "notes": "\ud83d cut in half"})
    w.hub.put({"email": "bob@example.com"})
    w.initial()
    w.settle()
    assert w.counts() == {"insync": 2}
    assert w.values(Side.APP)["ada@example.com"]["first_name"] == "Ada"


def test_a_pause_in_the_last_moment_of_the_initial_sync_holds(world: Make) -> None:
    w = world()

    class Ear(list):  # type: ignore[type-arg]
        def append(self, call: tuple[str, int]) -> None:
            if call[0] == "scan":
                syncs.pause(sync=Sync.objects.get(), by=None)

    w.hub.log = Ear()
    w.initial()
    w.sync.refresh_from_db()
    assert w.sync.state == "paused"


def test_a_schema_that_changed_is_planned_under_once(world: Make) -> None:
    w = world(app=Abilities(change_feed=False, partial_scan=True, sees_deletions=False))
    w.app.listed_fields = ("email", "first_name")
    two_pairs(w)
    w.sync.mappings.filter(app_field="notes").update(on=False)
    w.settle()
    w.poll()
    before = w.link(hub_id="1").status_since
    w.poll()
    assert w.link(hub_id="1").status_since == before


def test_a_scan_that_misses_many_notes_them_all(world: Make) -> None:
    w = world(app=Abilities(change_feed=False, sees_deletions=False, containers="list"))
    w.app.lists = {"a": "A"}
    for n in range(5):
        w.app.put({"email": f"p{n}@example.com"}, lists=["a"])
    w.initial()
    w.settle()
    for id in list(w.app.live()):
        w.app.remove(id)
    w.settle()
    assert w.counts() == {"deleted_app": 5}


def test_a_change_found_months_later_ends_its_run(world: Make) -> None:
    w = world()
    two_pairs(w)
    w.hub.edit(by_email(w, Side.HUB, "ada@example.com"), first_name="Augusta")  # by the test world's clock: long ago
    w.settle()
    assert not w.sync.runs.active().exists()
    w.sync.refresh_from_db()
    assert w.sync.lag_ms is not None


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("new_id", [False, True])
def test_the_twin_of_a_record_merged_into_one_without_a_twin_becomes_its_twin(
    world: Make, new_id: bool, refused: bool
) -> None:
    w = world(hub=Abilities(merges=True))
    no = errors.Refused("no", code="VALIDATION_RULE")
    if refused:
        w.app.refuse = lambda values: no if values["email"] == "ada@example.com" else None
    else:
        SyncFilter.objects.create(sync=w.sync, side="hub", groups=[[{"field": "score", "operator": "known"}]])
    ada = w.hub.put({"email": "ada@example.com"})
    bob = w.hub.put({"email": "bob@example.com", "score": "5"})
    w.initial()
    w.settle()
    assert w.counts() == {"insync": 1, "failed" if refused else "excluded": 1}
    w.app.refuse = lambda values: None
    w.hub.merge(ada, bob, new_id=new_id)
    w.settle()
    assert w.counts() == {"insync": 1}
    w.assert_equal()
    assert w.quiet_writes() == 0


def test_an_address_that_one_record_hands_to_another_follows(world: Make) -> None:
    w = world()
    two_pairs(w)
    ada, bob = by_email(w, Side.HUB, "ada@example.com"), by_email(w, Side.HUB, "bob@example.com")
    w.hub.edit(bob, email="robert@example.com")
    w.hub.edit(ada, email="bob@example.com")  # written first, while Bob still has it in the app
    w.settle()
    assert w.counts() == {"insync": 2}
    w.assert_equal()


def test_the_deletion_of_a_record_that_left_the_filter_does_not_cross(world: Make) -> None:
    w = world(leaving="stop", when_deleted_in_hub="delete", direction="to_app")
    SyncFilter.objects.create(sync=w.sync, side="hub", groups=[[{"field": "score", "operator": "known"}]])
    ada, bob = (w.hub.put({"email": f"{name}@example.com", "score": "5"}) for name in ("ada", "bob"))
    w.initial()
    w.settle()
    w.hub.edit(ada, score=None)
    w.settle()
    assert w.counts() == {"insync": 1, "excluded": 1}
    w.hub.remove(ada)
    w.hub.remove(bob)
    w.settle()
    assert w.counts() == {"deleted_hub": 2}
    assert list(w.values(Side.APP)) == ["ada@example.com"]
