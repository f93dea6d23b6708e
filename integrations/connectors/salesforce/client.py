"""Salesforce's HTTP: addresses below one API version, and what its errors mean. Facts: REST API developer guide, v62.

A refused call answers with an array of ``{"message", "errorCode", "fields"}``; a refused record of a batch has the same with
``statusCode`` for the code. The code decides; the API never says 429 or how long to wait.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.errors import ConnectorError
from integrations.http import Answer, ApiSession

VERSION = "62.0"  # Winter '25
API = f"/services/data/v{VERSION}"
HEADERS = {"Sforce-Call-Options": "client=Syncline"}

QUOTA_WAIT = 900.0  # seconds: the window of 24 hours rolls, so some calls are free again soon
BUSY_WAIT = 15.0  # seconds, when too many long calls run at once

NO_API = ("Connected app is not attached to Agent", "This session is not valid for use with the REST API")
MEANS = {  # codes that are handled alike
    "API_DISABLED_FOR_ORG": "no api",
    "API_CURRENTLY_DISABLED": "no api",
    "INSUFFICIENT_ACCESS": "no right",
    "INSUFFICIENT_ACCESS_OR_READONLY": "no right",
    "INVALID_TYPE": "no right",  # an object that the user may not see
    "ENTITY_IS_DELETED": "gone",
    "NOT_FOUND": "gone",
    "INVALID_CROSS_REFERENCE_KEY": "hidden",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "hidden",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "rule",
    "FIELD_FILTER_VALIDATION_EXCEPTION": "rule",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "rule",
    "CANNOT_EXECUTE_FLOW_TRIGGER": "rule",
    "APEX_ERROR": "rule",
    "QUERY_TIMEOUT": "down",
    "INVALID_QUERY_LOCATOR": "down",  # of pages that were left unread too long: the query is asked anew
    "UNKNOWN_EXCEPTION": "down",
    "SERVER_UNAVAILABLE": "down",
}
CODES = {  # refusals of one record → ours
    "REQUIRED_FIELD_MISSING": "REQUIRED_VALUE_BLANK",
    "STRING_TOO_LONG": "VALUE_TOO_LONG",
    "INVALID_EMAIL_ADDRESS": "EMAIL_INVALID",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "OPTION_NOT_ALLOWED",
    "NUMBER_OUTSIDE_VALID_RANGE": "NUMBER_INVALID",
    "INVALID_TYPE_ON_FIELD_IN_RECORD": "TYPE_INCOMPATIBLE",
    "JSON_PARSER_ERROR": "TYPE_INCOMPATIBLE",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "FIELD_NO_PERMISSION",
    "INVALID_FIELD": "FIELD_MISSING",
    "INACTIVE_OWNER_OR_USER": "OWNER_UNMAPPED",
    "CANNOT_UPDATE_CONVERTED_LEAD": "CONVERTED_AWAY",
    "ENTITY_IS_LOCKED": "RECORD_LOCKED",  # by an approval process
}
COLUMN = re.compile(r"No such column '(\w+)'")
TAKEN = re.compile(r"duplicates value on record with id: (\w+)")
USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


def request(
    session: ApiSession, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Answer:
    """``path``: below the API's root. ``more``: as for ``ApiSession.request``."""
    return session.request(method, f"{API}/{path}", headers={**HEADERS, **(headers or {})}, **more)


def fault(answer: Answer, wrote: bool) -> ConnectorError | None:
    """Salesforce's error table; None leaves the status to the session's default (5xx: a write may have happened)."""
    if answer.status < 300:
        return None
    said = answer.data[0] if isinstance(answer.data, list) and answer.data else {}
    if not isinstance(said, dict):
        return None
    message = str(said.get("message", ""))
    if answer.status == 401:
        if any(words in message for words in NO_API):
            return _no_api(message)
        return errors.AuthExpired(_("Salesforce no longer accepts the access token."))
    code = str(said.get("errorCode", ""))
    return _of_call(code, message) or (item_error(said) if code and answer.status < 500 else None)


