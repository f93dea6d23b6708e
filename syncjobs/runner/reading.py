"""The phases that read. Each step reads one page and commits its rows **together with** the place where reading goes on, so a
worker killed between the two loses nothing and repeats at most a page."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any, cast

from django.utils.timezone import now

from integrations.connectors.base import ScansAhead
from integrations.errors import CursorExpired
from integrations.records import Page, RemoteRecord, Side, can_be_kept, stand_in
from syncjobs.models import PendingChange, RecordLink, RunKind, SyncCursor
from syncjobs.runner import guards, parking, statements
from syncjobs.runner.context import Context, SyncEnd
from syncjobs.runner.ingest import ingest, ingest_gone, ingest_left, note, park_unread
from syncjobs.runner.links import find_links, get, plan_again

OFF_LIST = 2**31 - 1  # in the place of a scan's number: no scan of the chosen lists is expected to show the record


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
            ctx.progress(f"read_{side}", len(page.records), None)
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
        ctx.progress(f"read_{side}", len(page.records), page.total)
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
            is_known = link is not None and not get(link, side, "gone")
            known += is_known
            if link is None or not is_known or get(link, side, "row_hash") != digest:
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
