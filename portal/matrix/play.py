"""The story of one pair of apps: people fill both sides, the syncs run, people go on working, and then all is quiet.

Slices are run in this process instead of by workers. Waits of single records are lifted rather than slept away (``_time_passes``).
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.utils.timezone import now

from integrations import registry
from integrations.errors import ConnectorError
from integrations.models import AppInstance
from integrations.records import Field, FieldType, Side, Value, Values
from integrations.services import schemas
from portal.accounts.models import Account
from portal.matrix import samples
from portal.matrix.apps.base import Adaptor
from syncjobs.models import DeletePolicy, Direction, PendingChange, RecordLink, RunKind, RunState, Sync, SyncRun
from syncjobs.runner import slices
from syncjobs.services import drafts, runs, syncs, value_maps
from syncjobs.services.mappings import schemas_of, towards
from syncjobs.services.problems import problems

ORDER = (
    "company",
    "person",
    "product",
    "lead",
    "deal",
    "ticket",
    "invoice",
)  # what others refer to comes first; activities last
AT_BOTH, AT_ONE = 0.4, 0.3  # of kinds that have an identifier
EDITED, DELETED = 0.05, 2
ROUNDS = 8
MOST_SLICES = 2000


class Stopped(Exception):
    """The sync cannot start, or was suspended: why."""


@dataclass
class Edit:
    side: Side
    id: str
    field: str
    value: Value


@dataclass
class Part:
    """One object of the pair. ``first``: the number of its first sample. ``made``: number of a sample → its id, by side."""

    sync: Sync
    concepts: dict[str, tuple[str, str]]  # concept → (app field, hub field), as mapped
    fields: dict[Side, dict[str, Field]]
    first: int = 0
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


class Play:
    """``objects``: kinds of the app that are played, all where none is named."""

    def __init__(self, hub: Adaptor, app: Adaptor, records: int, objects: Collection[str] = ()) -> None:
        self.ends = {Side.HUB: hub, Side.APP: app}
        self.records, self.objects = records, objects
        self.parts: list[Part] = []
        self.impossible: dict[str, str] = {}  # object → why there is no sync of it

    # -- setting up ----------------------------------------------------------------------------------------------------------
    def set_up(self) -> None:
        """Both apps in an account of their own, and a draft for each pair of objects."""
        address = f"{uuid4().hex[:12]}@matrix.example"
        user = get_user_model().objects.create_user(address, address)
        account = Account.objects.create(name=address)
        hub = self.ends[Side.HUB].connect(account, user, as_hub=True)
        app = self.ends[Side.APP].connect(account, user, as_hub=False)
        pairs = [pair for pair in registry.pairs(hub.app, app.app) if not self.objects or pair[1].key in self.objects]
        for hub_kind, app_kind in sorted(pairs, key=lambda pair: _place(pair[0].concept)):
            try:
                self.parts.append(self._part(account, user, hub, app, hub_kind.key, app_kind.key))
            except (ConnectorError, drafts.Refused) as error:
                self.impossible[app_kind.key] = f"cannot be set up: {error}"

    def _part(
        self, account: Account, user: Any, hub: AppInstance, app: AppInstance, hub_kind: str, app_kind: str
    ) -> Part:
        draft = drafts.new(account=account, by=user, app_instance=app)
        drafts.choose_pair(draft=draft, app_instance=app, hub_instance=hub, hub_kind=hub_kind, app_kind=app_kind)
        draft.hub_scope = self.ends[Side.HUB].scope(hub, hub_kind)
        draft.app_scope = self.ends[Side.APP].scope(app, app_kind)
        for side, policy in ((Side.APP, "when_deleted_in_hub"), (Side.HUB, "when_deleted_in_app")):
            if drafts.can_delete(draft, side) and draft.direction == Direction.BOTH:
                setattr(draft, policy, DeletePolicy.DELETE)
        if not any(each["strong"] for each in draft.identifiers):  # nobody sits here to say yes to each match
            draft.identifiers = [{**each, "strong": True} for each in draft.identifiers]
        draft.save()
        mapped = {(row.app_field, row.hub_field) for row in draft.mappings.all() if row.on}
        mapped |= {(each["app_field"], each["hub_field"]) for each in draft.identifiers}
        concepts = drafts.concept_pairs(draft.hub_kind_info, draft.app_kind_info)
        return Part(
            draft,
            {concept: pair for concept, pair in concepts.items() if pair in mapped},
            {
                Side.HUB: {each.name: each for each in schemas.fields(hub, hub_kind)},
                Side.APP: {each.name: each for each in schemas.fields(app, app_kind)},
            },
            # Two objects that meet in one (contacts and leads in HubSpot's contacts) are about different people.
            first=self.records * sum(other.sync.hub_kind == hub_kind for other in self.parts),
        )

    # -- filling -------------------------------------------------------------------------------------------------------------
    def fill(self) -> None:
        for part in self.parts:
            try:
                self._fill(part)
            except (ValueError, NotImplementedError) as error:
                part.note = f"not filled: {error}"

    def _fill(self, part: Part) -> None:
        for side, numbers in self._shares(part).items():
            end, kind = self.ends[side], part.sync.kind(side)
            rows = [self._sample(part, side, number) for number in numbers]
            for start in range(0, len(rows), 100):
                ids = end.create(kind, rows[start : start + 100])
                part.made[side] |= dict(zip(numbers[start : start + 100], ids, strict=True))

    def _shares(self, part: Part) -> dict[Side, list[int]]:
        """Which numbers exist at which side. What nothing identifies is at one side only: it would be copied, rightly."""
        both = int(self.records * AT_BOTH) if part.sync.identifiers else 0
        one_way = [side for side in Side if not part.goes_to(side)]  # the source of a one-way sync holds all of them
        hub_only = int(self.records * (AT_ONE if both else 0.5))
        if one_way:
            hub_only = self.records - both if one_way[0] is Side.HUB else 0
        numbers = range(part.first, part.first + self.records)
        rest = list(numbers[both:])
        return {Side.HUB: [*numbers[:both], *rest[:hub_only]], Side.APP: [*numbers[:both], *rest[hub_only:]]}

    def _sample(self, part: Part, side: Side, number: int) -> Values:
        end, found = self.ends[side], Values()
        for concept in part.concepts:
            own, twin = part.field(concept, side), part.field(concept, side.other)
            if not end.can_type(part.sync.kind(side), own):
                continue
            if own.type is FieldType.REFERENCE:
                given = self._reference(own, side, number)
            elif own.type is FieldType.OPTION and (among := part.choices(concept, side)):
                given = among[number % len(among)]
            else:
                given = samples.value(part.concept, concept, number, own, twin, part.first + self.records)
            if given is not None:
                found[own.name] = given
        return found

    def _reference(self, own: Field, side: Side, number: int) -> Value:
        """The record that this one belongs to, where it exists at this side: five people to a company."""
        target = next((part for part in self.parts if part.sync.kind(side) == own.refers_to), None)
        id = target.made[side].get(number // samples.FIRMS) if target else None
        return [id] if id else None

    # -- running -------------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Save the syncs, and run their initial syncs to the end."""
        for part in self.parts:
            sync = part.sync
            if found := problems(sync, schemas_of(sync)):
                part.note = part.note or f"cannot start: {found[0].text}"
                continue
            part.sync = syncs.save_and_sync(draft=sync, by=sync.created_by)
            self._try(part, lambda part=part: work_off(part.sync.runs.active().get()))
        self.settle()

    @property
    def live(self) -> list[Part]:
        """Parts whose sync runs."""
        return [part for part in self.parts if part.sync.saved_at and not part.note.startswith("stopped")]

    def settle(self, *, kind: str = RunKind.INCREMENTAL) -> None:
        """Poll all syncs until nothing waits at any of them."""
        for round in range(ROUNDS):
            for part in self.live:
                self._try(
                    part, lambda part=part, kind=kind if round == 0 else RunKind.INCREMENTAL: self.poll(part, kind)
                )
            if not any(_waits(part.sync) for part in self.live):
                return

    def poll(self, part: Part, kind: str = RunKind.INCREMENTAL) -> None:
        _time_passes(part.sync)
        part.sync.refresh_from_db()
        work_off(part.sync.runs.active().first() or runs.start(sync=part.sync, kind=kind))

    def _try(self, part: Part, work: Any) -> None:
        try:
            work()
        except Stopped as error:
            part.note = f"stopped: {error}"

    # -- people at work ------------------------------------------------------------------------------------------------------
    def edit(self) -> None:
        """Some records at each side that may fill the other, and what one of them belongs to."""
        for part in self.live:
            for place, side in enumerate(side for side in Side if part.goes_to(side.other)):
                linked = self._linked(part, side)
                self._tie_anew(part, side, linked[len(linked) // 3 + place :])
            concept = next((each for each in samples.EDITABLE if each in part.concepts and each != part.identity), "")
            number = max(3, int(self.records * EDITED))
            for place, side in enumerate(side for side in Side if concept and part.goes_to(side.other)):
                own = part.field(concept, side)
                if not self.ends[side].can_type(part.sync.kind(side), own) or own.type is FieldType.OPTION:
                    continue
                linked = self._linked(part, side)
                for count, id in enumerate(linked[place * number : (place + 1) * number]):
                    self._edit(part, Edit(side, id, own.name, samples.edited(own, count, side)))
        self.settle()

    def _tie_anew(self, part: Part, side: Side, ids: list[str]) -> None:
        """Give the first of these records another referent than the one it has, the first that there is."""
        for concept in part.concepts:
            own = part.field(concept, side)
            target = next((each for each in self.live if each.sync.kind(side) == own.refers_to), None)
            if (
                own.type is FieldType.REFERENCE
                and target
                and ids
                and self.ends[side].can_type(part.sync.kind(side), own)
            ):
                held = self.ends[side].records(part.sync.kind(side), [own])[ids[0]][own.name]
                other = next((id for id in self._linked(target, side) if id not in (held or []) and id != ids[0]), None)  # type: ignore[operator]
                if other:
                    self._edit(part, Edit(side, ids[0], own.name, [other]))
                return

    def _edit(self, part: Part, edit: Edit) -> None:
        end, kind = self.ends[edit.side], part.sync.kind(edit.side)
        if self._by_hand(part, partial(end.edit, kind, edit.id, {edit.field: edit.value})):
            part.edits.append(edit)

    def _by_hand(self, part: Part, work: Callable[[], object]) -> bool:
        """Whether the app let the person do it: a paid invoice, for one, cannot be deleted."""
        try:
            work()
        except ValueError as refusal:
            part.note = part.note or str(refusal)
            return False
        return True

    def delete(self) -> None:
        """The last linked records, at each side that may fill the other. Apps that do not tell are read in full, as each night."""
        for part in self.live:
            for place, side in enumerate(side for side in Side if part.goes_to(side.other)):
                end, kind = self.ends[side], part.sync.kind(side)
                for id in self._linked(part, side)[::-1][place * DELETED : (place + 1) * DELETED]:
                    if self._by_hand(part, partial(end.delete, kind, [id])):
                        part.deleted.append((side, id))
        self.settle(kind=RunKind.FULL_SCAN)

    def merge(self) -> None:
        """Two records that the edits and deletions left alone, where the app can."""
        for part in self.live:
            for side in Side:
                abilities = part.sync.instance(side).app.abilities(part.sync.kind(side))
                linked = self._linked(part, side)
                middle = len(linked) // 2
                if abilities.merges and len(linked) > 8:
                    merge = partial(self.ends[side].merge, part.sync.kind(side), linked[middle], linked[middle + 1])
                    part.merged += self._by_hand(part, merge)
                    break
        self.settle()

    def quiet(self) -> None:
        """One more poll of each sync: nothing has changed, so nothing may be written."""
        self.settle()
        for part in self.live:
            before = self._writes(part)
            self._try(part, lambda part=part: self.poll(part))
            part.quiet_writes = self._writes(part) - before

    def _writes(self, part: Part) -> int:
        return sum(end.writes(part.sync.kind(side)) for side, end in self.ends.items())

    def _linked(self, part: Part, side: Side) -> list[str]:
        """Ids of pairs that can be worked with, oldest link first."""
        links = RecordLink.objects.filter(
            sync=part.sync, hub_id__isnull=False, app_id__isnull=False, hub_gone=False, app_gone=False
        )
        for each, end in self.ends.items():
            links = links.exclude(**{f"{each}_id__in": end.locked(part.sync.kind(each))})
        return list(links.order_by("pk").values_list(f"{side}_id", flat=True))


def work_off(run: SyncRun) -> None:
    """What workers do: slices until the run is over."""
    for _ in range(MOST_SLICES):
        slices.run_slice(run.pk)
        current = SyncRun.objects.select_related("sync").filter(pk=run.pk).first()
        if current is None or current.state in (RunState.DONE, RunState.DONE_WITH_FAILURES):
            return
        if not current.sync.is_running_state or current.state == RunState.ABORTED:
            raise Stopped(f"{current.sync.state_code} {current.sync.state_detail}")
        if current.next_slice_at:
            if current.counts.get("tries", 0) > 3:
                raise Stopped(f"{current.waiting_for} {current.detail}")
            time.sleep(min(1.0, max(0.05, (current.next_slice_at - now()).total_seconds())))
    raise Stopped(f"does not end: {run.phase}")


def _waits(sync: Sync) -> bool:
    return (
        RecordLink.objects.filter(sync=sync, dirty__gt=0).exists() or PendingChange.objects.filter(sync=sync).exists()
    )


def _time_passes(sync: Sync) -> None:
    """A while later: backoffs are over, and what was read is old enough to be read again."""
    past = now() - timedelta(hours=1)
    RecordLink.objects.filter(sync=sync, next_try_at__isnull=False).update(next_try_at=past)
    for side in Side:
        RecordLink.objects.filter(sync=sync, **{f"{side}_read_at__isnull": False}).update(**{f"{side}_read_at": past})


def _place(concept: str) -> int:
    return ORDER.index(concept) if concept in ORDER else len(ORDER)


def sides(part: Part) -> Iterator[Side]:
    """Sides that the part's sync fills."""
    return (side for side in Side if part.goes_to(side))
