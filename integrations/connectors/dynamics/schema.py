"""Columns as fields, and values there and back.

A column's common properties and what is special to its type are separate resources in the metadata; all of a table's are read in
one batch. A table's state (``statecode``: open, won, lost) and its status reasons, of which each belongs to one state, are a field
each; either brings the other along (``states``).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics import batch
from integrations.connectors.dynamics.batch import Inner
from integrations.connectors.dynamics.client import item_error, page_of
from integrations.connectors.dynamics.tables import KINDS, PARTIES, Table
from integrations.http import ApiSession
from integrations.records import Field, FieldType, Option, Value, json_number, moment_text, number_text
from integrations.richtext import kept

COMMON = ("LogicalName,AttributeType,DisplayName,RequiredLevel,IsValidForCreate,IsValidForUpdate,IsValidForRead,IsPrimaryId,"
          "AttributeOf,IsCustomAttribute")  # fmt: skip
SPECIAL = {  # what is asked of each type of column besides
    "String": "?$select=LogicalName,MaxLength,FormatName",
    "Memo": "?$select=LogicalName,MaxLength,FormatName",
    "DateTime": "?$select=LogicalName,Format",
    "Lookup": "?$select=LogicalName,Targets",
    "Picklist": "?$select=LogicalName&$expand=OptionSet($select=Options)",
    "MultiSelectPicklist": "?$select=LogicalName&$expand=OptionSet($select=Options)",
    "State": "?$select=LogicalName&$expand=OptionSet($select=Options)",
    "Status": "?$select=LogicalName&$expand=OptionSet($select=Options)",
    "Boolean": "?$select=LogicalName&$expand=OptionSet($select=TrueOption,FalseOption)",
}
PLAIN = {
    "Memo": FieldType.LONG_TEXT, "RichText": FieldType.RICH_TEXT, "Integer": FieldType.NUMBER, "BigInt": FieldType.NUMBER,
    "Decimal": FieldType.NUMBER, "Double": FieldType.NUMBER, "Money": FieldType.NUMBER, "Boolean": FieldType.BOOL,
    "Picklist": FieldType.OPTION, "State": FieldType.OPTION, "Status": FieldType.OPTION, "MultiSelectPicklist": FieldType.MULTI,
}  # fmt: skip
# Columns whose forms have an editor of formatted text although their metadata may call them plain.
RICH = {("annotation", "notetext"), ("email", "description")}
FORMATS = {"Email": FieldType.EMAIL, "Url": FieldType.URL, "Phone": FieldType.PHONE, "TextArea": FieldType.LONG_TEXT}
PHONES = (
    "telephone",
    "mobilephone",
    "fax",
    "phonenumber",
    "address1_telephone",
    "address2_telephone",
)  # "Text" in older ones
AS_OPTION = {"directioncode"}  # yes/no columns that mean one of two things
CURRENCY = "transactioncurrencyid"
FILLED_IN = {
    "ownerid",
    CURRENCY,
    "defaultuomid",
    "defaultuomscheduleid",
    "quantitydecimal",
    "pricelevelid",
    "invoicenumber",
}
HAVE_DEFAULT = {"Boolean", "Picklist", "State", "Status"}
"""System required columns that the platform, or this connector (``lookups.Defaults``), fills in: by name and by type."""
HIDDEN = {"versionnumber", "merged", "masterid", "importsequencenumber", "timezoneruleversionnumber",
          "utcconversiontimezonecode", "overriddencreatedon", "exchangerate"}  # fmt: skip

Facts = dict[str, dict[str, Any]]


def read_fields(session: ApiSession, table: Table, currencies: Iterable[Option]) -> list[Field]:
    """All fields of a table, by label. SchemaUnreadable where the metadata makes no sense."""
    base = f"EntityDefinitions(LogicalName='{table.logical}')/Attributes"
    paths = [f"{base}?$select={COMMON}"]
    paths += [f"{base}/Microsoft.Dynamics.CRM.{kind}AttributeMetadata{tail}" for kind, tail in SPECIAL.items()]
    lists = [_listed(answers) for answers in batch.send(session, [[Inner("GET", path)] for path in paths], safe=True)]
    try:
        special = {
            each["LogicalName"]: ("RichText" if _is_rich(table, each) else kind, each)
            for kind, rows in zip(SPECIAL, lists[1:], strict=True)
            for each in rows
        }
        found = [field for each in lists[0] for field in _fields_of(each, special, currencies)]
    except (KeyError, TypeError, ValueError) as error:
        raise errors.SchemaUnreadable(_("Dynamics' list of columns cannot be read.")) from error
    if table.party_mask:
        found.append(Field(PARTIES, _("Participants (contacts)"), FieldType.REFERENCE, refers_to="contacts", many=True))
    return sorted(found, key=lambda field: field.label.casefold())


def _is_rich(table: Table, said: dict[str, Any]) -> bool:
    return (table.logical, said["LogicalName"]) in RICH or (said.get("FormatName") or {}).get("Value") == "RichText"


def _listed(answers: list[Any]) -> list[dict[str, Any]]:
    if not answers:
        raise errors.SchemaUnreadable(_("Dynamics' list of columns cannot be read."))
    answer = answers[0]
    if answer.status >= 400:
        raise item_error(answer.status, answer.data, answer.headers) or errors.SchemaUnreadable()
    return list(page_of(answer)["value"])


def _fields_of(said: dict[str, Any], special: dict[str, tuple[str, Any]], currencies: Iterable[Option]) -> list[Field]:
    """Nothing for columns that are no data of their own; several for a lookup with several targets."""
    name = said["LogicalName"]
    kind, more = special.get(name, (said["AttributeType"], {}))
    if (
        said.get("AttributeOf")
        or not said["IsValidForRead"]
        or said["IsPrimaryId"]
        or name in HIDDEN
        or name.endswith("_base")
        or said["AttributeType"] == "PartyList"  # rows of their own, in no column that could be read
    ):
        return []
    options = _options(kind, more)
    if name == CURRENCY:
        kind, options = "Currency", tuple(currencies)
    shared: dict[str, Any] = {
        "label": _label(said.get("DisplayName")) or name,
        "required": said["RequiredLevel"]["Value"] == "SystemRequired"
        and not (name in FILLED_IN or kind in HAVE_DEFAULT),
        # A state is given to a row that is there already, also to one that we have just made.
        "writable": bool(said["IsValidForUpdate"] and (said["IsValidForCreate"] or kind == "State")),
        "custom": bool(said.get("IsCustomAttribute")),
    }
    if kind == "Lookup":
        return _references(name, list(more["Targets"]), shared)
    type_ = _type_of(name, kind, more)
    if type_ is None or (type_ in (FieldType.OPTION, FieldType.MULTI) and not options):
        return []
    return [Field(name, type=type_, options=options, max_length=more.get("MaxLength") or None, **shared)]


def _type_of(name: str, kind: str, more: dict[str, Any]) -> FieldType | None:
    if kind == "String":
        form = FORMATS.get((more.get("FormatName") or {}).get("Value", ""), FieldType.TEXT)
        return FieldType.PHONE if form is FieldType.TEXT and name.startswith(PHONES) else form
    if kind == "DateTime":
        return FieldType.DATE if more.get("Format") == "DateOnly" else FieldType.DATETIME
    if kind == "Currency" or name in AS_OPTION:
        return FieldType.OPTION
    return PLAIN.get(kind)


def _references(name: str, targets: list[str], shared: dict[str, Any]) -> list[Field]:
    """One field per target that is a kind of ours; owners and other users are people with an e-mail address."""
    if "systemuser" in targets:
        return [Field(name, type=FieldType.USER, **shared)]
    ours = [target for target in targets if target in KINDS]
    if len(targets) == 1:
        return [Field(name, type=FieldType.REFERENCE, refers_to=KINDS[target], **shared) for target in ours]
    label = shared.pop("label")
    return [
        Field(
            f"{name}:{target}",
            f"{label} ({target})",
            FieldType.REFERENCE,
            refers_to=KINDS[target],
            **{**shared, "required": False},
        )
        for target in ours
    ]  # fmt: skip


def _options(kind: str, more: dict[str, Any]) -> tuple[Option, ...]:
    said = more.get("OptionSet") or more.get("GlobalOptionSet") or {}
    if kind == "Boolean":
        pairs = (("true", said.get("TrueOption")), ("false", said.get("FalseOption")))
        return tuple(Option(value, _label(each.get("Label")) or value) for value, each in pairs if each)
    return tuple(
        Option(str(each["Value"]), _label(each.get("Label")) or str(each["Value"]))
        for each in said.get("Options") or ()
    )


def _label(said: Any) -> str:
    own: dict[str, Any] = (said or {}).get("UserLocalizedLabel") or next(
        iter((said or {}).get("LocalizedLabels") or ()), {}
    )
    return str(own.get("Label") or "")


# -- values ------------------------------------------------------------------------------------------------------------------
def to_canonical(value: Any, kind: FieldType) -> Value:
    """A value as Dataverse sent it → canonical. What does not parse stays text: better odd than lost."""
    if value is None or value == "":
        return None
    if kind is FieldType.BOOL:
        return bool(value)
    if kind is FieldType.NUMBER:
        return number_text(value) or str(value)
    if kind is FieldType.MULTI:
        return sorted(part for part in str(value).split(",") if part)
    if kind is FieldType.OPTION:
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind is FieldType.DATETIME:
        at = moment(value)
        return moment_text(at) if at else str(value)
    if kind is FieldType.RICH_TEXT:
        return kept(str(value))
    return _day(str(value)) if kind is FieldType.DATE else str(value)


def _day(text: str) -> str:
    """Columns of the behaviour *user local* show a day and hold the moment at which it began for whoever typed it: in UTC it is the
    day before, east of it. Thirteen hours later it is that day for all from Hawaii (UTC-10) to New Zealand (UTC+13)."""
    at = moment(text) if "T" in text else None
    return (at + timedelta(hours=13)).date().isoformat() if at else text[:10]


def moment_of_day(day: str) -> str:
    """The moment to write for a day in such a column: it is that day at all of these places."""
    return f"{day}T10:00:00Z"


def to_wire(value: Value, field: Field) -> Any:
    """A canonical value → what Dataverse takes in JSON; None clears. Refused: a number or choice that is none."""
    if value is None:
        return None
    if field.type is FieldType.NUMBER:
        return _number(str(value), field)
    if field.type is FieldType.OPTION:
        return value == "true" if field.name in AS_OPTION else _choice(str(value), field)
    if field.type is FieldType.MULTI:
        return (",".join(value) or None) if isinstance(value, list) else value
    if field.type is FieldType.BOOL and not isinstance(value, bool):
        raise errors.Refused(_("This is neither yes nor no."), code="TYPE_INCOMPATIBLE", field=field.name)
    return value


def _number(text: str, field: Field) -> int | float:
    number = json_number(text)
    if number is None:
        raise errors.Refused(_("This is not a number."), code="NUMBER_INVALID", field=field.name)
    return number


def _choice(text: str, field: Field) -> int:
    if not re.fullmatch(r"-?\d{1,10}", text):
        raise errors.Refused(
            _("Dynamics refuses the value of “%(field)s”.") % {"field": field.label},
            code="OPTION_NOT_ALLOWED",
            field=field.name,
        )
    return int(text)


def moment(text: Any) -> datetime | None:
    """ISO 8601 → an aware moment; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
