"""Undo: take back what a run wrote, value by value, from the before-images in the ledger.

A value is restored only where the app still holds what the run wrote: the record is read first. Whatever was edited since is left
alone and named (``LeftAlone``). The writes go the way of all writes (``writing``: ledger and expected values first, settle per
item), and each side's memory follows its own record, so that nothing travels across afterwards. A record that the run made
is deleted where the app can; its twin stays, flagged. An undo is a run like any other: its ledger lets it be undone.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.timezone import now

from integrations.connectors.base import Abilities
from integrations.errors import ConnectorError, Gone, NoAnswer, StaleVersion
from integrations.records import Field, FieldType, Ref, RemoteRecord, Side, Value, Values
from integrations.services import schemas
from syncjobs.engine.merge import Rule, echo_of
from syncjobs.engine.plan import LedgerEntry, Plan
from syncjobs.models import FieldChange, LeftAlone, RecordLink, RecordStatus, Sync, SyncRun, WriteIntent
from syncjobs.runner import settling, store, updates
from syncjobs.runner.context import Context
from syncjobs.runner.guards import FILLING_IN
from syncjobs.runner.inbox import CALLS_A_STEP
from syncjobs.runner.ingest import ingest, ingest_missing
from syncjobs.runner.links import AWAY, BIT, current, forget, get, put, set_status
from syncjobs.runner.work import Work

CHUNK = 100  # links
Schemas = dict[Side, dict[str, Field]]
Place = tuple[int, Side, str]  # link, side, field


class State(StrEnum):
    WILL_RESTORE = "will_restore"
    WILL_REMOVE = "will_remove"  # the run made the record: it is deleted
    WILL_RECREATE = "will_recreate"  # the run removed the record and its twin is there: it is made again
    EDITED_SINCE = "edited_since"
    GONE = "gone"
    CANNOT = "cannot"  # ``code`` says why


REMOVALS = (Rule.DELETED, Rule.UNDO_CREATED)  # ledger rows of a whole record: what it held, field by field
LEFT = (State.EDITED_SINCE, State.GONE, State.CANNOT)


@dataclass(slots=True)
class UndoItem:
    """One value that a run wrote (``field`` "": a whole record that it made), and what an undo will do about it."""

    link: RecordLink
    side: Side
    field: str
    wrote: Value  # what the run wrote
    before: Value  # what stood there before, and will again
    state: State
    code: str = ""  # of the failure catalogue, where it is left alone
    payload: Values = dataclasses.field(default_factory=dict)  # of a record that the run made
    id: str = ""  # of the record that the run wrote; "": it was not kept
    told: bool = False  # the undo that is under way has announced it in the ledger: it may have happened already

    def leave(self, state: State, code: str) -> None:
        self.state, self.code = state, code


# -- deciding (reads only our own rows) --------------------------------------------------------------------------------
def schemas_of(sync: Sync) -> Schemas:
    return {side: {f.name: f for f in schemas.fields(sync.instance(side), sync.kind(side))} for side in Side}


def links_of(run: SyncRun, after: int, n: int) -> list[int]:
    """The next links that the run wrote, by key."""
    pks: set[int] = set()
    for model in (FieldChange, WriteIntent):
        found = model._default_manager.filter(run=run, link__gt=after).order_by("link_id")
        pks.update(found.values_list("link_id", flat=True).distinct()[:n])
    return sorted(pks)[:n]


def items_of(run: SyncRun, pks: Sequence[int], known: Schemas, *, undo: SyncRun | None = None) -> list[UndoItem]:
    """What the run wrote to these links, and what can be done about each as far as we know without asking the apps.
    ``undo``: the run that is taking it back; what that one wrote already is no edit."""
    links = RecordLink.objects.in_bulk(pks)
    made = {(i.link_id, Side(i.side)): i for i in WriteIntent.objects.filter(
        run=run, link__in=pks, state=WriteIntent.State.DONE).order_by("generation")}  # fmt: skip
    entries: dict[tuple[int, Side, str], list[FieldChange]] = defaultdict(list)
    for entry in FieldChange.objects.filter(run=run, link__in=pks).order_by("pk"):
        entries[entry.link_id, Side(entry.side), entry.field].append(entry)
    later = _written_later(run, pks, undo)
    told = _told(undo, pks) if undo else set()
    items = [_of_record(links[pk], side, intent, known, told) for (pk, side), intent in made.items()]
    _leave_what_lives(items, made, later)
    taken_back = {}
    for (pk, side, name), found in entries.items():
        if (pk, side) in made:
            continue  # the record itself goes
        if found[-1].rule in REMOVALS:
            taken_back[pk, side] = _of_removed(links[pk], side)
            continue
        id = found[-1].remote_id
        before = next(entry.old for entry in found if entry.remote_id == id)
        item = UndoItem(links[pk], side, name, found[-1].new, before, State.WILL_RESTORE, id=id)
        item.told = (pk, side, name) in told
        _judge(item, known, edited=(pk, side, name) in later and later[pk, side, name].pk > found[-1].pk)
        items.append(item)
    for side in Side:
        _leave_others(run.sync.instance(side).app.abilities(run.sync.kind(side)), [i for i in items if i.side is side])
    return [*items, *taken_back.values()]


def _leave_others(able: Abilities, items: Iterable[UndoItem]) -> None:
    """Another record stands in the place of the one that the run wrote: it was merged, or made once more, or a later one of the
    same person syncs now. Where records do not merge, an app may know one by two ids."""
    for item in items:
        here = {get(item.link, item.side, "id")} | (set() if able.merges else {get(item.link, item.side, "alias")})
        if item.id and item.state not in LEFT and item.id not in here:
            item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")


def _written_later(run: SyncRun, pks: Sequence[int], undo: SyncRun | None) -> dict[Place, FieldChange]:
    """The last that other runs wrote to each place of these links, but for what an undo has taken back."""
    lines = FieldChange.objects.filter(link__in=pks).exclude(run=run).select_related("run")
    if undo is not None:
        lines = lines.exclude(run=undo)
    standing: dict[Place, FieldChange] = {}
    undone: set[tuple[int | None, Place]] = set()
    for line in lines.order_by("-pk"):
        place = (line.link_id, Side(line.side), line.field)
        if (line.run_id, place) in undone:
            continue
        if line.rule == Rule.UNDO and line.run is not None:
            undone.add((line.run.undoes_id, place))
        else:
            standing.setdefault(place, line)
    return standing


def _leave_what_lives(
    items: Sequence[UndoItem], made: dict[tuple[int, Side], WriteIntent], later: dict[Place, FieldChange]
) -> None:
    """A record that the run made, and that has been worked with since: other values went to it, or came from it."""
    touched: dict[int, datetime] = {}
    for (pk, _side, _field), line in later.items():
        touched[pk] = max(line.at, touched.get(pk, line.at))
    for item in items:
        # What an app fills in at a new record is no work: it comes at once.
        at_work = made[item.link.pk, item.side].sent_at + FILLING_IN
        if item.state is State.WILL_REMOVE and not item.told and touched.get(item.link.pk, at_work) > at_work:
            item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")


def _told(undo: SyncRun, pks: Sequence[int]) -> set[tuple[int, Side, str]]:
    """What an undo has announced; "" stands for a record that it removes."""
    rows = FieldChange.objects.filter(run=undo, link__in=pks).values_list("link_id", "side", "field", "rule")
    return {(pk, Side(side), "" if rule in REMOVALS else name) for pk, side, name, rule in rows}


def _judge(item: UndoItem, known: Schemas, *, edited: bool) -> None:
    """What our own rows say against restoring a value."""
    link, side, name = item.link, item.side, item.field
    spec = known[side].get(name)
    values = current(link, side)
    if get(link, side, "gone") or get(link, side, "id") is None:
        item.leave(State.GONE, "RECORD_GONE")
    elif spec is None or not spec.writable:
        item.leave(State.CANNOT, "FIELD_READ_ONLY" if spec else "FIELD_MISSING")
    elif edited or (name in values and not item.told and not _holds(item, values[name], known)):
        item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")


def _of_record(
    link: RecordLink, side: Side, intent: WriteIntent, known: Schemas, told: set[tuple[int, Side, str]]
) -> UndoItem:
    item = UndoItem(link, side, "", None, None, State.WILL_REMOVE, payload=intent.payload, id=intent.found_id)
    item.told = (link.pk, side, "") in told
    if item.told:
        return item
    values = current(link, side)
    shown = {name: value for name, value in intent.payload.items() if name in values}
    if get(link, side, "gone") or get(link, side, "id") is None:
        item.leave(State.GONE, "RECORD_GONE")
    elif not intent.made:
        item.leave(State.CANNOT, "UNDO_NOT_CERTAIN")
    elif any(not echo_of(value, values[name], _type(known, side, name)) for name, value in shown.items()):
        item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")
    return item


def _of_removed(link: RecordLink, side: Side) -> UndoItem:
    item = UndoItem(link, side, "", None, None, State.WILL_RECREATE)
    if not get(link, side, "gone"):
        item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")  # somebody restored it
    elif get(link, side.other, "gone") or get(link, side.other, "id") is None:
        item.leave(State.GONE, "RECORD_GONE")
    return item


def _type(known: Schemas, side: Side, name: str) -> FieldType:
    return known[side][name].type if name in known[side] else FieldType.TEXT


def _holds(item: UndoItem, value: Value, known: Schemas) -> bool:
    """Whether this is what the run wrote, as the app may have stored it."""
    return echo_of(item.wrote, value, _type(known, item.side, item.field))


# -- taking back -------------------------------------------------------------------------------------------------------
def step(ctx: Context) -> bool:
    """Take back one chunk of links. False when all are done. A chunk that is repeated after a kill or a lost answer writes
    nothing twice: what stands there already is seen when the record is read."""
    assert ctx.run.undoes is not None
    entry = ctx.run.phases["undo"]
    pks = links_of(ctx.run.undoes, entry.get("position", 0), CHUNK)
    if not pks:
        return False
    known = schemas_of(ctx.sync)
    items = items_of(ctx.run.undoes, pks, known, undo=ctx.run)
    pks = pks[: _at_once(ctx, {item.side for item in items})]
    items = [item for item in items if item.link.pk in pks]
    counts: Counter[str] = Counter()
    for side in Side:
        counts["restored"] += _restore(ctx, side, [i for i in items if i.side is side], known)
        counts["removed"] += _remove(ctx, side, [i for i in items if i.side is side], known)
    left = [item for item in items if item.state in LEFT]
    with ctx.lease.transaction():
        counts["recreated"] = _recreate(ctx, [i for i in items if i.state is State.WILL_RECREATE])
        LeftAlone.objects.bulk_create((_left(ctx, item) for item in left), ignore_conflicts=True)
        counts["left_alone"] = len(left)
        ctx.run.counts = dict(Counter(ctx.run.counts) + counts)
        entry["position"], entry["done"] = pks[-1], entry.get("done", 0) + len(pks)
        ctx.run.save(update_fields=["phases", "counts"])
    return True


def _at_once(ctx: Context, sides: Iterable[Side]) -> int:
    """How many links of a chunk are read and written together. What is typed between the two is not seen where an app takes any
    write: there it is one batch. And where a record takes a call of its own, a step that was told to wait begins again."""
    most = CHUNK
    for able in (ctx.end(side).abilities for side in sides):
        most = min(most, max(1, able.read_batch * CALLS_A_STEP // able.read_calls))
        if not able.conditional_writes:
            most = min(most, able.write_batch)
    return most


def _left(ctx: Context, item: UndoItem) -> LeftAlone:
    seen, new = get(item.link, item.side, "seen") or {}, get(item.link, item.side, "now") or {}
    return LeftAlone(
        run=ctx.run, link=item.link, side=item.side.value, field=item.field, code=item.code, wrote=item.wrote,
        found={**seen, **new}.get(item.field),
    )  # fmt: skip


def _read(ctx: Context, side: Side, items: Sequence[UndoItem], known: Schemas) -> dict[int, RemoteRecord]:
    """The live records of these items' links, by link. What people changed meanwhile is noted like any change."""
    end = ctx.end(side)
    links = {item.link.pk: item.link for item in items}
    wanted = {item.field for item in items if item.field} | {name for item in items for name in item.payload}
    fields = sorted({*end.fields, *(wanted & set(known[side]))})
    found: dict[int, RemoteRecord] = {}
    rows = list(links.values())
    for start in range(0, len(rows), end.abilities.read_batch):
        part = {get(row, side, "id"): row for row in rows[start : start + end.abilities.read_batch]}
        refs = [Ref(pk, current(row, side)) for pk, row in part.items()]
        answer = end.connector.read(end.kind, refs, fields=fields)
        with ctx.lease.transaction():
            ingest(ctx, side, list(answer.records.values()))
            ingest_missing(ctx, side, answer)
        found |= {part[asked].pk: record for asked, record in answer.records.items()}
    fresh = RecordLink.objects.in_bulk(list(links))
    for item in items:
        item.link = fresh.get(item.link.pk, item.link)
    _leave_others(end.abilities, items)
    # Of a record that was merged into another link's, the app shows that one.
    return {pk: record for pk, record in found.items() if pk in fresh and get(fresh[pk], side, "id") == record.id}


