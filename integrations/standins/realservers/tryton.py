"""Tryton, a real ERP server from the package registry, on a loopback port and a database of its own.

It is too heavy for the development environment (90 MB), so it gets a virtual environment below ``var/tryton/``, unless trytond can
be imported here. Beside it lies a template database (SQLite, 5 MB): modules activated, a company with its currency, an employee,
some countries and an application key. Making both takes a minute and a half, once for each state of ``requirements/tryton.lock``;
a copy of the template is served in some seconds.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from integrations.standins import processes
from integrations.standins.realservers import environment

ROOT = Path(__file__).resolve().parent.parent.parent.parent
LOCK = ROOT / "requirements" / "tryton.lock"
HOME = ROOT / "var" / "tryton"
DATABASE = "crm"
ADMIN, PASSWORD = "admin", "admin-pass-1"
MODULES = ("party", "product", "sale_opportunity", "party_relationship")
COMPANY, CURRENCY, EMPLOYEE = "Acme Home", "EUR", "erin@example.com"
# (code, three letters, name); a new Tryton database has none until somebody imports them.
COUNTRIES = (
    ("GB", "GBR", "United Kingdom"), ("US", "USA", "United States"), ("DE", "DEU", "Germany"), ("FR", "FRA", "France"),
    ("ES", "ESP", "Spain"), ("IT", "ITA", "Italy"), ("NL", "NLD", "Netherlands"), ("JP", "JPN", "Japan"),
    ("CA", "CAN", "Canada"), ("BR", "BRA", "Brazil"), ("IN", "IND", "India"), ("AU", "AUS", "Australia"),
    ("PL", "POL", "Poland"), ("SE", "SWE", "Sweden"), ("CH", "CHE", "Switzerland"), ("IE", "IRL", "Ireland"),
)  # fmt: skip
CONFIGURATION = """[database]
uri = sqlite:///{folder}
path = {folder}
[web]
listen = 127.0.0.1:{port}
[session]
authentications = password
"""
EDITION = "1"  # another one makes the template anew, where only this module has changed


class NotInstallable(RuntimeError):
    """Tryton cannot be had here; the message says why."""


@dataclass
class TrytonServer:
    """A running server. ``url`` has the database's name in it, as the connector wants it."""

    url: str
    key: str  # of an application that may use the REST interface
    folder: Path
    http: requests.Session = field(default_factory=requests.Session)
    session: str = ""

    @property
    def database(self) -> Path:
        return self.folder / f"{DATABASE}.sqlite"

    @property
    def start(self) -> Path:
        return self.folder / "start.sqlite"

    def log_in(self) -> None:
        """As the administrator. Slow on purpose (it hashes a password), so ``reset`` leaves the session alone."""
        self.http.trust_env = False
        user, token, _bus = self._ask("common.db.login", [ADMIN, {"password": PASSWORD}, "en"])
        self.session = "Session " + b64encode(f"{ADMIN}:{user}:{token}".encode()).decode()
        _copy(self.database, self.start)

    def rpc(self, method: str, *params: Any) -> Any:
        """As Tryton's own client asks, in the name of the administrator. The last parameter of a model's method is its context."""
        return self._ask(method, list(params))

    def _ask(self, method: str, params: list[Any]) -> Any:
        headers = {"Authorization": self.session} if self.session else {}
        body = {"id": 1, "method": method, "params": params}
        answer = self.http.post(f"{self.url}/rpc/", json=body, headers=headers, timeout=60)
        said = answer.json() if answer.ok else {"error": [answer.status_code, answer.text[:500]]}
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']}")
        return said["result"]

    def reset(self) -> None:
        """Back to what the database held at the start, in some milliseconds and without a restart."""
        _copy(self.start, self.database)


def is_ready() -> bool:
    """Whether a server starts at once: nothing has to be installed and no template made."""
    return (_home() / "facts.json").exists()


@contextmanager
def tryton(folder: Path, port: int = 0) -> Iterator[TrytonServer]:
    """A server whose database lies in ``folder`` and begins as the template. NotInstallable, with the reason."""
    home = _prepared()
    folder.mkdir(parents=True, exist_ok=True)
    _copy(home / "template.sqlite", folder / f"{DATABASE}.sqlite")
    facts = json.loads((home / "facts.json").read_text())
    with _serving(_python(home), folder, port or processes.free_port()) as url:
        server = TrytonServer(url, facts["key"], folder)
        try:
            server.log_in()
            yield server
        finally:
            server.http.close()


