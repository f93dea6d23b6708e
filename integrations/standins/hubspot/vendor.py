"""The HubSpot stand-in: accounts, API, consent, webhooks, pages and control verbs put together."""

import json
import random
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.standins.hubspot import (
    associations_api,
    batch_api,
    consent,
    control,
    desk,
    objects_api,
    pipelines_api,
    schema_api,
    seed,
)
from integrations.standins.hubspot.errors import Problem, rate_limited
from integrations.standins.hubspot.hooks import Hooks, HubSpotOutbox
from integrations.standins.hubspot.oauth import ALL_SCOPES, Grant, OAuth
from integrations.standins.hubspot.portal import Portal
from integrations.standins.hubspot.search import Search
from integrations.standins.hubspot.table import Table
from integrations.standins.vendor import Vendor, Verb, World
from integrations.standins.webhooks import Outbox

PORTALS = (
    (4242, "Northwind Trading"),
    (4243, "Northwind Sandbox (empty)"),
    (4244, "Southgate Foods"),
    (4245, "Southgate Sandbox (empty)"),
)


class HubSpot(Vendor):
    key = "hubspot"
    page_prefixes = ("/contacts/", "/oauth/authorize")
    defaults: ClassVar[dict[str, Any]] = {
        "limit_oauth": 110,  # calls in ten seconds per account; 0 = no limit
        "limit_static": 190,
        "limit_search": 5,  # calls a second per account
        "limit_daily": 625_000,
        "token_seconds": 1800,
        "rotate_refresh_tokens": False,
        "search_lag": 0.0,  # seconds until search sees a write
        "merge_keeps_id": False,
        "webhook_url": "",
        "webhook_properties": "*",  # comma-separated names that have a propertyChange subscription; * = all writable
        "rules": {},  # rules of the account, see ``rules.py``
        "static_scopes": "*",  # what the service key may do
        "time_zone": "Europe/Berlin",  # of the accounts
        "portals": 2,  # how many accounts there are; read at the start
    }

    def __init__(self, world: World, settings: dict[str, Any] | None = None) -> None:
        super().__init__(world, settings)
        chance = random.Random(f"{world.seed}/credentials")
        self.client_id = "0f1e2d3c-4b5a-4678-8a9b-acbdcedfe0f1"
        self.client_secret = f"5ecre7{chance.getrandbits(104):026x}"
        self.service_key = f"pat-na1-{chance.getrandbits(128):032x}"
        self.oauth = OAuth(self.clock, self.client_id, self.client_secret, self.settings)
        self.hooks = Hooks(self)
        self.portals = {
            id: Portal(id, name, self.clock, self.hooks.notify) for id, name in PORTALS[: self.settings["portals"]]
        }
        self._searches: dict[tuple[int, str, str], tuple[int, list[int]]] = {}
        self._daily: dict[str, int] = {}
        self.reset()

    @property
    def home(self) -> Portal:
        """The account that has records, and that the service key opens."""
        return self.portals[PORTALS[0][0]]

    def routes(self) -> list[BaseRoute]:
        parts = (objects_api, batch_api, associations_api, schema_api, pipelines_api, consent, desk)
        return [each for part in parts for each in part.routes(self)]

    def describe(self) -> dict[str, Any]:
        return {
            "api_url": self.base,
            "app_url": self.base,
            "token": self.service_key,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "portal_id": self.home.id,
            "control_url": f"{self.base}/_control",
            "page_url": f"{self.base}/contacts/{self.home.id}/objects/0-1",
            "webhook_url": self.settings["webhook_url"],
            "environment": {
                "HUBSPOT_API_URL": self.base,
                "HUBSPOT_APP_URL": self.base,
                "HUBSPOT_CLIENT_ID": self.client_id,
                "HUBSPOT_CLIENT_SECRET": self.client_secret,
            },
        }

    def reset(self) -> None:
        for portal in self.portals.values():
            portal.clear()
        seed.fill(self.home, self.world.population.hub, self.world.seed)
        self.forget_searches()
        self.settings_changed()

    def forget_searches(self) -> None:
        """The tables are new ones, whose versions start again."""
        self._searches.clear()

    def verbs(self) -> dict[str, Verb]:
        return control.verbs(self)

    def make_outbox(self) -> Outbox:
        return HubSpotOutbox(self)

    def settings_changed(self) -> None:
        scopes = self.settings["static_scopes"]
        names = list(ALL_SCOPES) if scopes == "*" else [name.strip() for name in scopes.split(",")]
        self.oauth.static = {self.service_key: Grant("service-key", self.home.id, names, static=True)}
        for portal in self.portals.values():
            portal.keeps_primary_id = self.settings["merge_keeps_id"]
            portal.rules = self.settings["rules"]
            for table in portal.tables.values():
                table.shadowing = float(self.settings["search_lag"]) > 0

    def problem(self, status: int, *, retry_after: float | None = None) -> Response:
        if status == 429:
            response = rate_limited("TEN_SECONDLY_ROLLING")
        elif status >= 500 and status != 500:
            response = Response("<html><body><h1>Bad gateway</h1></body></html>", status, media_type="text/html")
        else:
            response = Problem(status, {423: "Resource is locked"}.get(status, "internal error")).answer()
        if retry_after is not None:
            response.headers["Retry-After"] = str(int(retry_after))
        return response

    # -- what handlers share --------------------------------------------------------------------------------------------
    def found(self, portal: Portal, table: Table, body: dict[str, Any], asked: Search) -> list[int]:
        """Ids that match, from the last time if nothing has changed since."""
        key = (portal.id, table.kind.name, json.dumps({k: v for k, v in body.items() if k not in _PAGING}))
        held = self._searches.get(key)
        if held and held[0] == table.version:
            return held[1]
        ids = asked.run()
        if len(self._searches) > 20:
            self._searches.clear()
        self._searches[key] = (table.version, ids)
        return ids

    def used_today(self, portal_id: int) -> int:
        """Counts one call against the daily limit and tells how many there were."""
        day = f"{portal_id}/{datetime.fromtimestamp(self.clock.now(), UTC).date()}"
        self._daily[day] = self._daily.get(day, 0) + 1
        return self._daily[day]


_PAGING = ("after", "limit", "properties")
