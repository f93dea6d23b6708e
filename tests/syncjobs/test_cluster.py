"""The locks of a worker cluster's queues and timers."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from syncjobs.cluster import ProcessLock, sturdy_value

KERNEL_LOCKS = Path("/proc/locks")


@pytest.mark.skipif(not KERNEL_LOCKS.exists(), reason="needs Linux's list of locks")
def test_two_processes_whose_threads_hold_and_await_two_locks_are_no_deadlock() -> None:
    one, two = ProcessLock(), ProcessLock()
    said, heard = os.pipe(), os.pipe()
    one.acquire()
    if not (child := os.fork()):
        code = 1
        try:
            two.acquire()
            os.write(said[1], b"x")
            os.read(heard[0], 1)
            one.acquire()  # the kernel: we wait for the parent, of whom a thread waits for us
            code = 0
        finally:
            os._exit(code)
    os.read(said[0], 1)
    waiting = threading.Thread(target=two.acquire)
    waiting.start()
    _until_awaited(os.getpid())
    os.write(heard[1], b"x")
    ended = _ends_soon(child)
    one.release()
    status = ended or os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status[1]) == 0
    waiting.join(10)
    assert not waiting.is_alive()


@pytest.mark.timeout(20)
def test_a_worker_that_is_killed_while_it_hands_in_a_result_takes_no_lock_along() -> None:
    timer = sturdy_value("f", -1)
    if not (child := os.fork()):
        with timer.get_lock():
            timer.value = 3
        with timer.get_lock():
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert timer.value == 3, "the guard can read it"


def _until_awaited(pid: int) -> None:
    """Until a thread of this process stands in the kernel's queue for a lock."""
    deadline = time.monotonic() + 10
    while not any("->" in line and f" {pid} " in line for line in KERNEL_LOCKS.read_text().splitlines()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _ends_soon(pid: int) -> tuple[int, int] | None:
    """What became of a child that should go on waiting; None: it does."""
    for _ in range(30):
        ended = os.waitpid(pid, os.WNOHANG)
        if ended[0]:
            return ended
        time.sleep(0.01)
    return None
