"""The shared rate budget: exact over processes, fair, and told off by nobody."""

import json
import time
from itertools import chain
from typing import Any

import pytest

from integrations.budget import Budget, Limit
from integrations.errors import RateLimited
from integrations.models import AppInstance, RateBucket
from portal.accounts.models import Account
from tests.install import Install

TAKER = """
import json, sys, time
from pathlib import Path
import django
django.setup()
from integrations.budget import Budget, Limit
from integrations.errors import RateLimited

folder, name, instance, seconds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
budget = Budget(instance, [Limit("calls", rate=20, burst=5)])
(folder / f"{name}.ready").touch()
while not (folder / "go").exists():
    time.sleep(0.005)
granted, until = [], time.time() + seconds
while time.time() < until:
    try:
        budget.take("calls")
        granted.append(time.time())
    except RateLimited as error:
        time.sleep(min(error.retry_after, 0.05))
(folder / f"{name}.json").write_text(json.dumps(granted))
"""


@pytest.fixture
def instance(account: Account) -> AppInstance:
    return AppInstance.objects.create(account=account, app_key="hubspot", label="x", way_in="oauth")


def test_four_processes_share_one_budget_exactly_and_fairly(live_install: Install, tmp_path: Any) -> None:
    with live_install.orm():
        account = Account.objects.create(name="Acme")
        instance = AppInstance.objects.create(account=account, app_key="hubspot", label="x", way_in="oauth").pk
    names = ["one", "two", "three", "four"]
    seconds = 3.0
    takers = [live_install.start(name, "-c", TAKER, str(tmp_path), name, str(instance), str(seconds)) for name in names]
    live_install.wait_for(lambda: all((tmp_path / f"{name}.ready").exists() for name in names))
    (tmp_path / "go").touch()
    for taker in takers:
        assert taker.wait(30) == 0
    granted = [json.loads((tmp_path / f"{name}.json").read_text()) for name in names]
    times = sorted(chain.from_iterable(granted))
    # A process that is woken late counts in the next second: one call each at most.
    worst = max(sum(start <= at < start + 1 for at in times) for start in times)
    assert worst <= 20 + 5 + len(names)
    ideal = 20 * seconds + 5
    assert ideal * 0.75 <= len(times) <= ideal + 40 + 5, "calls reserved up to two seconds ahead may come on top"
    assert min(map(len, granted)) >= len(times) / 4 * 0.5, [len(one) for one in granted]


def test_a_saved_up_burst_is_free_and_what_is_beyond_waits(instance: AppInstance) -> None:
    budget = Budget(instance.pk, [Limit("calls", rate=50, burst=5)])
    started = time.monotonic()
    for _call in range(5):
        budget.take("calls")
    assert time.monotonic() - started < 0.1
    for _call in range(10):
        budget.take("calls")
    assert time.monotonic() - started >= 10 / 50 * 0.9


def test_a_long_wait_is_left_to_the_caller(instance: AppInstance) -> None:
    budget = Budget(instance.pk, [Limit("calls", rate=0.1, burst=1)], patience=1)
    budget.take("calls")
    started = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        budget.take("calls")
    assert time.monotonic() - started < 0.5
    assert 9 < caught.value.retry_after <= 10


def test_a_block_holds_for_everybody_and_ends(instance: AppInstance) -> None:
    limit = Limit("calls", rate=50, burst=5)
    Budget(instance.pk, [limit]).block("calls", 0.2)
    other = Budget(instance.pk, [limit])
    with pytest.raises(RateLimited) as caught:
        other.take("calls")
    assert 0 < caught.value.retry_after < 0.21
    time.sleep(caught.value.retry_after + 0.01)
    other.take("calls")


def test_a_block_is_never_shortened(instance: AppInstance) -> None:
    budget = Budget(instance.pk, [Limit("calls", rate=50, burst=5)])
    budget.block("calls", 100)
    budget.block("calls", 1)
    with pytest.raises(RateLimited) as caught:
        budget.take("calls")
    assert caught.value.retry_after > 90


def test_the_app_knows_better_how_many_are_left(instance: AppInstance) -> None:
    budget = Budget(instance.pk, [Limit("calls", rate=0.001, burst=100)])
    budget.take("calls")
    budget.observe("calls", 1)
    budget.take("calls")
    with pytest.raises(RateLimited):
        budget.take("calls")


def test_more_than_we_think_is_not_believed(instance: AppInstance) -> None:
    budget = Budget(instance.pk, [Limit("calls", rate=0.001, burst=2)])
    budget.take("calls")
    budget.observe("calls", 5000)
    budget.take("calls")
    with pytest.raises(RateLimited):
        budget.take("calls")


def test_a_changed_limit_takes_effect(instance: AppInstance) -> None:
    Budget(instance.pk, [Limit("calls", rate=1, burst=1)]).take("calls")
    Budget(instance.pk, [Limit("calls", rate=1000, burst=1)]).take("calls")
    assert RateBucket.objects.get(instance=instance).rate == 1000


def test_an_instance_that_is_not_saved_yet_has_no_budget() -> None:
    budget = Budget(None, [Limit("calls", rate=0.001, burst=1)])
    for _call in range(3):
        budget.take("calls")
    budget.block("calls", 10)
    budget.observe("calls", 0)
