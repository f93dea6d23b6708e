"""Delivery of notifications: gathered for a moment, sent in calls of at most ``batch``, repeated until a 2xx answer."""

import asyncio
import json
import time
from collections import defaultdict, deque
from typing import Any

import urllib3

from integrations.standins.faults import Faults

Event = dict[str, Any]


class Outbox:
    """Override ``call`` to shape and sign. ``put`` may be used from handlers only (it needs the running loop)."""

    batch = 100  # notifications per call
    gather = 0.05  # seconds that notifications wait for company
    ladder: tuple[float, ...] = (0.2, 0.5, 1, 2, 5, 10)  # seconds before each repeat, far shorter than the vendors'
    patience = 5.0  # seconds that a target has to answer

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.log: deque[dict[str, Any]] = deque(maxlen=500)  # one entry per call made
        self._waiting: defaultdict[str, list[Event]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = urllib3.PoolManager(maxsize=10)
        self._slots = asyncio.Semaphore(10)

    def call(self, url: str, events: list[Event], attempt: int) -> tuple[bytes, dict[str, str]]:
        """Body and headers of one call. ``attempt`` counts from 0."""
        return json.dumps(events).encode(), {"Content-Type": "application/json"}

    def refused(self, url: str) -> None:
        """Called when a call failed for the last time (some vendors switch the subscription off)."""

    def put(self, url: str, event: Event) -> None:
        waiting = self._waiting[url]
        waiting.append(event)
        if len(waiting) == 1:
            self._start(self._flush(url))

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        return not self._tasks

    def drop(self) -> None:
        """Forget what waits and what would be repeated."""
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush(self, url: str) -> None:
        await asyncio.sleep(self.gather)
        events = self._waiting.pop(url, [])
        chance = self.faults.random
        for start in range(0, len(events), self.batch):
            chunk = events[start : start + self.batch]
            if chance.random() < self.faults.shuffle:
                chance.shuffle(chunk)
            for _ in range(2 if chance.random() < self.faults.duplicate else 1):
                self._start(self._deliver(url, chunk))

    async def _deliver(self, url: str, events: list[Event]) -> None:
        for attempt, pause in enumerate((0, *self.ladder)):
            await asyncio.sleep(pause)
            async with self._slots:
                status = await asyncio.to_thread(self._send, url, *self.call(url, events, attempt))
            self.log.append({"url": url, "events": events, "attempt": attempt, "status": status, "at": time.time()})
            if 200 <= status < 300:
                return
        self.refused(url)

    def _send(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer, 0 without one."""
        try:
            return self._pool.request(
                "POST", url, body=body, headers=headers, timeout=self.patience, retries=False, redirect=False
            ).status
        except (urllib3.exceptions.HTTPError, OSError):
            return 0
