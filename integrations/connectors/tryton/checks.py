"""What is tried right after connecting, in the order in which a person can fix it.

Rights in Tryton belong to models, by the groups of the key's user (``ir.model.access``), and notes are apart: no group lets a user
search all of them, only the tick *Administrator* does (``trytond/ir/resource.py``, ``check_search_access``).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton.directory import Directory
from integrations.connectors.tryton.notes import ADMINISTRATORS_ONLY, Notes
from integrations.connectors.tryton.parties import Parties
from integrations.connectors.tryton.tables import Table
from integrations.connectors.tryton.wire import one_of
from integrations.records import CheckResult

if TYPE_CHECKING:
    from integrations.connectors.tryton.connector import Tryton

CATEGORY, RELATION = "party.category", "party.relation.type"
# The groups of a new database that may change such records; parties may be changed by all.
GROUPS = {"product.template": "Product Administration", "sale.opportunity": "Sale Opportunity"}
Rights = dict[str, dict[str, Any]]
"""Model → "read", "write", "create", "delete" → whether the key's user may."""


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
    models = {table.model: [each for each in tables if each.model == table.model] for table in tables}
    rights = _rights(directory, [*models, CATEGORY])
    for model, kinds in models.items():
        yield _reads(kinds, rights.get(model, {}))
    if any(isinstance(table, Parties) for table in tables):
        yield _people(directory, may_create=rights.get(CATEGORY, {}).get("create", True))


def _company(name: str) -> CheckResult:
    if name:
        return CheckResult(_("Company"), "passed", str(name))
    return CheckResult(
        _("Company"),
        "warning",
        _("The key's user works for no company, so prices and opportunities cannot be read."),
        _("Give the user a company in Tryton: Administration, Users."),
    )


def _rights(directory: Directory, models: list[str]) -> Rights:
    """Nothing where Tryton does not tell: one of the modules is not active, which the line of its model says."""
    try:
        return dict(directory.client.act("ir.model.access", "get_access", models=models).data)
    except errors.ConnectorError:
        return {}


def _reads(tables: Sequence[Table], rights: dict[str, Any]) -> CheckResult:
    """One line for all kinds that are kept in one model."""
    model, client = tables[0].model, tables[0].client
    name = _("Read and change %(model)s") % {"model": model}
    group = GROUPS.get(model)
    grant = (
        _("In Tryton, add the key's user to the group “%(group)s”: Administration, Users, Access Permissions.")
        % {"group": group}
        if group
        else _("Let the groups of the key's user read and change these records: Administration, Models, Access.")
    )
    try:
        count = sum(client.count(model, table.live()) for table in tables)
    except (errors.Refused, errors.ScopeMissing) as error:
        if isinstance(tables[0], Notes):
            fix = _(
                "Tick “Administrator” for the key's user in Tryton (Administration, Users), or leave notes out of your syncs."
            )
            return CheckResult(name, "warning", str(ADMINISTRATORS_ONLY), fix)
        return CheckResult(name, "failed", error.message, grant)
    except errors.ConnectorError as error:
        return CheckResult(
            name, "failed", error.message or str(error), _("Activate the module in Tryton, or try again later.")
        )
    wanted = {"write": _("change"), "create": _("create"), "delete": _("delete")}
    if tables[0].deactivates:  # deleting is a change there
        del wanted["delete"]
    if lacking := [word for right, word in wanted.items() if not rights.get(right, True)]:
        detail = _("%(count)s records. The key's user may read them, and not: %(what)s.")
        return CheckResult(name, "warning", detail % {"count": count, "what": ", ".join(lacking)}, grant)
    return CheckResult(name, "passed", _("%(count)s records") % {"count": count})


def _people(directory: Directory, *, may_create: bool) -> CheckResult:
    """Without the category nobody is a person; it is made when the first person is written."""
    name = _("People and organisations")
    mark = {"name": directory.marks.person}
    try:
        found = directory.client.ids(CATEGORY, [one_of("name", [directory.marks.person])], limit=1)
    except errors.ConnectorError as error:
        return CheckResult(name, "failed", error.message or str(error), _("Let the key's user read party categories."))
    if found:
        return CheckResult(name, "passed", _("Parties in the category “%(name)s” are people.") % mark)
    fix = (
        _("Make it and put the people into it. New people from your other apps get it by themselves.")
        if may_create
        else _(
            "Make it and put the people into it: the key's user may not, so no person can be written until it is there."
        )
    )
    missing = _("There is no party category “%(name)s” yet, so every party counts as an organisation.")
    return CheckResult(name, "warning", missing % mark, fix)
