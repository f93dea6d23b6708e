"""``python -m tests [--all] [pytest's arguments]``: the suite on SQLite and, beside it, on PostgreSQL what uses the database.

The default run leaves out tests marked ``slow`` and, on PostgreSQL, those about pages; ``--all`` runs all on both. A failure
on SQLite ends the run, so the last line is always the summary that counts.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from types import FrameType
from typing import IO

from tests.postgres import NoPostgres, server

Process = subprocess.Popen[bytes]
NO_TESTS_COLLECTED = 5


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)  # a shell starts background jobs with it ignored, and pytest would inherit that
    with ExitStack() as stack:
        environments = {}
        for database in ("SQLite", "PostgreSQL"):
            place = tempfile.TemporaryDirectory(prefix="syncline-tests-", ignore_cleanup_errors=True)
            environments[database] = os.environ | {"TESTS_DIR": stack.enter_context(place), "DATABASE_URL": ""}
        try:
            environments["PostgreSQL"]["DATABASE_URL"] = stack.enter_context(server())
        except NoPostgres as problem:
            del environments["PostgreSQL"]
            environments["SQLite"]["NO_POSTGRES"] = str(problem)
            print(f"\n== SQLite only. No PostgreSQL here: {problem}", flush=True)
        try:
            if _wants_one_process(arguments):
                return _one_after_the_other(arguments, environments)
            return _side_by_side(arguments, environments)
        except KeyboardInterrupt:
            return 130


def _one_after_the_other(arguments: list[str], environments: dict[str, dict[str, str]]) -> int:
    codes = []
    for database, environment in environments.items():
        print(f"\n== {database}", flush=True)
        codes.append(_wait(_start(arguments, environment)))
        if codes[-1] not in (0, NO_TESTS_COLLECTED):
            return codes[-1]
    return min(codes)  # nothing of what was asked for may use the database, or the page


def _side_by_side(arguments: list[str], environments: dict[str, dict[str, str]]) -> int:
    """Many tests wait for servers and processes: there is room for both. What PostgreSQL's half says is kept until then."""
    with tempfile.TemporaryFile() as words:
        other = None
        if "PostgreSQL" in environments:
            other = _start(["-n", "1", *arguments], environments["PostgreSQL"], words)
        try:
            print("\n== SQLite", flush=True)
            code = _wait(_start(["-n", "3", "--dist", "worksteal", *arguments], environments["SQLite"]))
            if other is None or code not in (0, NO_TESTS_COLLECTED):
                return code
            print("\n== PostgreSQL", flush=True)
            code_of_other = _wait(other)
        finally:
            if other is not None and other.poll() is None:
                _interrupt(other)
        words.seek(0)
        sys.stdout.buffer.write(words.read())
        sys.stdout.flush()
        return code if code_of_other == NO_TESTS_COLLECTED else code_of_other


def _start(arguments: list[str], environment: dict[str, str], output: IO[bytes] | None = None) -> Process:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output and subprocess.STDOUT)


def _wait(process: Process) -> int:
    try:
        return process.wait()
    except BaseException:  # Ctrl-C reached pytest too; a SIGTERM to us did not
        _interrupt(process)
        raise


def _interrupt(process: Process) -> None:
    process.send_signal(signal.SIGINT)
    process.wait(60)


def _wants_one_process(arguments: list[str]) -> bool:
    """A debugger, or a number of the caller's own."""
    alone = {"--pdb", "-s", "--collect-only", "--co"}
    return any(each in alone or each.startswith(("-n", "--numprocesses")) for each in arguments)


def _end(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
