"""Plausible people from a fixed seed, and how they are spread over the two ends of a sync.

Nobody here exists: names are common ones put together at random, domains end in ``.example``.
"""

import random
from dataclasses import dataclass, fields, replace

from integrations.standins.names import COMPANY_ENDS, COMPANY_STARTS, CULTURES, INDUSTRIES, JOBS, Culture

BLANKABLE = ("phone", "mobile", "job_title", "company", "website", "city", "country", "industry", "linkedin")


@dataclass(slots=True)
class Person:
    """``number`` is the same for the same human at both ends. "" is blank."""

    number: int
    first_name: str
    last_name: str
    email: str
    phone: str = ""
    mobile: str = ""
    job_title: str = ""
    company: str = ""
    website: str = ""  # http://…
    city: str = ""
    country: str = ""  # ISO 3166 English short name, as most apps list it
    industry: str = ""
    linkedin: str = ""


@dataclass(frozen=True)
class Shares:
    """``both``, ``hub`` and ``app`` are weights of where a person is known; the others are probabilities."""

    both: float = 0.6
    hub: float = 0.25
    app: float = 0.15
    differing: float = 0.15  # of those at both: some fields say something else at the app
    blanks: float = 0.12  # a field is blank at one end
    no_email: float = 0.01  # of those at one end only
    doubled: float = 0.005  # of those at the app: a second profile with the same e-mail

    @classmethod
    def parse(cls, text: str) -> "Shares":
        """``both=1,hub=0`` changes those two; raises ValueError for an unknown name."""
        given = dict(part.split("=", 1) for part in text.replace(" ", "").split(",") if "=" in part)
        if unknown := set(given) - {field.name for field in fields(cls)}:
            raise ValueError(f"--split knows no {', '.join(sorted(unknown))}.")
        return cls(**{name: float(value) for name, value in given.items()})


@dataclass(frozen=True)
class Population:
    hub: list[Person]
    app: list[Person]


def populate(count: int, shares: Shares | None = None, *, seed: int = 7) -> Population:
    """``count`` people, spread over hub and app. The same arguments give the same population."""
    shares = shares or Shares()
    chance = random.Random(f"{seed}/split")
    hub: list[Person] = []
    app: list[Person] = []
    weights = (shares.both, shares.hub, shares.app)
    for person in people(count, seed=seed):
        where = chance.choices(("both", "hub", "app"), weights)[0]
        if where != "both" and chance.random() < shares.no_email:
            person.email = ""
        if where != "app":
            hub.append(_with_blanks(person, chance, shares.blanks))
        if where != "hub":
            seen = _differing(person, chance) if where == "both" and chance.random() < shares.differing else person
            app.append(_with_blanks(seen, chance, shares.blanks))
            if person.email and chance.random() < shares.doubled:
                app.append(replace(person, job_title=chance.choice(JOBS), company=""))
    return Population(hub, app)


def people(count: int, *, seed: int = 7) -> list[Person]:
    """``count`` people, each with an e-mail address of their own, all fields filled but for some mobiles."""
    chance = random.Random(f"{seed}/people")
    firms = [_firm(chance, number) for number in range(max(3, count // 6))]
    cultures = list(CULTURES)
    weights = [culture.weight for culture in cultures]
    taken: set[str] = set()
    return [_person(number, chance, chance.choices(cultures, weights)[0], firms, taken) for number in range(count)]


def _person(
    number: int, chance: random.Random, culture: Culture, firms: list[tuple[str, str, str]], taken: set[str]
) -> Person:
    first, first_plain = _name(chance.choice(culture.first))
    last, last_plain = _name(chance.choice(culture.last))
    company, domain, industry = chance.choice(firms)
    local = chance.choice(("{f}.{l}", "{f}.{l}", "{i}{l}", "{f}", "{f}_{l}"))
    local = local.format(f=first_plain, l=last_plain, i=first_plain[0])
    email = f"{local}@{domain}"
    if email in taken:
        email = f"{local}{number}@{domain}"
    taken.add(email)
    city = chance.choice(culture.cities)
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        email=email,
        phone=_digits(chance, culture.phone),
        mobile=_digits(chance, culture.mobile) if chance.random() < 0.5 else "",
        job_title=chance.choice(culture.jobs or JOBS) if chance.random() < 0.3 else chance.choice(JOBS),
        company=company,
        website=f"http://{domain}",
        city=city,
        country=culture.country,
        industry=industry,
        linkedin=f"https://www.linkedin.com/in/{first_plain}-{last_plain}-{number}",
    )


def _name(text: str) -> tuple[str, str]:
    """``李|li`` → 李 and the letters for an address; without ``|`` the letters are the name itself in lower case."""
    shown, _, plain = text.partition("|")
    return shown, plain or shown.lower().replace(" ", "").replace("'", "").replace("-", "")


def _digits(chance: random.Random, pattern: str) -> str:
    """Each ``#`` becomes a digit, never one that makes a number look like all zeros."""
    return "".join(str(chance.randint(1, 9)) if sign == "#" else sign for sign in pattern)


def _firm(chance: random.Random, number: int) -> tuple[str, str, str]:
    start, end = chance.choice(COMPANY_STARTS), chance.choice(COMPANY_ENDS)
    word = f"{start}-{end.split()[0]}".lower()
    domain = f"{word}.example" if number < 40 else f"{word}-{number}.example"
    return f"{start} {end}", domain, chance.choice(INDUSTRIES)


def _with_blanks(person: Person, chance: random.Random, share: float) -> Person:
    """A copy; each field that may be blank is so with probability ``share``."""
    copy = replace(person)
    for name in BLANKABLE:
        if chance.random() < share:
            setattr(copy, name, "")
    return copy


def _differing(person: Person, chance: random.Random) -> Person:
    """A copy as another team would have typed it."""
    change = chance.choice(("job", "phone", "spelling", "company", "moved"))
    if change == "job":
        return replace(person, job_title=chance.choice(JOBS))
    if change == "phone":
        return replace(person, phone=person.phone.replace(" ", "-"))
    if change == "company":
        return replace(person, company=person.company.upper())
    if change == "moved":
        return replace(person, city="", phone="")
    return replace(person, first_name=person.first_name[:1] + ".")
