"""Identifiers: how two records find each other, once. After that they are linked by id for ever.

Strict, never by guess: a key matches only when it is unique at both sides. Several records with one key follow the sync's
duplicate policy; a weak key (a company's name) waits for a person.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from integrations.records import FieldType, Side, Values
from syncjobs.engine.canonical import host_of, is_blank
from syncjobs.engine.rules import Identifier

KEY_LENGTH = 200  # RecordLink.hub_key and its like


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
    name: str = ""  # without case, width and spaces
    crosses: bool = True  # no filter keeps it at its side, or has ended the sync of its pair
    since: str | None = None  # how new the app itself says that it is; None: that is not known
    order: tuple[str, ...] = ()  # ascends from the oldest to the newest


@dataclass(slots=True)
class Match:
    """What becomes of all records that share one key."""

    pair: tuple[int, int] | None = None  # (hub row, app row) to join
    heir: tuple[Candidate, Candidate] | None = None  # (one of a pair, the newer one that takes its place there)
    excluded: tuple[int, ...] = ()  # rows that lose by the duplicate policy
    shared: bool = False  # records of one side with different names have the key
    review: tuple[int, ...] = ()  # rows that wait for a person


def resolve(candidates: Sequence[Candidate], policy: Literal["newest", "oldest", "hold"]) -> Match:
    """Decide for one key. A record that is linked already keeps its link, however others with its key are edited, until one comes
    of which the app itself says that it is newer."""
    free = sorted((c for c in candidates if not c.linked), key=lambda c: c.order, reverse=policy != "oldest")
    free.sort(key=lambda c: (not c.crosses, not c.since))
    first = {c.side: c for c in reversed(free)}
    if linked := [c for c in candidates if c.linked]:
        heir = next(filter(None, (_heir(linked, c) for c in first.values())), None) if policy == "newest" else None
        return Match(heir=heir, excluded=tuple(c.row for c in free if not heir or c is not heir[1]))
    rest = tuple(c.row for c in free if c is not first[c.side])
    if policy == "hold" and rest:
        return Match(review=tuple(c.row for c in free))
    pair = (first[Side.HUB].row, first[Side.APP].row) if len(first) == 2 else None
    return Match(pair=pair, excluded=rest)


def _heir(linked: Sequence[Candidate], new: Candidate) -> tuple[Candidate, Candidate] | None:
    old = max((c for c in linked if c.side is new.side), key=lambda c: c.since or "", default=new)
    later = old.since is not None and (not old.crosses or (new.since or "") > old.since)
    return (old, new) if new.crosses and later else None
