"""Microsoft's own client of Dataverse (``PowerPlatform-Dataverse-Client``) and ``dynamics-web-api`` for Node, against the stand-in.

The first speaks https only, so the stand-in gets a certificate; it is heavy, so it lives in a virtual environment below ``var/``,
made when its test is asked for. Both are skipped where they cannot be installed.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn

from integrations.standins import dynamics
from integrations.standins.dynamics.vendor import Dynamics
from integrations.standins.realservers import environment
from integrations.standins.server import Gate, listen
from integrations.standins.vendor import World
from tests.conformance.installing import HOME, ROOT, installing, marks, run

LOCK = ROOT / "requirements" / "dataverse.lock"
SCRIPTS = Path(__file__).parent
CLIENT = HOME / f"dataverse-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
NODE = HOME / "dynamics-web-api-2.5.0"
PEOPLE = 60


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python that has Microsoft's client."""
    found = CLIENT / "venv" / "bin" / "python"
    with installing(CLIENT) as missing:
        if missing:
            environment.install(LOCK, CLIENT / "venv")
    return found


@pytest.fixture(scope="module")
def modules() -> Path:
    """A folder in which Node finds ``dynamics-web-api``."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("there is no Node")
    with installing(NODE) as missing:
        if missing:
            run("npm", "install", "--silent", "--no-audit", "--no-fund", "dynamics-web-api@2.5.0", cwd=NODE)
    return NODE


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Dynamics]:
    """The stand-in on a thread of this process, over TLS where there is a certificate."""
    vendor = dynamics.create(World(records=PEOPLE), {})
    socket = listen()
    vendor.base = f"http{'s' if certificate else ''}://127.0.0.1:{socket.getsockname()[1]}"
    secure = {"ssl_certfile": str(certificate), "ssl_keyfile": str(certificate)} if certificate else {}
    server = uvicorn.Server(
        uvicorn.Config(Gate(vendor), ws="none", lifespan="off", log_level="error", date_header=False, **secure)
    )
    thread = Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.should_exit = True
        thread.join(10)


class TestMicrosoftsClient:
    pytestmark = marks(CLIENT)

    @pytest.fixture(scope="class")
    def saw(self, python: Path, tmp_path_factory: Any) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("tls")
        run(python, SCRIPTS / "dataverse_client.py", "certificates", folder)
        with serving(folder / "server.pem") as vendor:
            vendor.organisations[0].keys["account"] = [["accountnumber"]]
            trust = os.environ | {"REQUESTS_CA_BUNDLE": str(folder / "ca.pem"), "SSL_CERT_FILE": str(folder / "ca.pem")}
            token = vendor.describe()["token"]
            said = run(python, SCRIPTS / "dataverse_client.py", "talk", vendor.base, token, env=trust)
            contacts = vendor.organisations[0].tables["contact"]
            return {**json.loads(said), "left": len(contacts.rows), "base": vendor.base}

    def test_it_asks_for_the_scope_of_the_organisation(self, saw: dict[str, Any]) -> None:
        assert saw["scopes"] == [f"{saw['base']}/.default"]

    def test_it_creates_changes_and_reads_a_contact(self, saw: dict[str, Any]) -> None:
        assert saw["read"]["lastname"] == "Lovelace"
        assert saw["read"]["gendercode"] == 2
        assert saw["read"]["contactid"] == saw["made"]

    def test_it_creates_several_at_once_and_finds_them(self, saw: dict[str, Any]) -> None:
        assert len(set(saw["several"])) == 3
        assert saw["found"] == ["Many 2", "Many 1", "Many 0"]

    def test_it_reads_all_pages(self, saw: dict[str, Any]) -> None:
        assert sum(saw["pages"]) == saw["left"] + 2  # two are deleted afterwards, one of them in a batch
        assert saw["pages"][:-1] == [10] * (len(saw["pages"]) - 1)

    def test_it_upserts_by_an_alternate_key(self, saw: dict[str, Any]) -> None:
        assert saw["upserted"] == ["Acme Ltd"]

    def test_it_understands_a_refusal(self, saw: dict[str, Any]) -> None:
        assert saw["refused"] == {"status": 404, "code": "0x80040217"}

    def test_its_batch_is_answered_part_by_part(self, saw: dict[str, Any]) -> None:
        assert saw["batch"] == [204, 404, 204]
        assert len(saw["together"]) == 2


class TestDynamicsWebApi:
    pytestmark = marks(NODE)

    @pytest.fixture(scope="class")
    def saw(self, modules: Path) -> dict[str, Any]:
        with serving() as vendor:
            script = modules / "talk.mjs"
            script.write_text((SCRIPTS / "dynamics_web_api.mjs").read_text())
            return dict(json.loads(run("node", script, vendor.base, vendor.describe()["token"], cwd=modules)))

    def test_it_works_with_a_contact(self, saw: dict[str, Any]) -> None:
        assert saw["read"]["lastname"] == "Lovelace"
        assert saw["pages"] > 10
        assert saw["gone"] == 404

    def test_a_stale_version_is_refused(self, saw: dict[str, Any]) -> None:
        """The client takes a 412 for "not updated"."""
        assert saw["stale"] is False

    def test_its_change_set_is_one(self, saw: dict[str, Any]) -> None:
        assert saw["bound"] == saw["account"]

    def test_it_follows_changes(self, saw: dict[str, Any]) -> None:
        assert saw["changed"] == ["Tracked"]
        assert saw["deleted"] == 1

    def test_it_reads_definitions(self, saw: dict[str, Any]) -> None:
        assert saw["entity"] == "contacts"
        assert "lastname" in saw["columns"]
