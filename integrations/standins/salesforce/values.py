"""What a field takes, what it keeps of it, and how it refuses anything else."""

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce import ids
from integrations.standins.salesforce.errors import (
    Problem,
    bad_reference,
    integrity,
    missing,
    no_column,
    unparsed,
    unwritable,
)
from integrations.standins.salesforce.fields import NUMBERS, Field, Kind

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

EMAIL = re.compile(r"[^@\s,;<>()\[\]\\\"]+@[^@\s,;<>()\[\]\\\"]+\.[^@\s.,;<>()\[\]\\\"]{2,}")
IGNORED = ("attributes", "id", "Id")


def read(org: "Org", kind: Kind, given: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """The fields of a request as they are kept; None for blank. Raises Problem."""
    found: dict[str, Any] = {}
    refused = []
    for name, value in given.items():
        if name in IGNORED:
            continue
        field = kind.field(name)
        if field is None:
            field, value = _named(org, kind, name, value)
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
        else:
            found[field.name] = stored(org, field, value)
    if refused:
        raise unwritable(refused)
    if blank := [name for name, value in found.items() if value is None and not kind.fields[name].nillable]:
        raise missing(blank)
    return found


def _named(org: "Org", kind: Kind, name: str, value: Any) -> tuple[Field, str | None]:
    """``"Account": {"ERP_Number__c": "7"}``: the target of a lookup, named by its external id."""
    field = kind.related(name)
    if field is None:
        raise no_column(name, kind.name)
    keys = {key: each for key, each in value.items() if key != "attributes"} if isinstance(value, dict) else {}
    if len(keys) != 1:
        raise unparsed("reference", value)
    key, wanted = next(iter(keys.items()))
    for target in field.targets:
        known = org.tables[target].kind.field(key) if target in org.tables else None
        if known and (known.external_id or known.id_lookup):
            rows = org.by_key(target, known, str(wanted))
            if len(rows) == 1:
                return field, rows[0].id
            message = f"Foreign key external ID: {wanted} not found for field {key} in entity {target}"
            raise Problem("INVALID_FIELD" if not rows else "DUPLICATE_EXTERNAL_ID", message, [])
    raise no_column(key, name)


def stored(org: "Org", field: Field, value: Any) -> Any:
    """``value`` as it is kept; None for blank. Raises Problem."""
    if field.type == "boolean":
        return _boolean(field, value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, dict | list):
        raise unparsed(field.type, value)
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type == "date":
        return _date(value)
    if field.type == "datetime":
        return moment(value)
    if field.type == "reference":
        return _reference(org, field, value)
    return _text(field, value)


def _boolean(field: Field, value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise unparsed("boolean", value)
    return value


def _number(field: Field, value: Any) -> int | float:
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    if number is None or number != number or (field.type == "int" and number != int(number)):
        raise unparsed(field.type, value)
    if abs(number) >= 10 ** (field.precision - field.scale if field.type != "int" else field.precision):
        raise Problem("NUMBER_OUTSIDE_VALID_RANGE", f"{field.label}: value outside of valid range on numeric field: {value}",
                      [field.name])  # fmt: skip
    return int(number) if field.type == "int" else round(number, field.scale)


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise unparsed("date", value) from None


def moment(value: Any) -> str:
    """A point in time as it is kept: UTC, whole seconds."""
    try:
        at = datetime.fromisoformat(str(value)) if "T" in str(value) else None
    except ValueError:
        at = None
    if at is None:
        raise unparsed("datetime", value)
    return text_of(at if at.tzinfo else at.replace(tzinfo=UTC))


def text_of(at: datetime | float) -> str:
    if isinstance(at, int | float):
        at = datetime.fromtimestamp(at, UTC)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _reference(org: "Org", field: Field, value: Any) -> str:
    id = ids.full(str(value))
    if not id:
        raise Problem("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
    target = org.kind_of(id)
    if target not in field.targets:
        raise integrity(f"{field.label}: id value of incorrect type: {id}", field.name)
    row = org.tables[target].rows.get(id)
    if row is None or row.deleted:
        raise bad_reference(field.name)
    if target == "User" and not row.values.get("IsActive"):
        raise Problem("INACTIVE_OWNER_OR_USER", f"operation performed with inactive user [{id[:15]}] as owner of record",
                      [field.name])  # fmt: skip
    return id


def _text(field: Field, value: Any) -> str | None:
    """Blanks around a text are never kept."""
    text = (str(value).lower() if isinstance(value, bool) else str(value)).strip()
    if field.type == "multipicklist":
        return _choices(field, text)
    if field.type == "email" and not EMAIL.fullmatch(text):
        raise Problem("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name])
    if field.type == "picklist" and field.options:
        option = field.option(text)
        if option is None and field.restricted:
            raise _bad_choice(field, text)
        text = option.value if option else text
    if field.max and len(text) > field.max:
        raise Problem(
            "STRING_TOO_LONG", f"{field.label}: data value too large: {text} (max length={field.max})", [field.name]
        )
    return text


def _choices(field: Field, text: str) -> str | None:
    found = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        option = field.option(part)
        if option is None and field.restricted:
            raise _bad_choice(field, part)
        found.append(option.value if option else part)
    order = {option.value: place for place, option in enumerate(field.options)}
    return ";".join(sorted(dict.fromkeys(found), key=lambda value: order.get(value, len(order)))) or None


def _bad_choice(field: Field, value: str) -> Problem:
    return Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{field.label}: bad value for restricted picklist field: {value}",
                   [field.name])  # fmt: skip
