"""Batches of up to 100: read, create, update, upsert, archive; with partial success where HubSpot has it."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.hubspot import shapes
from integrations.standins.hubspot.api import Call, route
from integrations.standins.hubspot.errors import Problem, bad_request
from integrations.standins.hubspot.objects_api import BASES, associate, by_key, checked_associations
from integrations.standins.hubspot.table import Record, Table, Values
from integrations.standins.hubspot.values import iso
from integrations.standins.web import answer, empty

Shown = dict[str, Any]


def routes(hub: Any) -> list[Route]:
    handlers = {"read": read, "create": create, "update": update, "upsert": upsert, "archive": archive}
    found = []
    for verb, handle in handlers.items():
        found += route(hub, tuple(f"{base}/{{type}}/batch/{verb}" for base in BASES), "POST", handle)
    return found


def outcome(call: Call, results: list[Shown], errors: list[Shown], status: int = 200) -> Response:
    """The body of every batch; 207 as soon as there are errors."""
    now = iso(call.portal.clock.ms())
    body: Shown = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return answer(body, 207 if errors else status)


def read(call: Call) -> Response:
    table, body = call.table(), call.members()
    id_property = body.get("idProperty") or ""
    if body.get("propertiesWithHistory") and len(call.inputs()) > 50:
        raise bad_request("A batch with history holds at most 50 inputs.")
    names = shapes.wanted(table, [str(name) for name in body.get("properties") or []])
    with_history = body.get("propertiesWithHistory") or []
    found: dict[int, Record] = {}
    missing = []
    for each in call.inputs():
        record = by_key(table, each.get("id", ""), id_property, archived=call.flag("archived"))
        if record is None:
            missing.append(str(each.get("id", "")))
        else:
            found[record.id] = record
    results = [shapes.record(table, record, names) for record in found.values()]
    if with_history:
        for shown, record in zip(results, found.values(), strict=True):
            shown["propertiesWithHistory"] = shapes.history(record, with_history)
    return outcome(call, results, _not_there(table, missing))


def _not_there(table: Table, missing: list[str]) -> list[Shown]:
    """The error of a batch in which some ids mean nothing."""
    if not missing:
        return []
    what = table.kind.singular.upper()
    words = f"Could not get some {what} objects, they may be deleted or not exist. Check that ids are valid."
    return [Problem(404, words, "OBJECT_NOT_FOUND", context={"ids": missing}).shown()]


def create(call: Call) -> Response:
    """All or nothing, unless every input carries its own objectWriteTraceId."""
    table, inputs = call.table(verb="write"), call.inputs()
    traces = [each.get("objectWriteTraceId") for each in inputs]
    partial = all(traces) and len(set(traces)) == len(traces)
    results: list[Shown] = []
    errors: list[Shown] = []
    if not partial:
        _check_all(call, table, inputs)
    for each, trace in zip(inputs, traces, strict=True):
        try:
            near = checked_associations(call, table, each.get("associations"))
            made = call.portal.create(table, each.get("properties") or {})
        except Problem as problem:
            shown = problem.shown()
            shown["context"] = {**shown.get("context", {}), "objectWriteTraceId": [trace]}
            errors.append(shown)
            continue
        associate(call, table, made, near)
        results.append(_traced(shapes.full(table, made), trace))
    return outcome(call, results, errors, 201)


def _traced(shown: Shown, trace: str | None) -> Shown:
    return shown | {"objectWriteTraceId": trace} if trace else shown


def _check_all(call: Call, table: Table, inputs: list[Shown]) -> None:
    """Raises what the first bad input would raise, before anything is made; inputs may clash with each other too."""
    seen: set[tuple[str, str]] = set()
    for each in inputs:
        checked_associations(call, table, each.get("associations"))
        values = call.portal.checked(table, each.get("properties") or {}, None)
        call.portal.no_double(table, values, None)
        _no_clash(table, values, seen)


def _no_clash(table: Table, values: Values, seen: set[tuple[str, str]]) -> None:
    """No two inputs of a batch may have one unique value."""
    for name in table.unique:
        key = (name, values.get(name, "").lower())
        if key[1] and key in seen:
            raise Problem(409, f"Duplicate {name} in the batch: {key[1]}", "CONFLICT")
        seen.add(key)


def update(call: Call) -> Response:
    """Refused values fail the whole batch; records that don't exist are left out with a 207."""
    table, inputs = call.table(verb="write"), call.inputs()
    plan: list[tuple[Shown, Record]] = []
    missing = []
    for each in inputs:
        record = by_key(table, each.get("id", ""), each.get("idProperty") or "")
        if record is None:
            missing.append(str(each.get("id", "")))
        else:
            plan.append((each, record))
    if len({record.id for _, record in plan}) != len(plan):
        raise bad_request("Duplicate IDs found in batch input. IDs must be unique.")
    ready = [_checked(call, table, each.get("properties") or {}, record) for each, record in plan]
    seen: set[tuple[str, str]] = set()
    for values in ready:
        _no_clash(table, values, seen)
    results = []
    for (each, record), values in zip(plan, ready, strict=True):
        call.portal.change(table, record, values)
        shown = shapes.full(table, record, each.get("properties") or {})
        results.append(_traced(shown, each.get("objectWriteTraceId")))
    return outcome(call, results, _not_there(table, missing))


def _checked(call: Call, table: Table, given: Any, record: Record | None) -> Values:
    values = call.portal.checked(table, given, record)
    call.portal.no_double(table, values, record)
    return values


def upsert(call: Call) -> Response:
    """By a unique property, per input. One bad input fails it all."""
    table, inputs = call.table(verb="write"), call.inputs()
    plan: list[tuple[Values, Record | None]] = []
    for each in inputs:
        id_property = each.get("idProperty") or "hs_object_id"
        record = by_key(table, each.get("id", ""), id_property)
        given = {**(each.get("properties") or {})}
        if record is None:
            if id_property == "hs_object_id":
                raise bad_request("idProperty is needed to create records.")
            given.setdefault(id_property, each.get("id", ""))
        plan.append((_checked(call, table, given, record), record))
    keys = [(each.get("idProperty"), str(each.get("id", "")).lower()) for each in inputs]
    if len(set(keys)) != len(keys):
        raise bad_request("Duplicate IDs found in batch input. IDs must be unique.")
    seen: set[tuple[str, str]] = set()
    for values, _ in plan:
        _no_clash(table, values, seen)
    results = []
    for (values, found), each in zip(plan, inputs, strict=True):
        record = found or call.portal.insert(table, values)
        if found is not None:
            call.portal.change(table, found, values)
        shown = shapes.full(table, record, each.get("properties") or {}) | {"new": found is None}
        results.append(_traced(shown, each.get("objectWriteTraceId")))
    return outcome(call, results, [])


def archive(call: Call) -> Response:
    """Ids that don't exist are passed over in silence."""
    table = call.table(verb="write")
    for each in call.inputs():
        if (record := by_key(table, each.get("id", ""))) is not None:
            call.portal.archive(table, record)
    return empty()
