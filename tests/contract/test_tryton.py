"""The Tryton connector answers the contract, over HTTP, at a server that no one here wrote."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from integrations.connectors.base import Connector
from integrations.records import FieldType, Value, Values
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import TrytonServer
from tests.contract.suite import ConnectorContract, Names
from tests.realservers import erp
from tests.realservers.erp import PartyPeer

pytestmark = erp.MARKS


class TrytonContract(ConnectorContract):
    people: ClassVar[bool]

    @pytest.fixture
    def proxy(self, tryton: TrytonServer) -> Iterator[Proxy]:
        tryton.reset()
        with Proxy(tryton.url.rpartition("/")[0]).running() as proxy:
            yield proxy

    @pytest.fixture
    def peer(self, tryton: TrytonServer, proxy: Proxy) -> PartyPeer:
        return PartyPeer(tryton, proxy, people=self.people)

    @pytest.fixture
    def connector(self, tryton: TrytonServer, proxy: Proxy) -> Connector:
        return erp.connector(f"{proxy.url}/crm", tryton.key)

    def bad_person(self) -> Values:
        """Tryton's fresh install takes any address, but no country that it does not have."""
        return {**self.person("bad"), "country": "Atlantis"}


class TestPeople(TrytonContract):
    kind = "people"
    people = True
    names = Names(email="email", text="first_name", other="last_name")
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.TEXT: ("city", "Zoë, 漢字; & <Söhne>", "Köln"),
        FieldType.PHONE: ("mobile", "+44 20 7946 0018", "0123"),
        FieldType.URL: ("website", "https://example.com/a?b=c&d=e", "http://example.org"),
        FieldType.EMAIL: ("email", "o'hara+tag@example.com", "zoë@example.com"),
    }


class TestOrganisations(TrytonContract):
    kind = "organisations"
    people = False
    names = Names(email="email", text="name", other="city")
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.TEXT: ("country", "Germany", "Japan"),
        FieldType.URL: ("website", "https://example.com/a?b=c&d=e", "http://example.org"),
    }
