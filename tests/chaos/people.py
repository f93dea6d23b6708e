"""People at both sides who type while everything breaks, and the note of what each of them typed last.

Every typed value is unique, so a value that is found somewhere says who typed it. People know what they see: the seeded records of
their side, what they made themselves, and what has arrived from the other side since they last looked.
"""

import random
import time
from collections import defaultdict
from dataclasses import dataclass, field

from requests import RequestException

from tests.chaos.sides import TYPED, NotThere, Side

EDIT, CREATE, BOTH, SAME_TWICE, DELETE = 70, 12, 10, 3, 5  # how often each happens, in a hundred
MOST_DELETED = 15  # a side; more at once would rightly trip the guard against mass deletion


@dataclass
class Typed:
    """``value`` in one field of one record, by a person at ``side``. ``at``: Unix seconds."""

    side: str
    email: str
    field: str
    value: str
    at: float


@dataclass
class Notes:
    """All that people did. ``last``: (address, field) → side → what was typed there last."""

    last: dict[tuple[str, str], dict[str, Typed]] = field(default_factory=lambda: defaultdict(dict))
    created: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # address → sides
    deleted: dict[str, tuple[str, float]] = field(default_factory=dict)  # address → side, Unix seconds
    done: int = 0

    def typed(self, side: str, email: str, name: str, value: str) -> None:
        self.last[email, name][side] = Typed(side, email, name, value, time.time())


class People:
    """``sides``: "hub" and "app"."""

    def __init__(self, sides: dict[str, Side], seed: int) -> None:
        self.sides = sides
        self.chance = random.Random(f"{seed}/people")
        self.notes = Notes()
        self.known: dict[str, dict[str, str]] = {name: {} for name in sides}  # side → address → id
        self.own: dict[str, set[str]] = {
            name: set() for name in sides
        }  # seen there at the start, or made there by hand
        self.numbers = 0
        self.look()
        for name in sides:
            self.own[name] = set(self.known[name])

    def look(self) -> None:
        """See what is there by now. An app that does not answer is looked at another time."""
        for name, side in self.sides.items():
            seen: dict[str, str] = {}
            try:
                glance = side.at_a_glance()
            except RequestException:
                continue
            for id, email in glance:
                if "@" in email:
                    seen.setdefault(email, id)
            self.known[name] = seen

    def act(self) -> None:
        """One thing that one person does."""
        what = self.chance.choices(
            (self.edit, self.create, self.edit_both, self.create_twice, self.delete),
            (EDIT, CREATE, BOTH, SAME_TWICE, DELETE),
        )[0]
        try:
            what()
        except NotThere:
            return
        self.notes.done += 1

    # -- what people do --------------------------------------------------------------------------------------------------
    def edit(self) -> None:
        side = self.someone()
        if email := self.any_of(self.known[side]):
            self.type(side, email, self.chance.choice(TYPED))

    def edit_both(self) -> None:
        """The same field of the same record at both sides, shortly after each other: a conflict."""
        if email := self.any_of(self.known["hub"].keys() & self.known["app"].keys()):
            name = self.chance.choice(TYPED)
            for side in self.chance.sample(["hub", "app"], 2):
                self.type(side, email, name)

    def create(self) -> None:
        self.make(self.someone(), self.address())

    def create_twice(self) -> None:
        """One address at both sides at nearly the same time: one person, not two."""
        email = self.address()
        for side in self.chance.sample(["hub", "app"], 2):
            self.make(side, email)

    def delete(self) -> None:
        side = self.someone()
        gone = self.notes.deleted
        if sum(where == side for where, _ in gone.values()) >= MOST_DELETED:
            return
        # What the sync made a moment ago may be unknown to it still; people delete what they have had for a while.
        email = self.any_of(self.own[side] & self.known[side].keys())
        if email and email not in self.notes.created:
            self.sides[side].delete(self.known[side][email])
            gone[email] = (side, time.time())

    # -- hands -----------------------------------------------------------------------------------------------------------
    def someone(self) -> str:
        return self.chance.choice(("hub", "app"))

    def any_of(self, emails: object) -> str:
        """One of these that nobody deleted; "" where there is none."""
        left = sorted(set(emails) - self.notes.deleted.keys())  # type: ignore[call-overload]
        return self.chance.choice(left) if left else ""

    def type(self, side: str, email: str, name: str) -> None:
        value = self.stamp(side, name)
        self.sides[side].edit(self.known[side][email], name, value)
        self.notes.typed(side, email, name, value)

    def make(self, side: str, email: str) -> None:
        values = {name: self.stamp(side, name) for name in TYPED}
        self.known[side][email] = self.sides[side].create({"email": email, **values})
        self.notes.created[email].add(side)
        for name, value in values.items():
            self.notes.typed(side, email, name, value)

    def address(self) -> str:
        self.numbers += 1
        return f"new.{self.numbers}@chaos.example.com"

    def stamp(self, side: str, name: str) -> str:
        """A value that nobody typed before."""
        self.numbers += 1
        if name == "phone":
            return f"+35191{self.numbers:07}"
        return f"{name.title()}{'H' if side == 'hub' else 'A'}{self.numbers}"
