"""Parties: people and organisations in one table.

Tryton does not tell the two apart, so a mark does: a party in the category "Person" (or another one that the customer names) is
a person, every other party is an organisation. What is written keeps to it: a new person gets the category. A party whose mark
changes has left one kind for the other. Nothing was deleted then: a click in a list of categories must not delete a contact.

A person's organisation is a relation of the type "Works for" (module ``party_relationship``; without it there is no such
field).
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from integrations.connectors.tryton import names, wire
from integrations.connectors.tryton.slots import Below, Country, Draft, Mechanism, Slot, State, single
from integrations.connectors.tryton.tables import Table, ids, reference
from integrations.connectors.tryton.wire import Domain, Row, one_of
from integrations.records import Field, FieldType, Value

T = FieldType


class Parties(Table):
    model = "party.party"
    deactivates = True
    linked = ("contact_mechanisms", "addresses", "relations")
    key_path = "identifiers.code"
    # Functions that show what the slots below write, and balances, which change without any change of the party.
    hidden = frozenset({
        "email", "phone", "mobile", "fax", "website", "full_name", "code_alnum", "code_digit", "code",
        "payable", "payable_today", "receivable", "receivable_today",
    })  # fmt: skip
    persons: bool

    def live(self) -> Domain:
        return [self.directory.people(are=self.persons)]

    def is_live(self, row: Row) -> bool:
        return super().is_live(row) and self.directory.is_person(row) is self.persons

    def has_left(self, row: Row) -> bool:
        return super().is_live(row) and not self.is_live(row)

    def marks(self) -> tuple[str, ...]:
        return ("active", "replaced_by", "categories.name", *(("name",) if self.persons else ()))

    def own_slots(self) -> list[Slot]:
        contact = [
            Mechanism(Field("email", _("E-mail"), T.EMAIL)),
            Mechanism(Field("phone", _("Phone"), T.PHONE)),
            Mechanism(Field("mobile", _("Mobile"), T.PHONE)),
            Mechanism(Field("fax", _("Fax"), T.PHONE)),
            Mechanism(Field("website", _("Website"), T.URL)),
        ]
        address: list[Slot] = [
            Below(Field("street", _("Street"), T.TEXT), "addresses", "street"),
            Below(Field("city", _("City"), T.TEXT), "addresses", "city"),
            Below(Field("postal_code", _("Postal code"), T.TEXT), "addresses", "postal_code"),
            Country(Field("country", _("Country"), T.TEXT), "addresses", "country"),
            State(Field("state", _("Subdivision"), T.TEXT), "addresses", "subdivision"),
        ]
        code = Slot(Field("code", _("Code"), T.TEXT, writable=False, unique=True))
        return [*contact, *address, code]

    def fields(self) -> list[Field]:
        """Without countries where there are none to choose from: nobody has imported them, and any value would be refused."""
        lacking = {
            name
            for name, model in (("country", "country.country"), ("state", "country.subdivision"))
            if not self.directory.has(model)
        }
        if "relations" not in self.definitions:
            lacking.add("organisation")
        return [field for field in super().fields() if field.name not in lacking]

    def furnish(self, draft: Draft, key: str) -> None:
        draft.change("identifiers", "create", [{"code": key}])


class People(Parties):
    persons = True

    def own_slots(self) -> list[Slot]:
        own: list[Slot] = [
            NamePart(Field("first_name", _("First name"), T.TEXT), 0),
            NamePart(Field("last_name", _("Last name"), T.TEXT), 1),
            WholeName(Field("name", _("Whole name"), T.TEXT, writable=False)),
            Organisation(reference("organisation", _("Organisation"), "organisations"), self.directory.marks.works_for),
        ]
        return [*own, *super().own_slots()]

    def furnish(self, draft: Draft, key: str) -> None:
        super().furnish(draft, key)
        draft.change("categories", "add", [self.directory.person_category()])


class Organisations(Parties):
    persons = False

    def own_slots(self) -> list[Slot]:
        return [Slot(Field("name", _("Name"), T.TEXT)), *super().own_slots()]


class NamePart(Slot):
    """One of the two names of a person, see ``names``."""

    paths = ("name",)

    def __init__(self, field: Field, part: int) -> None:
        super().__init__(field)
        self._part = part

    def read(self, row: Row) -> Value:
        return names.split(row.get("name"))[self._part]

    def write(self, draft: Draft, value: Value) -> None:
        parts = draft.notes.setdefault("names", list(names.split(draft.row.get("name"))))
        parts[self._part] = wire.text(value)
        draft.wire["name"] = names.join(*parts)

    def domain(self, values: Sequence[str]) -> Domain:
        return ["OR", *(["name", "ilike", f"%{value.split(' ')[0]}%"] for value in values)]


class WholeName(Slot):
    def read(self, row: Row) -> Value:
        return names.plain(row.get("name"))

    def domain(self, values: Sequence[str]) -> Domain:
        return one_of("name", [variant for value in values for variant in (value, value.replace(" ", names.GLUE))])


class Organisation(Slot):
    """Where a person works: the first relation of that type."""

    paths = ("relations.to", "relations.type.name", "relations.write_date", "relations.create_date")

    def __init__(self, field: Field, relation: str) -> None:
        super().__init__(field)
        self._relation = relation

    def read(self, row: Row) -> Value:
        return ids(*(each["to"] for each in self._rows(row)[:1]))

    def _rows(self, row: Row) -> list[Row]:
        wanted = self._relation.casefold()  # as ``Directory`` finds the type
        return [
            each
            for each in row.get("relations") or []
            if str((each.get("type") or {}).get("name")).casefold() == wanted
        ]

    def write(self, draft: Draft, value: Value) -> None:
        organisation = single(value, self.field.name)
        there = self._rows(draft.row)
        if there:
            draft.change("relations", "delete", [there[0]["id"]])
        if organisation and organisation not in [each["to"] for each in there[1:]]:
            draft.change("relations", "create", [{"to": organisation, "type": draft.directory.works_for()}])

    def domain(self, values: Sequence[str]) -> Domain:
        return [
            "relations",
            "where",
            [one_of("type.name", [self._relation]), ["to", "in", [int(v) for v in values if v.isdigit()]]],
        ]
