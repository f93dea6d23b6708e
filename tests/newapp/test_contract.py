"""The connector that a newcomer wrote answers the contract, over HTTP, at a server that no one here wrote."""

from typing import ClassVar

import pytest

from integrations.connectors.base import Connector
from integrations.models import AppInstance
from integrations.records import FieldType, Ref, Value, Values
from integrations.services import credentials
from integrations.services.connections import open_connector
from integrations.standins.realservers.proxy import Proxy
from tests.contract.suite import ConnectorContract, Names
from tests.newapp import server
from tests.newapp.conftest import PROPERTIES
from tests.newapp.server import Collection, KintoServer

pytestmark = server.MARKS


class PeoplePeer:
    def __init__(self, people: Collection, proxy: Proxy) -> None:
        self.people, self.proxy = people, proxy

    def put(self, values: Values) -> str:
        return self.people.put({name: value for name, value in values.items() if value is not None})[0]

    def put_many(self, count: int) -> list[str]:
        return self.people.put(*({"email": f"many{number}@example.com"} for number in range(count)))

    def edit(self, id: str, values: Values) -> None:
        self.people.edit(id, dict(values))

    def remove(self, id: str) -> None:
        self.people.remove(id)

    def merge(self, winner: str, loser: str) -> str:
        raise NotImplementedError

    def values(self, id: str) -> Values:
        row = self.people.all()[id]
        return {name: row.get(name) for name in ("email", "first_name", "last_name")}

    def ids(self) -> set[str]:
        return set(self.people.all())

    def trouble(self, what: str) -> None:
        if what == "lost":
            self.proxy.lose = "/batch"
        else:
            self.proxy.answer_with = {"revoked": 401, "limited": 429, "down": 503}[what]
            self.proxy.times = 1 if what == "limited" else None


def connected(people: Collection, proxy: Proxy) -> Connector:
    """As while the form is tried out: the instance is not saved, so there is no shared budget."""
    instance = AppInstance(app_key="kinto", way_in="keys", base_url=proxy.url)
    login = {"user": server.USER, "password": server.PASSWORD}
    credentials.draft(instance, {**login, "bucket": "crm", "collection": people.name})
    return open_connector(instance)


class TestKinto(ConnectorContract):
    names = Names(email="email", text="first_name", other="last_name")
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.TEXT: ("company", "Zoë, 漢字; & <Söhne> \\ Co", "ACME"),
        FieldType.PHONE: ("phone", "+44 20 7946 0018", "0123"),
        FieldType.URL: ("website", "https://example.com/a?b=c&d=e", "http://example.org"),
        FieldType.NUMBER: ("score", "1250.5", "7"),
        FieldType.BOOL: ("vip", True, False),
        FieldType.DATE: ("born", "1999-12-31", "2026-02-28"),
        FieldType.DATETIME: ("met", "1999-12-31T23:59:59.123Z", "2026-02-28T00:00:00.000Z"),
        FieldType.OPTION: ("level", "gold", "silver"),
    }

    @pytest.fixture
    def peer(self, people: Collection, proxy: Proxy) -> PeoplePeer:
        return PeoplePeer(people, proxy)

    @pytest.fixture
    def connector(self, people: Collection, proxy: Proxy) -> Connector:
        return connected(people, proxy)

    def test_a_value_of_another_type_is_unknown_rather_than_blank(
        self, kinto: KintoServer, proxy: Proxy, people: Collection
    ) -> None:
        """Written before the collection had its schema."""
        loose = kinto.new_collection()
        (id,) = loose.put({"email": "ann@example.com", "score": "high", "vip": 1, "first_name": "", "level": None})
        loose.describe(PROPERTIES)
        connector = connected(loose, proxy)
        names = ["email", "score", "vip", "first_name", "level"]
        read = connector.read("contacts", [Ref(id)], fields=names).records[id]
        assert read.values == {"email": "ann@example.com", "first_name": None, "level": None}
