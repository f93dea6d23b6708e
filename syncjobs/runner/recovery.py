"""Writes whose answer never came. Nothing is repeated blindly: the app is asked first what it has.

*Update*: the record is read. Old value → it did not land; the sent value (as the app stores it) → our own echo; anything else →
somebody's change. The engine decides all three from ``expected``.
*Create*: the record is looked up by its identifier. Found → adopted. Not found → wait out twice the app's visibility lag, look
again, then send once more **with the same key**. Nothing to search by → sent once more, too, where the app knows a create by its
key; else a person decides (``syncjobs/services/unconfirmed.py``).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.utils.timezone import now

from integrations.connectors.base import ListsChanges
from integrations.errors import CursorExpired
from integrations.records import Ref, RemoteRecord, Side, Values
from syncjobs.engine.matching import key_of
from syncjobs.engine.plan import Plan
from syncjobs.engine.rules import Identifier
from syncjobs.models import RecordLink, WriteIntent
from syncjobs.runner import statements, store
from syncjobs.runner.context import Context
from syncjobs.runner.inbox import CALLS_A_STEP, read_all, read_by_id
from syncjobs.runner.ingest import ingest, ingest_missing
from syncjobs.runner.lease import REQUEST_SECONDS
from syncjobs.runner.links import current, find_links, get, is_left_out, put, unanswered
from syncjobs.runner.pairing import MEMORY, credit, join

if TYPE_CHECKING:
    from syncjobs.runner.work import Work

LEAST_WAIT = timedelta(seconds=4)
MOST_NEWS = 500  # records that are read before a batch of creates; after an import of more, the app had better search


def wait_for(ctx: Context, side: Side, row: RecordLink) -> timedelta:
    """How long an unanswered create waits until "not found" can be believed. Where nobody has seen that its answer is lost
    (``attempts`` count from when it was sent), the worker that sent it may be waiting for it still: its run was stopped, and
    another one has begun."""
    return longest_wait(ctx, side) if not row.attempts else max(LEAST_WAIT, _shown(ctx, side))


def longest_wait(ctx: Context, side: Side) -> timedelta:
    return max(timedelta(seconds=REQUEST_SECONDS), _shown(ctx, side))


def _shown(ctx: Context, side: Side) -> timedelta:
    return timedelta(seconds=2 * ctx.end(side).abilities.visibility_lag)


def within_reach(ctx: Context, rows: list[RecordLink]) -> list[RecordLink]:
    """As many of these rows as can be read in a step where an app shows one record a call. The others wait for the next step: were
    a step given up in the middle, the next one would begin again with the records that this one has read, and never end."""
    for side in Side:
        able = ctx.end(side).abilities
        most = max(1, able.read_batch * CALLS_A_STEP // able.read_calls)
        doubtful = [place for place, row in enumerate(rows) if _is_unsure(side, row) or _is_stale(ctx, side, row)]
        if len(doubtful) > most:
            rows = rows[: doubtful[most]]
    return rows


def _is_unsure(side: Side, row: RecordLink) -> bool:
    return get(row, side, "expected") is not None and get(row, side, "id") is not None


def strong_of(ctx: Context) -> Identifier | None:
    """What a record that we may have made is looked up by. Never a weak identifier: another company may have this name."""
    return next((each for each in ctx.rules.identifiers if each.strong), None)


def recover(ctx: Context, rows: Sequence[RecordLink]) -> bool:
    """Find out about these rows' unanswered writes. True when anything was read: load the rows again before planning."""
    asked = False
    intents = {i.link_id: i for i in unanswered(row.pk for row in rows)}
    for side in Side:
        asked |= _reread(ctx, side, [row for row in rows if _is_unsure(side, row)])
        open_rows = [
            row for row in rows if row.pk in intents and intents[row.pk].side == side and not get(row, side, "id")
        ]
        told = [row for row in open_rows if intents[row.pk].found_id]
        asked |= _take_at_word(ctx, side, told, intents)
        asked |= _look_up(ctx, side, [row for row in open_rows if row not in told], intents)
    return asked


def reread_stale(ctx: Context, side: Side, rows: Sequence[RecordLink]) -> bool:
    """Read before write, for apps whose polls do not show every field: a person's edit there must not be overwritten unseen."""
    return _reread(ctx, side, [row for row in rows if _is_stale(ctx, side, row)])


