"""Functions and actions: who am I, close and reopen, merge, and the bulk messages that do all or nothing."""

import re
from typing import TYPE_CHECKING, Any

from integrations.standins.dynamics.batch import Inner, Reply
from integrations.standins.dynamics.errors import Problem, bad_payload
from integrations.standins.dynamics.payloads import reference
from integrations.standins.dynamics.store import Table
from integrations.standins.web import encode

if TYPE_CHECKING:
    from integrations.standins.dynamics.handler import Handler

CLOSES = {  # action → (table, member of the body, lookup in it, states that it may lead to)
    "WinOpportunity": ("opportunity", "OpportunityClose", "opportunityid", {1}),
    "LoseOpportunity": ("opportunity", "OpportunityClose", "opportunityid", {2}),
    "CloseIncident": ("incident", "IncidentResolution", "incidentid", {1}),
}
BULK = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")
TOTAL = re.compile(r"RetrieveTotalRecordCount\(EntityNames=(\[.*\]|@\w+)\)")


def answered(handler: "Handler", inner: Inner, path: str, query: dict[str, str]) -> Reply | None:
    """None where the path is no function or action."""
    org = handler.org
    if path == "WhoAmI" and inner.method == "GET":
        return Reply(200, {"@odata.context": f"{handler.root}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
                           "BusinessUnitId": org.unit, "UserId": handler.user, "OrganizationId": org.id})  # fmt: skip
    if (match := TOTAL.fullmatch(path)) and inner.method == "GET":
        asked = re.findall(r"[\"'](\w+)[\"']", query.get(match[1], match[1]))
        counts = [len(org.tables[name].ids) for name in asked if name in org.tables]
        return Reply(200, {"EntityRecordCountCollection": {"Count": len(asked), "Keys": asked, "Values": counts}})
    if inner.method != "POST":
        return None
    if path in CLOSES:
        return _close(handler, path, handler.json(inner))
    if path == "Merge":
        return _merge(handler, handler.json(inner))
    return None


def _close(handler: "Handler", action: str, body: dict[str, Any]) -> Reply:
    logical, member, lookup, states = CLOSES[action]
    close = body.get(member) or {}
    if not isinstance(body.get("Status"), int) or f"{lookup}@odata.bind" not in close:
        raise bad_payload("", f"{action} needs {member} with {lookup} and Status.")
    found, id = reference(handler.org, close[f"{lookup}@odata.bind"])
    row = handler.org.row(found, id)
    status = body["Status"]
    options = {o[0]: o[2] for o in handler.org.tables[logical].kind.columns["statuscode"].options}
    if found != logical or options.get(status) not in states:
        raise Problem(400, "0x80048408", f"{status} is not a valid status code for {action}.")
    if row.values.get("statecode") != 0:
        raise Problem(400, "0x80040516", f"The {logical} is closed already.")
    handler.org.update(
        logical, row, {"statuscode": status, **_closing(handler, logical, close)}, handler.user, system=True
    )
    return Reply(204)


def _closing(handler: "Handler", logical: str, close: dict[str, Any]) -> dict[str, Any]:
    """What the closing of an opportunity leaves on it."""
    if logical != "opportunity":
        return {}
    found = {"actualclosedate": str(close.get("actualend") or handler.org.now())[:10]}
    return found | ({"actualvalue": close["actualrevenue"]} if close.get("actualrevenue") is not None else {})


def _merge(handler: "Handler", body: dict[str, Any]) -> Reply:
    """``Target`` and ``Subordinate`` are rows with their type and key; ``UpdateContent`` goes into the one that stays."""
    org, found = handler.org, []
    for member in ("Target", "Subordinate"):
        row = body.get(member) or {}
        logical = str(row.get("@odata.type", "")).rpartition(".")[2]
        if logical not in org.tables:
            raise bad_payload("", f"{member} needs an @odata.type.")
        found.append((logical, str(row.get(org.tables[logical].kind.key, ""))))
    (logical, keep), (_other, lose) = found
    content = {n: v for n, v in (body.get("UpdateContent") or {}).items() if not n.startswith("@")}
    content.pop(org.tables[logical].kind.key, None)
    if content:
        org.update(logical, org.row(logical, keep), content, handler.user)
    org.merge(logical, keep, lose, handler.user)
    return Reply(204)


def bulk(handler: "Handler", table: Table, name: str, body: dict[str, Any]) -> Reply:
    """All rows or none; which one was wrong is not told."""
    action = name.removeprefix("Microsoft.Dynamics.CRM.")
    if action not in BULK:
        raise Problem(404, "0x80060888", f"Resource not found for the segment '{name}'.")
    kind, ids = table.kind, []
    undo = handler.org.journal()
    try:
        for target in body.get("Targets") or []:
            if not str(target.get("@odata.type", "")).endswith(f".{kind.logical}"):
                raise bad_payload(kind.entity_set, "Every target needs an @odata.type of the table.")
            values = {n: v for n, v in target.items() if n not in ("@odata.type", "@odata.id")}
            ids.append(_put(handler, table, action, target.get("@odata.id", ""), values))
    except Problem:
        undo()
        raise
    if action == "UpdateMultiple":
        return Reply(204)
    return Reply(
        200, {"@odata.context": f"{handler.root}/$metadata#Microsoft.Dynamics.CRM.{action}Response", "Ids": ids}
    )


def _put(handler: "Handler", table: Table, action: str, address: str, values: dict[str, Any]) -> str:
    kind = table.kind
    if action == "CreateMultiple":
        return handler.org.create(kind.logical, values, handler.user).id
    if action == "UpdateMultiple":
        row = handler.org.row(kind.logical, str(values.pop(kind.key, "")))
        handler.org.update(kind.logical, row, values, handler.user)
        return row.id
    reply = handler.do(Inner("PATCH", f"{handler.root}/{address}", {}, encode(values).encode()))
    return reply.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")
