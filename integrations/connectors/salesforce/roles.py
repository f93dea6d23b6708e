"""Which contacts take part in an opportunity: *contact roles*, rows of an object of their own, shown as a field of many references.

Adding or taking away a role leaves the opportunity's own stamp alone, so the feed asks for changed roles, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations.connectors.salesforce import soql
from integrations.connectors.salesforce.client import request
from integrations.http import ApiSession
from integrations.records import Field, FieldType

ROLES = "OpportunityContactRoles"  # the relationship's name, and our field's
OBJECT = "OpportunityContactRole"
COLUMN = f"(SELECT ContactId FROM {ROLES} WHERE IsDeleted = false)"
BATCH = 200


def fields_of(said: Mapping[str, Any]) -> list[Field]:
    """The field, where the described object has roles and our user may see them."""
    if not any(child.get("childSObject") == OBJECT for child in said.get("childRelationships") or ()):
        return []
    if said.get("name") != "Opportunity":
        return []
    return [Field(ROLES, _("Contact roles"), FieldType.REFERENCE, refers_to="contacts", many=True)]


def complete(session: ApiSession, rows: soql.Rows) -> None:
    """Fetch what was cut off: of each record's roles a query shows some two hundred, the others are on pages of their own."""
    for row in rows:
        held = row.get(ROLES)
        if held and not held.get("done", True):
            row[ROLES] = {"done": True, "records": soql.rest(session, held)}


def value_of(row: Mapping[str, Any]) -> list[str]:
    found = (row.get(ROLES) or {}).get("records") or ()
    return sorted({str(each["ContactId"]) for each in found if each.get("ContactId")})


def changed(session: ApiSession, since: str) -> list[str]:
    """Opportunities whose roles came or went since a SOQL literal."""
    found = soql.rows(session, f"SELECT OpportunityId FROM {OBJECT} WHERE SystemModstamp >= {since}")
    return sorted({str(row["OpportunityId"]) for row in found})


def write(session: ApiSession, wanted: Mapping[str, tuple[set[str], set[str]]]) -> set[str]:
    """``wanted``: opportunity → (contacts to add, contacts to take away). Returns the opportunities at which any was refused."""
    held = _held(session, [id for id, ways in wanted.items() if any(ways)])
    new = [
        {"attributes": {"type": OBJECT}, "OpportunityId": id, "ContactId": contact}
        for id, (add, _away) in wanted.items()
        for contact in sorted(add - held.get(id, {}).keys())
    ]
    old = [
        (id, role)
        for id, (_add, away) in wanted.items()
        for contact, roles in held.get(id, {}).items()
        for role in roles
        if contact in away
    ]
    short: set[str] = set()
    for start in range(0, len(new), BATCH):
        some = new[start : start + BATCH]
        said = request(session, "POST", "composite/sobjects", json={"allOrNone": False, "records": some}).data
        short |= _refused([str(row["OpportunityId"]) for row in some], said)
    for start in range(0, len(old), BATCH):
        rows = old[start : start + BATCH]
        given = {"ids": ",".join(role for _id, role in rows), "allOrNone": "false"}
        said = request(session, "DELETE", "composite/sobjects", params=given).data
        short |= _refused([id for id, _role in rows], said)
    return short


def _held(session: ApiSession, ids: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Opportunity → contact → its roles."""
    found: dict[str, dict[str, list[str]]] = {}
    for start in range(0, len(ids), BATCH):
        where = soql.both(soql.among("OpportunityId", ids[start : start + BATCH]), "IsDeleted = false")
        for row in soql.rows(session, f"SELECT Id, OpportunityId, ContactId FROM {OBJECT} WHERE {where}"):
            found.setdefault(str(row["OpportunityId"]), {}).setdefault(str(row["ContactId"]), []).append(str(row["Id"]))
    return found


def _refused(ids: Sequence[str], results: Sequence[Mapping[str, Any]]) -> set[str]:
    return {id for id, result in zip(ids, results, strict=False) if not result.get("success")} | set(
        ids[len(results) :]
    )
