"""What workers run. Thin: a task takes ids, loads, and hands over. It never raises; our own rows hold progress and retries.

**The queue** (numbers in ``portal/settings.py``, measured on django-q2 1.11). ``retry`` is far above ``timeout``, or the queue
would start a second copy of a slice that is still going; ``queue_limit 1``, because prefetched tasks start their retry clock before
they start; ``max_attempts 1`` with ``ack_failures``, because runs are retried by the dispatcher and not by the queue. A task that
is lost (a killed worker on Redis) costs a minute: ``tick`` queues every run whose lease has passed.
"""

import logging

from syncjobs.exports import making
from syncjobs.models import RunEvent, RunKind, Sync, SyncRun
from syncjobs.runner import slices
from syncjobs.services import runs

log = logging.getLogger("syncline.tasks")


def run_slice(run_id: int) -> None:
    slices.run_slice(run_id)


def wake(sync_id: int) -> None:
    """A webhook or a person named records of this sync."""
    sync = Sync.objects.filter(pk=sync_id).first()
    if sync:
        runs.wake(sync)


def tick() -> None:
    """Every minute, the one schedule there is: start what is due, free what a dead worker held."""
    runs.dispatch_due()
    _tidy()
    making.tidy()


def _tidy() -> None:
    """Keep *Just now* short: events of finished runs beyond the newest 50 runs say nothing that the ledger does not."""
    old = SyncRun.objects.exclude(kind=RunKind.INITIAL).order_by("-pk").values_list("pk", flat=True)[200:201]
    if edge := next(iter(old), None):
        RunEvent.objects.filter(run_id__lt=edge).exclude(run__kind=RunKind.INITIAL).delete()


def initial_sync_done(run_id: int) -> None:
    """Tell the person who started it, by mail."""
    from syncjobs.services import notices

    run = SyncRun.objects.select_related("sync__account", "requested_by").filter(pk=run_id).first()
    if run and run.requested_by:
        notices.initial_sync_done(run)
