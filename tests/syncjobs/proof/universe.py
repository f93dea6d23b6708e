"""Two apps in memory, people who work in them, workers that die or freeze, and the promises that hold afterwards.

``Universe`` runs the real runner on the real database. Time is moved (``wait``), never slept away: leases, back-offs and
waits for lost answers pass as they do for a worker. ``gates`` are called around every request and every transaction of a
slice; a gate may raise (the worker is killed, the answer is lost) or let a second worker run meanwhile (the first is frozen).

``check`` states the promises as assertions. It knows what people typed last (``typed``) and which records we made (``made``).
"""

import contextlib
import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from integrations import registry
from integrations.connectors.base import Abilities, Scope
from integrations.connectors.memory import FIELDS, MemoryApp, MemoryConnector, Row
from integrations.records import FieldType, Side, Value, Verdict
from portal.accounts.models import Account
from syncjobs.engine.canonical import equal, is_blank
from syncjobs.health.catalogue import CATALOGUE
from syncjobs.models import FieldChange, PendingChange, RecordLink, RunKind, RunState, Sync, SyncRun, WriteIntent
from syncjobs.runner import slices, store
from syncjobs.runner.lease import SECONDS, Lease
from syncjobs.services import runs, syncs
from tests.syncjobs.runner.world import MAPPED, World, make_world

TYPES = {one.name: one.type for one in FIELDS}
Typed = tuple[Side, str, str]  # side, record id, field


class Killed(BaseException):
    """The worker is gone: nothing below catches this."""


class Broken(AssertionError):
    """A promise was broken; the message begins with its name."""


def promise(name: str, kept: bool, *evidence: Any) -> None:
    if not kept:
        raise Broken(f"{name}: " + ", ".join(repr(one) for one in evidence))


class Connector(MemoryConnector):
    """A client of a peer whose every request passes the gates, item by item."""

    def __init__(self, app: MemoryApp, universe: "Universe", side: Side) -> None:
        super().__init__(app)
        self.universe, self.side = universe, side

    def _enter(self, verb: str, items: int) -> Callable[[], None]:
        done = super()._enter(verb, items)
        self.universe.pass_gates(f"{self.side}.{verb}.before")

        def leave() -> None:
            done()
            self.universe.pass_gates(f"{self.side}.{verb}.after")

        return leave

    def _write(self, verb: str, items: Sequence[Any], act: Callable[[Any], Verdict]) -> list[Verdict]:
        self.universe.note_write(self.side, verb, items)
        known = dict(self.universe.typed) if self.app.land_late else None

        def one(item: Any) -> Verdict:
            before = {row.id for row in self.app.rows.values()}
            if verb == "update":
                self.universe.note_overwrite(self.side, item, known)
            row = self.app.resolve(item) if verb == "delete" else None
            verdict = act(item)
            if row is not None and verdict.error is None and self.app.abilities.conditional_writes:
                self.universe.note_delete(self.side, row)
            for id in self.app.rows.keys() - before:
                self.universe.note_made(self.side, item.key, id)
            self.universe.pass_gates(f"{self.side}.{verb}.item")
            return verdict

        return super()._write(verb, items, one)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        for id in ids:
            row = self.app.resolve(id)
            if row is not None and not self.app.abilities.conditional_writes:  # it may land whenever it likes
                self.universe.note_delete(self.side, row)
        return super().delete(kind, ids, versions=versions)

    def create(self, kind: str, items: Sequence[Any], *, scope: Scope) -> list[Verdict]:
        return super().create(kind, items, scope=scope)


