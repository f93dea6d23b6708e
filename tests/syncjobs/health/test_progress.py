"""Percent and time left, from one row of a run."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from integrations.connectors.base import Abilities
from syncjobs.health import progress
from syncjobs.models import RunState, Sync, SyncRun
from tests import factories


@pytest.fixture
def sync(account: Any) -> Sync:
    return factories.sync_of(account, state="initial")


@pytest.fixture(autouse=True)
def _abilities(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app has 60 calls a minute and reads details one by one; the hub has batches of 100 and no limit to speak of."""
    app = Abilities(partial_scan=True, read_batch=10, read_calls=10, scan_page=100, calls_per_minute=60)
    monkeypatch.setattr(progress, "_abilities", lambda sync, side: Abilities() if side == "hub" else app)


def entry(done: int, total: int | None, *, began: float, ended: float | None = None) -> dict[str, Any]:
    moment = now()
    return {
        "done": done,
        "total": total,
        "started": (moment - timedelta(seconds=began)).isoformat(),
        "ended": None if ended is None else (moment - timedelta(seconds=ended)).isoformat(),
    }


def running(sync: Sync, began: float, **phases: Any) -> SyncRun:
    return factories.run_of(sync, started_at=now() - timedelta(seconds=began), phases=phases)


def states(run: SyncRun) -> dict[str, str]:
    return {phase.key: phase.state for phase in progress.phases(run)}


def test_phases_tell_what_was_what_is_and_what_comes(sync: Sync) -> None:
    run = running(sync, 60, read_app=entry(500, 500, began=60, ended=30), read_hub=entry(200, 400, began=30))
    assert states(run) == {
        "read_app": "done", "read_hub": "running", "detail_app": "waiting", "match": "waiting",
        "write_hub": "waiting", "write_app": "waiting",
    }  # fmt: skip


def test_a_one_way_sync_shows_no_writing_to_its_source(sync: Sync) -> None:
    sync.direction = "to_hub"
    run = running(sync, 5, write_app=entry(0, 0, began=5))
    assert "write_app" not in states(run)
    assert "write_hub" in states(run)


def test_a_run_that_a_webhook_began_has_no_reading_to_show(sync: Sync) -> None:
    run = running(sync, 5, only_inbox=True, match=entry(3, 3, began=5, ended=1))
    assert states(run)["match"] == "done"
    assert progress.percent(run) < 100


def test_percent_goes_by_requests(sync: Sync) -> None:
    """500 details are 500 requests; the 500 records of both lists were ten."""
    lists_read = {"read_app": entry(500, 500, began=60, ended=50), "read_hub": entry(500, 500, began=50, ended=40)}
    assert progress.percent(running(sync, 60, **lists_read)) < 5
    SyncRun.objects.all().delete()
    half = progress.percent(running(sync, 300, **lists_read, detail_app=entry(250, 500, began=250)))
    assert 40 < half < 60


def test_percent_is_full_only_when_the_run_is_done(sync: Sync) -> None:
    everything = {key: entry(9, 9, began=9, ended=1) for key in ("read_app", "read_hub", "detail_app", "match")}
    everything |= {key: entry(9, 9, began=9, ended=1) for key in ("write_hub", "write_app")}
    run = running(sync, 9, **everything)
    assert progress.percent(run) == 99
    run.state = RunState.DONE_WITH_FAILURES
    assert progress.percent(run) == 100


def test_percent_of_a_run_that_has_not_begun_is_zero(sync: Sync) -> None:
    run = factories.run_of(sync, state="queued", started_at=None)
    assert progress.percent(run) == 0
    assert progress.estimate(run) is None


def test_the_estimate_names_the_app_whose_limit_decides(sync: Sync) -> None:
    """240 details at one request each and 60 requests a minute are four minutes, at whatever speed it began."""
    run = running(sync, 6, read_app=entry(250, 250, began=6, ended=4), detail_app=entry(10, 250, began=4))
    found = progress.estimate(run)
    assert found is not None
    assert (found.limited_by, found.calls_per_minute) == ("Snov.io", 60)
    assert 230 < found.seconds < 260


def test_the_estimate_goes_by_the_speed_so_far_where_that_is_slower(sync: Sync) -> None:
    run = running(sync, 3600, read_app=entry(250, 250, began=3600, ended=3590), detail_app=entry(50, 250, began=3590))
    found = progress.estimate(run)
    assert found is not None
    assert found.limited_by == ""
    assert found.seconds > 3600


def test_a_run_that_stopped_has_no_time_left(sync: Sync) -> None:
    run = running(sync, 60, read_app=entry(50, 500, began=60))
    run.state, run.finished_at = RunState.ABORTED, now()
    assert progress.estimate(run) is None
    assert states(run) == {"read_app": "stopped"}


def test_more_done_than_was_known_shows_no_false_total(sync: Sync) -> None:
    run = running(sync, 60, write_hub=entry(120, 100, began=60))
    assert next(phase for phase in progress.phases(run) if phase.key == "write_hub").total is None
