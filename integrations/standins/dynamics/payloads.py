"""A request's JSON body → values and participants ready to store, with the refusals of the real thing."""

import re
from typing import TYPE_CHECKING, Any

from integrations.standins.dynamics.errors import Problem, bad_payload, not_found
from integrations.standins.dynamics.store import Party, Values
from integrations.standins.dynamics.tables import Column, TableType
from integrations.standins.dynamics.values import stored

if TYPE_CHECKING:
    from integrations.standins.dynamics.organisation import Organisation

BIND = "@odata.bind"
TARGET = re.compile(r"/?(?:.*/api/data/v[\d.]+/)?(\w+)\((?:\w+=)?'?([^)']+)'?\)")
MONEY_COMPUTED = ("exchangerate",)


def parsed(
    org: "Organisation", table: TableType, given: Any, *, person: bool = False
) -> tuple[Values, tuple[Party, ...] | None]:
    """(values by column, participants or None where the body has none). ``person``: the platform's own columns may be set."""
    if not isinstance(given, dict):
        raise bad_payload(table.entity_set, "The body must be an object.")
    values: Values = {}
    parties: tuple[Party, ...] | None = None
    for name, value in given.items():
        if name.endswith(BIND):
            column, target = bound(org, table, name.removesuffix(BIND), value)
            values[column.name] = target
        elif name == table.parties and table.parties:
            parties = participants(org, value)
        elif not name.startswith("@") and "@" not in name:
            column = plain(table, name, person)
            values[column.name] = stored(table, column, value)
        elif not name.startswith("@odata") and not name.endswith("@odata.type"):
            raise undeclared(table, name.partition("@")[0])
    return values, parties


def plain(table: TableType, name: str, person: bool) -> Column:
    column = table.columns.get(name)
    nulled = table.navigation.get(name)
    if nulled and nulled[0].is_lookup:
        return nulled[0]  # "primarycontactid": null; any other value fails to convert
    if column is None or column.type == "PartyList":
        raise bad_payload(
            table.entity_set,
            f"Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{table.logical}'. "
            f"The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{table.logical}'.",
        )
    if column.is_lookup:
        raise undeclared(table, name)
    return column


def undeclared(table: TableType, name: str) -> Problem:
    return bad_payload(
        table.entity_set,
        f"An undeclared property '{name}' which only has property annotations in the payload but no property value was found "
        "in the payload. In OData, only declared navigation properties and declared named streams can be represented as "
        "properties without values.",
    )


def bound(org: "Organisation", table: TableType, name: str, value: Any) -> tuple[Column, tuple[str, str] | None]:
    """The column behind a navigation property (its case matters) and the row that the address names."""
    found = table.navigation.get(name)
    if found is None:
        raise undeclared(table, name)
    column, target = found
    if value is None:
        return column, None
    logical, id = reference(org, value)
    if logical not in ((target,) if target else column.targets):
        raise bad_payload(table.entity_set, f"A node of type '{logical}' cannot be bound to '{name}'.")
    return column, (logical, id)


def reference(org: "Organisation", address: Any) -> tuple[str, str]:
    """``/contacts(guid)`` → ("contact", guid); 404 for a row that is not there."""
    match = TARGET.fullmatch(str(address))
    logical = org.logical(match.group(1)) if match else None
    if match is None or logical is None:
        raise Problem(400, "0x80060888", f"Resource not found for the segment '{address}'.")
    id = match.group(2).lower()
    if id not in org.tables[logical].rows:
        raise not_found(logical, id)
    return logical, id


def participants(org: "Organisation", value: Any) -> tuple[Party, ...]:
    found = []
    for each in value if isinstance(value, list) else []:
        binds = [(name, target) for name, target in each.items() if name.startswith("partyid_") and name.endswith(BIND)]
        mask = each.get("participationtypemask")
        if not isinstance(mask, int) or not 1 <= mask <= 11:
            raise bad_payload(
                "activityparties", f"Cannot convert the literal '{mask}' to the expected type 'Edm.Int32'."
            )
        if binds:
            logical, id = reference(org, binds[0][1])
            if logical != binds[0][0].removeprefix("partyid_").removesuffix(BIND):
                raise bad_payload("activityparties", f"A node of type '{logical}' cannot be bound to '{binds[0][0]}'.")
            address = str(org.tables[logical].rows[id].values.get("emailaddress1", ""))
            found.append(Party(mask, logical, id, address))
        else:
            found.append(Party(mask, address=str(each.get("addressused", ""))))
    return tuple(found)
