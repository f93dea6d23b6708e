"""Snov.io's connector answers the contract, over HTTP, beside a stand-in that shows all it has."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from integrations.connectors.snovio.connector import Snovio as Connector
from integrations.records import FieldType, Value, Values
from integrations.standins.snovio import edits
from integrations.standins.snovio.server import Snovio
from integrations.standins.snovio.store import Prospect
from tests.contract.suite import ConnectorContract, Names, Poll
from tests.standins import snovio_account

LIST_ID = "1250344"
WORDS = {
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone": "phone",
    "country": "country",
    "industry": "industry",
    "locality": "locality",
    "job_title": "position",
    "company_name": "companyName",
    "website": "companySite",
    "linkedin": "linkedIn",
}


class SnovioPeer:
    """A person in the vendor's app. Ids are the short ones."""

    def __init__(self, account: Snovio) -> None:
        self.account, self.store = account, account.store

    def put(self, values: Values) -> str:
        return edits.create(self.store, {**self._given(values), "listId": LIST_ID}).short

    def put_many(self, count: int) -> list[str]:
        return [self.put({"email": f"many{number}@example.com"}) for number in range(count)]

    def edit(self, id: str, values: Values) -> None:
        edits.edit(self.store, {**self._given(values), "id": id})

    def remove(self, id: str) -> None:
        edits.delete(self.store, id)

    def merge(self, winner: str, loser: str) -> str:
        raise NotImplementedError

    def values(self, id: str) -> Values:
        prospect = self.store.by_id(id)
        assert prospect
        found: Values = {name: self._held(prospect, name) for name in WORDS}
        for field in self.store.fields.values():
            found[f"custom:{field.label}"] = prospect.custom.get(field.number) or None
        if not (prospect.company or prospect.position or prospect.site):
            found = {
                name: value for name, value in found.items() if name not in ("job_title", "company_name", "website")
            }
            if not prospect.social:
                del found["linkedin"]
        return found

    def ids(self) -> set[str]:
        return {prospect.short for prospect in self.store.prospects.values()}

    def trouble(self, what: str) -> None:
        if what == "revoked":
            self.account.revoked = True
            self.account.forget_tokens()
        elif what == "limited":
            self.account.faults.add(fault="status", status=429, next=1)
        elif what == "down":
            self.account.faults.down = "503"
        else:
            self.account.faults.add(fault="lost", match="add-prospect", next=1)

    def _given(self, values: Values) -> dict[str, Any]:
        return {WORDS[name]: value or "" for name, value in values.items()}

    def _held(self, prospect: Prospect, name: str) -> Value:
        if name in ("phone", "linkedin"):
            return next(iter(prospect.phones), None) if name == "phone" else prospect.social.get("linkedIn")
        ours = {"job_title": "position", "company_name": "company", "website": "site"}.get(name, name)
        return getattr(prospect, ours) or None


class TestSnovio(ConnectorContract):
    kind = "prospects"
    scope: ClassVar[dict[str, Any]] = {"lists": [LIST_ID], "target_list": LIST_ID}
    names = Names(email="email", text="first_name", other="last_name")
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {
        FieldType.TEXT: ("job_title", "Zoë 漢字", "CEO"),
        FieldType.PHONE: ("phone", "+44 20 7946 0018", "0123"),
        FieldType.URL: ("website", "http://example.com", "http://example.org"),
        FieldType.NUMBER: ("custom:Budget", "1250.5", "7"),
        FieldType.DATE: ("custom:First met", "1999-12-31", "2026-02-28"),
    }

    @pytest.fixture(scope="class")
    def server(self) -> Iterator[Snovio]:
        with snovio_account.running() as account:
            yield account

    @pytest.fixture
    def peer(self, server: Snovio) -> SnovioPeer:
        server.reset()
        server.faults.clear()
        server.revoked = False
        return SnovioPeer(server)

    @pytest.fixture
    def connector(self, server: Snovio, settings: Any) -> Connector:
        settings.SNOVIO_CALLS_PER_MINUTE = 6000
        return snovio_account.connector(server, settings)

    @pytest.fixture(autouse=True)
    def _remember(self, peer: SnovioPeer) -> None:
        self.store = peer.store

    def scan(self, connector: Any) -> Poll:
        """The listing shows long ids; everything else in these tests speaks of short ones."""
        found = super().scan(connector)
        short = {id: self.store.by_id(id).short for id in found.order}
        found.records = {short[id]: record for id, record in found.records.items()}
        found.order = [short[id] for id in found.order]
        return found
