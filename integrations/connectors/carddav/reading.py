"""Cards by path → records."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from integrations.connectors.carddav import slots
from integrations.connectors.carddav.client import Client, Stored
from integrations.connectors.carddav.vcard import Card
from integrations.records import LONGEST_VERSION, RemoteRecord


def read(client: Client, paths: Iterable[str]) -> dict[str, Stored | None]:
    """Cards by path, None for those that are not there. One call for each book that they are in."""
    by_book: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_book[path.rpartition("/")[0] + "/"].append(path)
    found: dict[str, Stored | None] = {}
    for book, part in by_book.items():
        found |= client.cards(book, part)
    return found


def records(found: Mapping[str, Stored | None], names: Sequence[str]) -> list[RemoteRecord]:
    """Those that are somebody's card, not a group of cards."""
    made = []
    for path, stored in found.items():
        if stored is None:
            continue
        card = Card.parse(stored.text)
        if not card.is_group:
            made.append(record(path, stored, card, names))
    return made


def record(path: str, stored: Stored, card: Card, names: Iterable[str]) -> RemoteRecord:
    """With the named fields. ``card`` is what ``stored.text`` says."""
    return RemoteRecord(
        id=path,
        values=slots.read(card, names),
        also=slots.other_addresses(card),
        modified_at=slots.revised_at(card, stored.last_modified),
        version=version_of(stored.etag),
    )


def version_of(etag: str) -> str:
    """The etag in a form that can be kept. Proxies that compress weaken it (``W/``), in some answers and not in others."""
    strong = etag.removeprefix("W/")
    return strong if len(strong) <= LONGEST_VERSION else sha256(strong.encode()).hexdigest()
