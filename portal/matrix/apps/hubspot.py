"""HubSpot's stand-in. References are associations: their fields are called ``associations.<kind>[.<label>]``. Owners are ids on the
wire, and addresses to everyone else."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from integrations.models import AppInstance
from integrations.records import Field, FieldType, Values
from integrations.services import credentials
from portal.accounts.models import Account
from portal.demo import story
from portal.demo.apis import HubSpotApi
from portal.matrix.apps.base import Records, Standin

VERSION = "2026-03"
ASSOCIATIONS = "associations."
OWNER = "hubspot_owner_id"


class HubSpot(Standin):
    key = standin = "hubspot"
    has_second = True
    options = ("limit_oauth=1000000000", "limit_static=0", "limit_search=0", "search_lag=0", "token_seconds=1000000000")
    writes_of_kind = (
        r"^(PATCH|PUT|DELETE) /crm/(objects|associations)/[^/]+/{kind}/"
        r"|^POST /crm/objects/[^/]+/{kind}(/batch/(create|update|upsert|archive)|/merge)?$"
        r"|^POST /crm/associations/[^/]+/{kind}/[^/]+/batch/(create|archive|associate/default|labels/archive)$"
    )

    def __init__(self, facts: Mapping[str, Any], *, second: bool = False) -> None:
        super().__init__(facts, second=second)
        self.portal = int(facts["portal_id"]) + second
        self.api = HubSpotApi(dict(facts))

    @classmethod
    def environment(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        return {
            "HUBSPOT_API_URL": facts["api_url"],
            "HUBSPOT_APP_URL": facts["app_url"],
            "HUBSPOT_CLIENT_ID": facts["client_id"],
            "HUBSPOT_CLIENT_SECRET": facts["client_secret"],
            "HUBSPOT_CALLS_PER_SECOND": "1000000",
        }

    def open(self, stack: ExitStack, folder: Path) -> None:
        """Nobody listens to webhooks here: polls find all changes."""
        self.control("settings", webhook_url="")

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        found = story.connect_hub(account, user, {"portal_id": self.portal}, as_hub=as_hub)
        self.api.http.headers["Authorization"] = f"Bearer {credentials.secrets(found)['access_token']}"
        return found

    def control(self, verb: str, **given: Any) -> Any:
        return super().control(verb, **({"portal": self.portal} if verb == "records" else {}), **given)

    # -- hands -------------------------------------------------------------------------------------------------------------
    def wire(self, kind: str, values: Values) -> dict[str, Any]:
        wire = {name: _wire(value) for name, value in values.items() if not name.startswith(ASSOCIATIONS)}
        if owner := wire.get(OWNER):
            wire[OWNER] = next(id for id, address in self.owners.items() if address == owner)
        return wire

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        ids = super().create(kind, rows)
        ties = [tie for id, values in zip(ids, rows, strict=True) for tie in _ties(id, values)]
        if ties:
            self.control("records", type=kind, associate=ties)
        return ids

    def edit(self, kind: str, id: str, values: Values) -> None:
        """A new association comes besides the old ones; a label that only one can have moves."""
        if ties := _ties(id, values):
            self.control("records", type=kind, associate=ties)
        if self.wire(kind, values):
            super().edit(kind, id, values)

    def writes(self, kind: str) -> int:
        """The stand-in counts for all its accounts together."""
        return 0 if self.second else super().writes(kind)

    # -- eyes --------------------------------------------------------------------------------------------------------------
    @cached_property
    def owners(self) -> dict[str, str]:
        """Addresses of the active owners by id."""
        page = self.api.call("GET", f"/crm/owners/{VERSION}", params={"limit": 500})
        return {owner["id"]: owner["email"].casefold() for owner in page["results"]}

    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        plain = [field for field in fields if field.type is not FieldType.REFERENCE]
        found: Records = {}
        after = ""
        while True:
            query = {"limit": 100, "properties": ",".join(field.name for field in plain), "after": after}
            page = self.api.call("GET", f"/crm/objects/{VERSION}/{kind}", params={k: v for k, v in query.items() if v})
            for record in page["results"]:
                found[record["id"]] = {
                    each.name: self._read(record["properties"].get(each.name), each) for each in plain
                }
            after = page.get("paging", {}).get("next", {}).get("after", "")
            if not after:
                break
        for field in fields:
            if field.type is FieldType.REFERENCE:
                self._read_references(kind, field, found)
        return found

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.api.call("GET", f"/account-info/{VERSION}/details")["timeZone"])

    def _read(self, value: Any, field: Field) -> Any:
        if field.type is FieldType.USER:
            return self.owners.get(value, value) or None
        if field.type is FieldType.DATE and "T" in str(value or ""):  # a day that is kept as a moment
            return datetime.fromisoformat(value).astimezone(self.zone).date().isoformat()
        return _read(value, field)

    def _read_references(self, kind: str, field: Field, found: Records) -> None:
        to, _, label = field.name.removeprefix(ASSOCIATIONS).partition(".")
        for values in found.values():
            values[field.name] = []
        ids_here = list(found)
        for start in range(0, len(ids_here), 1000):
            body = {"inputs": [{"id": id} for id in ids_here[start : start + 1000]]}
            answer = self.api.call("POST", f"/crm/associations/{VERSION}/{kind}/{to}/batch/read", json=body)
            for row in answer["results"]:
                ids = [
                    str(each["toObjectId"])
                    for each in row["to"]
                    if not label or label in {_label(type) for type in each["associationTypes"]}
                ]
                found[str(row["from"]["id"])][field.name] = sorted(ids)


def _label(type: dict[str, Any]) -> str:
    return str(type.get("label") or "").casefold().removesuffix(" company").split(" ")[0]


def _ties(id: str, values: Values) -> list[list[str]]:
    """``[[id, "companies", other, "primary"], …]``; the label may be left out."""
    ties = []
    for name, value in values.items():
        if name.startswith(ASSOCIATIONS) and isinstance(value, list):
            to, _, label = name.removeprefix(ASSOCIATIONS).partition(".")
            ties += [[id, to, other, *([label] if label else [])] for other in value]
    return ties


def _wire(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(value) if isinstance(value, list) else str(value or "")


def _read(value: Any, field: Field) -> Any:
    if value in (None, ""):
        return None
    if field.type is FieldType.BOOL:
        return str(value).casefold() == "true"
    return sorted(value.split(";")) if field.type is FieldType.MULTI else str(value)
