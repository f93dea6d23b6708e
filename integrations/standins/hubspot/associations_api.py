"""Associations of one record, in batches, and their labels (v4 and dated paths)."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.hubspot.api import Call, route
from integrations.standins.hubspot.batch_api import outcome
from integrations.standins.hubspot.errors import Problem, bad_request, not_associable
from integrations.standins.hubspot.objects_api import number
from integrations.standins.hubspot.table import Table
from integrations.standins.web import answer, empty

RECORDS = ("/crm/objects/{version:dated}", "/crm/v4/objects", "/crm/v3/objects")
PAIRS = ("/crm/associations/{version:dated}", "/crm/v4/associations")
MOST_READ, MOST_WRITTEN, PAGE = 1000, 2000, 500


def routes(hub: Any) -> list[Route]:
    def at(bases: tuple[str, ...], suffix: str, method: str, handle: Callable[[Call], Response]) -> list[Route]:
        return route(hub, tuple(base + suffix for base in bases), method, handle)

    one = "/{type}/{id}/associations"
    pair = "/{type}/{to}"
    return [
        *at(RECORDS, f"{one}/default/{{to}}/{{other}}", "PUT", put_default),
        *at(RECORDS, f"{one}/{{to}}/{{other}}", "PUT", put),
        *at(RECORDS, f"{one}/{{to}}/{{other}}", "DELETE", delete),
        *at(RECORDS, f"{one}/{{to}}", "GET", listing),
        *at(PAIRS, f"{pair}/batch/read", "POST", batch_read),
        *at(PAIRS, f"{pair}/batch/create", "POST", batch_create),
        *at(PAIRS, f"{pair}/batch/associate/default", "POST", batch_default),
        *at(PAIRS, f"{pair}/batch/archive", "POST", batch_archive),
        *at(PAIRS, f"{pair}/batch/labels/archive", "POST", batch_labels_archive),
        *at(PAIRS, f"{pair}/labels", "GET", labels),
        *at(PAIRS, f"{pair}/labels", "POST", add_label),
        *at(PAIRS, f"{pair}/labels", "PUT", change_label),
        *at(PAIRS, f"{pair}/labels/{{label}}", "DELETE", drop_label),
    ]


def _tables(call: Call, verb: str = "read") -> tuple[Table, Table]:
    return call.table("type", verb), call.table("to", verb)


def _existing(table: Table, key: Any) -> int:
    """The id of a live record, that of the merged one for an old id."""
    found = table.get(number(key))
    if found is None:
        raise not_associable(table, key)
    return found.id


def _type_ids(given: Any) -> list[int]:
    if not isinstance(given, list) or not given:
        raise bad_request("A list of association types is needed.")
    try:
        return [int(each["associationTypeId"]) for each in given]
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request("Each type needs associationCategory and associationTypeId.") from error


def _near(call: Call, source: Table, id: int, target: Table) -> list[dict[str, Any]]:
    types = call.portal.associations.types_of(source.kind.singular, target.kind.singular)
    edges = call.portal.near(source, id, target)
    return [
        {"toObjectId": other, "associationTypes": [types[type_id].shown() for type_id in sorted(type_ids)]}
        for other, type_ids in edges.items()
    ]


def _paged(rows: list[dict[str, Any]], after: str, limit: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """One page, and the ``paging`` member if there is more. ``after`` is the id where the page starts."""
    start = int(after) if after.isdigit() else 0
    rest = [row for row in rows if row["toObjectId"] >= start]
    more = {"paging": {"next": {"after": str(rest[limit]["toObjectId"])}}} if len(rest) > limit else {}
    return rest[:limit], more


# -- one record ------------------------------------------------------------------------------------------------------------
def listing(call: Call) -> Response:
    source, target = _tables(call)
    rows = _near(call, source, _existing(source, call.path("id")), target)
    chosen, more = _paged(rows, call.query("after"), call.limit(PAGE, PAGE))
    return answer({"results": chosen, **more})


def put(call: Call) -> Response:
    """Replaces the labels of the pair."""
    source, target = _tables(call, "write")
    id, other = _existing(source, call.path("id")), _existing(target, call.path("other"))
    names = source.kind.singular, target.kind.singular
    type_ids = _type_ids(call.body)
    known = call.portal.associations.types_of(*names)
    if unknown := [type_id for type_id in type_ids if type_id not in known]:
        raise bad_request(f"Association types {unknown} do not exist from {names[0]} to {names[1]}.")
    have = call.portal.associations.of(names[0], id, names[1]).get(other, set())
    call.portal.connect(names[0], id, names[1], other, type_ids)
    if gone := have - {call.portal.associations.plain(*names), *type_ids}:
        call.portal.disconnect(names[0], id, names[1], other, gone)
    shown = [known[type_id].label for type_id in type_ids if known[type_id].label]
    return answer(
        {
            "fromObjectTypeId": source.kind.type_id,
            "fromObjectId": id,
            "toObjectTypeId": target.kind.type_id,
            "toObjectId": other,
            "labels": shown,
        },
        201,
    )


def put_default(call: Call) -> Response:
    source, target = _tables(call, "write")
    id, other = _existing(source, call.path("id")), _existing(target, call.path("other"))
    return outcome(call, _default(call, source, id, target, other), [])


def _default(call: Call, source: Table, id: int, target: Table, other: int) -> list[dict[str, Any]]:
    call.portal.connect(source.kind.singular, id, target.kind.singular, other)
    plain = call.portal.associations.plain
    rows = ((source, id, target, other), (target, other, source, id))
    return [
        {
            "from": {"id": str(start)},
            "to": {"id": str(end)},
            "associationSpec": {
                "associationCategory": "HUBSPOT_DEFINED",
                "associationTypeId": plain(own.kind.singular, far.kind.singular),
            },
        }
        for own, start, far, end in rows
    ]


def delete(call: Call) -> Response:
    source, target = _tables(call, "write")
    id, other = number(call.path("id")), number(call.path("other"))
    call.portal.disconnect(source.kind.singular, id, target.kind.singular, other)
    return empty()


# -- batches ---------------------------------------------------------------------------------------------------------------
def _ends(each: dict[str, Any]) -> tuple[Any, Any]:
    try:
        return each["from"]["id"], each["to"]["id"]
    except (KeyError, TypeError) as error:
        raise bad_request("Each input needs from.id and to.id.") from error


def batch_read(call: Call) -> Response:
    source, target = _tables(call)
    results, missing = [], []
    for each in call.inputs(MOST_READ):
        found = source.get(int(each["id"])) if str(each.get("id", "")).isdigit() else None
        rows = _near(call, source, found.id, target) if found else []
        if not rows:
            missing.append(str(each.get("id", "")))
            continue
        chosen, more = _paged(rows, str(each.get("after") or ""), PAGE)
        results.append({"from": {"id": str(each["id"])}, "to": chosen, **more})
    errors = [_none(source, target, id).shown() for id in missing]
    return outcome(call, results, errors)


def _none(source: Table, target: Table, id: str) -> Problem:
    what = f"No {target.kind.singular} is associated with {source.kind.singular} {id}."
    context = {"fromObjectId": [id], "fromObjectType": [source.kind.type_id], "toObjectType": [target.kind.type_id]}
    return Problem(
        404, what, "OBJECT_NOT_FOUND", subCategory="crm.associations.NO_ASSOCIATIONS_FOUND", context=context
    )  # fmt: skip


def batch_create(call: Call) -> Response:
    source, target = _tables(call, "write")
    names = source.kind.singular, target.kind.singular
    results, errors = [], []
    for each in call.inputs(MOST_WRITTEN):
        try:
            start, end = (_existing(table, key) for table, key in zip((source, target), _ends(each), strict=True))
            type_ids = _type_ids(each.get("types"))
            call.portal.connect(names[0], start, names[1], end, type_ids)
        except Problem as problem:
            errors.append(problem.shown())
            continue
        known = call.portal.associations.types_of(*names)
        results.append(
            {
                "fromObjectTypeId": source.kind.type_id,
                "fromObjectId": start,
                "toObjectTypeId": target.kind.type_id,
                "toObjectId": end,
                "labels": [known[type_id].label for type_id in type_ids if known[type_id].label],
            }
        )
    return outcome(call, results, errors, 201)


def batch_default(call: Call) -> Response:
    source, target = _tables(call, "write")
    results, errors = [], []
    for each in call.inputs(MOST_WRITTEN):
        try:
            start, end = (_existing(table, key) for table, key in zip((source, target), _ends(each), strict=True))
        except Problem as problem:
            errors.append(problem.shown())
            continue
        results += _default(call, source, start, target, end)
    return outcome(call, results, errors)


def _archived(call: Call) -> Response:
    """v4 says 204, the dated paths 200."""
    return empty() if "/v4/" in call.request.url.path else outcome(call, [], [])


def batch_archive(call: Call) -> Response:
    source, target = _tables(call, "write")
    for each in call.inputs(MOST_WRITTEN):
        for other in each.get("to") or []:
            ends = number((each.get("from") or {}).get("id", "")), number(other.get("id", ""))
            call.portal.disconnect(source.kind.singular, ends[0], target.kind.singular, ends[1])
    return _archived(call)


def batch_labels_archive(call: Call) -> Response:
    source, target = _tables(call, "write")
    for each in call.inputs(MOST_WRITTEN):
        start, end = (number(key) for key in _ends(each))
        types = _type_ids(each.get("types"))
        call.portal.disconnect(source.kind.singular, start, target.kind.singular, end, types)
    return _archived(call)


# -- labels ----------------------------------------------------------------------------------------------------------------
def _pair(call: Call, verb: str = "read") -> tuple[str, str]:
    source, target = _tables(call, verb)
    return source.kind.singular, target.kind.singular


def labels(call: Call) -> Response:
    types = call.portal.associations.types_of(*_pair(call))
    return answer({"results": [each.shown() for each in types.values()]})


def add_label(call: Call) -> Response:
    body, pair = call.members(), _pair(call, "write")
    if not body.get("name") or not body.get("label"):
        raise bad_request("name and label are needed.")
    made = call.portal.associations.add_label(*pair, body["name"], body["label"], body.get("inverseLabel"))
    types = call.portal.associations.types_of(*pair)
    return answer({"results": [types[type_id].shown() for type_id in made if type_id in types]})


def change_label(call: Call) -> Response:
    body = call.members()
    type_id = int(number(body.get("associationTypeId", "")))
    call.portal.associations.change_label(*_pair(call, "write"), type_id, str(body.get("label", "")))
    return empty()


def drop_label(call: Call) -> Response:
    call.portal.associations.drop_label(*_pair(call, "write"), number(call.path("label")))
    return empty()
