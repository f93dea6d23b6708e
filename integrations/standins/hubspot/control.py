"""HubSpot's own control verbs.

=========== =========================================================================================================
``tokens``  ``{"expire": true}`` all access tokens are too old now; ``{"revoke": true}`` the app was uninstalled
``records`` "as a person": ``{"type": "contacts", "create": [{…}], "edit": [{"id": 1, …}], "delete": [ids],
            "restore": [ids], "merge": [[keep, other]], "erase": [ids]}``; answers ``{"created": [ids], …}``.
            ``"portal"`` picks another account; ``"silent": true`` tells no webhook
            ``associate``, ``dissociate``: ``[[id, "companies", other, "primary"], …]``, the label may be left out
``list``    ``{"type": "contacts", "archived": false}`` → every record with all its properties, no limits, and its
            ``associations``: ``{"companies": [{"id": "7001", "labels": ["Primary"]}]}`` where there are any
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
        portal, table = _place(hub, given)
        archived = str(given.get("archived", "")).lower() == "true"
        ids = table.archived if archived else table.live
        near = _neighbours(portal, table)
        return {"results": [_listed(table, table.records[id], near.get(id)) for id in ids]}

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
    for verb, act in (("associate", portal.connect), ("dissociate", portal.disconnect)):
        for id, word, other, *label in given.get(verb, []):
            target = _table(portal, word)
            ends = table.kind.singular, _the(table, id).id, target.kind.singular, _the(target, other).id
            act(*ends, portal.associations.with_label(ends[0], ends[2], *label), BY_HAND)
            done.setdefault(f"{verb}d", []).append([int(id), int(other)])
    return done


def _neighbours(portal: Portal, table: Table) -> dict[int, dict[str, Any]]:
    """By id, for the records that have any: the live records next to it, by object type. By pair of types, not by record, because
    most records have neighbours of few types."""
    found: dict[int, dict[str, Any]] = {}
    for other in portal.tables.values():
        for id, edges in portal.associations.all_of(table.kind.singular, other.kind.singular):
            types = portal.associations.types[table.kind.singular, other.kind.singular]
            rows = [
                {"id": str(one), "labels": [label for each in sorted(type_ids) if (label := types[each].label)]}
                for one, type_ids in sorted(edges.items())
                if other.get(one) is not None
            ]
            if rows:
                found.setdefault(id, {})[other.kind.name] = rows
    return found


def _listed(table: Table, record: Record, near: dict[str, Any] | None) -> dict[str, Any]:
    shown = shapes.full(table, record)
    return shown | {"associations": near} if near else shown


def _table(portal: Portal, word: str) -> Table:
    kind = object_type(word)
    if kind is None:
        raise ControlError(f"No such object type: {word}.")
    return portal.tables[kind.name]


def _the(table: Table, id: Any, *, archived: bool = False) -> Record:
    found = table.get(int(id), archived=archived)
    if found is None:
        raise ControlError(f"No {'archived ' if archived else ''}record {id} of {table.kind.name}.")
    return found
