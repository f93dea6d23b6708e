"""Snov.io as a stand-in: the sockets' side. Tokens, the limit of 60 a minute, and the way from a request to a handler."""

import hashlib
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.standins.snovio import api, control, pages
from integrations.standins.snovio.answers import Refuse
from integrations.standins.snovio.population import fill
from integrations.standins.snovio.store import Prospect, Store
from integrations.standins.snovio.subscriptions import Deliveries, Subscriptions
from integrations.standins.vendor import Vendor, Verb, World
from integrations.standins.web import answer

TOKEN_PATH = "/v1/oauth/access_token"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Snovio(Vendor):
    """One account: one pair of keys, one limiter, one store."""

    key = "snovio"
    defaults = {
        "rate_limit": 60,  # calls in any minute, the token call included; 0 = no limit
        "rate_window": 60,  # seconds; tests take shorter minutes
        "token_seconds": 3600,
        "mode": "rich",  # "strict": documented keys only, so detail calls show no e-mail, phone or custom value
        "same_list_always_422": False,  # an update in the same list is refused even with updateContact
        "refuse_long_ids": False,  # get-prospect-by-id takes the short form only
    }

    def __init__(self, world: World, settings: dict[str, Any] | None = None) -> None:
        self.subscriptions = Subscriptions()
        super().__init__(world, settings)
        self.client_id = hashlib.sha256(f"{world.seed}/snovio/id".encode()).hexdigest()[:32]
        self.client_secret = hashlib.sha256(f"{world.seed}/snovio/secret".encode()).hexdigest()[:32]
        self.user_id = 9001
        self.balance = "25000.00"
        self.dropped_rows = 0  # listing pages still to come that lack their first row
        self.repeated_rows = 0  # … that begin with the last row of the page before
        self._tokens: dict[str, float] = {}  # token → when it ends
        self.reset()

    # -- what the framework asks --------------------------------------------------------------------------------------
    def routes(self) -> list[BaseRoute]:
        return [*pages.routes(self), Route("/{path:path}", self.call, methods=METHODS)]

    def describe(self) -> dict[str, Any]:
        return {
            "api_url": self.base,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "control_url": f"{self.base}/_control",
            "page_url": f"{self.base}/app/",
            "environment": {"SNOVIO_API_URL": self.base},
            "to_connect": {"API User ID": self.client_id, "API Secret": self.client_secret},
        }

    def reset(self) -> None:
        self.store = Store(f"snovio/{self.world.seed}", self.clock.now)
        self.subscriptions.rows.clear()
        self.revoked = False  # True: the keys are refused
        self.dropped_rows = self.repeated_rows = 0
        fill(self.store, self.world.population.app)

    def verbs(self) -> dict[str, Verb]:
        return control.verbs(self)

    def make_outbox(self) -> Deliveries:
        return Deliveries(self.faults, self.subscriptions)

    def problem(self, status: int, *, retry_after: float | None = None) -> Response:
        headers = {"Retry-After": str(int(retry_after))} if retry_after is not None else None
        if status in (502, 503, 504):
            page = f"<html><head><title>{status}</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
            return HTMLResponse(page, status, headers)
        refusals = {401: Refuse.no_token(), 404: Refuse.not_found(), 429: Refuse.too_many()}
        refusal = refusals.get(status, Refuse(status, {"success": False, "message": f"Injected {status}"}))
        return said(refusal, headers)

    # -- tokens ---------------------------------------------------------------------------------------------------------
    def grant(self, params: dict[str, Any]) -> dict[str, Any]:
        given = (str(params.get("client_id", "")), str(params.get("client_secret", "")))
        right = (self.client_id, self.client_secret)
        if params.get("grant_type") != "client_credentials" or self.revoked or given != right:
            raise Refuse(401, {"error": "invalid_client", "message": "Client authentication failed"})
        seconds = float(self.settings["token_seconds"])
        return {
            "access_token": self.new_token(seconds),
            "token_type": "Bearer",
            "expires_in": int(seconds),
            "success": True,
        }

    def new_token(self, seconds: float) -> str:
        now = self.clock.now()
        self._tokens = {token: ends for token, ends in self._tokens.items() if ends > now}
        token = secrets.token_hex(20)
        self._tokens[token] = now + seconds
        return token

    def forget_tokens(self) -> None:
        self._tokens.clear()

    # -- one call -------------------------------------------------------------------------------------------------------
    async def call(self, request: Request) -> Response:
        body = await request.body()
        try:
            return answer(self.handle(request, body))
        except Refuse as refusal:
            return said(refusal)

    def handle(self, request: Request, body: bytes) -> Any:
        """Tokens may come as Bearer, in the query, in the body, even in the body of a GET. A call that is over the limit, or
        that has no token, has no effect."""
        path, content_type = request.url.path, request.headers.get("content-type", "")
        if path == TOKEN_PATH and request.method == "POST":
            self.charge()
            return self.grant(api.read_params(request.url.query, content_type, body))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        params = api.read_params(request.url.query, content_type, body)
        token = token if scheme.casefold() == "bearer" else str(params.get("access_token", ""))
        if self._tokens.get(token, 0) <= self.clock.now():
            raise Refuse.no_token()
        self.charge()
        handler, parts = api.route(request.method, path)
        return handler(self, params, *parts)

    def charge(self) -> None:
        """One call of the minute's. The strictest reading of "60 a minute": in *any* 60 seconds."""
        if self.limiter.take("account", int(self.settings["rate_limit"]), float(self.settings["rate_window"])) is None:
            raise Refuse.too_many()

    # -- listings that misbehave ----------------------------------------------------------------------------------------
    def page_of(self, rows: list[Prospect], page: int, size: int) -> list[Prospect]:
        start = (page - 1) * size
        shown = rows[start : start + size]
        if shown and self.dropped_rows:
            self.dropped_rows -= 1
            shown = shown[1:]
        if start and self.repeated_rows:
            self.repeated_rows -= 1
            shown = [rows[start - 1], *shown]
        return shown

    # -- events -----------------------------------------------------------------------------------------------------------
    def announce(self, object: str, action: str, data: dict[str, Any]) -> int:
        """Queue a webhook call to every subscription of this event; how many."""
        wanting = self.subscriptions.wanting(object, action)
        for row in wanting:
            self.outbox.put(row.end_point, {"event_object": object, "event_action": action, "data": data})
        return len(wanting)


def said(refusal: Refuse, headers: dict[str, str] | None = None) -> Response:
    if isinstance(refusal.body, str):
        return PlainTextResponse(refusal.body, refusal.status, headers)
    return answer(refusal.body, refusal.status, headers)
