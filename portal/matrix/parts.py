"""One object of one connected app with its counterpart in the hub: what the matrix knows of it besides its sync."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from integrations.models import AppInstance
from integrations.records import Field, Side, Value
from integrations.services import schemas
from portal.accounts.models import Account
from portal.matrix import samples
from portal.matrix.apps.base import Adaptor
from syncjobs.models import DeletePolicy, Direction, RecordLink, Sync
from syncjobs.services import drafts, value_maps
from syncjobs.services.mappings import schemas_of, towards

Ends = dict[Side, Adaptor]


@dataclass
class Edit:
    side: Side
    id: str
    field: str
    value: Value


@dataclass
class Part:
    """``numbers``: of its samples. ``made``: number of a sample → its id, by side."""

    sync: Sync
    ends: Ends
    concepts: dict[str, tuple[str, str]]  # concept → (app field, hub field), as mapped
    fields: dict[Side, dict[str, Field]]
    numbers: list[int] = field(default_factory=list)
    made: dict[Side, dict[int, str]] = field(default_factory=lambda: {side: {} for side in Side})
    edits: list[Edit] = field(default_factory=list)
    deleted: list[tuple[Side, str]] = field(default_factory=list)
    merged: int = 0
    quiet_writes: int = 0
    note: str = ""

    @property
    def concept(self) -> str:
        return self.sync.hub_kind_info.concept

    def name(self, concept: str, side: Side) -> str:
        app, hub = self.concepts[concept]
        return app if side is Side.APP else hub

    def field(self, concept: str, side: Side) -> Field:
        return self.fields[side][self.name(concept, side)]

    @property
    def identity(self) -> str:
        """The concept that tells its records apart, "" where no such field is mapped."""
        return next((concept for concept in samples.IDENTITY if concept in self.concepts), "")

    def choices(self, concept: str, side: Side) -> list[str]:
        """Options at ``side`` that can cross, the same order at both; where the other side takes a stand-in for strangers, all."""
        app, hub = self.concepts[concept]
        row = next(row for row in self.sync.mappings.all() if (row.app_field, row.hub_field) == (app, hub))
        pairs = value_maps.pairs(row, schemas_of(self.sync))
        met = [pair.option if pair.side is side else pair.partner for pair in pairs if pair.partner]
        if row.otherwise.get(side.other):
            met += [pair.option for pair in pairs if pair.side is side and not pair.partner]
        return [option.value for option in met if option]

    def goes_to(self, side: Side) -> bool:
        return towards(self.sync.direction, side)

    @property
    def fills_alone(self) -> bool:
        """Whether its app does not hear of what others fill into the hub, and holds records that no other account shows."""
        return not (self.goes_to(Side.APP) or self.ends[Side.APP].shares_records)

    def can_type(self, side: Side, own: Field) -> bool:
        return self.ends[side].can_type(self.sync.kind(side), own)

    def writes(self) -> int:
        return sum(end.writes(self.sync.kind(side)) for side, end in self.ends.items())

    def linked(self) -> list[dict[Side, str]]:
        """Pairs that can be worked with, oldest link first."""
        links = RecordLink.objects.filter(
            sync=self.sync, hub_id__isnull=False, app_id__isnull=False, hub_gone=False, app_gone=False
        )
        for side, end in self.ends.items():
            links = links.exclude(**{f"{side}_id__in": end.locked(self.sync.kind(side))})
        ids = links.order_by("pk").values_list("hub_id", "app_id")
        return [{Side.HUB: str(hub), Side.APP: str(app)} for hub, app in ids]

    def edit(self, edit: Edit) -> None:
        end, kind = self.ends[edit.side], self.sync.kind(edit.side)
        if self.by_hand(partial(end.edit, kind, edit.id, {edit.field: edit.value})):
            self.edits.append(edit)

    def by_hand(self, work: Callable[[], object]) -> bool:
        """Whether the app let the person do it: a paid invoice, for one, cannot be deleted."""
        try:
            work()
        except ValueError as refusal:
            self.note = self.note or str(refusal)
            return False
        return True


def set_up(account: Account, user: Any, instances: dict[Side, AppInstance], ends: Ends, kinds: dict[Side, str]) -> Part:
    """A draft with the wizard's defaults. Raises ``drafts.Refused`` or ConnectorError."""
    hub, app = instances[Side.HUB], instances[Side.APP]
    draft = drafts.new(account=account, by=user, app_instance=app)
    drafts.choose_pair(
        draft=draft, app_instance=app, hub_instance=hub, hub_kind=kinds[Side.HUB], app_kind=kinds[Side.APP]
    )
    draft.hub_scope = ends[Side.HUB].scope(hub, kinds[Side.HUB])
    draft.app_scope = ends[Side.APP].scope(app, kinds[Side.APP])
    for side, policy in ((Side.APP, "when_deleted_in_hub"), (Side.HUB, "when_deleted_in_app")):
        if drafts.can_delete(draft, side) and draft.direction == Direction.BOTH:
            setattr(draft, policy, DeletePolicy.DELETE)
    if not any(each["strong"] for each in draft.identifiers):  # nobody sits here to say yes to each match
        draft.identifiers = [{**each, "strong": True} for each in draft.identifiers]
    draft.save()
    mapped = {(row.app_field, row.hub_field) for row in draft.mappings.all() if row.on}
    mapped |= {(each["app_field"], each["hub_field"]) for each in draft.identifiers}
    concepts = drafts.concept_pairs(draft.hub_kind_info, draft.app_kind_info)
    fields = {side: {each.name: each for each in schemas.fields(instances[side], kinds[side])} for side in Side}
    return Part(draft, ends, {concept: pair for concept, pair in concepts.items() if pair in mapped}, fields)


def sides(part: Part) -> Iterator[Side]:
    """Sides that the part's sync fills."""
    return (side for side in Side if part.goes_to(side))
