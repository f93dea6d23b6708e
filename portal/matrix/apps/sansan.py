"""Sansan's stand-in, with an administrator's key, which shows all cards, and one that shows a user's own and the shared ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from integrations.models import AppInstance
from integrations.records import Field, Values
from integrations.registry import app
from integrations.services import connections
from portal.accounts.models import Account
from portal.demo.apis import patient
from portal.matrix.apps.base import Records, Standin

WORDS = {
    "email": "email", "last_name": "lastName", "first_name": "firstName", "last_name_reading": "lastNameReading",
    "first_name_reading": "firstNameReading", "company_name": "companyName", "department": "departmentName", "job_title": "title",
    "phone": "tel", "second_phone": "secondTel", "mobile": "mobile", "fax": "fax", "website": "url", "postcode": "postalCode",
    "prefecture": "prefecture", "city": "city", "street": "street", "country_code": "countryCode", "memo": "memo",
    "exchange_date": "exchangeDate",
}  # fmt: skip
OWNERS = ("hanako@sansan-customer.example", "taro@sansan-customer.example")
PERIOD = {"updatedFrom": "2007-01-01T00:00:00+09:00", "updatedTo": "2100-01-01T00:00:00+09:00"}


class Sansan(Standin):
    key = standin = "sansan"
    has_second = shares_records = True
    options = ("per_second=0", "per_minute=0", "tags=5")
    writes_of_kind = r"^(POST|PUT|PATCH|DELETE) "

    def __init__(self, facts: Mapping[str, Any], *, second: bool = False) -> None:
        super().__init__(facts, second=second)
        self.api_key = facts["user_key"] if second else facts["api_key"]
        self.http = requests.Session()
        self.http.headers["X-Sansan-Api-Key"] = self.api_key

    @classmethod
    def environment(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        return {"SANSAN_API_URL": facts["api_url"], "SANSAN_CALLS_PER_MINUTE": "60000"}

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        keys = {"api_key": self.api_key}
        label = "Sales" if self.second else "Tokyo office"
        return connections.connect_with_keys(
            account=account, user=user, app=app("sansan"), way_in="keys", values=keys, label=label
        )

    # -- hands -------------------------------------------------------------------------------------------------------------
    def can_type(self, kind: str, field: Field) -> bool:
        return field.name in WORDS or field.name == "tags"

    def wire(self, kind: str, values: Values) -> dict[str, Any]:
        wire: dict[str, Any] = {WORDS[name]: value or "" for name, value in values.items() if name in WORDS}
        return wire | ({"tags": values["tags"] or []} if "tags" in values else {})

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        """Cards of the key's user, who keeps every third to themselves."""
        more = [{"owner": OWNERS[self.second], "shared": number % 3 > 0} for number in range(len(rows))]
        wires = [{**self.wire(kind, values), **each} for values, each in zip(rows, more, strict=True)]
        return [str(id) for id in self.control("records", type=kind, create=wires)["created"]]

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        query: dict[str, Any] = {**PERIOD, "range": "all", "includeTags": "true", "limit": 300}
        found: Records = {}
        while True:
            page = patient(self.http, "GET", f"{self.facts['api_url']}/v3.2/bizCards", params=query)
            for card in page["data"]:
                values: Values = {ours: card.get(theirs) or None for ours, theirs in WORDS.items()}
                values["tags"] = sorted(tag["name"] for tag in card["tags"] if tag["type"] != "private") or None
                values["owner"] = card["owner"]["email"]
                found[card["id"]] = {field.name: values.get(field.name) for field in fields}
            if not page["hasMore"]:
                return found
            query["nextPageToken"] = page["nextPageToken"]
