"""Sliding-window rate limiter."""

from collections import defaultdict, deque
from collections.abc import Callable


class Limiter:
    """Counts calls per key over the last ``window`` seconds. A refused call does not count."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, key: str, limit: int, window: float) -> int | None:
        """Calls left after this one, or None if this one is over the limit. A limit of 0 or less means none."""
        if limit <= 0:
            return 0
        now, calls = self._now(), self._calls[key]
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) >= limit:
            return None
        calls.append(now)
        return limit - len(calls)

    def wait(self, key: str, limit: int, window: float) -> float:
        """Seconds until ``take`` would let a call through."""
        calls = self._calls[key]
        if limit <= 0 or len(calls) < limit:
            return 0.0
        return max(0.0, calls[-limit] + window - self._now())

    def clear(self) -> None:
        self._calls.clear()
