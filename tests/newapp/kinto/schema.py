"""Fields of a collection, and values between Kinto's JSON and the canonical form of ``integrations.records``.

A collection takes any JSON unless its owner gives it a JSON schema. Without one, a fixed set of fields is offered; the properties
of a schema come on top, or alone where it allows no others.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.records import Field, FieldType, Option, RemoteRecord, Value, Values

Json = dict[str, Any]
KINTOS_OWN = frozenset({"id", "last_modified", "schema", "deleted"})
FIXED = {
    "email": (_("Email"), FieldType.EMAIL),
    "first_name": (_("First name"), FieldType.TEXT),
    "last_name": (_("Last name"), FieldType.TEXT),
    "phone": (_("Phone"), FieldType.PHONE),
    "job_title": (_("Job title"), FieldType.TEXT),
    "company": (_("Company"), FieldType.TEXT),
    "website": (_("Website"), FieldType.URL),
    "city": (_("City"), FieldType.TEXT),
    "country": (_("Country"), FieldType.TEXT),
}
TYPES = {"number": FieldType.NUMBER, "integer": FieldType.NUMBER, "boolean": FieldType.BOOL, "array": FieldType.MULTI}
FORMATS = {
    "email": FieldType.EMAIL,
    "uri": FieldType.URL,
    "date": FieldType.DATE,
    "date-time": FieldType.DATETIME,
}


def fields(collection: Json) -> dict[str, Field]:
    schema = collection.get("schema") or {}
    found = {name: Field(name, str(label), kind) for name, (label, kind) in FIXED.items()}
    if schema.get("additionalProperties") is False:
        found = {}
    for name, definition in (schema.get("properties") or {}).items():
        if name not in KINTOS_OWN and (kind := _type(name, definition)):
            found[name] = _field(name, kind, definition, required=name in schema.get("required", ()))
    return found


def _type(name: str, definition: Json) -> FieldType | None:
    """None: objects within records cannot be mapped."""
    told = definition.get("type")
    kind = next((each for each in told if each != "null"), None) if isinstance(told, list) else told
    if kind != "string":
        return TYPES.get(str(kind))
    if "enum" in definition:
        return FieldType.OPTION
    _label, usual = FIXED.get(name, ("", FieldType.TEXT))
    return FORMATS.get(definition.get("format", ""), usual)


def _field(name: str, kind: FieldType, definition: Json, *, required: bool) -> Field:
    label, _usual = FIXED.get(name, (name, None))
    return Field(
        name,
        str(definition.get("title") or label),
        kind,
        required=required,
        writable=not definition.get("readOnly"),
        clearable=not required,
        custom=name not in FIXED,
        options=tuple(Option(str(each), str(each)) for each in definition.get("enum") or () if each is not None),
        max_length=definition.get("maxLength"),
    )


def record(row: Json, wanted: Iterable[Field]) -> RemoteRecord:
    """The record with those of the ``wanted`` fields that can be told: a value that does not fit its field's type is unknown."""
    values: Values = {}
    for field in wanted:
        with suppress(ValueError, ArithmeticError, TypeError):
            values[field.name] = _read(field.type, row.get(field.name))
    modified = row["last_modified"]
    return RemoteRecord(
        row["id"], values, modified_at=datetime.fromtimestamp(modified / 1000, UTC), version=str(modified)
    )


def _read(kind: FieldType, held: Any) -> Value:
    if held is None or held == "" or held == []:
        return None
    if kind is FieldType.NUMBER:
        return format(Decimal(str(held)).normalize(), "f")
    if kind is FieldType.MULTI:
        return sorted(str(each) for each in list(held))
    if kind is FieldType.BOOL:
        if not isinstance(held, bool):
            raise ValueError(held)
        return held
    if not isinstance(held, str):
        raise ValueError(held)
    if kind is FieldType.DATE:
        return date.fromisoformat(held).isoformat()
    if kind is FieldType.DATETIME:
        at = datetime.fromisoformat(held)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    return held


def changed(row: Json, values: Values, known: Mapping[str, Field]) -> Json:
    """The row as it is to be: blanks take a property away, because a schema refuses null. Refused: a field that is not there."""
    found = {name: value for name, value in row.items() if name not in KINTOS_OWN}
    for name, value in values.items():
        if name not in known:
            raise errors.Refused(_("The collection has no such field."), code="FIELD_MISSING", field=name)
        if value is None or value == "":
            found.pop(name, None)
        elif known[name].type is FieldType.NUMBER:
            number = Decimal(str(value))
            found[name] = int(number) if number == number.to_integral_value() else float(number)
        else:
            found[name] = value
    return found
