"""Salesforce answers the contract for contacts, accounts and tasks, and questions of its own in test_salesforce_quirks.py."""

from typing import Any

import pytest

from integrations.connectors.salesforce.client import long_id
from integrations.connectors.salesforce.connector import Salesforce
from integrations.records import FieldType, Value, Values
from tests.contract.salesforce import SalesforcePeer, control_of, opened, salesforce_standin
from tests.contract.suite import ConnectorContract, Names

__all__ = ["salesforce_standin"]


@pytest.fixture
def connector(salesforce_standin: dict[str, Any]) -> Salesforce:
    return opened(salesforce_standin)


class SalesforceContract(ConnectorContract):
    """``needed``: what a record must have besides the fields that the questions are about."""

    needed: Values = {}
    tells_unknown_from_hidden = False

    @property
    def fields(self) -> list[str]:
        return [*super().fields, *self.needed]

    def person(self, name: str, *, text: Value = "Some", other: Value = "One") -> Values:
        return {**super().person(name, text=text, other=other), **self.needed}

    def missing_id(self, like: str) -> str:
        """The last three characters only repeat the case of the others."""
        return long_id(like[:9] + "zzzzzz")


class TestContacts(SalesforceContract):
    kind = "contacts"
    knows_repeats = False
    names = Names(email="Email", text="FirstName", other="Department")
    needed: Values = {"LastName": "Lee"}
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.TEXT: ("Title", "Head of Ops", "Zoë 漢字"),
        FieldType.LONG_TEXT: ("Description", "two\nlines", "quotes \" and ' and \\ and 😀"),
        FieldType.PHONE: ("Phone", "+31 20 123 4567", "020-1234567"),
        FieldType.URL: ("LinkedIn__c", "https://example.com", "http://example.org/a?b=c"),
        FieldType.NUMBER: ("Score__c", "1250.5", "-7"),
        FieldType.OPTION: ("Level__c", "Silver", "Gold"),
        FieldType.MULTI: ("Topics__c", ["Events", "Offers"], ["Training"]),
        FieldType.BOOL: ("HasOptedOutOfEmail", True, False),
        FieldType.DATE: ("Birthdate", "1969-07-20", "2001-02-03"),
        FieldType.USER: ("OwnerId", "dana.reyes@syncline.example", "ploy.srisuk@syncline.example"),
    }

    @pytest.fixture
    def peer(self, salesforce_standin: dict[str, Any]) -> SalesforcePeer:
        return SalesforcePeer(control_of(salesforce_standin), "contacts", self.names, self.needed)


class TestAccounts(SalesforceContract):
    kind = "accounts"
    knows_repeats = False
    identified_by = FieldType.URL
    names = Names(email="Website", text="BillingCity", other="Site")
    needed: Values = {"Name": "Acme"}
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.NUMBER: ("NumberOfEmployees", "12", "900"),
        FieldType.OPTION: ("Type", "Prospect", "Other"),
    }

    @pytest.fixture
    def peer(self, salesforce_standin: dict[str, Any]) -> SalesforcePeer:
        return SalesforcePeer(control_of(salesforce_standin), "accounts", self.names, self.needed)

    def bad_person(self) -> Values:
        return {**self.person("bad"), "Region__c": "Atlantis"}


class TestTasks(SalesforceContract):
    """Tasks and calls are rows of one object; a task's call result stands in for an address."""

    kind = "tasks"
    knows_repeats = False
    identified_by = FieldType.TEXT
    names = Names(email="CallDisposition", text="Subject", other="CallObject")
    values: dict[FieldType, tuple[str, Value, Value]] = {
        FieldType.DATETIME: ("ReminderDateTime", "2026-05-01T08:30:00.000Z", "2026-11-01T23:59:59.000Z"),
        FieldType.DATE: ("ActivityDate", "2026-05-01", "2026-12-31"),
        FieldType.OPTION: ("Status", "In Progress", "Completed"),
    }

    @pytest.fixture
    def peer(self, salesforce_standin: dict[str, Any]) -> SalesforcePeer:
        return SalesforcePeer(control_of(salesforce_standin), "tasks", self.names, self.needed)

    def bad_person(self) -> Values:
        return {**self.person("bad"), "Subject": "x" * 256}
