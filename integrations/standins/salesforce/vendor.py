"""The Salesforce stand-in: sign-in, orgs, APIs, pages and control verbs put together."""

import random
from typing import Any, ClassVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.standins.salesforce import api, consent, control, desk, seed
from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.login import Grant, Login
from integrations.standins.salesforce.office import Office
from integrations.standins.salesforce.org import Org
from integrations.standins.vendor import Vendor, Verb, World
from integrations.standins.web import answer

NAMES = ("Northwind Trading", "Southgate Foods")
FAULTS = {
    400: ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: unknown"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    500: (
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1-2 (3)",
    ),
    503: ("SERVER_UNAVAILABLE", "We are down for maintenance. Sorry for the inconvenience. We'll be back shortly."),
}


class Salesforce(Vendor):
    """Listens at one address for signing in, at one for each org, and at a spare one that an org can move to."""

    key = "salesforce"
    page_prefixes = ("/lightning", consent.AUTHORIZE)
    defaults: ClassVar[dict[str, Any]] = {
        "organisations": 2,  # how many there are; read at the start
        "daily_requests": 100_000,  # per org; 0 = no end
        "session_seconds": 7200,  # that an access token lives
        "refresh_tokens_once": False,  # refresh-token rotation
        "secret_required": True,  # of the client, at the token endpoint
        "pkce_required": False,
        "query_page": 2000,  # the most rows of a page of a query; less makes pages smaller than asked for
        "duplicate_rules": "",  # Contact=alert,Lead=block
        "enhanced_email": True,  # an EmailMessage comes with a Task
        "hidden": "",  # fields that the integration's user does not see: Contact.Birthdate,Task.Type
        "bulk_polls": 1,  # how often a bulk job is asked about until it is done
    }

    def __init__(self, world: World, settings: dict[str, Any] | None = None) -> None:
        super().__init__(world, settings)
        chance = random.Random(f"{world.seed}/salesforce/credentials")
        self.orgs = [
            Org(n, name, self.clock, world.seed) for n, name in enumerate(NAMES[: self.settings["organisations"]])
        ]
        self.offices = [Office(org) for org in self.orgs]
        client_id = f"3MVG9{chance.getrandbits(320):080x}"
        self.login = Login(self.clock, client_id, f"{chance.getrandbits(256):064X}", self.settings, self.orgs)
        self._static = [f"{org.id[:15]}!AQ{chance.getrandbits(300):075x}" for org in self.orgs]
        self.more_addresses = len(self.orgs) + 1
        self._ports: dict[int, int] = {}  # port → number of the org that is or was there
        self.session_refusal = ""  # what every call is told instead of being answered, "" for nothing
        self.reset()

    # -- addresses --------------------------------------------------------------------------------------------------------
    def open(self) -> None:
        """The orgs move to their addresses, once these are known."""
        self._ports = {}
        self.login.base = self.base
        for office in self.offices:
            office.sign_in = self.base
            self.move(office.org, self.more_bases[office.org.number])

    def move(self, org: Org, address: str) -> None:
        """The old address still answers, but no session is good there."""
        org.address = address
        self._ports[urlsplit(address).port or 0] = org.number

    def number_at(self, request: Request) -> int | None:
        """The number of the org at the address of a request; None where people sign in."""
        if not self._ports:
            self.open()
        return self._ports.get(request.scope["server"][1])

    def office_at(self, request: Request) -> Office | None:
        number = self.number_at(request)
        return None if number is None else self.offices[number]

    def moved(self, request: Request) -> bool:
        """Whether the org of this address is elsewhere now."""
        number = self.number_at(request)
        return number is not None and urlsplit(self.orgs[number].address).port != request.scope["server"][1]

    # -- a stand-in ---------------------------------------------------------------------------------------------------------
    def routes(self) -> list[BaseRoute]:
        return [*consent.routes(self), *desk.routes(self), *api.routes(self)]

    def describe(self) -> dict[str, Any]:
        self.open()
        organisations = [
            {"name": org.name, "url": org.address, "id": org.id, "user": org.me, "token": self._static[org.number],
             "page_url": f"{self.base}/lightning/{org.number}/Contact"}
            for org in self.orgs
        ]  # fmt: skip
        return {
            "name": "Salesforce",
            "api_url": self.orgs[0].address,
            "login_url": self.base,
            "token": self._static[0],
            "client_id": self.login.client_id,
            "client_secret": self.login.client_secret,
            "organisations": organisations,
            "control_url": f"{self.base}/_control",
            "page_url": organisations[0]["page_url"],
            "environment": {
                "SALESFORCE_LOGIN_URL": self.base,
                "SALESFORCE_CLIENT_ID": self.login.client_id,
                "SALESFORCE_CLIENT_SECRET": self.login.client_secret,
            },
        }

    def reset(self) -> None:
        self.session_refusal = self.login.trouble = ""
        if self._ports:
            self.open()
        for office in self.offices:
            office.clear()
            org = office.org
            seed.fill(org, seed.people_of(self.world.population.app, org.number))
            # For tests that are not about signing in.
            self.login.session(Grant(org.number, org.me, "api refresh_token"), self._static[org.number])
        self.settings_changed()

    def verbs(self) -> dict[str, Verb]:
        return control.verbs(self)

    def settings_changed(self) -> None:
        hidden = set(filter(None, self.settings["hidden"].replace(" ", "").split(",")))
        for office in self.offices:
            office.allocation.most = int(self.settings["daily_requests"])
            office.queries.page = int(self.settings["query_page"])
            office.bulk.polls = int(self.settings["bulk_polls"])
            office.org.enhanced_email = self.settings["enhanced_email"]
            office.org.duplicates.configure(self.settings["duplicate_rules"])
            for table in office.org.tables.values():
                for field in table.kind.fields.values():
                    field.hidden = f"{table.kind.name}.{field.name}" in hidden

    def problem(self, status: int, *, retry_after: float | None = None) -> Response:
        """Salesforce knows no 429 and no Retry-After: who asks for one gets its word for too many requests."""
        if status == 429:
            status = 403
        if status not in FAULTS:
            return Response("<html><body><h1>Service Unavailable</h1></body></html>", status, media_type="text/html")
        return answer(Problem(*FAULTS[status]).shown(), status)
