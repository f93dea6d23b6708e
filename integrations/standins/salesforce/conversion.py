"""A lead becomes a contact of an account, with a deal: done by people in the app, for there is no REST call for it."""

from typing import TYPE_CHECKING

from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.store import Values

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

COPIED = {"FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "Email": "Email", "Phone": "Phone",
          "MobilePhone": "MobilePhone", "Title": "Title", "LeadSource": "LeadSource", "Street": "MailingStreet",
          "City": "MailingCity", "State": "MailingState", "PostalCode": "MailingPostalCode",
          "Country": "MailingCountry"}  # fmt: skip


def convert(org: "Org", id: str, by: str, *, deal: bool = True) -> dict[str, str]:
    """``{"AccountId", "ContactId", "OpportunityId"}``. An account of the company's name is used again. Raises Problem."""
    lead = org.row("Lead", id)
    held = lead.values
    if held.get("IsConverted"):
        raise Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
    owner = held["OwnerId"] if held["OwnerId"].startswith("005") else by
    known = [row for row in org.tables["Account"].having("Name", held["Company"]) if not row.deleted]
    named = {"Name": held["Company"], "Website": held.get("Website"), "OwnerId": owner}
    account = known[0].id if known else org.create("Account", named, by, allow_save=True).id
    copied = {name: held.get(own) for own, name in COPIED.items()}
    contact = org.create("Contact", {**copied, "AccountId": account, "OwnerId": owner}, by, allow_save=True).id
    made = {"AccountId": account, "ContactId": contact}
    if deal:
        values = {"Name": f"{held['Company']}-", "AccountId": account, "OwnerId": owner, "StageName": "Prospecting",
                  "CloseDate": org.now()[:10]}  # fmt: skip
        made["OpportunityId"] = org.create("Opportunity", values, by).id
    for kind, field, row in org.pointing("Lead", lead.id):
        if field.name == "WhoId":
            org.touch(kind, row, {"WhoId": contact})
    changes: Values = {f"Converted{name}": value for name, value in made.items()}
    changes |= {"IsConverted": True, "ConvertedDate": org.now()[:10], "Status": "Closed - Converted"}
    org.change("Lead", lead, changes, by)
    return made
