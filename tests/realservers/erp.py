"""A Tryton server for tests, a connector for it, and a person who works there with Tryton's own client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.base import Connector
from integrations.models import AppInstance
from integrations.records import Values
from integrations.services import credentials
from integrations.services.connections import open_connector
from integrations.standins.realservers import tryton
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import TrytonServer

# The first server of a machine takes a minute and a half to make, later ones seconds.
MARKS = [] if tryton.is_ready() else [pytest.mark.slow, pytest.mark.timeout(900)]
GLUE = "\u00a0"
CONTEXT = {"company": 1, "_skip_warnings": True}


def running(folder: Path) -> Iterator[TrytonServer]:
    try:
        with tryton.tryton(folder) as server:
            yield server
    except tryton.NotInstallable as reason:
        pytest.skip(f"no Tryton: {reason}")


def connector(url: str, key: str, **words: str) -> Connector:
    """As while the form is tried out: the instance is not saved, so there is no shared budget."""
    instance = AppInstance(app_key="tryton", way_in="keys", base_url=url)
    credentials.draft(instance, {"access_token": key, **words})
    return open_connector(instance)


class Person:
    """Somebody at the keyboard. Only what the server itself offers its client, none of the connector's code."""

    def __init__(self, server: TrytonServer, proxy: Proxy) -> None:
        self.server, self.proxy = server, proxy

    # -- Tryton's own words ------------------------------------------------------------------------------------------------------
    def make(self, model: str, *rows: dict[str, Any]) -> list[int]:
        return list(self.server.rpc(f"model.{model}.create", list(rows), CONTEXT))

    def change(self, model: str, id: Any, **values: Any) -> None:
        self.server.rpc(f"model.{model}.write", [int(id)], values, CONTEXT)

    def erase(self, model: str, *ids: Any) -> None:
        self.server.rpc(f"model.{model}.delete", [int(id) for id in ids], CONTEXT)

    def press(self, model: str, button: str, id: Any) -> None:
        self.server.rpc(f"model.{model}.{button}", [int(id)], CONTEXT)

    def look(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        return list(
            self.server.rpc(f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], list(fields), CONTEXT)
        )

    def one(self, model: str, id: Any, *fields: str) -> dict[str, Any]:
        return self.look(
            model, [["id", "=", int(id)], *([["active", "in", [True, False]]] if "active" in fields else [])], *fields
        )[0]

    def category(self, name: str) -> int:
        found = self.look("party.category", [["name", "=", name]], "id")
        return int(found[0]["id"] if found else self.make("party.category", {"name": name})[0])

    # -- trouble -----------------------------------------------------------------------------------------------------------------
    def trouble(self, what: str) -> None:
        if what == "lost":
            self.proxy.lose = "/create"
        else:
            self.proxy.answer_with = {"revoked": 401, "limited": 429, "down": 503}[what]
            self.proxy.times = 1 if what == "limited" else None


class PartyPeer(Person):
    """Keeps people (with the category) or organisations (without)."""

    def __init__(self, server: TrytonServer, proxy: Proxy, *, people: bool) -> None:
        super().__init__(server, proxy)
        self.people = people
        self.mark = self.category("Person")

    def put(self, values: Values) -> str:
        return str(self.make("party.party", self._row(values))[0])

    def put_many(self, count: int) -> list[str]:
        rows = [self._row({"email": f"many{number}@example.com", "name": f"Many {number}"}) for number in range(count)]
        return [str(id) for id in self.make("party.party", *rows)]

    def edit(self, id: str, values: Values) -> None:
        held = self.values(id)
        name = self._name({**held, **values})
        if name != self._name(held):
            self.change("party.party", id, name=name)
        if "email" in values:
            row = next(each for each in self._below(id) if each["type"] == "email")
            self.change("party.contact_mechanism", row["id"], value=values["email"])
        if "city" in values:
            (address,) = self.look("party.address", [["party", "=", int(id)]], "id")
            self.change("party.address", address["id"], city=values["city"])

    def remove(self, id: str) -> None:
        self.erase("party.party", id)

    def merge(self, winner: str, loser: str) -> str:
        session, _start, _end = self.server.rpc("wizard.party.replace.create", {})
        choice = {"ask": {"source": int(loser), "destination": int(winner)}}
        context = {**CONTEXT, "active_id": int(loser), "active_ids": [int(loser)], "active_model": "party.party"}
        self.server.rpc("wizard.party.replace.execute", session, choice, "replace", context)
        return winner

    def values(self, id: str) -> Values:
        row = self.one("party.party", id, "name", "addresses.city", "active")
        name = str(row["name"] or "")
        city = next((each["city"] for each in row["addresses."]), None) or None
        email = next((each["value"] for each in self._below(id) if each["type"] == "email"), None)
        if not self.people:
            return {"email": email, "name": name or None, "city": city}
        first, _space, last = ("", "", "") if name.endswith(GLUE) else name.rpartition(" ")
        first = first or (name.strip(GLUE) if name.endswith(GLUE) else "")
        return {"email": email, "first_name": first or None, "last_name": last.replace(GLUE, " ") or None}

    def ids(self) -> set[str]:
        link = "where" if self.people else "not where"
        return {
            str(row["id"]) for row in self.look("party.party", [["categories", link, [["id", "=", self.mark]]]], "id")
        }

    def _below(self, id: str) -> list[dict[str, Any]]:
        return self.look("party.contact_mechanism", [["party", "=", int(id)]], "type", "value")

    def _row(self, values: Values) -> dict[str, Any]:
        row: dict[str, Any] = {"name": self._name(values)}
        if self.people:
            row["categories"] = [["add", [self.mark]]]
        if email := values.get("email"):
            row["contact_mechanisms"] = [["create", [{"type": "email", "value": email}]]]
        row["addresses"] = [["create", [{"city": values.get("city")}]]]
        return row

    def _name(self, values: Values) -> str | None:
        if not self.people:
            return str(values["name"]) if values.get("name") else None
        first, last = str(values.get("first_name") or ""), str(values.get("last_name") or "").replace(" ", GLUE)
        return f"{first}{GLUE}" if first and not last else f"{first} {last}".strip(" ")
