"""Fields of a card and their canonical values."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext as _

from integrations.connectors.sansan.client import Json
from integrations.records import Field, FieldType, Option, RemoteRecord, Value, moment_text

OFFERED_TAGS = ("public", "shared")  # private tags are their owner's own affair

# our name → (the API's name, type). Names are never rewritten; what is typed into phones and browsers is (see ``narrow``).
PLAIN: dict[str, tuple[str, FieldType]] = {
    "email": ("email", FieldType.EMAIL),
    "last_name": ("lastName", FieldType.TEXT),
    "first_name": ("firstName", FieldType.TEXT),
    "last_name_reading": ("lastNameReading", FieldType.TEXT),
    "first_name_reading": ("firstNameReading", FieldType.TEXT),
    "company_name": ("companyName", FieldType.TEXT),
    "department": ("departmentName", FieldType.TEXT),
    "job_title": ("title", FieldType.TEXT),
    "phone": ("tel", FieldType.PHONE),
    "second_phone": ("secondTel", FieldType.PHONE),
    "mobile": ("mobile", FieldType.PHONE),
    "fax": ("fax", FieldType.PHONE),
    "website": ("url", FieldType.URL),
    "postcode": ("postalCode", FieldType.TEXT),
    "prefecture": ("prefecture", FieldType.TEXT),
    "city": ("city", FieldType.TEXT),
    "country_code": ("countryCode", FieldType.TEXT),
    "memo": ("memo", FieldType.LONG_TEXT),
    "card_id": ("id", FieldType.TEXT),
    "person_id": ("personId", FieldType.TEXT),
    "company_id": ("companyId", FieldType.TEXT),
}
NARROWED = (FieldType.EMAIL, FieldType.PHONE, FieldType.URL)


def fields(tags: Sequence[Json]) -> list[Field]:
    """Everything is read-only: the API can register a card, and neither change nor delete one."""
    labels = {
        "email": _("Email"), "last_name": _("Last name"), "first_name": _("First name"),
        "last_name_reading": _("Last name (kana)"), "first_name_reading": _("First name (kana)"),
        "company_name": _("Company"), "department": _("Department"), "job_title": _("Job title"), "phone": _("Phone"),
        "second_phone": _("Second phone"), "mobile": _("Mobile"), "fax": _("Fax"), "website": _("Website"),
        "postcode": _("Postal code"), "prefecture": _("Prefecture"), "city": _("City"), "country_code": _("Country code"),
        "memo": _("Memo"), "card_id": _("Card id"), "person_id": _("Person id"), "company_id": _("Company id"),
    }  # fmt: skip
    names = sorted({str(tag["name"]) for tag in tags if is_offered(tag) and tag.get("name")})
    found = [_field(name, labels[name], type) for name, (_theirs, type) in PLAIN.items()]
    return [
        *found,
        _field("street", _("Street and building"), FieldType.TEXT),
        _field("exchange_date", _("Card received on"), FieldType.DATE),
        _field("owner", _("Card owner"), FieldType.USER),
        _field("owner_name", _("Name of the card owner"), FieldType.TEXT),
        _field("registered_at", _("Registered"), FieldType.DATETIME),
        _field("tags", _("Sansan tag"), FieldType.MULTI, tuple(Option(name, name) for name in names)),
    ]


def _field(name: str, label: str, type: FieldType, options: tuple[Option, ...] = ()) -> Field:
    return Field(name, label, type, writable=False, options=options)


def is_offered(tag: Json) -> bool:
    return tag.get("type") in OFFERED_TAGS


def record(card: Json, names: Iterable[str]) -> RemoteRecord:
    """What has no address is known by its person: of a person's cards only the current one is listed, under an id of its own."""
    person = "" if address(card) else blank(card.get("personId"))
    return RemoteRecord(
        id=str(card["id"]),
        values={name: value_of(card, name) for name in names if name in ALL},
        modified_at=moment(card.get("updatedTime")),
        created_at=moment(card.get("registeredTime")),
        aliases=(person,) if person else (),
    )


def value_of(card: Json, name: str) -> Value:
    """Null, missing and ``""`` are all blank."""
    if name in PLAIN:
        theirs, type = PLAIN[name]
        text = blank(card.get(theirs))
        if text and type in NARROWED:
            text = blank(unicodedata.normalize("NFKC", text))
        return f"https://{text}" if text and type is FieldType.URL and "://" not in text else text
    return OTHERS[name](card)


def _street(card: Json) -> Value:
    return " ".join(filter(None, (blank(card.get("street")), blank(card.get("building"))))) or None


def _exchange_date(card: Json) -> Value:
    try:
        return date.fromisoformat(str(card.get("exchangeDate"))[:10]).isoformat()
    except ValueError:
        return None


def _owner(card: Json) -> Value:
    """The user's address; old versions of the API show only the id."""
    owner = card.get("owner") or {}
    email = blank(owner.get("email"))
    return email.casefold() if email else blank(owner.get("id"))


def _registered(card: Json) -> Value:
    at = moment(card.get("registeredTime"))
    return moment_text(at) if at else None


def _tags(card: Json) -> Value:
    return sorted({str(tag["name"]) for tag in card.get("tags") or [] if is_offered(tag) and tag.get("name")}) or None


OTHERS = {
    "street": _street,
    "exchange_date": _exchange_date,
    "owner": _owner,
    "owner_name": lambda card: blank((card.get("owner") or {}).get("name")),
    "registered_at": _registered,
    "tags": _tags,
}
ALL = {*PLAIN, *OTHERS}


def address(card: Json) -> str:
    """The e-mail address as addresses compare; "" without one."""
    return str(value_of(card, "email") or "").casefold()


def tag_ids(card: Json) -> set[str]:
    """Of the tags by which cards can be chosen."""
    return {str(tag.get("id")) for tag in card.get("tags") or [] if is_offered(tag)}


def is_readable(card: Json) -> bool:
    """A card that is still being typed in (or that nobody could read) shows values that mean nothing yet."""
    return card.get("entryStatus", "completed") == "completed"


def blank(value: Any) -> str | None:
    return str("" if value is None else value).strip() or None


def moment(value: Any) -> datetime | None:
    """Japan's time with its offset → UTC."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
