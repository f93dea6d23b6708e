"""One run of chaos against one pair, from the first connection to the verdict."""

import argparse
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import OperationalError, close_old_connections, connection
from django.db.models import Q
from django.utils.timezone import now

from portal.demo.install import DemoInstall
from syncjobs.models import FieldChange, RecordLink, RunKind, Sync, SyncCount, SyncRun, SyncState
from syncjobs.services import runs
from tests.chaos.pairs import PAIRS
from tests.chaos.people import People
from tests.chaos.storm import Storm
from tests.chaos.verdict import Ledger, Verdict, grouped, judge

TELL_EVERY, LOOK_EVERY, TICK_EVERY = 10.0, 15.0, 2.0  # seconds
# Seconds that the initial sync, or the way back to quiet, may take, whichever is more: some apps are read record by record.
PATIENCE, PATIENCE_PER_RECORD = 1800.0, 0.25
REST = 3.0  # seconds between two polls, once it is quiet
SHOWN = 20  # of each kind of fault


class ChaosFailed(Exception):
    pass


class Run:
    def __init__(
        self, pair: str, install: DemoInstall, options: argparse.Namespace, user: str, say: Callable[[str], None],
        stack: ExitStack,
    ) -> None:  # fmt: skip
        self.install, self.options, self.say = install, options, say
        self.started = time.monotonic()
        # Half of all records changed between two polls would rightly trip a guard, and a poll can be minutes away.
        self.pace = options.pace or min(10.0, options.records / 600)
        self.patience = max(PATIENCE, PATIENCE_PER_RECORD * options.records)
        self.told = 0.0
        person = get_user_model().objects.get(email=user)
        account = person.memberships.get().account
        self.sync, self.sides = PAIRS[pair](install, account, person, stack)
        self.people = People(self.sides, options.seed)
        self.storm = Storm(install, self.sides, options.seed)
        self.seeded = Counter(
            f"{name} {email}" for name, side in self.sides.items() for _, email in side.at_a_glance() if "@" in email
        )
        self.seeded = Counter({key: n - 1 for key, n in self.seeded.items() if n > 1})
        self.settled_at = 0.0  # when the initial sync was done

    def play(self) -> dict[str, float]:
        self.storm.start_clusters(self.options.clusters)
        self.storm.begin()
        if self.options.restart_database:
            self.storm.restart_database()
        self._storm()
        faults = self.storm.faults()
        self.storm.end()
        self.say(
            f"Quiet from here. Kills: {dict(self.storm.kills)}, faults: {faults}, people did {self.people.notes.done} things."
        )
        self._wait_until_nothing_waits()
        quiet_writes = self._quiet_pass()
        verdict = self._verdict()
        self._show(verdict, quiet_writes)
        return {
            "duplicates": len(verdict.duplicates), "lost": len(verdict.lost), "mismatches": len(verdict.mismatches),
            "quiet_writes": quiet_writes, "kills": sum(self.storm.kills.values()), "faults": faults,
            "seconds": round(time.monotonic() - self.started, 1),
        }  # fmt: skip

    # -- storm ---------------------------------------------------------------------------------------------------------------
    def _storm(self) -> None:
        """Until the initial sync is done and the time is over."""
        until = time.monotonic() + self.options.minutes * 60
        looked = ticked = acted = time.monotonic()
        while time.monotonic() < until or not self.settled_at:
            self.storm.hit()
            moment = time.monotonic()
            if moment - acted > 1 / self.pace:
                self.people.act()
                acted = moment
            if moment - looked > LOOK_EVERY:
                self.people.look()
                looked = time.monotonic()
            if moment - ticked > TICK_EVERY:
                self._tick()
                ticked = time.monotonic()
            if moment - self.started > self.patience:
                raise ChaosFailed("The initial sync does not end.")
            self._tell()
            time.sleep(0.05)

    def _tick(self) -> None:
        """What the dispatcher does each minute, more often: waiting for the minute would be most of the test."""
        close_old_connections()
        try:
            runs.dispatch_due()
            self.sync.refresh_from_db()
        except OperationalError:
            connection.close()
            return
        if self.sync.state == SyncState.SUSPENDED:
            raise ChaosFailed(f"The sync was suspended: {self.sync.state_code} {self.sync.state_detail}")
        if self.sync.state == SyncState.ACTIVE and not self.settled_at:
            self.settled_at = time.time()
            self.say(f"{self._clock()}  the initial sync is done")

    # -- quiet -----------------------------------------------------------------------------------------------------------------
    def _wait_until_nothing_waits(self) -> None:
        """Until every record was read after people stopped, and nothing waits; seen in this order."""
        self._wait_for_a_pass("a whole pass")
        self._until(lambda: not self._waiting(), "nothing to wait")
        again = time.time()
        self._until(lambda: self._polled_since(again) and not self._waiting(), "a poll that finds nothing")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > self.patience:
                raise ChaosFailed(f"Waited {self.patience:.0f} s for {what}: {self._state()}")
            self._poll_now()
            self._tick()
            self._tell()
            time.sleep(1)

    def _poll_now(self) -> None:
        """Waiting for the minute of each poll would be most of a short run."""
        rested = now() - timedelta(seconds=REST)
        Sync.objects.filter(pk=self.sync.pk, last_poll_at__lt=rested).update(next_poll_at=now())

    def _polled_since(self, moment: float) -> bool:
        self.sync.refresh_from_db()
        return self.sync.last_poll_at is not None and self.sync.last_poll_at.timestamp() > moment

    def _all_read_since(self, moment: float) -> bool:
        """Apps whose listing hides fields are read record by record, the longest ago first."""
        if not self.sync.app_instance.app.abilities(self.sync.app_kind).partial_scan:
            return True
        at = datetime.fromtimestamp(moment, UTC)
        links = RecordLink.objects.filter(sync=self.sync, app_id__isnull=False, app_gone=False)
        return not links.filter(Q(app_read_at=None) | Q(app_read_at__lt=at)).exists()

    def _waiting(self) -> int:
        """What is still to be read or written. Reading records in turn (priority 0) never ends and is no work."""
        dirty = RecordLink.objects.filter(sync=self.sync, dirty__gt=0).count()
        return dirty + self.sync.pending_changes.filter(priority__gt=0).count()

    def _quiet_pass(self) -> int:
        """Write requests at both sides while two more polls, the records read in their turn, and a full scan pass by."""
        for side in self.sides.values():
            side.forget_requests()
        for _ in range(2):
            self._wait_for_a_pass("a quiet pass")
        self._until(self._start_scan, "its turn for a full scan")
        self._until(lambda: not SyncRun.objects.active().filter(sync=self.sync).exists(), "a full scan")
        return sum(side.writes_since_reset() for side in self.sides.values())

    def _wait_for_a_pass(self, what: str) -> None:
        begun = time.time()
        self._until(lambda: self._polled_since(begun) and self._all_read_since(begun), what)

    def _start_scan(self) -> bool:
        with contextlib.suppress(runs.RunAlreadyActive):
            runs.start(sync=self.sync, kind=RunKind.FULL_SCAN)
            return True
        return False

    def _verdict(self) -> Verdict:
        hub, app = (grouped(side.records()) for side in self.sides.values())
        return judge(hub, app, self.people.notes, self._ledger(), settled_at=self.settled_at, seeded=self.seeded)

    def _ledger(self) -> Ledger:
        changes = FieldChange.objects.filter(sync=self.sync).values_list("old", "loser")
        return {str(value) for row in changes.iterator() for value in row if value is not None}

    # -- words ---------------------------------------------------------------------------------------------------------------
    def _clock(self) -> str:
        return f"{time.monotonic() - self.started:5.0f} s"

    def _tell(self) -> None:
        if time.monotonic() - self.told < TELL_EVERY:
            return
        self.told = time.monotonic()
        try:
            self.say(f"{self._clock()}  {self._state()}")
        except OperationalError:
            connection.close()
            self.say(f"{self._clock()}  the database is busy or away")

    def _state(self) -> str:
        counts = "  ".join(
            f"{c.status} {c.n}" for c in SyncCount.objects.filter(sync=self.sync).order_by("status") if c.n
        )
        run = SyncRun.objects.active().filter(sync=self.sync).first()
        doing = f"{run.kind} {run.phase} {run.waiting_for}".strip() if run else "no run"
        return f"{counts}  |  waiting {self._waiting()}  |  {doing}  |  kills {sum(self.storm.kills.values())}"

    def _show(self, verdict: Verdict, quiet_writes: int) -> None:
        for kind in ("duplicates", "lost", "mismatches"):
            lines = getattr(verdict, kind)
            for line in lines[:SHOWN]:
                self.say(f"{kind}: {line}")
            if len(lines) > SHOWN:
                self.say(f"{kind}: and {len(lines) - SHOWN} more")
        self.say(f"{self._clock()}  {self._state()}")
        for link in RecordLink.objects.filter(sync=self.sync, status__in=("failed", "review"))[:SHOWN]:
            self.say(f"{link.status}: {link.label} {link.code} {link.field} {link.detail[:100]}")
