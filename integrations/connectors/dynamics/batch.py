"""``$batch``: several requests in one call, each answered for itself; those that belong together as a change set, all or none."""

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from requests.structures import CaseInsensitiveDict

from integrations import errors
from integrations.connectors.dynamics.client import API, item_error, request
from integrations.errors import ConnectorError
from integrations.http import Answer, ApiSession

GOES_ON = "odata.continue-on-error"


@dataclass(slots=True)
class Inner:
    """``path``: below the API's root, encoded."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Unit = Sequence[Inner]
"""What is answered as one: a single request, or a change set of several."""


def send(session: ApiSession, units: Sequence[Unit], *, safe: bool = False) -> list[list[Answer]]:
    """The answers of each unit, in order: one per request, or a single refusal of a whole change set. A unit on which the answer is
    silent has none. Raises any ConnectorError for the call as a whole."""
    boundary = f"batch_{uuid.uuid4()}"
    body = "".join(f"--{boundary}\r\n{_part(unit)}" for unit in units) + f"--{boundary}--\r\n"
    answer = request(
        session, "POST", "$batch", raw=body.encode(), prefer=[GOES_ON], safe=safe,
        content_type=f'multipart/mixed; boundary="{boundary}"',
    )  # fmt: skip
    found = [_answers(*part) for part in _split(answer.headers.get("Content-Type", ""), answer.body)]
    return [*found[: len(units)], *([] for _unit in units[len(found) :])]


def refusal(answers: Sequence[Answer]) -> ConnectorError | None:
    """Of a unit, None where all of it succeeded. A 5xx in a part may have happened."""
    if not answers:
        return errors.NoAnswer(_("Dynamics' answer does not say what became of this record."))
    for answer in answers:
        if answer.status >= 400:
            found = item_error(answer.status, answer.data, answer.headers, sure=answer.status < 500)
            return found or errors.NoAnswer(_("Dynamics is in trouble (HTTP %(status)s).") % {"status": answer.status})
    return None


def _part(unit: Unit) -> str:
    if len(unit) == 1:
        return _http(unit[0], "")
    boundary = f"changeset_{uuid.uuid4()}"
    inner = "".join(f"--{boundary}\r\n{_http(each, str(place))}" for place, each in enumerate(unit, 1))
    return f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'


def _http(inner: Inner, content_id: str) -> str:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {content_id}"] if content_id else []
    # JSON in ASCII: the length of the body and its characters then mean the same to everybody on the way.
    body = "" if inner.body is None else json.dumps(inner.body)
    headers = {"Accept": "application/json", **inner.headers}
    if body:
        headers["Content-Type"] = "application/json; type=entry"
    lines += [
        "",
        f"{inner.method} {API}{inner.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines) + f"\r\n\r\n{body}\r\n"


def _split(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    """(headers in lower case, content) of each part; none where there is no boundary."""
    found = re.search(r'boundary="?([^";\s]+)"?', content_type)
    if found is None:
        return []
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(found[1].encode()) + rb"(?:--)?[ \t]*(?:\r?\n|$)", body)
    return [_headed(piece) for piece in pieces[1:] if piece.strip()]


def _headed(piece: bytes) -> tuple[dict[str, str], bytes]:
    head, _, content = piece.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, content


def _answers(headers: dict[str, str], content: bytes) -> list[Answer]:
    if headers.get("content-type", "").startswith("multipart/mixed"):
        return [answer for part in _split(headers["content-type"], content) for answer in _answers(*part)]
    line, _, rest = content.lstrip(b"\n").partition(b"\n")
    words = line.split(b" ")
    if len(words) < 2 or not words[1].isdigit():
        return []
    own, body = _headed(rest) if rest.strip() else ({}, b"")
    return [Answer(int(words[1]), CaseInsensitiveDict(own), body.strip(b"\n"))]
