"""Changes of the last 24 hours per hour, for one account: the tile with the line."""

from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.core.cache import cache
from django.utils.timezone import now

from portal.accounts.models import Account
from syncjobs.models import Sync, SyncRun

HOURS = 24
# Runs say when they started, so an hour's number is fresh enough for a minute; every open index page asks every 15 s.
KEPT_SECONDS = 60
WRITES = ("created_hub", "created_app", "updated_hub", "updated_app", "deleted")


@dataclass(frozen=True, slots=True)
class Changes:
    per_hour: list[int]  # 24 numbers, oldest first
    lag_seconds: float | None  # median over the account's syncs

    @property
    def total(self) -> int:
        return sum(self.per_hour)

    @property
    def highest(self) -> int:
        return max(self.per_hour)


def last_day(account: Account, syncs: list[Sync]) -> Changes:
    """Records written by runs that started in the last 24 hours, by hour. ``syncs``: the account's saved ones."""
    lags = [sync.lag_ms for sync in syncs if sync.lag_ms is not None]
    key = f"changes-last-day-{account.pk}"
    per_hour = cache.get(key)
    if per_hour is None:
        per_hour = _per_hour([sync.pk for sync in syncs])
        cache.set(key, per_hour, KEPT_SECONDS)
    return Changes(per_hour, median(lags) / 1000 if lags else None)


def _per_hour(sync_ids: list[int]) -> list[int]:
    until = now()
    hours = [0] * HOURS
    runs = SyncRun.objects.filter(sync_id__in=sync_ids, created_at__gt=until - timedelta(hours=HOURS))
    for at, counts in runs.values_list("created_at", "counts").iterator():
        hour = HOURS - 1 - int((until - at).total_seconds() // 3600)
        hours[max(0, min(HOURS - 1, hour))] += sum(counts.get(name, 0) for name in WRITES)
    return hours
