"""Fields of a collection, and values between Kinto's JSON and the canonical form of ``integrations.records``.

A collection takes any JSON unless its owner gives it a JSON schema. Without one, a fixed set of fields is offered; the properties
of a schema come on top, or alone where it allows no others.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import errors
from integrations.records import Field, FieldType, Option, RemoteRecord, Value, Values, moment_text, number_text

Json = dict[str, Any]
KINTOS_OWN = frozenset({"id", "last_modified", "schema", "deleted"})
FIXED = {
    "email": (gettext_lazy("Email"), FieldType.EMAIL),
    "first_name": (gettext_lazy("First name"), FieldType.TEXT),
    "last_name": (gettext_lazy("Last name"), FieldType.TEXT),
    "phone": (gettext_lazy("Phone"), FieldType.PHONE),
    "job_title": (gettext_lazy("Job title"), FieldType.TEXT),
    "company": (gettext_lazy("Company"), FieldType.TEXT),
    "website": (gettext_lazy("Website"), FieldType.URL),
    "city": (gettext_lazy("City"), FieldType.TEXT),
    "country": (gettext_lazy("Country"), FieldType.TEXT),
}
TYPES = {"number": FieldType.NUMBER, "integer": FieldType.NUMBER, "boolean": FieldType.BOOL}
FORMATS = {"email": FieldType.EMAIL, "uri": FieldType.URL, "date": FieldType.DATE, "date-time": FieldType.DATETIME}


def fields(collection: Json) -> dict[str, Field]:
    """By name. Lists and objects within records are not offered."""
    schema = collection.get("schema") or {}
    found = {name: Field(name, str(label), kind) for name, (label, kind) in FIXED.items()}
    if schema.get("additionalProperties") is False:
        found = {}
    for name, definition in (schema.get("properties") or {}).items():
        if name not in KINTOS_OWN and (kind := _type(name, definition)):
            found[name] = _field(name, kind, definition, required=name in schema.get("required", ()))
    return found


def _type(name: str, definition: Json) -> FieldType | None:
    if definition.get("type") != "string":
        return TYPES.get(str(definition.get("type")))
    _label, usual = FIXED.get(name, ("", FieldType.TEXT))
    return FieldType.OPTION if "enum" in definition else FORMATS.get(definition.get("format", ""), usual)


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
        options=tuple(Option(value, value) for value in definition.get("enum", ())),
        max_length=definition.get("maxLength"),
    )


def record(row: Json, wanted: Iterable[Field]) -> RemoteRecord:
    """The record; a value that does not fit its field's type is left out, which means that it is unknown."""
    values: Values = {}
    for field in wanted:
        with suppress(ValueError, TypeError):
            values[field.name] = _read(field.type, row.get(field.name))
    at = datetime.fromtimestamp(row["last_modified"] / 1000, UTC)
    return RemoteRecord(row["id"], values, modified_at=at, version=str(row["last_modified"]))


def _read(kind: FieldType, held: Any) -> Value:
    """Canonical; TypeError or ValueError for what is not of that type."""
    if held is None or held == "":
        return None
    if kind is FieldType.BOOL and isinstance(held, bool):
        return held
    if kind is FieldType.NUMBER and isinstance(held, int | float) and not isinstance(held, bool):
        return number_text(held)
    if kind in TYPES.values() or not isinstance(held, str):
        raise TypeError(held)
    if kind is FieldType.DATE:
        return date.fromisoformat(held).isoformat()
    return moment_text(datetime.fromisoformat(held)) if kind is FieldType.DATETIME else held


def changed(row: Json, values: Values, known: Mapping[str, Field]) -> Json:
    """The row as it is to be; blanks take a property away, because a schema refuses null. Refused: a field that is not there."""
    found = {name: value for name, value in row.items() if name not in KINTOS_OWN}
    for name, value in values.items():
        if name not in known:
            raise errors.Refused(_("The collection has no such field."), code="FIELD_MISSING", field=name)
        found[name] = _number(str(value)) if value and known[name].type is FieldType.NUMBER else value
    return {name: value for name, value in found.items() if value is not None and (value != "" or name not in values)}


def _number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)
