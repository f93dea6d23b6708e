"""Bulk API 2.0 for the first read of a large object: a job that Salesforce runs on its own, then pages of CSV.

A job's results are kept for seven days, so that a read that is interrupted goes on where it was. Rows come in no order.
"""

import csv
import io
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce.client import request
from integrations.http import ApiSession

PAGE = 5000  # rows that are stored in one transaction
WAIT = 10.0  # seconds until a job is looked at again
OVER = {"Failed", "Aborted"}


class JobLost(Exception):
    """The job was refused, failed, was aborted, or is too old: read another way."""


def start(session: ApiSession, soql: str) -> str:
    """The id of a new query job. JobLost: Salesforce takes no such job, of a column that it shows us no more, for example."""
    try:
        return str(request(session, "POST", "jobs/query", json={"operation": "queryAll", "query": soql}).data["id"])
    except errors.Refused as error:
        raise JobLost from error


def page(session: ApiSession, job: str, locator: str | None) -> tuple[list[dict[str, str]], str]:
    """The rows at ``locator`` (None: the first), and the next locator, "" at the end. RateLimited while the job is under way."""
    try:
        if locator is None:
            _wait_for(session, job)
        path = f"jobs/query/{job}/results?maxRecords={PAGE}" + (f"&locator={quote(locator)}" if locator else "")
        answer = request(session, "GET", path, headers={"Accept": "text/csv"})
    except (errors.Gone, errors.Refused) as error:
        raise JobLost from error
    following = str(answer.headers.get("Sforce-Locator") or "")
    return list(csv.DictReader(io.StringIO(answer.text, newline=""))), "" if following == "null" else following


def _wait_for(session: ApiSession, job: str) -> None:
    said: dict[str, Any] = request(session, "GET", f"jobs/query/{job}").data
    if said["state"] in OVER:
        raise JobLost
    if said["state"] != "JobComplete":
        raise errors.RateLimited(_("Salesforce is still preparing the records."), retry_after=WAIT)
