"""Sale opportunities of the key's company.

*Whom it is with*: Tryton has one party, and a contact (an e-mail or phone of somebody). Here they are two references: the
party, where it is an organisation, and the person, who is the party or else the contact's owner. A person without any e-mail or
phone cannot be the contact of an organisation's opportunity.

*State*: fields of a closed opportunity cannot be changed, and states change by buttons. Those that make a sale order
(converted, won) are for people to press: they can be read, and not written.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton.slots import Draft, Employee, Lookup, Slot, single
from integrations.connectors.tryton.tables import Table, ids, reference
from integrations.connectors.tryton.wire import Domain, Row
from integrations.records import Field, FieldType, Option, Value

T = FieldType
# (state, wanted) → the button to press; the way to a state further off leads over "lead".
BUTTONS = {
    ("lead", "opportunity"): "opportunity",
    ("lead", "lost"): "lost",
    ("lead", "cancelled"): "cancel",
    ("opportunity", "lead"): "lead",
    ("opportunity", "lost"): "lost",
    ("opportunity", "cancelled"): "cancel",
    ("lost", "lead"): "lead",
    ("cancelled", "lead"): "lead",
}
OPEN = ("lead", "opportunity")
BY_PEOPLE = ("converted", "won")  # with an order
WITH = ("party.categories.name", "contact.party.categories.name")


def way(state: str, wanted: str) -> list[tuple[str, str]]:
    """(button, state after it) one after the other; Refused where no buttons lead there that we would press."""
    steps: list[tuple[str, str]] = []
    while state != wanted:
        after = wanted if (state, wanted) in BUTTONS else "lead"
        if (state, after) not in BUTTONS:
            raise errors.Refused(
                _("In Tryton, only a person can take an opportunity from “%(old)s” to “%(new)s”.")
                % {"old": state, "new": wanted},
                code="NOT_POSSIBLE_IN_APP",
                field="state",
            )
        steps.append((BUTTONS[state, after], after))
        state = after
    return steps


class Opportunities(Table):
    model = "sale.opportunity"
    hidden = frozenset({"number", "start_date"})

    def followed(self) -> Domain:
        company = self.client.context.get("company")
        return [["company", "=", company]] if company else []

    def live(self) -> Domain:
        return self.followed()

    def marks(self) -> tuple[str, ...]:
        return ("state",)

    def own_slots(self) -> list[Slot]:
        return [
            Slot(Field("description", _("Description"), T.TEXT)),
            Stage(Field("state", _("State"), T.OPTION, clearable=False)),
            Slot(Field("amount", _("Amount"), T.NUMBER)),
            Lookup(
                Field("currency", _("Currency"), T.OPTION, clearable=False),
                "code",
                lambda d: d.currency_id,
            ),
            Slot(Field("end_date", _("End date"), T.DATE)),
            Slot(Field("start_date", _("Start date"), T.DATE, clearable=False)),
            Slot(
                Field("conversion_probability", _("Conversion probability"), T.NUMBER, clearable=False), as_float=True
            ),
            Slot(Field("comment", _("Comment"), T.LONG_TEXT)),
            Employee(Field("employee", _("Employee"), T.USER)),
            Party(reference("organisation", _("Organisation"), "organisations"), self._organisation),
            Party(reference("person", _("Person"), "people"), self._person),
            Slot(Field("number", _("Number"), T.TEXT, writable=False)),
        ]

    def options(self, field: Field) -> tuple[Option, ...]:
        if field.name == "state":
            found = self.definitions["state"]["selection"]
            return tuple(Option(str(value), str(label), value not in BY_PEOPLE) for value, label in found)
        if field.name == "employee":
            return self.directory.employees()
        return (
            self.directory.options("currency.currency", "code") if field.name == "currency" else super().options(field)
        )

    def _person(self, row: Row) -> Value:
        party, contact = row.get("party") or {}, (row.get("contact") or {}).get("party") or {}
        return ids(*[each["id"] for each in (party, contact) if each and self.directory.is_person(each)][:1])

    def _organisation(self, row: Row) -> Value:
        party = row.get("party") or {}
        return ids(party["id"]) if party and not self.directory.is_person(party) else None

    # -- writing -----------------------------------------------------------------------------------------------------------------
    def fold(self, draft: Draft) -> None:
        """The two references → party and contact."""
        if not {"organisation", "person"} & draft.notes.keys():
            return
        old = {"organisation": self._organisation(draft.row), "person": self._person(draft.row)}
        organisation, person = (
            draft.notes[name] if name in draft.notes else single(value, name) for name, value in old.items()
        )
        draft.wire["party"] = organisation or person
        if "person" in draft.notes or person:
            draft.wire["contact"] = self._mechanism(person) if organisation and person else None

    def _mechanism(self, person: int) -> int:
        found = self.client.ids("party.contact_mechanism", [["party", "=", person]], limit=1)
        if not found:
            message = _(
                "In Tryton, a person needs an e-mail or phone to be the contact of an organisation's opportunity."
            )
            raise errors.Refused(message, code="ASSOCIATION_TYPE_UNSUPPORTED", field="person")
        return found[0]

    def new(self, values: Any, key: str) -> Draft:
        draft = super().new(values, key)
        if draft.state:
            way("lead", draft.state)
        if draft.state == "opportunity":
            for field, column in (("employee", "employee"), ("organisation", "party")):
                if not draft.wire.get(column) and not (column == "employee" and self.client.context.get(column)):
                    message = _("Tryton wants an employee and a party before a lead becomes an opportunity.")
                    raise errors.Refused(message, code="REQUIRED_VALUE_BLANK", field=field)
        return draft

    def before_write(self, id: str, row: Row, draft: Draft) -> None:
        """A closed one is opened again before its fields are changed."""
        if draft.state and draft.state != row["state"]:
            steps = way(row["state"], draft.state)
            if row["state"] not in OPEN:
                button, row["state"] = steps[0]
                self.client.call(self.model, id, button)

    def press(self, id: str, row: Row, draft: Draft) -> bool:
        steps = way(row.get("state") or "lead", draft.state) if draft.state else []
        for button, state in steps:
            self.client.call(self.model, id, button)
            row["state"] = state
        return bool(steps)

    def delete(self, id: str) -> None:
        """Tryton deletes cancelled ones only."""
        found = self.client.rows(self.model, [["id", "=", int(id)]], ["state"])
        for button, _state in way(found[0]["state"], "cancelled") if found else []:
            self.client.call(self.model, id, button)
        super().delete(id)


class Stage(Slot):
    def write(self, draft: Draft, value: Value) -> None:
        draft.state = str(value) if value else None


class Party(Slot):
    """One of the two sides of ``party`` and ``contact``; they are put together at the end."""

    paths = WITH

    def __init__(self, field: Field, read: Callable[[Row], Value]) -> None:
        super().__init__(field)
        self._read = read

    def read(self, row: Row) -> Value:
        return self._read(row)

    def write(self, draft: Draft, value: Value) -> None:
        draft.notes[self.field.name] = single(value, self.field.name)

    def domain(self, values: Sequence[str]) -> Domain:
        parties = [int(value) for value in values if value.isdigit()]
        return ["OR", ["party", "in", parties], ["contact.party", "in", parties]]
