"""What is tried right after connecting, in the order in which a person can fix it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import schema
from integrations.connectors.salesforce.client import request
from integrations.connectors.salesforce.objects import OBJECTS
from integrations.http import ApiSession
from integrations.records import CheckResult

if TYPE_CHECKING:
    from integrations.connectors.salesforce.connector import Salesforce


def checks(connector: "Salesforce", session: ApiSession, kinds: Sequence[str]) -> Iterator[CheckResult]:
    yield _signed_in(connector)
    yield _calls(session)
    for kind in kinds:
        yield _may(connector, kind)


def _signed_in(connector: "Salesforce") -> CheckResult:
    name = _("Signed in")
    try:
        return CheckResult(name, "passed", connector.identify().name)
    except errors.ConnectorError as error:
        return _failed(name, error)


def _calls(session: ApiSession) -> CheckResult:
    """How much of the org's day is left, and what we may take of it."""
    name = _("API calls")
    try:
        said: dict[str, Any] = request(session, "GET", "limits").data["DailyApiRequests"]
        most, left = int(said["Max"]), int(said["Remaining"])
    except errors.ConnectorError as error:
        return _failed(name, error)
    except (KeyError, TypeError, ValueError):
        return CheckResult(name, "warning", _("Salesforce does not tell how many calls are left today."))
    detail = _("%(left)s of %(most)s left in 24 hours; Syncline takes at most %(ours)s") % {
        "left": left,
        "most": most,
        "ours": most * settings.SALESFORCE_DAILY_SHARE // 100,
    }
    if left < most / 10:
        return CheckResult(name, "warning", detail, _("Find out what uses the calls, or buy more of them."))
    return CheckResult(name, "passed", detail)


def _may(connector: "Salesforce", kind: str) -> CheckResult:
    """What the user's profile allows with an object, from its description."""
    name = _("Read and write %(kind)s") % {"kind": kind}
    try:
        said = connector.describe(kind)
        fields = schema.fields_of(said, ())
    except errors.ConnectorError as error:
        return _failed(name, error)
    detail = _("%(count)s fields") % {"count": len(fields)}
    if not said.get("queryable"):
        fix = _("Give the user's profile the right to read this object.")
        return CheckResult(name, "failed", _("Records of %(name)s cannot be read.") % {"name": OBJECTS[kind].name}, fix)
    if not (said.get("createable") and said.get("updateable")):
        fix = _("Give the user's profile the rights to create and edit, or sync to the hub only.")
        return CheckResult(name, "warning", _("Records can be read and not written."), fix)
    return CheckResult(name, "passed", detail)


def _failed(name: str, error: errors.ConnectorError) -> CheckResult:
    fixes: list[tuple[type[errors.ConnectorError], str]] = [
        (errors.AuthExpired, _("Reconnect Salesforce.")),
        (errors.ScopeMissing, _("Give the user a permission set with API access and these objects.")),
        (errors.RateLimited, _("Wait until Salesforce allows more calls, then check again.")),
        (errors.Unavailable, _("Check again in a few minutes.")),
    ]
    fix = next(
        (words for kind, words in fixes if isinstance(error, kind)),
        _("Check again; if it stays, reconnect Salesforce."),
    )
    return CheckResult(name, "failed", error.message or str(error), fix)
