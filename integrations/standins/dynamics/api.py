"""The Web API over HTTP: who calls, the service protection limits, and batches."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.standins.dynamics import batch
from integrations.standins.dynamics.batch import Inner, Reply
from integrations.standins.dynamics.errors import Problem, limited
from integrations.standins.dynamics.handler import Handler
from integrations.standins.dynamics.organisation import Organisation
from integrations.standins.dynamics.queries import Prefer
from integrations.standins.web import answer

if TYPE_CHECKING:
    from integrations.standins.dynamics.vendor import Dynamics

WINDOW = 300.0  # seconds
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def routes(vendor: "Dynamics") -> list[Route]:
    async def call(request: Request) -> Response:
        body = await request.body()
        org = vendor.organisation_at(request.path_params.get("organisation", ""))
        if org is None:
            return answer({"error": {"code": "0x80048d0b", "message": "There is no such organisation."}}, 404)
        try:
            return _answered(vendor, org, request, body)
        except Problem as problem:
            return _shown(vendor, Reply(problem.status, problem.shown()), org)
        finally:
            org.settle()

    paths = ("/api/data/{version}/{rest:path}", "/{organisation}/api/data/{version}/{rest:path}")
    return [Route(path, call, methods=METHODS) for path in paths]


def _answered(vendor: "Dynamics", org: Organisation, request: Request, body: bytes) -> Response:
    if vendor.entra.organisation(request.headers.get("authorization", "")) != org.number:
        where = f"{vendor.base}/common/oauth2/v2.0/authorize"
        return Response(b"", 401, {"WWW-Authenticate": f"Bearer authorization_uri={where}, resource_id={vendor.base}"})
    limit = int(vendor.settings["limit_requests"])
    if vendor.limiter.take(f"requests/{org.number}", limit, WINDOW) is None:
        raise limited("requests", limit)
    handler = Handler(org, vendor.address(org), org.me)
    path = request.url.path.partition("/api/data/")[2].partition("/")[2]
    headers = {name.lower(): value for name, value in request.headers.items()}
    if path == "$batch":
        parts = batch.parse(headers.get("content-type", ""), body)
        goes_on = Prefer(headers.get("prefer", "")).goes_on
        status, kind, lines = batch.run(parts, handler.do, org.journal, goes_on)
        return Response(lines, status, {"Content-Type": kind, "OData-Version": "4.0"})
    query = f"?{request.url.query}" if request.url.query else ""
    raw = request.scope["raw_path"].decode().partition("/api/data/")[2].partition("/")[2]
    return _shown(vendor, handler.do(Inner(request.method, f"/api/data/v9.2/{raw}{query}", headers, body)), org)


def _shown(vendor: "Dynamics", reply: Reply, org: Organisation) -> Response:
    headers = {**reply.headers, "OData-Version": "4.0"}
    limit = int(vendor.settings["limit_requests"])
    if limit > 0:
        left = limit - len(vendor.limiter._calls[f"requests/{org.number}"])
        headers["x-ms-ratelimit-burst-remaining-xrm-requests"] = str(max(0, left))
    if reply.status == 429:
        headers["Retry-After"] = str(int(vendor.limiter.wait(f"requests/{org.number}", limit, WINDOW)) + 1)
    if reply.data is None:
        return Response(b"", reply.status, headers)
    return answer(reply.data, reply.status, headers)
