"""One record: everything that should happen to it next, as data. The runner carries a plan out and settles each part by the
verdict it gets; a plan itself changes nothing."""

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from integrations.records import FieldType, Side, Value, Values
from syncjobs.engine.canonical import equal, host_of, is_blank, members
from syncjobs.engine.filters import matches
from syncjobs.engine.merge import UNKNOWN, Half, Outcome, Rule, changed, merge
from syncjobs.engine.references import merge_references, translated
from syncjobs.engine.rules import End, Identifier, MappingRule, SyncRules
from syncjobs.engine.transforms import EMAIL_SHAPE, ConversionFailed, convert


@dataclasses.dataclass(frozen=True, slots=True)
class LedgerEntry:
    side: Side
    field: str
    old: Value
    new: Value
    loser: Value
    rule: str


@dataclasses.dataclass(slots=True)
class Plan:
    """``status`` is what the record becomes when every write succeeds: insync, failed, excluded, review, deleted_hub, deleted_app.

    ``writes[side]``: values to send there, only what changes (all of them for a create).
    ``memory[side]``: values that side's memory takes at once, laid over what it holds.
    ``after[side]``: values that the *other* side's memory takes once the write at ``side`` has succeeded; until then its change
    is not forgotten.
    """

    status: str = "insync"
    code: str = ""
    field: str = ""
    side: str = ""
    detail: str = ""
    writes: dict[Side, Values] = dataclasses.field(default_factory=dict)
    memory: dict[Side, Values] = dataclasses.field(default_factory=dict)
    after: dict[Side, Values] = dataclasses.field(default_factory=dict)
    create: Side | None = None
    delete: Side | None = None
    drop: bool = False  # the link itself has no reason to exist any more
    ledger: list[LedgerEntry] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    waits: list[tuple[Side, str, str]] = dataclasses.field(default_factory=list)  # (side, field, id) without a twin yet
    drift: int = 0

    def note(self, code: str) -> None:
        if code not in self.notes:
            self.notes.append(code)

    def wait(self, side: Side, field: str, ids: Iterable[str]) -> None:
        """Related records that are not across yet: their twins wake this record."""
        self.waits += [(side, field, id) for id in sorted(ids)]
        if self.waits:
            self.note("PARENT_NOT_SYNCED_YET")


def plan(hub: Half, app: Half, rules: SyncRules, now: datetime) -> Plan:
    """Plan one link. Exactly one of the halves may be missing (``exists`` False)."""
    if hub.away or app.away:
        # Its twin's edits must not reach the survivor, whose own twin they would contradict: a person decides.
        return Plan("excluded", hub.away or app.away, side=Side.HUB if hub.away else Side.APP)
    if hub.gone or app.gone:
        return _after_deletion(hub, app, rules, now)
    if hub.exists and app.exists:
        return _plan_pair(hub, app, rules, now)
    return _plan_half(Side.HUB if hub.exists else Side.APP, hub if hub.exists else app, rules, now)


# -- one side only -----------------------------------------------------------------------------------------------------
def _plan_half(source: Side, half: Half, rules: SyncRules, now: datetime) -> Plan:
    target, known = source.other, _current(half)
    if refusal := why_not(source, half, known, rules, now):
        return refusal
    if not rules.side(target).create:
        return Plan("excluded", "DIRECTION_ONE_WAY", side=source)
    made = Plan(create=target, after={target: known})
    try:
        made.writes[target] = values = _values_for_create(source, known, rules, made)
    except ConversionFailed as problem:
        return _failed(problem, target)
    _relate(made, source, half, rules)
    for name in rules.side(target).required:
        if is_blank(values.get(name)):
            missing = {rule.end(target).field for rule in rules.associations if made.waits}
            code = "PARENT_NOT_SYNCED_YET" if name in missing else "REQUIRED_VALUE_BLANK"
            return Plan("failed", code, field=name, side=target, waits=made.waits)
    return made


def _relate(made: Plan, source: Side, half: Half, rules: SyncRules) -> None:
    """The associations of a record that is about to be made: those whose other end is across; the rest waits."""
    target = source.other
    for rule in rules.associations:
        name = rule.end(source).field
        if not rule.goes_to(target) or is_blank(half.value(name)):
            continue
        ids, waiting = translated(rule, half.value(name), target)
        if ids:
            made.writes[target][rule.end(target).field] = list(ids)
        made.wait(source, name, waiting)


