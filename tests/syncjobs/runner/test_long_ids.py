"""An id or a version that no column holds: the record fails with its reason, at once and for good; all others go on."""

from collections.abc import Callable

import pytest

from integrations.connectors.base import Abilities
from integrations.records import Hint, RemoteRecord, can_be_kept, is_stand_in, stand_in
from integrations.signals import hints_received
from syncjobs.health import words
from syncjobs.models import PendingChange, RunKind, SyncRun
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import World

LONG = "9" * 300
LISTED = Abilities(partial_scan=True, change_feed=False)


def scan(w: World) -> SyncRun:
    run = runs.start(sync=w.sync, kind=RunKind.FULL_SCAN)
    w._finish(run)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("abilities", [Abilities(), LISTED, Abilities(sees_deletions=False, change_feed=False)])
def test_a_long_id_is_refused_with_its_reason(world: Callable[..., World], abilities: Abilities) -> None:
    w = world(hub=abilities)
    w.hub.put({"email": "ann@example.com"}, id=LONG)
    w.hub.put({"email": "bob@example.com"})
    w.initial()
    w.settle()
    assert w.counts() == {"insync": 1, "failed": 1}
    link = w.link(status="failed")
    assert (link.code, link.side, link.dirty, link.app_id) == ("ID_TOO_LONG", "hub", 0, None)
    assert "200" in words.reason_of_link(link).cause  # type: ignore[union-attr]


def test_it_stays_what_it_is_through_scans_polls_and_resyncs(world: Callable[..., World]) -> None:
    w = world(hub=Abilities(change_feed=False))
    w.hub.put({"email": "ann@example.com"}, id=LONG)
    w.initial()
    link = w.link()
    scan(w)
    syncs.resync(sync=w.sync, by=None, status="failed")
    w.settle()
    w.hub.edit(LONG, first_name="Ann")
    w.settle()
    again = w.link()
    assert (again.pk, again.status, again.code) == (link.pk, "failed", "ID_TOO_LONG")
    assert not w.app.live()
    w.hub.remove(LONG)
    w.hub.rows.pop(LONG)
    scan(w)
    assert w.quiet_writes() == 0


def test_a_long_version_is_refused_too_and_cured_by_a_shorter_one(world: Callable[..., World]) -> None:
    w = world()
    pk = w.hub.put({"email": "ann@example.com"})
    w.hub.rows[pk].version = 10**150
    w.initial()
    assert (w.link().status, w.link().code) == ("failed", "ID_TOO_LONG")
    w.hub.rows[pk].version = 7
    w.hub.edit(pk, first_name="Ann")
    w.settle()
    assert w.counts() == {"insync": 1}


def test_a_record_that_gets_a_long_id_when_it_is_made_is_left_alone_after_that(world: Callable[..., World]) -> None:
    w = world(when_deleted_in_app="delete")
    pk = w.hub.put({"email": "ann@example.com"})
    put = w.app.put
    w.app.put = lambda values, *, id="", lists=(): put(values, id=LONG, lists=lists)  # type: ignore[method-assign]
    w.initial()
    w.hub.edit(pk, first_name="Ann")
    w.settle()
    scan(w)
    assert w.counts() == {"failed": 1}
    assert w.link().code == "ID_TOO_LONG"
    assert len(w.app.live()) == len(w.hub.live()) == 1


def test_a_hint_with_a_long_id_is_dropped(world: Callable[..., World]) -> None:
    w = world()
    hints = [Hint("people", LONG), Hint("people", "nul\0"), Hint("people", "7")]
    hints_received.send(sender=None, instance=w.sync.hub_instance, hints=hints)
    assert list(PendingChange.objects.values_list("remote_id", flat=True)) == ["7"]


def test_stand_ins_are_told_from_ids_and_from_each_other() -> None:
    first, second = (RemoteRecord(LONG + end, {}, aliases=(LONG, "1")) for end in "ab")
    assert first.id != second.id
    assert first.unfit
    assert first.aliases == ("1",)
    assert all(is_stand_in(id) and can_be_kept(id) for id in (first.id, stand_in("a\0b")))
    assert not is_stand_in("x" * 200)
    assert not RemoteRecord("x" * 200, {}, version="v" * 120).unfit
