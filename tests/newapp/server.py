"""Kinto, a real server of JSON records, on a loopback port, everything in memory. Its program is installed once, below ``var/``."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.standins import processes
from integrations.standins.realservers import environment
from tests.settings import ROOT

LOCK = ROOT / "requirements" / "kinto.lock"
HOME = ROOT / "var" / "kinto" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
USER, PASSWORD = "mia", "mia-pass-1"
MARKS = [] if (HOME / "ready").exists() else [pytest.mark.slow, pytest.mark.timeout(900)]
MEMORY = "\n".join(f"kinto.{part}_backend = kinto.core.{part}.memory" for part in ("storage", "cache", "permission"))
CONFIGURATION = f"""[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = %(http_port)s
[app:main]
use = egg:kinto
{MEMORY}
kinto.includes = kinto.plugins.accounts
kinto.experimental_collection_schema_validation = true
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
kinto.userid_hmac_secret = only-for-tests
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy
"""
Json = dict[str, Any]


@dataclass
class KintoServer:
    """Asked as by the person who owns it, without any code of the connector."""

    url: str
    http: requests.Session = field(default_factory=requests.Session)
    made: int = 0

    def ask(self, method: str, path: str, *, status: tuple[int, ...] = (200, 201), **options: Any) -> Json:
        answer = self.http.request(method, f"{self.url}/v1{path}", timeout=20, **options)
        assert answer.status_code in status, answer.text
        return dict(answer.json())

    def new_collection(self) -> "Collection":
        self.made += 1
        people = Collection(self, f"people{self.made}")
        self.ask("PUT", "/buckets/crm")
        self.ask("PUT", people.address)
        return people


@dataclass
class Collection:
    server: KintoServer
    name: str

    @property
    def address(self) -> str:
        return f"/buckets/crm/collections/{self.name}"

    @property
    def path(self) -> str:
        return f"{self.address}/records"

    def describe(self, properties: Json) -> None:
        """Give it a JSON schema."""
        self.server.ask("PUT", self.address, json={"data": {"schema": {"properties": properties}}})

    def put(self, *rows: Json) -> list[str]:
        """New records; their ids."""
        made = []
        for start in range(0, len(rows), 25):
            requests = [
                {"method": "POST", "path": self.path, "body": {"data": row}} for row in rows[start : start + 25]
            ]
            said = self.server.ask("POST", "/batch", json={"requests": requests})["responses"]
            assert {each["status"] for each in said} == {201}, said
            made += [str(each["body"]["data"]["id"]) for each in said]
        return made

    def edit(self, id: str, row: Json) -> None:
        self.server.ask("PATCH", f"{self.path}/{id}", json={"data": row})

    def remove(self, id: str) -> None:
        self.server.ask("DELETE", f"{self.path}/{id}")

    def all(self) -> dict[str, Json]:
        return {row["id"]: row for row in self.server.ask("GET", self.path)["data"]}


@contextmanager
def kinto(folder: Path) -> Iterator[KintoServer]:
    """A server with one user; skips the test where Kinto cannot be installed."""
    program = _installed()
    configuration, log, port = folder / "kinto.ini", folder / "log", processes.free_port()
    configuration.write_text(CONFIGURATION)
    process = processes.start(
        [str(program), "start", "--ini", str(configuration), "--port", str(port)], log, cwd=folder
    )
    server = KintoServer(f"http://127.0.0.1:{port}")
    server.http.trust_env = False
    try:
        processes.wait_for(lambda: server.http.get(server.url, timeout=10), process, log, seconds=60)
        server.ask("PUT", f"/accounts/{USER}", json={"data": {"password": PASSWORD}})
        server.http.auth = (USER, PASSWORD)
        yield server
    finally:
        server.http.close()
        processes.stop(process)


def _installed() -> Path:
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HOME / "ready").exists():
            try:
                environment.install(LOCK, HOME / "venv")
            except (OSError, RuntimeError) as reason:
                pytest.skip(f"no Kinto: {reason}")
            (HOME / "ready").touch()
    return HOME / "venv" / "bin" / "kinto"
