"""What heals by itself, each tried on a running install. More, with their outputs, in README.md."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from syncjobs import heartbeat
from tests.chaos.processes import workers
from tests.install import Install


def test_workers_killed_while_idle_are_replaced_and_the_cluster_works_on(live_install: Install) -> None:
    """One of the idle ones holds the lock of the task queue when it dies."""
    supervisor = live_install.start("workers", "manage.py", "workers", "live").pid
    everybody = live_install.wait_for(
        lambda: len(found := workers(supervisor)) == 4 and found
    )  # two, and their two helpers
    with live_install.orm():
        live_install.wait_for(lambda: _works(live_install))
    for pid in everybody:
        os.kill(pid, signal.SIGKILL)
    live_install.wait_for(lambda: len(found := workers(supervisor)) == 4 and not set(found) & set(everybody))
    with live_install.orm():
        live_install.wait_for(lambda: _works(live_install), seconds=20)


def test_a_cluster_does_not_outlive_its_supervisor(live_install: Install) -> None:
    """Else its workers would wait for ever, and what fetches tasks for them would fetch them for nobody."""
    supervisor = live_install.start("workers", "manage.py", "workers", "live").pid
    everybody = live_install.wait_for(lambda: len(found := workers(supervisor)) == 4 and found)
    os.kill(supervisor, signal.SIGKILL)
    live_install.wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everybody))


def test_a_cluster_whose_supervisor_ended_before_it_had_started_does_not_start(live_install: Install) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    orphan = live_install.start("workers", "manage.py", "workers", "live", "--watched-by", str(gone.pid))
    assert orphan.wait(60) == 0


def _works(install: Install) -> bool:
    """Whether the cluster takes a task that is given to it now."""
    given = time.time()
    heartbeat.ask("live")
    install.wait_for(lambda: heartbeat.age("live") < time.time() - given + 0.01, seconds=15)
    return True
