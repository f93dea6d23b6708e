"""The phases that read. Each step reads one page and commits its rows **together with** the place where reading goes on, so a
worker killed between the two loses nothing and repeats at most a page."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, cast

from django.db.models import Q
from django.utils.timezone import now

from integrations.connectors.base import ScansAhead
from integrations.errors import CursorExpired
from integrations.records import Page, ReadAnswer, Ref, RemoteRecord, Side, can_be_kept, is_stand_in, stand_in
from syncjobs.models import PendingChange, RecordLink, RunKind, SyncCursor
from syncjobs.runner import guards, parking, statements
from syncjobs.runner.context import Context, SyncEnd
from syncjobs.runner.ingest import (
    current,
    find_links,
    get,
    ingest,
    ingest_gone,
    ingest_left,
    ingest_missing,
    note,
    park_unread,
    plan_again,
)

log = logging.getLogger("syncline.runner")
OFF_LIST = 2**31 - 1  # in the place of a scan's number: no scan of the chosen lists is expected to show the record
ROLLING_SHARE = (
    0.6  # of an app's calls per minute that a poll spends on re-reading records its listing shows only in part
)
CALLS_A_STEP = 25  # where each record takes a call of its own: so many are lost, and made again, when a worker dies


def begin(ctx: Context) -> bool:
    """Take change-feed cursors *before* anything is read, so that no change falls between the scan and the first poll."""
    for side in Side:
        end, cursor = ctx.end(side), ctx.cursors[side]
        start = None
        if end.abilities.change_feed:
            start = end.connector.changes(
                end.kind, fields=end.fields, cursor=None, position=None, scope=end.scope
            ).cursor
        with ctx.lease.transaction():
            cursor.cursor = start
            _start_scan(cursor)
            cursor.save()
    return False


def _start_scan(cursor: SyncCursor) -> None:
    cursor.mode, cursor.position = "scan", None
    cursor.scan += 1


def read(ctx: Context, side: Side) -> bool:
    """Read one page of this side: of a full scan where one is due, else of what changed. False after the last page."""
    cursor, end = ctx.cursors[side], ctx.end(side)
    if not cursor.mode:
        if end.abilities.change_feed and cursor.cursor is not None:
            cursor.mode = "changes"
        else:
            _start_scan(cursor)
    if cursor.mode == "changes":
        try:
            return _changes_page(ctx, side)
        except CursorExpired:
            return _restart_with_scan(ctx, side)
    return _scan_page(ctx, side)


def _restart_with_scan(ctx: Context, side: Side) -> bool:
    end, cursor = ctx.end(side), ctx.cursors[side]
    start = end.connector.changes(end.kind, fields=end.fields, cursor=None, position=None, scope=end.scope).cursor
    with ctx.lease.transaction():
        cursor.cursor = start
        _start_scan(cursor)
        cursor.save()
    return True


def _changes_page(ctx: Context, side: Side) -> bool:
    end, cursor = ctx.end(side), ctx.cursors[side]
    page = end.connector.changes(
        end.kind, fields=end.fields, cursor=cursor.cursor, position=cursor.position, scope=end.scope
    )
    nothing = not (page.records or page.gone or page.left) and page.position is None and not cursor.position
    with ctx.lease.transaction():
        _store_page(ctx, side, page)
        cursor.position = page.position
        if page.position is None:
            cursor.cursor, cursor.mode = page.cursor, ""
        statements.save(cursor, ["position", "cursor", "mode"])
        if not nothing:
            _progress(ctx, f"read_{side}", len(page.records), None)
    return page.position is not None


def _scan_page(ctx: Context, side: Side) -> bool:
    end, cursor = ctx.end(side), ctx.cursors[side]
    state: dict[str, Any] = cursor.position or {"at": None, "known": 0, "new": 0, "off": _any_off_list(ctx, side)}
    page = end.connector.scan(end.kind, fields=end.fields, position=state["at"], scope=end.scope)
    if end.abilities.scans_ahead and page.position is not None and time.monotonic() < ctx.deadline:
        cast(ScansAhead, end.connector).ahead(end.kind, fields=end.fields, position=page.position, scope=end.scope)
    marking = _marks(ctx, end, cursor)
    with ctx.lease.transaction(), statements.together():
        known = _store_page(ctx, side, page)
        if marking or state.get("off"):
            _mark(ctx, side, page, cursor.scan, only_off_list=not marking)
        state["known"] += known
        state["new"] += len(page.records) - known
        state["at"] = page.position
        cursor.position = state if page.position is not None else None
        _progress(ctx, f"read_{side}", len(page.records), page.total)
        if page.position is None:
            statements.flush()
            _finish_scan(ctx, side, state["known"], state["new"], marked=marking)
        statements.save(cursor, ["position", "mode", "scan", "scanned_at"])
    return cursor.mode != ""


def _marks(ctx: Context, end: SyncEnd, cursor: SyncCursor) -> bool:
    """Whether this scan marks each link it sees. Counting is enough where a record is listed once; a scan over several lists
    can show one twice, and a count that came out too high would hide a deletion."""
    lists = end.scope.get("lists") or []
    return cursor.mode == "mark" or (bool(end.abilities.containers) and len(lists) != 1)


def _any_off_list(ctx: Context, side: Side) -> bool:
    return RecordLink.objects.filter(sync=ctx.sync, **{f"{side}_scan": OFF_LIST}).exists()


def _mark(ctx: Context, side: Side, page: Page, scan: int, *, only_off_list: bool) -> None:
    """Note on the links of a page that this scan saw them. ``only_off_list``: on those that no scan was expected to show."""
    links = {row.pk for row in find_links(ctx.sync.pk, side, [record.id for record in page.records]).values()}
    seen = RecordLink.objects.filter(pk__in=links)
    if only_off_list:
        seen = seen.filter(**{f"{side}_scan": OFF_LIST})
    seen.update(**{f"{side}_scan": scan})


def _finish_scan(ctx: Context, side: Side, known: int, new: int, *, marked: bool) -> None:
    """A complete scan is the only kind that may speak of absence: whoever it did not show is *read* before it counts as gone.

    ``new`` rows have an id that no link has yet: some of them may be what we made there ourselves, under its other id. A record
    that is absent and still there has left the chosen lists: polls do not look for it again until a scan shows it, full scans do.
    """
    cursor = ctx.cursors[side]
    links = RecordLink.objects.filter(sync=ctx.sync, **{f"{side}_id__isnull": False, f"{side}_gone": False})
    expected = links.exclude(**{f"{side}_scan": OFF_LIST})
    wanted = expected if ctx.run.kind == RunKind.INCREMENTAL else links
    if marked:
        missing = expected.exclude(**{f"{side}_scan": cursor.scan}).count()
        guards.absent_from_scan(ctx, side, missing - new, known + new)
        absent = wanted.exclude(**{f"{side}_scan": cursor.scan})
        rows = absent.values_list(f"{side}_id", f"{side}_seen", f"{side}_now").iterator()
        while part := list(islice(rows, 1000)):
            note(
                ctx,
                side,
                [PendingChange(remote_id=pk, known={**(seen or {}), **(new or {})}) for pk, seen, new in part],
            )
        absent.update(**{f"{side}_scan": OFF_LIST})
    elif known < wanted.count():
        cursor.mode, cursor.position = "mark", None
        cursor.scan += 1
        return
    cursor.mode, cursor.scanned_at = "", now()


def _store_page(ctx: Context, side: Side, page: Page) -> int:
    """Returns how many of the page's records have a link now."""
    force = ctx.cursors[side].settings_hash != ctx.settings_hash
    full = [record for record in page.records if not record.partial]
    rows = [record for record in page.records if record.partial]
    known = ingest(ctx, side, full, force=force, listed=True) + _store_rows(ctx, side, rows, force=force)
    if page.gone:
        ingest_gone(ctx, side, [id if can_be_kept(id) else stand_in(id) for id in page.gone])
    if page.left:
        ingest_left(ctx, side, page.left)
    return known


