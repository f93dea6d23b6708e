"""The nightly audit finds what no feed told, a seventh a night, and says how much."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import AuditNight, RecordLink, RunKind, Sync, SyncCount, SyncFilter, SyncRun
from syncjobs.runner import auditing
from syncjobs.services import runs
from tests.syncjobs.runner.world import World

NIGHT = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)  # after every sync's hour


@pytest.fixture
def twenty(world: Callable[..., World]) -> World:
    w = world(hub=Abilities(change_feed=True))
    for number in range(20):
        w.hub.put({"email": f"p{number}@example.com", "first_name": "Old"})
    w.initial()
    return w


def audit(w: World) -> SyncRun:
    w.sync.refresh_from_db()
    run = runs.start(sync=w.sync, kind=RunKind.AUDIT)
    w._finish(run)
    return run


def edit_silently(w: World) -> None:
    """The values change, and no feed will ever tell: the change times stay."""
    for row in w.hub.rows.values():
        row.values["first_name"] = "New"


def test_in_seven_nights_every_pair_is_looked_at(twenty: World) -> None:
    edit_silently(twenty)
    for night in range(7):
        with time_machine.travel(NIGHT + timedelta(days=night), tick=False):
            audit(twenty)
    assert {values["first_name"] for values in twenty.app.live().values()} == {"New"}
    assert twenty.quiet_writes() == 0


def test_drift_is_counted_on_the_run(twenty: World) -> None:
    edit_silently(twenty)
    with time_machine.travel(NIGHT, tick=False):
        run = audit(twenty)
    run.refresh_from_db()
    tonight = [pk for pk in RecordLink.objects.values_list("pk", flat=True) if pk % 7 == NIGHT.toordinal() % 7]
    assert run.counts["drift_hub"] == len(tonight)
    assert "drift_app" not in run.counts
    night = AuditNight.objects.get()
    assert (night.looked, night.differed, night.drift_hub, night.drift_app) == (
        len(tonight),
        len(tonight),
        len(tonight),
        0,
    )


def test_a_night_without_a_find_writes_nothing_and_leaves_no_run(twenty: World) -> None:
    before = twenty.hub.writes + twenty.app.writes
    with time_machine.travel(NIGHT, tick=False):
        run = audit(twenty)
    assert not SyncRun.objects.filter(pk=run.pk).exists()
    assert twenty.hub.writes + twenty.app.writes == before
    twenty.sync.refresh_from_db()
    assert twenty.sync.audited_at == NIGHT
    night = AuditNight.objects.get()
    assert (night.day, night.differed, night.finished_at) == (NIGHT.date(), 0, NIGHT)
    assert night.looked in (2, 3), "a seventh of twenty"


def test_a_pair_that_differs_in_several_ways_is_one_pair(twenty: World) -> None:
    edit_silently(twenty)
    for row in twenty.app.rows.values():
        row.values["last_name"] = "Newman"
    RecordLink.objects.update(app_seen={"email": "else@example.com"})
    with time_machine.travel(NIGHT, tick=False):
        audit(twenty)
    night = AuditNight.objects.get()
    assert night.looked == night.differed == night.drift_hub == night.drift_app == night.apart > 0


def test_two_weeks_of_nights_are_kept(twenty: World) -> None:
    for night in range(16):
        with time_machine.travel(NIGHT + timedelta(days=night), tick=False):
            audit(twenty)
    days = AuditNight.objects.order_by("day").values_list("day", flat=True)
    assert (len(days), days[0]) == (14, (NIGHT + timedelta(days=2)).date())


def test_a_pair_that_cannot_be_compared_is_set_aside(twenty: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, apart = [], auditing._apart

    def stumbling(ctx: Any, row: Any) -> bool:
        ours.append(row.pk)
        if row.pk == ours[0]:
            raise ZeroDivisionError
        return apart(ctx, row)

    monkeypatch.setattr(auditing, "_apart", stumbling)
    with time_machine.travel(NIGHT, tick=False):
        run = audit(twenty)
        for _ in range(5):
            twenty.lift_waits()
            twenty._finish(run)
    assert twenty.counts() == {"insync": 19, "failed": 1}
    assert AuditNight.objects.get().finished_at == NIGHT


def test_wrong_counts_are_put_right(twenty: World) -> None:
    SyncCount.objects.filter(sync=twenty.sync, status="insync").update(n=25)
    with time_machine.travel(NIGHT, tick=False):
        run = audit(twenty)
    run.refresh_from_db()
    assert run.counts["miscounted"] == 5
    assert twenty.counts() == {"insync": 20}


def test_the_dispatcher_scans_when_asked_and_audits_once_a_night(twenty: World) -> None:
    """Polls first; a scan that was asked for next; the audit after its hour, and not twice."""
    with time_machine.travel(NIGHT, tick=False):
        Sync.objects.update(next_poll_at=NIGHT + timedelta(minutes=5), last_scan_at=None, state="active")
        SyncRun.objects.all().delete()
        runs.dispatch_due()
        assert SyncRun.objects.get().kind == RunKind.FULL_SCAN
        SyncRun.objects.all().delete()
        Sync.objects.update(last_scan_at=NIGHT, saved_at=NIGHT - timedelta(minutes=1))
        runs.dispatch_due()
        assert not SyncRun.objects.exists(), "set up today: its first audit is due in the coming night"
        Sync.objects.update(saved_at=NIGHT - timedelta(days=1))
        runs.dispatch_due()
        assert SyncRun.objects.get().kind == RunKind.AUDIT
        SyncRun.objects.all().delete()
        Sync.objects.update(audited_at=NIGHT)
        runs.dispatch_due()
        assert not SyncRun.objects.exists()
    with time_machine.travel(NIGHT + timedelta(days=8), tick=False):
        Sync.objects.update(next_poll_at=NIGHT + timedelta(days=8, minutes=5))
        runs.dispatch_due()
        assert SyncRun.objects.get().kind == RunKind.FULL_SCAN


@pytest.mark.parametrize(
    ("able", "kinds"),
    [
        (Abilities(sees_deletions=False), [RunKind.FULL_SCAN]),
        (Abilities(), []),
        (Abilities(change_feed=False, sees_deletions=False), []),
    ],
)
def test_a_feed_that_tells_of_no_deletions_is_made_up_for_by_a_scan_each_night(
    world: Callable[..., World], able: Abilities, kinds: list[str]
) -> None:
    """Where there is no feed, each poll is a scan."""
    world(app=able)
    night = {
        "next_poll_at": NIGHT + timedelta(minutes=5),
        "audited_at": NIGHT,
        "last_scan_at": NIGHT - timedelta(days=1),
    }
    Sync.objects.update(**night)
    with time_machine.travel(NIGHT, tick=False):
        runs.dispatch_due()
    assert list(SyncRun.objects.values_list("kind", flat=True)) == kinds


# -- filters that count days ---------------------------------------------------------------------------------------------
def counting(w: World, operator: str, days: str) -> None:
    """Only people who were met on certain days cross, counted from today."""
    SyncFilter.objects.create(sync=w.sync, side="hub", groups=[[{"field": "met", "operator": operator, "value": days}]])


def met(days_ago: int) -> str:
    return (NIGHT - timedelta(days=days_ago)).isoformat()


@pytest.mark.parametrize("leaving", ["keep", "stop"])
def test_a_record_comes_into_a_filter_and_leaves_it_by_the_passing_of_time(
    world: Callable[..., World], leaving: str
) -> None:
    w = world(leaving=leaving, direction="to_app")
    counting(w, "next_days", "10")
    w.hub.put({"email": "soon@example.com", "met": met(-5)})
    w.hub.put({"email": "later@example.com", "met": met(-12)})
    w.hub.put({"email": "never@example.com", "met": met(400)})
    with time_machine.travel(NIGHT, tick=False):
        w.initial()
        assert sorted(w.values(Side.APP)) == ["soon@example.com"]
    with time_machine.travel(NIGHT + timedelta(days=7), tick=False):
        w.poll()
        assert sorted(w.values(Side.APP)) == ["soon@example.com"]
        audit(w)
        assert sorted(w.values(Side.APP)) == ["later@example.com", "soon@example.com"]
        assert w.counts() == ({"insync": 1, "excluded": 2} if leaving == "stop" else {"insync": 2, "excluded": 1})
        assert w.quiet_writes() == 0
