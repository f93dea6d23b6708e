"""The Dynamics 365 stand-in: sign-in service, organisations, Web API, webhooks, pages and control verbs put together."""

import random
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.standins.dynamics import api, consent, control, desk, seed
from integrations.standins.dynamics.entra import Entra, Grant
from integrations.standins.dynamics.hooks import DynamicsOutbox, Hooks
from integrations.standins.dynamics.organisation import Organisation
from integrations.standins.vendor import Vendor, Verb, World
from integrations.standins.web import answer
from integrations.standins.webhooks import Outbox

# The first is at the address of the stand-in, the others below it: in reality each has a host name of its own.
ORGANISATIONS = ((0, "Northwind Trading", ""), (1, "Southgate Foods", "/southgate"))


class Dynamics(Vendor):
    key = "dynamics"
    page_prefixes = ("/main", "/organizations/oauth2/v2.0/authorize", "/common/oauth2/v2.0/authorize")
    defaults: ClassVar[dict[str, Any]] = {
        "organisations": 2,  # how many there are; read at the start
        "limit_requests": 6000,  # in five minutes per organisation (the real one counts per user); 0 = no limit
        "token_seconds": 3599,
        "refresh_tokens_once": False,
        "state_patch": False,  # newer environments accept a closing state in an update, too
        "untracked": "",  # tables without change tracking, comma separated
        "unversioned": "",  # tables without optimistic concurrency
    }

    def __init__(self, world: World, settings: dict[str, Any] | None = None) -> None:
        super().__init__(world, settings)
        chance = random.Random(f"{world.seed}/dynamics/credentials")
        client_id = f"{chance.getrandbits(32):08x}-1c2d-4e3f-8a4b-{chance.getrandbits(48):012x}"
        self.entra = Entra(self.clock, client_id, f"~8Q{chance.getrandbits(144):036x}", self.settings, self._number_at)
        self.endpoints: dict[int, dict[str, Any]] = {}  # webhooks by organisation: {"url", "headers"}
        hooks = Hooks(self)
        self.organisations = [
            Organisation(number, name, path, self.clock, hooks.notify, world.seed)
            for number, name, path in ORGANISATIONS[: self.settings["organisations"]]
        ]
        self._static = {org.number: f"static-{chance.getrandbits(128):032x}" for org in self.organisations}
        self.reset()

    def address(self, org: Organisation) -> str:
        return self.base + org.path

    def organisation_at(self, path: str) -> Organisation | None:
        return next((org for org in self.organisations if org.path.strip("/") == path.strip("/")), None)

    def _number_at(self, address: str) -> int | None:
        return next((org.number for org in self.organisations if self.address(org) == address.rstrip("/")), None)

    def routes(self) -> list[BaseRoute]:
        return [*consent.routes(self), *desk.routes(self), *api.routes(self)]

    def describe(self) -> dict[str, Any]:
        organisations = [
            {"name": org.name, "url": self.address(org), "id": org.id, "token": self._static[org.number],
             "page_url": f"{self.base}/main/{org.number}/contacts"}
            for org in self.organisations
        ]  # fmt: skip
        return {
            "api_url": self.base,
            "login_url": self.base,
            "token": self._static[0],
            "client_id": self.entra.client_id,
            "client_secret": self.entra.client_secret,
            "organisations": organisations,
            "control_url": f"{self.base}/_control",
            "page_url": organisations[0]["page_url"],
            "environment": {
                "DYNAMICS_LOGIN_URL": self.base,
                "DYNAMICS_CLIENT_ID": self.entra.client_id,
                "DYNAMICS_CLIENT_SECRET": self.entra.client_secret,
            },
            "to_connect": {f"Address of your organisation ({org['name']})": org["url"] for org in organisations},
        }

    def reset(self) -> None:
        self.endpoints.clear()
        for org in self.organisations:
            org.clear()
            seed.fill(org, seed.people_of(self.world.population.app, org.number))
        for number, token in self._static.items():  # for tests that are not about signing in
            self.entra.access[token] = (Grant("static", number, "static"), float("inf"))
        self.settings_changed()

    def verbs(self) -> dict[str, Verb]:
        return control.verbs(self)

    def make_outbox(self) -> Outbox:
        return DynamicsOutbox(self)

    def settings_changed(self) -> None:
        for org in self.organisations:
            org.state_patch = self.settings["state_patch"]
            org.untracked, org.unversioned = (
                frozenset(filter(None, self.settings[name].replace(" ", "").split(",")))
                for name in ("untracked", "unversioned")
            )

    def problem(self, status: int, *, retry_after: float | None = None) -> Response:
        if status == 429:
            code, message = "0x80072326", "Number of concurrent requests exceeded the limit of 52."
            return answer(
                {"error": {"code": code, "message": message}}, 429, {"Retry-After": str(int(retry_after or 7))}
            )
        headers = {"Retry-After": str(int(retry_after))} if retry_after is not None else None
        if status == 401:
            return Response(b"", 401, {"WWW-Authenticate": "Bearer error=invalid_token"})
        if status >= 502:
            return Response(
                "<html><body><h2>Service Unavailable</h2></body></html>", status, headers, media_type="text/html"
            )
        code = {500: "0x80040216", 403: "0x80040220"}.get(status, "0x80040203")
        return answer({"error": {"code": code, "message": "An unexpected error occurred."}}, status, headers)
