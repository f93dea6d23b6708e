"""What one Snov.io account of the stand-in holds: prospects in lists, custom fields, campaigns. Plain Python, one event loop.

Times are Unix seconds (UTC). A prospect has two ids: a short base64-like one (``short``, ends in ``==``), which the add call and
the detail calls show, and a long hex one (``long``, 74 characters), which only the listing shows.
"""

import base64
import hashlib
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

FIELD_TYPES = ("string", "number", "date")


@dataclass(slots=True)
class Prospect:
    number: int
    emails: list[str] = field(default_factory=list)  # the first one is the primary address
    first_name: str = ""
    last_name: str = ""
    country: str = ""
    locality: str = ""
    industry: str = ""
    phones: list[str] = field(default_factory=list)
    position: str = ""
    company: str = ""
    site: str = ""
    social: dict[str, str] = field(default_factory=dict)  # {"linkedIn": address, …}
    custom: dict[int, str] = field(
        default_factory=dict
    )  # by CustomField.number, so that a renamed label keeps its values
    lists: list[int] = field(default_factory=list)
    updated_at: float = 0.0
    short: str = ""
    long: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def email(self) -> str:
        return self.emails[0] if self.emails else ""


@dataclass(slots=True)
class ProspectList:
    id: int
    name: str
    created_at: float
    deleted_at: float | None = None
    members: dict[int, Prospect] = field(default_factory=dict)  # in order of entry


@dataclass(slots=True)
class CustomField:
    number: int
    label: str
    type: str  # one of FIELD_TYPES
    required: bool = False


@dataclass(slots=True)
class Campaign:
    id: int
    name: str
    list_id: int
    status: str = "Active"  # Draft, Active, Paused, Completed
    created_at: float = 0.0
    started_at: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)  # rows of recipients-activity


@dataclass(slots=True)
class DoNotEmailList:
    id: int
    name: str
    owner: str
    items: dict[str, None] = field(default_factory=dict)


class Store:
    """The data and the few changes that keep its indexes right; what may change and when is decided in ``prospects.py``."""

    def __init__(self, seed: str = "snovio", now: Callable[[], float] = time.time) -> None:
        self.seed = seed
        self.now = now
        self.prospects: dict[int, Prospect] = {}
        self.lists: dict[int, ProspectList] = {}
        self.fields: dict[int, CustomField] = {}
        self.campaigns: dict[int, Campaign] = {}
        self.do_not_email: dict[int, DoNotEmailList] = {}
        self._by_id: dict[str, Prospect] = {}  # short and long ids
        self._by_email: dict[str, dict[int, Prospect]] = {}  # any of a prospect's addresses, folded
        self._numbers = itertools.count(1)
        self._list_ids = itertools.count(1250344)
        self._field_numbers = itertools.count(1)
        self._campaign_ids = itertools.count(700001)

    # -- lists, fields, campaigns ------------------------------------------------------------------------------------------
    def add_list(self, name: str) -> ProspectList:
        made = ProspectList(next(self._list_ids), name, self.now())
        self.lists[made.id] = made
        return made

    def delete_list(self, id: int) -> None:
        """The list stays with ``deleted_at`` (the API goes on naming it); a prospect that was in no other list goes with it."""
        doomed = self.lists[id]
        doomed.deleted_at = self.now()
        for prospect in list(doomed.members.values()):
            self.leave(prospect, id)
            if not prospect.lists:
                self.delete(prospect)

    def live_lists(self) -> list[ProspectList]:
        return [each for each in self.lists.values() if each.deleted_at is None]

    def add_field(self, label: str, type: str = "string") -> CustomField:
        if type not in FIELD_TYPES:
            raise ValueError(f"a custom field is one of {', '.join(FIELD_TYPES)}, not {type!r}")
        made = CustomField(next(self._field_numbers), label, type)
        self.fields[made.number] = made
        return made

    def field_by_label(self, label: str) -> CustomField | None:
        return next((each for each in self.fields.values() if each.label == label), None)

    def add_campaign(self, name: str, list_id: int, status: str = "Active") -> Campaign:
        now = self.now()
        made = Campaign(next(self._campaign_ids), name, list_id, status, now, now if status == "Active" else 0.0)
        self.campaigns[made.id] = made
        return made

    def add_do_not_email(self, name: str, owner: str) -> DoNotEmailList:
        made = DoNotEmailList(next(self._list_ids), name, owner)
        self.do_not_email[made.id] = made
        return made

    # -- prospects ---------------------------------------------------------------------------------------------------------
    def add(self, list_ids: Iterable[int], **values: Any) -> Prospect:
        number = next(self._numbers)
        prospect = Prospect(number, updated_at=self.now())
        digest = hashlib.sha512(f"{self.seed}/{number}".encode()).digest()
        prospect.short = base64.b64encode(digest[:16]).decode().replace("/", "x").replace("+", "y")
        prospect.long = digest.hex()[:74]
        self.prospects[number] = prospect
        self._by_id[prospect.short] = self._by_id[prospect.long] = prospect
        self._set(prospect, values)
        for id in list_ids:
            self.enter(prospect, id)
        return prospect

    def change(self, prospect: Prospect, **values: Any) -> None:
        """Set attributes; ``custom`` is merged, the rest replaced. Moves ``lastUpdateDate`` even where nothing differs."""
        self._set(prospect, values)
        prospect.updated_at = max(self.now(), prospect.updated_at + 1e-6)

    def _set(self, prospect: Prospect, values: dict[str, Any]) -> None:
        self._unindex(prospect)
        for name, value in values.items():
            if name == "custom":
                prospect.custom.update(value)
            else:
                setattr(prospect, name, value)
        for email in prospect.emails:
            self._by_email.setdefault(email.casefold(), {})[prospect.number] = prospect

    def _unindex(self, prospect: Prospect) -> None:
        for email in prospect.emails:
            found = self._by_email.get(email.casefold(), {})
            found.pop(prospect.number, None)
            if not found:
                self._by_email.pop(email.casefold(), None)

    def delete(self, prospect: Prospect) -> None:
        for id in list(prospect.lists):
            self.leave(prospect, id)
        self._unindex(prospect)
        del self.prospects[prospect.number]
        del self._by_id[prospect.short], self._by_id[prospect.long]

    def enter(self, prospect: Prospect, list_id: int) -> None:
        if list_id not in prospect.lists:
            prospect.lists.append(list_id)
            self.lists[list_id].members[prospect.number] = prospect

    def leave(self, prospect: Prospect, list_id: int) -> None:
        prospect.lists.remove(list_id)
        del self.lists[list_id].members[prospect.number]

    def move(self, prospect: Prospect, list_id: int) -> None:
        """Out of every list, into this one, as the app's own *move* does."""
        for id in list(prospect.lists):
            self.leave(prospect, id)
        self.enter(prospect, list_id)
        prospect.updated_at = self.now()

    def by_id(self, id: str) -> Prospect | None:
        return self._by_id.get(id)

    def by_email(self, email: str) -> list[Prospect]:
        return list(self._by_email.get(email.casefold(), {}).values())
