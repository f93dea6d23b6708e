"""One field of one pair: who changed it, what is written where, what loses.

=========== =========== ================================== ========================== ==========================
hub changed app changed both ways                          only to the app            only to the hub
=========== =========== ================================== ========================== ==========================
no          no          nothing                            nothing                    nothing
yes         no          write app                          write app                  nothing (drift)
no          yes         write hub                          nothing (drift)            write hub
yes         yes, equal  both memories set                  the same                   the same
yes         yes, other  the winner's rule; loser in ledger write app, loser in ledger write hub, loser in ledger
first meeting           a blank takes the other's value;   write app unless hub blank write hub unless app blank
                        both filled: the winner's rule
=========== =========== ================================== ========================== ==========================

A blank never erases unless *clear values too* is on: going blank is then no change at all. Associations are merged by
``references``.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from integrations.records import FieldType, Side, Value, Values
from syncjobs.engine.canonical import equal, form, is_blank, members
from syncjobs.engine.rules import End, MappingRule
from syncjobs.engine.transforms import ConversionFailed, convert, stranger

UNKNOWN: Any = object()


class Rule(StrEnum):
    """Why a value was written; kept in the ledger, put into words by ``syncjobs/health/catalogue.py``."""

    HUB_CHANGED = "hub_changed"
    APP_CHANGED = "app_changed"
    FILLED_BLANK = "filled_blank"
    WINNER_HUB = "winner_hub"
    WINNER_APP = "winner_app"
    MOST_RECENT = "most_recent"
    ONE_WAY = "one_way"
    MERGED_SETS = "merged_sets"
    CONSTANT = "constant"
    DELETED = "deleted"
    UNDO = "undo"
    UNDO_CREATED = "undo_created"


@dataclass(slots=True)
class Half:
    """One side of a pair as the engine sees it."""

    now: Values | None = None  # read since the last agreement
    seen: Values | None = None  # as last seen when the two agreed
    expected: Values | None = None  # sent there, outcome unknown
    modified_at: datetime | None = None
    created_at: datetime | None = None
    exists: bool = False
    gone: bool = False
    away: str = ""  # why it is gone without having been deleted: it was merged into, or converted to, another record

    def value(self, name: str) -> Any:
        """The current value, or UNKNOWN."""
        if self.now is not None and name in self.now:
            return self.now[name]
        return self.seen.get(name, UNKNOWN) if self.seen is not None else UNKNOWN


@dataclass(slots=True)
class Outcome:
    """What to do with one mapping. ``write`` None: nothing is written and both memories take the current values."""

    write: Side | None = None
    value: Value = None
    rule: Rule | None = None
    loser: Value = None
    parked: bool = False  # *ask me*: the field waits, its memory stays old
    problem: ConversionFailed | None = None
    note: str = ""
    drift: bool = False
    extra: list["Outcome"] = field(default_factory=list)  # a second write, at the other side (merged sets)
    waits: list[tuple[Side, str]] = field(default_factory=list)  # (side, id there) of records that have no twin yet


def echo_of(sent: Value, got: Value, kind: FieldType) -> bool:
    """Whether ``got`` is what we sent, as an app may have stored it: equal, other case, or cut to a length.

    A cut value must not be taken for a person's edit: it would travel back and destroy the original.
    """
    if equal(sent, got, kind):
        return True
    one, two = form(sent, kind), form(got, kind)
    if not (isinstance(one, str) and isinstance(two, str)):
        return False
    return one.casefold() == two.casefold() or (len(two) >= 10 and one.startswith(two))


def echoed(half: Half, end: End) -> bool:
    """Whether the value read is that of our own write, whose answer never came."""
    if not half.expected or end.field not in half.expected or half.now is None or end.field not in half.now:
        return False
    return echo_of(half.expected[end.field], half.now[end.field], end.type)


def changed(half: Half, end: End) -> bool:
    if half.now is None or end.field not in half.now:
        return False
    if echoed(half, end) and end.type is not FieldType.MULTI:
        return False  # a set that we sent can hold a person's own items, too, and what was added twice counts once
    value = half.now[end.field]
    before = half.seen.get(end.field) if half.seen is not None else None
    return not equal(value, before, end.type)


def merge(rule: MappingRule, hub: Half, app: Half, *, clear_values: bool) -> Outcome:
    """Decide one mapping of one pair."""
    h, a = hub.value(rule.hub.field), app.value(rule.app.field)
    if h is UNKNOWN and a is UNKNOWN:
        return Outcome()
    if agree(rule, h, a):
        return Outcome()
    if _first_meeting(rule, hub, app):
        return _meet(rule, hub, app, h, a)
    hub_changed = (changed(hub, rule.hub) or _overtaken(rule, Side.APP, app, h)) and (clear_values or not is_blank(h))
    app_changed = (changed(app, rule.app) or _overtaken(rule, Side.HUB, hub, a)) and (clear_values or not is_blank(a))
    changes = [side for side, did in ((Side.HUB, hub_changed), (Side.APP, app_changed)) if did]
    if changes and rule.way == "both" and rule.hub.type is rule.app.type is FieldType.MULTI:
        return _merge_sets(rule, changes, hub, app, h, a)
    if hub_changed and app_changed:
        if rule.way != "both":
            to = Side.APP if rule.way == "to_app" else Side.HUB
            return _write(rule, to, h, a, Rule.ONE_WAY, loses=True)
        return _let_winner(rule, hub, app, h, a)
    if hub_changed:
        return _write(rule, Side.APP, h, a, Rule.HUB_CHANGED) if rule.goes_to(Side.APP) else Outcome(drift=True)
    if app_changed:
        return _write(rule, Side.HUB, h, a, Rule.APP_CHANGED) if rule.goes_to(Side.HUB) else Outcome(drift=True)
    return Outcome()


def _overtaken(rule: MappingRule, to: Side, half: Half, source: Any) -> bool:
    """Whether our own write stands at ``to``, unanswered, and its source says something else by now, if only what it once said."""
    end = rule.end(to)
    with suppress(ConversionFailed):
        seen = (half.seen or {}).get(end.field)  # an undo, whose write has no source, sets it at once
        sent = source is not UNKNOWN and echoed(half, end) and not equal(seen, half.value(end.field), end.type)
        return sent and not echo_of(convert(rule, source, to), half.value(end.field), end.type)
    return False


def agree(rule: MappingRule, h: Any, a: Any) -> bool:
    """Whether the two sides say the same, seen through the mapping in any direction that it has."""
    if h is UNKNOWN or a is UNKNOWN:
        return False
    if (h == a and rule.plain) or (is_blank(h) and is_blank(a)):
        return True
    for to, source, target in ((Side.APP, h, a), (Side.HUB, a, h)):
        if rule.way in ("both", f"to_{to}"):
            try:
                if equal(convert(rule, source, to), target, rule.end(to).type):
                    return True
            except ConversionFailed:
                continue
    return False


def _first_meeting(rule: MappingRule, hub: Half, app: Half) -> bool:
    """Also for a field that was mapped later, or that an app shows only now."""
    for half, name in ((hub, rule.hub.field), (app, rule.app.field)):
        if half.seen is None or (name not in half.seen and half.now is not None and name in half.now):
            return True
    return False


def _meet(rule: MappingRule, hub: Half, app: Half, h: Any, a: Any) -> Outcome:
    if h is UNKNOWN or a is UNKNOWN:
        # Never overwrite what cannot be seen: a later change of the known side will go across.
        return Outcome()
    if rule.way == "to_app":
        return Outcome() if is_blank(h) else _write(rule, Side.APP, h, a, Rule.ONE_WAY, loses=not is_blank(a))
    if rule.way == "to_hub":
        return Outcome() if is_blank(a) else _write(rule, Side.HUB, h, a, Rule.ONE_WAY, loses=not is_blank(h))
    if is_blank(h):
        return _write(rule, Side.HUB, h, a, Rule.FILLED_BLANK)
    if is_blank(a):
        return _write(rule, Side.APP, h, a, Rule.FILLED_BLANK)
    # Where a record can do without a value that has no counterpart, both stay at a first meeting: an app that gives each new record
    # an owner of its own must not have its way with that of the other side.
    for problem in (stranger(rule, h, Side.APP), stranger(rule, a, Side.HUB)):
        if problem and problem.is_optional:
            return Outcome(problem=problem)
    return _let_winner(rule, hub, app, h, a)


def _let_winner(rule: MappingRule, hub: Half, app: Half, h: Any, a: Any) -> Outcome:
    if echoed(app, rule.app):  # what we sent, as the app stored it, is nobody's edit and cannot win
        return _write(rule, Side.APP, h, a, Rule.HUB_CHANGED)
    if echoed(hub, rule.hub):
        return _write(rule, Side.HUB, h, a, Rule.APP_CHANGED)
    if rule.winner == "ask":
        return Outcome(parked=True)
    side = winning_side(rule, hub, app)
    why = {"hub": Rule.WINNER_HUB, "app": Rule.WINNER_APP}.get(rule.winner, Rule.MOST_RECENT)
    return _write(rule, side.other, h, a, why, loses=True)


def winning_side(rule: MappingRule, hub: Half, app: Half) -> Side:
    if rule.winner in ("hub", "app"):
        return Side(rule.winner)
    hub_wins = hub.modified_at is None or app.modified_at is None or hub.modified_at >= app.modified_at
    return Side.HUB if hub_wins else Side.APP


def _write(rule: MappingRule, to: Side, h: Any, a: Any, why: Rule, *, loses: bool = False) -> Outcome:
    source, target = (h, a) if to is Side.APP else (a, h)
    end = rule.end(to)
    try:
        value = convert(rule, source, to)
    except ConversionFailed as problem:
        return Outcome(problem=problem)
    if target is not UNKNOWN and equal(value, target, end.type):
        return Outcome()
    fills = is_blank(target) or end.type is FieldType.MULTI
    if end.otherwise and not fills and (lonely := stranger(rule, source, to)):
        return Outcome(note=lonely.code)  # a stranger's stand-in fills gaps: no deal goes back to the first stage
    if is_blank(value) and not end.clearable:
        return Outcome(note="CANNOT_CLEAR")
    loser = target if loses and target is not UNKNOWN and not is_blank(target) else None
    return Outcome(write=to, value=value, rule=why, loser=loser)


def _merge_sets(rule: MappingRule, changes: list[Side], hub: Half, app: Half, h: Any, a: Any) -> Outcome:
    """Each side's additions and removals, against its own memory, made at the other: an item that stands there for several of
    these, or for none, stays."""
    writes: list[Outcome] = []
    note = ""
    for to, half, source, target in ((Side.HUB, app, a, h), (Side.APP, hub, h, a)):
        if to.other not in changes:
            continue
        now, held = members(source), members(target)
        seen = members((half.seen or {}).get(rule.end(to.other).field))
        lost = _partners(rule, seen - now, to) | {i for i in held if _partners(rule, {i}, to.other) & (seen - now)}
        try:
            added = members(convert(rule, sorted(now - seen), to))
        except ConversionFailed as problem:
            return Outcome(problem=problem)
        merged = sorted((held - (lost - _partners(rule, now, to))) | added)
        why = Rule.MERGED_SETS if len(changes) == 2 else Rule.APP_CHANGED if to is Side.HUB else Rule.HUB_CHANGED
        if merged or rule.end(to).clearable:
            writes += [] if equal(merged, target, FieldType.MULTI) else [Outcome(to, merged or None, why)]
        elif target:
            note = "CANNOT_CLEAR"
    first = writes[0] if writes else Outcome()
    first.extra, first.note = writes[1:], note
    return first


def _partners(rule: MappingRule, items: set[str], to: Side) -> set[str]:
    """What these items of the other side are at ``to``, as far as they are anything there."""
    found: set[str] = set()
    for item in items:
        with suppress(ConversionFailed):
            found |= members(convert(rule, [item], to))
    return found
