"""A worker cluster that any of its processes may be killed in.

django-q2 hands tasks and results over in ``multiprocessing`` queues, whose locks are semaphores: a process that dies holding one
takes it along. An idle worker holds the reading lock of the task queue all the time, so killing it (the kernel does, when memory is
short) would leave the whole cluster waiting for ever, without a word. So would a worker that dies while it hands in a result, with
the lock of its timer, which the guard reads. The locks here belong to the kernel, which frees them when their process ends. What is
left, a death in the microseconds inside a queue operation, is the watchdog's (``manage.py workers``).

No process outlives its parent: without one a worker waits on a queue that nobody fills, and whoever fetches tasks fetches them for
nobody.
"""

import errno
import fcntl
import os
import signal
import tempfile
import time
from multiprocessing import Value
from typing import Any, cast

from django_q import cluster as django_q_cluster
from django_q.conf import Conf
from django_q.queues import Queue
from django_q.signals import post_execute_in_worker, pre_execute

from portal.processes import die_with_parent
from syncjobs import heartbeat


class ProcessLock:
    """Excludes other processes, not threads; forked children may use the one they inherit."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the lock exists

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        assert timeout is None, "lockf knows no time-out"
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX if block else fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False
            except OSError as error:
                # The kernel knows processes, not threads: a queue's feeder waits in one while the other thread holds a lock, and
                # two such processes look like a deadlock. They are not: each lock is released without the other.
                if error.errno != errno.EDEADLK:
                    raise
                time.sleep(0.005)

    def release(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: Any) -> None:
        self.release()


class SturdyQueue(Queue):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rlock, self._wlock = ProcessLock(), ProcessLock()


def sturdy_value(kind: str, initial: float) -> Any:
    """A worker's timer."""
    return Value(kind, initial, lock=cast(Any, ProcessLock()))


def run(watchdog: int) -> None:
    """Run the cluster that Q_CLUSTER_NAME names, until it is told to stop or the process ``watchdog``, its parent, ends."""
    die_with_parent()  # where the kernel cannot, the watchdog kills the group, as long as that lives
    if os.getppid() != watchdog:  # it ended while we were starting
        return
    os.register_at_fork(after_in_child=lambda: die_with_parent(signal.SIGKILL))
    django_q_cluster.Queue, django_q_cluster.Value = SturdyQueue, sturdy_value
    for moment in (pre_execute, post_execute_in_worker):
        moment.connect(_works, dispatch_uid=f"syncjobs.works.{id(moment)}")
    django_q_cluster.Cluster().start()


def _works(**signal: Any) -> None:
    heartbeat.works(Conf.CLUSTER_NAME)
