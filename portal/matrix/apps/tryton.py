"""Tryton, a real ERP server, behind a proxy that counts what is asked of it. People work with Tryton's own client, over JSON-RPC;
here they are all the administrator. What its forms hold is in ``tryton_rows``.
"""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from integrations.models import AppInstance
from integrations.records import Field, Values
from integrations.registry import app
from integrations.services import connections
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import tryton
from portal.accounts.models import Account
from portal.matrix.apps.base import Adaptor, Records
from portal.matrix.apps.tryton_rows import FORMS, HANGS_AT, OPPORTUNITY, PARTY, PERSON, WORKS_FOR, Row, is_person

COLLEAGUES = {"dana.reyes@syncline.example": "Dana Reyes", "ploy.srisuk@syncline.example": "Ploy Srisuk"}
"""Employees who work with HubSpot, too."""

CONTEXT = {"company": 1}
BUTTONS = {"opportunity": "opportunity", "lost": "lost", "cancelled": "cancel"}  # of a new opportunity, which is a lead
CLOSED = ["converted", "won", "lost", "cancelled"]
AT_ONCE = 40  # more new products overflow SQLite's parser
WRITES = r"^(PUT|DELETE) .*/{model}/|^POST .*/{model}/(create|[0-9]+/[a-z]+)$"


class Tryton(Adaptor):
    key = "tryton"

    def open(self, stack: ExitStack, folder: Path) -> None:
        self.server = stack.enter_context(tryton(folder))
        address, _slash, self.database = self.server.url.rpartition("/")
        self.proxy = stack.enter_context(Proxy(address).running())
        self.ids: dict[str, Any] = {
            PERSON: self.ask("party.category", "create", [{"name": PERSON}])[0],
            WORKS_FOR: self.ask("party.relation.type", "create", [{"name": WORKS_FOR}])[0],
            "unit": self.look("product.uom", [], "name")[0]["id"],
            "currencies": {row["code"]: row["id"] for row in self.look("currency.currency", [], "code")},
        }
        values: list[Values] = [{"email": email, "last_name": name} for email, name in COLLEAGUES.items()]
        parties = self.create("people", values)
        self.ask("company.employee", "create", [{"party": int(id), "company": 1} for id in parties])
        employees = self.look("company.employee", [], "party.email")
        self.ids["employees"] = {row["party."]["email"]: row["id"] for row in employees}

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        values = {"base_url": f"{self.proxy.url}/{self.database}", "access_token": self.server.key}
        return connections.connect_with_keys(
            account=account, user=user, app=app("tryton"), way_in="keys", values=values, label="ERP", as_hub=as_hub
        )

    def ask(self, model: str, method: str, *given: Any) -> Any:
        """ValueError with Tryton's words where it refuses."""
        try:
            return self.server.rpc(f"model.{model}.{method}", *given, CONTEXT)
        except RuntimeError as error:
            raise ValueError(f"Tryton refused: {error}"[:300]) from error

    def look(self, model: str, domain: Sequence[Any], *fields: str) -> list[Row]:
        return list(self.ask(model, "search_read", list(domain), 0, None, [["id", "ASC"]], list(fields)))

    # -- hands -------------------------------------------------------------------------------------------------------------
    def can_type(self, kind: str, field: Field) -> bool:
        return field.name in FORMS[kind].typed

    def place(self, kind: str, field: Field) -> str:
        """A note hangs at one record."""
        return "resource" if kind == "notes" else field.name

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        form, known = FORMS[kind], self._known(kind)
        if kind == "notes":
            rows = [_at_one_record(values, number) for number, values in enumerate(rows)]
        wires = [form.wire({}, values, known) for values in rows]
        parts = [wires[start : start + AT_ONCE] for start in range(0, len(wires), AT_ONCE)]
        found = [int(id) for part in parts for id in self.ask(form.model, "create", part)]
        for id, values in zip(found, rows, strict=True):
            if button := BUTTONS.get(str(values.get("state"))):
                self.ask(OPPORTUNITY, button, [id])
        return [str(id) for id in found]

    def edit(self, kind: str, id: str, values: Values) -> None:
        form = FORMS[kind]
        (row,) = self.look(form.model, [["id", "=", int(id)]], *form.paths)
        self.ask(form.model, "write", [int(id)], form.wire(row, values, self._known(kind)))

    def _known(self, kind: str) -> dict[str, Any]:
        """A person stands in an opportunity with one of their addresses."""
        if kind != "opportunities":
            return self.ids
        rows = self.look("party.contact_mechanism", [], "party")
        return {**self.ids, "mechanisms": {row["party"]: row["id"] for row in reversed(rows)}}

    def delete(self, kind: str, ids: Sequence[str]) -> None:
        """Of opportunities Tryton lets only cancelled ones go."""
        for id in ids:
            if kind == "opportunities":
                self.ask(OPPORTUNITY, "cancel", [int(id)])
            self.ask(FORMS[kind].model, "delete", [int(id)])

    def locked(self, kind: str) -> set[str]:
        """Closed opportunities, and the parties in them: when those are merged elsewhere, the opportunity would get another one."""
        rows = self.look(OPPORTUNITY, [["state", "in", CLOSED]], "party", "contact.party")
        parties = {row["party"] for row in rows} | {(row["contact."] or {}).get("party") for row in rows}
        ids = {"opportunities": {row["id"] for row in rows}, "organisations": parties, "people": parties}.get(
            kind, set()
        )
        return {str(id) for id in ids if id}

    def merge(self, kind: str, winner: str, loser: str) -> str:
        """Tryton warns that they have different names, and is told to go on."""
        self.ask("res.user.warning", "create", [{"user": 1, "name": f"party.replace name {loser} {winner}"}])
        session, *_states = self.server.rpc("wizard.party.replace.create", CONTEXT)
        choice = {"ask": {"source": int(loser), "destination": int(winner)}}
        context = {**CONTEXT, "active_id": int(loser), "active_ids": [int(loser)], "active_model": PARTY}
        self.server.rpc("wizard.party.replace.execute", session, choice, "replace", context)
        return winner

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        form = FORMS[kind]
        rows = self.look(form.model, [list(form.domain)] if form.domain else [], *form.paths)
        if kind == "notes":
            people = {f"{PARTY},{row['id']}" for row in self.look(PARTY, [], "categories.name") if is_person(row)}
            rows = [{**row, "is_person": row["resource"] in people} for row in rows]
        read = {str(row["id"]): form.read(row) for row in rows}
        return {id: {field.name: values.get(field.name) for field in fields} for id, values in read.items()}

    def keeps(self, kind: str, field: str, values: Values) -> bool:
        """An opportunity ends on the day on which it is closed."""
        return (kind, field) == ("opportunities", "end_date") and values.get("state") in CLOSED

    def writes(self, kind: str) -> int:
        """People and organisations are counted together."""
        pattern = re.compile(WRITES.format(model=re.escape(FORMS[kind].model)))
        return sum(bool(pattern.search(f"{method} {path}")) for method, path in self.proxy.asked)


def _at_one_record(values: Values, number: int) -> Values:
    """People write notes in the form of a person, of an organisation or of an opportunity: here in turn."""
    named = [name for name in HANGS_AT if values.get(name)]
    kept = named[number % len(named)] if named else ""
    return {name: value for name, value in values.items() if name not in HANGS_AT or name == kept}
