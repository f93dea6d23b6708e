"""Phase *match*: half links that carry one identifier become pairs, strictly (see ``engine.matching``)."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from integrations.records import Side, moment_text
from syncjobs.engine.canonical import is_blank
from syncjobs.engine.matching import Candidate, Match, key_of, resolve
from syncjobs.engine.merge import Half, echo_of
from syncjobs.engine.plan import why_not
from syncjobs.models import RecordLink, RecordStatus, WriteIntent
from syncjobs.runner import others, parking, statements, store, weak
from syncjobs.runner.context import Context
from syncjobs.runner.ingest import set_aside
from syncjobs.runner.links import (
    AWAY,
    DUPLICATE,
    KEY_NAMES,
    LEFT_OUT,
    SHARED,
    current,
    day_of,
    get,
    is_left_out,
    label_of,
    put,
    set_status,
    side_columns,
    unanswered,
)

CHUNK = 500
Keys = tuple[int, tuple[str, str]]
KEPT = [*side_columns(Side.HUB), *side_columns(Side.APP), "status_since", "field", "side", "detail"]
MEMORY = ["hub_seen", "app_seen", "hub_expected", "app_expected"]
CARRIED = ["id", "alias", "now", "seen", "expected", "hash", "row_hash", "version", "modified_at", "created_at", "scan", "read_at",
           "gone", *KEY_NAMES]  # fmt: skip


def step(ctx: Context) -> bool:
    """Match one chunk of half links that changed; False when none is left."""
    phase = ctx.run.phases.setdefault("match", {})
    rows = _keys_of(ctx, "id > %s ORDER BY id LIMIT %s", phase.get("position", 0), CHUNK)
    if not rows:
        return False
    with ctx.lease.transaction():
        linked = parking.by_halves(ctx, rows, lambda part: _match(ctx, part), lambda row: _park(ctx, row[0]))
        ctx.run.counts["linked"] = ctx.run.counts.get("linked", 0) + linked
        phase["position"] = rows[-1][0]
        phase["done"] = phase.get("done", 0) + len(rows)
        statements.save(ctx.run, ["phases", "counts"])
    return True


def _match(ctx: Context, rows: Sequence[Keys]) -> int:
    """Match these half links by each identifier in turn; returns how many pairs were made."""
    left, linked = rows, 0
    met = _match_unanswered(ctx, [pk for pk, _ in rows])
    for number in range(len(ctx.rules.identifiers[:2])):
        if met or number:
            condition, pks = statements.among(pk for pk, _ in left)
            left = _keys_of(ctx, f"id {condition}", pks)
        linked += _match_by(ctx, number, {keys[number] for _, keys in left} - {""})
    return linked + sum(_match_by_others(ctx, side, [pk for pk, _ in rows]) for side in Side)


def match_late(ctx: Context, rows: Sequence[RecordLink]) -> bool:
    """Match those of ``rows`` that an earlier match left to a person: a resync may have brought them back after this run's match,
    and unmatched they would be made a second time. True when there were any: load the rows again before planning."""
    late = [row.pk for row in rows if row.code in LEFT_OUT and None in (row.hub_id, row.app_id)]
    if not late:
        return False
    condition, pks = statements.among(late)
    with ctx.lease.transaction():
        linked = _match(ctx, _keys_of(ctx, f"id {condition}", pks))
        ctx.run.counts["linked"] = ctx.run.counts.get("linked", 0) + linked
        statements.save(ctx.run, ["counts"])
    return True


def _park(ctx: Context, pk: int) -> int:
    for row in store.rows(RecordLink.objects.filter(pk=pk)):
        set_aside(ctx, row, Counter(), "hub" if row.hub_id else "app")
    return 0


def _keys_of(ctx: Context, condition: str, *parameters: Any) -> list[Keys]:
    """(pk, its two keys) of half links: most of them have no twin, and need not be loaded to find that out."""
    found = statements.select(
        "SELECT id, hub_id, hub_key, hub_key2, app_key, app_key2 FROM syncjobs_recordlink"
        f" WHERE sync_id = %s AND dirty > 0 AND (hub_id IS NULL OR app_id IS NULL) AND {condition}",
        ctx.sync.pk, *parameters,
    )  # fmt: skip
    return [(pk, (key, key2) if hub_id else (app_key, app_key2)) for pk, hub_id, key, key2, app_key, app_key2 in found]


def _match_unanswered(ctx: Context, half: Sequence[int]) -> bool:
    """Records that nothing identifies and whose every value is what a create without an answer sent are ours, and must not be
    copied back. Whether there were any."""
    sent = WriteIntent.objects.filter(sync=ctx.sync, state=WriteIntent.State.SENT).select_related("link")
    lost: dict[Side, list[WriteIntent]] = defaultdict(list)
    strong = [each for each in ctx.rules.identifiers if each.strong][:1]
    for intent in sent:
        side = Side(intent.side)
        if get(intent.link, side, "id") is None and not any(key_of(intent.payload, one, side) for one in strong):
            lost[side].append(intent)
    if not lost:
        return False
    rows = store.numbered(half)
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
    if not sent:  # of a record without any value, one without any came
        return all(is_blank(value) for value in current.values())
    return all(echo_of(value, current.get(name), types[name]) for name, value in sent.items())


def _match_by(ctx: Context, number: int, keys: set[str]) -> int:
    """Match the half links with these keys by the n-th identifier; returns how many pairs were made."""
    name = KEY_NAMES[number]
    strong = ctx.rules.identifiers[number].strong
    decided = _decided(ctx, name, keys, strong)
    matches = [match for match, _ in decided]
    concerned = {
        pk for m in matches for pk in (*m.excluded, *m.review, *(m.pair or ()), *(c.row for c in m.heir or ()))
    }
    by_pk = {row.pk: row for row in store.numbered(concerned)}
    deltas: Counter[str] = Counter()
    moment = now()
    for shared, code in ((False, DUPLICATE), (True, SHARED)):
        losers = [by_pk[pk] for m in matches if m.shared is shared for pk in m.excluded]
        _mark(losers, RecordStatus.EXCLUDED, code, deltas, moment)
    _mark([by_pk[pk] for m in matches for pk in m.review], RecordStatus.REVIEW, "AMBIGUOUS_MATCH", deltas, moment)
    asked = [by_pk[pk] for match, sure in decided if match.pair and not sure for pk in match.pair]
    _mark(asked, RecordStatus.REVIEW, weak.CODE, deltas, moment)
    for side in Side:
        heirs = [(m.heir, SHARED if m.shared else DUPLICATE) for m in matches if m.heir and m.heir[1].side is side]
        _succeed(ctx, side, [(by_pk[old.row], by_pk[new.row], code) for (old, new), code in heirs], deltas, moment)
    pairs = [(by_pk[match.pair[0]], by_pk[match.pair[1]]) for match, sure in decided if match.pair and sure]
    _pair(ctx, pairs, deltas)
    return len(pairs)


def _pair(ctx: Context, pairs: Sequence[tuple[RecordLink, RecordLink]], deltas: Counter[str]) -> None:
    """Join the two halves (hub, app) of each pair."""
    # A link whose hub record was deleted takes the one that was made in its place, and keeps its own history.
    bereft = [(app, hub) for hub, app in pairs if app.hub_gone]
    join(ctx, [pair for pair in pairs if not pair[1].hub_gone], Side.APP, deltas)
    join(ctx, bereft, Side.HUB, deltas)
    store.add_counts(ctx.sync.pk, deltas)


def _match_by_others(ctx: Context, side: Side, half: Sequence[int]) -> int:
    """Match those that are left by the further addresses of records at ``side``: only two that are alone with one, and have no
    twin. What several share (a family, an office) tells nobody apart, and then each goes its own way. Whoever shares the first
    address with somebody is not for this match, wherever the other is: the order of chunks decides nothing."""
    number = others.place(ctx, side)
    if number is None:
        return 0
    condition, pks = statements.among(half)
    left = _keys_of(ctx, f"id {condition}", pks)
    keys = {own[number] for _, own in left} - {""}
    asked = others.of_links(ctx, side, [pk for pk, _ in left]) | others.holders(ctx, side, keys)
    if not asked:
        return 0
    name = KEY_NAMES[number]
    first = statements.links(f"{side}_{name}", ctx.sync.pk, f"{side}_id", asked)
    keys |= {key for told in asked.values() for key in told} | {key for (key,) in first if key}
    groups: dict[str, dict[int, Candidate]] = defaultdict(dict)
    for of in Side:
        for key, _, candidate in _candidates(ctx, of, f"{of}_{name}", keys):
            groups[key][candidate.row] = candidate
    crowded = {row for group in groups.values() if len(group) > 1 for row in group}
    holders = others.holders(ctx, side, keys)
    for id, _, candidate in _candidates(ctx, side, f"{side}_id", set(holders)):
        for key in holders[id]:
            groups[key][candidate.row] = candidate
    rows = _alone(groups.values(), crowded)
    by_pk = {row.pk: row for row in store.numbered(pk for pair in rows for pk in pair.values())}
    pairs = [{of: by_pk[pk] for of, pk in pair.items()} for pair in rows]
    # Of those that are left out a person decides, or another one syncs. Of those not asked for there may be more to know.
    pairs = [p for p in pairs if not any(is_left_out(row) for row in p.values()) and get(p[side], side, "id") in asked]
    _pair(ctx, [(pair[Side.HUB], pair[Side.APP]) for pair in pairs], Counter())
    return len(pairs)


def _alone(groups: Iterable[Mapping[int, Candidate]], crowded: Set[int]) -> list[dict[Side, int]]:
    """The pairs among these groups of records (by link) that nothing else could be part of."""
    met = [list(group.values()) for group in groups]
    met = [found for found in met if _is_pair(found) and not any(one.linked for one in found)]
    times = Counter(one.row for found in met for one in found)
    return [
        {one.side: one.row for one in found}
        for found in met
        if all(times[one.row] == 1 and one.row not in crowded for one in found)
    ]


def _decided(ctx: Context, name: str, keys: set[str], strong: bool) -> list[tuple[Match, bool]]:
    """What becomes of the records with each of these keys, and whether their pair is sure."""
    groups: dict[str, list[Candidate]] = defaultdict(list)
    ids: dict[tuple[int, Side], str] = {}
    for side in Side:
        for key, id, candidate in _candidates(ctx, side, f"{side}_{name}", keys):
            groups[key].append(candidate)
            ids[candidate.row, side] = id
    together = [candidates for candidates in groups.values() if len(candidates) > 1]
    together = _compared(ctx, [c for c in together if not _is_pair(c)], strong) + [c for c in together if _is_pair(c)]
    told = None if strong else weak.Told(ctx.sync, ids)
    decided = [
        told.decide(found, ctx.rules.duplicates) if told else (resolve(found, ctx.rules.duplicates), True)
        for found in together
    ]
    for (match, _), found in zip(decided, together, strict=True):
        match.shared = any(len({c.name for c in found if c.side is side}) > 1 for side in Side)
    return decided


def _candidates(ctx: Context, side: Side, name: str, keys: set[str]) -> Iterator[tuple[str, str, Candidate]]:
    """(key, id there, record) of one side with one of these keys, whether they have a twin or not."""
    columns = f"id, {name}, {side}_id, {side.other}_id, {side.other}_gone"
    # Not "" says nothing new, but is the condition of the index: without it every link is looked at.
    more = f" AND NOT ({name} = '') AND {side}_id IS NOT NULL AND NOT {side}_gone AND code <> 'MERGED_AWAY'"
    found = statements.links(columns, ctx.sync.pk, name, keys, more)
    for pk, key, id, twin, bereft in found:
        yield key, id, Candidate(pk, side, twin is not None and not bereft)


def _is_pair(candidates: Sequence[Candidate]) -> bool:
    """One of each side: there is nothing to choose."""
    return {c.side for c in candidates} == set(Side) and len(candidates) == 2


def _compared(ctx: Context, groups: Sequence[Sequence[Candidate]], strong: bool) -> list[list[Candidate]]:
    """The same with what one of several is chosen by; loaded only there, since that takes long."""
    rows = {row.id: row for row in store.numbered({c.row for group in groups for c in group})}
    moment = now()
    return [[_with_order(ctx, rows[c.row], c, strong, moment) for c in group] for group in groups]


def _with_order(ctx: Context, row: RecordLink, c: Candidate, strong: bool, moment: datetime) -> Candidate:
    """Of two with a weak identifier in common none takes the other's place by itself: they need not be one."""
    values, newest_by = current(row, c.side), ctx.end(c.side).abilities.newest_by
    half = Half(created_at=get(row, c.side, "created_at"), modified_at=get(row, c.side, "modified_at"))
    made, edited = (moment_text(at) if at else "" for at in (half.created_at, half.modified_at))
    since, id = day_of(ctx, c.side, row), get(row, c.side, "id")
    return replace(
        c,
        name="".join(unicodedata.normalize("NFKC", label_of(ctx, c.side, values)).casefold().split()),
        crosses=row.code != "LEFT_FILTER" if c.linked else why_not(c.side, half, values, ctx.rules, moment) is None,
        since=since if strong and newest_by in values else None,
        order=(since, made, edited, id) if newest_by else (edited or made, id),
    )


