"""What an organisation holds at the start: contacts made from the world's people, their accounts, and some of everything else."""

import random
from datetime import UTC, datetime
from typing import Any

from integrations.standins.dynamics.organisation import Organisation
from integrations.standins.dynamics.store import Party
from integrations.standins.people import Person

DAY = 86_400
CONTACT = (("firstname", "first_name"), ("lastname", "last_name"), ("emailaddress1", "email"), ("telephone1", "phone"),
           ("mobilephone", "mobile"), ("jobtitle", "job_title"), ("websiteurl", "website"), ("address1_city", "city"),
           ("address1_country", "country"))  # fmt: skip
LEAD = (*CONTACT, ("companyname", "company"))


def people_of(people: list[Person], number: int) -> list[Person]:
    """The first organisation knows everybody; the second two of three of them."""
    return people if number == 0 else [person for person in people if person.number % 3 != 2]


def fill(org: Organisation, people: list[Person]) -> None:
    """Quiet: nobody is notified. One person in eight is a lead."""
    Seed(org, people).fill()


class Seed:
    def __init__(self, org: Organisation, people: list[Person]) -> None:
        self.org, self.people = org, people
        self.chance = random.Random(f"{org.number}/fill")
        self.now = org.clock.now()
        self.step = 700 * DAY // (len(people) + 1)
        self.accounts: dict[str, tuple[str, str]] = {}

    def fill(self) -> None:
        for place, person in enumerate(self.people):
            born = self.now - 710 * DAY + place * self.step
            if person.number % 8 == 7:
                self._lead(person, born)
            else:
                contact = self._contact(person, born)
                if place % 10 == 0:
                    self._more(person, ("contact", contact), born)
        for number, (name, price) in enumerate((("Starter plan", 49), ("Team plan", 199), ("Onboarding day", 950.5))):
            self._product(name, f"P-{number + 1:03d}", price)

    def _times(self, born: float) -> dict[str, str]:
        changed = born + self.chance.random() * (self.now - DAY - born)
        return {"at": _text(born), "modified": _text(changed), "by": self.chance.choice(self.org.users)}

    def _contact(self, person: Person, born: float) -> str:
        values = _picked(person, CONTACT)
        if account := self._account(person, born):
            values["parentcustomerid"] = account
        values["ownerid"] = ("systemuser", self.chance.choice(self.org.users))
        return self.org.make("contact", values, **self._times(born))

    def _account(self, person: Person, born: float) -> tuple[str, str] | None:
        domain = person.website.removeprefix("http://")
        if not domain:
            return None
        if domain not in self.accounts:
            values = {"name": person.company or domain, "websiteurl": person.website,
                      "ownerid": ("systemuser", self.chance.choice(self.org.users)),
                      "numberofemployees": self.chance.randint(3, 900),
                      "revenue": self.chance.randint(1, 400) * 25_000}  # fmt: skip
            if person.country:
                values["address1_country"] = person.country
            self.accounts[domain] = ("account", self.org.make("account", values, **self._times(born)))
        return self.accounts[domain]

    def _lead(self, person: Person, born: float) -> None:
        values = {**_picked(person, LEAD), "subject": f"Interested: {person.job_title or person.last_name}",
                  "leadsourcecode": self.chance.choice((1, 3, 7, 8))}  # fmt: skip
        self.org.make("lead", values, **self._times(born))

    def _more(self, person: Person, contact: tuple[str, str], born: float) -> None:
        """A deal and what happens around it."""
        org, day = self.org, _text(born + 20 * DAY)[:10]
        account = self.accounts.get(person.website.removeprefix("http://"))
        deal = {"name": f"{person.company or person.last_name} renewal", "estimatedvalue": self.chance.randint(2, 90) * 500,
                "estimatedclosedate": day, "salesstage": self.chance.randint(0, 3), "parentcontactid": contact}  # fmt: skip
        if account:
            deal["parentaccountid"] = account
        if self.chance.random() < 0.3:
            deal |= {"statuscode": 3, "actualclosedate": day}
        opportunity = ("opportunity", org.make("opportunity", deal, **self._times(born)))
        case = {"title": f"Question of {person.first_name}", "customerid": account or contact, "primarycontactid": contact,
                "prioritycode": self.chance.randint(1, 3), "caseorigincode": 2}  # fmt: skip
        org.make("incident", case, **self._times(born))
        org.make("task", {"subject": f"Send the offer to {person.first_name}", "regardingobjectid": opportunity,
                          "scheduledend": _text(born + 3 * DAY), "prioritycode": 1}, **self._times(born))  # fmt: skip
        org.make("annotation", {"subject": "Note", "notetext": "Prefers to be called in the morning.", "objectid": contact},
                 **self._times(born))  # fmt: skip
        start = born + 2 * DAY
        self._activity("phonecall", contact, {"subject": "First call", "directioncode": True,
                       "phonenumber": person.phone or "112",
                       "actualdurationminutes": 12, "scheduledstart": _text(start),
                       "regardingobjectid": contact}, (1, 2))  # fmt: skip
        self._activity("appointment", contact, {"subject": "Demo", "location": "Online", "scheduledstart": _text(start + DAY),
                       "scheduledend": _text(start + DAY + 3600), "regardingobjectid": opportunity}, (7, 5))  # fmt: skip
        self._activity("email", contact, {"subject": "Your offer", "description": "<p>Hello</p>", "directioncode": True,
                       "statuscode": 3, "regardingobjectid": contact}, (1, 2))  # fmt: skip

    def _activity(self, logical: str, contact: tuple[str, str], values: dict[str, Any], masks: tuple[int, int]) -> None:
        who = self.org.users[0]
        id = self.org.make(logical, values, at=values.get("scheduledstart", ""), by=who)
        parties = (Party(masks[0], "systemuser", who), Party(masks[1], *contact))
        self.org.tables[logical].rows[id].parties = parties

    def _product(self, name: str, number: str, price: float) -> None:
        tables = self.org.tables
        unit = ("uom", tables["uom"].ids[0])
        schedule = ("uomschedule", tables["uomschedule"].ids[0])
        self.org.make("product", {"name": name, "productnumber": number, "price": price, "quantitydecimal": 2,
                                  "productstructure": 1, "statuscode": 1, "statecode": 0, "defaultuomid": unit,
                                  "defaultuomscheduleid": schedule})  # fmt: skip


def _picked(person: Person, names: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {name: value for name, own in names if (value := getattr(person, own))}


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
