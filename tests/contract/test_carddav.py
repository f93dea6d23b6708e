"""The CardDAV connector answers the contract, over HTTP, at two servers that no one here wrote."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from integrations.connectors.base import Connector
from integrations.records import FieldType, Value, Values
from integrations.standins.realservers.proxy import Proxy
from tests.contract.suite import ConnectorContract, Names
from tests.realservers import accounts, servers
from tests.realservers.accounts import CardPeer
from tests.realservers.servers import CardServer


class CardDavContract(ConnectorContract):
    kind = "cards"
    names = Names(email="email", text="first_name", other="last_name")
    poll_calls = 1
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.TEXT: ("company_name", "Zoë, 漢字; & <Söhne> \\ Co", "ACME"),
        FieldType.PHONE: ("mobile", "+44 20 7946 0018", "0123"),
        FieldType.URL: ("website", "https://example.com/a?b=c&d=e", "http://example.org"),
        FieldType.LONG_TEXT: ("note", "two\nlines, and\n\na very long third one " + "äöü " * 40 + ".", "short"),
        FieldType.DATE: ("birthday", "1999-12-31", "2026-02-28"),
        FieldType.MULTI: ("categories", ["Kunden, alt", "VIP"], ["VIP"]),
    }

    @pytest.fixture
    def proxy(self, server: CardServer) -> Iterator[Proxy]:
        with Proxy(server.url).running() as proxy:
            yield proxy

    @pytest.fixture
    def peer(self, server: CardServer, proxy: Proxy) -> Iterator[CardPeer]:
        with server.new_book() as book:
            self.scope = {"lists": [book.path], "target_list": book.path}
            yield CardPeer(book, proxy)

    @pytest.fixture
    def connector(self, proxy: Proxy) -> Connector:
        return accounts.connector(proxy.url)

    def bad_person(self) -> Values:
        """An address book takes any e-mail address, but nothing that its XML cannot carry."""
        return {**self.person("bad"), "first_name": "bell \x07"}


class TestRadicale(CardDavContract):
    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: Any) -> Iterator[CardServer]:
        with servers.radicale(tmp_path_factory.mktemp("radicale")) as server:
            yield server


class TestXandikos(CardDavContract):
    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: Any) -> Iterator[CardServer]:
        with servers.xandikos(tmp_path_factory.mktemp("xandikos")) as server:
            yield server
