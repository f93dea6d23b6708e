"""HubSpot's own control verbs.

=========== =========================================================================================================
``tokens``  ``{"expire": true}`` all access tokens are too old now; ``{"revoke": true}`` the app was uninstalled
``records`` "as a person": ``{"type": "contacts", "create": [{…}], "edit": [{"id": 1, …}], "delete": [ids],
            "restore": [ids], "merge": [[keep, other]], "erase": [ids]}``; answers ``{"created": [ids], …}``.
            ``"portal"`` picks another account; ``"silent": true`` tells no webhook
``list``    ``{"type": "contacts", "archived": false}`` → every record with all its properties, no limits
``grants``  which portals have given the app a refresh token
``fill``    ``{"portal": 4243, "records": n, "seed": 7}``: the account starts afresh with n contacts (0: empty); the same seed
            gives the same people
=========== =========================================================================================================
"""

from typing import TYPE_CHECKING, Any

from integrations.standins.hubspot import seed, shapes
from integrations.standins.hubspot.errors import Problem
from integrations.standins.hubspot.portal import Portal
from integrations.standins.hubspot.table import Record, Table
from integrations.standins.hubspot.types import object_type
from integrations.standins.people import people
from integrations.standins.vendor import ControlError, Verb

if TYPE_CHECKING:
    from integrations.standins.hubspot.vendor import HubSpot

BY_HAND = "CRM_UI"


def verbs(hub: "HubSpot") -> dict[str, Verb]:
    def tokens(given: dict[str, Any]) -> dict[str, Any]:
        if given.get("expire"):
            hub.oauth.expire()
        if given.get("revoke"):
            hub.oauth.refresh.clear()
            hub.oauth.access.clear()
        return {"refresh_tokens": len(hub.oauth.refresh)}

    def records(given: dict[str, Any]) -> dict[str, Any]:
        portal, table = _place(hub, given)
        url = hub.settings["webhook_url"]
        if given.get("silent"):
            hub.settings["webhook_url"] = ""
        try:
            return by_hand(portal, table, given)
        except Problem as problem:
            raise ControlError(problem.message) from problem
        finally:
            hub.settings["webhook_url"] = url

    def listing(given: dict[str, Any]) -> dict[str, Any]:
        _, table = _place(hub, given)
        archived = str(given.get("archived", "")).lower() == "true"
        ids = table.archived if archived else table.live
        return {"results": [shapes.full(table, table.records[id]) for id in ids]}

    def grants(given: dict[str, Any]) -> dict[str, Any]:
        return {"portals": sorted({grant.portal_id for grant in hub.oauth.refresh.values()})}

    def fill(given: dict[str, Any]) -> dict[str, Any]:
        portal, _ = _place(hub, given)
        number = int(given.get("seed", hub.world.seed))
        portal.clear()
        hub.forget_searches()
        seed.fill(portal, people(int(given.get("records", 0)), seed=number), number)
        return {"records": len(portal.tables["contacts"].live)}

    return {"tokens": tokens, "records": records, "list": listing, "grants": grants, "fill": fill}


def _place(hub: "HubSpot", given: dict[str, Any]) -> tuple[Portal, Table]:
    portal = hub.portals.get(int(given.get("portal", hub.home.id)))
    kind = object_type(str(given.get("type", "contacts")))
    if portal is None or kind is None:
        raise ControlError("No such portal or object type.")
    return portal, portal.tables[kind.name]


def by_hand(portal: Portal, table: Table, given: dict[str, Any]) -> dict[str, Any]:
    """What a person does in HubSpot's pages; raises Problem or ControlError at the first thing that is refused."""
    done: dict[str, Any] = {}
    if "create" in given:
        done["created"] = [portal.create(table, values, BY_HAND).id for values in given["create"]]
    for values in given.get("edit", []):
        changes = {name: value for name, value in values.items() if name != "id"}
        done.setdefault("edited", []).append(int(values["id"]))
        portal.update(table, _the(table, values["id"]), changes, BY_HAND)
    for id in given.get("delete", []):
        portal.archive(table, _the(table, id), BY_HAND)
    for id in given.get("restore", []):
        portal.restore(table, _the(table, id, archived=True))
    for keep, other in given.get("merge", []):
        made = portal.merge(table, _the(table, keep), _the(table, other), BY_HAND)
        done.setdefault("merged", []).append(made.id)
    for id in given.get("erase", []):
        portal.purge(table, _the(table, id))
    return done


def _the(table: Table, id: Any, *, archived: bool = False) -> Record:
    found = table.get(int(id), archived=archived)
    if found is None:
        raise ControlError(f"No {'archived ' if archived else ''}record {id} of {table.kind.name}.")
    return found
