"""Random histories over the real runner and a real database: people, faults, crashes, frozen workers, other settings; then quiet.

Each example draws two apps that differ in what they can do and how they misbehave, lets things happen, and ends with
``Universe.check``: every promise. A history that fails is printed as the steps that led to it, shrunk.

``pytest tests/syncjobs/proof/test_histories.py`` tries a few, always the same; the one marked ``slow`` tries many new ones
(``PROOF_EXAMPLES=2000`` for more).
"""

import os
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side, Value
from portal.accounts.models import Account
from syncjobs.models import RunKind, SyncFilter
from syncjobs.services import syncs
from tests.syncjobs.proof.universe import Universe, laboratory

SIDES = st.sampled_from(list(Side))
# Small alphabets, so that people collide: addresses equal up to case, values equal up to space, values that an app cuts.
EMAILS = st.sampled_from(
    [
        "ada@example.com",
        "Ada@Example.com",
        "bob@example.com",
        "cy@example.com",
        "di@example.com",
        "ed@example.com",
        None,
        "odd",
    ]
)
NAMES = st.sampled_from(["Ada", "ada", "Bob", " Bob ", "Cy", None])
NOTES = st.sampled_from(["short", "a long note, the first", "a long note, the second", None])
TAGS = st.sampled_from([None, ["x"], ["x", "y"], ["z"]])
VALUES = st.fixed_dictionaries({"email": EMAILS}, optional={"first_name": NAMES, "notes": NOTES, "tags": TAGS})
EDITS = st.one_of(
    st.fixed_dictionaries({"first_name": NAMES}),
    st.fixed_dictionaries({"notes": NOTES}),
    st.fixed_dictionaries({"tags": TAGS}),
    st.fixed_dictionaries({"email": EMAILS}),
    st.fixed_dictionaries({"first_name": NAMES, "notes": NOTES}),
)

INDEX, SKIP = st.integers(0, 3), st.integers(0, 8)
SENT = st.sampled_from(["create", "update", "delete"])
ASKED = st.sampled_from(["scan", "changes", "read", "find"])
BETWEEN = st.sampled_from(["request", "transaction"])  # a worker that stands still here must find out before it acts
ACTS = st.one_of(
    st.tuples(st.just("put"), SIDES, VALUES),
    st.tuples(st.just("edit"), SIDES, INDEX, EDITS),
    st.tuples(st.just("edit"), SIDES, INDEX, EDITS),
    st.tuples(st.just("edit_both"), INDEX, EDITS, EDITS),
    st.tuples(st.just("remove"), SIDES, INDEX),
    st.tuples(st.just("merge"), SIDES, INDEX, INDEX, st.booleans()),
)
LIMITS = st.sampled_from([errors.RateLimited("slow", retry_after=30), errors.Unavailable("down")])
TROUBLES = st.one_of(
    st.tuples(st.just("crash"), st.sampled_from(["request", "transaction", "before", "item", "after"]), SKIP),
    st.tuples(
        st.just("crash"),
        st.sampled_from([f"{v}.{w}" for v in ("create", "update", "delete") for w in ("before", "item", "after")]),
        st.just(0),
    ),
    st.tuples(st.just("lose_an_answer"), SIDES, SENT, st.sampled_from(["before", "item", "after"])),
    st.tuples(st.just("refuse_a_call"), SIDES, st.one_of(SENT, ASKED), LIMITS),
    st.tuples(st.just("refuse_a_call"), SIDES, st.just("changes"), st.just(errors.CursorExpired("too old"))),
    st.tuples(st.just("freeze"), st.sampled_from(["request", "transaction", "after"]), SKIP),
    st.tuples(st.just("edit_meanwhile"), SIDES, BETWEEN, SKIP, INDEX, EDITS),
    st.tuples(st.just("land_late"), SIDES),
    st.tuples(st.just("land"), SIDES),
    st.tuples(st.just("refuse_records"), SIDES, st.sampled_from(["Bob", None])),
)
WORK = st.sampled_from(["poll", "poll", "poll", "scan", "hint", "hour"])


def cut(name: str, value: Value) -> Value:
    return value[:20] if name == "notes" and isinstance(value, str) else value


def lower(name: str, value: Value) -> Value:
    return value.strip().lower() if name == "email" and isinstance(value, str) else value


def trim(name: str, value: Value) -> Value:
    return value.strip() if isinstance(value, str) else value


