"""What stands for ids that never leave the connector: users' e-mail addresses, record types' developer names.

Reading needs no look-up (rows bring both along, ``Owner.Email``); writing asks once for what is not known yet.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import soql
from integrations.connectors.salesforce.client import long_id, request
from integrations.http import ApiSession
from integrations.owners import Addresses
from integrations.records import Option

ACTIVE = "IsActive = true AND UserType = 'Standard'"
SOME = 100  # addresses in one query


class Users:
    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._active = Addresses()  # as far as they were asked for
        self._strangers: set[str] = set()
        self._me = ""

    def options(self) -> tuple[Option, ...]:
        """The active users as choices, by name. None where we may not see them. Who shares an address with somebody cannot be
        chosen by it."""
        try:
            found = soql.rows(self._session, f"SELECT Id, Name, Email FROM User WHERE {ACTIVE} ORDER BY Name")
        except (errors.ScopeMissing, errors.Refused):
            return ()
        active = Addresses()
        for row in found:
            active.add(str(row.get("Email") or "").lower(), str(row["Id"]), str(row["Name"]))
        return active.options()

    def learn(self, addresses: Iterable[str]) -> None:
        """Look up all that are not known yet, before ``id`` is asked for each."""
        known = self._active.ids.keys() | self._active.shared | self._strangers
        wanted = sorted({address.strip().lower() for address in addresses} - known)
        for start in range(0, len(wanted), SOME):
            some = wanted[start : start + SOME]
            where = soql.both(soql.among("Email", some), ACTIVE)
            for row in soql.rows(self._session, f"SELECT Id, Email FROM User WHERE {where} ORDER BY Id"):
                self._active.add(str(row["Email"]).lower(), str(row["Id"]))
        self._strangers |= set(wanted) - self._active.ids.keys() - self._active.shared

    def me(self) -> str:
        """The id of the user that we sign in as: of the identity that the API's root names, ``…/id/<org>/<user>``."""
        if not self._me:
            said = request(self._session, "GET", "").data
            self._me = long_id(str(said["identity"]).rstrip("/").rpartition("/")[2])
        return self._me

    def id(self, address: str, field: str) -> str:
        """Refused(OWNER_UNMAPPED) where no active user has the address, or several have: any could be the wrong one."""
        self.learn([address])
        wanted = address.strip().lower()
        if wanted in self._active.ids:
            return self._active.ids[wanted]
        text = (
            _("Several active users of Salesforce have the address %(email)s.")
            if wanted in self._active.shared
            else _("No active user of Salesforce has the address %(email)s.")
        )
        raise errors.Refused(text % {"email": address}, code="OWNER_UNMAPPED", field=field)


class RecordTypes:
    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._known: dict[str, dict[str, str]] = {}

    def id(self, name: str, developer_name: str, field: str) -> str:
        """The id of a record type of object ``name``. Refused(OPTION_NOT_ALLOWED)."""
        if name not in self._known:
            found = soql.rows(
                self._session,
                f"SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = {soql.text(name)} AND IsActive = true",
            )
            self._known[name] = {str(row["DeveloperName"]): str(row["Id"]) for row in found}
        if developer_name not in self._known[name]:
            raise errors.Refused(
                _("Salesforce has no record type “%(name)s” here.") % {"name": developer_name},
                code="OPTION_NOT_ALLOWED",
                field=field,
            )
        return self._known[name][developer_name]
