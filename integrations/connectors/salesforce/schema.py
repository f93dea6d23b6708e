"""*Describe* → fields, and values there and back.

Describe is per user: a field that the profile hides is absent, and what page layouts or validation rules ask for is not told.
A lookup with several targets (*WhoId*) is one field per target that is a kind of ours: ``WhoId:Contact``. Users are people with an
e-mail address, a record type is an option whose value is its developer name, which is the same in a sandbox and in production.
"""

import re
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import roles
from integrations.connectors.salesforce.objects import KINDS
from integrations.records import Field, FieldType, Option, Value, json_number, moment_text, number_text
from integrations.richtext import kept

TYPES = {
    "string": FieldType.TEXT, "combobox": FieldType.TEXT, "textarea": FieldType.LONG_TEXT, "email": FieldType.EMAIL,
    "phone": FieldType.PHONE, "url": FieldType.URL, "picklist": FieldType.OPTION, "multipicklist": FieldType.MULTI,
    "boolean": FieldType.BOOL, "int": FieldType.NUMBER, "long": FieldType.NUMBER, "double": FieldType.NUMBER,
    "currency": FieldType.NUMBER, "percent": FieldType.NUMBER, "date": FieldType.DATE, "datetime": FieldType.DATETIME,
    "time": FieldType.TEXT, "encryptedstring": FieldType.TEXT,
}  # fmt: skip
SHOWN_ONLY = {"time", "encryptedstring"}  # what is read of these is not what may be written
WITH_LENGTH = (
    FieldType.TEXT,
    FieldType.LONG_TEXT,
    FieldType.RICH_TEXT,
    FieldType.EMAIL,
    FieldType.PHONE,
    FieldType.URL,
)
RECORD_TYPE = "RecordTypeId"
KEY_FIELD = "Syncline_Key__c"  # what an administrator may add to make creates repeatable, see ``writing``
WEBSITE, DOMAIN = "Website", "Website.domain"  # the second is ours: what companies are told apart by
HIDDEN = {"Id", "IsDeleted", "MasterRecordId", "SystemModstamp", "LastViewedDate", "LastReferencedDate", "LastActivityDate",
          "TaskSubtype", "EventSubtype", "PhotoUrl", "CleanStatus", "Jigsaw", "JigsawContactId", "JigsawCompanyId"}  # fmt: skip

Described = dict[str, Any]


def fields_of(said: Described, users: tuple[Option, ...]) -> list[Field]:
    """All fields of a describe, by label. SchemaUnreadable where it makes no sense."""
    try:
        found = [made for one in said["fields"] for made in _fields(one, said, users)] + roles.fields_of(said)
    except (KeyError, TypeError) as error:
        raise errors.SchemaUnreadable(_("Salesforce's description of its fields cannot be read.")) from error
    if said.get("name") == "Account" and any(made.name == WEBSITE for made in found):
        found.append(Field(DOMAIN, _("Domain of the website"), FieldType.TEXT, writable=False))
    return sorted(found, key=lambda made: made.label.casefold())


def domain_of(website: str | None) -> str | None:
    """``https://www.acme.com/contact`` → ``acme.com``; None for what has no domain."""
    found = re.match(r"\s*(?:\w+://)?(?:www\.)?([^/:?#\s]+\.[^/:?#\s]+)", website or "", re.IGNORECASE)
    return found[1].casefold() if found else None


def record_types(said: Described) -> dict[str, str]:
    """Developer name → id, of the record types that the user may use."""
    return {
        str(info.get("developerName") or info["name"]): str(info["recordTypeId"])
        for info in said.get("recordTypeInfos") or ()
        if info.get("available") and not info.get("master")
    }


