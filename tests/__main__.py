"""``python -m tests [--all] [pytest's arguments]``: the suite on SQLite, then on PostgreSQL what uses the database.

The default run leaves out tests marked ``slow`` and, on PostgreSQL, those about pages; ``--all`` runs all on both. A part
that fails ends the run, so the last line is always the summary that counts.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from types import FrameType

from tests.postgres import NoPostgres, server

NO_TESTS_COLLECTED = 5


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)  # a shell starts background jobs with it ignored, and pytest would inherit that
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="syncline-tests-", ignore_cleanup_errors=True))
        environment = os.environ | {"TESTS_DIR": folder}
        try:
            environment["POSTGRES_URL"] = stack.enter_context(server())
        except NoPostgres as problem:
            environment["NO_POSTGRES"] = str(problem)
        try:
            return _both(arguments, environment)
        except KeyboardInterrupt:
            return 130


def _both(arguments: list[str], environment: dict[str, str]) -> int:
    on_sqlite = _pytest("SQLite", arguments, environment | {"DATABASE_URL": ""})
    if on_sqlite not in (0, NO_TESTS_COLLECTED):
        return on_sqlite
    if "NO_POSTGRES" in environment:
        return on_sqlite
    on_postgres = _pytest("PostgreSQL", arguments, environment | {"DATABASE_URL": environment["POSTGRES_URL"]})
    if on_postgres == NO_TESTS_COLLECTED:  # nothing of what was asked for uses the database
        return on_sqlite
    return on_postgres


def _pytest(database: str, arguments: list[str], environment: dict[str, str]) -> int:
    if database == "SQLite" and "NO_POSTGRES" in environment:
        print(f"\n== SQLite only. No PostgreSQL here: {environment['NO_POSTGRES']}", flush=True)
    else:
        print(f"\n== {database}", flush=True)
    workers = [] if _wants_one_process(arguments) else ["-n", "2", "--dist", "worksteal"]
    process = subprocess.Popen([sys.executable, "-m", "pytest", *workers, *arguments], env=environment)
    try:
        return process.wait()
    except BaseException:  # Ctrl-C reached pytest too; a SIGTERM to us did not
        process.send_signal(signal.SIGINT)
        process.wait(60)
        raise


def _wants_one_process(arguments: list[str]) -> bool:
    """A debugger, or a number of the caller's own."""
    alone = {"--pdb", "-s", "--collect-only", "--co"}
    return any(each in alone or each.startswith(("-n", "--numprocesses")) for each in arguments)


def _end(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