class Universe:
    def __init__(
        self, account: Account, clock: time_machine.Traveller, *, hub: Abilities | None = None, app: Abilities | None = None,
        hub_unique: bool = True, app_unique: bool = True, **settings: Any,
    ) -> None:  # fmt: skip
        self.clock = clock
        self.world: World = make_world(account, hub=hub, app=app, **settings)
        self.sync = self.world.sync
        self.peers = {Side.HUB: self.world.hub, Side.APP: self.world.app}
        for side, unique in ((Side.HUB, hub_unique), (Side.APP, app_unique)):
            key, peer = f"memory_{side}", self.peers[side]
            peer.fields = [dataclasses.replace(one, unique=one.unique and unique) for one in FIELDS]
            connect = lambda instance, peer=peer, side=side: Connector(peer, self, side)  # noqa: E731
            registry.apps()[key] = dataclasses.replace(registry.apps()[key], connect=connect)
        self.gates: list[Callable[[str], None]] = []
        self.steps = 0  # requests and transactions so far
        self.killed = False
        self.typed: dict[Typed, Value] = {}
        self.unseen: set[Typed] = set()  # overwritten while the app itself could not show them: no promise
        self.made: dict[tuple[Side, Any], list[str]] = defaultdict(
            list
        )  # (source side, source id) → ids we made for it
        self.keys: dict[tuple[Side, str], list[str]] = defaultdict(list)  # side, create key → ids
        self.former: dict[str, list[Value]] = defaultdict(
            list
        )  # field → typed once, then blanked, deleted or merged away
        self.broken: list[Broken] = []  # found inside a request, where the runner would take it for a fault of its own
        self.ways = {self.sync.direction}
        self.cleared = {self.sync.clear_values}

    # -- gates -----------------------------------------------------------------------------------------------------------
    def pass_gates(self, place: str) -> None:
        self.steps += 1
        for gate in list(self.gates):
            gate(place)

    @contextlib.contextmanager
    def gate(self, act: Callable[[str], None]) -> Iterator[None]:
        self.gates.append(act)
        try:
            yield
        finally:
            if act in self.gates:
                self.gates.remove(act)

    def once(self, where: str, act: Callable[[], None], *, skip: int = 0) -> None:
        """Do ``act`` the first time (after ``skip``) that the place's name ends with ``where``."""
        left = [skip]

        def gate(place: str) -> None:
            if not place.endswith(where):
                return
            if left[0]:
                left[0] -= 1
                return
            self.gates.remove(gate)
            act()

        self.gates.append(gate)

    def kill(self) -> None:
        self.killed = True
        raise Killed

    def freeze(self) -> None:
        """The worker stands still until its lease has passed; another one does all there is to do; then the first wakes up."""
        gates, self.gates = self.gates, []
        self.land()  # a request's time-outs are shorter than the lease
        self.wait(SECONDS + 10)
        self.work()
        self.gates = gates

    def _expect(self, name: str, kept: bool, *evidence: Any) -> None:
        try:
            promise(name, kept, *evidence)
        except Broken as broken:
            self.broken.append(broken)

    # -- what the connectors tell ----------------------------------------------------------------------------------------
    def note_write(self, side: Side, verb: str, items: Sequence[Any]) -> None:
        direction = Sync.objects.values_list("direction", flat=True).get(pk=self.sync.pk)
        self._expect("Direction", direction in ("both", f"to_{side}"), side, verb, items)

    def note_overwrite(self, side: Side, item: Any, known: Mapping[Typed, Value] | None) -> None:
        """An app that cannot refuse a blind write lets a newer value be overwritten where it hides the record's newest state from
        listings, and where a write lands late, long after it was sent: then ``known`` is what people had typed until that."""
        peer = self.peers[side]
        row = peer.resolve(item.id)
        if row is None or peer.abilities.conditional_writes:
            return
        typed = {key for name in item.values if (key := (side, row.id, name)) in self.typed}
        newer = {key for key in typed if known is not None and known.get(key) != self.typed[key]}
        self.unseen |= typed if peer._hidden(row) else newer

    def note_made(self, side: Side, key: str, id: str) -> None:
        self.keys[side, key].append(id)
        intent = WriteIntent.objects.filter(key=key).select_related("link").first()
        if intent is None:
            return  # its link was joined with another or has gone
        source = getattr(intent.link, f"{side.other}_id")
        self.made[side.other, source].append(id)

    def note_delete(self, side: Side, row: Row) -> None:
        """What a person typed goes with a record that the policy deletes; a value typed since the last look must not."""
        link = RecordLink.objects.filter(sync=self.sync, **{f"{side}_id": row.id}).first()
        for name in MAPPED:
            if (side, row.id, name) in self.typed and link is not None:
                seen = (getattr(link, f"{side}_seen") or {}).get(name)
                value = self.typed[side, row.id, name]
                kept = equal(seen, value, TYPES[name])
                kept = kept or not equal(
                    row.values.get(name), value, TYPES[name]
                )  # it lost before; the ledger is asked later
                self._expect(
                    "Nothing lost", kept, "deleted with a fresh value", side, row.id, name, value, seen, link.status
                )
        self._forget(side, row.id)

    # -- people ----------------------------------------------------------------------------------------------------------
    def put(self, side: Side, **values: Value) -> str | None:
        """A new record by hand; None where the app refuses a second one with this unique value."""
        peer = self.peers[side]
        if peer.twin(values):
            return None
        id = peer.put(values)
        self._type(side, id, list(values))
        return id

    def edit(self, side: Side, id: str, **values: Value) -> bool:
        peer = self.peers[side]
        row = peer.resolve(id)
        if row is None or peer.twin(values, besides=row.id):
            return False
        peer.write(row.id, values)
        self._type(side, row.id, list(values))
        return True

    def remove(self, side: Side, id: str) -> None:
        if row := self.peers[side].resolve(id):
            self.peers[side].remove(row.id)
            self._forget(side, row.id)

    def merge(self, side: Side, winner: str, loser: str, *, new_id: bool) -> None:
        peer = self.peers[side]
        one, two = peer.resolve(winner), peer.resolve(loser)
        if one is None or two is None or one is two:
            return
        kept = {name: value for name, value in one.values.items() if (side, one.id, name) in self.typed}
        self._forget_unknown(side, {one.id, two.id})
        for name, value in two.values.items():  # fills the winner's blanks by a person's hand, as the app had stored it
            self.former[name].append(value)
        target = peer.merge(one.id, two.id, new_id=new_id)
        self._forget(side, one.id)
        self._forget(side, two.id)
        self._type(side, target, [name for name, value in kept.items() if value is not None])

    def _forget_unknown(self, side: Side, ids: set[str]) -> None:
        """A record that we made and never heard of is nothing that we could follow into another one: it is searched for in vain."""
        heard_of = set(RecordLink.objects.filter(sync=self.sync).values_list(f"{side}_id", flat=True))
        for (source, _), made in self.made.items():
            if source is side.other:
                made[:] = [id for id in made if id in heard_of or id not in ids]

    def _type(self, side: Side, id: str, names: Sequence[str]) -> None:
        for name in names:
            value = self.peers[side].rows[id].values.get(name)
            if is_blank(value):
                self.former[name].append(self.typed.get((side, id, name)))
            self.typed[side, id, name] = value
            self.unseen.discard((side, id, name))

    def _forget(self, side: Side, id: str) -> None:
        for key in [key for key in self.typed if key[:2] == (side, id)]:
            self.former[key[2]].append(self.typed.pop(key))

    # -- workers ---------------------------------------------------------------------------------------------------------
    def wait(self, seconds: int) -> None:
        self.clock.shift(seconds)
        for peer in self.peers.values():
            peer.wait(seconds)

    def land(self) -> None:
        """What was taken without an answer happens; an app that knows our keys may take as long as it likes."""
        gates, self.gates = self.gates, []  # this happens in the app; no worker of ours waits for it any more
        for peer in self.peers.values():
            if not peer.knows_keys:
                peer.land()
        self.gates = gates

    def work(self, most: int = 40) -> None:
        """Slices of the run under way, until it is through, waits, or its worker is killed."""
        self._work(most)
        self.land()  # no time has passed: a request lands within its time-outs, or not at all

    def _work(self, most: int) -> None:
        for _ in range(most):
            run = SyncRun.objects.active().filter(sync=self.sync).first()
            if run is None:
                return
            number = run.lease_number
            try:
                slices.run_slice(run.pk)
            except Killed:
                self.killed = False
                return
            run = SyncRun.objects.filter(pk=run.pk).first()
            if run is None or not run.is_active or run.lease_number == number or run.waiting_for:
                return

    def start(self, kind: str) -> None:
        self.sync.refresh_from_db()
        if self.sync.is_running_state:
            with contextlib.suppress(runs.RunAlreadyActive):
                runs.start(sync=self.sync, kind=kind)

    def run(self, kind: str = RunKind.INCREMENTAL) -> None:
        self.start(kind)
        self.work()

    def initial(self) -> None:
        Sync.objects.filter(pk=self.sync.pk).update(state="initial")
        self.run(RunKind.INITIAL)

    def poll(self) -> None:
        self.wait(60)
        self.run()

    def hint(self, side: Side, id: str) -> None:
        PendingChange.objects.update_or_create(
            sync=self.sync, side=side.value, remote_id=id, defaults={"noted_at": now()}
        )
        self.sync.refresh_from_db()
        runs.wake(self.sync)
        self.work()

    def change(self, **settings: Any) -> None:
        """A person saves other settings: the run under way is given up and everything is judged again."""
        Sync.objects.filter(pk=self.sync.pk).update(**settings)
        self.sync.refresh_from_db()
        self.sync.version += 1
        self.sync.save(update_fields=["version"])
        self.ways.add(self.sync.direction)
        self.cleared.add(self.sync.clear_values)
        SyncRun.objects.active().filter(sync=self.sync).update(state=RunState.ABORTED)
        self.initial()

    def resume(self) -> None:
        self.sync.refresh_from_db()
        if not self.sync.is_running_state:
            syncs.resume(sync=self.sync, by=None)

    def settle(self, *, scan: bool = True) -> None:
        """Trouble ends: late writes land, waits pass, and polls go on until nothing is left to do."""
        self.gates.clear()
        self.resume()
        for peer in self.peers.values():
            peer.land_late, peer.faults = False, []
            peer.land()
        self.wait(4000)
        self.run()
        if scan:
            self.wait(4000)
            self.work()
            self.run(RunKind.FULL_SCAN)
        for _ in range(12):
            self.wait(4000)
            self.run()
            if not self._busy():
                break
        promise("Convergence", not self._busy(), "never quiet", self._busy())

    def _busy(self) -> list[Any]:
        return [
            *RecordLink.objects.filter(sync=self.sync, dirty__gt=0).values("pk", "status", "code", "hub_id", "app_id"),
            *SyncRun.objects.active().filter(sync=self.sync).values("kind", "phase", "waiting_for", "detail"),
            *PendingChange.objects.filter(sync=self.sync, priority__gt=0).values("side", "remote_id"),
        ]  # fmt: skip

    # -- the promises ----------------------------------------------------------------------------------------------------
    def check(self, *, scan: bool = True) -> None:
        """Settle, then every promise. ``scan`` False: without the full scan that would find what was overlooked."""
        self.settle(scan=scan)
        for broken in self.broken:
            raise broken
        links = list(RecordLink.objects.filter(sync=self.sync))
        for link in links:
            self._check_explained(link)
            if link.status == "insync":
                self._check_equal(link)
        self._check_known(links)
        self._check_nothing_lost(links)
        self._check_nothing_doubled()
        wrong = store.recount(self.sync.pk)
        promise("Counts", wrong == {}, wrong)
        self._check_quiet()

    def _check_explained(self, link: RecordLink) -> None:
        shown = (link.pk, link.hub_id, link.app_id, link.status, link.code)
        promise("Convergence", link.status != "pending", *shown)
        if link.status != "insync":
            promise("Explained", bool(link.code), *shown)
        promise("Explained", not link.code or link.code in CATALOGUE, *shown)

    def _check_equal(self, link: RecordLink) -> None:
        rows = {side: self.peers[side].resolve(getattr(link, f"{side}_id") or "") for side in Side}
        promise("Convergence", all(rows.values()), "in sync without a record", link.pk, link.hub_id, link.app_id)
        for name in MAPPED:
            live = {side: row.values.get(name) for side, row in rows.items() if row}
            for side, value in live.items():
                seen = (getattr(link, f"{side}_seen") or {}).get(name)
                promise("Convergence", equal(seen, value, TYPES[name]), "memory", link.pk, side, name, seen, value)
            promise("Convergence", self._agree(name, live[Side.HUB], live[Side.APP]), link.pk, name, live)

    def _agree(self, name: str, h: Value, a: Value) -> bool:
        if equal(h, a, TYPES[name]) or self.ways != {"both"}:
            return True  # under a one-way rule the target may drift; its own memory was compared above
        if (is_blank(h) or is_blank(a)) and False in self.cleared:
            return True
        stored = self.peers[Side.APP].rewrite(name, h), self.peers[Side.HUB].rewrite(name, a)
        return equal(stored[0], a, TYPES[name]) or equal(stored[1], h, TYPES[name])

    def _check_known(self, links: Sequence[RecordLink]) -> None:
        for side, peer in self.peers.items():
            ids = {getattr(link, f"{side}_id") for link in links}
            strangers = [id for id in peer.live() if id not in ids]
            promise("Convergence", not strangers, "records without a link", side, strangers)

    def _check_nothing_lost(self, links: Sequence[RecordLink]) -> None:
        listed = {(side, getattr(link, f"{side}_id")) for link in links for side in Side if link.status != "insync"}
        ledger = defaultdict(list)
        for change in FieldChange.objects.filter(sync=self.sync):
            ledger[change.field] += [change.old, change.loser]
        for (side, id, name), value in self.typed.items():
            row = self.peers[side].resolve(id)
            if is_blank(value) or row is None or (side, id) in listed or (side, id, name) in self.unseen:
                continue
            live = row.values.get(name)
            if equal(live, value, TYPES[name]):
                continue  # then _check_equal saw it at the other side, too
            kept = any(self._same(name, old, value) for old in ledger[name])
            promise("Nothing lost", kept, "not in the ledger", side, id, name, value, live)
            promise(
                "Nothing lost", not is_blank(live) or True in self.cleared, "a blank erased it", side, id, name, value
            )
            promise(
                "Nothing lost",
                self._is_typed(side, name, live),
                "nobody typed what is there now",
                side,
                id,
                name,
                value,
                live,
            )

    def _is_typed(self, side: Side, name: str, live: Value) -> bool:
        """Whether a value that took another's place is one that a person typed last, somewhere."""
        if TYPES[name] is FieldType.MULTI or is_blank(live) or self.ways != {"both"}:
            return True
        current = [value for (_, _, field), value in self.typed.items() if field == name]
        known = [*current, *self.former[name]]
        known += [self.peers[side].rewrite(name, one) for one in known]
        return any(equal(live, one, TYPES[name]) for one in known)

    def _same(self, name: str, one: Value, other: Value) -> bool:
        if TYPES[name] is FieldType.MULTI:
            return set(one or []) >= set(other or [])
        return equal(one, other, TYPES[name])

    def _check_nothing_doubled(self) -> None:
        for (side, key), ids in self.keys.items():
            alive = [
                id for id in ids if (row := self.peers[side].resolve(id)) and row.id == id
            ]  # nobody merged or deleted it
            promise("Nothing doubled", len(alive) <= 1, "one key", key, alive)
        for (side, source), ids in self.made.items():
            alive = {row.id for id in ids if (row := self.peers[side.other].resolve(id))}
            if self.peers[side].resolve(source or "") is not None:
                promise("Nothing doubled", len(alive) <= 1, "made for", side, source, alive)
        made = {(side.other, id) for (side, _), ids in self.made.items() for id in ids}
        for side, source in self.made:
            if (side, source) in made:
                origin = [key for key, ids in self.made.items() if key[0] is side.other and source in ids]
                alive = [o for o in origin if self.peers[o[0]].resolve(o[1] or "") is not None]
                promise("Nothing doubled", not alive, "a copy was copied back", side, source, alive)

    def _check_quiet(self) -> None:
        before = list(RecordLink.objects.filter(sync=self.sync).order_by("pk").values())
        writes = {side: peer.writes for side, peer in self.peers.items()}
        calls = {side: peer.calls for side, peer in self.peers.items()}
        self.poll()
        for side, peer in self.peers.items():
            promise("Quiet", peer.writes == writes[side], side, peer.log[-6:])
            promise("Quiet", peer.calls - calls[side] <= 2, side, peer.log[-6:])
        after = list(RecordLink.objects.filter(sync=self.sync).order_by("pk").values())
        if not any(peer.abilities.partial_scan for peer in self.peers.values()):  # else: when each was read last
            moved = [
                (b["id"], b["status"], b["code"], {k: (b[k], a[k]) for k in b if b[k] != a[k]})
                for b, a in zip(before, after, strict=False)
                if b != a
            ]
            promise("Quiet", before == after, moved)


@contextlib.contextmanager
def laboratory(account: Account) -> Iterator[Callable[..., Universe]]:
    """Makes universes: time can be moved, and every request and transaction of a lease passes the gates."""
    made: list[Universe] = []
    transaction, check, release = Lease.transaction, Lease.check_before_request, Lease.release

    def here() -> Universe | None:
        return made[-1] if made else None

    @contextlib.contextmanager
    def gated_transaction(lease: Lease) -> Iterator[None]:
        if universe := here():
            universe.pass_gates("transaction")
        with transaction(lease):
            yield

    def gated_check(lease: Lease) -> None:
        if universe := here():
            universe.pass_gates("request")
        check(lease)

    def unless_killed(lease: Lease) -> None:
        if not ((universe := here()) and universe.killed):
            release(lease)

    with pytest.MonkeyPatch.context() as patch, time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        patch.setattr(Lease, "transaction", gated_transaction)
        patch.setattr(Lease, "check_before_request", gated_check)
        patch.setattr(Lease, "release", unless_killed)

        def make(**settings: Any) -> Universe:
            made.append(Universe(account, clock, **settings))
            return made[-1]

        yield make
    for key in ("memory_hub", "memory_app"):
        registry.apps().pop(key, None)
