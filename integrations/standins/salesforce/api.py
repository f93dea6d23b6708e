"""The REST API over HTTP: which org, who calls, and what is left of the org's allocation."""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.salesforce.call import Call, Reply
from integrations.standins.salesforce.errors import Problem, not_found
from integrations.standins.salesforce.handler import Handler
from integrations.standins.salesforce.office import Office
from integrations.standins.web import answer

if TYPE_CHECKING:
    from integrations.standins.salesforce.vendor import Salesforce

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]
OLDEST, NEWEST = 31, 67
SEASONS = ("Spring", "Summer", "Winter")
LONGEST = 16_384  # bytes of address and headers


def routes(vendor: "Salesforce") -> list[Route]:
    async def versions(request: Request) -> Response:
        return answer([version(number) for number in range(OLDEST, NEWEST + 1)])

    async def call(request: Request) -> Response:
        body = await request.body()
        office = vendor.office_at(request)
        if office is None:
            return _shown(
                Reply(404, not_found("This address signs people in; the API is at the instance_url.").shown()), None
            )
        try:
            return _answered(vendor, office, request, body)
        except Problem as problem:
            return _shown(Reply(problem.status, problem.shown()), office)
        finally:
            office.org.settle()

    return [
        Route("/services/data", versions, methods=["GET"]),
        Route("/services/data/", versions, methods=["GET"]),
        Route("/services/data/{version}", call, methods=METHODS),
        Route("/services/data/{version}/{rest:path}", call, methods=METHODS),
    ]


def version(number: int) -> dict[str, str]:
    """Three releases a year; the winter one carries the next year's number."""
    label = f"{SEASONS[number % 3]} '{24 + (number - 59) // 3}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def _answered(vendor: "Salesforce", office: Office, request: Request, body: bytes) -> Response:
    raw = request.scope["raw_path"].decode()
    if len(raw) + len(request.url.query) + sum(len(k) + len(v) for k, v in request.scope["headers"]) > LONGEST:
        raise Problem("URI_TOO_LONG", "The length of the URI exceeds the 16,384 byte limit")
    grant = vendor.login.grant(request.headers.get("authorization", ""))
    if grant is None or grant.organisation != office.org.number or vendor.moved(request):
        raise Problem("INVALID_SESSION_ID", "Session expired or invalid")
    if vendor.session_refusal:
        raise Problem("INVALID_SESSION_ID", vendor.session_refusal)
    if not office.allocation.take():
        raise Problem("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    number = request.path_params["version"].removeprefix("v")
    if number not in {f"{each}.0" for each in range(OLDEST, NEWEST + 1)}:
        raise not_found()
    path = raw.partition("/services/data/")[2].partition("/")[2]
    headers = {name.lower(): value for name, value in request.headers.items()}
    query: dict[str, Any] = dict(request.query_params)
    made = Call(request.method, unquote(path).strip("/"), query, body, headers, number)
    return _shown(Handler(office, grant.user).do(made), office)


def _shown(reply: Reply, office: Office | None) -> Response:
    headers = dict(reply.headers)
    if office is not None:
        headers["Sforce-Limit-Info"] = office.allocation.shown
    if reply.text is not None:
        return Response(reply.text.encode(), reply.status, headers, media_type=reply.media_type)
    if reply.data is None:
        return Response(b"", reply.status, headers)
    return answer(reply.data, reply.status, headers)
