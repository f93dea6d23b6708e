"""A rate budget that all worker processes share: one token bucket per app instance and limit, one SQL UPDATE per call.

The UPDATE **reserves** a place in line: tokens may go below zero, and how far below says how long to wait. So callers are served in
turn and nobody asks twice. Reserving stops at ``patience`` seconds of waiting; beyond that the caller gets RateLimited and its
work is scheduled again instead of a process sleeping.

A bucket allows ``burst + rate * window`` calls in any window, so an app's "n calls per window" is kept when that sum is below n.
The clock is the database's: it is the only one that all machines share.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from integrations.errors import RateLimited
from integrations.models import RateBucket

NOW = {
    "postgresql": "extract(epoch from clock_timestamp())",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",  # exact to the millisecond; unixepoch('subsec') needs 3.42
}
LEAST = {"postgresql": ("least", "greatest"), "sqlite": ("min", "max")}

AVAILABLE = "{least}(%(burst)s, tokens + %(rate)s * {greatest}(0, {now} - at))"
RESERVE = f"""
UPDATE integrations_ratebucket
   SET tokens = {AVAILABLE} - %(n)s, at = {{now}}, rate = %(rate)s, burst = %(burst)s
 WHERE instance_id = %(instance)s AND name = %(name)s AND blocked_until <= {{now}}
   AND {AVAILABLE} - %(n)s >= %(floor)s
RETURNING tokens"""
LOOK = f"""
SELECT {AVAILABLE}, blocked_until - {{now}} FROM integrations_ratebucket WHERE instance_id = %(instance)s AND name = %(name)s"""
BLOCK = """
UPDATE integrations_ratebucket SET blocked_until = {greatest}(blocked_until, {now} + %(seconds)s)
 WHERE instance_id = %(instance)s AND name = %(name)s"""
LOWER = """
UPDATE integrations_ratebucket SET tokens = {least}(tokens, %(remaining)s), at = {now}
 WHERE instance_id = %(instance)s AND name = %(name)s"""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that a vendor states: ``rate`` tokens a second, at most ``burst`` saved up."""

    name: str
    rate: float
    burst: float


class Budget:
    """The buckets of one app instance. ``instance_id`` None (an instance that is not saved yet): no shared row, no limit."""

    def __init__(self, instance_id: int | None, limits: Sequence[Limit], patience: float = 2.0) -> None:
        self._instance = instance_id
        self._limits = {limit.name: limit for limit in limits}
        self._patience = patience
        self._left: dict[str, float] = {}

    def take(self, name: str = "calls", n: int = 1) -> None:
        """Pay for ``n`` calls. Sleeps up to ``patience`` seconds for its turn, else raises RateLimited(retry_after)."""
        if self._instance is None:
            return
        limit = self._limits[name]
        floor = min(0.0, -self._patience * limit.rate)
        row = self._ask(RESERVE, limit, n=n, floor=floor) or self._first(limit, n, floor)
        if row is None:
            available, blocked = self._ask(LOOK, limit) or (0.0, 0.0)
            raise RateLimited(retry_after=max((n - available) / limit.rate, blocked, 0.05))
        self._left[name] = row[0]
        if row[0] < 0:
            time.sleep(-row[0] / limit.rate)

    def block(self, name: str, seconds: float) -> None:
        """Nobody calls before ``seconds`` from now: the app said so."""
        if self._instance is not None:
            self._create(self._limits[name])
            self._ask(BLOCK, self._limits[name], seconds=seconds)

    def observe(self, name: str, remaining: float) -> None:
        """The app says that ``remaining`` calls are left: never believe more (other programs use the same account)."""
        if self._instance is not None and remaining < self._left.get(name, 0.0):
            self._left[name] = remaining
            self._ask(LOWER, self._limits[name], remaining=remaining)

    def _first(self, limit: Limit, n: int, floor: float) -> tuple[float, ...] | None:
        """Make the bucket where it is missing and try again; None where it exists and is empty or blocked."""
        return self._ask(RESERVE, limit, n=n, floor=floor) if self._create(limit) else None

    def _create(self, limit: Limit) -> bool:
        if self._instance is None or RateBucket.objects.filter(instance_id=self._instance, name=limit.name).exists():
            return False
        row = RateBucket(instance_id=self._instance, name=limit.name, rate=limit.rate, burst=limit.burst)
        row.tokens, row.at = limit.burst, 0
        RateBucket.objects.bulk_create([row], ignore_conflicts=True)
        return True

    def _ask(self, statement: str, limit: Limit, **values: float) -> tuple[float, ...] | None:
        vendor = connection.vendor
        least, greatest = LEAST[vendor]
        values |= {"rate": limit.rate, "burst": limit.burst}
        with connection.cursor() as cursor:
            cursor.execute(
                statement.format(now=NOW[vendor], least=least, greatest=greatest),
                {**values, "instance": self._instance, "name": limit.name},
            )
            return cursor.fetchone() if cursor.description else None