def _mark(rows: list[RecordLink], status: str, code: str, deltas: Counter[str], moment: datetime) -> None:
    """Leave these out. What a create without an answer may have made for one of them is looked up first: it stays changed."""
    sent = set(unanswered(row.pk for row in rows).values_list("link_id", flat=True)) if rows else set()
    for row in rows:
        set_status(row, status, deltas, moment)
        row.code, row.side = code, "hub" if row.hub_id else "app"
        row.dirty = row.dirty if row.pk in sent else 0
    store.update(rows, ["status", "code", "side", "dirty", "status_since"])


def join(ctx: Context, pairs: Sequence[tuple[RecordLink, RecordLink]], side: Side, deltas: Counter[str]) -> None:
    """Move the half at ``side`` of each pair's second link into the first and drop the second. Both halves are planned again."""
    if not pairs:
        return
    intents = {i.link_id: i for i in unanswered(row.pk for pair in pairs for row in pair)}
    for keep, other in pairs:
        put(keep, side, **{name: get(other, side, name) for name in CARRIED})
        keep.dirty, keep.next_try_at = 3, None
        if keep.code not in AWAY:  # what an unanswered create made is the twin of a record that lives on elsewhere
            keep.code = keep.field = keep.side = keep.detail = ""
        set_status(keep, RecordStatus.PENDING, deltas)
        deltas[other.status] -= 1
        for intent in (intents.get(keep.pk), intents.get(other.pk)):
            if intent:
                credit(ctx, keep, intent)
    with statements.together():
        store.remove(other.id for _, other in pairs)
        if intents:  # a create whose answer was lost has found its record here
            for of in Side:
                store.close_intents(of, [keep.id for keep, _ in pairs], WriteIntent.State.DONE)
        store.update([keep for keep, _ in pairs], [*KEPT, *MEMORY, "next_try_at"])


def _succeed(
    ctx: Context,
    side: Side,
    heirs: Sequence[tuple[RecordLink, RecordLink, str]],
    deltas: Counter[str],
    moment: datetime,
) -> None:
    """Each second record takes the place of the first at ``side``, which is excluded with this code. To the other side it is one
    record that was edited."""
    losers = []
    for old, new, code in heirs:
        loser = store.fresh(ctx.sync.pk, moment)
        half = {name: get(old, side, name) for name in CARRIED}
        put(loser, side, **{**half, "now": current(old, side), "seen": None, "expected": None})
        loser.label, loser.status, loser.code, loser.side = old.label, RecordStatus.EXCLUDED, code, side.value
        old.label = new.label
        put(new, side, seen=get(old, side, "seen"))
        losers.append(loser)
    join(ctx, [(old, new) for old, new, _ in heirs], side, deltas)
    store.insert(losers, [*side_columns(side), "side", "sync_id", "created_at", "status_since"])
    deltas[RecordStatus.EXCLUDED] += len(losers)


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
