"""Every safeguard of the engine, how to take it away, and a story that goes wrong without it.

``off`` takes the safeguard away for one test (nothing in the product can). ``story`` ends with the promises: it passes as the
product is, and raises ``Broken`` without the safeguard. To add one: an entry in ``SAFEGUARDS``.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryConnector
from integrations.records import Create, Side, Update
from syncjobs.engine import plan as planning
from syncjobs.engine.matching import Match
from syncjobs.models import FieldChange, RunKind, RunState, SyncRun
from syncjobs.runner import (
    context,
    creates,
    guards,
    ingest,
    lease,
    pairing,
    reading,
    recovery,
    settling,
    store,
    updates,
)
from syncjobs.runner.lease import Lease
from tests.syncjobs.proof.scenarios import Make, _together
from tests.syncjobs.proof.universe import Connector, Universe, promise

HUB, APP = Side.HUB, Side.APP
LONG = "a note that is longer than what the app keeps"
Off = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Safeguard:
    name: str
    why: str
    off: Off
    story: Callable[[Make], None]


def lose() -> None:
    raise errors.NoAnswer("lost")


def ada(make: Make, **settings: Any) -> Universe:
    """Ada is in the hub, and not yet in the app."""
    u = make(**{"app_unique": False, **settings})
    u.put(HUB, email="ada@example.com", first_name="Ada")
    return u


def cutting(u: Universe) -> None:
    u.peers[APP].rewrite = lambda name, value: value[:20] if name == "notes" and isinstance(value, str) else value


def look(u: Universe, seconds: int) -> None:
    """Retries that are due, without a poll that would show the record by itself."""
    u.wait(seconds)
    u.start(RunKind.RETRY)
    u.work()


# -- creates whose answer was lost -----------------------------------------------------------------------------------------
def lost_create(make: Make) -> None:
    u = ada(make)
    u.once("app.create.after", lose)
    u.initial()
    look(u, 60)
    look(u, 60)
    u.check()


def lost_create_that_shows_late(make: Make) -> None:
    u = ada(make, app=Abilities(visibility_lag=30))
    u.once("app.create.after", lose)
    u.initial()
    look(u, 10)
    look(u, 60)
    u.check()


def create_that_lands_after_it_was_sent_again(make: Make) -> None:
    u = ada(make)
    app = u.peers[APP]
    app.knows_keys = app.land_late = True
    u.initial()
    app.land_late = False
    look(u, 60)
    look(u, 60)
    app.land()
    promise("Nothing doubled", len(app.live()) == 1, app.live())
    u.check()


def lost_create_of_a_value_that_is_cut(make: Make) -> None:
    u = make(winner="app")
    cutting(u)
    u.put(HUB, email="ada@example.com", notes=LONG)
    u.once("app.create.after", lose)
    u.initial()
    u.check()


def no_adoption(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "_look_up", lambda ctx, side, rows, intents: False)
    no_look(patch)  # it would find the record, too


def made_by_hand_since_the_side_was_read(make: Make) -> None:
    u = ada(make)
    u.once("hub.scan.before", lambda: u.put(APP, email="ada@example.com", first_name="Gussie"))
    u.initial()
    u.check()
    promise("Nothing doubled", len(u.peers[APP].live()) == 1, u.peers[APP].live())


def no_look(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "not_there_yet", lambda ctx, side, work: list(work))


def no_wait(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "wait_for", lambda ctx, side, row: timedelta(0))


def new_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(creates, "Create", lambda values, key: Create(values, str(uuid.uuid4())))


def no_credit(patch: pytest.MonkeyPatch) -> None:
    for module in (pairing, recovery):
        patch.setattr(module, "credit", lambda ctx, row, intent: None)


# -- reading ---------------------------------------------------------------------------------------------------------------
def edit_that_shows_late(make: Make) -> None:
    u = ada(make, hub=Abilities(visibility_lag=30))
    u.wait(60)
    u.initial()
    u.poll()
    u.edit(HUB, "1", first_name="Augusta")
    u.wait(10)
    u.run()
    u.poll()
    u.check(scan=False)


def no_overlap(patch: pytest.MonkeyPatch) -> None:
    changes = Connector.changes

    def without(self: Connector, kind: str, **more: Any) -> Any:
        page = changes(self, kind, **more)
        if page.cursor:
            page.cursor = {"at": page.cursor["at"] + self.app.abilities.visibility_lag}
        return page

    patch.setattr(Connector, "changes", without)


def listing_older_than_our_write(make: Make) -> None:
    u = ada(make, app=Abilities(visibility_lag=30), winner="app")
    u.initial()
    u.wait(100)
    u.run()
    u.edit(HUB, "1", first_name="Augusta")
    u.run()
    u.wait(5)
    u.run()
    live = u.peers[HUB].live()["1"]["first_name"]
    promise("Nothing lost", live == "Augusta", "undone", live)
    u.check()


def old_listings_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ingest, "_outdated", lambda row, side, record: False)


def killed_while_a_page_is_stored(make: Make) -> None:
    for step in range(12):
        with transaction.atomic():
            u = ada(make)
            u.initial()
            u.edit(HUB, "1", first_name="Augusta")
            u.once("transaction", u.kill, skip=step)
            u.poll()
            u.check(scan=False)
            transaction.set_rollback(True)


def cursor_first(patch: pytest.MonkeyPatch) -> None:
    """Where reading goes on is committed before the rows."""

    def page(ctx: Any, side: Side) -> bool:
        end, cursor = ctx.end(side), ctx.cursors[side]
        found = end.connector.changes(
            end.kind, fields=end.fields, cursor=cursor.cursor, position=cursor.position, scope=end.scope
        )
        with ctx.lease.transaction():
            cursor.cursor, cursor.position, cursor.mode = found.cursor, found.position, ""
            cursor.save()
        with ctx.lease.transaction():
            reading._store_page(ctx, side, found)
        return False

    patch.setattr(reading, "_changes_page", page)


# -- updates ---------------------------------------------------------------------------------------------------------------
def edit_between_our_read_and_our_write(make: Make) -> None:
    u, hub, app = _together(make)
    u.edit(HUB, hub, first_name="Augusta")
    u.once("app.update.before", lambda: u.edit(APP, app, first_name="Gussie"))
    u.poll()
    u.check()


def blind_writes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(updates, "Update", lambda id, values, known, version: Update(id, values, known=known))


def edit_between_our_look_and_our_deletion(make: Make) -> None:
    u, hub, app = _together(make, when_deleted_in_hub="delete")
    u.remove(HUB, hub)
    u.once("app.delete.before", lambda: u.edit(APP, app, first_name="Gussie"))
    u.poll()
    u.check()


def blind_deletions(patch: pytest.MonkeyPatch) -> None:
    delete = MemoryConnector.delete
    patch.setattr(MemoryConnector, "delete", lambda app, kind, ids, *, versions: delete(app, kind, ids))


def killed_after_the_loser_was_overwritten(make: Make) -> None:
    u, hub, app = _together(make, winner="hub")
    u.edit(HUB, hub, first_name="Augusta")
    u.edit(APP, app, first_name="Gussie")
    u.once("app.update.after", u.kill)
    u.poll()
    u.check()


def ledger_afterwards(patch: pytest.MonkeyPatch) -> None:
    kept: list[FieldChange] = []
    manager, close = FieldChange.objects, settling.close
    bulk_create = manager.bulk_create

    def send(*details: Any) -> None:
        try:
            send_updates(*details)
        finally:
            kept.clear()  # what a killed worker had in mind is gone

    send_updates = updates.send_updates
    patch.setattr(updates, "send_updates", send)

    def flush(ctx: Any, work: Any) -> None:
        bulk_create(kept)
        kept.clear()
        close(ctx, work)

    def later(rows: Any, *more: Any, **options: Any) -> list[Any]:
        kept.extend(rows)
        return []

    patch.setattr(manager, "bulk_create", later)
    patch.setattr(settling, "close", flush)


def killed_after_a_value_was_cut(make: Make) -> None:
    u, hub, _ = _together(make, winner="app")
    cutting(u)
    u.edit(HUB, hub, notes=LONG)
    u.once("app.update.after", u.kill)
    u.poll()
    u.check()


def nothing_expected(patch: pytest.MonkeyPatch) -> None:
    def update(rows: Any, names: Any) -> None:
        store_update(rows, [name for name in names if not name.endswith("_expected")])

    store_update = store.update
    patch.setattr(store, "update", update)


def value_that_is_cut_and_another_edit(make: Make) -> None:
    u = make()
    cutting(u)
    u.put(HUB, email="ada@example.com", notes=LONG)
    u.initial()
    u.poll()
    u.edit(APP, "1", first_name="Ada")
    u.poll()
    u.check()


def memory_of_what_was_sent(patch: pytest.MonkeyPatch) -> None:
    settle = settling.settle

    def without(ctx: Any, side: Side, w: Any, verdict: Any, what: str, moment: Any) -> None:
        if verdict.record:
            verdict = replace(verdict, record=replace(verdict.record, values={}))
        settle(ctx, side, w, verdict, what, moment)

    patch.setattr(settling, "settle", without)


def one_memory(patch: pytest.MonkeyPatch) -> None:
    close = settling.close_one

    def both_the_same(ctx: Any, w: Any, moment: Any, deltas: Any) -> None:
        close(ctx, w, moment, deltas)
        w.row.app_seen = w.row.hub_seen

    patch.setattr(settling, "close_one", both_the_same)


def blanked_at_one_side(make: Make) -> None:
    u = make(clear_values=False)
    u.put(APP, email="ada@example.com", first_name="Ada")
    u.initial()
    u.edit(HUB, next(iter(u.peers[HUB].live())), first_name=None)
    u.poll()
    u.check()


def blanks_erase(patch: pytest.MonkeyPatch) -> None:
    merge = planning.merge
    patch.setattr(planning, "merge", lambda rule, hub, app, *, clear_values: merge(rule, hub, app, clear_values=True))


# -- the lease ---------------------------------------------------------------------------------------------------------------
def frozen_before_each_request(make: Make) -> None:
    for step in range(12):
        with transaction.atomic():
            u = ada(make)
            u.once("request", u.freeze, skip=step)
            u.initial()
            u.check()
            transaction.set_rollback(True)


def unasked_requests(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lease, "REQUEST_SECONDS", -1_000_000)


def frozen_before_each_transaction(make: Make) -> None:
    """While the first worker stands still, a person edits and another worker carries that over."""
    for step in range(16):
        with transaction.atomic():
            u, hub, _ = _together(make)
            u.edit(HUB, hub, first_name="Augusta")

            def meanwhile(u: Universe = u, hub: str = hub) -> None:
                u.freeze()
                u.edit(HUB, hub, first_name="Gussie", last_name="King")
                u.poll()
                u.poll()

            u.once("transaction", meanwhile, skip=step)
            u.poll()
            u.check(scan=False)
            transaction.set_rollback(True)


class Anybody:
    """Stands for the run's row: whoever asks, the lease is theirs."""

    def update(self, **values: Any) -> int:
        return 1


