"""Records one by one and page by page: list, read, create, update, archive, search, merge, erase."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.hubspot import shapes
from integrations.standins.hubspot.api import Call, route
from integrations.standins.hubspot.errors import Problem, bad_request, not_associable, not_found
from integrations.standins.hubspot.search import Search, check_length
from integrations.standins.hubspot.table import Record, Table
from integrations.standins.hubspot.types import object_type
from integrations.standins.web import answer, empty

BASES = ("/crm/objects/{version:dated}", "/crm/v3/objects")


def routes(hub: Any) -> list[Route]:
    def at(suffix: str, method: str, handle: Callable[[Call], Response]) -> list[Route]:
        return route(hub, tuple(base + suffix for base in BASES), method, handle)

    return [
        *at("/{type}", "GET", listing),
        *at("/{type}/search", "POST", search),
        *at("/{type}", "POST", create),
        *at("/{type}/merge", "POST", merge),
        *at("/{type}/gdpr-delete", "POST", erase),
        *at("/{type}/{id}", "GET", read),
        *at("/{type}/{id}", "PATCH", update),
        *at("/{type}/{id}", "DELETE", archive),
    ]


# -- finding -------------------------------------------------------------------------------------------------------------
def number(text: Any) -> int:
    """A record id; 404 for anything that cannot be one."""
    if not str(text).isdigit():
        raise not_found(f"Object not found. objectId are usually numeric, not {text}.")
    return int(text)


def by_key(table: Table, key: Any, id_property: str = "", *, archived: bool = False) -> Record | None:
    """The record that ``key`` names, by id or by a unique property."""
    if not id_property or id_property == "hs_object_id":
        return table.get(int(key), archived=archived) if str(key).isdigit() else None
    if id_property not in table.unique:
        raise bad_request(f"idProperty {id_property} is not a unique property of {table.kind.name}.")
    return table.find(id_property, str(key))


def addressed(call: Call, table: Table) -> Record:
    """The record of the path; Problem 404 without one."""
    id_property = call.query("idProperty")
    if not id_property:
        number(call.path("id"))
    found = by_key(table, call.path("id"), id_property, archived=call.flag("archived"))
    if found is None:
        raise not_found()
    return found


# -- handlers ------------------------------------------------------------------------------------------------------------
def listing(call: Call) -> Response:
    table = call.table()
    with_history = call.array("propertiesWithHistory")
    limit = call.limit(10, 50 if with_history else 100)
    after = call.query("after") or "0"
    if not after.isdigit():
        raise bad_request(f"after must be a paging token from an earlier answer, not {after}.")
    found, following = table.page(int(after), limit, archived=call.flag("archived"))
    words = call.array("associations")
    names = shapes.wanted(table, call.array("properties"))
    more = {}
    if following is not None:
        link = str(call.request.url.include_query_params(after=following))
        more["paging"] = {"next": {"after": str(following), "link": link}}
    if with_history or words:
        return answer({"results": [_shown(call, table, each, names, with_history, words) for each in found], **more})
    return shapes.joined((shapes.rendered(table, each, names) for each in found), more)


def _shown(
    call: Call, table: Table, found: Record, names: tuple[str, ...], with_history: list[str], words: list[str]
) -> dict[str, Any]:
    shown = shapes.record(table, found, names)
    if with_history:
        shown["propertiesWithHistory"] = shapes.history(found, with_history)
    if words and (near := shapes.associations(call.portal, table, found, words)):
        shown["associations"] = near
    return shown


def read(call: Call) -> Response:
    table = call.table()
    found = addressed(call, table)
    names = shapes.wanted(table, call.array("properties"))
    history, words = call.array("propertiesWithHistory"), call.array("associations")
    return answer(_shown(call, table, found, names, history, words))


def create(call: Call) -> Response:
    table, body = call.table(verb="write"), call.members()
    near = checked_associations(call, table, body.get("associations"))
    made = call.portal.create(table, body.get("properties") or {})
    associate(call, table, made, near)
    return answer(shapes.full(table, made), 201)


def update(call: Call) -> Response:
    table = call.table(verb="write")
    found = addressed(call, table)
    given = call.members().get("properties") or {}
    call.portal.update(table, found, given)
    names = dict.fromkeys([*given, table.kind.created, table.kind.modified, "hs_object_id"])
    return answer(shapes.record(table, found, names))


def archive(call: Call) -> Response:
    table = call.table(verb="write")
    id = number(call.path("id"))
    if (found := table.get(id)) is not None:
        call.portal.archive(table, found)
    elif table.get(id, archived=True) is None:
        raise not_found()
    return empty()


def search(call: Call) -> Response:
    table = call.table()
    check_length(call.request._body)
    table.settle(call.portal.clock.ms(), int(float(call.hub.settings["search_lag"]) * 1000))
    body = call.members()
    asked = Search(table, body, lambda word, id: neighbours(call, table, word, id))
    ids = call.hub.found(call.portal, table, body, asked)
    names = shapes.wanted(table, [str(name) for name in body.get("properties") or []])
    chosen = ids[asked.offset : asked.offset + asked.limit]
    more: dict[str, Any] = {"total": len(ids)}
    if asked.offset + asked.limit < len(ids):
        more["paging"] = {"next": {"after": str(asked.offset + asked.limit)}}
    return shapes.joined((shapes.rendered(table, asked.seen(id), names) for id in chosen), more)


def neighbours(call: Call, table: Table, word: str, id: int) -> set[int]:
    """Ids of ``table`` next to the record ``id`` of the object type ``word``."""
    kind = object_type(word)
    if kind is None:
        raise bad_request(f"There was a problem with the request. associations.{word} cannot be searched.")
    return set(call.portal.near(call.portal.tables[kind.name], id, table))


def merge(call: Call) -> Response:
    table, body = call.table(verb="write"), call.members()
    if not table.kind.merges:
        raise bad_request(f"{table.kind.name} cannot be merged.")
    pair = [table.get(number(body.get(name, ""))) for name in ("primaryObjectId", "objectIdToMerge")]
    if pair[0] is None or pair[1] is None:
        raise not_found()
    if pair[0] is pair[1]:
        raise bad_request("A record cannot be merged with itself.")
    made = call.portal.merge(table, pair[0], pair[1])
    return answer(shapes.full(table, made))


def erase(call: Call) -> Response:
    table, body = call.table(verb="write"), call.members()
    if table.kind.name != "contacts":
        raise Problem(404, "No such call.", "OBJECT_NOT_FOUND")
    key, id_property = body.get("objectId", ""), body.get("idProperty", "")
    found = by_key(table, key, id_property) or (not id_property and by_key(table, key, archived=True)) or None
    if found is not None:
        call.portal.purge(table, found)
    elif id_property == "email":
        call.portal.blocked.add(str(key).lower())
    else:
        raise not_found()
    return empty()


# -- associations that come with a create ---------------------------------------------------------------------------------
def checked_associations(call: Call, table: Table, given: Any) -> list[tuple[str, int, list[int]]]:
    """(object type, id, type ids) of each; raises Problem for a type or record that doesn't exist."""
    found = []
    for each in given or []:
        try:
            type_ids = [int(each_type["associationTypeId"]) for each_type in each["types"]]
            other = number(each["to"]["id"])
        except (KeyError, TypeError, ValueError) as error:
            raise bad_request("Each association needs to.id and types with associationTypeId.") from error
        target = call.portal.tables[_target(call, table, type_ids)]
        if target.get(other) is None:
            raise not_associable(target, other)
        found.append((target.kind.singular, other, type_ids))
    if table.kind.primary and not {type_id for _, _, type_ids in found for type_id in type_ids} & set(
        table.kind.primary
    ):
        raise bad_request(f"A {table.kind.singular} needs a primary association, with a type of {table.kind.primary}.")
    return found


def _target(call: Call, table: Table, type_ids: list[int]) -> str:
    for (source, target), types in call.portal.associations.types.items():
        if source == table.kind.singular and type_ids and all(type_id in types for type_id in type_ids):
            kind = object_type(target)
            if kind is not None:
                return kind.name
    raise bad_request(f"Association types {type_ids} don't exist for {table.kind.name}.")


def associate(call: Call, table: Table, made: Record, near: list[tuple[str, int, list[int]]]) -> None:
    for target, other, type_ids in near:
        call.portal.connect(table.kind.singular, made.id, target, other, type_ids)
