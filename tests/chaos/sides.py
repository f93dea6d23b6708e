"""The two sides as people and an auditor see them: hands of their own, and the vendors' public APIs read whole.

Nothing here shares code with a connector: what proves a sync must not agree with it by mistake. All sides speak of the same four
fields (``FIELDS``), whatever they are called there.
"""

import re
from collections.abc import Iterator
from typing import Any

import requests

from portal.demo.apis import HubSpotApi, SnovioApi

FIELDS = ("first", "last", "phone", "country")
TYPED = ("first", "last", "phone")  # what people type; countries are a fixed list at one side
Record = dict[str, str]
"""``{"id", "email", "first", "last", "phone", "country"}``; the address in lower case, "" where there is nothing."""


class NotThere(Exception):
    """The record is gone, or the address taken, meanwhile: a person sees that and types nothing."""


class Side:
    """``writes``: which request lines of the stand-in's statistics change records."""

    writes: re.Pattern[str]
    burst_every = (20.0, 40.0)  # seconds between bursts of "too many requests"
    burst_seconds = 4.0  # how long all requests are refused
    burst: dict[str, Any] = {}
    names: dict[str, str]
    control: str

    def records(self) -> Iterator[Record]:
        """Everything there is, over the public API."""
        raise NotImplementedError

    def at_a_glance(self) -> list[tuple[str, str]]:
        """(id, address) of everything, cheaply: how people know what there is."""
        raise NotImplementedError

    def edit(self, id: str, field: str, value: str) -> None:
        self.by_hand(edit=[{"id": id, self.names[field]: value}])

    def create(self, values: Record) -> str:
        raise NotImplementedError

    def delete(self, id: str) -> None:
        self.by_hand(delete=[id])

    # -- the stand-in's knobs -------------------------------------------------------------------------------------------
    def ask(self, verb: str, **given: Any) -> Any:
        """A control verb."""
        answer = requests.post(f"{self.control}/{verb}", json=given, timeout=30)
        if answer.status_code == 400:
            raise NotThere(answer.text)
        answer.raise_for_status()
        return answer.json()

    def by_hand(self, **what: Any) -> Any:
        return self.ask("records", **what)

    def disturb(self, **rule: Any) -> None:
        self.ask("faults", **rule)

    def rules(self) -> list[dict[str, Any]]:
        return list(self.ask("faults")["faults"])

    def noisy_notices(self) -> None:
        self.ask("webhooks", duplicate=0.5, shuffle=0.3)

    def calm(self) -> None:
        self.ask("faults", clear=True)
        self.ask("webhooks", duplicate=0, shuffle=0)

    def busy(self) -> None:
        """A burst of "too many requests", unless the last one still goes on. It lasts as long as it lasts, however often it is
        asked: of a number of refusals, a client that waits a minute after each would make an hour."""
        if not any(rule["status"] == 429 for rule in self.rules()):
            self.disturb(fault="status", status=429, next=10_000, lasts=self.burst_seconds, **self.burst)

    def faults(self) -> dict[str, int]:
        return dict(self.ask("stats")["faults"])

    def forget_requests(self) -> None:
        self.ask("stats", reset=True)

    def writes_since_reset(self) -> int:
        by_path = self.ask("stats")["by_path"]
        return sum(n for line, n in by_path.items() if self.writes.search(line))


class HubSpotSide(Side):
    writes = re.compile(
        r"^(PATCH|PUT|DELETE) |^POST .*/batch/(create|update|upsert|archive)$|^POST /crm/objects/[^/]+/[^/]+$"
    )
    burst = {"retry_after": 1}
    names = {"email": "email", "first": "firstname", "last": "lastname", "phone": "phone", "country": "country"}

    def __init__(self, standin: dict[str, Any]) -> None:
        self.api, self.control = HubSpotApi(standin), standin["control_url"]

    def records(self) -> Iterator[Record]:
        for each in self.api.contacts():
            yield {
                "id": str(each["id"]),
                **{ours: plain(ours, each.get(theirs)) for ours, theirs in self.names.items()},
            }

    def at_a_glance(self) -> list[tuple[str, str]]:
        listed = self.ask("list", type="contacts")["results"]
        return [(str(each["id"]), plain("email", each["properties"].get("email"))) for each in listed]

    def create(self, values: Record) -> str:
        return str(self.by_hand(create=[{self.names[name]: value for name, value in values.items()}])["created"][0])


class SnovioSide(Side):
    writes = re.compile(r"^POST /v1/(add-prospect-to-list|change-recipient|lists)")
    burst_every = (90.0, 180.0)  # its limit is by the minute, so whoever is told off waits one
    names = {"email": "email", "first": "firstName", "last": "lastName", "phone": "phone", "country": "country"}

    def __init__(self, standin: dict[str, Any]) -> None:
        self.api, self.control = SnovioApi(standin), standin["control_url"]

    def records(self) -> Iterator[Record]:
        for each in self.api.prospects():
            named = {"first": "firstname", "last": "lastname"}
            yield {"id": each["id"], **{ours: plain(ours, each.get(named.get(ours, ours))) for ours in self.names}}

    def at_a_glance(self) -> list[tuple[str, str]]:
        rows = {row["id"]: (row.get("emails") or [{}])[0].get("email") for row in self.api.rows()}
        return [(id, plain("email", email)) for id, email in rows.items()]

    def create(self, values: Record) -> str:
        return str(self.by_hand(create=[{self.names[name]: value for name, value in values.items()}])["ids"][0])


def plain(field: str, value: Any) -> str:
    """A value as people compare it: addresses without case, telephone numbers by their digits."""
    text = str(value or "").strip()
    if field == "email":
        return text.casefold()
    return re.sub(r"\D", "", text) if field == "phone" else text