def _of_call(code: str, message: str) -> ConnectorError | None:
    """What concerns the whole org or user."""
    remote = f"{code}: {message}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "TotalRequests" in message:
            return errors.DailyQuotaUsed(
                _("The calls that Salesforce allows in 24 hours are used up."), remote=remote, retry_after=QUOTA_WAIT
            )
        return errors.RateLimited(_("Salesforce is busy with long calls."), remote=remote, retry_after=BUSY_WAIT)
    means = MEANS.get(code)
    if means == "no api":
        return _no_api(remote)
    if means == "no right":
        return errors.ScopeMissing(
            _("The user that Syncline signs in with may not do this in Salesforce."),
            code="OBJECT_NO_PERMISSION",
            remote=remote,
        )
    if code in ("INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"):  # too long ago, or more than 600,000
        return errors.CursorExpired(
            _("Salesforce no longer knows what was deleted since the last time."), remote=remote
        )
    return None


def _no_api(remote: str) -> ConnectorError:
    return errors.ScopeMissing(
        _("This edition, or the profile of the user, has no access to Salesforce's API."),
        code="API_ACCESS_DISABLED",
        remote=remote,
    )


def item_error(said: Mapping[str, Any]) -> ConnectorError:
    """What one refusal of a record means. ``said``: an element of ``errors`` in a batch's result, or of a refused call's array."""
    code = str(said.get("statusCode") or said.get("errorCode") or "")
    message = str(said.get("message", ""))
    fields = [str(name) for name in said.get("fields") or ()]
    remote, field = f"{code}: {message}", fields[0] if fields else ""
    if code == "UNABLE_TO_LOCK_ROW" or "UNABLE_TO_LOCK_ROW" in message:
        return errors.Locked(_("Somebody else was writing this record in Salesforce."), remote=remote)
    if code == "DUPLICATES_DETECTED":
        # Never forced through: whether two records are one is for the people who wrote the rule.
        return errors.AlreadyExists(
            _("A duplicate rule of Salesforce stopped this record."), code="DUPLICATE_RULE_BLOCKED", remote=remote
        )
    if code in ("DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"):
        found = TAKEN.search(message)
        return errors.AlreadyExists(
            _("Salesforce already has a record with this unique value."),
            existing_id=long_id(found[1]) if found else "",
            field=field,
            remote=remote,
        )
    means = MEANS.get(code)
    if means == "gone":
        return errors.Gone(_("Salesforce has no such record any more."), remote=remote)
    if means in ("hidden", "no right"):
        return errors.NotVisible(
            _("The user that Syncline signs in with may not see or change a record that this is about."),
            field=field,
            remote=remote,
        )
    if means == "down":
        return errors.Unavailable(_("Salesforce could not do this just now."), remote=remote)
    return _refused(code, message, field, remote)


def _refused(code: str, message: str, field: str, remote: str) -> ConnectorError:
    column = COLUMN.search(message)
    field = field or (column[1] if column else "")
    if MEANS.get(code) == "rule":
        text = _("A rule of this Salesforce org refuses the record: %(why)s") % {"why": message[:300]}
        return errors.Refused(text, field=field, remote=remote)
    ours = CODES.get(code, "VALIDATION_RULE")
    if code == "FIELD_INTEGRITY_EXCEPTION" and re.search(r"\b(state|country)\b", message, re.IGNORECASE):
        ours = "COUNTRY_STATE_INVALID"
    text = _("Salesforce refuses the value of “%(field)s”.") if field else _("Salesforce refuses this record.")
    return errors.Refused(text % {"field": field}, code=ours, field=field, remote=remote)


SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_id(id: str) -> str:
    """The form of 18 characters, which does not depend on case, of an id of 15."""
    if len(id) != 15:
        return id
    bits = (sum(id[start + n].isupper() << n for n in range(5)) for start in (0, 5, 10))
    return id + "".join(SUFFIX[value] for value in bits)
