"""What becomes of an item that was sent: a verdict moves its memory, or says why it did not land; then its row is written."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.utils.timezone import now

from integrations.errors import ConnectorError, Gone, NoAnswer, StaleVersion
from integrations.records import FieldType, Side, Value, Values, Verdict
from syncjobs.engine.canonical import equal
from syncjobs.models import RecordLink, RecordStatus, RunEvent
from syncjobs.runner import associations, parking, recovery, statements, store
from syncjobs.runner.context import Context, forget_schema
from syncjobs.runner.links import BIT, call_heirs, current, get, held_keys, keys_of, put, set_status
from syncjobs.runner.pairing import KEPT
from syncjobs.runner.work import Work

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
LOOKS = 5  # at a record that had changed at each try to write it
BACKOFF = [30, 60, 120, 240, 480, 960, 1920, 3600]  # seconds, by attempt


def send(ctx: Context, call: Callable[[], list[Verdict]], n: int) -> list[Verdict]:
    """Send a batch. An unknown outcome becomes one NoAnswer verdict per item; errors of the whole instance go up."""
    try:
        return call()
    except NoAnswer as error:
        return [Verdict(error=error) for _ in range(n)]


def settle(ctx: Context, side: Side, w: Work, verdict: Verdict, what: str, moment: datetime) -> None:
    """Move one item's memory by its verdict, which came at ``moment``."""
    row, sent = w.row, w.plan.writes[side]
    w.left.discard(side)
    if verdict.error is not None:
        refused(ctx, w, side, verdict.error)
        return
    stored = verdict.record.values if verdict.record else {}
    types = ctx.end(side).types
    landed = {name: stored.get(name, value) for name, value in sent.items() if name in types}
    lossy = landed != sent and any(_rewritten(sent[name], landed[name], types[name]) for name in landed)
    # The app's own form is adopted, and never sent back to the source.
    note = verdict.note or ("LOSSY_FIELD" if lossy else "")
    if note:
        w.plan.note(note)
    if what == "created":
        landed |= {name: value for name, value in stored.items() if name in types}
    agreed, theirs = _agreed(ctx, side, w, landed)
    read, seen = get(row, side, "now"), get(row, side, "seen")
    read, seen = {**read, **landed} if read else landed, {**seen, **agreed} if seen else agreed
    put(row, side, now=read, seen=seen, expected=None)
    put(row, side.other, seen={**(get(row, side.other, "seen") or {}), **theirs})
    if record := verdict.record:
        alias = next((a for a in record.aliases if a != record.id), get(row, side, "alias"))
        put(row, side, id=record.id, alias=alias, version=record.version, read_at=moment,
            modified_at=record.modified_at or get(row, side, "modified_at"),
            created_at=record.created_at or get(row, side, "created_at"))  # fmt: skip
    known, held = current(row, side), held_keys(row, side)
    put(row, side, hash=ctx.hash(side, known), **keys_of(ctx, side, known))
    w.freed |= held - held_keys(row, side)
    if record and record.unfit:  # written, and never to be found again by what we can keep of its id
        put(row, side, hash=parking.mark(record))
        w.plan.status, w.plan.code, w.plan.side = RecordStatus.FAILED, parking.TOO_LONG, side
    changed_at = get(row, side.other, "modified_at")
    if changed_at and what == "updated" and row.synced_at:  # what two have when they are linked they had long before
        ctx.lags.append((moment - changed_at).total_seconds())
    w.events.append(("linked" if verdict.existed and what == "created" else what, side, len(sent)))


