"""What is tried right after connecting, in the order in which a person can fix it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton.directory import Directory
from integrations.connectors.tryton.parties import Parties
from integrations.connectors.tryton.tables import Table
from integrations.connectors.tryton.wire import one_of
from integrations.records import CheckResult

if TYPE_CHECKING:
    from integrations.connectors.tryton.connector import Tryton


def run(connector: "Tryton", directory: Directory, tables: Sequence[Table]) -> Iterator[CheckResult]:
    try:
        company = connector.company()
    except errors.ConnectorError as error:
        fix = _(
            "Check the address, with the database's name at its end, and the key. In Tryton the key's state must be “Validated”."
        )
        yield CheckResult(_("Sign in"), "failed", error.message or str(error), fix)
        return
    yield CheckResult(_("Sign in"), "passed", _("Tryton accepted the key."))
    yield _company(company["rec_name"] if company else "")
    for table in tables:
        yield _reads(table)
    if any(isinstance(table, Parties) for table in tables):
        yield _people(directory)


def _company(name: str) -> CheckResult:
    if name:
        return CheckResult(_("Company"), "passed", str(name))
    return CheckResult(
        _("Company"),
        "warning",
        _("The key's user works for no company, so prices and opportunities cannot be read."),
        _("Give the user a company in Tryton: Administration, Users."),
    )


def _reads(table: Table) -> CheckResult:
    name = _("Read %(model)s") % {"model": table.model}
    try:
        count = table.client.count(table.model, table.live())
        return CheckResult(name, "passed", _("%(count)s records") % {"count": count})
    except errors.Refused as error:
        return CheckResult(name, "failed", error.message, _("Let the key's user read and change these records."))
    except errors.ConnectorError as error:
        return CheckResult(
            name, "failed", error.message or str(error), _("Activate the module in Tryton, or try again later.")
        )


def _people(directory: Directory) -> CheckResult:
    """Without the category nobody is a person; it is made when the first person is written."""
    name = _("People and organisations")
    mark = {"name": directory.marks.person}
    try:
        found = directory.client.ids("party.category", [one_of("name", [directory.marks.person])], limit=1)
    except errors.ConnectorError as error:
        return CheckResult(name, "failed", error.message or str(error), _("Let the key's user read party categories."))
    if found:
        return CheckResult(name, "passed", _("Parties in the category “%(name)s” are people.") % mark)
    return CheckResult(
        name,
        "warning",
        _("There is no party category “%(name)s” yet, so every party counts as an organisation.") % mark,
        _("Make it and put the people into it. New people from your other apps get it by themselves."),
    )
