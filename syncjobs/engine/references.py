"""Associations: which records a record is linked to, kept equal by their differences.

A reference's value is a set of ids, and an id means nothing at the other side: each stands for its twin there
(``MappingRule.partners``). Only what was **added** or **removed** since the sides agreed goes across, so that links which people
made at one side to records that do not sync stay as they are.

An added record that has no twin yet **waits**: it is left out of the write, and the runner notes it, so that it counts as added
again when its twin comes. A field that can name one record only takes an added one in place of the old one; where both sides put in
another one, the winner's rule decides. Going blank crosses only with *clear values too*, as with any other field.
"""

from dataclasses import dataclass, field
from typing import Any

from integrations.records import Side
from syncjobs.engine.canonical import members
from syncjobs.engine.merge import UNKNOWN, Half, Outcome, Rule, before, echoed, winning_side
from syncjobs.engine.rules import End, MappingRule


@dataclass(slots=True)
class Delta:
    """What one side added and removed, as ids of the other side. ``waiting``: added ids (of this side) without a twin."""

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)


def translated(rule: MappingRule, value: Any, to: Side) -> tuple[list[str], set[str]]:
    """(ids at ``to``, ids of the other side that wait), for a record that is made there: one id where the field takes only one."""
    found = {id: rule.partners[to].get(id) for id in members(value)}
    ids = sorted(twin for twin in found.values() if twin)
    return (ids if rule.end(to).many else ids[:1]), {id for id, twin in found.items() if not twin}


def merge_references(rule: MappingRule, hub: Half, app: Half, *, clear_values: bool) -> Outcome:
    """Decide one association mapping of one pair."""
    halves = {Side.HUB: hub, Side.APP: app}
    now = {side: half.value(rule.end(side).field) for side, half in halves.items()}
    if any(value is UNKNOWN and halves[side].seen is None for side, value in now.items()):
        return Outcome()  # never overwrite what cannot be seen
    deltas = {side: _delta(rule, side, halves[side], now[side]) for side in Side}
    ways = [side for side in Side if rule.goes_to(side.other)]
    held = {to: members(before(halves[to], rule.end(to), now[to])) for to in Side}
    wrote = {to: _after(rule.end(to), held[to], deltas[to.other]) for to in Side if to.other in ways}
    if len(ways) == 2 and _collide(rule, deltas, now, wrote):
        if rule.winner == "ask":
            return Outcome(parked=True)
        del wrote[winning_side(rule, hub, app)]
    waits = [(side, id) for side in ways for id in sorted(deltas[side].waiting)]
    outcomes = [
        Outcome(write=to, value=sorted(ids) or None, rule=_why(rule, to, deltas))
        for to, ids in wrote.items()
        if ids != members(now[to]) and (ids or clear_values) and (ids or rule.end(to).clearable)
    ]
    drifted = [side for side, delta in deltas.items() if side not in ways and (delta.added or delta.removed)]
    first = outcomes[0] if outcomes else Outcome(drift=bool(drifted))
    first.extra, first.waits = outcomes[1:], waits
    return first


def _delta(rule: MappingRule, side: Side, half: Half, value: Any) -> Delta:
    """A field that was never agreed on, or that is mapped only since, has added all that it holds."""
    end, to = rule.end(side), side.other
    if half.now is None or end.field not in half.now or echoed(half, end):
        return Delta()
    before, after = members((half.seen or {}).get(end.field)), members(value)
    twins = rule.partners[to]
    return Delta(
        added={twins[id] for id in after - before if id in twins},
        removed={twins[id] for id in before - after if id in twins},
        waiting={id for id in after - before if id not in twins},
    )


def _after(end: End, held: set[str], delta: Delta) -> set[str]:
    """What the target holds once the delta has reached it."""
    if end.many:
        return (held - delta.removed) | delta.added
    if delta.added:
        return held & delta.added or {min(delta.added)}
    return held - delta.removed


def _collide(rule: MappingRule, deltas: dict[Side, Delta], now: dict[Side, Any], wrote: dict[Side, set[str]]) -> bool:
    """Whether both sides put another record into a field that takes one only."""
    if (rule.hub.many and rule.app.many) or not all(deltas[side].added for side in Side):
        return False
    return any(ids != members(now[to]) for to, ids in wrote.items())


def _why(rule: MappingRule, to: Side, deltas: dict[Side, Delta]) -> Rule:
    if rule.way != "both":
        return Rule.ONE_WAY
    if all(delta.added or delta.removed for delta in deltas.values()):
        return Rule.MERGED_SETS
    return Rule.HUB_CHANGED if to is Side.APP else Rule.APP_CHANGED
