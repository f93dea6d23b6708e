"""Salesforce's stand-in. Tasks and calls are rows of one object; a reference is a lookup, ``WhatId:Account`` one target of one.
Owners are ids on the wire, and addresses to everyone else. Contacts of an opportunity are rows of their own."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from integrations.models import AppInstance
from integrations.records import Field, FieldType, Values
from integrations.registry import app
from integrations.services import connections
from portal.accounts.models import Account
from portal.demo.install import DemoFailed
from portal.matrix.apps.base import Records, Standin

OBJECTS = {
    "contacts": "Contact", "leads": "Lead", "accounts": "Account", "opportunities": "Opportunity", "products": "Product2",
    "cases": "Case", "tasks": "Task", "calls": "Task", "meetings": "Event",
}  # fmt: skip
ONLY = {
    "tasks": "WHERE TaskSubtype = 'Task'",
    "calls": "WHERE TaskSubtype = 'Call'",
    "leads": "WHERE IsConverted = false",
}
BORN = {"tasks": {"TaskSubtype": "Task"}, "calls": {"TaskSubtype": "Call"}}
PREFIXES = {"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "Case": "500", "Product2": "01t"}
DOMAIN = "Website.domain"  # no field of Salesforce: the host of the web address
ROLES = "OpportunityContactRoles"
API = "/services/data/v62.0"


class Salesforce(Standin):
    key = standin = "salesforce"
    has_second = True
    options = ("daily_requests=0", "session_seconds=1000000000")
    writes_of_kind = (
        r"^(POST|PATCH|DELETE) /services/data/[^/]+/(composite|sobjects)"  # the path does not name the object
    )

    def __init__(self, facts: Mapping[str, Any], *, second: bool = False) -> None:
        super().__init__(facts, second=second)
        self.org = facts["organisations"][int(second)]

    @classmethod
    def environment(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        return {**facts["environment"], "SALESFORCE_DAILY_SHARE": "100"}

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        """By the consent page: open it, press Allow, hand the redirect's query to the callback's service."""
        address = connections.start_oauth(account=account, user=user, app=app("salesforce"), label="", as_hub=as_hub)
        form = {**dict(parse_qsl(urlsplit(address).query)), "decision": "allow", "organisation": str(int(self.second))}
        answer = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=30)
        if "location" not in answer.headers:
            raise DemoFailed(f"The consent page answered {answer.status_code}: {answer.text[:300]}")
        query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        return connections.finish_oauth(account=account, user=user, query=query)

    def control(self, verb: str, **given: Any) -> Any:
        kind = {"type": OBJECTS.get(given["type"], given.pop("type"))} if "type" in given else {}
        return super().control(verb, organisation=int(self.second), **kind, **given)

    # -- hands -------------------------------------------------------------------------------------------------------------
    def place(self, kind: str, field: Field) -> str:
        """Of a lookup's targets one can be named."""
        return field.name.partition(":")[0]

    def wire(self, kind: str, values: Values) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in values.items():
            lookup, _colon, _target = name.partition(":")
            if name == ROLES:
                continue
            if isinstance(value, list) and not name.endswith("__c"):
                found[lookup] = value[0] if value else found.get(lookup)
            elif name == "OwnerId":
                found[name] = next(id for id, address in self.users.items() if address == value)
            else:
                found[name] = _number(value) if name in self._numbers(kind) else value
        return found

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        given = [{**BORN.get(kind, {}), **self.wire(kind, values)} for values in rows]
        ids = [str(id) for id in self.control("records", type=kind, create=given)["created"]]
        for id, values in zip(ids, rows, strict=True):
            self._give_roles(id, values)
        return ids

    def edit(self, kind: str, id: str, values: Values) -> None:
        """A new contact of an opportunity comes besides the old ones."""
        self._give_roles(id, values)
        if wired := self.wire(kind, values):
            self.control("records", type=kind, edit=[{"Id": id, **wired}])

    def _give_roles(self, id: str, values: Values) -> None:
        contacts = values.get(ROLES)
        if isinstance(contacts, list) and contacts:
            rows = [{"OpportunityId": id, "ContactId": contact} for contact in contacts]
            self.control("records", type="OpportunityContactRole", create=rows)

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        columns = dict.fromkeys(["Id", *(_column(field) for field in fields)])
        soql = f"SELECT {', '.join(columns)} FROM {OBJECTS[kind]} {ONLY.get(kind, '')}"
        return {str(row["Id"]): {field.name: _read(row, field) for field in fields} for row in self._query(soql)}

    @cached_property
    def users(self) -> dict[str, str]:
        """Addresses of the active users by id."""
        return {
            row["Id"]: row["Email"].casefold()
            for row in self._query("SELECT Id, Email FROM User WHERE IsActive = true")
        }

    def _numbers(self, kind: str) -> set[str]:
        if kind not in self._described:
            said = self._get(f"{API}/sobjects/{OBJECTS[kind]}/describe")
            numbers = ("int", "double", "currency", "percent")
            self._described[kind] = {field["name"] for field in said["fields"] if field["type"] in numbers}
        return self._described[kind]

    @cached_property
    def _described(self) -> dict[str, set[str]]:
        return {}

    def _query(self, soql: str) -> list[dict[str, Any]]:
        page = self._get(f"{API}/query", {"q": soql})
        rows = list(page["records"])
        while not page["done"]:
            page = self._get(page["nextRecordsUrl"])
            rows += page["records"]
        return rows

    def _get(self, path: str, params: dict[str, str] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.org['token']}"}
        answer = requests.get(self.org["url"] + path, params=params, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()


def _column(field: Field) -> str:
    if field.name == ROLES:
        return f"(SELECT ContactId FROM {ROLES})"
    if field.name == DOMAIN:
        return "Website"
    if field.type is FieldType.USER:
        return f"{field.name.removesuffix('Id')}.Email"
    return field.name.partition(":")[0]


def _read(row: dict[str, Any], field: Field) -> Any:
    if field.name == ROLES:
        return sorted(each["ContactId"] for each in (row[ROLES] or {}).get("records", []))
    if field.name == DOMAIN:
        return (row["Website"] or "").rpartition("//")[2].partition("/")[0].removeprefix("www.") or None
    if field.type is FieldType.USER:
        parent = row.get(field.name.removesuffix("Id")) or {}
        return str(parent.get("Email") or "").casefold() or None
    name, _colon, target = field.name.partition(":")
    value = row.get(name)
    if field.type is FieldType.REFERENCE:
        return [value] if value and (not target or value.startswith(PREFIXES[target])) else []
    if field.type is FieldType.MULTI:
        return sorted(value.split(";")) if value else None
    return value if value is None or isinstance(value, bool) else str(value)


def _number(value: Any) -> Any:
    return value if value is None else float(value)