REWRITES = {"plain": lambda name, value: value, "cut": cut, "lower": lower, "trim": trim}


@st.composite
def abilities(draw: st.DrawFn) -> dict[str, Any]:
    """What one app can do, mostly everything."""
    feed, keyed = draw(st.sampled_from([True, True, True, False])), draw(st.booleans())
    return {
        "change_feed": feed,
        "sees_deletions": feed and draw(st.booleans()),
        "conditional_writes": draw(st.booleans()),
        "visibility_lag": draw(st.sampled_from([0, 0, 7])),
        "idempotent_creates": keyed,
        "lists_changes": keyed and feed and draw(st.booleans()),
        "write_batch": draw(st.sampled_from([100, 2])),
    }


SETTINGS = {
    "winner": st.sampled_from(["hub", "app", "recent", "ask"]),
    "direction": st.sampled_from(["both", "both", "both", "to_hub", "to_app"]),
    "clear_values": st.booleans(),
    "leaving": st.sampled_from(["keep", "stop"]),
    "duplicates": st.sampled_from(["newest", "oldest", "hold"]),
    "when_deleted_in_hub": st.sampled_from(["flag", "delete"]),
    "when_deleted_in_app": st.sampled_from(["flag", "delete"]),
    "email_only": st.booleans(),
}


DECISIONS = st.one_of(
    st.tuples(st.just("pause")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("resync"), st.sampled_from(["failed", "review", "excluded", "insync"])),
    st.tuples(st.just("change"), st.one_of([st.fixed_dictionaries({name: st_}) for name, st_ in SETTINGS.items()])),
    st.tuples(st.just("filter"), SIDES, st.sampled_from(["Ada", None])),
)


