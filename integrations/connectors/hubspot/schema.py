"""HubSpot's property definitions as fields, and its values (all of them text on the wire) as canonical values."""

import re
from datetime import UTC, datetime
from typing import Any

from integrations.connectors.hubspot.objects import OBJECTS
from integrations.records import Field, FieldType, Option, Value, moment_text, number_text
from integrations.richtext import kept

TYPES = {
    "number": FieldType.NUMBER,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "bool": FieldType.BOOL,
    "phone_number": FieldType.PHONE,
}
TEXT_TYPES = {"textarea": FieldType.LONG_TEXT, "html": FieldType.RICH_TEXT, "phonenumber": FieldType.PHONE}
# HubSpot's own text properties whose content is more than text; their definitions do not say so.
KNOWN = {
    "email": FieldType.EMAIL,
    "website": FieldType.URL,
    "hs_linkedin_url": FieldType.URL,
    "hs_url": FieldType.URL,
    "hs_meeting_external_url": FieldType.URL,
}
MAX_TEXT = 65536
UNIQUE = {"contacts": {"email"}}

# What we send to make a property: our type → (type, fieldType).
NEW = {
    FieldType.TEXT: ("string", "text"),
    FieldType.LONG_TEXT: ("string", "textarea"),
    FieldType.RICH_TEXT: ("string", "html"),
    FieldType.NUMBER: ("number", "number"),
    FieldType.DATE: ("date", "date"),
    FieldType.DATETIME: ("datetime", "date"),
    FieldType.BOOL: ("bool", "booleancheckbox"),
    FieldType.OPTION: ("enumeration", "select"),
    FieldType.MULTI: ("enumeration", "checkbox"),
    FieldType.EMAIL: ("string", "text"),
    FieldType.PHONE: ("string", "phonenumber"),
    FieldType.URL: ("string", "text"),
}


def field_of(definition: dict[str, Any], kind: str) -> Field | None:
    """A property definition as a Field; None for those that no mapping should use (hidden, archived, inner types)."""
    kind_of_value = type_of(definition)
    if kind_of_value is None or definition.get("hidden") or definition.get("archived"):
        return None
    rules = definition.get("modificationMetadata") or {}
    name = definition["name"]
    return Field(
        name=name,
        label=definition.get("label") or name,
        type=FieldType.DATE if name in OBJECTS[kind].days else kind_of_value,
        required=name in OBJECTS[kind].required,
        writable=not (definition.get("calculated") or rules.get("readOnlyValue")),
        unique=bool(definition.get("hasUniqueValue")) or name in UNIQUE.get(kind, ()),
        custom=not definition.get("hubspotDefined"),
        options=tuple(
            # Hidden ones are not for choosing any more, and records that hold them keep them.
            Option(str(option["value"]), str(option.get("label") or option["value"]), writable=not option.get("hidden"))
            for option in definition.get("options") or []
        ),
        max_length=MAX_TEXT if definition.get("type") == "string" else None,
    )


def type_of(definition: dict[str, Any]) -> FieldType | None:
    kind, shown_as = definition.get("type"), definition.get("fieldType")
    if definition.get("referencedObjectType") == "OWNER":
        return None if shown_as == "checkbox" else FieldType.USER  # several owners: no type of ours holds them
    if kind == "string":
        return KNOWN.get(definition["name"]) or TEXT_TYPES.get(str(shown_as), FieldType.TEXT)
    if kind == "enumeration":
        values = {option.get("value") for option in definition.get("options") or []}
        if shown_as == "booleancheckbox" and values == {"true", "false"}:
            return FieldType.BOOL
        return FieldType.MULTI if shown_as == "checkbox" else FieldType.OPTION
    return TYPES.get(str(kind))


def definition_of(field: Field, kind: str) -> dict[str, Any]:
    """What to POST to make this property."""
    wire_type, shown_as = NEW[field.type]
    options = [
        {"label": option.label, "value": option.value, "hidden": False, "displayOrder": place}
        for place, option in enumerate(field.options)
    ]
    if wire_type == "bool":
        options = [
            {"label": "Yes", "value": "true", "hidden": False, "displayOrder": 0},
            {"label": "No", "value": "false", "hidden": False, "displayOrder": 1},
        ]
    made: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9_]+", "_", field.name.lower()).strip("_"),
        "label": field.label,
        "type": wire_type,
        "fieldType": shown_as,
        "groupName": OBJECTS[kind].group,
    }
    if options:
        made["options"] = options
    if field.unique:
        made["hasUniqueValue"] = True
    return made


AS_IT_IS = {
    None, FieldType.TEXT, FieldType.LONG_TEXT, FieldType.EMAIL, FieldType.PHONE, FieldType.URL, FieldType.OPTION
}  # fmt: skip
"""Types whose values are text on the wire and here; None is text, too."""


def to_canonical(text: str | None, kind: FieldType) -> Value:
    """A value as HubSpot sent it → canonical. What does not parse stays as it is: better odd than lost."""
    if text is None or text == "":
        return None
    if kind is FieldType.RICH_TEXT:
        return kept(text)
    if kind is FieldType.NUMBER:
        return number_text(text) or str(text)
    if kind is FieldType.BOOL:
        return {"true": True, "false": False}.get(str(text).lower())
    if kind is FieldType.MULTI:
        return sorted(part for part in str(text).split(";") if part)
    if kind is FieldType.DATETIME:
        at = moment(text)
        return moment_text(at) if at else text
    if kind is FieldType.DATE:
        at = moment(text)
        return at.strftime("%Y-%m-%d") if at else text
    return str(text)


def to_wire(value: Value) -> str:
    """A canonical value → what HubSpot takes; blank is "" (which clears). A list replaces: it would append if the text began with a
    semicolon, as it would with an empty choice in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(filter(None, value))
    return value


def moment(text: Any) -> datetime | None:
    """ISO 8601 (a date alone is midnight UTC) or milliseconds since 1970 → an aware moment; None when it is neither."""
    text = str(text or "")
    try:
        if text[4:5] != "-" and text.lstrip("-").isdigit() and len(text) > 8:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
