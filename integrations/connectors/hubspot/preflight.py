"""What is tried right after connecting, in the order in which a person can fix it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.client import call
from integrations.connectors.hubspot.permissions import write_scope
from integrations.http import ApiSession
from integrations.records import CheckResult

if TYPE_CHECKING:
    from integrations.connectors.hubspot.connector import HubSpot


def checks(connector: "HubSpot", session: ApiSession, kinds: Sequence[str]) -> Iterator[CheckResult]:
    yield _signed_in(connector)
    for kind in kinds:
        yield _reads(session, kind)
        yield _writes(connector, kind)
        yield _fields(connector, kind)
        yield _searches(session, kind)


def _signed_in(connector: "HubSpot") -> CheckResult:
    name = _("Signed in")
    try:
        return CheckResult(name, "passed", connector.identify().name)
    except errors.ConnectorError as error:
        return _failed(name, error)


def _reads(session: ApiSession, kind: str) -> CheckResult:
    name = _("Read %(kind)s") % {"kind": kind}
    try:
        call(session, "list", kind, params={"limit": 1})
        return CheckResult(name, "passed")
    except errors.ConnectorError as error:
        return _failed(name, error)


def _writes(connector: "HubSpot", kind: str) -> CheckResult:
    """HubSpot has no harmless write, so the granted scopes are all that can be looked at."""
    name = _("Write %(kind)s") % {"kind": kind}
    scope = write_scope(kind)
    if connector.scopes is None:
        return CheckResult(
            name,
            "warning",
            _("HubSpot does not tell what this key may do."),
            _("Check that the key has the scope %(scope)s.") % {"scope": scope},
        )
    if scope in connector.scopes:
        return CheckResult(name, "passed")
    return CheckResult(
        name,
        "failed",
        _("The permission %(scope)s was not granted.") % {"scope": scope},
        _("Reconnect and accept the listed permissions. A one-way sync that only reads HubSpot works without it."),
    )


def _fields(connector: "HubSpot", kind: str) -> CheckResult:
    name = _("Properties of %(kind)s") % {"kind": kind}
    try:
        return CheckResult(name, "passed", _("%(count)s properties") % {"count": len(connector.fields(kind))})
    except errors.ConnectorError as error:
        return _failed(name, error)


def _searches(session: ApiSession, kind: str) -> CheckResult:
    name = _("Find changed %(kind)s") % {"kind": kind}
    try:
        found = call(
            session, "search", kind, body={"filterGroups": [], "limit": 1, "properties": ["hs_object_id"]}
        ).data
        return CheckResult(name, "passed", _("%(count)s records") % {"count": found.get("total", "?")})
    except errors.ConnectorError as error:
        return _failed(name, error)


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
