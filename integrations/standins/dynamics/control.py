"""Dynamics' own control verbs. ``"organisation"``: 0 (default) or 1. ``type``: an entity set or a table ("contacts", "contact").

============ ========================================================================================================
``tokens``   ``{"expire": true}`` all access tokens are too old now; ``{"revoke": true}`` nobody may use the app any more
``records``  "as a person": ``{"type": "contacts", "create": [{…}], "edit": [{"id": …, …}], "delete": [ids],
             "merge": [[keep, other]]}`` with values as the Web API takes them; answers ``{"created": [ids], …}``;
             ``"hide": [ids]``: the API's user may read these no more
``list``     ``{"type": "contacts"}`` → every row with its columns as the Web API shows them, and the tables of its lookups
``fill``     ``{"records": n, "seed": 7}``: the organisation starts afresh with n people (0: empty)
``columns``  ``{"type": "contacts", "lines": ["new_score|Integer|Score|"], "drop": ["fax"]}``: a maker adds and deletes columns
``keys``     ``{"type": "contacts", "key": ["new_score"]}``: an alternate key
``writes``   → ``{"contacts": n, …}``: requests that wrote so far, each part of a batch for itself, refused ones too
``endpoint`` ``{"url": …, "headers": {…}}``: where webhooks go and what they carry; without a url, nowhere
============ ========================================================================================================
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from integrations.standins.dynamics import seed, shapes
from integrations.standins.dynamics.errors import Problem
from integrations.standins.dynamics.organisation import Organisation
from integrations.standins.dynamics.tables import column
from integrations.standins.people import people
from integrations.standins.vendor import ControlError, Verb

if TYPE_CHECKING:
    from integrations.standins.dynamics.vendor import Dynamics

NOTES = frozenset({shapes.LOGICAL})


def verbs(vendor: "Dynamics") -> dict[str, Verb]:
    own = (tokens, records, listing, fill, columns, keys, writes, endpoint)
    return {"list" if verb is listing else verb.__name__: partial(verb, vendor) for verb in own}


def tokens(vendor: "Dynamics", given: dict[str, Any]) -> dict[str, Any]:
    if given.get("expire"):
        vendor.entra.expire()
    if given.get("revoke"):
        vendor.entra.refresh.clear()
        vendor.entra.access.clear()
    return {"refresh_tokens": len(vendor.entra.refresh)}


def records(vendor: "Dynamics", given: dict[str, Any]) -> dict[str, Any]:
    org, logical = _place(vendor, given)
    try:
        return by_hand(org, logical, given)
    except Problem as problem:
        raise ControlError(problem.message) from problem
    finally:
        org.settle()


def listing(vendor: "Dynamics", given: dict[str, Any]) -> dict[str, Any]:
    org, logical = _place(vendor, given)
    table = org.tables[logical]
    shown = shapes.selected(table.kind, None)
    return {
        "results": [
            {"id": id, "properties": shapes.shown(org, table.kind, row, shown, NOTES, table.kind.parties)}
            for id, row in table.rows.items()
        ]
    }


def fill(vendor: "Dynamics", given: dict[str, Any]) -> dict[str, Any]:
    org, _ = _place(vendor, given)
    org.clear()
    found = people(int(given.get("records", 0)), seed=int(given.get("seed", vendor.world.seed)))
    seed.fill(org, found)
    return {"records": len(org.tables["contact"].rows)}


def columns(vendor: "Dynamics", given: dict[str, Any]) -> None:
    org, logical = _place(vendor, given)
    for line in given.get("lines", []):
        made = column(line)
        made.custom, made.schema_name = True, given.get("schema_name", made.name)
        org.add_column(logical, made)
    for name in given.get("drop", []):
        del org.tables[logical].kind.columns[name]


def keys(vendor: "Dynamics", given: dict[str, Any]) -> None:
    org, logical = _place(vendor, given)
    org.keys.setdefault(logical, []).append(list(given["key"]))


def writes(vendor: "Dynamics", given: dict[str, Any]) -> dict[str, Any]:
    org, _ = _place(vendor, given)
    return dict(org.writes)


def endpoint(vendor: "Dynamics", given: dict[str, Any]) -> None:
    org, _ = _place(vendor, given)
    if given.get("url"):
        vendor.endpoints[org.number] = {"url": given["url"], "headers": dict(given.get("headers") or {})}
    else:
        vendor.endpoints.pop(org.number, None)


def _place(vendor: "Dynamics", given: dict[str, Any]) -> tuple[Organisation, str]:
    number, name = int(given.get("organisation", 0)), str(given.get("type", "contacts"))
    org = next((org for org in vendor.organisations if org.number == number), None)
    logical = (org.logical(name) or (name if name in org.tables else None)) if org else None
    if org is None or logical is None:
        raise ControlError("No such organisation or table.")
    return org, logical


def by_hand(org: Organisation, logical: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a person does in the app; raises Problem at the first thing that is refused. Forms may close rows, too."""
    done: dict[str, Any] = {}
    who = org.users[0]
    if "create" in given:
        done["created"] = [org.create(logical, values, who).id for values in given["create"]]
    for values in given.get("edit", []):
        changes = {name: value for name, value in values.items() if name != "id"}
        org.update(logical, org.row(logical, values["id"]), changes, who, system=True)
        done.setdefault("edited", []).append(values["id"])
    for id in given.get("delete", []):
        org.delete(logical, org.row(logical, id), who)
    for keep, other in given.get("merge", []):
        org.merge(logical, keep, other, who)
        done.setdefault("merged", []).append(keep)
    org.hidden |= set(given.get("hide", []))
    return done
