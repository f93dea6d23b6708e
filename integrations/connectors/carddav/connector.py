"""Address books behind the connector protocol, for any CardDAV server.

*Id*: the card's path on the server. Deletions are told by path and nothing else, and writes go there; the UID inside the card is
not kept, because two books may hold copies of one card. *Version*: the etag. *Lists*: the account's address books.

A poll is one ``sync-collection`` report a book (RFC 6578): paths that changed, paths that are gone, and the next token. Tokens are
opaque: Radicale's is a URL, Xandikos's the hash of a tree, SOGo's a second (``_before``). Changed cards are read 100 at a time.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Scope
from integrations.connectors.carddav import checks, discovery, reading, slots
from integrations.connectors.carddav.client import Client
from integrations.connectors.carddav.discovery import Account, Book
from integrations.connectors.carddav.writing import WRITE_BATCH, Writer
from integrations.records import (
    CheckResult,
    Container,
    Count,
    Create,
    Field,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Verdict,
)

READ_BATCH = 100
FIND_BATCH = 50  # values in one query
LONGEST_ACCOUNT = 120
CLOCKS_APART = 300  # seconds between a server's and ours, at most

ABILITIES = Abilities(
    idempotent_creates=True,  # the key is the card's name
    conditional_writes=True,
    other_addresses=True,
    containers="address book",
    target_container=True,
    scan_page=READ_BATCH,
    read_batch=READ_BATCH,
    write_batch=WRITE_BATCH,
    write_calls=WRITE_BATCH + 2,  # cards are written one by one, read together before and after
    poll_seconds=60,
    lists_changes=True,  # a search parses every card on most servers
)

Tokens = dict[str, str]
"""A sync token for each book."""


@dataclass
class Report:
    """What changed in all followed books since some tokens. ``cut``: a server had more than it wanted to tell at once."""

    changed: list[str]
    gone: list[str]
    tokens: Tokens
    cut: bool


class CardDav:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._account: Account | None = None
        self._books: list[Book] | None = None
        self._listing: list[str] | None = None  # paths of the scan that is under way
        self._reports: dict[tuple[tuple[str, str], ...], Report] = {}  # of the poll that is under way

    @property
    def calls(self) -> int:
        return self._client.calls

    def abilities(self, kind: str) -> Abilities:
        return ABILITIES

    # -- about the account ---------------------------------------------------------------------------------------------------
    def identify(self) -> RemoteAccount:
        """The principal's address: who we are on which server."""
        account = self._find_account()
        server = urlsplit(self._client.origin)
        id = (server.netloc if account.principal.startswith("/") else "") + account.principal
        if len(id) > LONGEST_ACCOUNT:
            id = sha256(id.encode()).hexdigest()
        last = account.principal.rstrip("/").rpartition("/")[2]
        return RemoteAccount(id=id, name=f"{account.name or last} · {server.hostname}")

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        yield from checks.run(self._find_account, self._find_books)

    def fields(self, kind: str) -> list[Field]:
        return slots.all_fields()

    def create_field(self, kind: str, field: Field) -> Field:
        raise errors.CannotDo(_("Cards have a fixed set of fields."))

    def containers(self, kind: str) -> list[Container]:
        return [
            Container(
                book.place, book.name, warning="" if book.writable else _("You may not write to this address book.")
            )
            for book in self._find_books()
        ]

    def record_url(self, kind: str, id: str) -> str:
        return ""  # servers have pages for people, but no common address for them

    def _find_account(self) -> Account:
        self._account = self._account or discovery.find_account(self._client)
        return self._account

    def _find_books(self) -> list[Book]:
        if self._books is None:
            self._books = discovery.find_books(self._client, self._find_account().homes)
        return self._books

    def _chosen(self, scope: Scope) -> list[str]:
        return sorted(scope.get("lists") or [book.place for book in self._find_books()])

    # -- reading everything --------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """All paths are listed once (one call a book), then read in their order. The position is the last path read, so a list
        that changed when another worker goes on shifts nothing."""
        if position is None or self._listing is None:
            self._listing = self._list(self._chosen(scope))
        after = position["after"] if position else ""
        due = [path for path in self._listing if path > after]
        batch = due[:READ_BATCH]
        records = reading.records(reading.read(self._client, batch), fields)
        position = {"after": batch[-1]} if len(due) > len(batch) else None
        return Page(records, position=position, total=len(self._listing))

    def _list(self, books: Iterable[str]) -> list[str]:
        return sorted({path for book in books for path in self._etags(book)})

    def _etags(self, book: str) -> dict[str, str]:
        try:
            return self._client.etags(book)
        except errors.Gone:
            raise _missing(book) from None

    # -- reading what changed ------------------------------------------------------------------------------------------------
    def count(self, kind: str, *, scope: Scope) -> Count:
        """One call a book."""
        return Count(len(self._list(self._chosen(scope))))

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        """Cursor: ``{"books": tokens, "homes": […]}``. Position: ``since`` and ``next`` tokens and the last path read.

        ``next`` is what the first report of the poll gave. A worker that goes on asks again, and may see newer changes at paths
        that were passed already; those come again, because the next poll starts at ``next``.
        """
        if cursor is None:
            return Page([], cursor=self._now(scope))
        if position is None:
            self._reports.clear()
            self._check_books(cursor, scope)
            position = {"since": cursor["books"], "next": None, "after": ""}
        report = self._report(position["since"])
        is_first = position["next"] is None
        tokens = report.tokens if is_first else position["next"]
        due = [path for path in report.changed if path > position["after"]]
        batch = due[:READ_BATCH]
        page = Page(reading.records(reading.read(self._client, batch), fields), gone=report.gone if is_first else [])
        if len(due) > len(batch):
            page.position = {**position, "next": tokens, "after": batch[-1]}
        elif report.cut or report.tokens != tokens:
            page.position = {"since": tokens, "next": None, "after": ""}
        else:
            page.cursor = {**cursor, "books": tokens}
        return page

    def _now(self, scope: Scope) -> dict[str, Any]:
        books = {place: self._token(place) for place in self._chosen(scope)}
        return {"books": books, "homes": [] if scope.get("lists") else list(self._find_account().homes)}

    def _token(self, book: str) -> str:
        """Servers need not show the token as a property; then everything is listed once for its sake."""
        try:
            token = self._client.sync_token(book) or self._client.changes(book, "").token
        except errors.Gone:
            raise _missing(book) from None
        if not token:
            raise errors.Refused(_("This server cannot tell what has changed."), code="NOT_POSSIBLE_IN_APP")
        return _before(token)

    def _check_books(self, cursor: dict[str, Any], scope: Scope) -> None:
        """CursorExpired where the books that are to be followed are not those that the cursor knows: everything is read anew."""
        if scope.get("lists"):
            books = set(scope["lists"])
        else:
            books = {book.place for book in discovery.find_books(self._client, tuple(cursor["homes"]))}
        if books != cursor["books"].keys():
            raise errors.CursorExpired(_("The address books are not the same as before."))

    def _report(self, since: Tokens) -> Report:
        key = tuple(sorted(since.items()))
        if key not in self._reports:
            self._reports[key] = self._ask(since)
        return self._reports[key]

    def _ask(self, since: Tokens) -> Report:
        report = Report([], [], {}, cut=False)
        for book, token in since.items():
            try:
                said = self._client.changes(book, token)
            except errors.Gone:
                raise _missing(book) from None
            cut = any(row.status == 507 for row in said.rows)
            if not said.token or (cut and said.token == token):
                raise errors.Unavailable(_("The server did not say how far its list of changes goes."))
            for row in said.rows:
                if row.is_gone:
                    report.gone.append(self._client.beside(book, row))
                elif not row.path.endswith("/"):  # whatever else is wrong with a card, the read of it tells
                    report.changed.append(self._client.beside(book, row))
            report.tokens[book] = said.token
            report.cut |= cut
        report.changed.sort()
        return report

    def changed(self, kind: str, *, cursor: dict[str, Any], scope: Scope) -> dict[str, str]:
        """One call a book, and one for the list of books; more where a server tells its changes bit by bit.

        The book that new cards go to is listed, not asked for its changes: each look at it finds new ones, and for every token that
        Radicale gives away it keeps a file of the whole book, for a month.
        """
        self._check_books(cursor, scope)
        books = [book.place for book in self._find_books()] if scope.get("lists") else list(cursor["books"])
        told = {book: token for book, token in cursor["books"].items() if book != scope.get("target_list")}
        changed: dict[str, str] = {}
        for book in books:
            if book not in told:
                changed |= {path: reading.version_of(etag) for path, etag in self._etags(book).items()}
        report = Report([], [], told, cut=True)
        while report.cut:
            report = self._ask(report.tokens)
            changed |= dict.fromkeys(report.changed, "")
        return changed

    # -- reading some --------------------------------------------------------------------------------------------------------
    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        found = reading.read(self._client, [ref.id for ref in refs])
        records = {record.id: record for record in reading.records(found, fields)}
        return ReadAnswer(records, gone={path for path, stored in found.items() if stored is None})

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """The server is asked for more than is wanted (parts of names); the rest is sorted out here. Of several e-mail addresses
        of a card each counts."""
        wanted = {value.casefold() for value in values}
        found = []
        for record in self._query(field, values, [*fields, field]):
            held = [str(record.values.get(field) or ""), *(record.also if field == "email" else ())]
            if wanted & {value.casefold() for value in held}:
                found.append(record)
        return found

    def _query(self, field: str, values: Sequence[str], names: Sequence[str]) -> Iterator[RemoteRecord]:
        name = slots.SLOTS[field].property
        for book in self._chosen({}):
            for start in range(0, len(values), FIND_BATCH):
                stored = self._client.query(book, name, values[start : start + FIND_BATCH])
                yield from reading.records(stored, names)

    # -- writing -------------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        book = scope.get("target_list") or next(iter(self._chosen(scope)), "")
        if not book:
            raise errors.ContainerMissing(_("This account has no address book."))
        return Writer(self._client).create(book, items)

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return Writer(self._client).update(items)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        return Writer(self._client).delete(ids, versions)


def _before(token: str) -> str:
    """SOGo's token is the Unix second of the last change, and its reports list what changed after that second: a token that is
    taken in the middle of one would hide the rest of it. Reports give the second before by themselves, the property does not
    (SOGoGCSFolder.m, 5.12)."""
    is_lately = token.isdecimal() and abs(int(token) - time.time()) < CLOCKS_APART
    return str(int(token) - 1) if is_lately else token


def _missing(book: str) -> errors.ContainerMissing:
    return errors.ContainerMissing(_("The address book %(book)s is gone.") % {"book": book})
