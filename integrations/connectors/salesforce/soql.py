"""SOQL as text, and the calls that answer it.

All reads ask ``queryAll``: ordinary queries hide rows of the recycle bin, which tell of deletions and merges, and archived
activities, which nobody has deleted.

Address and headers of a call hold 16,384 bytes together, a query 100,000 characters ("Request size limits"; help article
000386264). So a long query, of many fields or of names that take nine bytes a character in an address, goes in the body of a
composite call, which counts as one call, too.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from integrations.connectors.salesforce.client import API, fault, request
from integrations.http import Answer, ApiSession, default_error

LONGEST = 8_000  # bytes of an address; the access token and the other headers take up to two thousand besides

Rows = list[dict[str, Any]]


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"


def among(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(text(value) for value in values)})"


def both(*conditions: str) -> str:
    """All of these conditions; blank ones count for nothing."""
    return " AND ".join(condition for condition in conditions if condition)


def ask(session: ApiSession, soql: str) -> Answer:
    """The first page: ``{"totalSize", "done", "records", "nextRecordsUrl"?}``."""
    params = {"q": soql}
    if len(urlencode(params)) <= LONGEST:
        return request(session, "GET", "queryAll", params=params)
    inner = {"method": "GET", "url": f"{API}/queryAll?{urlencode(params)}", "referenceId": "rows"}
    whole = request(session, "POST", "composite", json={"compositeRequest": [inner]}, safe=True)
    said = whole.data["compositeResponse"][0]
    answer = Answer(int(said["httpStatusCode"]), whole.headers, orjson.dumps(said["body"]))
    error = fault(answer, False) or default_error(answer, False)
    if error is not None:
        error.status = error.status or answer.status
        raise error
    return answer


def rows(session: ApiSession, soql: str) -> Rows:
    """All rows, page after page."""
    return rest(session, ask(session, soql).data)


def rest(session: ApiSession, said: dict[str, Any]) -> Rows:
    """The rows of this page, as ``ask`` answers it, and of those that follow."""
    found: Rows = list(said["records"])
    while not said["done"]:
        said = request(session, "GET", str(said["nextRecordsUrl"]).removeprefix(f"{API}/")).data
        found += said["records"]
    return found


def clock(answer: Answer) -> str:
    """The server's time as a SOQL literal; ours where a proxy ate the header."""
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        at = datetime.now(UTC)
    return literal(at)


def literal(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
