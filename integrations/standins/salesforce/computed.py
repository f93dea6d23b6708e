"""Values that are worked out when they are read: compound addresses, formulas, roll-ups, what a record takes over from another.
When what they are made from changes, the record's stamps stay as they are."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce.fields import Field, Kind
from integrations.standins.salesforce.store import Row

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

PARTS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")


def value_of(org: "Org", kind: Kind, row: Row, field: Field) -> Any:
    """As the API shows it; None where it is blank."""
    if field.name == "Id":
        return row.id
    if work := COMPUTED.get((kind.name, field.name)):
        return work(org, row)
    if field.type == "address":
        return _address(row, field.name.removesuffix("Address"))
    value = row.values.get(field.name)
    return False if value is None and field.type == "boolean" else value


def _address(row: Row, prefix: str) -> dict[str, Any] | None:
    found = {part: row.values.get(f"{prefix}{part[0].upper()}{part[1:]}") for part in PARTS}
    return found if any(value is not None for value in found.values()) else None


def _of(lookup: str, name: str) -> Callable[["Org", Row], Any]:
    def taken_over(org: "Org", row: Row) -> Any:
        other = org.find(row.values.get(lookup))
        return other.values.get(name) if other else None

    return taken_over


def _line(org: "Org", row: Row) -> str | None:
    return ", ".join(filter(None, (row.values.get("MailingCity"), row.values.get("MailingCountry")))) or None


def _open_deals(org: "Org", row: Row) -> float:
    deals = org.tables["Opportunity"].having("AccountId", row.id)
    return float(sum(1 for deal in deals if not deal.deleted and not deal.values.get("IsClosed")))


def _expected(org: "Org", row: Row) -> float | None:
    amount = row.values.get("Amount")
    return None if amount is None else round(amount * (row.values.get("Probability") or 0) / 100, 2)


def _account(org: "Org", row: Row) -> str | None:
    """Of an activity: the account it is about, that of the deal or case it is about, or that of the person."""
    about = org.find(row.values.get("WhatId"))
    if about is not None:
        return about.id if about.id.startswith("001") else about.values.get("AccountId")
    person = org.find(row.values.get("WhoId"))
    return person.values.get("AccountId") if person else None


COMPUTED: dict[tuple[str, str], Callable[["Org", Row], Any]] = {
    ("Contact", "Address_Line__c"): _line,
    ("Account", "Open_Deals__c"): _open_deals,
    ("Opportunity", "ExpectedRevenue"): _expected,
    ("Task", "AccountId"): _account,
    ("Event", "AccountId"): _account,
    ("Case", "ContactEmail"): _of("ContactId", "Email"),
    ("Case", "ContactPhone"): _of("ContactId", "Phone"),
    ("Case", "ContactMobile"): _of("ContactId", "MobilePhone"),
    ("Case", "ContactFax"): _of("ContactId", "Fax"),
    ("PricebookEntry", "Name"): _of("Product2Id", "Name"),
    ("PricebookEntry", "ProductCode"): _of("Product2Id", "ProductCode"),
    ("OpportunityLineItem", "ProductCode"): _of("Product2Id", "ProductCode"),
}
