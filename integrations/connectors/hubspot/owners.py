"""HubSpot's owners (users that records can belong to), by id and by e-mail address.

A property of type *owner* holds an owner's id; outside the connector it is the owner's address. The list is read when the first
owner is met, and again when one is met that it lacks, at most once a minute. Archived owners (users who have left) can be read and
are never written: HubSpot refuses them.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.client import after_of, call
from integrations.http import ApiSession
from integrations.owners import Addresses
from integrations.records import Option

PAGE = 500
STALE = 60.0  # seconds after which a miss makes us read the list again


@dataclass(slots=True)
class Listed:
    """The active or the archived owners, as last read. Addresses in lower case."""

    read_at: float = float("-inf")
    addresses: dict[str, str] = field(default_factory=dict)  # by id
    by_address: Addresses = field(default_factory=Addresses)


class Owners:
    def __init__(self, session: ApiSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._clock = session, clock
        self._active, self._archived = Listed(), Listed()

    def options(self) -> tuple[Option, ...]:
        """The active owners as choices: address and name, read now. None where we may not see them. Who shares an address with
        somebody cannot be chosen by it."""
        try:
            self._active = self._read(archived=False)
        except errors.ScopeMissing:
            return ()
        return self._active.by_address.options()

    def email_of(self, id: str) -> str:
        """The address of the owner; the id itself where no owner has it, or none with an address."""
        if id not in self._active.addresses and self._is_stale(self._active):
            self._active = self._read(archived=False)
        if id not in self._active.addresses and id not in self._archived.addresses and self._is_stale(self._archived):
            self._archived = self._read(archived=True)
        return self._active.addresses.get(id) or self._archived.addresses.get(id) or id

    def id_of(self, email: str, field: str) -> str:
        """The id of the active owner with this address; Refused (OWNER_UNMAPPED) without one, and with several: any could be the
        wrong one. An id that came out of ``email_of`` stays what it is."""
        if found := next(self.ids_of([email]), None):
            return found
        text = (
            _("Several active HubSpot users have the address %(email)s.")
            if email.strip().lower() in self._active.by_address.shared
            else _("No active HubSpot user has the address %(email)s.")
        )
        raise errors.Refused(text % {"email": email}, code="OWNER_UNMAPPED", field=field)

    def ids_of(self, emails: Iterable[str]) -> Iterator[str]:
        """Ids of those that are active owners."""
        for email in emails:
            wanted = email.strip().lower()
            if wanted not in self._active.by_address.ids and self._is_stale(self._active):
                self._active = self._read(archived=False)
            if found := self._active.by_address.ids.get(wanted) or (wanted if wanted.isdigit() else ""):
                yield found

    def _is_stale(self, listed: Listed) -> bool:
        return self._clock() - listed.read_at > STALE

    def _read(self, *, archived: bool) -> Listed:
        found = Listed(self._clock())
        after: str | None = None
        while True:
            params = {"limit": PAGE, "archived": "true" if archived else "false"} | ({"after": after} if after else {})
            data = call(self._session, "owners", params=params).data
            for owner in data["results"]:
                _add(found, owner)
            after = after_of(data)
            if after is None:
                break
        return found


def _add(listed: Listed, owner: dict[str, Any]) -> None:
    id, address = str(owner["id"]), str(owner.get("email") or "").strip().lower()
    name = f"{owner.get('firstName') or ''} {owner.get('lastName') or ''}".strip()
    listed.addresses[id] = address
    listed.by_address.add(address, id, name)
