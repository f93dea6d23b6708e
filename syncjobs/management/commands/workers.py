"""Run one worker cluster and keep it alive: ``manage.py workers [live|bulk]``.

Around ``qcluster``, because killing an idle worker can hang the whole cluster without a word, and a cluster whose database is away
at start ends at once. This process starts it, starts it again when it ends, and when its heartbeat (a task that the dispatcher
puts into each queue every minute) is three minutes old.
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

from syncjobs import heartbeat
from syncjobs.services import runs

LOOK_SECONDS = 5.0
RESTART_SECONDS = 5.0


class Command(BaseCommand):
    help = "Run a worker cluster (live or bulk) and restart it when it ends or hangs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cluster", nargs="?", default="live", choices=["live", "bulk"])

    def handle(self, *args: Any, cluster: str, **options: Any) -> None:
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
        self.started = time.monotonic()
        # What a dead cluster of this machine held goes on at once, and not at the next tick.
        with contextlib.suppress(DatabaseError):
            runs.dispatch_due()
        close_old_connections()
        # The queue's settings are read before the command line is: the name goes by the environment.
        environment = os.environ | {"Q_CLUSTER_NAME": cluster}
        return subprocess.Popen([sys.executable, sys.argv[0], "qcluster"], env=environment, start_new_session=True)

    def _trouble(self, process: "subprocess.Popen[bytes]", cluster: str) -> str:
        """What is wrong with it, in words; "" when it is well."""
        if process.poll() is not None:
            return f"ended with {process.returncode}"
        if time.monotonic() - self.started < heartbeat.TOO_OLD:
            return ""
        try:
            age = heartbeat.age(cluster)
        except DatabaseError:
            return ""  # the database is away: restarting workers does not bring it back
        finally:
            close_old_connections()
        return f"has not worked for {age:.0f} s" if age > heartbeat.TOO_OLD else ""


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
