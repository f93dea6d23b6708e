"""Notes on people, organisations and opportunities; those on other records are left alone.

A note hangs at one record: here that is one reference for each kind, of which one is set. Apps whose notes hang at a contact, its
company and a deal at once are told so by what is read back: such a note hangs at the first of ``REFERENCES`` that it names, and
stays where it hangs for as long as that is not taken away. Its text is never changed once it is written, by nobody.
"""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import errors
from integrations.connectors.tryton.slots import Draft, Slot, single
from integrations.connectors.tryton.tables import Table, ids, reference
from integrations.connectors.tryton.wire import ALSO_INACTIVE, Domain, Row
from integrations.records import Field, FieldType, Value

T = FieldType
PARTY, OPPORTUNITY = "party.party", "sale.opportunity"
ADMINISTRATORS_ONLY = gettext_lazy(
    "Tryton lets only administrators look through all notes, and the key's user is none, so notes cannot be synced."
)
REFERENCES = {"opportunity": OPPORTUNITY, "person": PARTY, "organisation": PARTY}


class Notes(Table):
    model = "ir.note"
    hidden = frozenset({"message_wrapped", "unread", "last_modification", "last_user", "copy_to_resources"})

    def followed(self) -> Domain:
        return [["OR", *(["resource", "like", f"{model},%"] for model in (PARTY, OPPORTUNITY))]]

    def live(self) -> Domain:
        return self.followed()

    def own_slots(self) -> list[Slot]:
        return [
            Slot(Field("message", _("Message"), T.LONG_TEXT)),
            Slot(Field("create_date", _("Written at"), T.DATETIME, writable=False)),
            Resource(reference("person", _("Person"), "people"), _party(is_person=True)),
            Resource(reference("organisation", _("Organisation"), "organisations"), _party(is_person=False)),
            Resource(reference("opportunity", _("Opportunity"), "opportunities"), _opportunity),
        ]

    def ask_for_rights(self) -> None:
        try:
            super().ask_for_rights()
        except (errors.Refused, errors.ScopeMissing) as error:
            message = str(ADMINISTRATORS_ONLY)
            raise errors.ScopeMissing(message, code="OBJECT_NO_PERMISSION", remote=error.remote) from error

    def complete(self, rows: list[Row]) -> list[Row]:
        """Whether a note's party is a person, for all that have one with one call."""
        parties = {int(id) for row in rows for id in [_id(row, PARTY)] if id}
        if not parties:
            return rows
        found = self.client.rows(PARTY, [["id", "in", sorted(parties)], ALSO_INACTIVE], ["categories.name"])
        people = {str(party["id"]) for party in found if self.directory.is_person(party)}
        return [{**row, "is_person": _id(row, PARTY) in people} for row in rows]

    def fold(self, draft: Draft) -> None:
        if draft.row and draft.wire.pop("message", None) != draft.row.get("message") and "message" in draft.values:
            raise errors.CannotDo(
                _("In Tryton the text of a note cannot be changed once it is written."), field="message"
            )
        if not REFERENCES.keys() & draft.notes.keys():
            return
        here = [name for name in REFERENCES if self.slots[name].read(draft.row)]
        wanted = {name: draft.notes.get(name) for name in (*here, *REFERENCES) if name in draft.notes}
        if here and here[0] not in wanted:
            return  # it stays where it hangs
        at = next((name for name, id in wanted.items() if id), None)
        if at is None:
            message = _("In Tryton a note hangs at a record, and this one would have none.")
            raise errors.Refused(message, code="ACTIVITY_TARGET_MISSING")
        if (resource := f"{REFERENCES[at]},{wanted[at]}") != draft.row.get("resource"):
            draft.wire["resource"] = resource

    def new(self, values: dict[str, Value], key: str) -> Draft:
        draft = super().new(values, key)
        if not draft.wire.get("resource"):
            message = _("In Tryton a note hangs at a record, and this one would have none.")
            raise errors.Refused(message, code="ACTIVITY_TARGET_MISSING")
        return draft


class Resource(Slot):
    paths = ("resource",)

    def __init__(self, field: Field, read: Callable[[Row], Value]) -> None:
        super().__init__(field)
        self._read = read

    def read(self, row: Row) -> Value:
        return self._read(row)

    def write(self, draft: Draft, value: Value) -> None:
        draft.notes[self.field.name] = single(value, self.field.name)

    def domain(self, values: Sequence[str]) -> Domain:
        return ["resource", "in", [f"{REFERENCES[self.field.name]},{value}" for value in values]]


def _id(row: Row, model: str) -> str:
    """The id of a note's record where it is one of ``model``: ``"party.party,5"``."""
    found, _comma, id = str(row.get("resource") or "").partition(",")
    return id if found == model else ""


def _party(*, is_person: bool) -> Callable[[Row], Value]:
    return lambda row: ids(_id(row, PARTY)) if bool(row.get("is_person")) is is_person else None


def _opportunity(row: Row) -> Value:
    return ids(_id(row, OPPORTUNITY))
