"""Properties, groups, owners and the account itself."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.hubspot import rules
from integrations.standins.hubspot.api import Call, route
from integrations.standins.hubspot.batch_api import outcome
from integrations.standins.hubspot.errors import Problem, bad_request, not_found
from integrations.standins.hubspot.properties import Property
from integrations.standins.hubspot.table import Table
from integrations.standins.hubspot.values import iso
from integrations.standins.web import answer, empty

PROPERTIES = ("/crm/properties/{version:dated}", "/crm/v3/properties")
VALIDATIONS = ("/crm/property-validations/{version:dated}", "/crm/v3/property-validations")
OWNERS = ("/crm/owners/{version:dated}", "/crm/v3/owners")
ACCOUNT = ("/account-info/{version:dated}", "/account-info/v3")

# type → field types that go with it
FIELD_TYPES = {
    "string": {"text", "textarea", "html", "file", "phonenumber", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "bool": {"booleancheckbox", "calculation_equation"},
    "phone_number": {"phonenumber"},
}
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
NEEDED = ("name", "label", "type", "fieldType", "groupName")


def routes(hub: Any) -> list[Route]:
    def at(bases: tuple[str, ...], suffix: str, method: str, handle: Callable[[Call], Response]) -> list[Route]:
        return route(hub, tuple(base + suffix for base in bases), method, handle)

    return [
        *at(PROPERTIES, "/{type}/batch/read", "POST", batch_read),
        *at(PROPERTIES, "/{type}/batch/create", "POST", batch_create),
        *at(PROPERTIES, "/{type}/batch/archive", "POST", batch_archive),
        *at(PROPERTIES, "/{type}/groups", "GET", group_listing),
        *at(PROPERTIES, "/{type}/groups", "POST", group_create),
        *at(PROPERTIES, "/{type}/groups/{name}", "GET", group_read),
        *at(PROPERTIES, "/{type}", "GET", listing),
        *at(PROPERTIES, "/{type}", "POST", create),
        *at(PROPERTIES, "/{type}/{name}", "GET", read),
        *at(PROPERTIES, "/{type}/{name}", "PATCH", update),
        *at(PROPERTIES, "/{type}/{name}", "DELETE", archive),
        *at(VALIDATIONS, "/{type}", "GET", validations),
        *at(OWNERS, "", "GET", owners),
        *at(OWNERS, "/", "GET", owners),
        *at(OWNERS, "/{id}", "GET", owner),
        *at(ACCOUNT, "/details", "GET", details),
        *at(ACCOUNT, "/api-usage/daily/private-apps", "GET", usage),
    ]


# -- properties ------------------------------------------------------------------------------------------------------------
def _definition(call: Call, table: Table, name: str) -> Property:
    found = table.definitions.get(name)
    if found is None or found.archived != call.flag("archived"):
        raise not_found(f"Property {name} not found for {table.kind.type_id}.")
    return found


def _schema_scope(call: Call, table: Table) -> None:
    call.need(f"crm.schemas.{table.kind.name}.write", table.kind.scopes("write"))


def listing(call: Call) -> Response:
    table, archived = call.table(), call.flag("archived")
    return answer({"results": [each.shown() for each in table.definitions.values() if each.archived == archived]})


def read(call: Call) -> Response:
    table = call.table()
    return answer(_definition(call, table, call.path("name")).shown())


def create(call: Call) -> Response:
    table = call.table()
    _schema_scope(call, table)
    return answer(_made(call, table, call.members()).shown(), 201)


def _made(call: Call, table: Table, body: dict[str, Any]) -> Property:
    if missing := [name for name in NEEDED if not body.get(name)]:
        raise bad_request(f"Invalid input JSON: {', '.join(missing)} missing.", context={"propertyName": missing})
    name, type_, field_type = body["name"], body["type"], body["fieldType"]
    if not NAME.fullmatch(name):
        raise bad_request(f"{name} is not a valid property name: lower case letters, digits and underscores.")
    if field_type not in FIELD_TYPES.get(type_, ()):
        raise bad_request(f"fieldType {field_type} does not go with type {type_}.")
    if body["groupName"] not in call.portal.groups[table.kind.name]:
        raise bad_request(f"Property group {body['groupName']} does not exist.")
    known = table.definitions.get(name)
    if known is not None and not known.archived:
        raise Problem(409, f"A property named '{name}' already exists.", "OBJECT_ALREADY_EXISTS",
                      subCategory="Properties.PROPERTY_EXISTS")  # fmt: skip
    now = iso(call.portal.clock.ms())
    made = Property(
        name, body["label"], type_, field_type, body["groupName"], body.get("description") or "",
        options=_options(type_, body.get("options")), unique=bool(body.get("hasUniqueValue")), hubspot_defined=False,
        calculated=field_type == "calculation_equation", hidden=bool(body.get("hidden")),
        form_field=bool(body.get("formField")), created_at=now, updated_at=now,
    )  # fmt: skip
    table.definitions[name] = made
    if made.unique:
        table.unique[name] = {}
    return made


def _options(type_: str, given: Any) -> list[dict[str, Any]]:
    if type_ == "bool" and not given:
        given = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    found = []
    for order, each in enumerate(given or []):
        if not each.get("label") or each.get("value") in (None, ""):
            raise bad_request("Each option needs label and value.")
        found.append({"label": each["label"], "value": str(each["value"]), "description": each.get("description") or "",
                      "displayOrder": each.get("displayOrder", order), "hidden": bool(each.get("hidden"))})  # fmt: skip
    if len({option["value"] for option in found}) != len(found):
        raise bad_request("Option values must be unique.")
    return found


def update(call: Call) -> Response:
    """Options are replaced as a whole."""
    table, body = call.table(), call.members()
    _schema_scope(call, table)
    found = _definition(call, table, call.path("name"))
    if "options" in body:
        found.options = _options(found.type, body["options"])
    for member, name in (("label", "label"), ("description", "description"), ("groupName", "group")):
        if member in body:
            setattr(found, name, body[member])
    found.updated_at = iso(call.portal.clock.ms())
    return answer(found.shown())


def archive(call: Call) -> Response:
    table = call.table()
    _schema_scope(call, table)
    found = _definition(call, table, call.path("name"))
    if found.hubspot_defined:
        raise bad_request(f"{found.name} is defined by HubSpot and cannot be archived.")
    found.archived = True
    return empty()


def batch_read(call: Call) -> Response:
    table = call.table()
    names = [str(each.get("name", "")) for each in call.inputs()]
    results = [table.definitions[name].shown() for name in names if name in table.definitions]
    missing = [name for name in names if name not in table.definitions]
    errors = [not_found(f"Property {name} not found.").shown() for name in missing]
    return outcome(call, results, errors)


def batch_create(call: Call) -> Response:
    table = call.table()
    _schema_scope(call, table)
    results, errors = [], []
    for each in call.inputs():
        try:
            results.append(_made(call, table, each).shown())
        except Problem as problem:
            errors.append(problem.shown())
    return outcome(call, results, errors, 201)


def batch_archive(call: Call) -> Response:
    table = call.table()
    _schema_scope(call, table)
    for each in call.inputs():
        found = table.definitions.get(str(each.get("name", "")))
        if found is not None and not found.hubspot_defined:
            found.archived = True
    return empty()


def group_listing(call: Call) -> Response:
    return answer({"results": list(call.portal.groups[call.table().kind.name].values())})


def group_read(call: Call) -> Response:
    found = call.portal.groups[call.table().kind.name].get(call.path("name"))
    if found is None:
        raise not_found()
    return answer(found)


def group_create(call: Call) -> Response:
    table, body = call.table(), call.members()
    _schema_scope(call, table)
    groups = call.portal.groups[table.kind.name]
    if not body.get("name") or not body.get("label"):
        raise bad_request("name and label are needed.")
    if body["name"] in groups:
        raise Problem(409, f"Property group {body['name']} already exists.", "CONFLICT")
    groups[body["name"]] = {"name": body["name"], "label": body["label"], "displayOrder": len(groups),
                            "archived": False}  # fmt: skip
    return answer(groups[body["name"]], 201)


def validations(call: Call) -> Response:
    return answer({"results": rules.shown(call.portal.rules, call.table().kind.name)})


# -- owners, account -------------------------------------------------------------------------------------------------------
def owners(call: Call) -> Response:
    call.need("crm.objects.owners.read")
    archived, email = call.flag("archived"), call.query("email").lower()
    found = [each for each in call.portal.owners if each.archived == archived and email in ("", each.email)]
    after, limit = call.query("after"), call.limit(100, 500)
    start = int(after) if after.isdigit() else 0
    page: dict[str, Any] = {"results": [each.shown() for each in found[start : start + limit]]}
    if start + limit < len(found):
        page["paging"] = {"next": {"after": str(start + limit)}}
    return answer(page)


def owner(call: Call) -> Response:
    call.need("crm.objects.owners.read")
    key, by_user = call.path("id"), call.query("idProperty") == "userId"
    for each in call.portal.owners:
        if key == (str(each.user_id) if by_user else each.id) and each.archived == call.flag("archived"):
            return answer(each.shown())
    raise not_found(f"Owner {key} not found.")


def details(call: Call) -> Response:
    zone = call.hub.settings["time_zone"]
    offset = datetime.fromtimestamp(call.portal.clock.now(), ZoneInfo(zone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    return answer(
        {
            "portalId": call.portal.id,
            "accountType": "STANDARD",
            "timeZone": zone,
            "companyCurrency": "EUR",
            "additionalCurrencies": ["USD"],
            "utcOffset": f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02d}:{abs(seconds) % 3600 // 60:02d}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": call.hub.base.partition("://")[2],
            "dataHostingLocation": "na1",
        }
    )


def usage(call: Call) -> Response:
    most, used = call.hub.settings["limit_daily"], call.hub.used_today(call.portal.id)
    return answer({"results": [{"name": "private-apps-api-calls-daily", "usageLimit": most, "currentUsage": used,
                                "fetchStatus": "SUCCESS"}]})  # fmt: skip
