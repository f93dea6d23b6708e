"""What is tried right after connecting, in the order in which a person can fix it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics import kinds as catalogue
from integrations.connectors.dynamics.client import listed, request
from integrations.connectors.dynamics.tables import TABLES
from integrations.http import ApiSession
from integrations.records import CheckResult

if TYPE_CHECKING:
    from integrations.connectors.dynamics.connector import Dynamics


LABELS = {kind.key: kind.label for kind in catalogue.ALL}


def checks(connector: "Dynamics", session: ApiSession, kinds: Sequence[str]) -> Iterator[CheckResult]:
    yield _signed_in(connector)
    tracked = _tracked(session)
    for kind in kinds:
        yield _kind(connector, session, kind, tracked)


def _signed_in(connector: "Dynamics") -> CheckResult:
    name = _("Signed in")
    try:
        return CheckResult(name, "passed", connector.identify().name)
    except errors.ConnectorError as error:
        return _failed(name, error)


def _tracked(session: ApiSession) -> set[str] | errors.ConnectorError:
    """Tables with change tracking, by logical name."""
    path = "EntityDefinitions?$select=LogicalName&$filter=ChangeTrackingEnabled%20eq%20true"
    try:
        return {str(row["LogicalName"]) for row in listed(session, path)[0]}
    except errors.ConnectorError as error:
        return error


def _kind(
    connector: "Dynamics", session: ApiSession, kind: str, tracked: "set[str] | errors.ConnectorError"
) -> CheckResult:
    """Its rows can be read, its columns too, and changes show. One line: there are a dozen of them."""
    name = _("Read %(kind)s") % {"kind": str(LABELS[kind]).lower()}
    try:
        request(session, "GET", f"{kind}?$select={TABLES[kind].key}&$top=1")
        columns = _("%(count)s columns") % {"count": len(connector.fields(kind))}
        if isinstance(tracked, errors.ConnectorError):
            raise tracked
    except errors.ConnectorError as error:
        return _failed(name, error)
    if TABLES[kind].logical in tracked:
        return CheckResult(name, "passed", _("%(columns)s, changes by change tracking") % {"columns": columns})
    return CheckResult(
        name,
        "warning",
        _("Change tracking is off for this table: deletions are noticed at the next complete reading only."),
        _("A customiser can turn it on in the table's properties (it cannot be turned off again)."),
    )


def _failed(name: str, error: errors.ConnectorError) -> CheckResult:
    fixes: list[tuple[type[errors.ConnectorError], str]] = [
        (errors.AuthExpired, _("Reconnect Dynamics 365.")),
        (errors.ScopeMissing, _("Give the user a security role that reads and writes these records.")),
        (errors.RateLimited, _("Wait a minute, then check again.")),
        (errors.Unavailable, _("Check again in a few minutes.")),
    ]
    fix = next(
        (words for kind, words in fixes if isinstance(error, kind)),
        _("Check again; if it stays, reconnect Dynamics 365."),
    )
    return CheckResult(name, "failed", error.message or str(error), fix)