def _values_for_create(source: Side, known: Values, rules: SyncRules, made: Plan) -> Values:
    target = source.other
    values: Values = {}
    for origin, name, room, rule in rules.copied[target]:
        current = known.get(origin)
        if is_blank(current):
            continue
        if isinstance(current, str) and len(current) <= room and "\n" not in current:
            values.setdefault(name, current)
            continue
        try:
            values.setdefault(name, convert(rule, current, target))
        except ConversionFailed as problem:
            if not problem.is_optional:
                raise
            made.note(problem.code)
    # The identifier crosses even where its mapping is off or one-way: without it the next scan could not find the twin.
    for identifier in rules.identifiers:
        current = known.get(identifier.end(source).field)
        if identifier.strong and identifier.end(target).writable and not is_blank(current):
            values.setdefault(identifier.end(target).field, _as_identifier(identifier, current, target))
    for constant in rules.side(target).constants:
        values[constant.field] = constant.value
    return values


def _as_identifier(identifier: Identifier, value: Value, to: Side) -> Value:
    """A web address names its domain where the other side keeps that as text: else nothing would be found by it there."""
    is_address = identifier.end(to.other).type is FieldType.URL and identifier.end(to).type is not FieldType.URL
    return host_of(str(value)) or value if is_address else value


def why_not(side: Side, half: Half, values: Values, rules: SyncRules, now: datetime) -> Plan | None:
    """The reason why a record of ``side`` with these current values may not cross, or None."""
    mine = rules.side(side)
    if mine.email_field:
        address = values.get(mine.email_field)
        if is_blank(address):
            return Plan("excluded", "EMAIL_REQUIRED", field=mine.email_field, side=side)
        if not EMAIL_SHAPE.match(str(address).strip()):
            return Plan("excluded", "EMAIL_INVALID", field=mine.email_field, side=side, detail=str(address))
    allowed, failed = matches(mine.filter, values, mine.types, now) if mine.filter else (True, None)
    if not allowed:
        detail = f"{failed.field} {failed.operator} {failed.value or ''}".strip() if failed else ""
        return Plan("excluded", "FILTER_NOT_MATCHED", field=failed.field if failed else "", side=side, detail=detail)
    if rules.start_from:
        latest = max((moment for moment in (half.created_at, half.modified_at) if moment), default=None)
        if latest is not None and latest < rules.start_from:
            return Plan("excluded", "BEFORE_START_DATE", side=side)
    return None


# -- both sides --------------------------------------------------------------------------------------------------------
def _plan_pair(hub: Half, app: Half, rules: SyncRules, now: datetime) -> Plan:
    first = hub.seen is None or app.seen is None
    if (first or rules.leaving == "stop") and (refusal := _neither_may_cross(hub, app, rules, now)):
        if refusal.code == "BEFORE_START_DATE":
            # *From now on*: link them as they are; only later changes cross.
            return Plan(memory={Side.HUB: _current(hub), Side.APP: _current(app)})
        if not first and refusal.code == "FILTER_NOT_MATCHED":
            refusal.code = "LEFT_FILTER"
        return refusal
    made = Plan(memory={Side.HUB: _current(hub), Side.APP: _current(app)})
    for rule in rules.mappings:
        decide = merge_references if rule.is_association else merge
        _apply(made, rule, decide(rule, hub, app, clear_values=rules.clear_values), hub, app)
    _stamp_constants(made, rules, hub, app, first)
    return made


def _neither_may_cross(hub: Half, app: Half, rules: SyncRules, now: datetime) -> Plan | None:
    """A pair syncs when at least one of its records may cross to a side that can be written."""
    sources = [(side, half) for side, half in ((Side.HUB, hub), (Side.APP, app)) if rules.side(side.other).update]
    refusals = [why_not(side, half, _current(half), rules, now) for side, half in sources]
    return refusals[0] if refusals and all(refusals) else None


def _current(half: Half) -> Values:
    return {**(half.seen or {}), **(half.now or {})}


