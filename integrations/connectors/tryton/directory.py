"""What records point to, and people know by name: employees, countries, currencies, units, the mark of a person. Each is read
once per connector, and again when a name is not found, since somebody may have added it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton.client import Client
from integrations.connectors.tryton.wire import Domain, Row, one_of
from integrations.records import Option

PERSON, WORKS_FOR = "Person", "Works for"  # unless the customer names others
EMPLOYEE = ["party.email", "party.name", "company"]


@dataclass(frozen=True)
class Marks:
    """The customer's own words in Tryton. ``person``: the party category whose members are people; every other party is an
    organisation. ``works_for``: the type of relation that leads from a person to the organisation."""

    person: str = PERSON
    works_for: str = WORKS_FOR


class Directory:
    def __init__(self, client: Client, marks: Marks) -> None:
        self.client, self.marks = client, marks
        self._tables: dict[str, list[Row]] = {}
        self._marks: dict[str, int] = {}

    # -- people and organisations ------------------------------------------------------------------------------------------------
    def is_person(self, party: Row) -> bool:
        """``party`` with its ``categories.name``."""
        wanted = self.marks.person.casefold()
        return any(str(each.get("name")).casefold() == wanted for each in party.get("categories") or [])

    def people(self, *, are: bool = True) -> Domain:
        return ["categories", "where" if are else "not where", [one_of("name", [self.marks.person])]]

    def person_category(self) -> int:
        return self._named("party.category", self.marks.person)

    def works_for(self) -> int:
        return self._named("party.relation.type", self.marks.works_for)

    def _named(self, model: str, name: str) -> int:
        """The row of this name, made where it is missing."""
        if model not in self._marks:
            domain = [one_of("name", [name])]
            if not (found := self.client.ids(model, domain, limit=1)):
                try:
                    found = self.client.create(model, [{"name": name}])
                except (errors.Refused, errors.ScopeMissing):
                    # Somebody was faster, and names are unique; or the user may not.
                    found = self.client.ids(model, domain, limit=1)
            if not found:
                message = _(
                    "“%(name)s” is missing in Tryton, and the key's user may not make it. Make it there, or add the user to the "
                    "group “Party Administration”."
                ) % {"name": name}
                raise errors.Refused(message, code="OBJECT_NO_PERMISSION")
            self._marks[model] = found[0]
        return self._marks[model]

    # -- employees ---------------------------------------------------------------------------------------------------------------
    def employee_id(self, address: str, field: str) -> int:
        wanted = address.strip().casefold()

        def same(row: Row) -> bool:
            return email_of(row) == wanted or str(row["id"]) == wanted

        return self._find("company.employee", EMPLOYEE, same, address, field, "OWNER_UNMAPPED")

    def employees(self) -> tuple[Option, ...]:
        """Those with an address, as choices."""
        rows = self._rows("company.employee", EMPLOYEE)
        return tuple(
            Option(address, str(row["party"].get("name") or address)) for row in rows if (address := email_of(row))
        )

    # -- tables ------------------------------------------------------------------------------------------------------------------
    def country_id(self, text: str, field: str) -> int:
        return self._by_text("country.country", ["name", "code", "code3"], text, field)

    def state_id(self, text: str, country: int | None, field: str) -> int:
        names = ["name", "code", "country"]
        wanted = text.strip().casefold()

        def same(row: Row) -> bool:
            codes = (str(row.get("code") or ""), str(row.get("code") or "").partition("-")[2], row.get("name") or "")
            return row.get("country") == country and wanted in {code.casefold() for code in codes}

        return self._find("country.subdivision", names, same, text, field, "OPTION_NOT_ALLOWED")

    def currency_id(self, text: str, field: str) -> int:
        return self._by_text("currency.currency", ["code", "name"], text, field)

    def unit_id(self, text: str, field: str) -> int:
        return self._by_text("product.uom", ["name", "symbol"], text, field)

    def usual_unit(self) -> int:
        """Pieces; where they were renamed, the first unit there is."""
        rows = self._rows("product.uom", ["name", "symbol"])
        return int(next((row["id"] for row in rows if row.get("symbol") == "u"), rows[0]["id"]))

    def options(self, model: str, value: str) -> tuple[Option, ...]:
        """Rows to choose from: ``value`` is the column whose text stands for a row."""
        rows = self._rows(model, ["name", value])
        return tuple(Option(str(row[value]), str(row["name"])) for row in rows if row.get(value))

    def has(self, model: str) -> bool:
        """Whether there is any row: countries are there only where somebody imported them."""
        try:
            return bool(self.client.ids(model, [], limit=1))
        except (errors.Refused, errors.ScopeMissing):
            return False
        except errors.Unavailable as error:
            if error.status != 500:  # which means that the module is not active
                raise
            return False

    def _by_text(self, model: str, names: list[str], text: str, field: str) -> int:
        wanted = text.strip().casefold()

        def same(row: Row) -> bool:
            return any(str(row.get(name) or "").casefold() == wanted for name in names)

        return self._find(model, names, same, text, field, "OPTION_NOT_ALLOWED")

    def _find(self, model: str, names: list[str], same: Callable[[Row], bool], text: str, field: str, code: str) -> int:
        for fresh in (False, True):
            if fresh and model in self._tables:
                del self._tables[model]
            found = next((row for row in self._rows(model, names) if same(row)), None)
            if found:
                return int(found["id"])
        raise errors.Refused(_("Tryton does not know “%(text)s”.") % {"text": text}, code=code, field=field)

    def _rows(self, model: str, names: list[str]) -> list[Row]:
        if model not in self._tables:
            domain: Domain = []
            if model == "company.employee" and self.client.context.get("company"):
                domain = [["company", "=", self.client.context["company"]]]
            self._tables[model] = self.client.rows(model, domain, names)
        return self._tables[model]


def email_of(employee: Row | None) -> str:
    """An employee's address in lower case, "" where there is none. Read with ``party.email``."""
    party: Any = (employee or {}).get("party") or {}
    return str(party.get("email") or "").strip().casefold() if isinstance(party, dict) else ""
