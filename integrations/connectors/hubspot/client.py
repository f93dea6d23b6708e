"""HubSpot's HTTP: paths, limits, and what its errors mean. Facts: developers.hubspot.com, API version 2026-03.

Dated paths do not follow from the classic ones by a rule, so all of them stand in ``PATHS``.
"""

import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.budget import Limit
from integrations.errors import ConnectorError
from integrations.http import Answer, ApiSession
from portal.redaction import redact

VERSION = "2026-03"
PATHS = {
    "account": f"/account-info/{VERSION}/details",
    "list": f"/crm/objects/{VERSION}/{{kind}}",
    "one": f"/crm/objects/{VERSION}/{{kind}}/{{id}}",
    "read": f"/crm/objects/{VERSION}/{{kind}}/batch/read",
    "create": f"/crm/objects/{VERSION}/{{kind}}/batch/create",
    "update": f"/crm/objects/{VERSION}/{{kind}}/batch/update",
    "archive": f"/crm/objects/{VERSION}/{{kind}}/batch/archive",
    "search": f"/crm/objects/{VERSION}/{{kind}}/search",
    "properties": f"/crm/properties/{VERSION}/{{kind}}",
    "pipelines": f"/crm/pipelines/{VERSION}/{{kind}}",
    "owners": f"/crm/owners/{VERSION}",
    "associated": f"/crm/associations/{VERSION}/{{kind}}/{{to}}/batch/read",
    "associate": f"/crm/associations/{VERSION}/{{kind}}/{{to}}/batch/create",
    "dissociate": f"/crm/associations/{VERSION}/{{kind}}/{{to}}/batch/archive",
    "unlabel": f"/crm/associations/{VERSION}/{{kind}}/{{to}}/batch/labels/archive",
    "token": f"/oauth/{VERSION}/token",
    "revoke": f"/oauth/{VERSION}/token/revoke",
}
READS = {"read", "search", "associated"}  # POSTs that change nothing
LISTS = READS | {"list", "owners"}  # whose answers have results,
PARTIAL = {"read", "associated"}  # of which these may have nothing but errors
OF_MANY = READS | {
    "account",
    "list",
    "properties",
    "pipelines",
    "owners",
}  # what a 404 as a whole does not say of a record
CULPRIT = (errors.Refused, errors.AlreadyExists, errors.Gone, errors.Locked)  # of a whole batch, for one of its items
WRITES, SILENT = (
    {"create", "update"},
    {"archive", "associate", "dissociate", "unlabel"},
)  # SILENT: an answer may be empty

OF_RECORDS = WRITES | {"archive"}  # taken for the end of a record, a 404 there would end its twin in the other app


class Unsaid(errors.Gone):
    """A 404 that is not in HubSpot's words."""


# Any rolling window must stay below the stated limit: burst + rate × window. An OAuth app has 110 calls per 10 s and account; a
# private app 190 (100 in free accounts, which the headers tell us); search has 5 a second for all apps together.
OAUTH_LIMITS = (Limit("calls", rate=9.9, burst=10), Limit("search", rate=3.9, burst=1))
KEY_LIMITS = (Limit("calls", rate=17, burst=15), Limit("search", rate=3.9, burst=1))


def limits(way_in: str) -> tuple[Limit, ...]:
    """What we keep to. An operator whose HubSpot account has other limits, or a stand-in none, says so for all calls alike."""
    if rate := settings.HUBSPOT_CALLS_PER_SECOND:
        return tuple(Limit(name, rate=rate, burst=rate) for name in ("calls", "search"))
    return OAUTH_LIMITS if way_in == "oauth" else KEY_LIMITS


WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}  # seconds; HubSpot sends no Retry-After with 429
DAILY_WAIT = 3600.0  # the day ends at midnight of the account's time zone, which a 429 does not tell: look again hourly

