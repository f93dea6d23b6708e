"""Dataverse's HTTP: headers, limits, and what its errors mean. Facts: learn.microsoft.com, Web API v9.2.

The error's code decides; statuses differ between versions of the platform (a plug-in that refuses answers 400 or 500).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.budget import Limit
from integrations.errors import ConnectorError
from integrations.http import Answer, ApiSession

API = "/api/data/v9.2/"
HEADERS = {
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "If-None-Match": "null",  # else answers with $expand may come from a cache
}
LOGICAL = "Microsoft.Dynamics.CRM.lookuplogicalname"
TARGETS = f'odata.include-annotations="{LOGICAL}"'
TRACK = "odata.track-changes"

# 6,000 calls in any 300 seconds and user: burst + rate × window stays below it. Other programs may use the same user.
LIMITS = (Limit("calls", rate=16, burst=1000),)


def limits() -> tuple[Limit, ...]:
    """What we keep to. An operator may say otherwise for all organisations alike, for stand-ins."""
    if rate := settings.DYNAMICS_CALLS_PER_SECOND:
        return (Limit("calls", rate=rate, burst=rate),)
    return LIMITS


class NotTracked(errors.Refused):
    """The table has no change tracking."""


class NoVersions(errors.Refused):
    """The table has no optimistic concurrency: nothing can be written on condition of a version."""


class Exists(errors.AlreadyExists):
    """A row with this id (or another unique value) is there already."""


CODES = {  # error codes of one record → ours
    "0x80044331": "VALUE_TOO_LONG",
    "0x8004432f": "NUMBER_INVALID",
    "0x80044330": "NUMBER_INVALID",
    "0x8004431a": "OPTION_NOT_ALLOWED",
    "0x80048408": "OPTION_NOT_ALLOWED",
    "0x80040239": "DATE_INVALID",
    "0x80043b12": "REQUIRED_VALUE_BLANK",
    "0x80040230": "RECORD_LOCKED",
    "0x8004022e": "RECORD_LOCKED",
    "0x80040519": "RECORD_LOCKED",
    "0x80040516": "RECORD_LOCKED",
}
GONE = {"0x80040217", "0x80060891"}
NO_RIGHT = {"0x80040220", "0x80040231", "0x80048405", "0x80042f09"}
PLUGIN = {"0x80040265", "0x80040224"}
BUSY = {"0x80044151"}  # the database did not get to it in time, and has taken it back
LIMITED = {"0x80072322", "0x80072321", "0x80072326", "0x8005f103"}
FIELD = re.compile(
    r"(?:property named|Invalid property|undeclared property|length of the|value of|attribute) '(\w+)'|Attribute: (\w+) cannot"
)
DEFAULT_WAIT = 30.0  # seconds, for a 429 that does not say how long


def request(
    session: ApiSession,
    method: str,
    path: str,
    *,
    prefer: Sequence[str] = (),
    body: Any = None,
    raw: bytes | None = None,
    content_type: str = "",
    safe: bool = False,
) -> Answer:
    """``path``: below the API's root, or all of a link that the API gave (``within``). Query included, encoded."""
    headers = {**HEADERS, **({"Prefer": ",".join(prefer)} if prefer else {})}
    if content_type:
        headers["Content-Type"] = content_type
    address = path if path.startswith("/") else API + path
    return session.request(method, address, json=body, body=raw, headers=headers, safe=safe)


