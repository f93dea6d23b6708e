"""Both servers for all tests of this folder, each test with an address book and a proxy of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors.base import Connector
from integrations.standins.realservers.proxy import Proxy
from tests.contract.conftest import hubspot_control, hubspot_standin, tryton
from tests.realservers import accounts, servers
from tests.realservers.servers import Book, CardServer

__all__ = ["hubspot_control", "hubspot_standin", "tryton"]


@pytest.fixture(scope="package")
def radicale(tmp_path_factory: Any) -> Iterator[CardServer]:
    with servers.radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(scope="package")
def xandikos(tmp_path_factory: Any) -> Iterator[CardServer]:
    with servers.xandikos(tmp_path_factory.mktemp("xandikos")) as server:
        yield server


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest) -> CardServer:
    """Each test of it runs at both."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def book(server: CardServer) -> Iterator[Book]:
    with server.new_book() as book:
        yield book


@pytest.fixture
def proxy(server: CardServer) -> Iterator[Proxy]:
    with Proxy(server.url).running() as proxy:
        yield proxy


@pytest.fixture
def connector(proxy: Proxy) -> Connector:
    return accounts.connector(proxy.url)
