"""Who the customer of an opportunity or a case is, in up to three lookups of which an organisation may fill any.

*Opportunities* have an account and a contact, and a *potential customer* that is one of the two: older forms fill that alone.
Each of the two is read from there where its own lookup is empty, and the customer follows them as long as it names one of them.

*Cases* have a customer, which none can be without, and a contact that works for it. A case about a contact alone has the contact as
its customer and, as Dynamics insists, no contact besides.
"""

from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics.client import target_of
from integrations.connectors.dynamics.tables import Table
from integrations.records import Value, Values

CUSTOMER = "customerid"

Ends = tuple[str, str]
"""(table, id); ("", "") for nobody."""
NOBODY: Ends = ("", "")


def names(table: Table) -> tuple[str, ...]:
    """The fields that say whose a row is: the one for an account, the one for a contact. () for other tables."""
    return (table.account, table.contact) if table.account else ()


def written(table: Table, values: Values) -> tuple[str, ...]:
    """Those of ``names`` that are written here: none where somebody has mapped the customer itself, and so knows better."""
    known_better = any(name.startswith(f"{CUSTOMER}:") and name != table.account for name in values)
    return () if known_better else names(table)


def held(table: Table, row: dict[str, Any], name: str) -> str:
    """The id that the field ``name`` (one of ``names``) has in a row, "" for none."""
    logical, id = target_of(row, CUSTOMER)
    wanted = "account" if name == table.account else "contact"
    own = "" if ":" in name else str(row.get(f"_{name}_value") or "")
    return own or (id if logical == wanted else "")


def changes(table: Table, values: Values, row: dict[str, Any]) -> dict[Ends, str | None]:
    """(lookup, table that it points to) → id or None for nobody, of all that must change. ``row``: as it is, {} for a new one.
    Refused(REQUIRED_VALUE_BLANK) for a case that would have no customer."""
    account, contact = (_wanted(table, values, row, name) for name in names(table))
    return (_of_case if table.kind == "incidents" else _of_deal)(table, account, contact, row)


def _wanted(table: Table, values: Values, row: dict[str, Any], name: str) -> str:
    return _first(values[name]) if name in values else held(table, row, name)


def _of_deal(table: Table, account: str, contact: str, row: dict[str, Any]) -> dict[Ends, str | None]:
    found: dict[Ends, str | None] = {}
    for name, logical, id in ((table.account, "account", account), (table.contact, "contact", contact)):
        if id != held(table, row, name):
            found[name, logical] = id or None
    before = target_of(row, CUSTOMER)
    ours = {NOBODY, ("account", held(table, row, table.account)), ("contact", held(table, row, table.contact))}
    after = ("account", account) if account else ("contact", contact) if contact else NOBODY
    if before in ours and after != before:
        found[CUSTOMER, after[0] or before[0]] = after[1] or None
    return found


def _of_case(table: Table, account: str, contact: str, row: dict[str, Any]) -> dict[Ends, str | None]:
    if not (account or contact):
        raise errors.Refused(
            _("A case needs a customer: associate the record with a company or a contact that syncs."),
            code="REQUIRED_VALUE_BLANK",
            field=table.account,
        )
    found: dict[Ends, str | None] = {}
    customer, beside = (("account", account), contact) if account else (("contact", contact), "")
    if customer != target_of(row, CUSTOMER):
        found[CUSTOMER, customer[0]] = customer[1]
    if beside != str(row.get(f"_{table.contact}_value") or ""):
        found[table.contact, "contact"] = beside or None
    return found


def _first(value: Value) -> str:
    return value[0] if isinstance(value, list) and value else ""
