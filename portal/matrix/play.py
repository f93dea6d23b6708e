"""The story of one pair of apps: people fill both sides, the syncs run, people go on working, and then all is quiet.

Slices are run in this process instead of by workers. Waits of single records are lifted rather than slept away (``_time_passes``).
"""

import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.utils.timezone import now

from integrations import registry
from integrations.errors import ConnectorError
from integrations.models import AppInstance
from integrations.records import FieldType, Side
from portal.accounts.models import Account
from portal.matrix import filling, samples
from portal.matrix.apps.base import Adaptor
from portal.matrix.parts import Edit, Part, set_up
from syncjobs.models import PendingChange, RecordLink, RunKind, RunState, Sync, SyncRun
from syncjobs.runner import slices
from syncjobs.services import drafts, runs, syncs
from syncjobs.services.mappings import schemas_of
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
EDITED, DELETED = 0.05, 2
ROUNDS = 8
MOST_SLICES = 2000


class Stopped(Exception):
    """The sync cannot start, or was suspended: why."""


class Play:
    """``apps``: one, or two accounts of one app. ``objects``: kinds that are played, all where none is named."""

    def __init__(self, hub: Adaptor, apps: Sequence[Adaptor], records: int, objects: Collection[str] = ()) -> None:
        self.hub, self.apps = hub, apps
        self.records, self.objects = records, objects
        self.parts: list[Part] = []
        self.impossible: dict[str, str] = {}  # object → why there is no sync of it
        self.touched: dict[str, Part] = {}  # hub records that somebody works on, and where

    # -- setting up ----------------------------------------------------------------------------------------------------------
    def set_up(self) -> None:
        """All apps in an account of their own, and a draft for each pair of objects."""
        address = f"{uuid4().hex[:12]}@matrix.example"
        user = get_user_model().objects.create_user(address, address)
        account = Account.objects.create(name=address)
        hub = self.hub.connect(account, user, as_hub=True)
        for end in self.apps:
            self._set_up(account, user, {Side.HUB: hub, Side.APP: end.connect(account, user, as_hub=False)}, end)
        filling.number(self.parts, self.records)

    def _set_up(self, account: Account, user: Any, instances: dict[Side, AppInstance], end: Adaptor) -> None:
        pairs = registry.pairs(instances[Side.HUB].app, instances[Side.APP].app)
        wanted = [pair for pair in pairs if not self.objects or pair[1].key in self.objects]
        for hub_kind, app_kind in sorted(wanted, key=lambda pair: _place(pair[0].concept)):
            ends, kinds = {Side.HUB: self.hub, Side.APP: end}, {Side.HUB: hub_kind.key, Side.APP: app_kind.key}
            try:
                self.parts.append(set_up(account, user, instances, ends, kinds))
            except (ConnectorError, drafts.Refused) as error:
                self.impossible[app_kind.key] = f"cannot be set up: {error}"

    def fill(self) -> None:
        filling.fill(self.parts)

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
                linked = self._free(part)
                self._tie_anew(part, side, linked[len(linked) // 3 + place :])
            concept = next((each for each in samples.EDITABLE if each in part.concepts and each != part.identity), "")
            number = max(3, int(self.records * EDITED))
            for place, side in enumerate(side for side in Side if concept and part.goes_to(side.other)):
                own = part.field(concept, side)
                if not part.can_type(side, own) or own.type is FieldType.OPTION:
                    continue
                for count, pair in enumerate(self._free(part)[place * number : (place + 1) * number]):
                    self._touch(part, pair)
                    part.edit(Edit(side, pair[side], own.name, samples.edited(own, count, side)))
        self.settle()

    def _tie_anew(self, part: Part, side: Side, pairs: list[dict[Side, str]]) -> None:
        """Give the first of these records another referent than the one it has, the first that there is."""
        kin = [each for each in self.live if each.ends[Side.APP] is part.ends[Side.APP]]
        for concept in part.concepts:
            own = part.field(concept, side)
            target = next((each for each in kin if each.sync.kind(side) == own.refers_to), None)
            if own.type is FieldType.REFERENCE and target and pairs and part.can_type(side, own):
                id = pairs[0][side]
                held = part.ends[side].records(part.sync.kind(side), [own])[id][own.name]
                others = (pair[side] for pair in self._free(target))
                other = next((one for one in others if one not in (held or []) and one != id), None)  # type: ignore[operator]
                if other:
                    self._touch(part, pairs[0])
                    part.edit(Edit(side, id, own.name, [other]))
                return

    def delete(self) -> None:
        """The last linked records, at each side that may fill the other. Apps that do not tell are read in full, as each night."""
        for part in self.live:
            for place, side in enumerate(side for side in Side if part.goes_to(side.other)):
                end, kind = part.ends[side], part.sync.kind(side)
                for pair in self._free(part)[::-1][place * DELETED : (place + 1) * DELETED]:
                    self._touch(part, pair)
                    if part.by_hand(partial(end.delete, kind, [pair[side]])):
                        part.deleted.append((side, pair[side]))
        self.settle(kind=RunKind.FULL_SCAN)

    def merge(self) -> None:
        """Two records that the edits and deletions left alone, where the app can."""
        for part in self.live:
            for side in Side:
                abilities = part.sync.instance(side).app.abilities(part.sync.kind(side))
                chosen = self._alike(part) if abilities.merges else None
                if chosen:
                    winner, loser = chosen
                    self._touch(part, winner, loser)
                    merge = partial(part.ends[side].merge, part.sync.kind(side), winner[side], loser[side])
                    part.merged += part.by_hand(merge)
                    break
        self.settle()

    def _alike(self, part: Part) -> tuple[dict[Side, str], dict[Side, str]] | None:
        """Two that the same syncs have linked: a sync that knows the loser alone rightly goes on with its twin and the winner's
        record, and where it only fills the hub, their values stay different until the twin changes."""
        free = self._free(part)
        half = free[len(free) // 2 :] if len(free) > 8 else []
        others = [each.sync.pk for each in self.live if _meet(each, part)]
        links = RecordLink.objects.filter(
            sync__in=others, hub_id__in=[pair[Side.HUB] for pair in half], app_id__isnull=False
        )
        elsewhere = set(links.values_list("sync", "hub_id"))
        known = [{sync for sync in others if (sync, pair[Side.HUB]) in elsewhere} for pair in half]
        return next(((half[n], half[n + 1]) for n in range(len(half) - 1) if known[n] == known[n + 1]), None)

    def quiet(self) -> None:
        """One more poll of each sync: nothing has changed, so nothing may be written."""
        self.settle()
        for part in self.live:
            before = part.writes()
            self._try(part, lambda part=part: self.poll(part))
            part.quiet_writes = part.writes() - before

    def _free(self, part: Part) -> list[dict[Side, str]]:
        """Linked pairs on which nobody works in another account, and whose hub record nothing else fills that would not follow."""
        fills = [each.sync.pk for each in self.live if each.fills_alone and _meet(each, part)]
        links = RecordLink.objects.filter(sync__in=fills, app_id__isnull=False)
        filled = set(links.values_list("hub_id", flat=True))
        free = [pair for pair in part.linked() if pair[Side.HUB] not in filled]
        return [pair for pair in free if self.touched.get(self._key(part, pair), part) is part]

    def _touch(self, part: Part, *pairs: dict[Side, str]) -> None:
        self.touched |= {self._key(part, pair): part for pair in pairs}

    def _key(self, part: Part, pair: dict[Side, str]) -> str:
        return f"{part.sync.hub_kind}/{pair[Side.HUB]}"


def _meet(one: Part, other: Part) -> bool:
    """Whether these are two syncs of one object of the hub."""
    return one is not other and one.sync.hub_kind == other.sync.hub_kind


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
