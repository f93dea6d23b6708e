"""The live checks after connecting: whose key it is, what it shows, which tags there are, what cannot be."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.connectors.sansan import schema
from integrations.connectors.sansan.client import CARDS_PAGE, Client, WrongVersion
from integrations.errors import ConnectorError
from integrations.records import CheckResult


def run(client: Client, most_tags: int) -> Iterator[CheckResult]:
    try:
        client.try_key()
        user = client.me()
    except ConnectorError as error:
        fix = _("Copy the API key again from Sansan's settings and reconnect.")
        if isinstance(error, WrongVersion):
            fix = _("Reconnect, and leave the version empty or take the one of your contract.")
        yield CheckResult(_("API key"), "failed", error.message, fix)
        return
    name = schema.blank(user.get("name")) or _("a user whose name Sansan does not tell")
    yield CheckResult(_("API key"), "passed", _("Connected as %(name)s.") % {"name": name})
    try:
        yield _cards(client, str(user.get("id") or ""))
        yield _tags(client, most_tags)
    except ConnectorError as error:
        yield CheckResult(
            _("Cards and tags"), "failed", error.message, _("Try again; else ask a Sansan administrator.")
        )
        return
    yield CheckResult(
        _("Direction"),
        "warning",
        _("Cards come from Sansan to the hub; nothing is written to Sansan."),
        _("Nothing to do."),
    )
    yield CheckResult(
        _("Deletions"),
        "warning",
        _("Sansan does not tell of deleted cards. They are noticed when all cards are read, and the contact is kept."),
        _("Delete the contact in the hub by hand."),
    )


def _cards(client: Client, user_id: str) -> CheckResult:
    """A look at one page of cards: a key that shows only its user's own ones was probably not made by an administrator."""
    cards, more = client.search(orderDirection="desc")
    if not cards:
        fix = _("Connect the key of a Sansan administrator, unless no card has been registered yet.")
        return CheckResult(_("Cards"), "warning", _("This key shows no card."), fix)
    owners = {str((card.get("owner") or {}).get("id")) for card in cards}
    if user_id and owners == {user_id}:
        detail = _("All cards that this key shows are its user's own.")
        return CheckResult(_("Cards"), "warning", detail, _("An administrator's key shows everybody's cards."))
    count = ngettext("%(n)d card", "%(n)d cards", len(cards)) % {"n": len(cards)}
    detail = _("More than %(n)d cards.") % {"n": CARDS_PAGE} if more else f"{count}."
    return CheckResult(_("Cards"), "passed", detail)


def _tags(client: Client, most: int) -> CheckResult:
    offered = sum(schema.is_offered(tag) for tag in client.tags())
    detail = ngettext("%(n)d public or shared tag.", "%(n)d public or shared tags.", offered) % {"n": offered}
    if offered > most:
        detail += " " + _("A sync can choose %(most)d of them, or take all cards.") % {"most": most}
    return CheckResult(_("Tags"), "passed", detail)