# Words inside a validation message → our failure codes.
CODES = {
    "PROPERTY_DOESNT_EXIST": "FIELD_MISSING",
    "INVALID_EMAIL": "EMAIL_INVALID",
    "INVALID_OPTION": "OPTION_NOT_ALLOWED",
    "READ_ONLY_VALUE": "FIELD_READ_ONLY",
    "INVALID_INTEGER": "NUMBER_INVALID",
    "INVALID_LONG": "NUMBER_INVALID",
    "INVALID_NUMBER": "NUMBER_INVALID",
    "INVALID_DATE": "DATE_INVALID",
    "INVALID_DATETIME": "DATE_INVALID",
    "INVALID_BOOLEAN": "TYPE_INCOMPATIBLE",
    "INVALID_OWNER_ID": "OWNER_UNMAPPED",
    "INVALID_PHONE_NUMBER": "PHONE_INVALID",
    "VALUE_TOO_LONG": "VALUE_TOO_LONG",
    "PROPERTY_VALUE_TOO_LONG": "VALUE_TOO_LONG",
    "MISSING_REQUIRED_PROPERTY": "REQUIRED_VALUE_BLANK",
    "REQUIRED_PROPERTY": "REQUIRED_VALUE_BLANK",
}


def call(
    session: ApiSession, name: str, kind: str = "", *, id: str = "", to: str = "", params: Any = None, body: Any = None
) -> Answer:
    """Call ``PATHS[name]``. GET without a body, else POST."""
    path = PATHS[name].format(kind=kind, id=id, to=to)
    bucket = "search" if name == "search" else "calls"
    try:
        if body is None:
            answer = session.get(path, params=params, bucket=bucket)
        else:
            answer = session.post(path, params=params, json=body, safe=name in READS, bucket=bucket)
    except errors.Gone as gone:
        if name not in OF_MANY and not (name in OF_RECORDS and isinstance(gone, Unsaid)):
            raise
        # The address is not there: a version that has ended, a kind that the account does not have. No record is gone.
        message = _("HubSpot does not answer at %(path)s.") % {"path": path}
        raise errors.Unavailable(message, status=gone.status, remote=gone.remote) from gone
    if name not in SILENT and not _is_told(name, answer.data):  # a page of somebody between us and HubSpot
        kind_of = errors.NoAnswer if name in WRITES else errors.Unavailable
        raise kind_of(_("HubSpot's answer cannot be read."), remote=redact(answer.text[:1000]))
    left = answer.headers.get("X-HubSpot-RateLimit-Remaining", "")
    if left.isdigit():
        session.observe(bucket, int(left))
    return answer


def _is_told(name: str, data: Any) -> bool:
    """Whether an answer has what was asked for: nothing said is not nothing there."""
    if not isinstance(data, dict):
        return False
    if name in LISTS:
        return isinstance(data.get("results"), list) or (name in PARTIAL and bool(data.get("errors")))
    return name != "account" or "portalId" in data


def ahead(session: ApiSession, name: str, kind: str, *, params: Any) -> None:
    """Send a GET that ``call`` is about to be asked for."""
    session.ahead(PATHS[name].format(kind=kind), params=params)


def after_of(data: dict[str, Any]) -> str | None:
    """Where the next page of an answer (or of one result in it) starts; None on the last."""
    return ((data.get("paging") or {}).get("next") or {}).get("after")


def fault(answer: Answer, wrote: bool) -> ConnectorError | None:
    """HubSpot's error table; None leaves the status to the session's default (5xx: a write may have happened)."""
    status = answer.status
    if status < 400 or status >= 500:
        return None
    said = answer.data if isinstance(answer.data, dict) else {}
    if status == 401:
        return errors.AuthExpired(_("HubSpot no longer accepts the access token."))
    if status == 403:
        return errors.ScopeMissing(_("HubSpot did not grant this: %(scopes)s.") % {"scopes": _scopes(said)})
    if status == 429:
        return _too_many(said, answer)
    if status == 477:
        return errors.RateLimited(
            _("HubSpot is moving this account to another data centre."),
            code="REMOTE_UNAVAILABLE",
            retry_after=answer.retry_after or 600.0,
        )
    if status == 423:
        return errors.Locked(_("HubSpot has locked this record for a moment."), retry_after=2.0)
    if status == 414:
        return errors.Refused(_("More than 250 merges stand behind this record."), code="RECORD_TOO_LARGE")
    return item_error(said, status) if status in (400, 404, 409) else None


