"""The Dynamics stand-in for the contract: a connector that is signed in, and a person in the app."""

import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from integrations.connectors.dynamics.client import fault
from integrations.connectors.dynamics.connector import Dynamics
from integrations.http import ApiSession, Bearer
from integrations.records import Create, Field, Ref, RemoteRecord, Update, Values, Verdict
from tests.contract.conftest import Control
from tests.contract.suite import Names
from tests.standins import serving as standins


@pytest.fixture(scope="session")
def dynamics_standin() -> Iterator[dict[str, Any]]:
    """What ``manage.py standins --json`` printed about Dynamics."""
    with standins.serving("--only", "dynamics", "--records", "30", "--set", "dynamics.limit_requests=0") as described:
        yield described["dynamics"]


def opened(standin: dict[str, Any], organisation: int = 0) -> Dynamics:
    """A connector for one of the organisations, without a row in the database."""
    about = standin["organisations"][organisation]
    return Dynamics(_session(about), stored_fields=lambda kind: _stored(about["url"], about["token"], kind))


@cache
def _stored(url: str, token: str, kind: str) -> list[Field]:
    """As an instance keeps them in its row: read once."""
    return Dynamics(_session({"url": url, "token": token})).fields(kind)


def _session(about: dict[str, Any]) -> ApiSession:
    return ApiSession(about["url"], auth=Bearer(about["token"]), fault=fault)


def control_of(standin: dict[str, Any]) -> Control:
    """The stand-in with its seeded records and without faults."""
    standins.control(standin, "reset")
    return lambda verb, **given: standins.control(standin, verb, **given)


class DynamicsPeer:
    """A person in Dynamics, by the stand-in's control verbs, with one kind of records."""

    def __init__(self, control: Control, kind: str, names: Names) -> None:
        self.control, self.kind, self.names = control, kind, names

    def put(self, values: Values) -> str:
        return str(self.control("records", type=self.kind, create=[values])["created"][0])

    def put_many(self, count: int) -> list[str]:
        names = self.names
        people = [{names.email: f"many{number}@example.com", names.text: "Many"} for number in range(count)]
        return [str(id) for id in self.control("records", type=self.kind, create=people)["created"]]

    def edit(self, id: str, values: Values) -> None:
        self.control("records", type=self.kind, edit=[{"id": id, **values}])

    def remove(self, id: str) -> None:
        self.control("records", type=self.kind, delete=[id])

    def merge(self, winner: str, loser: str) -> str:
        return str(self.control("records", type=self.kind, merge=[[winner, loser]])["merged"][0])

    def row(self, id: str) -> dict[str, Any]:
        return next(row["properties"] for row in self._rows() if row["id"] == id)

    def values(self, id: str) -> Values:
        held = self.row(id)
        return {name: held.get(name) for name in (self.names.email, self.names.text, self.names.other)}

    def ids(self) -> set[str]:
        return {row["id"] for row in self._rows()}

    def trouble(self, what: str) -> None:
        if what == "revoked":
            self.control("faults", fault="status", status=401)
        elif what == "limited":
            self.control("faults", fault="status", status=429, next=1)
        elif what == "down":
            self.control("down", how="503")
        else:
            self.control("faults", fault="lost", next=1)

    def _rows(self) -> list[dict[str, Any]]:
        return list(self.control("list", type=self.kind)["results"])


# -- for questions about Dynamics alone: a person's hands, and one record at a time -------------------------------------------
@pytest.fixture
def control(dynamics_standin: dict[str, Any]) -> Control:
    return control_of(dynamics_standin)


@pytest.fixture
def dynamics(dynamics_standin: dict[str, Any], control: Control) -> Dynamics:
    return opened(dynamics_standin)


def put(control: Control, kind: str, **values: Any) -> str:
    return str(control("records", type=kind, create=[values])["created"][0])


def row(control: Control, kind: str, id: str) -> dict[str, Any]:
    return next(row["properties"] for row in control("list", type=kind)["results"] if row["id"] == id)


def create(dynamics: Dynamics, kind: str, values: Values) -> Verdict:
    return dynamics.create(kind, [Create(values, key=str(uuid.uuid4()))], scope={})[0]


def update(
    dynamics: Dynamics, kind: str, id: str, values: Values, known: Values | None = None, version: str = ""
) -> Verdict:
    return dynamics.update(kind, [Update(id, values, known=known or {}, version=version)])[0]


def shown(verdict: Verdict, names: Values) -> Values:
    """What the verdict says of these fields. That of a create also tells what Dataverse filled in."""
    assert verdict.error is None
    assert verdict.record
    return {name: value for name, value in verdict.record.values.items() if name in names}


def read(dynamics: Dynamics, kind: str, id: str, *fields: str) -> RemoteRecord:
    return dynamics.read(kind, [Ref(id)], fields=fields).records[id]
