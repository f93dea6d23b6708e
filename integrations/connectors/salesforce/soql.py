"""SOQL as text, and the calls that answer it.

All reads ask ``queryAll``: ordinary queries hide rows of the recycle bin, which tell of deletions and merges, and archived
activities, which nobody has deleted.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.connectors.salesforce.client import API, request
from integrations.http import Answer, ApiSession

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
    return request(session, "GET", "queryAll", params={"q": soql})


def rows(session: ApiSession, soql: str) -> Rows:
    """All rows, page after page."""
    return rest(session, ask(session, soql))


def rest(session: ApiSession, answer: Answer) -> Rows:
    """The rows of this page and of those that follow."""
    said = answer.data
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
