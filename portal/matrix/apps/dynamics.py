"""Organisations of Dynamics' stand-in. ``attribute:table`` is one target of a lookup that can point to several."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from integrations.models import AppInstance
from integrations.records import Field, Value, Values
from integrations.registry import app
from integrations.services import connections
from portal.accounts.models import Account
from portal.demo.apis import patient
from portal.matrix.apps.base import Records, Standin

API = "/api/data/v9.2"
TABLES = {
    "contacts": "contact", "leads": "lead", "accounts": "account", "opportunities": "opportunity", "products": "product",
    "invoices": "invoice", "incidents": "incident", "tasks": "task", "phonecalls": "phonecall", "appointments": "appointment",
    "emails": "email", "annotations": "annotation",
}  # fmt: skip
SETS = {table: kind for kind, table in TABLES.items()}
ACTIVITIES = ("tasks", "phonecalls", "appointments", "emails")
CLOSED = ("opportunities", "leads", "incidents", *ACTIVITIES)  # what the states 1 and 2 close
MERGING = ("contacts", "leads", "accounts", "incidents")
POINTS_TO = {"parentaccountid": "accounts", "parentcontactid": "contacts", "primarycontactid": "contacts",
             "opportunityid": "opportunities"}  # fmt: skip
CUSTOMER = "customerid"
CUSTOMERS = {("opportunities", "parentaccountid"): "account", ("opportunities", "parentcontactid"): "contact",
             ("incidents", "primarycontactid"): "contact"}  # fmt: skip
"""Lookups that are left empty where the customer says it already: what the customer is then."""
LOGICAL = "Microsoft.Dynamics.CRM.lookuplogicalname"
NUMBERS = ("Integer", "Decimal", "Double", "Money", "BigInt")
CHOICES = ("Picklist", "State", "Status")
SENDING, SENT = (6, 7), 3  # status reasons of e-mails
PARTIES = "parties:contact"  # what mappings call the contacts among an activity's participants
TO = 2  # participation type mask


class Dynamics(Standin):
    key = standin = "dynamics"
    has_second = True
    options = ("limit_requests=0", "token_seconds=1000000000")

    def __init__(self, facts: Mapping[str, Any], *, second: bool = False) -> None:
        super().__init__(facts, second=second)
        self.organisation = int(second)
        self.about = facts["organisations"][self.organisation]
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {self.about['token']}"
        self.http.headers["Prefer"] = f'odata.maxpagesize=500,odata.include-annotations="{LOGICAL}"'
        self._types = cache(self._read_types)

    @classmethod
    def environment(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        return {**facts["environment"], "DYNAMICS_CALLS_PER_SECOND": "1000000"}

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        """By the consent page."""
        address = connections.start_oauth(
            account=account, user=user, app=app("dynamics"), label="", values={"base_url": self.about["url"]}
        )
        form = [*parse_qsl(urlsplit(address).query), ("decision", "allow")]
        answer = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=30)
        query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        return connections.finish_oauth(account=account, user=user, query=query)

    def control(self, verb: str, **given: Any) -> Any:
        return super().control(verb, organisation=self.organisation, **given)

    # -- hands -------------------------------------------------------------------------------------------------------------
    def wire(self, kind: str, values: Values) -> dict[str, Any]:
        return dict(self._member(kind, name, value) for name, value in values.items())

    def _member(self, kind: str, name: str, value: Value) -> tuple[str, Any]:
        attribute, _, table = name.partition(":")
        if name == PARTIES:
            ids = value if isinstance(value, list) else []
            return f"{TABLES[kind]}_activity_parties", [
                {"partyid_contact@odata.bind": f"/contacts({id})", "participationtypemask": TO} for id in ids
            ]
        if table or attribute in POINTS_TO:
            member = f"{attribute}_{table}" if table else attribute
            address = f"/{SETS.get(table) or POINTS_TO[attribute]}({value[0]})" if isinstance(value, list) else None
            return f"{member}@odata.bind", address
        if name == "ownerid":
            id = next(id for id, address in self.users.items() if address == value)
            return "ownerid@odata.bind", f"/systemusers({id})"
        if name == "transactioncurrencyid":
            id = next(id for id, code in self.currencies.items() if code == value)
            return "transactioncurrencyid@odata.bind", f"/transactioncurrencies({id})"
        return name, _typed(value, self._types(kind).get(name, ""))

    def place(self, kind: str, field: Field) -> str:
        return field.name if field.many else field.name.partition(":")[0]

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        """As the forms do it: with what they insist on, and in two steps where a row is to have a state that it is not born in."""
        wires = [self.wire(kind, values) | self._insisted(kind, values) for values in rows]
        states = [{name: wire.pop(name) for name in ("statecode", "statuscode") if name in wire} for wire in wires]
        made = self.control("records", type=kind, create=wires)["created"]
        for state in states:
            if kind == "emails" and state.get("statuscode") in SENDING:
                state["statuscode"] = SENT  # it has left by the time that anybody looks
        later = [{"id": id, **state} for id, state in zip(made, states, strict=True) if state]
        if kind == "products":
            later = [{"id": id, "statecode": 0} for id in made]  # published
        if later:
            self.control("records", type=kind, edit=later)
        return [str(id) for id in made]

    def _insisted(self, kind: str, values: Values) -> dict[str, Any]:
        """A case without a customer, an invoice without a price list, a product without a unit: no form saves it."""
        if kind == "incidents" and not values.get("customerid:account"):
            return {"customerid_account@odata.bind": f"/accounts({self._first('accounts', 'accountid')})"}
        if kind == "invoices":
            return {"pricelevelid@odata.bind": f"/pricelevels({self._first('pricelevels', 'pricelevelid')})"}
        if kind == "products":
            unit, group = self._first("uoms", "uomid"), self._first("uomschedules", "uomscheduleid")
            return {"defaultuomid@odata.bind": f"/uoms({unit})", "quantitydecimal": 2, "productstructure": 1,
                    "defaultuomscheduleid@odata.bind": f"/uomschedules({group})"}  # fmt: skip
        return {}

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        table = TABLES[kind]
        key = "activityid" if kind in ACTIVITIES else f"{table}id"
        columns = {key, *(self._column(kind, field) for field in fields if field.name != PARTIES)}
        columns |= {f"_{CUSTOMER}_value" for field in fields if (kind, field.name) in CUSTOMERS}
        query = {"$select": ",".join(sorted(columns))}
        if kind in MERGING:
            query["$filter"] = "merged ne true"  # a row that was merged away stays in its table
        if any(field.name == PARTIES for field in fields):
            query["$expand"] = f"{table}_activity_parties($select=_partyid_value,participationtypemask)"
        return {
            row[key]: {field.name: self._shown(kind, field.name, row) for field in fields}
            for row in self._rows(kind, query)
        }

    def writes(self, kind: str) -> int:
        return int(self.control("writes").get(kind, 0))

    def locked(self, kind: str) -> set[str]:
        """Closed rows, which take no change until somebody opens them, and what they name: when that is deleted or merged
        elsewhere, they would lose it, or get another one."""
        found: set[str] = set()
        for closed in CLOSED:
            parties = f"{TABLES[closed]}_activity_parties"
            query = {"$filter": "statecode eq 1 or statecode eq 2"}
            query |= {"$expand": f"{parties}($select=_partyid_value)"} if closed in ACTIVITIES else {}
            for row in self._rows(closed, query):
                found |= {row["activityid"] if closed in ACTIVITIES else row[f"{TABLES[closed]}id"]}
                found |= {
                    str(id)
                    for each in (row, *row.get(parties, ()))
                    for name, id in each.items()
                    if name.endswith("_value")
                }
        return found

    # -- inside ------------------------------------------------------------------------------------------------------------
    def _column(self, kind: str, field: Field) -> str:
        name = field.name.partition(":")[0]
        return f"_{name}_value" if self._types(kind)[name] in ("Lookup", "Customer", "Owner") else name

    def _shown(self, kind: str, name: str, row: dict[str, Any]) -> Value:
        attribute, _, table = name.partition(":")
        if name == PARTIES:
            parties = row[f"{TABLES[kind]}_activity_parties"]
            return sorted(
                {each["_partyid_value"] for each in parties if each.get(f"_partyid_value@{LOGICAL}") == "contact"}
            )
        held = row.get(attribute) if attribute in row else row[f"_{attribute}_value"]
        if (
            not held
            and (kind, attribute) in CUSTOMERS
            and row.get(f"_{CUSTOMER}_value@{LOGICAL}") == CUSTOMERS[kind, attribute]
        ):
            held = row[f"_{CUSTOMER}_value"]
        if table or attribute in POINTS_TO:
            is_other = bool(table) and row.get(f"_{attribute}_value@{LOGICAL}") != table
            return [held] if held and not is_other else []
        if attribute in ("ownerid", "transactioncurrencyid"):
            return (self.users if attribute == "ownerid" else self.currencies).get(str(held))
        if isinstance(held, bool):
            return str(held).lower() if attribute == "directioncode" else held
        return _plain(held)

    def _read_types(self, kind: str) -> dict[str, str]:
        """Column → type, from the organisation's own definitions."""
        path = f"EntityDefinitions(LogicalName='{TABLES[kind]}')/Attributes"
        rows = self._rows(path, {"$select": "LogicalName,AttributeType"})
        return {row["LogicalName"]: row["AttributeType"] for row in rows}

    @cached_property
    def users(self) -> dict[str, str]:
        rows = self._rows("systemusers", {"$select": "systemuserid,internalemailaddress"})
        return {row["systemuserid"]: row["internalemailaddress"].lower() for row in rows}

    @cached_property
    def currencies(self) -> dict[str, str]:
        rows = self._rows("transactioncurrencies", {"$select": "transactioncurrencyid,isocurrencycode"})
        return {row["transactioncurrencyid"]: row["isocurrencycode"] for row in rows}

    def _first(self, kind: str, key: str) -> str:
        return str(self._rows(kind, {"$select": key, "$top": "1", "$orderby": "createdon asc"})[0][key])

    def _rows(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        link = f"{self.about['url']}{API}/{path}"
        while link:
            said = patient(self.http, "GET", link, params=query)
            found += said["value"]
            link, query = said.get("@odata.nextLink", ""), {}
        return found


def _typed(value: Value, type: str) -> Any:
    """A canonical value as JSON of the Web API."""
    if value is None or isinstance(value, list):
        return None
    if type == "Boolean":
        return value is True or value == "true"
    if type in CHOICES:
        return int(str(value))
    return float(str(value)) if type in NUMBERS and "." in str(value) else int(str(value)) if type in NUMBERS else value


def _plain(held: Any) -> Value:
    if isinstance(held, int | float):
        return format(Decimal(str(held)).normalize(), "f")
    return held or None
