"""A run's progress: phases, percent, and an estimate that says what it rests on. Pure functions of one ``SyncRun`` row."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext

from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.health.words import app_name
from syncjobs.models import Direction, RunState, Sync, SyncRun

READS = {"read_app": Side.APP, "read_hub": Side.HUB}
DETAILS = {"detail_app": Side.APP, "detail_hub": Side.HUB}
WRITES = {"write_hub": Side.HUB, "write_app": Side.APP}
NEAR = 0.8  # work that goes nearly as fast as an app's limit allows is held back by that limit
SIDES = {**READS, **DETAILS, **WRITES}


@dataclass(frozen=True, slots=True)
class Phase:
    key: str
    name: str
    state: str  # done, running, waiting, stopped
    done: int
    total: int | None
    seconds: float | None

    @property
    def shown_total(self) -> int | None:
        """For the bar: one that is done is full, also where there was nothing to do."""
        return max(1, self.done) if self.state == "done" else self.total


@dataclass(frozen=True, slots=True)
class Estimate:
    """``seconds`` left, and the app whose limit decides it ("" = the speed measured so far)."""

    seconds: float
    limited_by: str = ""
    calls_per_minute: int = 0

    @property
    def done_near(self) -> datetime:
        return now() + timedelta(seconds=self.seconds)


def phases(run: SyncRun) -> list[Phase]:
    """All phases of the run in order: those that were, the one that is, and those to come.

    A phase that this sync does not need is only shown if it had something to do after all.
    """
    expected = _expected(run.sync)
    found = [_phase(run, key) for key in _names(run.sync) if key in run.phases or (run.is_active and key in expected)]
    return [phase for phase in found if phase.key in expected or phase.done]


def percent(run: SyncRun) -> int:
    """Whole percent, 100 only when the run is done. Phases weigh by the requests they take, not by their number."""
    if run.state in (RunState.DONE, RunState.DONE_WITH_FAILURES):
        return 100
    done = weight = 0.0
    for phase in phases(run):
        total = phase.total if phase.total is not None else max(_size(run), phase.done)
        part = total / _batch(run.sync, phase.key)
        weight += part
        if phase.state == "done":
            done += part
        elif total:
            done += part * min(1, phase.done / total)
    return min(99, int(100 * done / weight)) if weight else 0


def estimate(run: SyncRun) -> Estimate | None:
    """Time to finish, or None while nothing can be said (nothing measured yet, or not running)."""
    if not run.is_active or not run.started_at:
        return None
    left_by_side = dict.fromkeys(Side, 0.0)
    records_left = 0.0
    for phase in phases(run):
        if phase.state == "done":
            continue
        total = phase.total if phase.total is not None else max(_size(run), phase.done)
        left = max(0, total - phase.done)
        records_left += left / _batch(run.sync, phase.key)
        if phase.key in SIDES:
            left_by_side[SIDES[phase.key]] += left / _batch(run.sync, phase.key)
    limited = _by_limit(run.sync, left_by_side)
    measured = _by_speed(run, records_left)
    if limited is None or measured is None:
        return limited or (Estimate(measured) if measured is not None else None)
    if limited.seconds >= measured * NEAR:
        return replace(limited, seconds=max(limited.seconds, measured))
    return Estimate(measured)


def speed(run: SyncRun) -> float | None:
    """Records a second in the phase that runs now, None before the first are through."""
    running = next((phase for phase in phases(run) if phase.state == "running"), None)
    if running is None or not running.seconds or not running.done:
        return None
    found = running.done / running.seconds
    return round(found, 1) if found < 10 else round(found)


def _by_limit(sync: Sync, calls: dict[Side, float]) -> Estimate | None:
    """From the apps' own limits: the side that needs longest."""
    found = []
    for side, number in calls.items():
        limit = _abilities(sync, side).calls_per_minute
        if limit and number:
            found.append(Estimate(60 * number / limit, app_name(sync, side), limit))
    return max(found, key=lambda one: one.seconds, default=None)


def _by_speed(run: SyncRun, left: float) -> float | None:
    """From the time the work so far took, waits included. ``left`` is in batches, like the work done."""
    assert run.started_at is not None
    elapsed = ((run.finished_at or now()) - run.started_at).total_seconds()
    done = sum(phase.done / _batch(run.sync, phase.key) for phase in phases(run))
    return left * elapsed / done if done >= 1 and elapsed >= 2 else None


def _batch(sync: Sync, phase: str) -> float:
    """Records per request in a phase. Matching and checking touch no app: they count as large batches."""
    if phase not in SIDES:
        return 1000
    can = _abilities(sync, SIDES[phase])
    if phase in READS:
        return max(1, can.scan_page)
    size, calls = (can.read_batch, can.read_calls) if phase in DETAILS else (can.write_batch, can.write_calls)
    return max(1, size) / max(1, calls)


def _abilities(sync: Sync, side: Side) -> Abilities:
    return sync.instance(side).app.abilities(sync.kind(side))


def _size(run: SyncRun) -> int:
    """The best known number of records: the larger side's, as far as it is known."""
    known = (run.phases[key] for key in SIDES if key in run.phases)
    return max((found.get("total") or found.get("done") or 0 for found in known), default=0)


def _expected(sync: Sync) -> set[str]:
    found = {"read_app", "read_hub", "match"}
    found |= {key for key, side in DETAILS.items() if _abilities(sync, side).partial_scan}
    if sync.direction != Direction.TO_APP:
        found.add("write_hub")
    if sync.direction != Direction.TO_HUB:
        found.add("write_app")
    return found


def _names(sync: Sync) -> dict[str, str]:
    names = {"app": app_name(sync, Side.APP), "hub": app_name(sync, Side.HUB)}
    return {
        "read_app": gettext("Read %(app)s") % names,
        "read_hub": gettext("Read %(hub)s") % names,
        "detail_app": gettext("Read details from %(app)s") % names,
        "detail_hub": gettext("Read details from %(hub)s") % names,
        "match": gettext("Match"),
        "write_hub": gettext("Write to %(hub)s") % names,
        "write_app": gettext("Write to %(app)s") % names,
        "check": gettext("Check against both sides"),
    }


def _phase(run: SyncRun, key: str) -> Phase:
    found: dict[str, Any] = run.phases.get(key) or {}
    started, ended = _moment(found.get("started")), _moment(found.get("ended"))
    if ended:
        state = "done"
    elif started:
        state = "running" if run.is_active else "stopped"
    else:
        state = "waiting"
    seconds = ((ended or run.finished_at or now()) - started).total_seconds() if started else None
    done, total = found.get("done") or 0, found.get("total")
    if ended:
        total = done
    elif total is not None and total < done:  # more came up than was known at its start
        total = None
    return Phase(key, _names(run.sync)[key], state, done, total, seconds)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