def unchecked_transactions(patch: pytest.MonkeyPatch) -> None:
    # A run that found nothing is dropped, and saving a dropped run fails, too. Here it stays.
    done = lambda run: SyncRun.objects.filter(pk=run.pk).update(state=RunState.DONE)  # noqa: E731
    patch.setattr(SyncRun, "delete", done)
    patch.setattr(Lease, "_mine", lambda lease: Anybody())
    patch.setattr(Lease, "_extend", lambda lease: True)


# -- rules and brakes --------------------------------------------------------------------------------------------------------
def edit_at_the_target(make: Make) -> None:
    u = ada(make, direction="to_app")
    u.put(APP, email="bob@example.com", first_name="Bob")
    u.initial()
    for id in u.peers[APP].live():
        u.edit(APP, id, first_name="Robert")
    u.poll()
    u.check()


def both_ways(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(context, "narrow", lambda sync_way, own_way, hub, app: "both")


def most_of_a_side_deleted(make: Make) -> None:
    u = make(when_deleted_in_hub="delete")
    ids = [u.put(HUB, email=f"p{number}@example.com") for number in range(60)]
    u.initial()
    for id in ids[:40]:
        u.remove(HUB, id)
    u.poll()
    u.sync.refresh_from_db()
    promise("Brakes", len(u.peers[APP].live()) == 60, len(u.peers[APP].live()))
    promise("Brakes", u.sync.state_code == "GUARD_MASS_DELETE", u.sync.state_code)


def no_brakes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guards, "before_chunk", lambda ctx, work: None)


