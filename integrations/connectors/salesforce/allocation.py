"""Our share of an org's daily API calls.

Salesforce allows an org so many calls in any 24 hours, whoever makes them, and tells how many with every answer
(``Sforce-Limit-Info: api-usage=18/15000``). We take at most ``SALESFORCE_DAILY_SHARE`` per cent of that, half of it at once and
the rest evenly over the day: a token bucket of burst B and rate B a day allows 2 B in any 24 hours. And we stop where everybody
together has come to nine tenths: the last one is for people and for programs that cannot wait.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.budget import Budget, Limit
from integrations.connectors.salesforce.client import USAGE
from integrations.errors import RateLimited
from integrations.models import RateBucket

DAY = 86_400
WAIT = 900.0  # seconds that a run waits once the share is used up: then some dozens of calls are free again, instead of one
FLOOR = 0.9
CALLS = Limit("calls", rate=50, burst=100)  # Salesforce states no limit per second; this keeps bursts civil
SHARE = "day"


class Allocation(Budget):
    """The budget of one org. What the org allows is kept in the bucket's row, so that every process knows it from the start."""

    def __init__(self, instance_id: int | None) -> None:
        super().__init__(instance_id, (CALLS,))
        row = RateBucket.objects.filter(instance_id=instance_id, name=SHARE).first() if instance_id else None
        if row is not None:
            self._limits[SHARE] = Limit(SHARE, row.rate, row.burst)

    def take(self, name: str = "calls", n: int = 1) -> None:
        """Raises RateLimited(QUOTA_ALLOCATION_REACHED), too."""
        super().take(name, n)
        if SHARE not in self._limits:
            return
        try:
            super().take(SHARE, n)
        except RateLimited as error:
            raise RateLimited(
                _("Syncline's share of the calls that Salesforce allows in 24 hours is used up."),
                code="QUOTA_ALLOCATION_REACHED",
                retry_after=max(error.retry_after or 0.0, WAIT),
            ) from error

    def told(self, header: str | None) -> None:
        """What an answer says of the org's usage."""
        found = USAGE.search(header or "")
        if found is None or self._instance is None:
            return
        used, most = int(found[1]), int(found[2])
        half = most * settings.SALESFORCE_DAILY_SHARE / 200
        limit = Limit(SHARE, rate=max(half, 1) / DAY, burst=max(half, 1))
        if self._limits.get(SHARE) != limit:
            self._limits[SHARE] = limit
            if not self._create(limit):
                rows = RateBucket.objects.filter(instance_id=self._instance, name=SHARE)
                rows.update(rate=limit.rate, burst=limit.burst)
        if used >= most * FLOOR:
            self.block(SHARE, WAIT)
