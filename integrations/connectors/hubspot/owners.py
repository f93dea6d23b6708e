"""HubSpot's owners (users that records can belong to), by id and by e-mail address.

A property of type *owner* holds an owner's id; outside the connector it is the owner's address. The list is read when the first
owner is met, and again when one is met that it lacks, at most once a minute. Archived owners (users who have left) can be read and
are never written: HubSpot refuses them.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.client import after_of, call
from integrations.http import ApiSession
from integrations.records import Option

PAGE = 500
STALE = 60.0  # seconds after which a miss makes us read the list again

Found = TypeVar("Found")


class Owners:
    def __init__(self, session: ApiSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._clock = session, clock
        self._lists: dict[
            bool, tuple[float, dict[str, Option]]
        ] = {}  # archived? → (when it was read, id → address and name)

    def options(self) -> tuple[Option, ...]:
        """The active owners as choices: address and name. None where we may not see them."""
        try:
            owners = self._read(False)
        except errors.ScopeMissing:
            return ()
        self._lists[False] = (self._clock(), owners)
        return tuple(sorted((each for each in owners.values() if each.value), key=lambda each: each.label.casefold()))

    def email_of(self, id: str) -> str:
        """The address of the owner; the id itself where no owner has it, or none with an address."""
        for archived in (False, True):
            found = self._of(archived, lambda owners: owners.get(id))
            if found and found.value:
                return found.value
        return id

    def id_of(self, email: str, field: str) -> str:
        """The id of the active owner with this address; Refused (OWNER_UNMAPPED) without one. An id that came out of
        ``email_of`` stays what it is."""
        if found := next(self.ids_of([email]), None):
            return found
        raise errors.Refused(
            _("No active HubSpot user has the address %(email)s.") % {"email": email},
            code="OWNER_UNMAPPED",
            field=field,
        )

    def ids_of(self, emails: Iterable[str]) -> Iterator[str]:
        """Ids of those that are active owners."""
        for email in emails:
            wanted = email.strip().lower()
            found = self._of(False, lambda owners, wanted=wanted: next(  # type: ignore[misc]
                (id for id, one in owners.items() if one.value == wanted), None
            ))  # fmt: skip
            if found or wanted.isdigit():
                yield found or wanted

    def _of(self, archived: bool, pick: Callable[[dict[str, Option]], Found | None]) -> Found | None:
        read_at, owners = self._lists.get(archived, (float("-inf"), {}))
        found = pick(owners)
        if found is None and self._clock() - read_at > STALE:
            owners = self._read(archived)
            self._lists[archived] = (self._clock(), owners)
            found = pick(owners)
        return found

    def _read(self, archived: bool) -> dict[str, Option]:
        found: dict[str, Option] = {}
        after: str | None = None
        while True:
            params = {"limit": PAGE, "archived": "true" if archived else "false"} | ({"after": after} if after else {})
            data = call(self._session, "owners", params=params).data
            found |= {str(owner["id"]): _choice(owner) for owner in data["results"]}
            after = after_of(data)
            if after is None:
                return found


def _choice(owner: dict[str, Any]) -> Option:
    address = str(owner.get("email") or "").strip().lower()
    name = f"{owner.get('firstName') or ''} {owner.get('lastName') or ''}".strip()
    return Option(address, name or address)
