"""A fresh install on loopback: its own folder and database, one process of each kind, all stopped together."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from portal.env import BASE_DIR

SCHEMA = "syncline_demo"
Process = subprocess.Popen[Any]


class DemoFailed(Exception):
    """Words for the person at the terminal."""


def free_port(wanted: int = 0) -> int:
    """``wanted`` if nobody listens there, else any free loopback port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
            except OSError:
                continue
    raise DemoFailed("No free port on the loopback interface.")


class DemoInstall:
    """``env`` is what the processes see. Output goes to ``logs/<name>.log`` below ``folder``."""

    def __init__(self, folder: Path, *, port: int = 8000, database_url: str = "", schema: str = SCHEMA) -> None:
        self.folder, self.database_url, self.schema = folder, database_url, schema
        self.url = f"http://127.0.0.1:{free_port(port)}"
        self.processes: dict[str, Process] = {}
        self.standins: dict[str, Any] = {}
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "logs").mkdir(parents=True)
        (folder / "static").mkdir()
        self.env = os.environ | {
            "VAR_DIR": str(folder),
            "BASE_URL": self.url,
            "ALLOW_LOOPBACK_APPS": "1",
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": _with_schema(database_url, schema),
        }

    # -- what runs -------------------------------------------------------------------------------------------------------
    def start_standins(self, *arguments: str) -> None:
        """Start the vendors' stand-ins and point the install at them."""
        command = ["standins", "--json", "--exit-with-parent", "--hubspot-webhook-url", f"{self.url}/hooks/hubspot/"]
        process = self.start("standins", *command, *arguments, stdout=subprocess.PIPE)
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise DemoFailed(f"The stand-ins did not start:\n{self.log('standins')}")
        self.standins = json.loads(line)
        for facts in self.standins.values():
            self.env |= facts.get("environment", {})
        self.env["STANDINS_FILE"] = str(self.folder / "standins.json")
        (self.folder / "standins.json").write_text(json.dumps(self.standins))

    def make_database(self) -> None:
        if self.database_url:
            _fresh_schema(self.database_url, self.schema)
        self.manage("migrate", "--verbosity", "0")
        self.manage("createcachetable")

    def start_web(self) -> None:
        address = self.url.removeprefix("http://")
        options = ["--threads", "4", "--no-control-socket", "--log-level", "warning"]
        self._spawn("web", ["-m", "gunicorn", "portal.wsgi", "--bind", address, *options])
        self._wait_until_answers()

    def start_workers(self) -> None:
        """One cluster on SQLite; on PostgreSQL *live* and *bulk*."""
        for name in ["live", "bulk"] if self.database_url else ["live"]:
            self.start_cluster(name)

    def start_cluster(self, name: str = "live") -> Process:
        return self.start(f"workers-{name}", "workers", name)

    def start(self, name: str, *command: str, **options: Any) -> Process:
        return self._spawn(name, ["manage.py", *command], **options)

    def manage(self, *command: str) -> str:
        """Run a management command to its end; gives its output, raises DemoFailed with it when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE_DIR,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoFailed(f"manage.py {' '.join(command)} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    # -- inside ----------------------------------------------------------------------------------------------------------
    def _spawn(self, name: str, command: list[str], **options: Any) -> Process:
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=BASE_DIR, stdin=subprocess.DEVNULL,
                **{"stdout": log, "env": self.env, **options}, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.processes[name] = process
        return process

    def _wait_until_answers(self) -> None:
        for _ in range(300):
            if self.processes["web"].poll() is not None:
                break
            with contextlib.suppress(URLError, OSError), urlopen(f"{self.url}/accounts/login/", timeout=10):
                return
            time.sleep(0.1)
        raise DemoFailed(f"The web process does not answer:\n{self.log('web')}")

    def log(self, name: str, last: int = 3000) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text(errors="replace")[-last:] if path.exists() else ""

    def kill_tree(self, name: str) -> None:
        """SIGKILL a process and everything it started, whatever session that is in."""
        doomed = [self.processes[name].pid]
        for pid in doomed:
            children = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
            )
            doomed += [int(child) for child in children.stdout.split()]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processes[name].wait()

    def stop(self, *names: str) -> None:
        """Ask these processes (all, where none is named) to end, then kill what is left of their groups."""
        chosen = [process for name, process in self.processes.items() if not names or name in names]
        for process in chosen:
            if process.poll() is None:
                process.terminate()
        for process in chosen:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(25)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _with_schema(database_url: str, schema: str) -> str:
    """The same database, with a schema of the demo's own: nothing else in it is touched."""
    if not database_url:
        return ""
    mark = "&" if "?" in database_url else "?"
    return f"{database_url}{mark}options=-c%20search_path%3D{schema}"


def _fresh_schema(database_url: str, schema: str) -> None:
    import psycopg

    try:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
    except psycopg.Error as error:
        raise DemoFailed(
            f"The demo makes a schema called {schema} in DATABASE_URL's database, and cannot: {error}"
        ) from error
