"""What is tried right after connecting, in the order in which a person can fix it: the sign-in, then a line per object type."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.client import call
from integrations.connectors.hubspot.kinds import KINDS
from integrations.connectors.hubspot.objects import OBJECTS, TEXT_SCOPE
from integrations.connectors.hubspot.permissions import OPTIONAL_SCOPES, SCOPES, write_scope
from integrations.http import ApiSession
from integrations.records import CheckResult

if TYPE_CHECKING:
    from integrations.connectors.hubspot.connector import HubSpot

LABELS = {kind.key: kind.label for kind in KINDS}


def checks(connector: "HubSpot", session: ApiSession, kinds: Sequence[str]) -> Iterator[CheckResult]:
    yield _signed_in(connector)
    if connector.scopes is None:
        yield CheckResult(
            _("Permissions to write"),
            "warning",
            _("HubSpot does not tell what this key may do."),
            _("Check that the key has these scopes: %(scopes)s.") % {"scopes": ", ".join([*SCOPES, *OPTIONAL_SCOPES])},
        )
    for kind in kinds:
        yield _works(connector, session, kind)
        if OBJECTS[kind].secret and not connector.sees_secrets:
            yield _not_granted(str(_("Text of e-mails")), TEXT_SCOPE)


def _signed_in(connector: "HubSpot") -> CheckResult:
    name = _("Signed in")
    try:
        return CheckResult(name, "passed", connector.identify().name)
    except errors.ConnectorError as error:
        return _failed(name, error)


def _works(connector: "HubSpot", session: ApiSession, kind: str) -> CheckResult:
    """Properties and a search: two calls. HubSpot has no harmless write, so the granted scopes are all that can be looked at."""
    name, scope = str(LABELS[kind]), write_scope(kind)
    try:
        count = len(connector.properties(kind))
        body = {"filterGroups": [], "limit": 1, "properties": ["hs_object_id"]}
        total = call(session, "search", kind, body=body).data.get("total", "?")
    except errors.ScopeMissing as error:
        return _not_granted(name, scope) if scope in OPTIONAL_SCOPES else _failed(name, error)
    except errors.ConnectorError as error:
        return _failed(name, error)
    if connector.scopes is not None and scope not in connector.scopes:
        return CheckResult(
            name,
            "failed",
            _("The permission %(scope)s was not granted.") % {"scope": scope},
            _("Reconnect and accept the listed permissions. A one-way sync that only reads HubSpot works without it."),
        )
    return CheckResult(name, "passed", _("%(total)s records, %(count)s properties") % {"total": total, "count": count})


def _not_granted(name: str, scope: str) -> CheckResult:
    """Some objects are not part of every HubSpot plan; the rest works without them."""
    return CheckResult(
        name,
        "warning",
        _("HubSpot did not grant %(scope)s; the account's plan may lack it.") % {"scope": scope},
        _("If you want to sync these records, reconnect and accept the permission."),
    )


def _failed(name: str, error: errors.ConnectorError) -> CheckResult:
    fixes: list[tuple[type[errors.ConnectorError], str]] = [
        (errors.AuthExpired, _("Reconnect HubSpot.")),
        (errors.ScopeMissing, _("Reconnect and accept the listed permissions.")),
        (errors.RateLimited, _("Wait a minute, then check again.")),
        (errors.Unavailable, _("Check again in a few minutes; see status.hubspot.com if it lasts.")),
    ]
    fix = next(
        (words for kind, words in fixes if isinstance(error, kind)), _("Check again; if it stays, reconnect HubSpot.")
    )
    return CheckResult(name, "failed", error.message or str(error), fix)