def _store_rows(ctx: Context, side: Side, rows: Sequence[RemoteRecord], *, force: bool) -> int:
    """Listing rows lack fields: new or changed ones go to the inbox and are read by id before anything is planned. ``force``:
    the settings changed; what is known of the others is enough to plan them again (other fields give other hashes). Returns how
    many have a link."""
    parked = ctx.parked[side]
    fit = rows if force else [r for r in rows if r.id not in parked or parked[r.id] != parking.mark(r)]
    unfit = [row for row in fit if row.unfit]
    for row in unfit:
        park_unread(ctx, side, row, code=parking.TOO_LONG)
    known = parking.by_halves(
        ctx,
        [row for row in fit if not row.unfit],
        lambda part: _note_rows(ctx, side, part, force=force),
        lambda row: park_unread(ctx, side, row),
    )
    return len(rows) - len(fit) + len(unfit) + known


def _note_rows(ctx: Context, side: Side, rows: Sequence[RemoteRecord], *, force: bool) -> int:
    known, notices = 0, {}
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        links = find_links(ctx.sync.pk, side, [row.id for row in part])
        for row in part:
            digest = ctx.hash(side, row.values)
            link = links.get(row.id)
            known += link is not None
            if link is None or get(link, side, "row_hash") != digest or get(link, side, "gone"):
                notices[row.id] = PendingChange(remote_id=row.id, known=row.values, row_hash=digest)
        if force:
            plan_again(ctx, side, [link for name, link in links.items() if name not in notices])
    note(ctx, side, list(notices.values()))
    return known


