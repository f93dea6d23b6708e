"""What goes wrong meanwhile: processes killed with SIGKILL, lost answers, errors, bursts of refusals, doubled webhooks."""

import contextlib
import os
import random
import signal
import time
from collections import Counter

from django.db import OperationalError, connection

from portal.demo.install import DemoInstall
from tests.chaos.processes import guards, workers
from tests.chaos.sides import Side

LOST, FAILING = 0.02, {500: 0.001, 502: 0.03, 503: 0.02}
KILL_EVERY, RESTART_EVERY = (2.0, 5.0), (10.0, 20.0)  # seconds
WHOLE, GUARD = 0.1, 0.1  # of the kills: a cluster with its supervisor; the process between supervisor and workers


class Storm:
    """``hit()`` is called often and does what is due. ``kills`` counts by what was killed."""

    def __init__(self, install: DemoInstall, sides: dict[str, Side], seed: int) -> None:
        self.install, self.sides = install, sides
        self.chance = random.Random(f"{seed}/storm")
        self.kills: Counter[str] = Counter()
        self.clusters: list[str] = []
        self.next_kill = 0.0
        self.next_restart = float("inf")
        self.next_burst: dict[str, float] = {}

    def begin(self) -> None:
        for name, side in self.sides.items():
            side.disturb(fault="lost", probability=LOST)
            for status, share in FAILING.items():
                side.disturb(fault="status", status=status, probability=share)
            side.noisy_notices()
            self._plan_burst(name)
        self._plan_kill()

    def hit(self) -> None:
        moment = time.monotonic()
        if moment >= self.next_kill:
            self.kill()
            self._plan_kill()
        if moment >= self.next_restart:
            self.restart_database()
        for name, due in self.next_burst.items():
            if moment >= due:
                self.sides[name].busy()
                self._plan_burst(name)

    def end(self) -> None:
        """Faults off, every cluster up."""
        for side in self.sides.values():
            side.calm()
        for name in self.clusters:
            if self.install.processes[name].poll() is not None:
                self._start(name)

    def faults(self) -> int:
        return sum(sum(side.faults().values()) for side in self.sides.values())

    def _plan_kill(self) -> None:
        self.next_kill = time.monotonic() + self.chance.uniform(*KILL_EVERY)

    def _plan_burst(self, name: str) -> None:
        self.next_burst[name] = time.monotonic() + self.chance.uniform(*self.sides[name].burst_every)

    def start_clusters(self, each: int) -> None:
        """``each``: how many clusters serve each queue."""
        queues = ["live", "bulk"] if self.install.database_url else ["live"]
        self.clusters = [f"workers-{queue}-{number}" for queue in queues for number in range(each)]
        for name in self.clusters:
            self._start(name)

    def _start(self, name: str) -> None:
        self.install.start(name, "workers", name.split("-")[1])

    def restart_database(self) -> None:
        """SIGKILL one of PostgreSQL's own processes: it ends all the others, recovers from its log and starts again."""
        self.next_restart = time.monotonic() + self.chance.uniform(*RESTART_EVERY)
        try:
            with connection.cursor() as cursor:
                pid = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
            os.kill(pid, signal.SIGKILL)
            self.kills["database"] += 1
        except OperationalError:
            pass  # it is starting
        finally:
            connection.close()

    def kill(self) -> None:
        """One process of one cluster, or all of it; what supervised it as a whole (systemd, a container) starts that again."""
        name = self.chance.choice(self.clusters)
        if self.chance.random() < WHOLE:
            self.install.kill_tree(name)
            self._start(name)
            self.kills["cluster"] += 1
            return
        supervisor = self.install.processes[name].pid
        what, find = ("guard", guards) if self.chance.random() < GUARD else ("worker", workers)
        pids = find(supervisor)
        if not pids:
            return  # it is starting
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.chance.choice(pids), signal.SIGKILL)
            self.kills[what] += 1
