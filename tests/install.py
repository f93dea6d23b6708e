"""A whole install for one test: its own database and files, real web, worker and stand-in processes.

The database is SQLite or PostgreSQL, as the run's. It is copied from one that was migrated once per run. ::

    def test_something(live_install):
        standins = live_install.start_standins("--records", "200")    # before the others: they are pointed at it
        live_install.start_web()
        cluster, = live_install.start_workers()
        ... requests.get(live_install.url) ...
        with live_install.orm():                                       # the models, on the install's database
            Sync.objects.get()
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import psycopg
from dj_database_url import parse
from django.db import connections
from psycopg import sql

from tests.postgres import is_postgres
from tests.processes import die_with_parent, free_port, stop

ROOT = Path(__file__).resolve().parent.parent
MIGRATE = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
"""
# The control socket would be one file in the home folder for all installs of a machine.
GUNICORN = ["--threads", "4", "--no-control-socket"]
Process = subprocess.Popen[bytes]


class Install:
    """``url``: where the web process answers. ``env``: the environment of its processes; change it before starting."""

    def __init__(self, folder: Path, server_url: str = "") -> None:
        """``server_url``: a PostgreSQL server's maintenance database; empty: SQLite in ``folder``."""
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        (folder / "static").mkdir()
        self.server_url = server_url
        self.url = f"http://127.0.0.1:{free_port()}"
        self.env = _environment(folder) | {"BASE_URL": self.url}
        self.processes: dict[str, Process] = {}
        self._make_database()

    # -- processes ----------------------------------------------------------------------------------------------------
    def start(self, name: str, *command: str | Path, env: dict[str, str] | None = None, **options: Any) -> Process:
        """Start a program with the install's environment; its output goes to ``logs/<name>.log``."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.env | (env or {}),
                stdin=subprocess.DEVNULL,
                **({"stdout": log} | options),
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.processes[name] = process
        return process

    def start_web(self) -> str:
        """Start the web process and wait until it answers; gives its address."""
        address = self.url.removeprefix("http://")
        process = self.start("web", "-m", "gunicorn", "portal.wsgi", "--bind", address, *GUNICORN)
        self.wait_for(self._answers, process, "web")
        return self.url

    def _answers(self) -> bool:
        try:
            return bool(urlopen(f"{self.url}/accounts/login/", timeout=10).status == 200)
        except HTTPError as error:
            raise AssertionError(f"the sign-in page answers {error.code}:\n{self.log('web')}") from error

    def start_workers(self) -> list[Process]:
        """Start the worker clusters: one on SQLite, live and bulk on PostgreSQL."""
        names = ["live", "bulk"] if self.server_url else ["live"]
        return [self.start_cluster(name) for name in names]

    def start_cluster(self, name: str = "live") -> Process:
        # By the environment: the queue's settings are read before the command line is.
        return self.start(f"workers-{name}", "manage.py", "qcluster", env={"Q_CLUSTER_NAME": name})

    def start_standins(self, *arguments: str) -> dict[str, Any]:
        """Start the vendors' stand-ins and point the install at them; gives what they print, credentials included.

        Snov.io's answers as many calls as it is asked: the real limit would make every test minutes long."""
        webhook = ["--hubspot-webhook-url", f"{self.url}/hooks/hubspot/"]
        command = ["manage.py", "standins", "--json", *webhook, "--set", "snovio.rate_limit=0", *arguments]
        process = self.start("standins", *command, stdout=subprocess.PIPE)
        assert process.stdout
        line = process.stdout.readline()
        assert line, f"the stand-ins did not start:\n{self.log('standins')}"
        standins = dict(json.loads(line))
        for facts in standins.values():
            self.env |= facts["environment"]
        self.env["SNOVIO_CALLS_PER_MINUTE"] = "6000"
        return standins

    def manage(self, *arguments: str, timeout: float = 60) -> str:
        """Run a management command to its end; gives what it printed, raises CalledProcessError when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode:
            raise AssertionError(
                f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}"
            )
        return done.stdout

    def wait_for(self, condition: Any, process: Process | None = None, name: str = "", *, seconds: float = 30) -> Any:
        """Ask until ``condition()`` is true (OSError counts as no) and give its value; AssertionError when it never is."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if value := condition():
                    return value
            except OSError:
                pass
            if process and process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}:\n{self.log(name)}")
            if time.monotonic() > deadline:
                raise AssertionError(f"not true after {seconds} s: {condition}\n{self.log(name) if name else ''}")
            time.sleep(0.1)

    def log(self, name: str, last: int = 3000) -> str:
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace")[-last:] if path.exists() else ""

    def close(self) -> None:
        """Stop everything, print the ends of the logs (pytest shows them when the test failed), drop the database."""
        for process in reversed(self.processes.values()):
            stop(process)
        for path in sorted(self.logs.iterdir()):
            print(f"-- {path.name}\n{self.log(path.stem)}")
        if self.server_url:
            _on_server(self.server_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", self._database)

    # -- the database -------------------------------------------------------------------------------------------------
    @contextmanager
    def orm(self) -> Iterator[None]:
        """Inside, Django's models of this process work on the install's database."""
        settings = parse(self.env["DATABASE_URL"]) if self.server_url else _sqlite(self.folder)
        ours, configured = connections["default"], connections.settings["default"]
        connections.settings["default"] = connections.configure_settings({"default": settings})["default"]
        del connections["default"]
        try:
            yield
        finally:
            connections["default"].close()
            connections.settings["default"] = configured
            connections["default"] = ours

    def _make_database(self) -> None:
        template = _template_folder(self.server_url)
        template.mkdir(exist_ok=True)
        with (template / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (template / "done").exists():
                self._make_template(template)
                (template / "done").touch()
        if self.server_url:
            self._database = f"live_{uuid4().hex[:12]}"
            _on_server(self.server_url, f"CREATE DATABASE {{}} TEMPLATE {_template_name()}", self._database)
            self.env["DATABASE_URL"] = _database_url(self.server_url, self._database)
        else:
            shutil.copy(template / "syncline.sqlite3", self.folder)

    def _make_template(self, folder: Path) -> None:
        if self.server_url:
            _on_server(self.server_url, "CREATE DATABASE {}", _template_name())
        url = _database_url(self.server_url, _template_name()) if self.server_url else ""
        subprocess.run(
            [sys.executable, "-c", MIGRATE],
            cwd=ROOT,
            env=_environment(folder) | {"DATABASE_URL": url},
            check=True,
        )


def drop_template(server_url: str) -> None:
    """At the end of a run: a server that was there before must not keep our template."""
    if (_template_folder(server_url) / "done").exists():
        _on_server(server_url, "DROP DATABASE IF EXISTS {}", _template_name())


def _template_folder(server_url: str) -> Path:
    return Path(os.environ["TESTS_DIR"]) / ("template-postgres" if server_url else "template-sqlite")


def _template_name() -> str:
    """One per run: two runs may share a server."""
    return "live_template_" + "".join(c for c in Path(os.environ["TESTS_DIR"]).name.lower() if c.isalnum())


def _environment(folder: Path) -> dict[str, str]:
    """What tests/settings.py put into the environment, in another folder and with the production settings module."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "VAR_DIR": str(folder),
        "DATABASE_URL": "",
        "PYTHONUNBUFFERED": "1",
        "LOG_LEVEL": "INFO",
    }


def _sqlite(folder: Path) -> dict[str, Any]:
    from portal.settings import SQLITE_PRAGMAS

    options = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "syncline.sqlite3", "OPTIONS": options}


def _database_url(server_url: str, database: str) -> str:
    assert is_postgres(server_url)
    return f"{server_url.rpartition('/')[0]}/{database}"


def _on_server(server_url: str, statement: str, database: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(database)))
