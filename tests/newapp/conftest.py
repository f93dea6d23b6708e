"""A folder as it would stand in ``integrations/connectors/``, put there for a test: nothing else of the product knows of it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations import connectors, registry
from integrations.standins.realservers.proxy import Proxy
from tests.contract.conftest import hubspot_control, hubspot_standin
from tests.newapp import server
from tests.newapp.server import Collection, KintoServer

__all__ = ["hubspot_control", "hubspot_standin"]
PROPERTIES: dict[str, Any] = {
    "email": {"type": "string", "pattern": "@"},
    "score": {"type": "number", "title": "Score"},
    "vip": {"type": "boolean"},
    "born": {"type": "string", "format": "date"},
    "met": {"type": "string", "format": "date-time"},
    "level": {"type": "string", "enum": ["gold", "silver"]},
    "tags": {"type": "array"},
    **{name: {"type": "string"} for name in ("first_name", "last_name", "company", "phone", "website")},
}
HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is in this folder is an app, as long as the test runs."""
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, HERE])
    registry.apps.cache_clear()
    yield
    for name in [name for name in sys.modules if name.startswith("integrations.connectors.kinto")]:
        del sys.modules[name]
    registry.apps.cache_clear()


@pytest.fixture(scope="package")
def kinto(tmp_path_factory: Any) -> Iterator[KintoServer]:
    with server.kinto(tmp_path_factory.mktemp("kinto")) as running:
        yield running


@pytest.fixture
def proxy(kinto: KintoServer) -> Iterator[Proxy]:
    with Proxy(kinto.url).running() as proxy:
        yield proxy


@pytest.fixture
def people(kinto: KintoServer) -> Collection:
    """A collection whose owner wants addresses to look like ones, and keeps some things that no other app knows of."""
    people = kinto.new_collection()
    people.describe(PROPERTIES)
    return people