def _restore(ctx: Context, side: Side, items: Sequence[UndoItem], known: Schemas) -> int:
    """Write the old values of one side back. Returns how many stand there now."""
    items = [item for item in items if item.state is State.WILL_RESTORE]
    if not items:
        return 0
    live = _read(ctx, side, items, known)
    todo: dict[int, list[UndoItem]] = defaultdict(list)
    done = 0
    for item in (each for each in items if each.state not in LEFT):
        record = live.get(item.link.pk)
        if record is None:
            item.leave(State.GONE, "RECORD_GONE")
        elif item.field not in record.values:
            item.leave(State.CANNOT, "UNDO_NOT_CERTAIN")
        elif _holds(item, value := record.values.get(item.field), known):
            todo[item.link.pk].append(item)
        elif echo_of(item.before, value, _type(known, side, item.field)):
            done += item.told  # ours, written before a kill or without an answer
        else:
            item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")
    work = [_work(ctx, side, found, live[pk]) for pk, found in todo.items()]
    clean = {w.row.pk for w in work if not w.row.dirty}
    memories = {w.row.pk: get(w.row, side, "seen") for w in work}
    for w in work:
        w.row.dirty |= BIT[side]
        put(w.row, side, seen={**(memories[w.row.pk] or {}), **w.plan.writes[side]})
    with ctx.lease.transaction():
        # Should this run end before a verdict is in, an ordinary one finds out what became of the write; it is told from a write of
        # its own by the memory, which is saved with the announcement.
        store.update([w.row for w in work], ["dirty"])
    size = ctx.end(side).abilities.write_batch
    for start in range(0, len(work), size):
        updates.send_updates(ctx, side, work[start : start + size], just_read=True)
    for w in work:
        if w.plan.status == RecordStatus.FAILED:
            put(w.row, side, seen=memories[w.row.pk])
    return done + _settle(ctx, side, work, todo, clean)


