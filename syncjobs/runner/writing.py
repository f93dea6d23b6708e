"""Phase *write*: plan a chunk of changed links, write down what will be sent, send it in the largest batches, settle each item.

Order of safety: ledger, expected values and create intents are committed **before** the request; a verdict moves one item's
memory; an item without a verdict keeps its old memory and is looked up first (``recovery``).
"""

import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.timezone import now

from integrations.errors import AlreadyExists, ConnectorError, Gone, NoAnswer, StaleVersion
from integrations.records import Create, FieldType, Ref, Side, Update, Value, Verdict
from syncjobs.engine.canonical import equal
from syncjobs.engine.merge import Half, Rule
from syncjobs.engine.plan import LedgerEntry, Plan, plan
from syncjobs.models import FieldChange, RecordLink, RecordStatus, RunEvent, WriteIntent
from syncjobs.runner import associations, guards, looking, recovery, siblings, store
from syncjobs.runner.context import Context, forget_schema
from syncjobs.runner.ingest import BIT, find_links, get, keys_of, put, set_status
from syncjobs.runner.pairing import KEPT
from syncjobs.runner.reading import read_by_id

log = logging.getLogger("syncline.runner")
CHUNK = 400
PATIENCE = 3  # leases without a step that got through, before the chunk is halved
KEY_SPACE = uuid.UUID("6d1f5ac9-3f0a-4f0e-9c0c-6f2f5f0b7a11")
COLUMNS = [
    *KEPT,
    "hub_seen",
    "app_seen",
    "hub_expected",
    "app_expected",
    "attempts",
    "next_try_at",
    "synced_at",
    "generation",
]
SCHEMA_CODES = ("FIELD_MISSING", "FIELD_READ_ONLY", "OPTION_NOT_ALLOWED")
SECONDS = len("2026-01-31T23:59:59")
BACKOFF = [30, 60, 120, 240, 480, 960, 1920, 3600]  # seconds, by attempt


@dataclass
class Work:
    """One link on its way through a write step."""

    row: RecordLink
    plan: Plan
    left: set[Side] = field(default_factory=set)  # sides whose write has no verdict yet
    again: bool = False  # a part was not done: it stays changed and pending, and is planned again at its time
    events: list[tuple[str, Side, int]] = field(default_factory=list)


