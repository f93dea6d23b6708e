"""Records that were read → link rows. A record whose hash is what we know already writes nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from integrations.records import ReadAnswer, RemoteRecord, Side, Values
from syncjobs.engine.canonical import is_blank
from syncjobs.engine.matching import key_of
from syncjobs.models import PendingChange, RecordLink, RecordStatus
from syncjobs.runner import parking, statements, store
from syncjobs.runner.context import Context

BIT = {Side.HUB: 1, Side.APP: 2}
MERGED_AWAY, CONVERTED_AWAY = "MERGED_AWAY", "CONVERTED_AWAY"
AWAY = (MERGED_AWAY, CONVERTED_AWAY)  # codes of links whose record lives on in another record
LEFT_OUT = ("WEAK_MATCH", "AMBIGUOUS_MATCH", "DUPLICATE_IN_SOURCE")  # codes that the match gives because of others
ASIDE = ("status_since", "side", "field", "detail", "next_try_at")


def side_columns(side: Side) -> list[str]:
    names = [
        "id",
        "alias",
        "now",
        "hash",
        "row_hash",
        "version",
        "modified_at",
        "created_at",
        "scan",
        "read_at",
        "gone",
    ]
    return [f"{side}_{name}" for name in names] + [f"{side}_key", f"{side}_key2", "label", "dirty", "status", "code"]


NAMES = {
    side: {
        name.removeprefix(f"{side}_"): name
        for name in (field.attname for field in RecordLink._meta.concrete_fields)
        if name.startswith(f"{side}_")
    }
    for side in Side
}
"""Side → name of a value → its attribute."""


def get(row: RecordLink, side: Side, name: str) -> Any:
    return getattr(row, NAMES[side][name])


def put(row: RecordLink, side: Side, **values: Any) -> None:
    names = NAMES[side]
    for name, value in values.items():
        setattr(row, names[name], value)


def current(row: RecordLink, side: Side) -> Values:
    """What is known of the record: its memory, and over it what was read since."""
    seen, read = get(row, side, "seen"), get(row, side, "now")
    return {**seen, **read} if seen and read else dict(seen or read or {})


def set_status(row: RecordLink, status: str, deltas: Counter[str], moment: datetime | None = None) -> None:
    if row.status != status:
        deltas[row.status] -= 1
        deltas[status] += 1
        row.status = status
        row.status_since = moment or now()


def find_links(sync_id: int, side: Side, ids: Iterable[str]) -> dict[str, RecordLink]:
    """Links by remote id or alias, keyed by each of those."""
    found: dict[str, RecordLink] = {}
    for row in {row.id: row for row in store.links_named(sync_id, side, ids)}.values():
        if alias := get(row, side, "alias"):
            found.setdefault(alias, row)
        found[get(row, side, "id")] = row
    return found


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
    which may lag behind what we have read, or written, since. A record at which this stumbles is set aside (``parking``).
    """
    hashes, parked = row_hashes or {}, ctx.parked[side]
    fit = records if force else [r for r in records if r.id not in parked or parked[r.id] != parking.mark(r)]
    for record in fit:
        if record.unfit:
            park_unread(ctx, side, record, hashes.get(record.id, ""), code=parking.TOO_LONG)
    parking.by_halves(
        ctx,
        [record for record in fit if not record.unfit],
        lambda part: _ingest(ctx, side, part, force=force, row_hashes=hashes, listed=listed),
        lambda record: park_unread(ctx, side, record, hashes.get(record.id, "")),
    )
    return len(records)


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
    for record in records:
        row = (
            links.get(record.id) or next((links[a] for a in record.aliases if a in links), None) or fresh.get(record.id)
        )
        if row is None:
            row = fresh[record.id] = store.fresh(ctx.sync.pk, moment)
            _put(ctx, side, row, record, _projection(ctx, side, row, record), moment, row_hashes or {})
            continue
        for lost in _merged_away(row, record, side, links):
            set_status(lost, RecordStatus.EXCLUDED, deltas, moment)
            put(lost, side, gone=True)
            lost.code, lost.dirty, lost.detail = MERGED_AWAY, 0, record.id
            changed[lost.pk] = lost
        if listed and _outdated(row, side, record):
            record = replace(record, values={}, modified_at=None, version=get(row, side, "version"))
        before = held_keys(row, side)
        if _take(ctx, side, row, record, moment, force=force, row_hashes=row_hashes, deltas=deltas) and row.id:
            changed[row.id] = row
            freed |= before - held_keys(row, side)
    store.update(list(changed.values()), [*side_columns(side), "status_since", "next_try_at", "detail"])
    store.insert(list(fresh.values()), [*side_columns(side), "sync_id", "created_at", "status_since"])
    deltas[RecordStatus.PENDING] += len(fresh)
    store.add_counts(ctx.sync.pk, deltas)
    call_heirs(ctx, freed)
    return total


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


