"""Request and answer helpers. Answers are rendered by ``json`` with compact separators."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]

encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class BadBody(Exception):
    """The body is not what the call takes; the message says why."""


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(data).encode(), status, headers, media_type="application/json")


def empty(status: int = 204) -> Response:
    return Response(b"", status)


async def read_json(request: Request) -> Any:
    """The JSON body, ``{}`` if empty; BadBody if it isn't JSON."""
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        return json.loads(raw)
    except ValueError as error:
        raise BadBody(f"Invalid input JSON: {error}") from error


async def read_form(request: Request) -> dict[str, str]:
    """A form body as a flat dict (the last value wins); JSON objects are taken too."""
    if request.headers.get("content-type", "").startswith("application/json"):
        data = await read_json(request)
        if not isinstance(data, dict):
            raise BadBody("The body must be a JSON object.")
        return {key: "" if value is None else str(value) for key, value in data.items()}
    raw = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(raw, keep_blank_values=True))


async def read_form_lists(request: Request) -> dict[str, list[str]]:
    """A form body with repeated names, as ``{name: [values]}``."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def array(request: Request, name: str) -> list[str]:
    """An array parameter, repeated (``a=1&a=2``) or comma-separated (``a=1,2``), without doubles, in order."""
    parts = (part.strip() for value in request.query_params.getlist(name) for part in value.split(","))
    return list(dict.fromkeys(part for part in parts if part))
