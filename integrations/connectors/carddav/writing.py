"""Writes, one card after the other: CardDAV has no batches. Each item gets its own verdict, whatever happens to the next one.

A card is read, changed in the lines that its values live in, and put back whole, on condition that nobody changed it meanwhile.
Afterwards the batch is read once: servers rewrite cards (Radicale does, and gives an etag as if it did not), and the engine needs
what is stored, not what was sent.
"""

import contextlib
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from django.utils.timezone import now
from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.carddav import reading, slots
from integrations.connectors.carddav.client import Client, Stored
from integrations.connectors.carddav.vcard import Card
from integrations.connectors.verdicts import one_by_one
from integrations.records import Create, Update, Verdict

WRITE_BATCH = 50  # each batch begins with one look for twins, which reads a whole address book on most servers
TRIES = 3  # for an update without a condition that meets somebody else's edit


class Writer:
    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, book: str, items: Sequence[Create]) -> list[Verdict]:
        """The path is made of the item's key, so the same create sent twice meets its own card instead of doubling it."""
        verdicts = one_by_one(items, lambda item: self._create(book, item))
        return self._as_stored(items, verdicts)

    def update(self, items: Sequence[Update]) -> list[Verdict]:
        current = reading.read(self._client, [item.id for item in items])
        verdicts = one_by_one(items, lambda item: self._update(item, current.get(item.id)))
        return self._as_stored(items, verdicts)

    def delete(self, paths: Sequence[str], versions: Mapping[str, str]) -> list[Verdict]:
        return one_by_one(paths, lambda path: self._delete(path, versions.get(path, "")))

    def _create(self, book: str, item: Create) -> Verdict:
        slots.check(item.values)
        card = Card.new(item.key)
        slots.write(card, item.values)
        slots.stamp(card, now())
        path = f"{book}{quote(item.key, safe='')}.vcf"
        try:
            path, etag = self._client.put_new(path, card.text())
        except errors.StaleVersion:
            return self._met(path, item)
        return self._written(path, etag, card, item)

    def _written(self, path: str, etag: str, card: Card, item: Create | Update) -> Verdict:
        """A server that rewrites a card need not say its version (RFC 6352, 6.3.2.3). It is asked at once, not after the batch: the
        sooner, the less likely is it that somebody's edit of the card passes for our own."""
        if not etag:
            with contextlib.suppress(errors.ConnectorError):  # what was written stays written
                etag = self._client.etag(path)
        return Verdict(record=reading.record(path, Stored(etag, card.text(), ""), card, item.values))

    def _met(self, path: str, item: Create) -> Verdict:
        """A card of our own path: an earlier try arrived. Where it no longer says what was sent, a person was there since, and
        the engine must merge."""
        stored = reading.read(self._client, [path])[path]
        if stored is not None:
            card = Card.parse(stored.text)
            record = reading.record(path, stored, card, item.values)
            if card.value("UID") == item.key and record.values == item.values:
                return Verdict(record=record, existed=True)
        raise errors.AlreadyExists(_("This card was made already."), existing_id=path)

    def _update(self, item: Update, stored: Stored | None) -> Verdict:
        slots.check(item.values)
        for _try in range(TRIES):
            if stored is None:
                raise errors.Gone(_("The card is not there any more."))
            if item.version and item.version != reading.version_of(stored.etag):
                break
            card = Card.parse(stored.text)
            if not slots.write(card, item.values):
                return Verdict(record=reading.record(item.id, stored, card, item.values))
            slots.stamp(card, now())
            try:
                etag = self._client.put(item.id, card.text(), stored.etag)
            except errors.StaleVersion:
                stored = reading.read(self._client, [item.id])[item.id]
                continue
            return self._written(item.id, etag, card, item)
        raise errors.StaleVersion(_("The card has changed meanwhile."))

    def _delete(self, path: str, version: str) -> Verdict:
        with contextlib.suppress(errors.Gone):  # gone is what was wanted
            etag = version
            if version and not version.startswith('"'):  # what is kept of a long one
                etag = self._client.etag(path)
                if reading.version_of(etag) != version:
                    raise errors.StaleVersion(_("The card has changed meanwhile."))
            self._client.delete(path, etag)
        return Verdict()

    def _as_stored(self, items: Sequence[Create | Update], verdicts: list[Verdict]) -> list[Verdict]:
        """Show each written card as the server has it at the version that our write made. Where somebody has changed it since,
        what was sent stands: their change shows in the next poll. What was written stays written, even if it cannot be read."""
        written = {verdict.record.id for verdict in verdicts if verdict.record}
        try:
            found = reading.read(self._client, written)
        except errors.ConnectorError:
            return verdicts
        for item, verdict in zip(items, verdicts, strict=True):
            stored = found.get(verdict.record.id) if verdict.record else None
            if stored and verdict.record and verdict.record.version in ("", reading.version_of(stored.etag)):
                verdict.record = reading.record(verdict.record.id, stored, Card.parse(stored.text), item.values)
        return verdicts
