"""The way of every API call: who is asking, within which limits, with which rights; then the handler.

Handlers take a ``Call`` and answer a Response or raise ``Problem``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.hubspot.errors import Problem, bad_request, missing_scopes, rate_limited
from integrations.standins.hubspot.oauth import Grant
from integrations.standins.hubspot.portal import Portal
from integrations.standins.hubspot.shapes import TEXT_SCOPE, redacted
from integrations.standins.hubspot.table import Table
from integrations.standins.hubspot.types import object_type
from integrations.standins.web import BadBody, array, read_json

if TYPE_CHECKING:
    from integrations.standins.hubspot.vendor import HubSpot

WINDOW = 10.0  # seconds of the burst limit


class DatedVersion(Convertor[str]):
    """``{version:dated}`` in a path: 2026-03 and its successors, previews too."""

    regex = r"20[0-9]{2}-(?:03|09)(?:-beta)?"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("dated", DatedVersion())


@dataclass
class Call:
    """One authorised request."""

    hub: "HubSpot"
    request: Request
    grant: Grant
    portal: Portal
    body: Any = None

    def path(self, name: str) -> str:
        return self.request.path_params[name]

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def flag(self, name: str) -> bool:
        return self.query(name).lower() == "true"

    def array(self, name: str) -> list[str]:
        return array(self.request, name)

    def limit(self, default: int, most: int) -> int:
        text = self.query("limit") or str(default)
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise bad_request(f"limit must be a whole number from 1 to {most}, not {text}.")
        return int(text)

    def table(self, name: str = "type", verb: str = "read") -> Table:
        """The records that the path names; raises Problem 404, or 403 without the scope for ``verb``."""
        kind = object_type(self.path(name))
        if kind is None:
            raise Problem(400, f"Unable to infer object type from: {self.path(name)}", "VALIDATION_ERROR")
        self.need(kind.scopes(verb))
        return self.portal.tables[kind.name]

    def need(self, *scopes: str) -> None:
        """One of ``scopes`` must have been granted."""
        if not set(scopes) & set(self.grant.scopes):
            raise missing_scopes(list(scopes))

    def inputs(self, most: int = 100) -> list[dict[str, Any]]:
        """The inputs of a batch body."""
        given = self.members().get("inputs")
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise bad_request("inputs must be a list of objects.")
        if not given:
            raise bad_request("inputs must not be empty.")
        if len(given) > most:
            raise bad_request(f"A batch holds at most {most} inputs, this one has {len(given)}.")
        return given

    def members(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise bad_request("The body must be a JSON object.")
        return self.body


def route(hub: "HubSpot", paths: tuple[str, ...], method: str, handle: Callable[[Call], Response]) -> list[Route]:
    """The same handler under the paths of every version."""

    async def endpoint(request: Request) -> Response:
        return await _answer(hub, request, handle)

    return [Route(path, endpoint, methods=[method]) for path in paths]


async def _answer(hub: "HubSpot", request: Request, handle: Callable[[Call], Response]) -> Response:
    try:
        grant = hub.oauth.grant(request.headers.get("authorization", ""))
        searching = request.url.path.endswith("/search")
        headers = _limits(hub, grant, searching)
        call = Call(hub, request, grant, hub.portals[grant.portal_id])
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            call.body = await read_json(request)
        # No await from here on: a handler sees and leaves the store whole.
        response = handle(call)
        if TEXT_SCOPE not in grant.scopes and response.body and _is_about_emails(request):
            response = redacted(response)
    except BadBody as error:
        return bad_request(str(error)).answer()
    except OverLimit as over:
        return rate_limited(str(over))
    except Problem as problem:
        return problem.answer()
    response.headers.update(headers)
    return response


def _is_about_emails(request: Request) -> bool:
    kind = object_type(request.path_params.get("type", ""))
    return kind is not None and kind.name == "emails"


class OverLimit(Exception):
    """The name of the limit: SECONDLY, TEN_SECONDLY_ROLLING, DAILY."""


def _limits(hub: "HubSpot", grant: Grant, searching: bool) -> dict[str, str]:
    """Headers for the answer; raises OverLimit."""
    settings, take = hub.settings, hub.limiter.take
    if searching:
        if take(f"search/{grant.portal_id}", settings["limit_search"], 1.0) is None:
            raise OverLimit("SECONDLY")
        return {}
    name = "limit_static" if grant.static else "limit_oauth"
    left = take(f"{name}/{grant.client_id}/{grant.portal_id}", settings[name], WINDOW)
    if left is None:
        raise OverLimit("TEN_SECONDLY_ROLLING")
    headers = {
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(WINDOW * 1000)),
        "X-HubSpot-RateLimit-Max": str(settings[name]),
        "X-HubSpot-RateLimit-Remaining": str(left),
    }
    if grant.static:
        used = hub.used_today(grant.portal_id)
        if used > settings["limit_daily"]:
            raise OverLimit("DAILY")
        headers["X-HubSpot-RateLimit-Daily"] = str(settings["limit_daily"])
        headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(settings["limit_daily"] - used)
    return headers
