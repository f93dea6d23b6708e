"""Identifiers: how two records find each other, once. After that they are linked by id for ever.

Strict, never by guess: a key matches only when it is unique at both sides. Several records with one key follow the sync's
duplicate policy; a weak key (a company's name) waits for a person.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from integrations.records import FieldType, Side, Values
from syncjobs.engine.canonical import host_of, is_blank
from syncjobs.engine.rules import Identifier

KEY_LENGTH = 200  # RecordLink.hub_key and its like
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def key_of(values: Values, identifier: Identifier, side: Side) -> str:
    """The normalised identifier of a record at one side; "" when it has none. At most 200 characters."""
    end = identifier.end(side)
    value = values.get(end.field)
    if is_blank(value) or isinstance(value, list | bool):
        return ""
    text = str(value)
    text = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    if end.type is FieldType.URL:
        text = host_of(text)
    text = " ".join(text.split())
    if len(text) <= KEY_LENGTH:
        return text
    # Cut, two long texts with one beginning would be taken for one record.
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return text[: KEY_LENGTH - len(digest)] + digest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that carries a key, as the match step sees it."""

    row: int  # the link it is (half of)
    side: Side
    linked: bool  # already paired with a record at the other side
    modified_at: datetime | None
    created_at: datetime | None


@dataclass(slots=True)
class Match:
    """What becomes of all records that share one key."""

    pair: tuple[int, int] | None = None  # (hub row, app row) to join
    excluded: tuple[int, ...] = ()  # rows that lose by the duplicate policy
    review: tuple[int, ...] = ()  # rows that wait for a person


def resolve(candidates: Sequence[Candidate], policy: Literal["newest", "oldest", "hold"]) -> Match:
    """Decide for one key. A record that is linked already keeps its link; later ones with its key are duplicates."""
    hub = [c for c in candidates if c.side is Side.HUB]
    app = [c for c in candidates if c.side is Side.APP]
    linked = [c for c in candidates if c.linked]
    free_hub = [c for c in hub if not c.linked]
    free_app = [c for c in app if not c.linked]
    if linked:
        return Match(excluded=tuple(c.row for c in (*free_hub, *free_app)))
    if policy == "hold" and (len(free_hub) > 1 or len(free_app) > 1):
        return Match(review=tuple(c.row for c in (*free_hub, *free_app)))
    chosen_hub, rest_hub = _choose(free_hub, policy)
    chosen_app, rest_app = _choose(free_app, policy)
    pair = (chosen_hub.row, chosen_app.row) if chosen_hub and chosen_app else None
    return Match(pair=pair, excluded=tuple(c.row for c in (*rest_hub, *rest_app)))


def _choose(candidates: list[Candidate], policy: str) -> tuple[Candidate | None, list[Candidate]]:
    # The row number makes the choice the same in every run where times are equal or unknown.
    ordered = sorted(candidates, key=lambda c: (c.modified_at or c.created_at or LONG_AGO, -c.row))
    ordered = ordered if policy == "oldest" else ordered[::-1]
    return (ordered[0], ordered[1:]) if ordered else (None, [])