def settle_scanned(ctx: Context) -> None:
    """A run that polled is through: sides that it read in full were planned under the present settings, and later reads need not
    be forced. In a run of changes those are the sides without a change feed."""
    for side, cursor in ctx.cursors.items():
        in_full = ctx.run.kind != RunKind.INCREMENTAL or not ctx.end(side).abilities.change_feed
        if in_full and cursor.settings_hash != ctx.settings_hash:
            cursor.settings_hash = ctx.settings_hash
            cursor.save(update_fields=["settings_hash"])


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


def roll(ctx: Context) -> bool:
    """Read one batch of the rolling pass. Gives way at once to anything that was noticed, and to what it found itself after a
    slice: both are then read and written by a run that starts right away."""
    if time.monotonic() > ctx.deadline or PendingChange.objects.filter(sync=ctx.sync, priority__gt=0).exists():
        return False
    return any(_read_notices(ctx, side, Q(priority=0)) for side in Side)


def inbox(ctx: Context, side: Side) -> bool:
    """Read the records that somebody named: one batch by id. False when the inbox is empty."""
    return _read_notices(ctx, side, Q(priority__gt=0))


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
        _progress(ctx, f"detail_{side}", len(notices), None)
    return True


def _set_aside(ctx: Context, side: Side, notice: PendingChange) -> None:
    """Slice after slice ended when this record was read: it fails, and the others are read without it."""
    log.error("run %s: record %s of the %s is set aside", ctx.run.pk, notice.remote_id, side)
    with ctx.lease.transaction():
        park_unread(ctx, side, RemoteRecord(notice.remote_id, notice.known), notice.row_hash)
        notice.delete()
        parking.forgotten(ctx)


def read_by_id(ctx: Context, side: Side, refs: Sequence[Ref]) -> ReadAnswer:
    end, refs = ctx.end(side), [ref for ref in refs if not is_stand_in(ref.id)]
    return end.connector.read(end.kind, refs, fields=end.fields) if refs else ReadAnswer({})


def _progress(ctx: Context, phase: str, done: int, total: int | None) -> None:
    entry = ctx.run.phases.setdefault(phase, {})
    entry["done"] = entry.get("done", 0) + done
    if total is not None:
        entry["total"] = total
    statements.save(ctx.run, ["phases"])
