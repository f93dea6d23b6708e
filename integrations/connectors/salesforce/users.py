"""What stands for ids that never leave the connector: users' e-mail addresses, record types' developer names.

Reading needs no look-up (rows bring both along, ``Owner.Email``); writing asks once for what is not known yet.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import soql
from integrations.http import ApiSession
from integrations.records import Option

ACTIVE = "IsActive = true AND UserType = 'Standard'"
SOME = 100  # addresses in one query


class Users:
    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._ids: dict[str, str] = {}  # of active users, by address
        self._strangers: set[str] = set()

    def options(self) -> tuple[Option, ...]:
        """The active users as choices, by name. None where we may not see them."""
        try:
            found = soql.rows(self._session, f"SELECT Id, Name, Email FROM User WHERE {ACTIVE} ORDER BY Name")
        except (errors.ScopeMissing, errors.Refused):
            return ()
        by_address = {str(row["Email"]).lower(): str(row["Name"]) for row in reversed(found) if row.get("Email")}
        options = (Option(address, name) for address, name in by_address.items())
        return tuple(sorted(options, key=lambda option: option.label.casefold()))

    def learn(self, addresses: Iterable[str]) -> None:
        """Look up all that are not known yet, before ``id`` is asked for each."""
        wanted = sorted({address.strip().lower() for address in addresses} - self._ids.keys() - self._strangers)
        for start in range(0, len(wanted), SOME):
            some = wanted[start : start + SOME]
            where = soql.both(soql.among("Email", some), ACTIVE)
            for row in soql.rows(self._session, f"SELECT Id, Email FROM User WHERE {where} ORDER BY Id"):
                self._ids.setdefault(str(row["Email"]).lower(), str(row["Id"]))
        self._strangers |= set(wanted) - self._ids.keys()

    def id(self, address: str, field: str) -> str:
        """Refused(OWNER_UNMAPPED) where no active user has the address."""
        self.learn([address])
        found = self._ids.get(address.strip().lower())
        if found is None:
            raise errors.Refused(
                _("No active user of Salesforce has the address %(email)s.") % {"email": address},
                code="OWNER_UNMAPPED",
                field=field,
            )
        return found


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
