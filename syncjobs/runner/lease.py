"""The lease on a run: the one thing that makes a doubled, late or revived task harmless.

Taking it is a compare-and-set that raises ``lease_number``; every later transaction of the slice checks that the number is still
its own and pushes the end out. A slice that was frozen and wakes up after another took over changes nothing at home, and asks
before each request, so it sends nothing either.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils.timezone import now

from syncjobs.models import RunState, SyncRun
from syncjobs.models.runs import ACTIVE_STATES, SyncRunQuerySet
from syncjobs.runner import parking, statements

SECONDS = 90
REQUEST_SECONDS = (
    40  # longest that one request may take: connect and read time-outs of integrations.http with one retry
)


EXTEND = """UPDATE syncjobs_syncrun SET lease_until = %s WHERE id = %s AND lease_number = %s AND state = 'running'"""
HOST = socket.gethostname()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class LeaseLost(Exception):
    """Another worker has this run, or somebody stopped it."""


class Lease:
    def __init__(self, run_id: int, number: int) -> None:
        self.run_id, self.number = run_id, number
        self.until = now() + timedelta(seconds=SECONDS)

    @classmethod
    def take(cls, run_id: int) -> "Lease | None":
        """The lease, or None where another worker holds it, the run is over or it must wait."""
        moment = now()
        free = Q(lease_until=None) | Q(lease_until__lt=moment)
        ready = Q(next_slice_at=None) | Q(next_slice_at__lte=moment)
        won = SyncRun.objects.filter(free, ready, pk=run_id, state__in=ACTIVE_STATES).update(
            lease_number=F("lease_number") + 1,
            lease_until=moment + timedelta(seconds=SECONDS),
            lease_owner=f"{HOST}:{os.getpid()}",
            state=RunState.RUNNING,
            next_slice_at=None,
            waiting_for="",
            stumbles=Least(F("stumbles") + 1, parking.MOST),
        )
        if not won:
            return None
        return cls(run_id, SyncRun.objects.values_list("lease_number", flat=True).get(pk=run_id))

    def _mine(self) -> SyncRunQuerySet:
        return SyncRun.objects.filter(pk=self.run_id, lease_number=self.number, state=RunState.RUNNING)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that commits only while the lease is ours."""
        with transaction.atomic():
            if not self._extend():
                raise LeaseLost
            yield

    def _extend(self) -> bool:
        """Push the end out; False when the lease is no longer ours."""
        self.until = now() + timedelta(seconds=SECONDS)
        return bool(statements.run(EXTEND, statements.moment(self.until), self.run_id, self.number))

    def check_before_request(self) -> None:
        """The lease must outlive the request that is about to be sent."""
        if self.until < now() + timedelta(seconds=REQUEST_SECONDS):
            with self.transaction():
                pass

    @staticmethod
    def free_dead() -> int:
        """Free the leases of workers of this machine that are gone; other machines' pass by themselves. Returns how many."""
        held = SyncRun.objects.active().filter(lease_until__gt=now(), lease_owner__startswith=f"{HOST}:")
        dead = [run.pk for run in held if not _alive(int(run.lease_owner.rpartition(":")[2]))]
        return SyncRun.objects.filter(pk__in=dead).update(lease_until=None)

    @staticmethod
    def free_future() -> int:
        """Free leases that end later than any lease can: they were taken before the clock was put back. Returns how many."""
        end = now() + timedelta(seconds=2 * SECONDS)
        return SyncRun.objects.active().filter(lease_until__gt=end).update(lease_until=None)

    def forgive(self) -> None:
        """This slice got nowhere, and no record is to blame: an app or the database was in trouble, or the sync was paused."""
        self._mine().filter(stumbles__gt=0).update(stumbles=F("stumbles") - 1)

    def release(self) -> None:
        self._mine().update(lease_until=None)
