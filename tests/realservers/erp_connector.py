"""A connector to a Tryton server that begins empty, behind a proxy that makes trouble, and its calls in short."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors.base import Connector
from integrations.records import Create, Ref, RemoteRecord, Update, Value, Values, Verdict
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import TrytonServer
from tests.realservers import erp
from tests.realservers.erp import Person


@pytest.fixture
def proxy(tryton: TrytonServer) -> Iterator[Proxy]:
    tryton.reset()
    with Proxy(tryton.url.rpartition("/")[0]).running() as proxy:
        yield proxy


@pytest.fixture
def person(tryton: TrytonServer, proxy: Proxy) -> Person:
    return Person(tryton, proxy)


@pytest.fixture
def connector(tryton: TrytonServer, proxy: Proxy) -> Connector:
    return erp.connector(f"{proxy.url}/crm", tryton.key)


def create(connector: Connector, kind: str, *items: Values) -> list[Verdict]:
    return connector.create(kind, [Create(values, str(uuid.uuid4())) for values in items], scope={})


def made(connector: Connector, kind: str, **values: Value) -> str:
    (verdict,) = create(connector, kind, values)
    assert verdict.error is None, (verdict.error, verdict.error.remote)
    return verdict.record.id


def update(connector: Connector, kind: str, id: str, known: Values | None = None, **values: Value) -> Verdict:
    return connector.update(kind, [Update(id, values, known or {})])[0]


def read(connector: Connector, kind: str, id: str, *fields: str) -> Values:
    return connector.read(kind, [Ref(id)], fields=fields).records[id].values


def poll(connector: Connector, kind: str, cursor: Any, *fields: str) -> tuple[dict[str, RemoteRecord], set[str], Any]:
    """One page is enough for these tests."""
    page = connector.changes(kind, fields=fields, cursor=cursor, position=None, scope={})
    assert page.position is None
    return {record.id: record for record in page.records}, set(page.gone), page.cursor


def now(connector: Connector, kind: str) -> Any:
    return connector.changes(kind, fields=[], cursor=None, position=None, scope={}).cursor