def _fields(one: dict[str, Any], said: Described, users: tuple[Option, ...]) -> list[Field]:
    """Nothing for what is no data of its own; several for a lookup with several targets."""
    name, kind = str(one["name"]), str(one["type"])
    if name in HIDDEN or one.get("deprecatedAndHidden"):
        return []
    if name == KEY_FIELD and not (one.get("externalId") and one.get("unique") and one["createable"]):
        return []  # Salesforce would refuse every create by it
    may_blank = bool(one["nillable"])
    shared: dict[str, Any] = {
        "label": str(one["label"]),
        "required": bool(one["createable"] and not may_blank and not one["defaultedOnCreate"] and kind != "boolean"),
        "writable": bool(one["createable"] and one["updateable"] and kind not in SHOWN_ONLY),
        "clearable": may_blank,
        "unique": bool(one.get("unique")),
        "custom": bool(one["custom"]),
    }
    if kind == "reference":
        return _references(name, [str(target) for target in one["referenceTo"]], shared, said, users)
    type_ = FieldType.RICH_TEXT if _is_rich(one) else TYPES.get(kind)
    if type_ is None:
        return []
    options: tuple[Option, ...] = ()
    if type_ in (FieldType.OPTION, FieldType.MULTI):
        options = tuple(
            Option(str(value["value"]), str(value.get("label") or value["value"]))
            for value in one["picklistValues"]
            if value["active"]
        )
        if not options:
            return []
    length = int(one.get("length") or 0) if type_ in WITH_LENGTH else 0
    return [Field(name, type=type_, options=options, max_length=length or None, **shared)]


def _is_rich(one: dict[str, Any]) -> bool:
    """Rich text areas say so themselves; the standard HTML of e-mails does not."""
    return one["type"] == "textarea" and bool(one.get("htmlFormatted") or one["name"] == "HtmlBody")


def _references(
    name: str, targets: list[str], shared: dict[str, Any], said: Described, users: tuple[Option, ...]
) -> list[Field]:
    if name == RECORD_TYPE:
        infos = {str(info["recordTypeId"]): str(info["name"]) for info in said.get("recordTypeInfos") or ()}
        options = tuple(Option(known, infos[id]) for known, id in record_types(said).items())
        shared |= {"clearable": False, "required": False}
        return [Field(name, type=FieldType.OPTION, options=options, **shared)] if options else []
    if "User" in targets:
        return [Field(name, type=FieldType.USER, options=users, **shared)]
    ours = [target for target in targets if target in KINDS]
    if len(targets) == 1:
        return [Field(name, type=FieldType.REFERENCE, refers_to=KINDS[target], **shared) for target in ours]
    label = shared["label"]
    return [
        Field(
            f"{name}:{target}",
            type=FieldType.REFERENCE,
            refers_to=KINDS[target],
            **{**shared, "label": f"{label} ({target})", "required": False},
        )
        for target in ours
    ]


# -- values ------------------------------------------------------------------------------------------------------------------
def to_canonical(value: Any, kind: FieldType) -> Value:
    """A value as Salesforce sent it, in JSON or in CSV, → canonical. What does not parse stays text: better odd than lost."""
    if value is None or value == "":
        return None
    if kind is FieldType.BOOL:
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind is FieldType.NUMBER:
        return number_text(value) or str(value)
    if kind is FieldType.MULTI:
        return sorted(part for part in str(value).split(";") if part)
    if kind is FieldType.DATETIME:
        at = moment(value)
        return moment_text(at) if at else str(value)
    if kind is FieldType.RICH_TEXT:
        return kept(str(value))
    return str(value)[:10] if kind is FieldType.DATE else str(value)


def to_wire(value: Value, field: Field) -> Any:
    """A canonical value → what Salesforce takes in JSON; None clears. Refused: a number or truth that is none."""
    if field.type is FieldType.BOOL:
        if value is not None and not isinstance(value, bool):
            raise errors.Refused(_("This is neither yes nor no."), code="TYPE_INCOMPATIBLE", field=field.name)
        return bool(value)  # a checkbox is never blank
    if value is None:
        return None
    if field.type is FieldType.NUMBER:
        return _number(str(value), field)
    if field.type is FieldType.MULTI:
        return ";".join(value) if isinstance(value, list) else value
    return value


def _number(text: str, field: Field) -> int | float:
    number = json_number(text)
    if number is None:
        raise errors.Refused(_("This is not a number."), code="NUMBER_INVALID", field=field.name)
    return number


def moment(text: Any) -> datetime | None:
    """``2024-05-01T12:34:56.000+0000`` → an aware moment; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
