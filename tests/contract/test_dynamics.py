"""Dynamics 365 answers the contract for contacts and accounts, and questions of its own in test_dynamics_quirks.py."""

from typing import Any

import pytest

from integrations.connectors.dynamics.connector import Dynamics
from integrations.records import FieldType, Value, Values
from tests.contract.dynamics import DynamicsPeer, control_of, dynamics_standin, opened
from tests.contract.suite import ConnectorContract, Names

__all__ = ["dynamics_standin"]


@pytest.fixture
def connector(dynamics_standin: dict[str, Any]) -> Dynamics:
    return opened(dynamics_standin)


class TestContacts(ConnectorContract):
    kind = "contacts"
    names = Names(email="emailaddress1", text="firstname", other="lastname")
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.TEXT: ("jobtitle", "Head of Ops", "Zoë 漢字"),
        FieldType.LONG_TEXT: ("description", "two\nlines", 'quotes " and \\ and 😀'),
        FieldType.PHONE: ("telephone1", "+31 20 123 4567", "020-1234567"),
        FieldType.URL: ("websiteurl", "https://example.com", "http://example.org/a?b=c"),
        FieldType.NUMBER: ("annualincome", "1250.5", "-7"),
        FieldType.OPTION: ("gendercode", "1", "2"),
        FieldType.BOOL: ("donotemail", True, False),
        FieldType.DATE: ("birthdate", "1969-07-20", "2001-02-03"),
        FieldType.USER: ("ownerid", "dana.reyes@syncline.example", "ploy.srisuk@syncline.example"),
    }

    @pytest.fixture
    def peer(self, dynamics_standin: dict[str, Any]) -> DynamicsPeer:
        return DynamicsPeer(control_of(dynamics_standin), "contacts", self.names)

    def bad_person(self) -> Values:
        """Dataverse takes any text as an address, so it is the length that is wrong."""
        return {**self.person("bad"), "firstname": "x" * 51}


class TestAccounts(ConnectorContract):
    kind = "accounts"
    names = Names(email="emailaddress1", text="name", other="address1_city")
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.NUMBER: ("numberofemployees", "12", "900"),
        FieldType.OPTION: ("customertypecode", "3", "5"),
    }

    @pytest.fixture
    def peer(self, dynamics_standin: dict[str, Any]) -> DynamicsPeer:
        return DynamicsPeer(control_of(dynamics_standin), "accounts", self.names)

    def bad_person(self) -> Values:
        return {**self.person("bad"), "customertypecode": "987654"}


class TestTasks(ConnectorContract):
    """Activities share a key column and their states; a task's category stands in for an address."""

    kind = "tasks"
    identified_by = FieldType.TEXT
    names = Names(email="category", text="subject", other="description")
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.DATETIME: ("scheduledend", "2026-05-01T08:30:00.000Z", "2026-11-01T23:59:59.000Z"),
        FieldType.OPTION: ("statuscode", "3", "7"),
    }

    @pytest.fixture
    def peer(self, dynamics_standin: dict[str, Any]) -> DynamicsPeer:
        return DynamicsPeer(control_of(dynamics_standin), "tasks", self.names)

    def bad_person(self) -> Values:
        return {**self.person("bad"), "subject": "x" * 201}

    def test_a_find_by_email_ignores_case_and_misses_nothing(self, connector: Any, peer: Any) -> None:
        id = peer.put(self.person("mixed"))
        found = connector.find(self.kind, self.names.email, ["MIXED@Example.com", "x"], fields=self.fields)
        assert [record.id for record in found] == [id]
