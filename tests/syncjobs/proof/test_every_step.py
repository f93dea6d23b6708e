"""Random histories miss exact interleavings, so: at *every* request and transaction of a run, the worker is killed, or stands still
until its lease has passed while another does all there is to do. The promises hold each time."""

from collections.abc import Callable

import pytest
from django.db import transaction

from tests.syncjobs.proof.scenarios import SCENARIOS, Scenario
from tests.syncjobs.proof.universe import Universe

Make = Callable[..., Universe]


class Step:
    """Acts at the ``number``-th place that counts; afterwards ``place`` is its name, "" when there were fewer."""

    def __init__(self, number: int, act: Callable[[], None], counts: Callable[[str], bool]) -> None:
        self.left, self.act, self.counts, self.place = number, act, counts, ""

    def __call__(self, place: str) -> None:
        if self.place or not self.counts(place):
            return
        if self.left:
            self.left -= 1
            return
        self.place = place
        self.act()


def may_stand_still(place: str) -> bool:
    """Between the look at the lease and the request nothing can help but the time-outs of the request itself, which are shorter
    than the lease."""
    return not place.endswith(".before")


def may_die(place: str) -> bool:
    """Before a request nothing has happened since the last transaction: dying there is dying after that one."""
    return place.endswith((".after", ".item", "transaction"))


def sweep(make: Make, scenario: Scenario, how: str) -> list[str]:
    places: list[str] = []
    while True:
        with transaction.atomic():
            u = scenario.prepare(make)
            act = u.kill if how == "killed" else u.freeze
            step = Step(len(places), act, may_die if how == "killed" else may_stand_still)
            u.gates.append(step)
            scenario.act(u)
            try:
                u.check(scan=False)
            except AssertionError as broken:
                raise AssertionError(f"{how} at step {len(places)}, {step.place}: {broken}") from broken
            transaction.set_rollback(True)
        if not step.place:
            return places
        places.append(step.place)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
@pytest.mark.parametrize("how", ["killed", pytest.param("frozen", marks=pytest.mark.slow)])
def test_a_worker_stopped_at_any_step_breaks_no_promise(universe: Make, scenario: Scenario, how: str) -> None:
    places = sweep(universe, scenario, how)
    assert len(places) > 5