def one_address_twice(make: Make) -> None:
    u = make(hub_unique=False, app_unique=False)
    u.put(APP, email="ada@example.com", first_name="Ada")
    u.put(APP, email="Ada@Example.com", first_name="Augusta")
    u.initial()
    promise("Nothing doubled", len(u.peers[HUB].live()) == 1, u.peers[HUB].live())
    u.check()


def no_duplicate_policy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pairing, "resolve", lambda candidates, policy: Match())


SAFEGUARDS = [
    Safeguard("adoption", "A create without an answer is looked up before it is sent again.", no_adoption, lost_create),
    Safeguard(
        "look_before_create", "Where the app would take a second one, a record is looked for before it is made.", no_look,
        made_by_hand_since_the_side_was_read,
    ),
    Safeguard("lag_wait", "Not found is believed only after twice the visibility lag.", no_wait, lost_create_that_shows_late),
    Safeguard(
        "same_key", "A create sent again carries its key again.", new_keys, create_that_lands_after_it_was_sent_again
    ),
    Safeguard(
        "credit", "An adopted record is settled as if the answer had come.", no_credit, lost_create_of_a_value_that_is_cut
    ),
    Safeguard("overlap", "A poll starts before the last one ended.", no_overlap, edit_that_shows_late),
    Safeguard("old_listings", "A listing older than what we know is no news.", old_listings_count, listing_older_than_our_write),
    Safeguard("rows_with_cursor", "Rows and cursor commit together.", cursor_first, killed_while_a_page_is_stored),
    Safeguard("conditional_write", "A write names the version it was made for.", blind_writes, edit_between_our_read_and_our_write),
    Safeguard(
        "conditional_deletion", "A deletion names the version that was looked at.", blind_deletions,
        edit_between_our_look_and_our_deletion,
    ),
    Safeguard(
        "ledger_first", "What loses is written down before the request.", ledger_afterwards,
        killed_after_the_loser_was_overwritten,
    ),
    Safeguard("expected_values", "What was sent is known before the answer.", nothing_expected, killed_after_a_value_was_cut),
    Safeguard(
        "adopted_representation", "What the app stored is remembered, not what was sent.", memory_of_what_was_sent,
        value_that_is_cut_and_another_edit,
    ),
    Safeguard("two_memories", "Each side has its own memory.", one_memory, value_that_is_cut_and_another_edit),
    Safeguard("blank_never_erases", "A blank erases only where a person asked for that.", blanks_erase, blanked_at_one_side),
    Safeguard(
        "lease_in_transactions", "Who lost the lease writes nothing at home.", unchecked_transactions,
        frozen_before_each_transaction,
    ),
    Safeguard("lease_before_requests", "Who lost the lease sends nothing.", unasked_requests, frozen_before_each_request),
    Safeguard("direction", "A one-way sync never writes to its source.", both_ways, edit_at_the_target),
    Safeguard("delete_guard", "Far more deletions than usual stop the run.", no_brakes, most_of_a_side_deleted),
    Safeguard("duplicate_policy", "Of several records with one identifier, one syncs.", no_duplicate_policy, one_address_twice),
]  # fmt: skip