def within(link: str, session: ApiSession) -> str:
    """A link of the API → what ``request`` takes. Only links into the same organisation are followed: they carry our token."""
    start = session.base_url
    ours, theirs = urlsplit(start), urlsplit(link)
    if not link.startswith(start + "/") and (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
        raise errors.Unavailable(_("Dynamics answered with a link that leads to another organisation."))
    return link[len(start) :] if link.startswith(start) else f"{theirs.path}?{theirs.query}"


def listed(session: ApiSession, link: str, *, prefer: Sequence[str] = ()) -> tuple[list[dict[str, Any]], str]:
    """(rows of one page, what ``request`` takes for the next one, "" after the last)."""
    answer = page_of(request(session, "GET", link, prefer=prefer))
    following = str(answer.get("@odata.nextLink") or "")
    return list(answer["value"]), within(following, session) if following else ""


def page_of(answer: Answer) -> dict[str, Any]:
    """The body of an answer with rows; Unavailable where something else came (a proxy's page, a sign-in form)."""
    if not (isinstance(answer.data, dict) and isinstance(answer.data.get("value"), list)):
        raise errors.Unavailable(_("This address does not answer like Dynamics."))
    return answer.data


def target_of(row: dict[str, Any], attribute: str) -> tuple[str, str]:
    """(table, id) that a lookup of a row points to, where the row was read with ``TARGETS``; ("", "") where it is blank."""
    id = row.get(f"_{attribute}_value")
    return (str(row.get(f"_{attribute}_value@{LOGICAL}") or "?"), str(id)) if id else ("", "")


def filter_text(text: str) -> str:
    """A filter, ready to stand in an address."""
    return quote(text, safe="'(),$=/")


def fault(answer: Answer, wrote: bool) -> ConnectorError | None:
    """Dataverse's error table; None leaves the status to the session's default (5xx: a write may have happened)."""
    if answer.status < 400:
        return None
    if answer.status == 401:
        return errors.AuthExpired(_("Dynamics no longer accepts the access token."))
    return item_error(answer.status, answer.data, answer.headers, sure=answer.status < 500)


def item_error(status: int, data: Any, headers: Mapping[str, str], *, sure: bool = True) -> ConnectorError | None:
    """What one refusal means: of a whole call or of one part of a batch. ``sure``: an unknown code is a refusal of the record, else
    None."""
    said = (data.get("error") if isinstance(data, dict) else None) or {}
    code, message = str(said.get("code", "")).lower(), str(said.get("message", ""))
    remote = f"{code}: {message}"[:1000] if code or message else ""
    if status == 429 or code in LIMITED:
        wait = Answer(status, headers, b"").retry_after
        return errors.RateLimited(
            _("Dynamics asks for fewer calls."), retry_after=DEFAULT_WAIT if wait is None else wait, remote=remote
        )
    found = _of_record(code, message, remote) or _of_instance(status, code, remote)
    if found is not None or not sure:
        return found
    if status == 404:
        return errors.Gone(_("Dynamics has no such record."), remote=remote)
    if status == 412:
        return errors.StaleVersion(_("The record changed in Dynamics meanwhile."), remote=remote)
    return _refused(code, message, remote)


def _of_instance(status: int, code: str, remote: str) -> ConnectorError | None:
    if code == "0x8004a112":
        return errors.AuthExpired(_("The user that Syncline signs in with is disabled in Dynamics."), remote=remote)
    if code in NO_RIGHT or status == 403:
        return errors.ScopeMissing(
            _("The user that Syncline signs in with may not do this in Dynamics."),
            code="OBJECT_NO_PERMISSION",
            remote=remote,
        )
    if code == "0x80044352" or status == 410:
        return errors.CursorExpired(_("Dynamics no longer knows what has changed since the last time."), remote=remote)
    if code == "0x80072491":
        return NotTracked(_("Change tracking is off for this table."), remote=remote)
    return None


def _of_record(code: str, message: str, remote: str) -> ConnectorError | None:
    if code in GONE:
        return errors.Gone(_("Dynamics has no such record any more."), remote=remote)
    if code == "0x80060882":
        return errors.StaleVersion(_("The record changed in Dynamics meanwhile."), remote=remote)
    if code == "0x8006088d":
        return NoVersions(_("This table of Dynamics keeps no versions."), remote=remote)
    if code in BUSY:
        return errors.Locked(_("Dynamics' database was busy."), remote=remote)
    if code in ("0x80040237", "0x80060892"):
        return Exists(_("Dynamics already has a record with this unique value."), remote=remote)
    if code == "0x80040333":
        return errors.AlreadyExists(
            _("A duplicate detection rule of Dynamics stopped this record."),
            code="DUPLICATE_RULE_BLOCKED",
            remote=remote,
        )
    if code in PLUGIN:
        return errors.Refused(_("A rule of this Dynamics organisation refuses the record: %(why)s") % {"why": message[:300]},
                              remote=remote)  # fmt: skip
    return _refused(code, message, remote) if code in CODES else None


def _refused(code: str, message: str, remote: str) -> ConnectorError:
    match = FIELD.search(message)
    field = next(filter(None, match.groups()), "") if match else ""
    text = _("Dynamics refuses the value of “%(field)s”.") if field else _("Dynamics refuses this record.")
    return errors.Refused(
        text % {"field": field}, code=CODES.get(code) or _guess(code, message), field=field, remote=remote
    )


def _guess(code: str, message: str) -> str:
    """Our code where the platform's own is too general."""
    if "property named" in message or "Invalid property" in message or "undeclared property" in message:
        return "FIELD_MISSING"
    if "Cannot convert" in message:
        return "TYPE_INCOMPATIBLE"
    if "cannot be NULL" in message or "should specify a parent" in message:
        return "REQUIRED_VALUE_BLANK"
    return "VALIDATION_RULE"
