"""Ids that never leave the connector, and what stands for them outside: users by e-mail address, currencies by ISO
code; and what else
has to be known of an organisation to write. Everything is read once per connector, when it is first needed.
"""

import time
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics.client import filter_text, listed
from integrations.connectors.dynamics.tables import Table
from integrations.http import ApiSession
from integrations.owners import Addresses
from integrations.records import Option

STALE = 30.0  # seconds after which an address that is not known is worth another look


def rows_of(session: ApiSession, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    link = path
    while link:
        rows, link = listed(session, link)
        found += rows
    return found


class Users:
    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._emails: dict[str, str] = {}  # of everybody, by id
        self._active = Addresses()
        self._read_at = float("-inf")

    def options(self) -> tuple[Option, ...]:
        """The active users as choices: address and name, read now. None where we may not see them. Who shares an address with
        somebody cannot be chosen by it."""
        try:
            self._read()
        except errors.ScopeMissing:
            return ()
        return self._active.options()

    def email(self, id: str) -> str:
        """The address in lower case; the id itself of a user without one, of a team, and of nobody we know."""
        if id not in self._emails:
            self._refresh()
        return self._emails.get(id) or id

    def id(self, email: str, field: str) -> str:
        """Refused(OWNER_UNMAPPED) where no active user has the address, or several have: any could be the wrong one."""
        wanted = email.strip().lower()
        if wanted not in self._active.ids:
            self._refresh()
        if wanted in self._active.ids:
            return self._active.ids[wanted]
        text = (
            _("Several active users of Dynamics have the address %(email)s.")
            if wanted in self._active.shared
            else _("No active user of Dynamics has the address %(email)s.")
        )
        raise errors.Refused(text % {"email": email}, code="OWNER_UNMAPPED", field=field)

    def _refresh(self) -> None:
        if time.monotonic() - self._read_at >= STALE:
            self._read()

    def _read(self) -> None:
        """Forgets what was known: a user who was disabled meanwhile owns nothing new."""
        rows = rows_of(self._session, "systemusers?$select=systemuserid,fullname,internalemailaddress,isdisabled")
        self._emails, self._active = {}, Addresses()
        for row in rows:
            address = str(row.get("internalemailaddress") or "").strip().lower()
            self._emails[row["systemuserid"]] = address
            if not row.get("isdisabled"):
                self._active.add(address, row["systemuserid"], str(row.get("fullname") or ""))
        self._read_at = time.monotonic()


class Currencies:
    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._codes: dict[str, tuple[str, str]] | None = None  # (ISO code, name) by id

    def options(self) -> list[Option]:
        return [Option(code, name) for code, name in self._all().values()]

    def code(self, id: str) -> str:
        return self._all().get(id, (id, ""))[0]

    def id(self, code: str, field: str) -> str:
        """Refused(CURRENCY_UNSUPPORTED)."""
        for id, (known, _name) in self._all().items():
            if known == code.strip().upper():
                return id
        raise errors.Refused(
            _("Dynamics has no currency %(code)s.") % {"code": code}, code="CURRENCY_UNSUPPORTED", field=field
        )

    def _all(self) -> dict[str, tuple[str, str]]:
        if self._codes is None:
            rows = rows_of(self._session, "transactioncurrencies?$select=isocurrencycode,currencyname")
            self._codes = {row["transactioncurrencyid"]: (row["isocurrencycode"], row["currencyname"]) for row in rows}
        return self._codes


class Definitions:
    """What a table's lookups are called when they are written, which state a status reason belongs to, which days are moments."""

    def __init__(self, session: ApiSession) -> None:
        self._session = session
        self._navigation: dict[str, dict[tuple[str, str], str]] = {}
        self._states: dict[str, dict[int, int]] = {}
        self._moments: dict[str, set[str]] = {}
        self.versionless: set[str] = set()  # kinds whose rows cannot be written on condition of a version

    def navigation(self, table: Table, attribute: str, target: str) -> str:
        """The navigation property of one target of a lookup; the shortest where an organisation has several.
        Refused(FIELD_MISSING)."""
        if table.logical not in self._navigation:
            path = (
                f"EntityDefinitions(LogicalName='{table.logical}')/ManyToOneRelationships"
                "?$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName"
            )
            known: dict[tuple[str, str], str] = {}
            for row in rows_of(self._session, path):
                key = row["ReferencingAttribute"], row["ReferencedEntity"]
                name = row["ReferencingEntityNavigationPropertyName"]
                known[key] = min(known.get(key, name), name, key=len)
            self._navigation[table.logical] = known
        found = self._navigation[table.logical].get((attribute, target))
        if found is None:
            raise errors.Refused(
                _("Dynamics has no field “%(field)s”.") % {"field": attribute}, code="FIELD_MISSING", field=attribute
            )
        return found

    def holds_moment(self, table: Table, column: str) -> bool:
        """Whether a column that shows a day holds a moment: those of another behaviour than *date only* do."""
        if table.logical not in self._moments:
            path = (
                f"EntityDefinitions(LogicalName='{table.logical}')/Attributes/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata"
                "?$select=LogicalName,DateTimeBehavior"
            )
            rows = rows_of(self._session, path)
            behaves = {row["LogicalName"]: (row.get("DateTimeBehavior") or {}).get("Value") for row in rows}
            self._moments[table.logical] = {name for name, value in behaves.items() if value != "DateOnly"}
        return column in self._moments[table.logical]

    def state(self, table: Table, status: int) -> int:
        """The state that a status reason belongs to. Refused(OPTION_NOT_ALLOWED) for one that the table does not have."""
        found = self._statuses(table)
        if status not in found:
            raise _no_option("statuscode")
        return found[status]

    def status(self, table: Table, state: int) -> int:
        """The first status reason of a state. Refused(OPTION_NOT_ALLOWED) for a state that the table does not have."""
        found = next((status for status, own in self._statuses(table).items() if own == state), None)
        if found is None:
            raise _no_option("statecode")
        return found

    def _statuses(self, table: Table) -> dict[int, int]:
        """Status reason → state, in the organisation's order."""
        if table.logical not in self._states:
            path = (
                f"EntityDefinitions(LogicalName='{table.logical}')/Attributes/Microsoft.Dynamics.CRM.StatusAttributeMetadata"
                "?$select=LogicalName&$expand=OptionSet($select=Options)"
            )
            options = (option for row in rows_of(self._session, path) for option in row["OptionSet"]["Options"])
            self._states[table.logical] = {int(option["Value"]): int(option["State"]) for option in options}
        return self._states[table.logical]


def _no_option(field: str) -> errors.Refused:
    text = _("Dynamics refuses the value of “%(field)s”.") % {"field": field}
    return errors.Refused(text, code="OPTION_NOT_ALLOWED", field=field)


class Defaults:
    """What a new product or invoice needs and no other app has: bound to the organisation's own first choice."""

    def __init__(self, session: ApiSession, definitions: Definitions) -> None:
        self._session, self._definitions = session, definitions
        self._found: dict[str, dict[str, Any]] = {}

    def of(self, table: Table) -> dict[str, Any]:
        """Members of the body of a create."""
        made: dict[str, Any] = {}
        for name in table.find_first:
            if name not in self._found:
                self._found[name] = self._unit(table) if name == "unit" else self._price_list(table)
            made |= self._found[name]
        return made

    def _unit(self, table: Table) -> dict[str, Any]:
        """The base unit of the oldest unit group: "Primary Unit" of "Default Unit", unless somebody renamed them."""
        path = "uoms?$select=uomid,_uomscheduleid_value&$filter=" + filter_text("isschedulebaseuom eq true")
        rows, _next = listed(self._session, path + "&$orderby=createdon%20asc&$top=1")
        if not rows:
            return {}
        unit, group = rows[0]["uomid"], rows[0]["_uomscheduleid_value"]
        return {
            f"{self._definitions.navigation(table, 'defaultuomid', 'uom')}@odata.bind": f"/uoms({unit})",
            f"{self._definitions.navigation(table, 'defaultuomscheduleid', 'uomschedule')}@odata.bind": f"/uomschedules({group})",
            "quantitydecimal": 2,
        }

    def _price_list(self, table: Table) -> dict[str, Any]:
        rows, _next = listed(self._session, "pricelevels?$select=pricelevelid&$orderby=createdon%20asc&$top=1")
        name = self._definitions.navigation(table, "pricelevelid", "pricelevel")
        return {f"{name}@odata.bind": f"/pricelevels({rows[0]['pricelevelid']})"} if rows else {}
