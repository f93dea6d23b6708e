"""Records that somebody named (a webhook, a listing that lacks fields, a person), read by id, one batch a step; and the pass that
reads again, turn by turn, what a listing shows only in part."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from integrations.records import ReadAnswer, Ref, RemoteRecord, Side, is_stand_in
from syncjobs.models import PendingChange, RecordLink, RunKind
from syncjobs.runner import parking
from syncjobs.runner.context import Context
from syncjobs.runner.ingest import ingest, ingest_missing, park_unread
from syncjobs.runner.links import current, get

log = logging.getLogger("syncline.runner")
ROLLING_SHARE = (
    0.6  # of an app's calls per minute that a poll spends on re-reading records its listing shows only in part
)
CALLS_A_STEP = 25  # where each record takes a call of its own: so many are lost, and made again, when a worker dies


def step(ctx: Context, side: Side) -> bool:
    """Read the records that somebody named: one batch by id. False when the inbox is empty."""
    return _read_notices(ctx, side, Q(priority__gt=0))


def roll(ctx: Context) -> bool:
    """Read one batch of the rolling pass. Gives way at once to anything that was noticed, and to what it found itself after a
    slice: both are then read and written by a run that starts right away."""
    if time.monotonic() > ctx.deadline or PendingChange.objects.filter(sync=ctx.sync, priority__gt=0).exists():
        return False
    return any(_read_notices(ctx, side, Q(priority=0)) for side in Side)


def queue_rolling(ctx: Context, side: Side) -> None:
    """For apps whose listing hides fields and that have no change feed: queue the records read longest ago."""
    end = ctx.end(side)
    if not end.abilities.partial_scan or end.abilities.change_feed or ctx.run.kind == RunKind.INITIAL:
        return
    share = int((end.abilities.calls_per_minute or 600) * ROLLING_SHARE)
    waiting = PendingChange.objects.filter(sync=ctx.sync, side=side.value).count()
    old = now() - timedelta(seconds=end.abilities.poll_seconds / 2)
    links = (
        RecordLink.objects.filter(
            sync=ctx.sync, **{f"{side}_id__isnull": False, f"{side}_gone": False, f"{side}_read_at__lt": old}
        )
        .exclude(**{f"{side}_hash__startswith": parking.MARK})  # set aside when it was read
        .order_by(f"{side}_read_at")
        .only(f"{side}_id", f"{side}_alias", f"{side}_seen", f"{side}_now", f"{side}_row_hash")
    )
    notices = [_rolling(ctx, side, link) for link in links[: max(0, share - waiting)]]
    PendingChange.objects.bulk_create(notices, ignore_conflicts=True)


def _rolling(ctx: Context, side: Side, link: RecordLink) -> PendingChange:
    known = current(link, side)
    return PendingChange(
        sync=ctx.sync, side=side.value, remote_id=get(link, side, "id"), known=known,
        row_hash=get(link, side, "row_hash"), priority=0,
    )  # fmt: skip


def _read_notices(ctx: Context, side: Side, which: Q) -> bool:
    can = ctx.end(side).abilities
    size = max(1, min(can.read_batch, can.read_batch * CALLS_A_STEP // can.read_calls))
    waiting = PendingChange.objects.filter(which, sync=ctx.sync, side=side.value)
    notices = list(waiting.order_by("-priority", "pk")[: parking.fewer(ctx, size)])
    if not notices:
        return False
    if parking.alone(ctx, size):
        _set_aside(ctx, side, notices[0])
        return True
    answer = read_by_id(ctx, side, [Ref(notice.remote_id, notice.known) for notice in notices])
    force = ctx.cursors[side].settings_hash != ctx.settings_hash
    with ctx.lease.transaction():
        row_hashes = {notice.remote_id: notice.row_hash for notice in notices if notice.row_hash}
        for asked, record in answer.records.items():
            if asked in row_hashes:
                row_hashes[record.id] = row_hashes[asked]
        # One record can have been named by two of its ids.
        records = {record.id: record for record in answer.records.values()}
        ingest(ctx, side, list(records.values()), force=force, row_hashes=row_hashes)
        ingest_missing(ctx, side, answer)
        # A hint that came while we read is newer than what we read: its row stays. Clocks of machines differ, so that only the very
        # same moment counts.
        read = {notice.pk: notice.noted_at for notice in notices}
        still = PendingChange.objects.select_for_update().filter(pk__in=read).values_list("pk", "noted_at")
        PendingChange.objects.filter(pk__in=[pk for pk, noted_at in still if noted_at == read[pk]]).delete()
        ctx.progress(f"detail_{side}", len(notices), None)
    return True


def _set_aside(ctx: Context, side: Side, notice: PendingChange) -> None:
    """Slice after slice ended when this record was read: it fails, and the others are read without it."""
    log.error("run %s: record %s of the %s is set aside", ctx.run.pk, notice.remote_id, side)
    with ctx.lease.transaction():
        park_unread(ctx, side, RemoteRecord(notice.remote_id, notice.known), notice.row_hash)
        notice.delete()
        parking.forgotten(ctx)


def read_all(ctx: Context, side: Side, ids: Sequence[str]) -> dict[str, RemoteRecord]:
    """By the id that was asked for, those that are there; in as many calls as it takes."""
    size = ctx.end(side).abilities.read_batch
    records: dict[str, RemoteRecord] = {}
    for start in range(0, len(ids), size):
        records |= read_by_id(ctx, side, [Ref(id) for id in ids[start : start + size]]).records
    return records


def read_by_id(ctx: Context, side: Side, refs: Sequence[Ref]) -> ReadAnswer:
    end, refs = ctx.end(side), [ref for ref in refs if not is_stand_in(ref.id)]
    return end.connector.read(end.kind, refs, fields=end.fields) if refs else ReadAnswer({})