def _is_stale(ctx: Context, side: Side, row: RecordLink) -> bool:
    able = ctx.end(side).abilities
    if able.change_feed or not able.partial_scan or None in (row.hub_id, row.app_id) or get(row, side, "seen") is None:
        return False
    read_at = get(row, side, "read_at")
    return read_at is None or read_at < now() - timedelta(seconds=able.poll_seconds)


def _batches(ctx: Context, side: Side, rows: Sequence[RecordLink]) -> Iterator[Sequence[RecordLink]]:
    """The app's read batches."""
    size = ctx.end(side).abilities.read_batch
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _reread(ctx: Context, side: Side, rows: Sequence[RecordLink]) -> bool:
    for part in _batches(ctx, side, rows):
        refs = [Ref(get(row, side, "id"), current(row, side)) for row in part]
        answer = read_by_id(ctx, side, refs)
        with ctx.lease.transaction():
            ingest(ctx, side, list(answer.records.values()))
            ingest_missing(ctx, side, answer)
    return bool(rows)


def _take_at_word(ctx: Context, side: Side, rows: Sequence[RecordLink], intents: dict[int, WriteIntent]) -> bool:
    """A person named the record that a create without an answer made. If it is gone or another's by now, they are asked again."""
    for part in _batches(ctx, side, rows):
        named = {intents[row.pk].found_id: row for row in part}
        answer = read_by_id(ctx, side, [Ref(id, intents[row.pk].payload) for id, row in named.items()])
        with ctx.lease.transaction():
            for id, record in answer.records.items():
                adopt(ctx, side, named[id], record, intents[named[id].pk])
            WriteIntent.objects.filter(pk__in=[intents[row.pk].pk for row in part]).update(found_id="")
    return bool(rows)


def _look_up(ctx: Context, side: Side, rows: Sequence[RecordLink], intents: dict[int, WriteIntent]) -> bool:
    if not rows or strong_of(ctx) is None:
        return False
    for part in _batches(ctx, side, rows):
        _look_up_batch(ctx, side, {row.pk: row for row in part}, intents)
    return True


def _look_up_batch(ctx: Context, side: Side, rows: dict[int, RecordLink], intents: dict[int, WriteIntent]) -> None:
    identifier = strong_of(ctx)
    assert identifier is not None
    field = identifier.end(side).field
    by_key: dict[str, RecordLink] = {}
    for pk, row in rows.items():
        if key := key_of(intents[pk].payload, identifier, side):
            by_key.setdefault(key, row)
    if not by_key:
        return
    values = [str(intents[row.pk].payload[field]) for row in by_key.values()]
    found = _look_for(ctx, side, field, values)
    with ctx.lease.transaction():
        for record in found:
            waiting = by_key.get(key_of(record.values, identifier, side))
            # Several can have this identifier, and some may be others' twins: the first free one is ours.
            if waiting is not None and adopt(ctx, side, waiting, record, intents[waiting.pk]):
                del by_key[key_of(record.values, identifier, side)]


def adopt(ctx: Context, side: Side, row: RecordLink, record: RemoteRecord, intent: WriteIntent | None = None) -> bool:
    """Make ``record`` the counterpart of ``row``: what our unanswered ``intent`` made, or a stranger. False when another pair has
    it already."""
    other = find_links(ctx.sync.pk, side, [record.id, *record.aliases]).get(record.id)
    if other is not None and other.pk != row.pk:
        if get(other, side.other, "id"):
            return False
        deltas: Counter[str] = Counter()
        ingest(ctx, side, [record])
        other.refresh_from_db()
        join(ctx, [(row, other)], side, deltas)
        store.add_counts(ctx.sync.pk, deltas)
        return True
    put(row, side, id=record.id, alias=next(iter(record.aliases), None))
    RecordLink.objects.filter(pk=row.pk).update(**{f"{side}_id": record.id, f"{side}_alias": get(row, side, "alias")})
    ingest(ctx, side, [record], force=True)
    if intent is not None:
        row.refresh_from_db()
        credit(ctx, row, intent)
        store.update([row], MEMORY)
        WriteIntent.objects.filter(pk=intent.pk).update(state=WriteIntent.State.DONE)
    return True


def not_there_yet(ctx: Context, side: Side, work: "Sequence[Work]") -> "list[Work]":
    """Where a create could double or silently update a record that we do not know (one outside the chosen lists, or one that a
    person made since this side was read), look for it first: what is found is linked and merged by the rules of a first meeting.
    An app that refuses a second record with this identifier needs no look. Returns the work that may be created."""
    met = set()
    for w, record in there_already(ctx, side, work):
        if w.row.pk not in met:
            with ctx.lease.transaction():
                if adopt(ctx, side, w.row, record):
                    met.add(w.row.pk)
    return [w for w in work if w.row.pk not in met]