# -- made once -----------------------------------------------------------------------------------------------------------------
def _home() -> Path:
    digest = hashlib.sha256(LOCK.read_bytes() + EDITION.encode()).hexdigest()
    return HOME / digest[:12]


def _prepared() -> Path:
    """The folder with the environment and the template; of several processes that need it, one makes it."""
    home = _home()
    if is_ready():
        return home
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready():
            try:
                if _python(home) != Path(sys.executable):
                    environment.install(LOCK, home / "venv")
                _make_template(home)
            except (OSError, subprocess.SubprocessError, RuntimeError) as error:
                said = getattr(error, "stderr", None) or b""
                raise NotInstallable(f"{error} {said.decode(errors='replace')[-1500:]}".strip()) from error
    return home


def _python(home: Path) -> Path:
    if importlib.util.find_spec("trytond"):
        return Path(sys.executable)
    return home / "venv" / "bin" / "python"


def _make_template(home: Path) -> None:
    work = home / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    database = work / f"{DATABASE}.sqlite"
    database.touch()  # trytond makes no file
    (work / "password").write_text(f"{PASSWORD}\n")
    python, port = _python(home), processes.free_port()
    _configure(work, port)
    admin = [python, "-m", "trytond.cli.admin", "-c", work / "trytond.conf", "-d", DATABASE]
    variables = os.environ | {"TRYTONPASSFILE": str(work / "password")}
    _run([*admin, "--all", "--email", "admin@example.com"], seconds=300, env=variables)
    _run([*admin, "-u", *MODULES, "--activate-dependencies"], seconds=600, env=variables)
    with _serving(python, work, port) as url:
        server = TrytonServer(url, "", work)
        server.log_in()
        facts = _furnish(server)
        server.rpc("common.db.logout")
        server.http.close()
    _copy(database, home / "template.sqlite")
    shutil.rmtree(work)
    (home / "facts.json").write_text(json.dumps(facts))


def _furnish(server: TrytonServer) -> dict[str, Any]:
    """What a company sets up before it works with Tryton."""

    def create(model: str, *rows: dict[str, Any]) -> list[int]:
        return list(server.rpc(f"model.{model}.create", list(rows), {}))

    euro, _dollar = create(
        "currency.currency",
        {"name": "Euro", "symbol": "€", "code": CURRENCY},
        {"name": "US Dollar", "symbol": "$", "code": "USD"},
    )
    create("country.country", *({"code": a, "code3": b, "name": name} for a, b, name in COUNTRIES))
    ours, erin = create("party.party", {"name": COMPANY}, {"name": "Erin Employee", "email": EMPLOYEE})
    (company,) = create("company.company", {"party": ours, "currency": euro})
    (employee,) = create("company.employee", {"party": erin, "company": company})
    work_there = {"companies": [["add", [company]]], "company": company, "employees": [["add", [employee]]]}
    server.rpc("model.res.user.write", [1], work_there | {"employee": employee}, {})
    (application,) = create("res.user.application", {"user": 1, "application": "rest"})
    (row,) = server.rpc("model.res.user.application.read", [application], ["key", "state"], {})
    assert row["state"] == "validated", row  # made by an administrator
    return {"key": row["key"]}


def _copy(source: Path, target: Path) -> None:
    """Of a database that may be in use: with what stands in its write-ahead log, which a copy of the file would lack."""
    with closing(sqlite3.connect(source)) as before, closing(sqlite3.connect(target, timeout=20)) as after:
        before.backup(after)


# -- running -------------------------------------------------------------------------------------------------------------------
def _configure(folder: Path, port: int) -> None:
    (folder / "trytond.conf").write_text(CONFIGURATION.format(folder=folder.resolve(), port=port))


@contextmanager
def _serving(python: Path, folder: Path, port: int) -> Iterator[str]:
    """``-d`` matters: without it the first login of a database fails (its classes are not loaded)."""
    _configure(folder, port)
    command = [str(python), "-m", "trytond.cli", "-c", str(folder / "trytond.conf"), "-d", DATABASE]
    log = folder / "log"
    process = processes.start(command, log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        with requests.Session() as http:
            http.trust_env = False
            processes.wait_for(lambda: http.get(url, timeout=30), process, log, seconds=90)
        yield f"{url}/{DATABASE}"
    finally:
        processes.stop(process)


def _run(command: list[Any], *, seconds: float, **options: Any) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=seconds, **options)
