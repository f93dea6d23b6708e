"""What an account holds at the start: owners, contacts made from the world's people, their companies (and see
``seed_business.py``)."""

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from integrations.standins.hubspot import seed_business
from integrations.standins.names import INDUSTRIES
from integrations.standins.people import Person

if TYPE_CHECKING:
    from integrations.standins.hubspot.portal import Portal
    from integrations.standins.hubspot.table import Table, Values

DAY = 86_400_000
LEAD_STATUS = ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED", "UNQUALIFIED", "")
STAGES = ("subscriber", "lead", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
# A contact's industry is text, a company's is one of a list.
COMPANY_INDUSTRY = dict(zip(INDUSTRIES, (
    "COMPUTER_SOFTWARE", "INFORMATION_TECHNOLOGY_AND_SERVICES", "LOGISTICS_AND_SUPPLY_CHAIN", "RETAIL", "FINANCIAL_SERVICES",
    "CONSTRUCTION", "HOSPITAL_HEALTH_CARE", "FOOD_BEVERAGES", "EDUCATION_MANAGEMENT", "MACHINERY", "MARKETING_AND_ADVERTISING",
    "RENEWABLES_ENVIRONMENT", "HOSPITALITY", "LEGAL_SERVICES",
), strict=True))  # fmt: skip
_FIELDS = (
    ("firstname", "first_name"),
    ("lastname", "last_name"),
    ("email", "email"),
    ("phone", "phone"),
    ("mobilephone", "mobile"),
    ("jobtitle", "job_title"),
    ("company", "company"),
    ("website", "website"),
    ("city", "city"),
    ("country", "country"),
    ("industry", "industry"),
    ("hs_linkedin_url", "linkedin"),
)


@dataclass
class Owner:
    id: str
    email: str
    first_name: str
    last_name: str
    user_id: int
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": "2024-02-01T09:00:00.000Z",
            "updatedAt": "2024-02-01T09:00:00.000Z",
            "archived": self.archived,
            "teams": [{"id": "301", "name": "Sales", "primary": True}],
        }


def owners() -> list[Owner]:
    return [
        Owner("41629779", "dana.reyes@syncline.example", "Dana", "Reyes", 9586504),
        Owner("41629780", "tomasz.wrona@syncline.example", "Tomasz", "Wrona", 9586505),
        Owner("41629781", "ploy.srisuk@syncline.example", "Ploy", "Srisuk", 9586506),
        Owner("41629782", "former.colleague@syncline.example", "Former", "Colleague", 9586507, archived=True),
    ]


def fill(portal: "Portal", people: list[Person], seed: int) -> None:
    """Contacts for ``people`` and a company for each domain among them, born over the last two years. Quiet: nobody is
    notified, and records that would collide (an address that is taken) are left out."""
    chance = random.Random(f"{seed}/hubspot")
    now = portal.clock.ms()
    contacts, companies = portal.tables["contacts"], portal.tables["companies"]
    owner_ids = [owner.id for owner in portal.owners if not owner.archived]
    by_domain: dict[str, int] = {}
    employees: dict[int, list[int]] = {}
    step = 700 * DAY // (len(people) + 1)
    for number, person in enumerate(people):
        if person.email and person.email in contacts.unique["email"]:
            continue
        born = now - 710 * DAY + number * step
        values = {name: value for name, own in _FIELDS if (value := getattr(person, own))}
        values["lifecyclestage"] = chance.choice(STAGES)
        values["hs_object_source_label"] = values["hs_object_source"] = "IMPORT"
        if chance.random() < 0.6:
            values["hubspot_owner_id"] = chance.choice(owner_ids)
        if status := chance.choice(LEAD_STATUS):
            values["hs_lead_status"] = status
        bulk = chance.random() < 0.05  # a bulk edit gave many records one timestamp
        changed = now - 30 * DAY if bulk else int(born + chance.random() * (now - DAY - born))
        contact = _put(portal, contacts, values, born, max(born, changed))
        if domain := person.website.removeprefix("http://"):
            if domain not in by_domain:
                by_domain[domain] = _put(portal, companies, _company(person, domain), born, born)
                employees[by_domain[domain]] = []
            portal.associations.connect("contact", contact, "company", by_domain[domain], [1])
            employees[by_domain[domain]].append(contact)
    _parents(portal, list(employees))
    seed_business.fill(
        portal, employees, lambda kind, values, at: _put(portal, portal.tables[kind], values, at, at), seed
    )


def _company(person: Person, domain: str) -> "Values":
    return {
        "name": person.company or domain,
        "domain": domain,
        "website": domain,
        "country": person.country,
        "city": person.city,
        "industry": COMPANY_INDUSTRY.get(person.industry, ""),
    }


def _parents(portal: "Portal", companies: list[int]) -> None:
    """One company in twelve belongs to the one before it."""
    for parent, child in list(pairwise(companies))[::12]:
        portal.associations.connect("company", child, "company", parent, [14])


def _put(portal: "Portal", table: "Table", values: "Values", born: int, modified: int) -> int:
    portal.compute(table, values)
    values = {name: value for name, value in values.items() if value}
    return table.insert(values, modified, created=born).id
