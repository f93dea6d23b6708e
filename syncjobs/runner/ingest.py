"""Records that were read → link rows. A record whose hash is what we know already writes nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.timezone import now

from integrations.records import ReadAnswer, RemoteRecord, Side, Values
from syncjobs.models import PendingChange, RecordLink, RecordStatus
from syncjobs.runner import others, parking, statements, store
from syncjobs.runner.context import Context
from syncjobs.runner.links import (
    BIT,
    CONVERTED_AWAY,
    MERGED_AWAY,
    Keys,
    call_heirs,
    current,
    day_of,
    find_links,
    forget,
    get,
    held_keys,
    keys_of,
    label_of,
    put,
    set_status,
    side_columns,
    unanswered,
)

ASIDE = ("status_since", "side", "field", "detail", "next_try_at")


def ingest(
    ctx: Context,
    side: Side,
    records: Sequence[RemoteRecord],
    *,
    force: bool = False,
    row_hashes: dict[str, str] | None = None,
    listed: bool = False,
) -> int:
    """Store what is new of these full records; call inside the lease's transaction. Returns how many are known by now.

    ``force``: the settings changed, so equal hashes are planned again, too. ``row_hashes``: listing-row hash by any id of the
    record, to remember which version of the listing this read belongs to. ``listed``: they come from a scan or a change feed,
    which may lag behind what we have read, or written, since: one that is gone counts as known again when a read by id, which this
    asks for, has shown it. A record at which this stumbles is set aside (``parking``).
    """
    hashes, parked = row_hashes or {}, ctx.parked[side]
    fit = records if force else [r for r in records if r.id not in parked or parked[r.id] != parking.mark(r)]
    for record in fit:
        if record.unfit:
            park_unread(ctx, side, record, hashes.get(record.id, ""), code=parking.TOO_LONG)
    news = [record for record in fit if not record.unfit]
    known = parking.by_halves(
        ctx,
        news,
        lambda part: _ingest(ctx, side, part, force=force, row_hashes=hashes, listed=listed),
        lambda record: park_unread(ctx, side, record, hashes.get(record.id, "")),
    )
    return len(records) - len(news) + known


def _ingest(
    ctx: Context,
    side: Side,
    records: Sequence[RemoteRecord],
    *,
    force: bool,
    row_hashes: dict[str, str],
    listed: bool,
) -> int:
    total = len(records)
    if not force and not row_hashes:
        same = _as_known(ctx, side, records)
        records = [record for record in records if record.id not in same]
    ids = {name for record in records for name in (record.id, *record.aliases)}
    links = find_links(ctx.sync.pk, side, ids) if ids else {}
    moment = now()
    changed: dict[int, RecordLink] = {}
    fresh: dict[str, RecordLink] = {}
    deltas: Counter[str] = Counter()
    freed: Keys = set()
    doubtful: list[PendingChange] = []
    for record in records:
        row = (
            links.get(record.id) or next((links[a] for a in record.aliases if a in links), None) or fresh.get(record.id)
        )
        if row is None:
            row = fresh[record.id] = store.fresh(ctx.sync.pk, moment)
            _put(ctx, side, row, record, _projection(ctx, side, row, record), moment, row_hashes or {})
            continue
        if listed and get(row, side, "gone"):
            doubtful.append(PendingChange(remote_id=record.id, known=record.values))
            continue
        if get(row, side.other, "id") is None and (heir := _twin_of_merged(row, record, side, links)):
            links = {name: link for name, link in links.items() if link is not row}
            changed.pop(row.pk, None)
            deltas[row.status] -= 1
            row.delete()
            row = heir
        for lost in _merged_away(row, record, side, links):
            set_status(lost, RecordStatus.EXCLUDED, deltas, moment)
            put(lost, side, gone=True)
            lost.code, lost.detail = MERGED_AWAY, record.id
            lost.dirty = BIT[side] if _awaits_twin(lost, side) else 0
            changed[lost.pk] = lost
        if listed and ctx.end(side).abilities.visibility_lag and _outdated(row, side, record):
            record = replace(record, values={}, modified_at=None, version=get(row, side, "version"))
        before, day = held_keys(row, side), day_of(ctx, side, row)
        if _take(ctx, side, row, record, moment, force=force, row_hashes=row_hashes, deltas=deltas) and row.id:
            changed[row.id] = row
            # One that was dated too late has kept others from its place.
            freed |= before if day > day_of(ctx, side, row) else before - held_keys(row, side)
    store.update(list(changed.values()), [*side_columns(side), "status_since", "next_try_at", "detail"])
    store.insert(list(fresh.values()), [*side_columns(side), "sync_id", "created_at", "status_since"])
    others.keep(ctx, side, records)
    deltas[RecordStatus.PENDING] += len(fresh)
    store.add_counts(ctx.sync.pk, deltas)
    call_heirs(ctx, freed)
    note(ctx, side, doubtful)
    return total - len(doubtful)


def park_unread(ctx: Context, side: Side, record: RemoteRecord, row_hash: str = "", *, code: str = parking.CODE) -> int:
    """The record cannot be taken in: its link says so, and what was read of it so far stays. Returns 1."""
    known = find_links(ctx.sync.pk, side, [record.id, *record.aliases])
    row = known.get(record.id) or next(iter(known.values()), None)
    deltas: Counter[str] = Counter() if row else Counter({RecordStatus.PENDING: 1})
    row = row or store.fresh(ctx.sync.pk, now())
    put(row, side, id=record.id, hash=parking.mark(record), row_hash=row_hash, gone=False)
    ctx.parked[side][record.id] = get(row, side, "hash")
    set_aside(ctx, row, deltas, side, code=code)
    if row.pk is None:
        store.insert([row], [*side_columns(side), *ASIDE, "sync_id", "created_at"])
    return 1


def set_aside(ctx: Context, row: RecordLink, deltas: Counter[str], side: str = "", *, code: str = parking.CODE) -> None:
    """``row`` fails, and the run goes on without it."""
    set_status(row, RecordStatus.FAILED, deltas)
    row.code, row.side, row.field, row.detail = code, side, "", ""
    row.dirty, row.next_try_at = 0, None
    if row.pk is not None:
        store.update([row], [*side_columns(Side.HUB), *side_columns(Side.APP), *ASIDE])
    store.add_counts(ctx.sync.pk, deltas)
    ctx.run.counts["failed"] = ctx.run.counts.get("failed", 0) + 1
    ctx.run.save(update_fields=["counts"])


def _as_known(ctx: Context, side: Side, records: Sequence[RemoteRecord]) -> set[str]:
    """Ids of the records that say nothing new: their links need not be loaded. Nearly all of a scan, so this is its speed."""
    end = ctx.end(side)
    if end.abilities.partial_scan:
        return set()  # when it was last read matters
    hashes = {
        record.id: ctx.hash(side, record.values)
        for record in records
        if not record.aliases and end.types.keys() <= record.values.keys()
    }
    settled = statements.links(
        f"{side}_id, {side}_hash",
        ctx.sync.pk,
        f"{side}_id",
        hashes,
        f" AND NOT {side}_gone AND {side}_expected IS NULL",
    )
    return {id for id, digest in settled if hashes[id] == digest}


def _twin_of_merged(
    row: RecordLink, record: RemoteRecord, side: Side, links: dict[str, RecordLink]
) -> RecordLink | None:
    """The link of a record that was merged into ``record`` and has a twin, or may have one: from now on that is the twin of
    ``record``. ``row``, half a link, would else have another one made. None where there is none, or one is being made for ``row``
    already."""
    held = {links[alias].pk: links[alias] for alias in record.aliases if alias in links}
    twins = [link for pk, link in held.items() if pk != row.pk and (_has_twin(link, side) or _awaits_twin(link, side))]
    if not twins or unanswered([row.pk]).exists():
        return None
    return twins[0]


def _merged_away(row: RecordLink, record: RemoteRecord, side: Side, links: dict[str, RecordLink]) -> list[RecordLink]:
    """Links of records that were merged into ``record``, which ``row`` holds: each says from now on where its record went."""
    held = {links[alias].pk: links[alias] for alias in record.aliases if alias in links}
    return [link for pk, link in held.items() if pk != row.pk and not get(link, side, "gone")]


def _has_twin(row: RecordLink, side: Side) -> bool:
    return get(row, side.other, "id") is not None and not get(row, side.other, "gone")


def _awaits_twin(row: RecordLink, side: Side) -> bool:
    """A create for its record at ``side`` got no answer, and may have made its twin: that is looked up before the link rests."""
    return get(row, side.other, "id") is None and unanswered([row.pk]).filter(side=side.other).exists()


def _outdated(row: RecordLink, side: Side, record: RemoteRecord) -> bool:
    """An older state than the one we know: our own write, not visible there yet, would look as if somebody had undone it. Asked
    only of apps whose listings lag: times come from clocks that go wrong, and from files that come out of a backup."""
    known = get(row, side, "modified_at") if get(row, side, "id") == record.id else None
    return known is not None and record.modified_at is not None and record.modified_at < known


def _take(
    ctx: Context, side: Side, row: RecordLink, record: RemoteRecord, moment: datetime, *, force: bool,
    row_hashes: dict[str, str], deltas: Counter[str],
) -> bool:  # fmt: skip
    """Put one record into its row; whether anything changed."""
    projection = _projection(ctx, side, row, record)
    digest = ctx.hash(side, projection)
    same = digest == get(row, side, "hash") and get(row, side, "id") == record.id and not get(row, side, "gone")
    pending_outcome = row.dirty and get(row, side, "expected") is not None
    if same and not force and not pending_outcome:
        row_hash, alias = _listing(side, row, record, row_hashes)
        if (row_hash, alias) == (get(row, side, "row_hash"), get(row, side, "alias")) and not ctx.end(
            side
        ).abilities.partial_scan:
            return False
        put(row, side, row_hash=row_hash, alias=alias, read_at=moment)
        return True
    if get(row, side, "gone") and get(row, side.other, "gone"):
        forget(row, side.other)
    _put(ctx, side, row, record, projection, moment, row_hashes, digest)
    if row.status != RecordStatus.PENDING:
        set_status(row, RecordStatus.PENDING, deltas, moment)
    return True


def _projection(ctx: Context, side: Side, row: RecordLink, record: RemoteRecord) -> Values:
    """What is known of the record's tracked fields now that it was read."""
    types = ctx.end(side).types
    values = record.values if types.keys() <= record.values.keys() else {**current(row, side), **record.values}
    return {name: value for name, value in values.items() if name in types}


