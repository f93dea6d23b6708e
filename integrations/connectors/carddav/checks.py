"""The live checks after connecting: who are we, which address books are there, can they be followed and written."""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.connectors.carddav.discovery import Account, Book
from integrations.errors import ConnectorError
from integrations.records import CheckResult


def run(find_account: Callable[[], Account], find_books: Callable[[], list[Book]]) -> Iterator[CheckResult]:
    try:
        find_account()
    except ConnectorError as error:
        fix = _("Check the address, the user name and the password. Many servers want a password made for apps.")
        yield CheckResult(_("Sign in"), "failed", error.message, fix)
        return
    yield CheckResult(_("Sign in"), "passed", _("The server accepted the user name and password."))
    try:
        books = find_books()
    except ConnectorError as error:
        yield CheckResult(_("Address books"), "failed", error.message, _("Try again in a few minutes."))
        return
    if not books:
        fix = _("Make an address book on the server first.")
        yield CheckResult(_("Address books"), "failed", _("This account has no address book."), fix)
        return
    names = ", ".join(book.name for book in books)
    found = ngettext("%(n)d address book: %(names)s.", "%(n)d address books: %(names)s.", len(books))
    yield CheckResult(_("Address books"), "passed", found % {"n": len(books), "names": names})
    yield _changes(books)
    yield _rights(books)


def _changes(books: list[Book]) -> CheckResult:
    deaf = ", ".join(book.name for book in books if not book.follows)
    if not deaf:
        return CheckResult(_("Changes"), "passed", _("The server tells what changed and what was deleted."))
    return CheckResult(
        _("Changes"),
        "failed" if all(not book.follows for book in books) else "warning",
        _("The server cannot tell what changed in: %(books)s.") % {"books": deaf},
        _("Sync only the other address books, or use a server that knows sync-collection (RFC 6578)."),
    )


def _rights(books: list[Book]) -> CheckResult:
    closed = ", ".join(book.name for book in books if not book.writable)
    if not closed:
        return CheckResult(_("Writing"), "passed", _("All address books can be written to."))
    return CheckResult(
        _("Writing"),
        "warning",
        _("You may only read: %(books)s.") % {"books": closed},
        _("Choose another address book for new cards, or sync that one in one direction."),
    )
