"""The seeded people as prospects: in three lists and one deleted list, some in two lists."""

import random

from integrations.standins.people import Person
from integrations.standins.snovio.store import Store

LISTS = ("Trade fair leads", "Website sign-ups", "Partners")
DELETED_LIST = "Autumn newsletter 2024"
WEIGHTS = (55, 35, 10)
IN_TWO_LISTS = 0.02
THIN = 0.03  # a profile without a job or a link


def fill(store: Store, people: list[Person]) -> None:
    lists = [store.add_list(name).id for name in LISTS]
    store.delete_list(store.add_list(DELETED_LIST).id)
    source = store.add_field("Source")
    budget = store.add_field("Budget", "number")
    met = store.add_field("First met", "date")
    store.add_campaign("Partner welcome", lists[2], "Active")
    store.add_campaign("Spring follow-up", lists[0], "Completed")
    store.add_do_not_email("Do-not-email list", "Global")
    chance = random.Random(f"{store.seed}/lists")
    for person in people:
        where = chance.choices(lists, WEIGHTS, k=2 if chance.random() < IN_TWO_LISTS else 1)
        if twins := store.by_email(person.email):  # a list never holds one address twice
            where = [id for id in lists if not any(id in twin.lists for twin in twins)][:1] or where
        custom = {
            source.number: chance.choice(("Referral", "Fair", "Web", "")),
            budget.number: chance.choice(("", "1500", "20000.5")),
            met.number: chance.choice(("", f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}")),
        }
        prospect = store.add(dict.fromkeys(where), **values_of(person, thin=chance.random() < THIN))
        store.change(prospect, custom={number: value for number, value in custom.items() if value})
        prospect.updated_at -= chance.randint(3600, 90 * 86400)


def values_of(person: Person, *, thin: bool = False) -> dict[str, object]:
    values: dict[str, object] = {
        "emails": [person.email] if person.email else [],
        "first_name": person.first_name,
        "last_name": person.last_name,
        "country": person.country,
        "locality": person.city,
        "industry": person.industry,
        "phones": [phone for phone in (person.phone, person.mobile) if phone],
    }
    if not thin:
        values |= {
            "position": person.job_title,
            "company": person.company,
            "site": person.website,
            "social": {"linkedIn": person.linkedin} if person.linkedin else {},
        }
    return values