def _work(ctx: Context, side: Side, items: Sequence[UndoItem], record: RemoteRecord) -> Work:
    row = items[0].link
    put(row, side, version=record.version)
    plan = Plan(writes={side: {}}, after={side: {}})
    other_seen, other_now = get(row, side.other, "seen") or {}, get(row, side.other, "now") or {}
    # The memory is about to say what will stand there; what stands there now is what the app is told that it was.
    put(row, side, now={**(get(row, side, "now") or {}), **{item.field: record.values[item.field] for item in items}})
    for item in items:
        plan.writes[side][item.field] = item.before
        plan.ledger.append(
            LedgerEntry(side, item.field, record.values.get(item.field), item.before, item.wrote, Rule.UNDO)
        )
        for rule in ctx.rules.mappings:
            name = rule.end(side.other).field
            if rule.end(side).field == item.field and name not in other_seen and name in other_now:
                plan.after[side][name] = other_now[name]  # else it would meet the restored value as on first sight
    # The record keeps its status, and what else changed of it is planned as usual.
    return Work(row, plan, left={side}, again=True)


def _settle(ctx: Context, side: Side, work: Sequence[Work], todo: dict[int, list[UndoItem]], clean: set[int]) -> int:
    """Count what was restored, name what was refused. Raises NoAnswer where nobody knows: the chunk is looked at again.
    ``clean``: links of which nothing else waits."""
    done, unsure, settled = 0, 0, []
    for w in work:
        row, items = w.row, todo[w.row.pk]
        if any(result == "updated" for result, _, _ in w.events):
            done += len(items)
        elif w.plan.status == RecordStatus.FAILED:
            for item in items:
                item.leave(State.CANNOT, w.plan.code)
        elif get(row, side, "gone"):
            for item in items:
                item.leave(State.GONE, "RECORD_GONE")
            continue
        else:
            unsure += 1
            continue
        row.attempts, row.next_try_at = 0, None
        if row.pk in clean:
            # Pending by now: a person has asked for it while the app was called.
            row.dirty = 3 if row.status == RecordStatus.PENDING else 0
            if row.status == RecordStatus.IN_SYNC:
                put(row, side, now=None)
        settled.append(row)
    with ctx.lease.transaction():
        store.update(settled, [f"{side}_now", f"{side}_seen", "dirty", "attempts", "next_try_at"])
    if unsure:
        raise NoAnswer(f"{unsure} records are looked at again")
    return done