def _merged_away(row: RecordLink, record: RemoteRecord, side: Side, links: dict[str, RecordLink]) -> list[RecordLink]:
    """Links of records that were merged into ``record``, which ``row`` holds: each says from now on where its record went."""
    held = {links[alias].pk: links[alias] for alias in record.aliases if alias in links}
    return [link for pk, link in held.items() if pk != row.pk and not get(link, side, "gone")]


def _outdated(row: RecordLink, side: Side, record: RemoteRecord) -> bool:
    """An older state than the one we know: our own write, not visible there yet, would look as if somebody had undone it."""
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


def forget(row: RecordLink, side: Side) -> None:
    """The record was deleted at both sides and is back at the other one: it is half a link again, and its twin is made anew."""
    blank: dict[str, Any] = dict.fromkeys(
        ("id", "alias", "seen", "now", "expected", "modified_at", "created_at", "read_at")
    )
    blank |= {"gone": False, **dict.fromkeys(("hash", "row_hash", "version", "key", "key2"), "")}
    put(row, side, **blank)
    put(row, side.other, seen=None)
    store.update([row], [*(f"{side}_{name}" for name in blank), f"{side.other}_seen"])


def keys_of(ctx: Context, side: Side, values: Values) -> dict[str, str]:
    """The normalised identifiers of a projection, as columns."""
    keys = [key_of(values, identifier, side) for identifier in ctx.rules.identifiers[:2]]
    return {"key": keys[0] if keys else "", "key2": keys[1] if len(keys) > 1 else ""}


def label_of(ctx: Context, side: Side, values: Values) -> str:
    """How pages name a record: its name, else its address."""
    return name_of(values, ctx.end(side).label_fields)


def name_of(values: Values, label_fields: Sequence[str]) -> str:
    """The name, else the first of the others that there is; "" where all are blank. See ``registry.Kind.label_fields``."""
    parts = 2 if len(label_fields) > 2 else 1
    name = [str(values[n]) for n in label_fields[:parts] if not is_blank(values.get(n))]
    others = (str(values[n]) for n in label_fields[parts:] if not is_blank(values.get(n)))
    return (" ".join(name) or next(others, ""))[:200]


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
    call_heirs(ctx, {key for row in rows for key in held_keys(row, side)})
    return len(rows)


def ingest_left(ctx: Context, side: Side, ids: Sequence[str]) -> int:
    """These records became another kind of record: nothing was deleted, so their twins are left alone, whatever the sync does with
    deletions. Returns how many links that concerns."""
    found = {row.pk: row for row in find_links(ctx.sync.pk, side, ids).values() if not get(row, side, "gone")}
    rows = [row for row in found.values() if get(row, side.other, "id")]
    ingest_gone(ctx, side, [get(row, side, "id") for row in found.values() if not get(row, side.other, "id")])
    deltas: Counter[str] = Counter()
    moment = now()
    for row in rows:
        set_status(row, RecordStatus.EXCLUDED, deltas, moment)
        put(row, side, gone=True)
        row.code, row.side, row.dirty, row.next_try_at = CONVERTED_AWAY, side.value, 0, None
    store.update(rows, [f"{side}_gone", "code", "side", "dirty", "next_try_at", "status", "status_since"])
    store.add_counts(ctx.sync.pk, deltas)
    call_heirs(ctx, {key for row in rows for key in held_keys(row, side)})
    return len(found)


def ingest_missing(ctx: Context, side: Side, answer: ReadAnswer) -> None:
    """What a read by id did not find."""
    ingest_gone(ctx, side, sorted(answer.gone))
    ingest_left(ctx, side, sorted(answer.left))


Keys = set[tuple[str, str]]
"""(``key`` or ``key2``, what stood there)"""


def held_keys(row: RecordLink, side: Side) -> Keys:
    """The identifiers by which this record is known."""
    return {(name, key) for name in ("key", "key2") if (key := get(row, side, name))}


def call_heirs(ctx: Context, freed: Keys) -> None:
    """Records with these identifiers are gone, or have others now. Whatever was left out because of them is matched again, and may
    take their place."""
    for name in {name for name, _ in freed}:
        keys = [key for of, key in freed if of == name]
        for side in Side:
            column = f"{side}_{name}"
            # Not "" is the condition of the index, as in pairing. Not plainly "IS NULL": the other side's index would be taken, and
            # each half link of the sync looked at.
            alone = (
                f" AND NOT ({column} = '') AND {side.other}_id || '' IS NULL AND NOT {side}_gone AND code IN {LEFT_OUT}"
            )
            left_out = store.links_with(ctx.sync.pk, column, keys, alone)
            plan_again(ctx, side, left_out)


def plan_again(ctx: Context, side: Side, links: Iterable[RecordLink]) -> None:
    """Plan these records again with what is known of them."""
    rows = list({link.pk: link for link in links}.values())
    deltas: Counter[str] = Counter()
    for row in rows:
        put(row, side, now=current(row, side))
        row.dirty |= BIT[side]
        row.next_try_at = None
        set_status(row, RecordStatus.PENDING, deltas)
    store.update(rows, [f"{side}_now", "dirty", "next_try_at", "status", "status_since"])
    store.add_counts(ctx.sync.pk, deltas)


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