def _agreed(ctx: Context, side: Side, w: Work, landed: Values) -> tuple[Values, Values]:
    """What the memories take of a write that stands at ``side``: (there, at the other side). A list that was merged, and is sent to
    both, is agreed on when both have it: until then each side's own items are still news to the other."""
    w.stands.add(side)
    theirs = w.plan.after.get(side, {})
    sent = w.plan.writes.get(side.other)
    if not sent:
        return landed, theirs
    ends = ((rule.end(side).field, rule.end(side.other).field) for rule in ctx.rules.mappings)
    merged = {mine: their for mine, their in ends if mine in landed and their in sent}
    theirs = {name: value for name, value in theirs.items() if name not in merged.values()}
    if side.other not in w.stands:
        return {name: value for name, value in landed.items() if name not in merged}, theirs
    known = current(w.row, side.other)
    return landed, theirs | {name: known.get(name) for name in merged.values()}


def _rewritten(sent: Value, landed: Value, kind: FieldType) -> bool:
    """Whether the app keeps another value than it was sent. That many keep no fractions of a second is nothing to tell anybody."""
    if kind is FieldType.DATETIME and str(sent)[:SECONDS] == str(landed)[:SECONDS]:
        return False
    return not equal(landed, sent, kind)


def conflict(w: Work, side: Side, other: RecordLink) -> None:
    w.left.discard(side)
    w.plan.status, w.plan.code, w.plan.side = RecordStatus.FAILED, "LINK_CONFLICT", side
    w.plan.detail = other.label


def refused(ctx: Context, w: Work, side: Side, error: Exception) -> None:
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
        moved(w, side, error)
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


def moved(w: Work, side: Side, error: StaleVersion) -> None:
    """The record had changed since we read it: it is planned again. Whoever changes it all the time, or an app that says so for
    ever, must not keep this run from ending."""
    row = w.row
    row.attempts += 1
    if row.attempts <= LOOKS:
        w.again = True
        return
    w.plan.status, w.plan.code, w.plan.side, w.plan.detail = RecordStatus.FAILED, error.code, side, error.message
    row.next_try_at = now() + timedelta(seconds=BACKOFF[min(row.attempts - LOOKS, len(BACKOFF)) - 1])


@statements.together()
def close(ctx: Context, work: Sequence[Work]) -> None:
    """Write the rows of finished work: memory, status, counts, a few lines for *Just now*."""
    work = still_there(work)
    if not work:
        return
    moment = now()
    deltas: Counter[str] = Counter()
    for w in work:
        close_one(ctx, w, moment, deltas)
    store.update([w.row for w in work], COLUMNS)
    store.add_counts(ctx.sync.pk, deltas)
    call_heirs(ctx, {key for w in work for key in w.freed})
    associations.remember(ctx, work)
    _tell(ctx, work, moment)


def still_there(work: Sequence[Work]) -> list[Work]:
    """Without the links that were joined with others since they were planned. And a person may have asked for some of these records
    again while the app was being called: counts change from there."""
    if not work:
        return []
    condition, pks = statements.among(w.row.id for w in work)
    found = dict(statements.select(f"SELECT id, status FROM syncjobs_recordlink WHERE id {condition}", pks))
    left = [w for w in work if w.row.id in found]
    for w in left:
        w.row.status = found[w.row.id]
    return left


def close_one(ctx: Context, w: Work, moment: datetime, deltas: Counter[str]) -> None:
    row = w.row
    for side, memory in w.plan.memory.items():
        put(row, side, seen={**(get(row, side, "seen") or {}), **memory})
    if w.again:
        return
    row.dirty = 0
    if w.plan.code == "LEFT_FILTER":
        w.freed |= held_keys(row, Side.HUB) | held_keys(row, Side.APP)  # another with its identifier may cross
    if w.plan.status == RecordStatus.IN_SYNC:
        row.hub_now = row.hub_expected = row.app_now = row.app_expected = None
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
    statements.save(ctx.run, ["counts", "phases"])
    told = [w for w in work if w.events][-7:]
    store.insert_events(
        RunEvent(run=ctx.run, link_id=w.row.id, label=w.row.label, result=result, side=side.value, code=w.plan.code,
                 fields=n, at=moment)
        for w in told
        for result, side, n in w.events[:1]
    )  # fmt: skip
