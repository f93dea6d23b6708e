"""Histories that ``make chaos`` found, each made small and certain."""

from collections.abc import Callable

from django.utils.timezone import now

from integrations import errors
from integrations.connectors.base import Abilities
from syncjobs.models import RunKind, Sync, SyncRun, SyncState
from syncjobs.runner import slices
from syncjobs.services import runs
from tests.syncjobs.runner.world import World

Make = Callable[..., World]


def test_trouble_that_comes_again_after_progress_waits_as_shortly_as_the_first(world: Make) -> None:
    """A long initial sync meets a failing answer now and then. Waits that grew over the whole run came to be hours."""
    w = world(app=Abilities(scan_page=1))
    for number in range(8):
        w.app.put({"email": f"p{number}@example.com"})
    Sync.objects.filter(pk=w.sync.pk).update(state=SyncState.INITIAL)
    w.sync.refresh_from_db()
    run = runs.start(sync=w.sync, kind=RunKind.INITIAL)
    waits = []
    for _ in range(4):
        w.app.fail("scan", lambda: errors.Unavailable("down"), when="before", skip=1)
        slices.run_slice(run.pk)
        waits.append((SyncRun.objects.get(pk=run.pk).next_slice_at - now()).total_seconds())
        w.lift_waits()
    assert max(waits) <= 30
