"""The records that people make, by concept: the same number is the same person, company or deal at both sides."""

from datetime import UTC, datetime, timedelta
from functools import cache

from integrations.records import Field, FieldType, Value
from integrations.standins.people import Person, people

SEED = 11
SPRING = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRMS = 5  # people, deals and tickets to a company
PERSON = {
    "first_name": "first_name", "last_name": "last_name", "phone": "phone", "mobile": "mobile", "job_title": "job_title",
    "company_name": "company", "website": "website", "city": "city", "country": "country", "industry": "industry",
}  # fmt: skip
NAMES = {
    "company": "Company",
    "deal": "Deal",
    "product": "Product",
    "ticket": "Ticket",
    "lead": "Lead",
    "invoice": "INV",
}
IDENTITY = ("email", "sku", "domain", "number", "name", "subject", "body")
"""Concepts by which people tell records apart, the first that a kind has; samples have each value once."""

EDITABLE = (
    "job_title",
    "phone",
    "city",
    "amount",
    "price",
    "description",
    "body",
    "location",
    "last_name",
    "name",
    "subject",
)
"""Concepts that people edit, the first that a kind has and that is not its identity."""


@cache
def _people(count: int) -> list[Person]:
    return people(count, seed=SEED)


def value(kind: str, concept: str, number: int, field: Field, twin: Field, total: int) -> Value:
    """What record ``number`` says about a concept, in canonical form; None where there is nothing sensible to say. ``field`` is
    typed into, ``twin`` is its counterpart at the other side: a choice must be one that both have."""
    if field.type is FieldType.OPTION:
        return _choice(number, field, twin)
    if field.type is FieldType.USER:
        people = [option.value for option in field.options]
        return people[number % len(people)] if people else None
    if field.type is FieldType.BOOL:
        return number % 2 == 0
    text = _text(kind, concept, number, total)
    if text is None or field.type in (FieldType.REFERENCE, FieldType.MULTI):
        return None
    if field.type is FieldType.NUMBER or concept in ("amount", "price", "cost", "employees", "annual_revenue"):
        return str(1000 + number)
    moment = SPRING + timedelta(days=number % 300, minutes=number % 480)
    if field.type is FieldType.DATE:
        return moment.date().isoformat()
    if field.type is FieldType.DATETIME:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if field.type is FieldType.RICH_TEXT:
        return f"<p><strong>{text}</strong></p><p>Tea &amp; <em>cake</em>.</p>"
    return text[: field.max_length] if field.max_length else text


def _choice(number: int, field: Field, twin: Field) -> Value:
    known = {word.casefold() for option in twin.options for word in (option.value, option.label)}
    both = [
        option.value
        for option in field.options
        if not known or {option.value.casefold(), option.label.casefold()} & known
    ]
    return both[number % len(both)] if both else None


def _text(kind: str, concept: str, number: int, total: int) -> str | None:
    if kind == "person":
        person = _people(total)[number]
        if concept == "email":
            return f"p{number}.{person.email}"
        return str(getattr(person, PERSON[concept])) or None if concept in PERSON else None
    if concept == "domain":
        return f"firm-{number}.example"
    if concept == "website":
        return f"https://firm-{number}.example"
    if concept == "sku":
        return f"SKU-{number:05}"
    if concept in ("name", "number"):
        return f"{NAMES.get(kind, kind.capitalize())} {number:05}"
    if concept == "subject":
        return f"{kind.capitalize()} about point {number}"
    if concept in ("body", "description"):
        return f"What was said about point {number}."
    if concept in ("phone", "city", "country", "industry"):
        return str(getattr(_people(total)[number], concept)) or None
    if concept == "currency":
        return "EUR"
    return (
        ""
        if concept in ("time", "end_time", "due", "close_date", "issue_date", "due_date", "amount", "price", "cost")
        else None
    )


def edited(field: Field, number: int, side: str) -> Value:
    """What a person types over the old value."""
    if field.type is FieldType.NUMBER:
        return str(7000 + number)
    if field.type is FieldType.PHONE:
        return f"+49 30 77{number:04}{1 if side == 'hub' else 2}"
    text = f"Edited {number} at the {side}"
    return f"<p>{text}</p>" if field.type is FieldType.RICH_TEXT else text
