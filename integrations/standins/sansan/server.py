"""Sansan as a stand-in: the sockets' side. Keys, the limits, and the way from a request to a handler."""

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from integrations.standins.sansan import api, control, pages
from integrations.standins.sansan.population import fill
from integrations.standins.sansan.shapes import Refuse
from integrations.standins.sansan.store import Store, User
from integrations.standins.vendor import Vendor, Verb, World
from integrations.standins.web import answer, read_json

# One white pixel, 125 bytes.
PICTURE = bytes.fromhex(
    "ffd8ffdb004300030202020202030202020303030304060404040404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f101011"
    "100a0c12131210130f101010ffc9000b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9"
)


class Sansan(Vendor):
    """One company. An administrator's key sees all cards, a user's its own and the shared ones, and one key was withdrawn."""

    key = "sansan"
    defaults = {
        "per_second": 10,  # calls in any second and key; 0 = no limit
        "per_minute": 300,
        "tags": 320,  # public and shared ones at the start: more than a sync may choose
        "tags_move_updated": False,  # whether putting a tag on a card, or taking it off, moves the card's updatedTime
        "entry_seconds": 5.0,  # how long a registered card is being typed in
        "widest_window_days": 0,  # a longer period is refused; 0 = any
        "knows_me": True,  # GET /me answers
        "wrapped": False,  # a single card comes under "item"
        "versions": "v2.2 v2.3 v2.4 v2.5 v2.6 v3.0 v3.1 v3.2 v6.0",  # of the API; under any other nothing is found
    }

    def __init__(self, world: World, settings: dict[str, Any] | None = None) -> None:
        super().__init__(world, settings)
        self.token_series = 0
        self.reset()

    # -- what the framework asks --------------------------------------------------------------------------------------
    def routes(self) -> list[BaseRoute]:
        return [
            *pages.routes(self),
            Route("/{path:path}", self.call, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def describe(self) -> dict[str, Any]:
        return {
            "api_url": self.base,
            "api_key": self.admin_key,
            "user_key": self.user_key,
            "withdrawn_key": self.withdrawn_key,
            "control_url": f"{self.base}/_control",
            "page_url": f"{self.base}/app/cards",
            "environment": {"SANSAN_API_URL": self.base},
            "to_connect": {"API key (all cards)": self.admin_key, "API key (one user's)": self.user_key},
        }

    def reset(self) -> None:
        self.empty()
        fill(self.store, self.world.population.app, self.world.seed)

    def empty(self) -> None:
        """Users, keys and tags, and no card."""
        self.store = Store(f"sansan/{self.world.seed}", self.clock.now)
        self.admin_key = self.store.add_user("管理 花子", "hanako@sansan-customer.example", sees_all=True)
        self.user_key = self.store.add_user("営業 太郎", "taro@sansan-customer.example")
        self.withdrawn_key = self.store.add_key(None)
        admin, user = self.store.users.values()
        for place in range(int(self.settings["tags"])):
            type = "shared" if place % 5 == 4 else "public"
            self.store.add_tag(f"展示会 {place + 1:03}", type, admin if place % 2 else user)
        self.store.add_tag("個人メモ", "private", user)

    def verbs(self) -> dict[str, Verb]:
        return control.verbs(self)

    def problem(self, status: int, *, retry_after: float | None = None) -> Response:
        if status == 401:
            return answer(Refuse.bad_key().body, 401)
        more = {"retry_after": int(retry_after or 1)} if status == 429 else {}
        return answer(Refuse(status, f"Injected{status}", **more).body, status)

    # -- one call -------------------------------------------------------------------------------------------------------
    async def call(self, request: Request) -> Response:
        try:
            user = self.user_of(request)
            version, _, path = request.url.path.strip("/").partition("/")
            if version not in str(self.settings["versions"]).split():
                raise Refuse(404, "NotFound")
            self.store.finish_due()
            if request.method == "POST" and path == "bizCards":
                return answer(api.register(self, user, {}, await read_json(request)), 201)
            return self.get(request, user, path)
        except Refuse as refusal:
            return answer(refusal.body, refusal.status)

    def get(self, request: Request, user: User, path: str) -> Response:
        query = read_query(request.url.query)
        if request.method != "GET":
            raise Refuse(405, "MethodNotAllowed")
        if found := api.IMAGE.fullmatch(path):
            api.card_of(self, user, found[1])
            return Response(PICTURE, media_type="image/jpeg")
        for pattern, handler in api.GET:
            if found := pattern.fullmatch(path):
                return answer(handler(self, user, query, *found.groups()))
        raise Refuse(404, "NotFound")

    def user_of(self, request: Request) -> User:
        """Whose key this is. Limits count by key, refused calls do not count."""
        key = request.headers.get("x-sansan-api-key", "")
        user = self.store.keys.get(key)
        if user is None:
            raise Refuse.bad_key()
        for window, name in ((1.0, "per_second"), (60.0, "per_minute")):
            allowed = int(self.settings[name])
            if self.limiter.wait(f"{key}/{name}", allowed, window) > 0:
                wait = self.limiter.wait(f"{key}/{name}", allowed, window)
                raise Refuse(429, "TooManyRequests", retry_after=max(1, int(wait + 0.999)))
        for window, name in ((1.0, "per_second"), (60.0, "per_minute")):
            self.limiter.take(f"{key}/{name}", int(self.settings[name]), window)
        return user


def read_query(text: str) -> api.Query:
    """Repeated names are arrays; some clients write ``type[]=``."""
    found: api.Query = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name.removesuffix("[]"), []).append(value)
    return found