# -- records that the run made -----------------------------------------------------------------------------------------
def _remove(ctx: Context, side: Side, items: Sequence[UndoItem], known: Schemas) -> int:
    """Delete records of one side that the run made and nobody has touched since. Returns how many are gone."""
    end = ctx.end(side)
    items = [item for item in items if item.state is State.WILL_REMOVE]
    if not end.abilities.delete:
        for item in items:
            item.leave(State.CANNOT, "NOT_POSSIBLE_IN_APP")
        items = []
    live = _read(ctx, side, items, known) if items else {}
    removed, todo = [], []
    for item in (each for each in items if each.state not in LEFT):
        record = live.get(item.link.pk)
        if record is None and item.told and item.link.code not in AWAY:
            removed.append(item)  # by us, before a kill or without an answer
        elif record is None:
            item.leave(State.GONE, "RECORD_GONE")
        elif _untouched(item, record.values, known) and not item.link.dirty & BIT[side]:
            todo.append(item)
        else:
            item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")
    _forget_announced(ctx, side, items)
    _close_removed(ctx, side, removed)
    for start in range(0, len(todo), end.abilities.write_batch):
        removed += _delete(ctx, side, todo[start : start + end.abilities.write_batch], live)
    return len(removed)


def _untouched(item: UndoItem, values: Values, known: Schemas) -> bool:
    return all(echo_of(sent, values.get(name), _type(known, item.side, name)) for name, sent in item.payload.items())


