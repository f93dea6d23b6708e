"""What a person brings back while a run writes has missed that run's match, and must not be made a second time for it."""

from collections.abc import Callable

import pytest

from syncjobs.models import RunKind
from syncjobs.runner import slices
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import World

BY_NAME = {"hub_field": "last_name", "app_field": "last_name"}


@pytest.mark.parametrize(
    ("strong", "policy", "status", "code"),
    [
        (False, "newest", "review", "WEAK_MATCH"),
        (True, "hold", "review", "AMBIGUOUS_MATCH"),
        (True, "newest", "excluded", "DUPLICATE_IN_SOURCE"),
    ],
)
def test_a_resync_while_a_run_writes_makes_nothing_twice(
    world: Callable[..., World], strong: bool, policy: str, status: str, code: str
) -> None:
    w = world(identifiers=[{**BY_NAME, "strong": strong}], duplicates=policy)
    for n in range(1 if code == "WEAK_MATCH" else 2):
        w.hub.put({"email": f"{n}@hub.example", "last_name": "Acme"})
    w.app.put({"email": "a@app.example", "last_name": "ACME"})
    w.initial()
    before, there = w.counts(), (len(w.hub.live()), len(w.app.live()))
    run = runs.start(sync=w.sync, kind=RunKind.INCREMENTAL)
    run.phase = "write"
    run.save(update_fields=["phase"])
    assert syncs.resync(sync=w.sync, by=None, status=status, cause={"code": code})
    slices.run_slice(run.pk)
    w.settle()
    assert (w.counts(), (len(w.hub.live()), len(w.app.live()))) == (before, there)