def there_already(ctx: Context, side: Side, work: "Sequence[Work]") -> "Iterator[tuple[Work, RemoteRecord]]":
    """What these creates would double or overwrite, in one call; one can meet several. Nothing where no look is needed."""
    field, key = _identity(ctx, side)
    wanted = {found: w for w in work if field and (found := key(w.plan.writes[side]))}
    if not wanted:
        return
    for record in _look_for(ctx, side, field, [str(w.plan.writes[side][field]) for w in wanted.values()]):
        met = (key(record.values), *(key({field: other}) for other in record.also))
        if one := next((one for one in met if one in wanted), None):
            yield wanted[one], record


def _look_for(ctx: Context, side: Side, field: str, values: Sequence[str]) -> list[RemoteRecord]:
    """All records with one of these values that could have no twin yet, and perhaps others."""
    news, end = _unpaired_news(ctx, side), ctx.end(side)
    return end.connector.find(end.kind, field, values, fields=end.fields) if news is None else news


def _unpaired_news(ctx: Context, side: Side) -> list[RemoteRecord] | None:
    """All that a create could meet, or could have made, where the app lists its changes at once: what is outside the chosen lists
    or changed since this side was read, and has no twin. The rest has been read, and matched.

    None where that is not so (the place where reading stopped is forgotten, or a record could not be taken in, so that nobody knows
    what identifies it) or where it is too much. None, too, where the app does not know creates by our key: one without an answer
    may have been read, and left unmatched, since."""
    end, cursor = ctx.end(side), ctx.cursors[side].cursor
    able = end.abilities
    if not (able.lists_changes and able.idempotent_creates) or cursor is None or ctx.parked[side]:
        return None
    try:
        listed = cast(ListsChanges, end.connector).changed(end.kind, cursor=cursor, scope=end.scope)
    except CursorExpired:
        return None
    columns = f"{side}_id, {side}_version, {side.other}_id"
    known = statements.links(columns, ctx.sync.pk, f"{side}_id", listed)
    settled = {id for id, version, twin in known if twin or (version and version == listed[id])}
    news = sorted(listed.keys() - settled)
    return list(read_all(ctx, side, news).values()) if len(news) <= MOST_NEWS else None


def _identity(ctx: Context, side: Side) -> tuple[str, Callable[[Values], str]]:
    """(the field by which a create has to be looked for at this side, how its values compare); "" where it need not be."""
    end = ctx.end(side)
    if name := end.abilities.create_upserts_by:
        return name, lambda values: str(values.get(name) or "").casefold()
    strong = strong_of(ctx)
    if strong is None or strong.end(side).field in end.unique:
        return "", lambda values: ""
    return strong.end(side).field, lambda values: key_of(values, strong, side)


def keep_unanswered(ctx: Context, work: "Sequence[Work]") -> None:
    """What an unanswered create made may still come to light, and its link must be there to look for it, whatever has become of the
    record that it was made for (deleted, merged away, left out): else it would pass for a new record, and be copied back."""
    halves = {
        w.row.id: w for w in work if None in (w.row.hub_id, w.row.app_id) and (not w.plan.create or is_left_out(w.row))
    }
    for intent in unanswered(halves) if halves else ():
        w = halves[intent.link_id]
        due = intent.sent_at + wait_for(ctx, Side(intent.side), w.row)
        if due > now():
            w.plan, w.again, w.row.next_try_at = Plan(), True, due
        elif w.plan.create:
            w.plan = Plan(w.row.status, w.row.code, side=w.plan.create.other)


def may_resend(ctx: Context, row: RecordLink, side: Side, intent: WriteIntent) -> bool:
    """Whether an unanswered create has waited long enough and makes no second record when it is sent again."""
    return will_resend(ctx, side, intent) and intent.sent_at + wait_for(ctx, side, row) <= now()


def will_resend(ctx: Context, side: Side, intent: WriteIntent) -> bool:
    """Whether it is sent again by itself: it can be found by its identifier, or the app knows it by its key."""
    identifier = strong_of(ctx)
    searchable = identifier is not None and key_of(intent.payload, identifier, side) != ""
    return searchable or ctx.end(side).abilities.idempotent_creates
