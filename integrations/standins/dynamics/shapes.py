"""How a row looks in an answer: the selected columns, its etag, and the annotations that were asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from integrations.standins.dynamics.errors import bad_url, no_property
from integrations.standins.dynamics.store import Row, Table
from integrations.standins.dynamics.tables import Column, TableType

if TYPE_CHECKING:
    from integrations.standins.dynamics.organisation import Organisation

FORMATTED = "OData.Community.Display.V1.FormattedValue"
LOGICAL = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"


def selected(kind: TableType, text: str | None) -> list[Column]:
    """The columns of ``$select``, all where there is none; the key always. Raises Problem 400."""
    if not text:
        return [column for column in kind.columns.values() if column.type != "PartyList"]
    found = {kind.key: kind.columns[kind.key]}
    for name in filter(None, (part.strip() for part in text.split(","))):
        column = kind.by_wire(name)
        if column is None:
            raise no_property(name, kind.logical)
        found[column.name] = column
        if column.type == "Money" and "transactioncurrencyid" in kind.columns:
            found["transactioncurrencyid"] = kind.columns["transactioncurrencyid"]
    return list(found.values())


def shown(
    org: "Organisation", kind: TableType, row: Row, columns: Iterable[Column], notes: frozenset[str], expand: str = ""
) -> dict[str, Any]:
    """``notes``: annotations by name, "*" for all."""
    found: dict[str, Any] = {"@odata.etag": f'W/"{row.version}"'}
    for column in columns:
        value = value_of(kind, row, column)
        if value is not None and notes:
            found |= _annotated(org, column, value, notes, kind)
        found[column.wire] = value[1] if isinstance(value, tuple) else value
    if expand:
        found |= expanded(kind, row, expand)
    return found


def value_of(kind: TableType, row: Row, column: Column) -> Any:
    if column.name == kind.key:
        return row.id
    return row.version if column.name == "versionnumber" else row.values.get(column.name)


def expanded(kind: TableType, row: Row, text: str) -> dict[str, Any]:
    name = text.partition("(")[0]
    if name != kind.parties or not name:
        raise bad_url(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{kind.logical}'.")
    return {
        name: [
            {
                "_partyid_value": party.id or None,
                **({f"_partyid_value@{LOGICAL}": party.table} if party.id else {}),
                "participationtypemask": party.mask,
                "addressused": party.address or None,
            }
            for party in row.parties
        ]
    }


def _annotated(
    org: "Organisation", column: Column, value: Any, notes: frozenset[str], kind: TableType
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    everything = "*" in notes
    if isinstance(value, tuple):
        if everything or LOGICAL in notes:
            found[f"{column.wire}@{LOGICAL}"] = value[0]
        if everything or NAVIGATION in notes:
            name = next((n for n, (c, t) in kind.navigation.items() if c is column and t in ("", value[0])), None)
            found[f"{column.wire}@{NAVIGATION}"] = name
    if everything or FORMATTED in notes:
        text = _formatted(org, column, value)
        if text is not None:
            found[f"{column.wire}@{FORMATTED}"] = text
    return found


def _formatted(org: "Organisation", column: Column, value: Any) -> str | None:
    if isinstance(value, tuple):
        table: Table | None = org.tables.get(value[0])
        row = table.rows.get(value[1]) if table else None
        return str(row.values.get(table.kind.name_column, "")) if table and row else None
    if column.options:
        return next((label for number, label, _state in column.options if number == value), None)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value) if column.type in ("Money", "Integer", "DateTime", "DateOnly") else None