def _listing(side: Side, row: RecordLink, record: RemoteRecord, row_hashes: dict[str, str]) -> tuple[str, str | None]:
    """(hash of its listing row, its other id)"""
    row_hash, alias = get(row, side, "row_hash"), get(row, side, "alias")
    if row_hashes:
        row_hash = next((row_hashes[name] for name in (record.id, *record.aliases) if name in row_hashes), row_hash)
    if record.aliases:
        alias = next((name for name in record.aliases if name != record.id), alias)
    return row_hash, alias


def _put(
    ctx: Context, side: Side, row: RecordLink, record: RemoteRecord, projection: Values, moment: datetime,
    row_hashes: dict[str, str], digest: str = "",
) -> None:  # fmt: skip
    """Put what was read into the row, to be planned."""
    row_hash, alias = _listing(side, row, record, row_hashes)
    put(
        row, side, id=record.id, alias=alias, now=projection, hash=digest or ctx.hash(side, projection), row_hash=row_hash,
        version=record.version, modified_at=record.modified_at or get(row, side, "modified_at"), read_at=moment,
        gone=False, created_at=record.created_at or get(row, side, "created_at"), **keys_of(ctx, side, projection),
    )  # fmt: skip
    row.label = label_of(ctx, side, projection) or row.label
    row.dirty |= BIT[side]
    row.next_try_at = None


