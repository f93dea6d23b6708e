"""The live checks after connecting, in the order a person cares: does it open, what is there, what will it cost, what cannot be."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.connectors.snovio.client import Client
from integrations.errors import ConnectorError
from integrations.records import CheckResult

ALLOWED_A_MINUTE = 60  # by Snov.io, for every plan
RUNNING = ("active", "started", "running")


def run(client: Client) -> Iterator[CheckResult]:
    try:
        balance = client.balance()
    except ConnectorError as error:
        fix = _("Copy the API User ID and API Secret again from Snov.io's settings and reconnect.")
        yield CheckResult(_("Sign in"), "failed", error.message, fix)
        return
    yield CheckResult(_("Sign in"), "passed", _("Snov.io accepted the API keys."))
    credits = _("%(n)s credits left. Syncing prospects uses none.") % {"n": _amount(balance.get("balance"))}
    yield CheckResult(_("Balance"), "passed", credits)
    try:
        lists = [each for each in client.lists() if not each.get("isDeleted")]
    except ConnectorError as error:
        yield CheckResult(_("Lists"), "failed", error.message, _("Check the plan's API access, then try again."))
        return
    prospects = sum(int(each.get("contacts") or 0) for each in lists)
    yield _lists(lists, prospects)
    yield _custom_fields(client)
    yield _pace(prospects)
    yield from _campaigns(client, lists)
    yield from _cannot()


def _lists(lists: list[dict[str, Any]], prospects: int) -> CheckResult:
    if not lists:
        return CheckResult(_("Lists"), "failed", _("This account has no list."), _("Make a list in Snov.io first."))
    found = ngettext("%(n)d list", "%(n)d lists", len(lists)) % {"n": len(lists)}
    people = ngettext("%(n)d prospect", "%(n)d prospects", prospects) % {"n": prospects}
    return CheckResult(_("Lists"), "passed", f"{found}, {people}.")


def _custom_fields(client: Client) -> CheckResult:
    try:
        number = len(client.custom_fields())
    except ConnectorError as error:
        fix = _("Standard fields can be mapped anyway; try again later.")
        return CheckResult(_("Custom fields"), "warning", error.message, fix)
    return CheckResult(_("Custom fields"), "passed", ngettext("%(n)d field.", "%(n)d fields.", number) % {"n": number})


def _amount(told: Any) -> str:
    """As people write it: the API says "25000.00"."""
    try:
        return number_format(Decimal(str(told)).normalize(), force_grouping=True)
    except InvalidOperation:
        return "?"


def _pace(prospects: int) -> CheckResult:
    a_minute = settings.SNOVIO_CALLS_PER_MINUTE
    minutes = -(-prospects // a_minute)
    told = _("This install was told to use %(pace)s calls a minute. Reading %(n)s prospects takes about %(time)s.")
    usual = _("Snov.io allows 60 calls a minute; Syncline uses %(pace)s. Reading %(n)s prospects takes about %(time)s.")
    detail = (told if a_minute > ALLOWED_A_MINUTE else usual) % {
        "pace": _amount(a_minute),
        "n": _amount(prospects),
        "time": ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes},
    }
    fix = _("Nothing to do. The first sync shows the time to finish, and goes on by itself.")
    return CheckResult(_("Speed"), "warning" if minutes > 10 else "passed", detail, fix if minutes > 10 else "")


def _campaigns(client: Client, lists: list[dict[str, Any]]) -> Iterator[CheckResult]:
    running = running_campaigns(client)
    for each in lists:
        if names := running.get(str(each.get("id"))):
            detail = f"{each.get('name')}: {campaign_warning(names)}"
            fix = _("Choose another list for prospects that come from the hub, unless that is what you want.")
            yield CheckResult(_("Running campaigns"), "warning", detail, fix)


def _cannot() -> Iterator[CheckResult]:
    lines = [
        (
            _("Deletes"),
            _("Snov.io's API cannot delete prospects, and does not report those that people delete."),
            _("Deleted prospects are noticed when they are missing from all chosen lists. Delete in Snov.io by hand."),
        ),
        (
            _("Blank values"),
            _("Snov.io's API cannot empty a field. A value that is cleared in the hub stays in Snov.io."),
            _("Clear it in Snov.io by hand."),
        ),
        (
            _("Email addresses and lists"),
            _("Snov.io's API cannot change an email address or move a prospect to another list."),
            _("Records it concerns are marked, so that you can change them in Snov.io."),
        ),
    ]
    for name, detail, fix in lines:
        yield CheckResult(name, "warning", detail, fix)


def running_campaigns(client: Client) -> dict[str, list[str]]:
    """List id → names of the campaigns that mail its prospects now. {} where campaigns cannot be read: it is only for a warning."""
    found: dict[str, list[str]] = {}
    try:
        campaigns = client.campaigns()
    except ConnectorError:
        return found
    for each in campaigns:
        if str(each.get("status", "")).casefold() in RUNNING:
            found.setdefault(str(each.get("list_id")), []).append(str(each.get("campaign", "")))
    return found


def campaign_warning(names: list[str]) -> str:
    if not names:
        return ""
    words = ngettext(
        "the running campaign %(names)s mails everybody who enters this list.",
        "the running campaigns %(names)s mail everybody who enters this list.",
        len(names),
    )
    text = words % {"names": ", ".join(f"“{name}”" for name in names)}
    return text[0].upper() + text[1:]