def _delete(ctx: Context, side: Side, items: Sequence[UndoItem], live: dict[int, RemoteRecord]) -> list[UndoItem]:
    """One batch: what the records hold goes to the ledger first. Returns those that are gone."""
    end = ctx.end(side)
    with ctx.lease.transaction():
        FieldChange.objects.bulk_create(
            FieldChange(sync=ctx.sync, link=item.link, run=ctx.run, side=side.value, remote_id=live[item.link.pk].id,
                        field=name, old=value, new=None, rule=Rule.UNDO_CREATED)
            for item in items if not item.told
            for name, value in sorted(live[item.link.pk].values.items())
        )  # fmt: skip
    records = [live[item.link.pk] for item in items]
    versions = {record.id: record.version for record in records}
    verdicts = end.connector.delete(end.kind, [record.id for record in records], versions=versions)
    gone = []
    for item, verdict in zip(items, verdicts, strict=True):
        if verdict.error is None or isinstance(verdict.error, Gone):
            gone.append(item)
        elif isinstance(verdict.error, StaleVersion):
            item.leave(State.EDITED_SINCE, "UNDO_EDITED_SINCE")
        elif isinstance(verdict.error, NoAnswer) or getattr(verdict.error, "retry", "") in ("L", "T"):
            raise verdict.error
        else:
            item.leave(State.CANNOT, verdict.error.code if isinstance(verdict.error, ConnectorError) else "")
    _forget_announced(ctx, side, items)
    _close_removed(ctx, side, gone)
    return gone


def _forget_announced(ctx: Context, side: Side, items: Sequence[UndoItem]) -> None:
    """Of these records, those that are left alone were not removed after all."""
    left = [item.link.pk for item in items if item.state in LEFT]
    lines = FieldChange.objects.filter(run=ctx.run, side=side.value, link__in=left, rule=Rule.UNDO_CREATED)
    with ctx.lease.transaction():
        lines.delete()


def _close_removed(ctx: Context, side: Side, items: Sequence[UndoItem]) -> None:
    """Flag the links as deleted at this side. Their twins never agreed with anything from now on (no memory), so that no policy
    deletes them, too."""
    moment, deltas = now(), Counter[str]()
    rows = [item.link for item in items]
    for row in rows:
        known = current(row, side.other)
        put(row, side, gone=True, now=None, expected=None)
        put(row, side.other, seen=None, now=known)
        row.dirty, row.next_try_at = 0, None
        row.code, row.side, row.field, row.detail = f"DELETED_IN_{side.upper()}", side.value, "", ""
        set_status(row, f"deleted_{side}", deltas, moment)
    with ctx.lease.transaction():
        store.update(rows, settling.COLUMNS)
        store.add_counts(ctx.sync.pk, deltas)


def _recreate(ctx: Context, items: Sequence[UndoItem]) -> int:
    """Make half links of records that the run removed: the run that follows creates them anew."""
    deltas: Counter[str] = Counter()
    for item in items:
        row, other = item.link, item.side.other
        forget(row, item.side)
        row.dirty, row.next_try_at, row.code = BIT[other], None, ""
        set_status(row, RecordStatus.PENDING, deltas)
    store.update([item.link for item in items], settling.COLUMNS)
    store.add_counts(ctx.sync.pk, deltas)
    return len(items)