def item_error(said: dict[str, Any], status: int = 0) -> ConnectorError:
    """What one error object means: the body of a 400, 404 or 409, or an entry of a 207's ``errors``."""
    category, message = str(said.get("category", "")), str(said.get("message", ""))
    remote = message[:1000] + (f" [{said['correlationId']}]" if said.get("correlationId") else "")
    if category == "OBJECT_NOT_FOUND" or status == 404:
        kind = errors.Gone if category == "OBJECT_NOT_FOUND" else Unsaid
        return kind(_("HubSpot has no such record any more."), remote=remote)
    word, field = _complaint(said, message)
    if status == 409 or category in ("CONFLICT", "OBJECT_ALREADY_EXISTS") or word == "CONFLICTING_UNIQUE_VALUE":
        found = re.search(r"Existing ID: (\d+)", message)
        return errors.AlreadyExists(
            _("HubSpot already has a record with this unique value."),
            existing_id=found.group(1) if found else "",
            field=field,
            remote=remote,
        )
    if category == "INTERNAL_ERROR":  # among the errors of a batch, of which the rest went through
        return errors.NoAnswer(
            _("HubSpot had trouble with this record; it may or may not have been written."), remote=remote
        )
    if category == "RATE_LIMITS":
        return errors.RateLimited(_("HubSpot asks for fewer calls."), retry_after=10.0, remote=remote)
    if "INVALID_OBJECT_IDS" in (said.get("context") or {}):
        return errors.Refused(_("HubSpot no longer has an associated record."), code="PARENT_FAILED", remote=remote)
    code = CODES.get(word, "VALIDATION_RULE")
    text = _("HubSpot refuses the value of “%(field)s”.") if field else _("HubSpot refuses this record.")
    return errors.Refused(text % {"field": field}, code=code, field=field, remote=remote)


def _complaint(said: dict[str, Any], message: str) -> tuple[str, str]:
    """(error word, property name) of a validation error: from the JSON list inside the message, else from ``errors``."""
    start = message.find("[")
    if start >= 0:
        try:
            found, _end = json.JSONDecoder().raw_decode(message[start:])
            first = next((item for item in found if isinstance(item, dict)), {})
            if first:
                return str(first.get("error", "")), str(first.get("name", ""))
        except ValueError:
            pass
    for item in [*(said.get("errors") or []), said]:
        names = (item.get("context") or {}).get("propertyName") or [""]
        if item.get("code") or names[0]:
            return str(item.get("code", "")), str(names[0])
    return "", ""


def _too_many(said: dict[str, Any], answer: Answer) -> ConnectorError:
    policy = str(said.get("policyName") or "").upper()
    message = str(said.get("message") or "").lower()
    if policy == "DAILY" or "daily" in message:
        return errors.DailyQuotaUsed(
            _("HubSpot's calls of today are used up."), retry_after=answer.retry_after or DAILY_WAIT
        )
    if not policy:
        policy = "TEN_SECONDLY_ROLLING" if "ten_secondly" in message else "SECONDLY" if "secondly" in message else ""
    wait = answer.retry_after or WAITS.get(policy, 10.0)
    return errors.RateLimited(_("HubSpot asks for fewer calls."), retry_after=wait)


def _scopes(said: dict[str, Any]) -> str:
    wanted = (said.get("context") or {}).get("requiredGranularScopes") or []
    return ", ".join(str(scope) for scope in wanted) or _("a permission is missing")
