"""The Salesforce stand-in for the contract: a connector that is signed in, and a person in the app."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from integrations.connectors.salesforce.client import fault
from integrations.connectors.salesforce.connector import Salesforce
from integrations.connectors.salesforce.objects import OBJECTS
from integrations.http import ApiSession, Bearer
from integrations.records import Field, Page, Ref, RemoteRecord, Values
from tests.contract.conftest import Control
from tests.contract.suite import Names
from tests.standins.serving import control as call
from tests.standins.serving import serving

DANA = "dana.reyes@syncline.example"


@pytest.fixture(scope="session")
def salesforce_standin() -> Iterator[dict[str, Any]]:
    """What ``manage.py standins --json`` printed about Salesforce."""
    with serving("--only", "salesforce", "--records", "30") as described:
        yield described["salesforce"]


def opened(standin: dict[str, Any], organisation: int = 0, **more: Any) -> Salesforce:
    """A connector for one of the orgs, without a row in the database."""
    about = standin["organisations"][organisation]
    return Salesforce(_session(about), stored_fields=lambda kind: _stored(about["url"], about["token"], kind), **more)


@cache
def _stored(url: str, token: str, kind: str) -> list[Field]:
    """As an instance keeps them in its row: read once."""
    return Salesforce(_session({"url": url, "token": token})).fields(kind)


def _session(about: dict[str, Any]) -> ApiSession:
    return ApiSession(about["url"], auth=Bearer(about["token"]), fault=fault)


def control_of(standin: dict[str, Any]) -> Control:
    """The stand-in with its seeded records and without faults."""
    call(standin, "reset")
    return lambda verb, **given: call(standin, verb, **given)


@pytest.fixture
def control(salesforce_standin: dict[str, Any]) -> Control:
    return control_of(salesforce_standin)


@pytest.fixture
def salesforce(salesforce_standin: dict[str, Any], control: Control) -> Salesforce:
    return opened(salesforce_standin)


def put(control: Control, kind: str, **values: Any) -> str:
    return str(control("records", type=kind, create=[values])["created"][0])


def read(salesforce: Salesforce, kind: str, id: str, *fields: str) -> RemoteRecord:
    return salesforce.read(kind, [Ref(id)], fields=fields).records[id]


def poll(salesforce: Salesforce, kind: str, cursor: dict[str, Any], *fields: str) -> list[Page]:
    pages, position = [], None
    while True:
        page = salesforce.changes(kind, fields=fields, cursor=cursor, position=position, scope={})
        pages.append(page)
        position = page.position
        if position is None:
            return pages


def start(salesforce: Salesforce, kind: str) -> dict[str, Any]:
    found = salesforce.changes(kind, fields=[], cursor=None, position=None, scope={}).cursor
    assert found
    return found


class SalesforcePeer:
    """A person in Salesforce, by the stand-in's control verbs, with one kind of records. ``needed``: what all of them have."""

    def __init__(self, control: Control, kind: str, names: Names, needed: Values) -> None:
        self.control, self.object, self.names, self.needed = control, OBJECTS[kind], names, needed

    def put(self, values: Values) -> str:
        return self._create([values])[0]

    def put_many(self, count: int) -> list[str]:
        names = self.names
        return self._create([{names.email: f"many{number}@example.com", names.text: "Many"} for number in range(count)])

    def edit(self, id: str, values: Values) -> None:
        self.control("records", type=self.object.name, edit=[{"Id": id, **values}])

    def remove(self, id: str) -> None:
        self.control("records", type=self.object.name, delete=[id])

    def merge(self, winner: str, loser: str) -> str:
        return str(self.control("records", type=self.object.name, merge=[[winner, loser]])["merged"][0])

    def row(self, id: str) -> dict[str, Any]:
        return next(row["properties"] for row in self._rows() if row["id"] == id)

    def values(self, id: str) -> Values:
        held = self.row(id)
        return {name: held.get(name) for name in (self.names.email, self.names.text, self.names.other, *self.needed)}

    def ids(self) -> set[str]:
        born = {name: value for name, value in self.object.born.items() if name == "TaskSubtype"}
        return {
            row["id"]
            for row in self._rows()
            if born.items() <= row["properties"].items() and not row["properties"].get("IsConverted")
        }

    def trouble(self, what: str) -> None:
        if what == "revoked":
            self.control("tokens", revoke=True)
        elif what == "limited":
            self.control("quota", spend=1_000_000)
        elif what == "down":
            self.control("down", how="503")
        else:
            self.control("faults", fault="lost", next=1)

    def _create(self, rows: list[Values]) -> list[str]:
        given = [{**self.object.born, **self.needed, **row} for row in rows]
        return [str(id) for id in self.control("records", type=self.object.name, create=given)["created"]]

    def _rows(self) -> list[dict[str, Any]]:
        return list(self.control("list", type=self.object.name)["results"])