def ingest_gone(ctx: Context, side: Side, ids: Sequence[str]) -> int:
    """Positive evidence that these records do not exist any more. Returns how many links that concerns."""
    rows = [
        r for r in {r.pk: r for r in find_links(ctx.sync.pk, side, ids).values()}.values() if not get(r, side, "gone")
    ]
    for row in rows:
        put(row, side, gone=True)
        row.dirty |= BIT[side]
        row.next_try_at = None
    store.update(rows, [f"{side}_gone", "dirty", "next_try_at"])
    others.forget(ctx, side, [get(row, side, "id") for row in rows])
    call_heirs(ctx, {key for row in rows for key in held_keys(row, side)})
    return len(rows)


def ingest_left(ctx: Context, side: Side, ids: Sequence[str]) -> int:
    """These records became another kind of record: nothing was deleted, so their twins are left alone, whatever the sync does with
    deletions. Returns how many links that concerns."""
    found = {row.pk: row for row in find_links(ctx.sync.pk, side, ids).values() if not get(row, side, "gone")}
    awaiting = {row.pk for row in found.values() if _awaits_twin(row, side)}
    rows = [row for row in found.values() if get(row, side.other, "id") or row.pk in awaiting]
    ingest_gone(ctx, side, [get(row, side, "id") for row in found.values() if row not in rows])
    deltas: Counter[str] = Counter()
    moment = now()
    for row in rows:
        set_status(row, RecordStatus.EXCLUDED, deltas, moment)
        put(row, side, gone=True)
        row.code, row.side, row.next_try_at = CONVERTED_AWAY, side.value, None
        row.dirty = BIT[side] if row.pk in awaiting else 0
    store.update(rows, [f"{side}_gone", "code", "side", "dirty", "next_try_at", "status", "status_since"])
    store.add_counts(ctx.sync.pk, deltas)
    call_heirs(ctx, {key for row in rows for key in held_keys(row, side)})
    return len(found)


def ingest_missing(ctx: Context, side: Side, answer: ReadAnswer) -> None:
    """What a read by id did not find."""
    ingest_gone(ctx, side, sorted(answer.gone))
    ingest_left(ctx, side, sorted(answer.left))


def note(ctx: Context, side: Side, notices: Sequence[PendingChange]) -> None:
    """Put records into the inbox, to be read next. A record that is in there already gets the newer listing row."""
    for one in notices:
        one.sync_id, one.side = ctx.sync.pk, side.value
    PendingChange.objects.bulk_create(
        notices,
        update_conflicts=True,
        unique_fields=["sync", "side", "remote_id"],
        update_fields=["known", "row_hash", "noted_at", "priority"],
    )