def step(ctx: Context) -> bool:
    """Write one chunk. False when nothing is left that could be done now."""
    due = Q(next_try_at=None) | Q(next_try_at__lte=now())
    size = max(1, CHUNK >> (ctx.run.stumbles // PATIENCE))
    rows = store.rows(RecordLink.objects.filter(due, sync=ctx.sync, dirty__gt=0).order_by("pk")[:size])
    if not rows:
        return False
    if size == 1 and ctx.run.stumbles >= PATIENCE * CHUNK.bit_length() + PATIENCE:
        _park(ctx, rows[0])
        return True
    try:
        asked = recovery.recover(ctx, rows)
        asked |= recovery.reread_stale(ctx, Side.HUB, rows) | recovery.reread_stale(ctx, Side.APP, rows)
    except recovery.OutOfTime:
        return True
    if asked:
        rows = store.rows(RecordLink.objects.filter(pk__among=[row.pk for row in rows], dirty__gt=0).order_by("pk"))
    moment = now()
    for row in rows:
        row.next_try_at = None  # its time has come; a verdict below may set another
    associations.load(ctx, rows)
    work = [Work(row, plan_row(ctx, row, moment)) for row in rows]
    guards.park_fighting_fields(ctx, work)
    guards.before_chunk(ctx, work)
    _settle_at_once(ctx, [w for w in work if not (w.plan.create or w.plan.delete or w.plan.writes)])
    _send_all(ctx, work)
    guards.after_chunk(ctx)
    return True


def _park(ctx: Context, row: RecordLink) -> None:
    """Slice after slice ended at this record, killed or by a fault of ours: it fails, and the run goes on without it."""
    log.error("run %s: record %s is parked", ctx.run.pk, row.pk)
    work = Work(row, Plan(RecordStatus.FAILED, "INTERNAL_ERROR"))
    row.next_try_at = None
    with ctx.lease.transaction():
        _close(ctx, [work])
    ctx.run.stumbles = 0


def _send_all(ctx: Context, work: Sequence[Work]) -> None:
    """Creates, updates, deletes, side by side; what the slice has no time for stays changed and is planned again."""
    for w in work:
        w.left |= {side for side in Side if w.plan.writes.get(side)}
    for side in Side:
        creates = [w for w in work if w.plan.create is side]
        updates = [w for w in work if not w.plan.create and w.plan.writes.get(side)]
        deletes = [w for w in work if w.plan.delete is side]
        for todo, send in ((creates, _create), (updates, send_updates), (deletes, _delete)):
            if not _in_batches(ctx, side, todo, send):
                return


def plan_row(ctx: Context, row: RecordLink, moment: datetime) -> Plan:
    return plan(_half(row, Side.HUB), _half(row, Side.APP), ctx.rules, moment)


def _half(row: RecordLink, side: Side) -> Half:
    return Half(
        now=get(row, side, "now"),
        seen=get(row, side, "seen"),
        expected=get(row, side, "expected"),
        modified_at=get(row, side, "modified_at"),
        created_at=get(row, side, "created_at"),
        exists=get(row, side, "id") is not None,
        gone=get(row, side, "gone"),
        merged=get(row, side, "gone") and row.code == "MERGED_AWAY",
    )


# -- nothing to send -------------------------------------------------------------------------------------------------------
def _settle_at_once(ctx: Context, work: Sequence[Work]) -> None:
    if not work:
        return
    with ctx.lease.transaction():
        _mind_others(work)
        dropped = [w.row for w in work if w.plan.drop]
        _close(ctx, [w for w in work if not w.plan.drop])
        if dropped:
            RecordLink.objects.filter(pk__in=[row.pk for row in dropped]).delete()
            store.add_counts(
                ctx.sync.pk, Counter({status: -n for status, n in Counter(r.status for r in dropped).items()})
            )


def _in_batches(
    ctx: Context, side: Side, todo: Sequence[Work], send: Callable[[Context, Side, Sequence[Work]], None]
) -> bool:
    """Send in the app's largest batches; False when the slice's time is up (what is left stays changed, and is planned again)."""
    size = ctx.end(side).abilities.write_batch
    for start in range(0, len(todo), size):
        if time.monotonic() > ctx.deadline:
            return False
        send(ctx, side, todo[start : start + size])
    return True


# -- creates ---------------------------------------------------------------------------------------------------------------
def _create(ctx: Context, side: Side, work: Sequence[Work]) -> None:
    work, doubles = siblings.not_linked_there(ctx, side, recovery.not_there_yet(ctx, side, work))
    _exclude_doubles(ctx, side, doubles)
    ready, intents = _announce_creates(ctx, side, work)
    if not ready:
        return
    end = ctx.end(side)
    items = [Create(w.plan.writes[side], str(intents[w.row.pk].key)) for w in ready]
    verdicts = _send(ctx, lambda: end.connector.create(end.kind, items, scope=end.scope), len(items))
    _meet_existing(ctx, side, ready, verdicts)
    with ctx.lease.transaction():
        taken = find_links(ctx.sync.pk, side, [v.record.id for v in verdicts if v.record])
        made: dict[str, RecordLink] = {}
        born: list[uuid.UUID] = []
        done, dead = [], []
        for w, verdict in zip(ready, verdicts, strict=True):
            if verdict.record and (first := made.get(verdict.record.id)):
                _conflict(w, side, first)  # the app takes the two for one
                done.append(intents[w.row.pk].key)
                continue
            if verdict.record and (other := taken.get(verdict.record.id)) and other.pk != w.row.pk:
                _joined_or_conflict(ctx, side, w, other, verdict)
                done.append(intents[w.row.pk].key)
                continue
            _settle(ctx, side, w, verdict, "created")
            if verdict.record:
                made[verdict.record.id] = w.row
                (done if verdict.existed else born).append(intents[w.row.pk].key)
            elif not isinstance(verdict.error, NoAnswer):
                dead.append(intents[w.row.pk].key)
        store.close_intents(born, WriteIntent.State.DONE, made=True)
        store.close_intents(done, WriteIntent.State.DONE)
        store.close_intents(dead, WriteIntent.State.DEAD)
        _close(ctx, [w for w in ready if not w.left and w.row.pk])


def _exclude_doubles(ctx: Context, side: Side, work: Sequence[Work]) -> None:
    """Their counterpart is linked to another record of this sync."""
    if work:
        for w in work:
            w.left.discard(side)
            w.plan.status, w.plan.code, w.plan.side = RecordStatus.EXCLUDED, "DUPLICATE_IN_SOURCE", side.other
        with ctx.lease.transaction():
            _close(ctx, work)


def _announce_creates(ctx: Context, side: Side, work: Sequence[Work]) -> tuple[list[Work], dict[int, WriteIntent]]:
    """Commit the intents. A create that was sent before goes out again only when it may (``recovery.may_resend``)."""
    with ctx.lease.transaction():
        sent = WriteIntent.objects.filter(link_id__among=[w.row.pk for w in work], side=side.value)
        known = {intent.link_id: intent for intent in sent.order_by("generation")}
        ready, fresh = [], []
        busy = siblings.being_created(ctx, side, work)
        for w in work:
            if w.row.pk in busy:
                w.left.clear()
                w.again, w.row.next_try_at = True, now() + siblings.WAIT
                continue
            intent = known.get(w.row.pk)
            if intent and intent.state == WriteIntent.State.SENT:
                if recovery.may_resend(ctx, w.row, side, intent):
                    ready.append(w)
                else:
                    _wait_or_park(ctx, w, side, intent)
                continue
            generation = intent.generation + 1 if intent else 0
            name = f"{ctx.sync.pk}:{w.row.pk}:{side}:{generation}:{w.row.created_at.isoformat()}"
            known[w.row.pk] = WriteIntent(
                link_id=w.row.pk, sync_id=ctx.sync.pk, side=side.value, generation=generation,
                key=uuid.uuid5(KEY_SPACE, name), payload=w.plan.writes[side], source=w.plan.after[side], run_id=ctx.run.pk,
            )  # fmt: skip
            fresh.append(known[w.row.pk])
            ready.append(w)
        store.insert_intents(fresh)
        announced = {intent.link_id for intent in fresh}
        resent = [w for w in ready if w.row.pk not in announced]
        for w in resent:
            intent = known[w.row.pk]  # what it is looked up by is what is sent now, which may have changed since
            intent.payload, intent.source, intent.sent_at = w.plan.writes[side], w.plan.after[side], now()
        if resent:
            WriteIntent.objects.bulk_update([known[w.row.pk] for w in resent], ["payload", "source", "sent_at"])
        held = {w.row.pk for w in work} - {w.row.pk for w in ready}
        _close(ctx, [w for w in work if w.row.pk in held])
    return ready, known


def _wait_or_park(ctx: Context, w: Work, side: Side, intent: WriteIntent) -> None:
    w.left.clear()
    identifiers = ctx.rules.identifiers
    if identifiers and recovery.key_of(intent.payload, identifiers[0], side):
        w.again = True
        w.row.next_try_at = intent.sent_at + recovery.wait_for(ctx, side)
        return
    # It can be neither found nor safely repeated: a person decides.
    w.plan.status, w.plan.code, w.plan.side = RecordStatus.REVIEW, "CREATE_UNCONFIRMED", side


def _meet_existing(ctx: Context, side: Side, work: Sequence[Work], verdicts: list[Verdict]) -> None:
    """A create met a record with the same identifier: read it, so that it can be linked and merged instead."""
    end = ctx.end(side)
    ids = {}
    for w, verdict in zip(work, verdicts, strict=True):
        if isinstance(verdict.error, AlreadyExists) and verdict.error.existing_id:
            ids[verdict.error.existing_id] = w
    if not ids:
        return
    answer = read_by_id(
        ctx, side, [Ref(pk, w.plan.writes[side]) for pk, w in list(ids.items())[: end.abilities.read_batch]]
    )
    for asked, record in answer.records.items():
        index = list(work).index(ids[asked])
        with ctx.lease.transaction():
            if recovery.adopt(ctx, side, ids[asked].row, record):
                verdicts[index] = Verdict(error=StaleVersion("It existed already; merged at the next step."))
                ids[asked].row.refresh_from_db()


def _joined_or_conflict(ctx: Context, side: Side, w: Work, other: RecordLink, verdict: Verdict) -> None:
    """The app answered with a record that another link knows: its lonely half joins us, a complete pair is a conflict."""
    assert verdict.record is not None
    w.left.discard(side)
    if recovery.adopt(ctx, side, w.row, verdict.record):
        w.row.refresh_from_db()
        w.again = True
        return
    _conflict(w, side, other)


def _conflict(w: Work, side: Side, other: RecordLink) -> None:
    w.left.discard(side)
    w.plan.status, w.plan.code, w.plan.side = RecordStatus.FAILED, "LINK_CONFLICT", side
    w.plan.detail = other.label


# -- updates and deletes ---------------------------------------------------------------------------------------------------
def send_updates(ctx: Context, side: Side, work: Sequence[Work], *, just_read: bool = False) -> None:
    end = ctx.end(side)
    work = work if just_read else looking.still_as_known(ctx, side, work)
    if not work:
        return
    with ctx.lease.transaction():
        told = _told(side, work)
        ledger = FieldChange.objects.bulk_create(
            FieldChange(sync=ctx.sync, link=w.row, run=ctx.run, side=e.side.value, field=e.field, old=e.old, new=e.new,
                        loser=e.loser, rule=e.rule)
            for w in work for e in w.plan.ledger if e.side is side and _line(w.row.pk, e) not in told
        )  # fmt: skip
        for w in work:
            put(w.row, side, expected={**(get(w.row, side, "expected") or {}), **w.plan.writes[side]})
        store.update([w.row for w in work], [f"{side}_expected"])
    items = [
        Update(
            get(w.row, side, "id"),
            w.plan.writes[side],
            known=looking.known(w, side),
            version=get(w.row, side, "version") if end.abilities.conditional_writes else "",
        )
        for w in work
    ]
    verdicts = _send(ctx, lambda: end.connector.update(end.kind, items), len(items))
    with ctx.lease.transaction():
        moved = [
            v.record.id
            for w, v in zip(work, verdicts, strict=True)
            if v.record and v.record.id != get(w.row, side, "id")
        ]
        taken = find_links(ctx.sync.pk, side, moved)
        for w, verdict in zip(work, verdicts, strict=True):
            if other := taken.get(verdict.record.id) if verdict.record else None:
                _conflict(w, side, other)  # merged into a record that another link holds
            else:
                _settle(ctx, side, w, verdict, "updated")
        refused = {
            w.row.pk for w, v in zip(work, verdicts, strict=True) if v.error and not isinstance(v.error, NoAnswer)
        }
        FieldChange.objects.filter(pk__in=[entry.pk for entry in ledger if entry.link_id in refused]).delete()
        _close(ctx, [w for w in work if not w.left])


def _told(side: Side, work: Sequence[Work]) -> set[str]:
    """Lines that the ledger has already, of writes that are sent again because nobody knows what became of them. The whole line
    counts: what is overwritten by the second try may be another value than what the first one met."""
    unsure = {w.row.pk: expected for w in work if (expected := get(w.row, side, "expected"))}
    if not unsure:
        return set()
    lines = FieldChange.objects.filter(link__in=unsure, side=side.value)
    return {_line(one.link_id, one) for one in lines if unsure[one.link_id].get(one.field, ...) == one.new}


def _line(link_id: int, entry: LedgerEntry | FieldChange) -> str:
    return json.dumps([link_id, entry.field, entry.old, entry.new, entry.loser])


def _delete(ctx: Context, side: Side, work: Sequence[Work]) -> None:
    end = ctx.end(side)
    ids = [get(w.row, side, "id") for w in work]
    # A worker that lost its run, or whose sync was stopped, must not delete: the transaction sees to that, too.
    with ctx.lease.transaction():
        ledger = FieldChange.objects.bulk_create(
            FieldChange(sync=ctx.sync, link=w.row, run=ctx.run, side=side.value, field=name, old=value, rule=Rule.DELETED)
            for w in work if not w.row.attempts  # else it is told already
            for name, value in sorted({**(get(w.row, side, "seen") or {}), **(get(w.row, side, "now") or {})}.items())
        )  # fmt: skip
    verdicts = _send(ctx, lambda: end.connector.delete(end.kind, ids), len(ids))
    with ctx.lease.transaction():
        refused = set()
        for w, verdict in zip(work, verdicts, strict=True):
            if verdict.error is None or isinstance(verdict.error, Gone):
                put(w.row, side, gone=True)
                continue
            _refused(ctx, w, side, verdict.error)
            if not isinstance(verdict.error, NoAnswer):
                refused.add(w.row.pk)
        FieldChange.objects.filter(pk__in=[entry.pk for entry in ledger if entry.link_id in refused]).delete()
        _close(ctx, list(work))


def _send(ctx: Context, call: Callable[[], list[Verdict]], n: int) -> list[Verdict]:
    """Send a batch. An unknown outcome becomes one NoAnswer verdict per item; errors of the whole instance go up."""
    try:
        return call()
    except NoAnswer as error:
        return [Verdict(error=error) for _ in range(n)]


# -- settling --------------------------------------------------------------------------------------------------------------
def _settle(ctx: Context, side: Side, w: Work, verdict: Verdict, what: str) -> None:
    """Move one item's memory by its verdict."""
    row, sent = w.row, w.plan.writes[side]
    w.left.discard(side)
    if verdict.error is not None:
        _refused(ctx, w, side, verdict.error)
        return
    stored = verdict.record.values if verdict.record else {}
    types = ctx.end(side).types
    landed = {name: stored.get(name, sent[name]) for name in sent if name in types}
    rewritten = any(_rewritten(sent[name], landed[name], types[name]) for name in landed)
    # The app's own form is adopted, and never sent back to the source.
    note = verdict.note or ("LOSSY_FIELD" if rewritten else "")
    if note and note not in w.plan.notes:
        w.plan.notes.append(note)
    if what == "created":
        landed = {**landed, **{name: value for name, value in stored.items() if name in types}}
    put(row, side, now={**(get(row, side, "now") or {}), **landed}, expected=None)
    put(row, side, seen={**(get(row, side, "seen") or {}), **landed})
    put(row, side.other, seen={**(get(row, side.other, "seen") or {}), **w.plan.after.get(side, {})})
    if record := verdict.record:
        alias = next((a for a in record.aliases if a != record.id), get(row, side, "alias"))
        put(row, side, id=record.id, alias=alias, version=record.version)
        put(row, side, modified_at=record.modified_at or get(row, side, "modified_at"))
        put(row, side, created_at=record.created_at or get(row, side, "created_at"), read_at=now())
    current = {**(get(row, side, "seen") or {}), **(get(row, side, "now") or {})}
    put(row, side, hash=ctx.hash(side, current), **keys_of(ctx, side, current))
    changed_at = get(row, side.other, "modified_at")
    if changed_at and what == "updated":
        ctx.lags.append((now() - changed_at).total_seconds())
    w.events.append(("linked" if verdict.existed and what == "created" else what, side, len(sent)))


def _rewritten(sent: Value, landed: Value, kind: FieldType) -> bool:
    """Whether the app keeps another value than it was sent. That many keep no fractions of a second is nothing to tell anybody."""
    if kind is FieldType.DATETIME and str(sent)[:SECONDS] == str(landed)[:SECONDS]:
        return False
    return not equal(landed, sent, kind)


def _refused(ctx: Context, w: Work, side: Side, error: Exception) -> None:
    row = w.row
    w.left.discard(side)
    if not isinstance(error, ConnectorError):
        raise error
    if isinstance(error, NoAnswer):
        row.attempts += 1
        row.next_try_at = now() + recovery.LEAST_WAIT * row.attempts
        w.again = True
        return
    if isinstance(error, StaleVersion):
        # Nothing landed, and what we know is old: ``recovery`` reads it before it is planned again.
        put(row, side, expected={})
        w.again = True
        return
    put(row, side, expected=None)
    if isinstance(error, Gone):
        put(row, side, gone=True)
        row.dirty |= BIT[side]
        w.again = True
        return
    if error.retry == "L":
        row.next_try_at = now() + timedelta(seconds=error.retry_after or 10)
        w.again = True
        return
    w.plan.status = RecordStatus.FAILED
    # A value that is missing because the record that it names is not across yet comes with that record.
    awaits = error.code == "REQUIRED_VALUE_BLANK" and w.plan.waits
    w.plan.code, w.plan.field, w.plan.side = "PARENT_NOT_SYNCED_YET" if awaits else error.code, error.field, side
    w.plan.detail = error.remote or error.message
    if error.code in SCHEMA_CODES:
        forget_schema(ctx, side)
        row.attempts += 1
        # Once more, in a slice that has read the new schema; then it waits for a change.
        row.next_try_at = now() + recovery.LEAST_WAIT if row.attempts == 1 else None
    elif error.retry in ("T", "W"):
        row.attempts += 1
        row.next_try_at = now() + timedelta(seconds=BACKOFF[min(row.attempts, len(BACKOFF)) - 1])


def _close(ctx: Context, work: Sequence[Work]) -> None:
    """Write the rows of finished work: memory, status, counts, a few lines for *Just now*."""
    moment = now()
    deltas: Counter[str] = Counter()
    _mind_others(work)
    for w in work:
        _close_one(ctx, w, moment, deltas)
    store.update([w.row for w in work], COLUMNS)
    store.add_counts(ctx.sync.pk, deltas)
    associations.remember(ctx, work)
    _tell(ctx, work, moment)


def _mind_others(work: Sequence[Work]) -> None:
    """A person may have asked for some of these records again while the app was being called: counts change from there."""
    current = dict(RecordLink.objects.filter(pk__among=[w.row.pk for w in work]).values_list("pk", "status"))
    for w in work:
        w.row.status = current.get(w.row.pk, w.row.status)


def _close_one(ctx: Context, w: Work, moment: datetime, deltas: Counter[str]) -> None:
    row = w.row
    for side, memory in w.plan.memory.items():
        put(row, side, seen={**(get(row, side, "seen") or {}), **memory})
    if w.again:
        return
    row.dirty = 0
    if w.plan.status == RecordStatus.IN_SYNC:
        put(row, Side.HUB, now=None, expected=None)
        put(row, Side.APP, now=None, expected=None)
        row.code = w.plan.notes[0] if w.plan.notes else ""
        row.field = row.side = row.detail = ""
        row.attempts, row.next_try_at, row.synced_at = 0, None, moment
    else:
        row.code, row.field, row.side, row.detail = w.plan.code, w.plan.field, w.plan.side, w.plan.detail[:2000]
        w.events.append((_RESULTS.get(RecordStatus(w.plan.status), "failed"), Side(w.plan.side or "hub"), 0))
    if w.plan.status == RecordStatus.FAILED and row.next_try_at is not None:
        row.dirty = 3  # tried again by itself when its time has come
    set_status(row, w.plan.status, deltas, moment)


_RESULTS = {
    RecordStatus.FAILED: "failed",
    RecordStatus.EXCLUDED: "excluded",
    RecordStatus.REVIEW: "review",
    RecordStatus.DELETED_IN_HUB: "deleted",
    RecordStatus.DELETED_IN_APP: "deleted",
}


def _tell(ctx: Context, work: Sequence[Work], moment: datetime) -> None:
    counts = ctx.run.counts
    if any(w.events for w in work):
        counts.pop(
            "tries", None
        )  # the app works: a step of many batches must not wait ever longer for the one that fails
    for w in work:
        for result, side, _ in w.events:
            name = f"{result}_{side}" if result in ("created", "updated") else result
            counts[name] = counts.get(name, 0) + 1
            if result in ("created", "updated", "linked"):
                entry = ctx.run.phases.setdefault(f"write_{side}", {})
                entry["done"] = entry.get("done", 0) + 1
    ctx.run.save(update_fields=["counts", "phases"])
    told = [w for w in work if w.events][-7:]
    RunEvent.objects.bulk_create(
        RunEvent(run=ctx.run, link_id=w.row.pk, label=w.row.label, result=result, side=side.value, code=w.plan.code,
                 fields=n, at=moment)
        for w in told
        for result, side, n in w.events[:1]
    )  # fmt: skip
