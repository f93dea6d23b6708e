"""Helpers around child processes: a demo or test run must leave none behind, even when it is killed."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from portal.processes import die_with_parent


def stop(process: subprocess.Popen[bytes], *, how: signal.Signals = signal.SIGTERM, patience: float = 10) -> None:
    """Ask the process (the leader of its own session) to end, then kill whatever of its group is left."""
    if process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: Sequence[str], log: Path, **options: Any) -> "subprocess.Popen[bytes]":
    """A child that ends with us, in a session of its own, its output in the file ``log``."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command, stdout=out, stderr=out, start_new_session=True, preexec_fn=die_with_parent, **options
        )


def wait_for(answers: Callable[[], object], process: "subprocess.Popen[bytes]", log: Path, *, seconds: float) -> None:
    """Ask until ``answers`` raises no ConnectionError; RuntimeError with the log's end where the process ended or never answers."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        try:
            answers()
            return
        except OSError:  # requests' errors are of this kind, too
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text(errors='replace')[-3000:]}")
