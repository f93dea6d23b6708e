"""What Snov.io's answers mean. There is no published error list; at least four shapes of error live side by side, some with
HTTP 200, some in plain text, so the status is read first and no body is trusted to parse.
"""

import re
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.errors import ConnectorError
from integrations.http import Answer

PAUSE_AFTER_429 = 60.0  # seconds: the limit is per minute, and no Retry-After was ever seen

# (pattern in the app's words, catalogue code, our field name), the first that fits decides.
REFUSALS = [
    (r"email field is required", "REQUIRED_VALUE_BLANK", "email"),
    (
        r"(process|invalid|valid|wrong|format).*e-?mail|e-?mail.*(process|invalid|valid|wrong|format)",
        "EMAIL_INVALID",
        "email",
    ),
    (r"custom ?fields?.*(not found|not exist|unknown)|(not found|unknown).*custom ?field", "FIELD_MISSING", ""),
    (r"custom ?field.*number", "NUMBER_INVALID", ""),
    (r"custom ?field.*date", "DATE_INVALID", ""),
    (r"country", "COUNTRY_STATE_INVALID", "country"),
    (r"too long|may not be greater than", "VALUE_TOO_LONG", ""),
]


def fault(answer: Answer, wrote: bool) -> ConnectorError | None:
    """The error that an answer means; None: it is fine, or the session's own table decides."""
    status, data = answer.status, answer.data
    if status == 429 or (status >= 400 and "rate is limited" in answer.text[:500].casefold()):
        wait = answer.retry_after or PAUSE_AFTER_429
        return errors.RateLimited(_("Snov.io allows 60 calls a minute; Syncline waits."), retry_after=wait)
    if status == 403:
        message = _("Snov.io refuses this call. API access may be off in this plan.")
        return errors.ScopeMissing(message, code="API_ACCESS_DISABLED")
    if status == 200:
        if data is None:
            kind = errors.NoAnswer if wrote else errors.Unavailable
            return kind(_("Snov.io answered with something that is not JSON."))
        return refusal(said(data)) if failed(data) else None
    if status == 404:
        return errors.Gone(_("Snov.io does not know this record, list or address."))
    if status in (400, 402, 405, 409, 422):
        return refusal(said(data) or answer.text[:200])
    return None


def failed(data: Any) -> bool:
    return isinstance(data, dict) and data.get("success") is False


def said(data: Any) -> str:
    """The words of an error, from any of the shapes: ``errors`` as text, list or object; ``message``; ``error``."""
    if not isinstance(data, dict):
        return ""
    for found in (data.get("errors"), data.get("message"), data.get("error")):
        if isinstance(found, dict):
            found = found.get("title") or found.get("message") or "; ".join(str(each) for each in found.values())
        if isinstance(found, list):
            found = "; ".join(str(each) for each in found)
        if found:
            return str(found)
    return ""


def refusal(text: str) -> ConnectorError:
    """A record that Snov.io does not take (or does not have), by its words."""
    low = text.casefold()
    if "already exists" in low:
        return errors.AlreadyExists(text, remote=text)
    if re.search(r"prospect\b(?! custom).*not found", low):
        return errors.Gone(text, remote=text)
    for pattern, code, field in REFUSALS:
        if re.search(pattern, low):
            return errors.Refused(text, code=code, field=field or named_field(text), remote=text)
    return errors.Refused(text or _("Snov.io refused this prospect without a reason."), remote=text)


def named_field(text: str) -> str:
    """The custom field that the words name, as our field name: ``Custom fields not found: Budget`` → ``custom:Budget``."""
    found = re.search(r"not found:\s*([^,]+)|['\"]([^'\"]+)['\"]", text)
    return f"custom:{(found[1] or found[2]).strip()}" if found else ""
