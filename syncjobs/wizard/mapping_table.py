"""Step 4: the mapping table, adding a pair, and constant fields."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.errors import ConnectorError
from integrations.records import Field, Side, Values
from syncjobs.models import ConstantField, Direction, FieldMapping, Sync
from syncjobs.services import constants, mappings, new_fields, value_maps
from syncjobs.services.mappings import Refused, Schemas
from syncjobs.wizard import labels, samples
from syncjobs.wizard.page import StepPage
from syncjobs.wizard.picture import rests

UNDO_KEY = "mapping_undo"  # session: {"sync": pk, "token": …, "words": …} until the page was shown once


@dataclass(frozen=True)
class Cell:
    """One field of a row. ``type`` is None for a field that its app no longer has."""

    name: str
    label: str
    icon: str
    type: Any
    required: bool


@dataclass(frozen=True)
class Row:
    """A mapping as the table shows it."""

    mapping: FieldMapping
    app: Cell
    hub: Cell
    direction: Direction  # what really flows, or the row's own where nothing does
    turnable: bool
    fixed: str  # why it can be neither turned off nor removed
    state: str  # ready, review, failed, off, unused
    note: str  # why it is not ready, or what happens to values on the way
    sample: str
    association: bool = False
    has_values: bool = False  # both fields are lists whose values can be paired

    @property
    def words(self) -> str:
        return f"{self.app.label} {self.hub.label} {self.app.name} {self.hub.name}".casefold()


FILTERS = {
    "all": (gettext_lazy("All mappings"), lambda row: True),
    "default": (gettext_lazy("Default"), lambda row: not row.mapping.custom),
    "custom": (gettext_lazy("Custom"), lambda row: row.mapping.custom),
    "associations": (gettext_lazy("Association mappings"), lambda row: row.association),
    "warnings": (gettext_lazy("With warnings"), lambda row: row.state in ("failed", "review")),
    "off": (gettext_lazy("Off"), lambda row: not row.mapping.on),
}


def rows_of(draft: Sync, schemas: Schemas) -> list[Row]:
    held = {side: samples.known(draft, side) for side in Side}
    return [_row(draft, schemas, mapping, held) for mapping in draft.mappings.all()]


def _row(draft: Sync, schemas: Schemas, mapping: FieldMapping, held: dict[Side, Values | None]) -> Row:
    flows = mappings.effective(draft, mapping)
    state, note = _state(draft, schemas, mapping, flows)
    return Row(
        mapping=mapping,
        app=_cell(schemas, Side.APP, mapping.app_field, mapping.required),
        hub=_cell(schemas, Side.HUB, mapping.hub_field, False),
        direction=flows or Direction(mapping.direction),
        turnable=draft.direction == Direction.BOTH and not mapping.locked and state != "failed",
        fixed=mappings.why_fixed(mapping),
        state=state,
        note=note,
        sample=_sample(schemas, mapping, flows, held),
        association=mappings.is_association(schemas, mapping.app_field, mapping.hub_field),
        has_values=not mapping.locked and value_maps.fields_of(mapping, schemas) is not None,
    )


def _sample(schemas: Schemas, mapping: FieldMapping, flows: Direction | None, held: dict[Side, Values | None]) -> str:
    """The value that would cross: the app's, or the hub's where only that side gives or only that one has records yet."""
    names = {Side.APP: mapping.app_field, Side.HUB: mapping.hub_field}
    app_is_empty = flows == Direction.BOTH and held[Side.APP] == {}
    source = Side.HUB if flows == Direction.TO_APP or app_is_empty else Side.APP
    found = held[source]
    return samples.shown(found.get(names[source]), schemas.side(source).get(names[source])) if found else ""


def _cell(schemas: Schemas, side: Side, name: str, required: bool) -> Cell:
    field = schemas.side(side).get(name)
    if field is None:
        return Cell(name, name, "circle-alert", None, required)
    return Cell(name, field.label, labels.TYPE_ICONS[field.type], mappings.TYPE_NAMES[field.type], required)


def _state(draft: Sync, schemas: Schemas, mapping: FieldMapping, flows: Direction | None) -> tuple[str, str]:
    if not mapping.on:
        return "off", ""
    if flows is None:
        return "unused", mappings.unused(draft, schemas)
    sides = [side for side in Side if mappings.towards(flows, side)]
    reasons = [mappings.why_not(schemas, mapping.app_field, mapping.hub_field, side) for side in sides]
    if any(reasons):
        return "failed", next(filter(None, reasons))
    if mappings.is_association(schemas, mapping.app_field, mapping.hub_field) and (
        rest := _rests(draft, schemas, mapping)
    ):
        return "unused", rest
    notes = []
    if lonely := value_maps.lonely(mapping, schemas):
        words = ngettext("%(n)d value has no partner.", "%(n)d values have no partner.", lonely)
        notes.append(words % {"n": lonely})
    for side in sides:
        compat = mappings.compat_to(schemas, mapping.app_field, mapping.hub_field, side)
        if compat.lossy:
            notes.append(_("To %(app)s: %(what)s") % {"app": schemas.name(side), "what": _(compat.reason)})
    return ("review", " ".join(notes)) if notes else ("ready", "")


def _rests(draft: Sync, schemas: Schemas, mapping: FieldMapping) -> str:
    """Why an association does nothing yet; "" when the records that it names sync, too."""
    hub, app = schemas.hub[mapping.hub_field], schemas.app[mapping.app_field]
    if not rests(draft, hub, app):
        return ""
    return _("Begins when a sync of %(app)s %(app_records)s with %(hub)s %(hub_records)s is on.") % {
        "app": schemas.app_name,
        "app_records": draft.instance(Side.APP).app.kind(app.refers_to).label,
        "hub": schemas.hub_name,
        "hub_records": draft.instance(Side.HUB).app.kind(hub.refers_to).label,
    }


@dataclass(frozen=True)
class Option:
    """A field in one of the two selects of *Add a mapping*; ``reason`` greys it."""

    field: Field
    type: Any
    reason: str
    chosen: bool


class MappingPage(StepPage):
    key = "mappings"
    label = gettext_lazy("Mappings")
    heading = gettext_lazy("Map your fields")
    next_label = gettext_lazy("Next: review")
    template = "syncjobs/setup/_mappings.html"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        typed = self.data or self.request.GET
        self.q = str(typed.get("q", "")).strip()
        self.show = show if (show := str(typed.get("show", ""))) in FILTERS else "all"
        self.add_error = self.constant_error = ""
        self.added = False  # the selects start afresh

    # -- showing ------------------------------------------------------------------------------------------------------
    def context(self) -> dict[str, Any]:
        if self.schemas is None:
            return {"rows": [], "unread": True}
        rows = rows_of(self.draft, self.schemas)
        on = sum(1 for row in rows if row.mapping.on)
        passes = FILTERS[self.show][1]
        return {
            "rows": [row for row in rows if passes(row) and self.q.casefold() in row.words],
            "on": on,
            "off": len(rows) - on,
            "warnings": sum(1 for row in rows if FILTERS["warnings"][1](row)),
            "failed": [row for row in rows if row.state == "failed"],
            "filters": [(key, name, sum(1 for row in rows if test(row))) for key, (name, test) in FILTERS.items()],
            "q": self.q,
            "show": self.show,
            "winners": list(labels.short_winners(self.draft).items()),
            "winner_of_sync": _("As the sync: %(rule)s")
            % {"rule": labels.short_winners(self.draft)[self.draft.winner]},
            "undo": self._undo(),
            "add_error": self.add_error,
            "app_options": self._options(Side.APP),
            "hub_options": self._options(Side.HUB),
            "makers": [side for side in (Side.APP, Side.HUB) if new_fields.can_make(self.draft, side)],
            "custom_mappings": self.draft.account.custom_mappings,
            "fixed_values": self._constants(),
            "constant_error": self.constant_error,
            "whens": ConstantField.When.choices,
            "need_sample": any(samples.known(self.draft, side) is None for side in Side),
        }

    def _undo(self) -> dict[str, str] | None:
        undo = self.request.session.get(UNDO_KEY)
        if not undo or undo["sync"] != self.draft.pk:
            return None
        del self.request.session[UNDO_KEY]
        return undo

    def _typed(self, name: str) -> str:
        return "" if self.added else self.typed(name)

    def _options(self, side: Side) -> list[Option]:
        """All fields of one side; once a field is chosen at the other side, those that cannot be its partner are greyed."""
        assert self.schemas
        mine, theirs = self._typed(f"add_{side}"), self._typed(f"add_{side.other}")
        rows = list(self.draft.mappings.all())
        found = []
        for name, field in self.schemas.side(side).items():
            pair = {side: name, side.other: theirs}
            reason = ""
            if theirs in self.schemas.side(side.other) and name != mine:
                reason = mappings.why_no_pair(self.draft, self.schemas, pair[Side.APP], pair[Side.HUB], rows=rows)
            found.append(Option(field, mappings.TYPE_NAMES[field.type], reason, name == mine))
        return sorted(found, key=lambda option: (bool(option.reason), option.field.label.casefold()))

    def _constants(self) -> list[dict[str, Any]]:
        """Per side that the sync writes to: its constants, and the fields that could get one."""
        assert self.schemas
        stored: list[ConstantField] = list(self.draft.constants.all())
        return [
            {
                "side": side.value,
                "app": self.draft.instance(side).app,
                "rows": [
                    (row, mappings.label(self.schemas, side, row.field)) for row in stored if row.side == side.value
                ],
                "fields": sorted(constants.candidates(self.schemas, side), key=lambda field: field.label.casefold()),
                "field": self._typed(f"constant_{side}_field"),
                "value": self._typed(f"constant_{side}_value"),
                "when": self._typed(f"constant_{side}_when"),
            }
            for side in (Side.APP, Side.HUB)
            if mappings.towards(self.draft.direction, side)
        ]

    # -- storing ------------------------------------------------------------------------------------------------------
    def save(self) -> bool:
        """The rules of the rows; everything else on this page is a button of its own."""
        for row in self.draft.mappings.all():
            wanted = self.data.get(f"winner-{row.pk}") if self.data else None
            if wanted is not None and wanted != row.winner:
                try:
                    mappings.set_winner(row=row, winner=wanted)
                except Refused as refusal:
                    self.errors.append(str(refusal))
        return not self.errors

    def act(self, verb: str, argument: str) -> bool:
        if verb in ("look", "pick") or self.schemas is None:
            return False
        try:
            return self._act(verb, argument, self.schemas)
        except Refused as refusal:
            if verb in ("add", "make", "trial"):
                self.add_error = str(refusal)
            elif verb == "constant":
                self.constant_error = str(refusal)
            else:
                self.errors.append(str(refusal))
        except ConnectorError as error:
            if verb == "make":
                self.add_error = _("The field could not be made: %(reason)s") % {"reason": error}
            else:
                self.errors.append(_("The fields could not be read: %(reason)s") % {"reason": error})
        return False

    def _act(self, verb: str, argument: str, schemas: Schemas) -> bool:
        match verb:
            case "switch":
                mappings.switch(row=self._mapping(argument), schemas=schemas)
            case "turn":
                mappings.turn(row=self._mapping(argument), schemas=schemas)
            case "remove":
                self._remove(self._mapping(argument))
            case "undo":
                mappings.restore(sync=self.draft, token=argument)
            case "add":
                app_field, hub_field = self._typed("add_app"), self._typed("add_hub")
                mappings.add(sync=self.draft, schemas=schemas, app_field=app_field, hub_field=hub_field)
                self.added = True
            case "make":
                self._make(argument, schemas)
            case "refresh":
                self._schemas = mappings.schemas_of(self.draft, refresh=True)
                mappings.recheck(sync=self.draft, schemas=self._schemas)
            case "trial":
                mappings.start_trial(account=self.draft.account, by=self.request.user)
            case "constant":
                self._add_constant(argument, schemas)
            case "unconstant":
                self.draft.constants.filter(pk=argument if argument.isdecimal() else 0).delete()
            case _:
                return False
        return True

    def _mapping(self, pk: str) -> FieldMapping:
        found = self.draft.mappings.filter(pk=pk if pk.isdecimal() else 0).first()
        if found is None:
            raise Refused(_("This mapping is gone: it was removed meanwhile."))
        found.sync = self.draft
        return found

    def _remove(self, row: FieldMapping) -> None:
        assert self.schemas
        words = mappings.label(self.schemas, Side.APP, row.app_field)
        token = mappings.remove(row=row)
        self.request.session[UNDO_KEY] = {"sync": self.draft.pk, "token": token, "words": words}

    def _make(self, side: str, schemas: Schemas) -> None:
        """A field at ``side`` for the one that is chosen at the other."""
        if side not in (Side.HUB.value, Side.APP.value):
            raise Refused(_("Choose a field."))
        where = Side(side)
        source = self._typed(f"add_{where.other}")
        new_fields.make(sync=self.draft, schemas=schemas, side=where, source=source, by=self.request.user)
        self._schemas = mappings.schemas_of(self.draft)
        self.added = True

    def _add_constant(self, side: str, schemas: Schemas) -> None:
        if side not in (Side.HUB.value, Side.APP.value):
            raise Refused(_("Choose a field."))
        constants.add(
            sync=self.draft,
            schemas=schemas,
            side=Side(side),
            field=self._typed(f"constant_{side}_field"),
            value=self._typed(f"constant_{side}_value"),
            when=self._typed(f"constant_{side}_when") or ConstantField.When.ALWAYS,
        )
        self.added = True
