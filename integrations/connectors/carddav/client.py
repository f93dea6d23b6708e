"""CardDAV's HTTP calls, one method each, and what its refusals mean.

A **place** is the address of a collection or card: a path on the server that the customer named, or a whole address where that
server sends us to another one (iCloud keeps each account's address book on a host of its own).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.carddav import dav
from integrations.connectors.carddav.dav import CARD, DAV, Multistatus, Row
from integrations.http import Answer, ApiSession

XML = {"Content-Type": "application/xml; charset=utf-8", "Accept": "application/xml, text/xml"}
VCARD = {"Content-Type": "text/vcard; charset=utf-8", "Accept": "*/*"}
HOPS = 4  # redirects that discovery follows


class Moved(errors.Unavailable):
    """The server says that this lives elsewhere. Only discovery goes there."""

    def __init__(self, location: str) -> None:
        super().__init__(_("The server sends us to another address."))
        self.location = location


@dataclass
class Stored:
    """A card as the server has it; ``text`` with bytes that are not UTF-8 as halves of surrogate pairs."""

    etag: str
    text: str
    last_modified: str


class Client:
    """``open_session`` gives a session for an origin ("https://host"); the first one is the customer's."""

    def __init__(self, address: str, open_session: Callable[[str], ApiSession]) -> None:
        self.origin, self.start = _origin(address), urlsplit(address).path
        self._open_session = open_session
        self._sessions: dict[str, ApiSession] = {}

    @property
    def calls(self) -> int:
        return sum(session.calls for session in self._sessions.values())

    # -- addresses -----------------------------------------------------------------------------------------------------------
    def place(self, href: str, base: str = "/") -> str:
        """The place that ``href``, said by the place ``base``, means. The same host is the same server: behind a proxy many a
        server names a scheme or port of its own."""
        whole = urljoin(urljoin(self.origin, base), href)
        same = urlsplit(whole).hostname == urlsplit(self.origin).hostname
        return dav.path_of(whole) if same else _origin(whole) + dav.path_of(whole)

    def _send(
        self, method: str, place: str, *, headers: dict[str, str], body: bytes = b"", safe: bool = False
    ) -> Answer:
        origin = self.origin if place.startswith("/") else _origin(place)
        if origin not in self._sessions:
            self._sessions[origin] = self._open_session(origin)
        return self._sessions[origin].request(
            method, place.removeprefix(origin) or "/", body=body, headers=headers, safe=safe
        )

    # -- reading -------------------------------------------------------------------------------------------------------------
    def propfind(self, place: str, *names: str, depth: int = 0) -> list[Row]:
        return self._ask("PROPFIND", place, dav.propfind(*names), depth=depth).rows

    def _ask(self, method: str, place: str, body: bytes, depth: int = 0) -> Multistatus:
        """A call that reads. Gone where the place is not there: Xandikos says so in a row, with an answer that looks fine."""
        answer = self._send(method, place, body=body, headers={**XML, "Depth": str(depth)}, safe=True)
        said = dav.multistatus(answer)
        here = dav.path_of(place).rstrip("/")
        if any(row.is_gone and row.path.rstrip("/") == here for row in said.rows):
            raise errors.Gone(_("There is nothing at this address."))
        return said

    def find_place(self, place: str, *names: str) -> tuple[str, Row]:
        """PROPFIND that follows redirects: (where it was found, what is there)."""
        for _hop in range(HOPS):
            try:
                rows = self.propfind(place, *names)
            except Moved as moved:
                place = self.place(moved.location, place)
                continue
            if rows:
                return place, rows[0]
            break
        raise dav.NotDav(_("The server says nothing about this address."))

    def sync_token(self, book: str) -> str:
        """The book's state now; "" where the server cannot tell."""
        rows = self.propfind(book, "sync-token")
        return rows[0].text(f"{DAV}sync-token") if rows else ""

    def changes(self, book: str, token: str) -> Multistatus:
        """CursorExpired when the server has forgotten the token. The row of the book itself, which says that there is more
        (507), stays in."""
        return self._ask("REPORT", book, dav.sync_collection(token))

    def etag(self, place: str) -> str:
        rows = self.propfind(place, "getetag")
        return rows[0].text(f"{DAV}getetag") if rows else ""

    def etags(self, book: str) -> dict[str, str]:
        """The places of all cards of a book with their versions. One call."""
        rows = self.propfind(book, "getetag", "resourcetype", depth=1)
        if any(row.status == 507 for row in rows):
            raise errors.Unavailable(_("The server does not list all cards of the address book."), status=507)
        return {
            self.beside(book, row): row.text(f"{DAV}getetag")
            for row in rows
            if not row.path.endswith("/") and not row.has(f"{DAV}resourcetype", f"{DAV}collection") and not row.is_gone
        }

    def cards(self, book: str, places: Iterable[str]) -> dict[str, Stored | None]:
        """Cards of one book by place, None for those that are not there. One call; one more for each that the answer forgets, and
        for each where the book is gone (then the server must say of every single card that it is) or the whole answer fails."""
        wanted = list(dict.fromkeys(places))
        if not wanted:
            return {}
        body = dav.multiget(dav.path_of(place) for place in wanted)
        try:
            found = self._cards_of(book, self._ask("REPORT", book, body))
        except errors.Gone:
            found = {}
        except errors.Unavailable as trouble:
            if trouble.status != 500:
                raise
            found = {}  # one card that the server cannot put into XML (Xandikos) must not hide all others
        return {place: found[place] if place in found else self._card(place) for place in wanted}

    def query(self, book: str, name: str, values: Iterable[str]) -> dict[str, Stored]:
        """Cards whose property ``name`` contains one of ``values``."""
        said = self._ask("REPORT", book, dav.query(name, values), depth=1)
        return {place: card for place, card in self._cards_of(book, said).items() if card}

    def _cards_of(self, book: str, said: Multistatus) -> dict[str, Stored | None]:
        found: dict[str, Stored | None] = {}
        for row in said.rows:
            place = self.beside(book, row)
            if row.is_gone:
                found[place] = None
            elif row.status >= 400:
                raise errors.Unavailable(_("The server could not show a card."), status=row.status)
            elif f"{CARD}address-data" in row.props:
                text = row.props[f"{CARD}address-data"].text or ""
                if dav.UNKNOWN in text:  # it cannot be put back as it was: read byte for byte what XML cannot carry
                    found[place] = self._card(place)
                    continue
                found[place] = Stored(row.text(f"{DAV}getetag"), text, row.text(f"{DAV}getlastmodified"))
        return found

    def _card(self, place: str) -> Stored | None:
        try:
            answer = self._send("GET", place, headers={"Accept": "text/vcard"})
        except errors.Gone:
            return None
        text = answer.body.decode("utf-8", "surrogateescape")
        return Stored(answer.headers.get("ETag", ""), text, answer.headers.get("Last-Modified", ""))

    @staticmethod
    def beside(book: str, row: Row) -> str:
        """A row's place: on the book's server, whatever host the server believes to be."""
        return (_origin(book) if "://" in book else "") + row.path

    # -- writing -------------------------------------------------------------------------------------------------------------
    def put_new(self, place: str, text: str) -> tuple[str, str]:
        """(place, etag or ""). StaleVersion when there is a card already; a server may choose another place."""
        body = text.encode("utf-8", "surrogateescape")
        try:
            answer = self._send("PUT", place, body=body, headers={**VCARD, "If-None-Match": "*"})
        except errors.AlreadyExists as met:
            met.existing_id = self.place(met.existing_id, place) if met.existing_id else ""
            raise
        location = answer.headers.get("Location", "")
        return self.place(location, place) if location else place, answer.headers.get("ETag", "")

    def put(self, place: str, text: str, etag: str) -> str:
        """The new etag or "". StaleVersion when the card is not at ``etag`` any more, Refused where nobody knows what it is at."""
        strong = etag.removeprefix("W/")  # proxies that compress weaken it, and If-Match takes only strong ones
        if not strong:
            message = _(
                "The server does not say which version of the card this is, so an edit could be overwritten unseen."
            )
            raise errors.Refused(message, code="NOT_POSSIBLE_IN_APP")
        body = text.encode("utf-8", "surrogateescape")
        return self._send("PUT", place, body=body, headers={**VCARD, "If-Match": strong}).headers.get("ETag", "")

    def delete(self, place: str, etag: str = "") -> None:
        """StaleVersion when the card is not at ``etag`` any more ("" = whatever it is at; SOGo never asks)."""
        condition = {"If-Match": etag.removeprefix("W/")} if etag else {}
        self._send("DELETE", place, headers={"Accept": "*/*", **condition})


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


