"""The seeded people as business cards, and the odd cards that every collection has."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.standins.people import Person
from integrations.standins.sansan.store import Store, User

TAGGED = 0.6
OWN = 0.2  # of the user without rights over all; half of those are shared with nobody
COUNTRY_CODES = {"Japan": "JP", "Germany": "DE", "France": "FR", "Netherlands": "NL", "United States": "US"}


def fill(store: Store, people: list[Person], seed: int, *, odd: bool = True) -> None:
    """A card for each person; with ``odd`` (and people), also cards with what real cards have: see ``oddities``."""
    chance = random.Random(f"{seed}/sansan")
    admin, user = store.users.values()
    tags = [tag.id for tag in store.tags.values() if tag.type != "private"]
    for person in people:
        own = chance.random() < OWN
        at = store.now() - chance.randint(3600, 90 * 86400)
        store.add(
            user if own else admin,
            texts_of(person),
            at=at,
            exchanged=day(at),
            shared=not own or chance.random() < 0.5,
            tags=chance.sample(tags[:12], k=chance.randint(1, 3)) if tags and chance.random() < TAGGED else [],
        )
    if odd and people:
        oddities(store, admin, user)


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def texts_of(person: Person) -> dict[str, str]:
    return {
        "lastName": person.last_name,
        "firstName": person.first_name,
        "companyName": person.company,
        "title": person.job_title,
        "email": person.email,
        "tel": person.phone,
        "mobile": person.mobile,
        "url": person.website.removeprefix("http://"),
        "city": person.city,
        "countryCode": COUNTRY_CODES.get(person.country, ""),
    }


def oddities(store: Store, admin: User, user: User) -> None:
    """Two cards of one person before and after a new job, a shared mailbox of two people, one person met by two colleagues,
    full-width letters, kana, no e-mail, one that is none, a card that nobody can read and one that is still being typed in."""
    now = store.now()

    def add(last: str, first: str, email: str, days: int, owner: User = admin, **more: Any) -> str:
        met = now - timedelta(days=days).total_seconds()
        made = store.add(
            owner, {"lastName": last, "firstName": first, "email": email, **more}, at=met, exchanged=day(met)
        )
        return made.id

    company: dict[str, Any] = {
        "companyName": "株式会社青空商事",
        "postalCode": "150-0001",
        "prefecture": "東京都",
        "city": "渋谷区",
    }
    before = add("佐藤", "健一", "k.sato@aozora.example", 400, title="主任", **company)
    after = add(
        "佐藤",
        "健一",
        "k.sato@aozora.example",
        20,
        title="部長",
        street="神宮前1-2-3",
        building="青空ビル5F",
        **company,
    )
    store.merge(store.cards[after], store.cards[before])
    add("高橋", "美咲", "info@midori.example", 200, companyName="みどり工業株式会社")
    add("伊藤", "翔", "info@midori.example", 90, companyName="みどり工業株式会社")
    add("渡辺", "直子", "n.watanabe@kaze.example", 60, lastNameReading="ワタナベ", firstNameReading="ナオコ")
    add("渡辺", "直子", "n.watanabe@kaze.example", 30, user, title="課長")
    add("ＪＯＨＮ", "ＤＯＥ", "ｊ．ｄｏｅ＠ｗｉｄｅ．ｅｘａｍｐｌｅ", 15, tel="０３－１２３４－５６７８")
    add("山本", "陽子", "", 45, mobile="090-1234-5678")
    add("中村", "誠", "m.nakamura(at)kawa.example", 45)
    store.change(store.cards[add("？", "", "", 5)], entry="unreadable")
    store.finish_later(store.cards[add("小林", "大輔", "d.kobayashi@umi.example", 0)], 30.0)
