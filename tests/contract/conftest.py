"""The stand-ins for the contract: one process for all tests, reset before each."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.standins.realservers.tryton import TrytonServer
from tests.integrations.server import Server
from tests.processes import die_with_parent, stop
from tests.realservers import erp

ROOT = Path(__file__).resolve().parent.parent.parent
NO_LIMITS = ["hubspot.limit_oauth=0", "hubspot.limit_static=0", "hubspot.limit_search=0"]

Control = Callable[..., dict[str, Any]]
"""``control(verb, **given)``: a control verb of one stand-in."""


@pytest.fixture(scope="session")
def hubspot_standin() -> Iterator[dict[str, Any]]:
    """What ``manage.py standins --json`` printed about HubSpot."""
    command = [sys.executable, "manage.py", "standins", "--json", "--only", "hubspot", "--records", "30"]
    for setting in NO_LIMITS:
        command += ["--set", setting]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, start_new_session=True, preexec_fn=die_with_parent
    )
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())["hubspot"]
    finally:
        stop(process)


@pytest.fixture
def hubspot_control(hubspot_standin: dict[str, Any]) -> Control:
    """The stand-in with its seeded records and without faults."""

    def control(verb: str, **given: Any) -> dict[str, Any]:
        answer = requests.post(f"{hubspot_standin['control_url']}/{verb}", json=given, timeout=20)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    control("reset")
    return control


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers what the test says."""
    with Server().running() as server:
        yield server


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: Any) -> Iterator[TrytonServer]:
    """One server for all tests; each of them puts its database back to the template first."""
    yield from erp.running(tmp_path_factory.mktemp("tryton"))
