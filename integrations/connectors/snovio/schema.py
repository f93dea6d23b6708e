"""Snov.io's fields, and its odd shapes as canonical values.

What a detail answer does not carry stays **unknown**: e-mail, phones and custom values are in no documented answer (some accounts
may get them), and thin profiles lack jobs and links. An unknown value is never blank.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.connectors.snovio.countries import country_name
from integrations.records import Field, FieldType, Value, Values, number_text

Json = dict[str, Any]
CUSTOM = "custom:"  # + label: Snov.io addresses custom fields by label
CUSTOM_TYPES = {"string": FieldType.TEXT, "number": FieldType.NUMBER, "date": FieldType.DATE}
LISTED = ("email", "first_name", "last_name")  # what a listing row shows


def _field(name: str, label: Any, type: FieldType = FieldType.TEXT, **more: Any) -> Field:
    return Field(name, str(label), type, clearable=False, **more)


def standard_fields() -> list[Field]:
    return [
        _field("first_name", _("First name")),
        _field("last_name", _("Last name")),
        _field("email", _("Email"), FieldType.EMAIL, required=True),
        _field("phone", _("Phone"), FieldType.PHONE, readable=False),
        _field("country", _("Country")),
        _field("industry", _("Industry"), writable=False),
        _field("locality", _("Location")),
        _field("job_title", _("Job title")),
        _field("company_name", _("Company name")),
        _field("website", _("Company site"), FieldType.URL),
        _field("linkedin", _("LinkedIn"), FieldType.URL),
        _field("facebook", _("Facebook"), FieldType.URL),
        _field("twitter", _("X (Twitter)"), FieldType.URL),
        _field("company_size", _("Company size"), writable=False),
        _field("company_type", _("Company type"), writable=False),
    ]


def custom_field(definition: Json) -> Field:
    """A row of ``prospect-custom-fields``. Values can be written; whether they can be read differs between accounts."""
    label = str(definition.get("label", ""))
    kind = CUSTOM_TYPES.get(str(definition.get("type")), FieldType.TEXT)
    return _field(CUSTOM + label, label, kind, custom=True, readable=False, required=bool(definition.get("required")))


def as_seen(field: Field, seen: Values) -> Field:
    """The field with what a look at one prospect told: an account that shows a value once shows it always."""
    return replace(field, readable=True) if field.name in seen else field


# -- reading -------------------------------------------------------------------------------------------------------------------
def listed_values(row: Json) -> Values:
    """A listing row. It always tells the addresses; the first one is the primary."""
    emails = [address(each) for each in row.get("emails") or []]
    return {
        "email": next((email for email in emails if email), None),
        "first_name": blank(row.get("firstName")),
        "last_name": blank(row.get("lastName")),
    }


def detail_values(data: Json) -> Values:
    """What a detail answer tells, and nothing of what it leaves out."""
    found: Values = {
        name: blank(data[key])
        for name, key in (
            ("first_name", "firstName"),
            ("last_name", "lastName"),
            ("country", "country"),
            ("industry", "industry"),
            ("locality", "locality"),
        )
        if key in data
    }
    if isinstance(jobs := data.get("currentJob"), list):
        found |= job_values(jobs[0] if jobs and isinstance(jobs[0], dict) else {})
    if isinstance(social := data.get("social"), list):
        links = {
            str(each.get("type", "")).casefold(): blank(each.get("link")) for each in social if isinstance(each, dict)
        }
        found["linkedin"] = links.get("linkedin")
        found["facebook"] = links.get("facebook")
        found["twitter"] = links.get("twitter") or links.get("x")
    return found | undocumented_values(data)


def job_values(job: Json) -> Values:
    return {
        "job_title": blank(job.get("position")),
        "company_name": blank(job.get("companyName")),
        "website": blank(job.get("site")),
        "company_size": blank(job.get("size")),
        "company_type": blank(job.get("companyType")),
    }


def undocumented_values(data: Json) -> Values:
    """E-mail, phone and custom values, under any of the names that were seen."""
    found: Values = {}
    if isinstance(emails := data.get("emails"), list):
        found["email"] = next((email for email in map(address, emails) if email), None)
    elif "email" in data:
        found["email"] = blank(data["email"])
    if isinstance(phones := data.get("phones"), list):
        found["phone"] = next((phone for phone in map(number_of, phones) if phone), None)
    elif "phone" in data:
        found["phone"] = number_of(data["phone"])
    if isinstance(custom := data.get("customFields"), dict):
        found |= {CUSTOM + str(label): custom_value(value) for label, value in custom.items()}
    for key, value in data.items():
        if key.startswith("customField_"):
            found[CUSTOM + key.removeprefix("customField_")] = custom_value(value)
    return found


def blank(value: Any) -> Value:
    text = "" if value is None else str(value).strip()
    return text or None


def address(row: Any) -> str:
    return str(blank(row.get("email") if isinstance(row, dict) else row) or "")


def number_of(row: Any) -> Value:
    return blank((row.get("phone") or row.get("number")) if isinstance(row, dict) else row)


def custom_value(value: Any) -> Value:
    """Numbers may come as JSON numbers and dates as date objects; both also come as text, which is kept as it is."""
    if isinstance(value, dict):
        at = moment(value)
        return at.strftime("%Y-%m-%d") if at else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return blank(value)


def moment(value: Any) -> datetime | None:
    """Any of the API's three forms of time as UTC: date object, Unix seconds, ISO text."""
    if isinstance(value, dict):
        value = value.get("date")
    try:
        if isinstance(value, int | float) or str(value).isdigit():
            return datetime.fromtimestamp(float(value), UTC)
        at = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


# -- writing -------------------------------------------------------------------------------------------------------------------
WRITTEN = {
    "first_name": "firstName",
    "last_name": "lastName",
    "locality": "locality",
    "job_title": "position",
    "company_name": "companyName",
    "website": "companySite",
}
LINKS = {"linkedin": "linkedIn", "facebook": "facebook", "twitter": "twitter"}


def payload(values: Values) -> tuple[Json, Values, str]:
    """What to send, which of ``values`` that covers, and a code when something was left out.

    Nothing says that an empty value empties a field, so blanks are not sent (``CANNOT_CLEAR``); a country that Snov.io's list does
    not have is left out rather than failing the record (``COUNTRY_STATE_INVALID``). Refused: a field that cannot be written.
    """
    body: Json = {}
    sent: Values = {}
    note = ""
    for name, value in values.items():
        if name == "email":
            continue
        if value is None or value == "":
            note = note or "CANNOT_CLEAR"
        elif name == "country":
            if (known := country_name(str(value))) is None:
                note = "COUNTRY_STATE_INVALID"
            else:
                body["country"] = sent[name] = known
        else:
            put(body, name, value)
            sent[name] = value
    return body, sent, note


def put(body: Json, name: str, value: Value) -> None:
    """Add one value in the API's shape."""
    if name in WRITTEN:
        body[WRITTEN[name]] = value
    elif name == "phone":
        body["phones"] = [value]
    elif name in LINKS:
        body.setdefault("socialLinks", {})[LINKS[name]] = value
    elif name.startswith(CUSTOM):
        body.setdefault("customFields", {})[name.removeprefix(CUSTOM)] = value
    else:
        is_known = name in {field.name for field in standard_fields()}
        message = (
            gettext("Snov.io's API cannot write this field.") if is_known else gettext("Snov.io has no such field.")
        )
        raise errors.Refused(message, code="FIELD_READ_ONLY" if is_known else "FIELD_MISSING", field=name)
