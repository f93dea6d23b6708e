"""From the address that a customer types to the address books behind it (RFC 6764, 6352): address → who we are → home → books."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.carddav import dav
from integrations.connectors.carddav.client import Client, Moved
from integrations.connectors.carddav.dav import CARD, DAV, Row

WELL_KNOWN = "/.well-known/carddav"
PRINCIPAL, HOME = "current-user-principal", "C:addressbook-home-set"
BOOK_PROPS = ("resourcetype", "displayname", "supported-report-set", "current-user-privilege-set")
WRITES = ("all", "write", "write-content")


@dataclass(frozen=True)
class Account:
    """``homes``: the places that hold address books."""

    principal: str
    name: str
    homes: tuple[str, ...]


@dataclass(frozen=True)
class Book:
    place: str
    name: str
    follows: bool  # it tells what changed (sync-collection)
    writable: bool


def find_account(client: Client) -> Account:
    """AuthExpired where the server does not know us, NotDav where there is no CardDAV server."""
    principal = _find_principal(client)
    place, row = client.find_place(principal, "displayname", HOME)
    homes = [client.place(href, place) for href in row.hrefs(f"{CARD}addressbook-home-set")]
    if not homes:
        raise dav.NotDav(_("The server says of no address books for this user."))
    return Account(place, row.text(f"{DAV}displayname"), tuple(dict.fromkeys(homes)))


def _find_principal(client: Client) -> str:
    given = [client.start] if client.start.strip("/") else []
    for place in (*given, WELL_KNOWN, "/"):
        try:
            found, row = client.find_place(place, PRINCIPAL)
        except (errors.Refused, errors.Gone, errors.AlreadyExists, Moved):
            continue  # another server's web page; CardDAV may still live at the next address
        if row.has(f"{DAV}{PRINCIPAL}", f"{DAV}unauthenticated"):
            raise errors.AuthExpired(_("The server does not accept this user name and password."))
        hrefs = row.hrefs(f"{DAV}{PRINCIPAL}")
        if hrefs:
            return client.place(hrefs[0], found)
    raise dav.NotDav(_("There is no CardDAV server at this address."))


def find_books(client: Client, homes: tuple[str, ...]) -> list[Book]:
    """All address books, in the server's order; one call per home."""
    books: dict[str, Book] = {}
    for home in homes:
        for row in client.propfind(home, *BOOK_PROPS, depth=1):
            if row.has(f"{DAV}resourcetype", f"{CARD}addressbook"):
                place = client.beside(home, row)
                books[place] = _book(place, row)
    return list(books.values())


def _book(place: str, row: Row) -> Book:
    privileges = f"{DAV}current-user-privilege-set"
    return Book(
        place=place,
        name=row.text(f"{DAV}displayname") or place.rstrip("/").rpartition("/")[2],
        follows=row.has(f"{DAV}supported-report-set", f"{DAV}sync-collection"),
        # A server that says nothing of rights is asked by writing.
        writable=privileges not in row.props or any(row.has(privileges, f"{DAV}{right}") for right in WRITES),
    )
