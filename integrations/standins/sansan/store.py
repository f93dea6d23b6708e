"""What one company's Sansan holds: business cards, the persons they are of, tags, users and their keys. No HTTP here.

Times are whole Unix seconds, as the API shows no fractions. Cards of one person share ``person_id``; the card received last is the
person's current one, the others are *past* cards, which most calls hide. Nothing tells of deletions: a card is just not there.
"""

import hashlib
import heapq
import itertools
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TEXTS = (
    "lastName", "firstName", "lastNameReading", "firstNameReading", "departmentName", "title", "companyName", "email", "tel",
    "secondTel", "mobile", "fax", "url", "postalCode", "prefecture", "city", "street", "building", "countryCode", "memo",
)  # fmt: skip
ENTRY = ("processing", "completed", "unreadable")
TAG_TYPES = ("private", "public", "shared")
ORDERS = ("updated", "registered", "completed")


@dataclass(frozen=True, slots=True)
class User:
    """``sees_all``: an administrator; others see their own cards and those that are shared."""

    id: str
    name: str
    email: str
    sees_all: bool = False


@dataclass(slots=True)
class Tag:
    id: str
    name: str
    type: str
    owner: User


@dataclass(slots=True)
class Card:
    id: str
    person_id: str
    company_id: str
    owner: User
    registered: int
    updated: int
    completed: int
    texts: dict[str, str] = field(default_factory=dict)  # by the API's names, only what is not blank
    exchanged: str = ""  # YYYY-MM-DD
    entry: str = "completed"
    shared: bool = True
    tags: list[str] = field(default_factory=list)  # ids, in the order in which they were put on

    def text(self, name: str) -> str:
        return self.texts.get(name, "")


class Store:
    """The data, and the few changes that keep its indexes right."""

    def __init__(self, seed: str, now: Callable[[], float] = time.time) -> None:
        self.seed, self.now = seed, now
        self.cards: dict[str, Card] = {}
        self.tags: dict[str, Tag] = {}
        self.users: dict[str, User] = {}
        self.keys: dict[str, User | None] = {}  # None: the key was withdrawn
        self._persons: dict[str, set[str]] = {}  # person id → ids of its cards
        self._by_email: dict[str, set[str]] = {}
        self._sorted: dict[str, list[tuple[int, str]]] = {order: [] for order in ORDERS}
        self._due: list[tuple[float, str]] = []  # when a card's entry will be done
        self._numbers = itertools.count(1)

    def _hex(self, what: str, length: int) -> str:
        return hashlib.sha256(f"{self.seed}/{what}/{next(self._numbers)}".encode()).hexdigest()[:length]

    # -- users and tags ----------------------------------------------------------------------------------------------------
    def add_user(self, name: str, email: str, *, sees_all: bool = False) -> str:
        """A user with a key; the key."""
        user = User(self._hex("user", 16), name, email, sees_all)
        self.users[user.id] = user
        return self.add_key(user)

    def add_key(self, user: User | None) -> str:
        key = self._hex("key", 32)
        self.keys[key] = user
        return key

    def user_like(self, words: str) -> User | None:
        """The user with this id, name or address."""
        return next((user for user in self.users.values() if words in (user.id, user.name, user.email)), None)

    def add_tag(self, name: str, type: str, owner: User) -> Tag:
        tag = Tag(self._hex("tag", 32), name, type, owner)
        self.tags[tag.id] = tag
        return tag

    def tag_named(self, words: str) -> Tag | None:
        return self.tags.get(words) or next((tag for tag in self.tags.values() if tag.name == words), None)

    def delete_tag(self, id: str) -> None:
        del self.tags[id]
        for card in self.cards.values():
            if id in card.tags:
                card.tags.remove(id)

    # -- cards -------------------------------------------------------------------------------------------------------------
    def add(
        self, owner: User, texts: dict[str, str], *, at: float | None = None, person_id: str = "", **more: object
    ) -> Card:
        moment = int(self.now() if at is None else at)
        company = hashlib.sha256(texts.get("companyName", "").encode()).hexdigest()[:32]
        card = Card(
            self._hex("card", 64), person_id or self._hex("person", 32), company, owner, moment, moment, moment,
            {name: text for name, text in texts.items() if text},
        )  # fmt: skip
        for name, value in more.items():
            setattr(card, name, value)
        self.cards[card.id] = card
        self._index(card)
        return card

    def change(self, card: Card, texts: dict[str, str] | None = None, *, touch: bool = True, **more: object) -> None:
        """Set texts (``""`` clears) and attributes. ``touch`` moves ``updatedTime``, also where nothing differs."""
        self._unindex(card)
        for name, text in (texts or {}).items():
            card.texts[name] = text
            if not text:
                del card.texts[name]
        for name, value in more.items():
            setattr(card, name, value)
        if touch:
            card.updated = int(self.now())
        self._index(card)

    def delete(self, id: str) -> None:
        self._unindex(self.cards.pop(id))

    def merge(self, winner: Card, loser: Card) -> None:
        """One person from now on: all cards of the loser's person go to the winner's."""
        for id in list(self._persons[loser.person_id]):
            self.change(self.cards[id], person_id=winner.person_id)

    def finish_later(self, card: Card, seconds: float) -> None:
        """The card is being typed in, and will be there in ``seconds``."""
        self.change(card, entry="processing")
        heapq.heappush(self._due, (self.now() + seconds, card.id))

    def finish_due(self) -> None:
        """Complete what should be completed by now. Called before every answer, so no timer is needed."""
        while self._due and self._due[0][0] <= self.now():
            card = self.cards.get(heapq.heappop(self._due)[1])
            if card and card.entry == "processing":
                self.change(card, entry="completed", completed=int(self.now()))

    def current(self, person_id: str) -> Card:
        """The person's card that counts: the one received last."""
        cards = [self.cards[id] for id in self._persons[person_id]]
        return max(
            cards, key=lambda card: (card.entry == "completed", card.exchanged, card.registered, card.updated, card.id)
        )

    def is_past(self, card: Card) -> bool:
        return len(self._persons[card.person_id]) > 1 and self.current(card.person_id) is not card

    def with_email(self, email: str) -> list[Card]:
        return [self.cards[id] for id in self._by_email.get(email, ())]

    def walk(self, order: str, after: tuple[int, str] | None, low: int, high: int, *, down: bool) -> Iterator[Card]:
        """Cards in this order, those whose time is within ``low`` and ``high`` (both included), behind ``after``."""
        rows = self._sorted[order]
        start, end = bisect_left(rows, (low, "")), bisect_left(rows, (high + 1, ""))
        if after is not None:
            place = bisect_left(rows, after)
            start, end = (
                (start, min(end, place)) if down else (max(start, place + (rows[place : place + 1] == [after])), end)
            )
        places = range(end - 1, start - 1, -1) if down else range(start, end)
        return (self.cards[rows[place][1]] for place in places)

    def _index(self, card: Card) -> None:
        self._persons.setdefault(card.person_id, set()).add(card.id)
        if email := card.text("email"):
            self._by_email.setdefault(email, set()).add(card.id)
        for order, rows in self._sorted.items():
            insort(rows, (getattr(card, order), card.id))

    def _unindex(self, card: Card) -> None:
        for index, name in ((self._persons, card.person_id), (self._by_email, card.text("email"))):
            index.get(name, set()).discard(card.id)
            if not index.get(name, True):
                del index[name]
        for order, rows in self._sorted.items():
            del rows[bisect_left(rows, (getattr(card, order), card.id))]
