"""What an org holds at the start: contacts and leads made from the world's people, their accounts, and some of everything else."""

import random
from datetime import UTC, datetime
from typing import Any

from integrations.standins.people import Person
from integrations.standins.salesforce.org import Org
from integrations.standins.salesforce.values import text_of

DAY = 86_400
PERSON = (("FirstName", "first_name"), ("LastName", "last_name"), ("Email", "email"), ("Phone", "phone"),
          ("MobilePhone", "mobile"), ("Title", "job_title"))  # fmt: skip
CONTACT = (*PERSON, ("MailingCity", "city"), ("MailingCountry", "country"), ("LinkedIn__c", "linkedin"))
LEAD = (
    *PERSON,
    ("Company", "company"),
    ("Website", "website"),
    ("City", "city"),
    ("Country", "country"),
    ("Industry", "industry"),
)


def people_of(people: list[Person], number: int) -> list[Person]:
    """The first org knows everybody; the second two of three of them."""
    return people if number == 0 else [person for person in people if person.number % 3 != 2]


def fill(org: Org, people: list[Person]) -> None:
    """One person in eight is a lead."""
    Seed(org, people).fill()


class Seed:
    def __init__(self, org: Org, people: list[Person]) -> None:
        self.org, self.people = org, people
        self.chance = random.Random(f"{org.number}/fill")
        self.now = org.clock.now()
        self.step = 700 * DAY // (len(people) + 1)
        self.accounts: dict[str, str] = {}

    def fill(self) -> None:
        for place, person in enumerate(self.people):
            born = self.now - 710 * DAY + place * self.step
            if person.number % 8 == 7:
                self._lead(person, born)
            else:
                contact = self._contact(person, born)
                if place % 10 == 0:
                    self._more(person, contact, born)
        if self.people:
            for number, (name, price) in enumerate(
                (("Starter plan", 49.0), ("Team plan", 199.0), ("Onboarding day", 950.5))
            ):
                self._product(name, f"P-{number + 1:03d}", price)

    def _times(self, born: float) -> dict[str, str]:
        changed = born + self.chance.random() * (self.now - DAY - born)
        return {"at": text_of(born), "modified": text_of(changed), "by": self.chance.choice(self.org.users)}

    def _contact(self, person: Person, born: float) -> str:
        values = {**_picked(person, CONTACT), "AccountId": self._account(person, born),
                  "OwnerId": self.chance.choice(self.org.users),
                  "LeadSource": self.chance.choice(("Web", "Other", None))}  # fmt: skip
        return self.org.make("Contact", values, **self._times(born))

    def _account(self, person: Person, born: float) -> str | None:
        domain = person.website.removeprefix("http://")
        if not domain:
            return None
        if domain not in self.accounts:
            values = {"Name": person.company or domain, "Website": person.website, "OwnerId": self.chance.choice(self.org.users),
                      "NumberOfEmployees": self.chance.randint(3, 900), "BillingCountry": person.country or None,
                      "AnnualRevenue": float(self.chance.randint(1, 400) * 25_000),
                      "ERP_Number__c": f"C{len(self.accounts) + 1:05d}"}  # fmt: skip
            self.accounts[domain] = self.org.make("Account", values, **self._times(born))
        return self.accounts[domain]

    def _lead(self, person: Person, born: float) -> None:
        values = _picked(person, LEAD)
        values.setdefault("Company", "[not provided]")
        values |= {"Status": self.chance.choice(("Open - Not Contacted", "Working - Contacted")), "LeadSource": "Web",
                   "OwnerId": self.chance.choice([*self.org.users, self.org.queue])}  # fmt: skip
        self.org.make("Lead", values, **self._times(born))

    def _more(self, person: Person, contact: str, born: float) -> None:
        """A deal and what happens around it."""
        org, day, times = self.org, text_of(born + 20 * DAY)[:10], self._times(born)
        account = self.accounts.get(person.website.removeprefix("http://"))
        stage = self.chance.choice(
            ("Prospecting", "Needs Analysis", "Proposal/Price Quote", "Closed Won", "Closed Lost")
        )
        deal = org.make("Opportunity", {"Name": f"{person.company or person.last_name} renewal", "AccountId": account,
                                        "StageName": stage, "CloseDate": day,
                                        "Amount": float(self.chance.randint(2, 90) * 500)}, **times)  # fmt: skip
        org.make("OpportunityContactRole", {"OpportunityId": deal, "ContactId": contact, "Role": "Decision Maker",
                                            "IsPrimary": True}, **times)  # fmt: skip
        org.make("Case", {"Subject": f"Question of {person.first_name}", "ContactId": contact, "AccountId": account,
                          "Status": "Working", "Origin": "Email"}, **times)  # fmt: skip
        org.make("Task", {"Subject": f"Send the offer to {person.first_name}", "WhoId": contact, "WhatId": deal,
                          "Status": "Not Started", "Priority": "High", "ActivityDate": day}, **times)  # fmt: skip
        org.make("Task", {"Subject": "First call", "WhoId": contact, "WhatId": account, "TaskSubtype": "Call", "Type": "Call",
                          "CallType": "Outbound", "CallDurationInSeconds": 720, "Status": "Completed", "Priority": "Normal",
                          "ActivityDate": day, "CallDisposition": "Connected"}, **times)  # fmt: skip
        start = datetime.fromtimestamp(born + 2 * DAY, UTC).replace(minute=0, second=0)
        org.make("Event", {"Subject": "Demo", "Location": "Online", "WhoId": contact, "WhatId": deal,
                           "StartDateTime": text_of(start), "DurationInMinutes": 60}, **times)  # fmt: skip

    def _product(self, name: str, code: str, price: float) -> None:
        made = self.org.make("Product2", {"Name": name, "ProductCode": code, "IsActive": True})
        self.org.make("PricebookEntry", {"Pricebook2Id": self.org.standard_pricebook, "Product2Id": made, "UnitPrice": price,
                                         "IsActive": True})  # fmt: skip


def _picked(person: Person, names: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {name: value for name, own in names if (value := getattr(person, own))}