class Histories(RuleBasedStateMachine):
    account: Account  # set by the test
    laboratory: Any

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.u: Universe | None = None

    def teardown(self) -> None:
        try:
            if self.u is not None:
                self.u.check()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # -- the apps --------------------------------------------------------------------------------------------------------
    @initialize(
        hub=abilities(), app=abilities(), chosen=st.fixed_dictionaries(SETTINGS),
        hub_rewrites=st.sampled_from(["plain", "plain", "lower"]),
        app_rewrites=st.sampled_from(sorted(REWRITES)), unique=st.tuples(st.booleans(), st.booleans()), keys=st.booleans(),
        people=st.lists(st.tuples(SIDES, VALUES), min_size=2, max_size=4),
    )  # fmt: skip
    def begin(
        self,
        hub: Any,
        app: Any,
        chosen: Any,
        hub_rewrites: str,
        app_rewrites: str,
        unique: Any,
        keys: bool,
        people: Any,
    ) -> None:
        self.u = self.laboratory(
            hub=Abilities(**hub), app=Abilities(**app), hub_unique=unique[0], app_unique=unique[1], **chosen
        )
        for side, name in ((Side.HUB, hub_rewrites), (Side.APP, app_rewrites)):
            self.u.peers[side].rewrite, self.u.peers[side].knows_keys = REWRITES[name], keys
        for side, values in people:
            self.u.put(side, **values)
        self.u.wait(60)
        self.u.initial()

    def some(self, side: Side, index: int) -> str | None:
        ids = sorted(self.u.peers[side].live(), key=int)
        return ids[index % len(ids)] if ids else None

    # -- a minute: people act, trouble is on its way, work is done ---------------------------------------------------------
    @rule(
        acts=st.lists(ACTS, min_size=2, max_size=4), troubles=st.lists(TROUBLES, min_size=1, max_size=3), work=WORK,
        decision=st.one_of(st.none(), st.none(), st.none(), DECISIONS),
    )  # fmt: skip
    def minute(self, acts: Any, troubles: Any, work: str, decision: Any) -> None:
        self.u.land()
        if decision:
            name, *details = decision
            getattr(self, name)(*details)
        for name, *details in acts:
            getattr(self, name)(*details)
        for name, *details in troubles:
            getattr(self, name)(*details)
        if work == "hint":
            for side in Side:
                if id := self.some(side, 0):
                    self.u.hint(side, id)
        else:
            self.u.wait(4000 if work == "hour" else 60)
            self.u.run(RunKind.FULL_SCAN if work == "scan" else RunKind.INCREMENTAL)

    # -- people ----------------------------------------------------------------------------------------------------------
    def put(self, side: Side, values: Any) -> None:
        self.u.put(side, **values)

    def edit(self, side: Side, index: int, values: Any) -> None:
        if id := self.some(side, index):
            self.u.edit(side, id, **values)

    def edit_both(self, index: int, one: Any, other: Any) -> None:
        """The same person is edited at both sides."""
        link = (
            self.u.sync.links.filter(hub_id__isnull=False, app_id__isnull=False)
            .order_by("pk")[index : index + 1]
            .first()
        )
        if link:
            self.u.edit(Side.HUB, link.hub_id, **one)
            self.u.edit(Side.APP, link.app_id, **other)

    def remove(self, side: Side, index: int) -> None:
        if id := self.some(side, index):
            self.u.remove(side, id)

    def merge(self, side: Side, one: int, two: int, new_id: bool) -> None:
        winner, loser = self.some(side, one), self.some(side, two)
        if winner and loser and winner != loser:
            self.u.merge(side, winner, loser, new_id=new_id)

    def pause(self) -> None:
        self.u.sync.refresh_from_db()
        if self.u.sync.is_running_state:
            syncs.pause(sync=self.u.sync, by=None)

    def resume(self) -> None:
        self.u.resume()
        self.u.work()

    def resync(self, status: str) -> None:
        syncs.resync(sync=self.u.sync, by=None, status=status)

    def change(self, setting: Any) -> None:
        self.u.change(**setting)

    def filter(self, side: Side, value: str | None) -> None:
        SyncFilter.objects.filter(sync=self.u.sync, side=side.value).delete()
        if value:
            groups = [[{"field": "first_name", "operator": "is", "value": value}]]
            SyncFilter.objects.create(sync=self.u.sync, side=side.value, groups=groups)
        self.u.change()

    # -- trouble, soon ---------------------------------------------------------------------------------------------------
    def crash(self, place: str, skip: int) -> None:
        self.u.once(place, self.u.kill, skip=skip)

    def lose_an_answer(self, side: Side, verb: str, when: str) -> None:
        self.u.once(f"{side}.{verb}.{when}", lambda: raise_(errors.NoAnswer("lost")))

    def refuse_a_call(self, side: Side, verb: str, error: Exception) -> None:
        self.u.once(f"{side}.{verb}.before", lambda: raise_(error))

    def freeze(self, place: str, skip: int) -> None:
        self.u.once(place, self.u.freeze, skip=skip)

    def edit_meanwhile(self, side: Side, place: str, skip: int, index: int, values: Any) -> None:
        if self.u.peers[
            side
        ].abilities.conditional_writes:  # else nothing can protect an edit made between read and write
            self.u.once(place, lambda: (id := self.some(side, index)) and self.u.edit(side, id, **values), skip=skip)

    def land_late(self, side: Side) -> None:
        self.u.peers[side].land_late = True

    def land(self, side: Side) -> None:
        self.u.peers[side].land_late = False
        gates, self.u.gates = self.u.gates, []
        self.u.peers[side].land()
        self.u.gates = gates

    def refuse_records(self, side: Side, word: str | None) -> None:
        def refuse(values: Any) -> errors.ConnectorError | None:
            bad = word is not None and (values.get("first_name") or "").strip() == word
            return errors.Refused("no", code="VALUE_TOO_LONG", field="first_name") if bad else None

        self.u.peers[side].refuse = refuse


def raise_(error: BaseException) -> None:
    raise error


def _try(account: Account, **more: Any) -> None:
    with laboratory(account) as make:
        machine = type("Histories", (Histories,), {"account": account, "laboratory": staticmethod(make)})
        chosen = settings(
            deadline=None, suppress_health_check=list(HealthCheck), database=None, print_blob=False, **more
        )
        run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.timeout(300)
def test_a_few_histories_keep_every_promise(account: Account) -> None:
    _try(account, max_examples=15, stateful_step_count=5, derandomize=True, phases=[Phase.generate])


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_many_histories_keep_every_promise(account: Account) -> None:
    count, steps = int(os.environ.get("PROOF_EXAMPLES", "200")), int(os.environ.get("PROOF_STEPS", "6"))
    # A history that fails is short enough to be read; making it shorter takes minutes.
    phases = [Phase.generate, *([Phase.shrink] if os.environ.get("PROOF_SHRINK") else [])]
    _try(account, max_examples=count, stateful_step_count=steps, phases=phases)
