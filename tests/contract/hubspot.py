"""A person in HubSpot, and a connector to the same account, for the contract of every object type."""

from collections.abc import Sequence
from typing import Any

from integrations.connectors.hubspot.client import fault
from integrations.connectors.hubspot.connector import HubSpot
from integrations.connectors.hubspot.permissions import OPTIONAL_SCOPES, SCOPES
from integrations.connectors.hubspot.schema import to_wire
from integrations.http import ApiSession, Bearer
from integrations.records import Values
from tests.contract.conftest import Control

SHOWN = ["email", "firstname", "lastname"]
MANY: dict[str, dict[str, str]] = {
    "contacts": {"email": "many{}@example.com", "firstname": "Many"},
    "companies": {"domain": "many{}.example", "name": "Many"},
    "deals": {"dealname": "Many {}", "dealstage": "closedwon"},
}


def opened(standin: dict[str, Any], *, scopes: Sequence[str] | None = (*SCOPES, *OPTIONAL_SCOPES)) -> HubSpot:
    session = ApiSession(standin["api_url"], auth=Bearer(standin["token"]), fault=fault)
    return HubSpot(session, app_url=standin["app_url"], portal_id="4242", scopes=scopes)


def wire(values: Values) -> dict[str, str]:
    return {name: to_wire(value) for name, value in values.items()}


class HubSpotPeer:
    """By the stand-in's control verbs. ``shown`` are the fields that ``values`` tells."""

    def __init__(self, control: Control, kind: str = "contacts", shown: list[str] = SHOWN) -> None:
        self.control, self.kind, self.shown = control, kind, shown

    def of(self, kind: str) -> "HubSpotPeer":
        return HubSpotPeer(self.control, kind)

    def put(self, values: Values) -> str:
        return str(self._records(create=[wire(values)])["created"][0])

    def put_many(self, count: int) -> list[str]:
        rows = [{name: text.format(number) for name, text in MANY[self.kind].items()} for number in range(count)]
        return [str(id) for id in self._records(create=rows)["created"]]

    def edit(self, id: str, values: Values) -> None:
        self._records(edit=[{"id": int(id), **wire(values)}])

    def remove(self, id: str) -> None:
        self._records(delete=[int(id)])

    def merge(self, winner: str, loser: str) -> str:
        return str(self._records(merge=[[int(winner), int(loser)]])["merged"][0])

    def associate(self, id: str, kind: str, other: str, *label: str) -> None:
        self._records(associate=[[int(id), kind, int(other), *label]])

    def dissociate(self, id: str, kind: str, other: str, *label: str) -> None:
        self._records(dissociate=[[int(id), kind, int(other), *label]])

    def near(self, id: str, kind: str) -> dict[str, list[str]]:
        """Labels by id of the associated records."""
        rows = self._listed()[id].get("associations", {}).get(kind, [])
        return {row["id"]: row["labels"] for row in rows}

    def values(self, id: str) -> Values:
        held = self._listed()[id]["properties"]
        return {name: held.get(name) or None for name in self.shown}

    def ids(self) -> set[str]:
        return set(self._listed())

    def trouble(self, what: str) -> None:
        if what == "revoked":
            self.control("faults", fault="status", status=401)
        elif what == "limited":
            self.control("faults", fault="status", status=429, next=1)
        elif what == "down":
            self.control("down", how="503")
        else:
            self.control("faults", fault="lost", next=1)

    def _records(self, **verbs: Any) -> dict[str, Any]:
        return self.control("records", type=self.kind, **verbs)

    def _listed(self) -> dict[str, dict[str, Any]]:
        return {item["id"]: item for item in self.control("list", type=self.kind)["results"]}
