"""The org's API requests of the last 24 hours against what it may have."""

from collections import deque

from integrations.standins.vendor import Clock

DAY = 86_400.0


class Allocation:
    """``most`` 0: no end. A refused call does not count."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.most = 0
        self._spent: deque[tuple[float, int]] = deque()  # (when, calls)
        self.used = 0

    def take(self) -> bool:
        self._forget()
        if self.most and self.used >= self.most:
            return False
        self.spend(1)
        return True

    def spend(self, calls: int) -> None:
        """Calls of whomever."""
        self._spent.append((self.clock.now(), calls))
        self.used += calls

    def _forget(self) -> None:
        old = self.clock.now() - DAY
        while self._spent and self._spent[0][0] <= old:
            self.used -= self._spent.popleft()[1]

    @property
    def shown(self) -> str:
        return f"api-usage={self.used}/{self.most or 5_000_000}"

    def clear(self) -> None:
        self._spent.clear()
        self.used = 0
