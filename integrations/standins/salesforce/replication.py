"""``/updated`` and ``/deleted``: ids of what changed in a span of time, whole minutes."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.store import Table
from integrations.standins.salesforce.values import text_of

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

LOOK_BACK = {"updated": timedelta(days=30), "deleted": timedelta(days=15)}


def answered(org: "Org", table: Table, which: str, query: dict[str, str]) -> dict[str, Any]:
    """Raises Problem."""
    start, end = _minute(query.get("start", "")), _minute(query.get("end", ""))
    now = datetime.fromtimestamp(org.clock.now(), UTC)
    if start >= end:
        raise Problem("INVALID_REPLICATION_DATE", "startDate must chronologically precede endDate")
    if start < now - LOOK_BACK[which]:
        raise Problem("INVALID_REPLICATION_DATE", f"startDate cannot be more than {LOOK_BACK[which].days} days ago")
    covered = text_of(min(end, now.replace(second=0)))
    first, last = text_of(start), text_of(end)
    if which == "updated":
        ids = [
            row.id for row in table.since(first) if not row.deleted and row.stamp < last and row.id not in org.hidden
        ]
        return {"ids": ids, "latestDateCovered": covered}
    gone = {row.id: row.deleted_at for row in table.rows.values() if row.deleted} | org.purged[table.kind.name]
    told = sorted((at, id) for id, at in gone.items() if first <= at < last and id not in org.hidden)
    return {
        "deletedRecords": [{"id": id, "deletedDate": at} for at, id in told],
        "earliestDateAvailable": text_of((now - LOOK_BACK[which]).replace(second=0)),
        "latestDateCovered": covered,
    }


def _minute(text: str) -> datetime:
    """Seconds are ignored."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Problem("INVALID_REPLICATION_DATE", f"Invalid date: {text}") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(second=0, microsecond=0)
