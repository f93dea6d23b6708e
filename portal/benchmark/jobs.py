"""The measured jobs, each beside the bare loop that does the same."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.benchmark import world
from portal.benchmark.measure import Figures, measured
from portal.benchmark.world import Standin
from portal.demo.install import DemoFailed
from portal.env import BASE_DIR
from syncjobs.models import RecordStatus, RunKind, RunState, Sync, SyncCount, SyncRun
from syncjobs.runner import slices
from syncjobs.services import runs

BARE = BASE_DIR / "tests" / "benchmarks" / "bare.py"
HUB, APP, BARE_APP = 4242, 4243, 4244
Row = tuple[str, Figures, Figures | None]


def work_off(run: SyncRun) -> SyncRun | None:
    """What workers do: slices until the run is over. None: it found nothing, and left no trace."""
    while True:
        slices.run_slice(run.pk)
        now = SyncRun.objects.select_related("sync").filter(pk=run.pk).first()
        if now is None or now.state in (RunState.DONE, RunState.DONE_WITH_FAILURES):
            return now
        if not now.sync.is_running_state or now.state == RunState.ABORTED:
            raise DemoFailed(f"The sync stopped: {now.sync.state_code} {now.sync.state_detail}")
        if now.next_slice_at:
            time.sleep(0.05)


class Bench:
    """One group of jobs on one install. ``only`` names the jobs whose rows are wanted (empty: all)."""

    def __init__(self, records: int, profiles: Path | None, only: list[str]) -> None:
        self.records, self.profiles, self.only = records, profiles, only
        self.standin = Standin()
        self.standin.control("reset")  # an earlier group has moved its clock
        self.standin.control("settings", webhook_url="")
        self.people = 0  # contacts at the hub, which are a few less than were asked for

    def wants(self, job: str) -> bool:
        return not self.only or job in self.only

    def ours(self, job: str, work: Callable[[], int]) -> Figures:
        profile = self.profiles / f"{job.replace(' ', '-')}.prof" if self.profiles else None
        with measured(self.standin.requests, profile) as figures:
            figures.records = work()
        return figures

    def bare(self, sync: Sync, app_token: str, job: str, **more: Any) -> Figures | None:
        if not BARE.exists():
            return None
        database = settings.DATABASE_URL or f"sqlite:///{Path(settings.VAR_DIR) / 'bare.sqlite3'}"
        given = {
            "api": self.standin.url, "hub": world.token(self.standin, sync, "hub"), "app": app_token,
            "database": database, **more,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, str(BARE), job, json.dumps(given)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoFailed(f"The bare loop failed at {job}:\n{done.stderr[-2000:]}")
        return Figures(**json.loads(done.stdout))

    def token_of(self, portal: int) -> str:
        """A token for an account that no sync uses: a tenant of its own connects it."""
        return world.token(self.standin, world.set_up(self.standin, portal, HUB), "hub")

    # -- the jobs ----------------------------------------------------------------------------------------------------------
    def sync_jobs(self) -> Iterator[Row]:
        """Copy into an empty account, then passes over what was copied. The bare loop copies into an account of its own."""
        self.people = self.standin.fill(HUB, self.records)
        self.standin.fill(APP, 0)
        self.standin.fill(BARE_APP, 0)
        bare_app = self.token_of(BARE_APP)
        sync = world.set_up(self.standin, HUB, APP)
        bare = self.bare(sync, bare_app, "copy")
        yield "initial copy", self.ours("initial copy", lambda: self._initial(sync)), bare
        for job, kind, of_bare in (
            ("no-change pass", RunKind.INCREMENTAL, "poll"),
            ("no-change full scan", RunKind.FULL_SCAN, "scan"),
        ):
            if self.wants(job):
                since = world.later(self.standin, sync)
                bare = self.bare(sync, bare_app, of_bare, since=since, links=self.people)
                yield job, self.ours(job, partial(self._quiet, sync, kind)), bare
        if self.wants("1 % changed"):
            since = world.later(self.standin, sync)
            n = self._edit(self.records // 100)
            bare = self.bare(sync, bare_app, "changed", since=since)
            yield "1 % changed", self.ours("1 % changed", lambda: self._carry(sync, n)), bare

    def match_jobs(self) -> Iterator[Row]:
        """Both accounts hold the same people: every pair is found by its address, and nothing has to be written."""
        for portal in (HUB, APP):
            self.people = self.standin.fill(portal, self.records // 2)
        sync = world.set_up(self.standin, HUB, APP)
        bare = self.bare(sync, world.token(self.standin, sync, "app"), "match")
        yield "first match", self.ours("first match", lambda: self._initial(sync)), bare

    def _initial(self, sync: Sync) -> int:
        run = work_off(sync.runs.active().get())
        in_sync = (
            SyncCount.objects.filter(sync=sync, status=RecordStatus.IN_SYNC).values_list("n", flat=True).first() or 0
        )
        if in_sync != self.people:
            raise DemoFailed(
                f"{in_sync} of {self.people} records are in sync after the initial sync: {run and run.counts}"
            )
        return in_sync

    def _quiet(self, sync: Sync, kind: str) -> int:
        sync.refresh_from_db()
        left = work_off(runs.start(sync=sync, kind=kind))
        if left is not None and any(left.counts.values()):
            raise DemoFailed(f"Nothing had changed, and yet {left.counts}")
        return self.people

    def _edit(self, n: int) -> int:
        """Every hundredth record gets another job title, and no webhook tells."""
        found = self.standin.control("list", portal=HUB)["results"][:: max(1, self.records // n)][:n]
        edits = [{"id": one["id"], "jobtitle": f"Benchmark {place}"} for place, one in enumerate(found)]
        self.standin.control("records", portal=HUB, edit=edits, silent=True)
        return len(edits)

    def _carry(self, sync: Sync, n: int) -> int:
        sync.refresh_from_db()
        run = work_off(runs.start(sync=sync))
        done = run.counts.get("updated_app", 0) if run else 0
        if done != n:
            raise DemoFailed(f"{done} of {n} changes were carried over")
        return n
