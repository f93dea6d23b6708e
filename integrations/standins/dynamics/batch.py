"""``$batch``: multipart requests with atomic change sets, answered part by part."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.standins.dynamics.errors import Problem, bad_url
from integrations.standins.web import encode

MOST = 1000


@dataclass
class Inner:
    """One request of a batch."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    content_id: str = ""


@dataclass
class Reply:
    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Do = Callable[[Inner], Reply]
"""Carry out one request; raises Problem."""
Part = Inner | list[Inner]
"""A request alone, or the requests of a change set."""


def parse(content_type: str, body: bytes) -> list[Part]:
    """Raises Problem 400 for what is no batch, or one of more than a thousand requests."""
    parts: list[Part] = []
    for headers, content in _split(content_type, body):
        if headers.get("content-type", "").startswith("multipart/mixed"):
            inner = [_request(*each, in_set=True) for each in _split(headers["content-type"], content)]
            parts.append(inner)
        else:
            parts.append(_request(headers, content))
    count = sum(len(part) if isinstance(part, list) else 1 for part in parts)
    if count > MOST:
        raise Problem(400, "0x80040203", f"The number of requests in a batch exceeds the limit of {MOST}.")
    return parts


def run(parts: list[Part], do: Do, snapshot: Callable[[], Callable[[], None]], goes_on: bool) -> tuple[int, str, bytes]:
    """(status, content type, body) of the answer. ``snapshot()`` gives a function that takes everything back since."""
    boundary = f"batchresponse_{uuid.uuid4()}"
    status, lines = 200, b""
    for part in parts:
        reply, text = _change_set(part, do, snapshot) if isinstance(part, list) else _alone(part, do)
        lines += f"--{boundary}\r\n".encode() + text
        if reply.status >= 400 and not goes_on:
            status = reply.status
            break
    return status, f"multipart/mixed; boundary={boundary}", lines + f"--{boundary}--\r\n".encode()


def _alone(inner: Inner, do: Do) -> tuple[Reply, bytes]:
    try:
        reply = do(inner)
    except Problem as problem:
        reply = Reply(problem.status, problem.shown())
    return reply, _shown(reply, inner.content_id)


def _change_set(part: list[Inner], do: Do, snapshot: Callable[[], Callable[[], None]]) -> tuple[Reply, bytes]:
    undo = snapshot()
    made: dict[Any, Any] = {}
    done: list[Any] = []
    for inner in part:
        try:
            _refer(inner, made)
            if inner.method == "GET":
                raise bad_url("A change set must not hold GET requests.")
            reply = do(inner)
        except Problem as problem:
            undo()
            refusal = Reply(problem.status, problem.shown())
            return refusal, _shown(refusal, inner.content_id)
        if "OData-EntityId" in reply.headers:
            made[inner.content_id] = reply.headers["OData-EntityId"]
        done.append(_shown(reply, inner.content_id))
    boundary = f"changesetresponse_{uuid.uuid4()}"
    lines = b"".join(f"--{boundary}\r\n".encode() + text for text in done) + f"--{boundary}--\r\n".encode()
    return Reply(204), f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + lines


def _refer(inner: Inner, made: dict[str, str]) -> None:
    """``$1`` at the start of the address and in bindings means what that request made."""

    def address(match: re.Match[str]) -> str:
        if match[1] not in made:
            raise bad_url(f"Content-ID Reference: '${match[1]}' does not exist in the batch context.")
        return made[match[1]]

    inner.url = re.sub(r"^/?\$(\d+)(?=$|/)", address, inner.url)
    inner.body = re.sub(r'(?<=")\$(\d+)(?=")', address, inner.body.decode("utf-8", "replace")).encode()


def _split(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """(headers in lower case, content) of each part."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None or not content_type.startswith("multipart/mixed"):
        raise bad_url("A batch request must have the content type multipart/mixed with a boundary.")
    pieces = re.split(rb"\r?\n?--" + re.escape(found[1].encode()) + rb"(?:--)?[ \t]*\r?\n?", body)
    return [_headed(piece) for piece in pieces[1:] if piece.strip()]


def _headed(piece: bytes) -> tuple[dict[str, str], bytes]:
    head, _, content = piece.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, content


def _request(headers: dict[str, str], content: bytes, *, in_set: bool = False) -> Inner:
    if in_set and "content-id" not in headers:
        raise bad_url("Content-ID is missing in a request of a change set.")
    line, _, rest = content.lstrip(b"\n").partition(b"\n")
    words = line.decode("utf-8", "replace").split(" ")
    if len(words) != 3:
        raise bad_url("A part of the batch is no HTTP request.")
    own, body = _headed(rest) if rest.strip() else ({}, b"")
    return Inner(words[0], words[1], own, body.strip(b"\n"), headers.get("content-id", ""))


def _shown(reply: Reply, content_id: str) -> bytes:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {content_id}\r\n" if content_id else ""
    lines = [f"HTTP/1.1 {reply.status} {_WORDS.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in {**reply.headers, "OData-Version": "4.0"}.items()]
    body = b""
    if reply.data is not None:
        lines.append("Content-Type: application/json; odata.metadata=minimal")
        body = encode(reply.data).encode()
    return f"{head}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + body + b"\r\n"


_WORDS = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 403: "Forbidden",
          404: "Not Found", 412: "Precondition Failed", 429: "Too Many Requests", 500: "Internal Server Error"}  # fmt: skip
