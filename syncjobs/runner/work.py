"""One link on its way through a write step, and its plan."""

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from integrations.records import Side
from syncjobs.engine.merge import Half
from syncjobs.engine.plan import Plan, plan
from syncjobs.models import RecordLink, RecordStatus
from syncjobs.runner import parking
from syncjobs.runner.context import Context
from syncjobs.runner.links import AWAY, NAMES, Keys

_OF_HALF = {
    side: attrgetter(
        *(NAMES[side][name] for name in ("now", "seen", "expected", "modified_at", "created_at", "id", "gone"))
    )
    for side in Side
}


@dataclass(slots=True)
class Work:
    """One link on its way through a write step."""

    row: RecordLink
    plan: Plan
    left: set[Side] = field(default_factory=set)  # sides whose write has no verdict yet
    again: bool = False  # a part was not done: it stays changed and pending, and is planned again at its time
    freed: Keys = field(default_factory=set)  # identifiers that its record had before it was written
    events: list[tuple[str, Side, int]] = field(default_factory=list)


def plan_row(ctx: Context, row: RecordLink, moment: datetime) -> Plan:
    if (side := parking.unread_side(row)) is not None:
        return Plan(RecordStatus.FAILED, row.code if row.code == parking.TOO_LONG else parking.CODE, side=side)
    return plan(_half(row, Side.HUB), _half(row, Side.APP), ctx.rules, moment)


def _half(row: RecordLink, side: Side) -> Half:
    now, seen, expected, modified_at, created_at, id, gone = _OF_HALF[side](row)
    return Half(
        now,
        seen,
        expected,
        modified_at,
        created_at,
        id is not None,
        gone,
        row.code if gone and row.code in AWAY else "",
    )