# -- refusals ------------------------------------------------------------------------------------------------------------------
def fault(answer: Answer, wrote: bool) -> errors.ConnectorError | None:
    """The error table. A status alone says little here: 403, 409 and 412 all come with the name of what was broken."""
    status = answer.status
    if 300 <= status < 400 and answer.headers.get("Location"):
        return Moved(answer.headers["Location"])
    if status == 401:
        return errors.AuthExpired(_("The server does not accept this user name and password."))
    if not 400 <= status < 500 and status != 507:
        return None
    broken = dav.conditions(answer)
    if "valid-sync-token" in broken:  # Radicale says 403, Xandikos 412
        return errors.CursorExpired(_("The server has forgotten where the last poll stopped."))
    if "no-uid-conflict" in broken:
        root = dav.parse(answer)
        href = root.findtext(f".//{DAV}href") if root is not None else None
        existing = dav.path_of(href) if href else ""
        return errors.AlreadyExists(_("The address book has a card of this UID."), existing_id=existing)
    if status == 412 and not broken - {"getetag", "if-match"}:
        return errors.StaleVersion(_("The card has changed meanwhile."))
    if wrote:
        return _refused_write(status, broken)
    if status == 403:
        return errors.ScopeMissing(_("The server does not let this user read here."))
    return None


def _refused_write(status: int, broken: set[str]) -> errors.ConnectorError | None:
    if status in (404, 410, 423, 429):
        return None  # as everywhere
    words: dict[int, tuple[str, str]] = {
        403: ("OBJECT_NO_PERMISSION", _("The server does not let this user write this card.")),
        413: ("RECORD_TOO_LARGE", _("The card is too large for the server.")),
        507: ("QUOTA_ALLOCATION_REACHED", _("The address book is full.")),
    }
    if "max-resource-size" in broken:
        status = 413
    elif broken & {"supported-address-data", "valid-address-data"}:
        status = 415
    if status == 409:
        return errors.ContainerMissing(_("The address book is not there."))
    code, message = words.get(status, ("VALIDATION_RULE", _("The server refuses this card.")))
    return errors.Refused(message, code=code)