def _apply(made: Plan, rule: MappingRule, outcome: Outcome, hub: Half, app: Half) -> None:
    made.drift += outcome.drift
    if outcome.note:
        made.note(outcome.note)
    if outcome.problem and outcome.problem.is_optional:
        _leave_out(made, rule, outcome.problem, hub, app)
    elif outcome.problem:
        failed = _failed(outcome.problem, Side.HUB if outcome.problem.field == rule.hub.field else Side.APP)
        made.status, made.code, made.field = failed.status, failed.code, failed.field
        made.side, made.detail = failed.side, failed.detail
    elif outcome.parked and made.status != "failed":
        made.status, made.code, made.field = "review", "CONFLICT_UNRESOLVED", rule.hub.field
    for part in (outcome, *outcome.extra):
        if part.write is None:
            continue
        to, source = part.write, part.write.other
        name, origin = rule.end(to).field, rule.end(source).field
        old = (hub if to is Side.HUB else app).value(name)
        made.writes.setdefault(to, {})[name] = part.value
        made.after.setdefault(to, {})[origin] = (hub if source is Side.HUB else app).value(origin)
        entry = LedgerEntry(to, name, None if old is UNKNOWN else old, part.value, part.loser, part.rule or "")
        made.ledger.append(entry)
    if outcome.parked or outcome.write or (outcome.problem and not outcome.problem.is_optional):
        # Not settled yet: both memories stay as they are, so that the change is not forgotten.
        made.memory[Side.HUB].pop(rule.hub.field, None)
        made.memory[Side.APP].pop(rule.app.field, None)
    for side, id in outcome.waits:
        made.wait(side, rule.end(side).field, [id])


def _leave_out(made: Plan, rule: MappingRule, problem: ConversionFailed, hub: Half, app: Half) -> None:
    """The record does without this value at one side. A blank there is not remembered, so that it is filled when the record is read
    again, and somebody has added the user meanwhile."""
    made.note(problem.code)
    side, half = (Side.HUB, hub) if problem.field == rule.hub.field else (Side.APP, app)
    if is_blank(_current(half).get(problem.field)):
        made.memory[side].pop(problem.field, None)


def _stamp_constants(made: Plan, rules: SyncRules, hub: Half, app: Half, first: bool) -> None:
    for side, half in ((Side.HUB, hub), (Side.APP, app)):
        if not (first or made.writes.get(side)):
            continue
        for constant in rules.side(side).constants:
            kind = rules.side(side).types.get(constant.field)
            old = half.value(constant.field)
            old = None if old is UNKNOWN else old
            if kind is None or equal(old, constant.value, kind) or not constant.applies(old, first=first):
                continue
            made.writes.setdefault(side, {})[constant.field] = constant.value
            made.memory[side].pop(constant.field, None)  # what the write leaves there is remembered, not what it met
            made.ledger.append(LedgerEntry(side, constant.field, old, constant.value, old, Rule.CONSTANT))


def _failed(problem: ConversionFailed, side: Side) -> Plan:
    return Plan("failed", problem.code, field=problem.field, side=side, detail=str(problem.value)[:200])


def _after_deletion(hub: Half, app: Half, rules: SyncRules, now: datetime) -> Plan:
    if not (hub.exists and app.exists) or (hub.gone and app.gone):
        return Plan(drop=True)
    gone, left, other = (Side.HUB, app, Side.APP) if hub.gone else (Side.APP, hub, Side.HUB)
    flagged = Plan(f"deleted_{gone}", f"DELETED_IN_{gone.upper()}", side=gone)
    if rules.side(other).when_other_deleted != "delete" or not rules.side(other).delete:
        return flagged
    edits = (rule.end(other) for rule in rules.mappings if changed(left, rule.end(other)))
    if left.seen is None or not all(_only_lost(e, left.seen.get(e.field), left.value(e.field)) for e in edits):
        return flagged  # an edit beats a deletion, and so does a record that never agreed: a person looks at it
    refusal = _neither_may_cross(hub, app, rules, now) if rules.leaving == "stop" else None
    if refusal and refusal.code != "BEFORE_START_DATE":
        return flagged  # they had stopped syncing before
    return Plan(f"deleted_{gone}", f"DELETED_IN_{gone.upper()}", side=gone, delete=other)


def _only_lost(end: End, before: Value, now: Value) -> bool:
    """An association that is no longer there is no edit: it ends by itself when the record at its other end is deleted."""
    return end.type is FieldType.REFERENCE and members(now) <= members(before)
