"""Filters that count days (*is in the next 30 days*): records come in and go out as time passes, and no app tells of that.

Once a night, after the audit, what such a filter keeps out is judged anew and, where records stop syncing when they leave the
filter, what it lets through, too. Nothing is read: what is known of the records is enough.
"""

from collections.abc import Sequence

from django.utils.timezone import now

from integrations.records import Side
from syncjobs.engine.filters import DAYS_VALUE
from syncjobs.models import RecordLink, RecordStatus
from syncjobs.runner import statements, store
from syncjobs.runner.context import Context
from syncjobs.runner.links import plan_again
from syncjobs.runner.work import plan_row

CHUNK = 400
KEPT_OUT = ("FILTER_NOT_MATCHED", "LEFT_FILTER")


def begin(ctx: Context) -> None:
    """Tonight's audit is through. Inside the transaction that says so."""
    if _counts_days(ctx):
        ctx.run.phases["ageing"] = {"position": 0, "place": 0}
        statements.save(ctx.run, ["phases"])


def step(ctx: Context) -> bool:
    """Judge one chunk anew. False when none is left, or the audit has not come to its end tonight."""
    entry = ctx.run.phases.get("ageing")
    if entry is None:
        return False
    statuses = [RecordStatus.EXCLUDED, *([RecordStatus.IN_SYNC] if ctx.rules.leaving == "stop" else [])]
    while entry["place"] < len(statuses):
        links = RecordLink.objects.filter(sync=ctx.sync, status=statuses[entry["place"]], pk__gt=entry["position"])
        if rows := store.rows(links.order_by("pk")[:CHUNK]):
            with ctx.lease.transaction():
                _judge(ctx, [row for row in rows if not row.dirty])
                entry["position"] = rows[-1].pk
                statements.save(ctx.run, ["phases"])
            return True
        entry["place"], entry["position"] = entry["place"] + 1, 0
    return False


def _counts_days(ctx: Context) -> bool:
    return any(rule.operator in DAYS_VALUE for side in Side for group in ctx.rules.side(side).filter for rule in group)


def _judge(ctx: Context, rows: Sequence[RecordLink]) -> None:
    """Plan those again that were kept out and would not be now, or the other way round."""
    moment = now()
    turned = [row for row in rows if (row.code in KEPT_OUT) != (plan_row(ctx, row, moment).code in KEPT_OUT)]
    for side in Side:
        plan_again(ctx, side, [row for row in turned if side is (Side.HUB if row.hub_id else Side.APP)])
