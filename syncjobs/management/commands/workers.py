"""Run one worker cluster and keep it alive: ``manage.py workers [live|bulk]``.

The cluster (``syncjobs.cluster``) is a process of its own, because one whose database is away at start ends at once, and one that
lost a process at a bad moment can hang without a word. This process starts it, starts it again when it ends, gives it something to
do when it was silent for half a minute, and starts it again when it was silent for a minute and a half.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from syncjobs import heartbeat, schedules
from syncjobs.services import runs

LOOK_SECONDS = 5.0
RESTART_SECONDS = 5.0


class Command(BaseCommand):
    help = "Run a worker cluster (live or bulk) and restart it when it ends or hangs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cluster", nargs="?", default="live", choices=["live", "bulk"])
        parser.add_argument(
            "--watched-by", type=int, metavar="PID", help="the cluster itself, whose watchdog is this process"
        )

    def handle(self, *args: Any, cluster: str, watched_by: int | None, **options: Any) -> None:
        if watched_by:
            from syncjobs.cluster import run

            return run(watched_by)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        process = self._start(cluster)
        try:
            while True:
                time.sleep(LOOK_SECONDS)
                if trouble := self._trouble(process, cluster):
                    self.stderr.write(f"The {cluster} cluster {trouble}; starting it again.")
                    _kill(process)
                    time.sleep(RESTART_SECONDS)
                    process = self._start(cluster)
        except KeyboardInterrupt:
            pass
        finally:
            _end(process)

    def _start(self, cluster: str) -> "subprocess.Popen[bytes]":
        self.started = self.asked = time.monotonic()
        # What a dead cluster of this machine held goes on at once, and not at the next tick.
        with contextlib.suppress(DatabaseError):
            runs.dispatch_due()
        close_old_connections()
        # The queue's settings are read before the command line is: the name goes by the environment.
        environment = os.environ | {"Q_CLUSTER_NAME": cluster}
        command = [sys.executable, sys.argv[0], "workers", cluster, "--watched-by", str(os.getpid())]
        return subprocess.Popen(command, env=environment, start_new_session=True)

    def _trouble(self, process: "subprocess.Popen[bytes]", cluster: str) -> str:
        """What is wrong with it, in words; "" when it is well."""
        if process.poll() is not None:
            return f"ended with {process.returncode}"
        silent = time.monotonic() - self.started
        try:
            schedules.mind_the_clock()
            runs.dispatch_waiting()
            silent = min(silent, heartbeat.age(cluster))
            if silent > heartbeat.ASK_AFTER and time.monotonic() - self.asked > heartbeat.ASK_AFTER:
                self.asked = time.monotonic()
                heartbeat.ask(cluster)
        except DatabaseError:
            return ""  # the database is away: restarting workers does not bring it back
        finally:
            close_old_connections()
        return f"has not worked for {silent:.0f} s" if silent > heartbeat.TOO_OLD else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Let it finish its slices, then make sure."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
    _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
