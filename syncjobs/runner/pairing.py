"""Phase *match*: half links that carry one identifier become pairs, strictly (see ``engine.matching``)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.timezone import now

from integrations.records import Side
from syncjobs.engine.matching import Candidate, key_of, resolve
from syncjobs.engine.merge import echo_of
from syncjobs.models import RecordLink, RecordStatus, WriteIntent
from syncjobs.runner import store
from syncjobs.runner.context import Context
from syncjobs.runner.ingest import get, put, set_status, side_columns

CHUNK = 500
KEPT = [*side_columns(Side.HUB), *side_columns(Side.APP), "status_since", "field", "side", "detail"]
MEMORY = ["hub_seen", "app_seen", "hub_expected", "app_expected"]
CARRIED = ["id", "alias", "now", "seen", "expected", "hash", "row_hash", "version", "modified_at", "created_at", "scan", "read_at",
           "gone", "key", "key2"]  # fmt: skip


def step(ctx: Context) -> bool:
    """Match one chunk of half links that changed; False when none is left."""
    phase = ctx.run.phases.setdefault("match", {})
    half = Q(hub_id=None) | Q(app_id=None)
    rows = list(
        RecordLink.objects.filter(half, sync=ctx.sync, dirty__gt=0, pk__gt=phase.get("position", 0)).order_by("pk")[
            :CHUNK
        ]
    )
    if not rows:
        return False
    with ctx.lease.transaction():
        left = rows
        if _match_unanswered(ctx, rows):
            left = list(RecordLink.objects.filter(half, pk__in=[row.pk for row in rows], dirty__gt=0))
        for number in range(len(ctx.rules.identifiers[:2])):
            linked = _match_by(ctx, number, left)
            ctx.run.counts["linked"] = ctx.run.counts.get("linked", 0) + linked
            left = list(RecordLink.objects.filter(half, pk__in=[row.pk for row in left], dirty__gt=0))
        phase["position"] = rows[-1].pk
        phase["done"] = phase.get("done", 0) + len(rows)
        ctx.run.save(update_fields=["phases", "counts"])
    return True


def _match_unanswered(ctx: Context, rows: Iterable[RecordLink]) -> bool:
    """Records that nothing identifies and whose every value is what a create without an answer sent are ours, and must not be
    copied back. Whether there were any."""
    sent = WriteIntent.objects.filter(sync=ctx.sync, state=WriteIntent.State.SENT).select_related("link")
    lost: dict[Side, list[WriteIntent]] = defaultdict(list)
    first = ctx.rules.identifiers[:1]
    for intent in sent:
        side = Side(intent.side)
        if get(intent.link, side, "id") is None and not any(key_of(intent.payload, one, side) for one in first):
            lost[side].append(intent)
    deltas: Counter[str] = Counter()
    n = 0
    for side, intents in lost.items():
        pairs = []
        for row in rows:
            if get(row, side, "id") and not get(row, side.other, "id"):
                found = next((intent for intent in intents if _made_by(ctx, side, row, intent)), None)
                if found:
                    intents.remove(found)
                    pairs.append((found.link, row))
        n += len(pairs)
        join(ctx, pairs, side, deltas)
    store.add_counts(ctx.sync.pk, deltas)
    return n > 0


def _made_by(ctx: Context, side: Side, row: RecordLink, intent: WriteIntent) -> bool:
    current, types = get(row, side, "now") or {}, ctx.end(side).types
    sent = {name: value for name, value in intent.payload.items() if name in types}
    return bool(sent) and all(echo_of(value, current.get(name), types[name]) for name, value in sent.items())


def _match_by(ctx: Context, number: int, rows: Iterable[RecordLink]) -> int:
    """Match these half links by the n-th identifier; returns how many pairs were made."""
    name = "key" if number == 0 else "key2"
    strong = ctx.rules.identifiers[number].strong
    keys = {key for row in rows for side in Side if get(row, side, "id") and (key := get(row, side, name))}
    found = RecordLink.objects.filter(sync=ctx.sync).exclude(code="MERGED_AWAY")
    by_pk = {row.pk: row for side in Side for row in found.filter(**{f"{side}_{name}__in": keys})}
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for row in by_pk.values():
        for side in Side:
            if get(row, side, "id") and not get(row, side, "gone") and get(row, side, name) in keys:
                linked = bool(row.hub_id and row.app_id) and not (row.hub_gone or row.app_gone)
                candidate = Candidate(row.pk, side, linked, get(row, side, "modified_at"), get(row, side, "created_at"))
                groups[get(row, side, name)].append(candidate)
    deltas: Counter[str] = Counter()
    matches = [resolve(candidates, ctx.rules.duplicates) for candidates in groups.values() if len(candidates) > 1]
    moment = now()
    _mark(
        [by_pk[pk] for m in matches for pk in m.excluded], RecordStatus.EXCLUDED, "DUPLICATE_IN_SOURCE", deltas, moment
    )
    _mark([by_pk[pk] for m in matches for pk in m.review], RecordStatus.REVIEW, "AMBIGUOUS_MATCH", deltas, moment)
    pairs = [(by_pk[m.pair[0]], by_pk[m.pair[1]]) for m in matches if m.pair]
    if strong:
        # A link whose hub record was deleted takes the one that was made in its place, and keeps its own history.
        bereft = [(app, hub) for hub, app in pairs if app.hub_gone]
        join(ctx, [pair for pair in pairs if not pair[1].hub_gone], Side.APP, deltas)
        join(ctx, bereft, Side.HUB, deltas)
    else:
        _mark([row for pair in pairs for row in pair], RecordStatus.REVIEW, "WEAK_MATCH", deltas, moment)
    store.add_counts(ctx.sync.pk, deltas)
    return len(pairs) if strong else 0


def _mark(rows: list[RecordLink], status: str, code: str, deltas: Counter[str], moment: datetime) -> None:
    for row in rows:
        set_status(row, status, deltas, moment)
        row.code, row.side, row.dirty = code, "hub" if row.hub_id else "app", 0
    store.update(rows, ["status", "code", "side", "dirty", "status_since"])


def join(ctx: Context, pairs: Sequence[tuple[RecordLink, RecordLink]], side: Side, deltas: Counter[str]) -> None:
    """Move the half at ``side`` of each pair's second link into the first and drop the second. Both halves are planned again."""
    rows = [row for pair in pairs for row in pair]
    intents = {i.link_id: i for i in WriteIntent.objects.filter(link__in=rows, state=WriteIntent.State.SENT)}
    for keep, other in pairs:
        put(keep, side, **{name: get(other, side, name) for name in CARRIED})
        keep.dirty, keep.next_try_at = 3, None
        keep.code = keep.field = keep.side = keep.detail = ""
        set_status(keep, RecordStatus.PENDING, deltas)
        deltas[other.status] -= 1
        for intent in (intents.get(keep.pk), intents.get(other.pk)):
            if intent:
                credit(ctx, keep, intent)
    RecordLink.objects.filter(pk__in=[other.pk for _, other in pairs]).delete()
    # A create whose answer was lost has found its record here.
    WriteIntent.objects.filter(link__in=[keep for keep, _ in pairs], state=WriteIntent.State.SENT).update(
        state=WriteIntent.State.DONE
    )
    store.update([keep for keep, _ in pairs], [*KEPT, *MEMORY, "next_try_at"])


def credit(ctx: Context, row: RecordLink, intent: WriteIntent) -> None:
    """A create whose answer was lost has found its record. What is there of what we sent is agreed, as if the answer had come:
    a value that the app cut or rewrote must not pass for somebody's, and be sent back over the original."""
    side, agreed, origins = Side(intent.side), {}, {}
    current = get(row, side, "now") or {}
    for rule in ctx.rules.mappings:
        end, name, origin = rule.end(side), rule.end(side).field, rule.end(side.other).field
        known = name in intent.payload and name in current and origin in intent.source
        if known and echo_of(intent.payload[name], current[name], end.type):
            agreed[name], origins[origin] = current[name], intent.source[origin]
    if agreed:
        put(row, side, seen={**(get(row, side, "seen") or {}), **agreed})
        put(row, side.other, seen={**(get(row, side.other, "seen") or {}), **origins})
