"""Signs of life of the worker clusters: whenever a worker begins or ends a task. A cluster that has nothing to do is given a task
by its watchdog (``manage.py workers``), so a healthy one is never silent for long."""

import time

from django.core.cache import cache
from django.db import DatabaseError

from syncjobs.queue import enqueue

TOO_OLD = 90.0  # a task takes at most 60 seconds
ASK_AFTER = 30.0
SELDOM = 5.0

_told: dict[str, float] = {}


def beat(cluster: str) -> None:
    """The task. Run by a worker of that cluster, whose own sign of life may have been a moment ago."""
    cache.set(f"heartbeat.{cluster}", time.time(), timeout=None)


def works(cluster: str) -> None:
    """A worker of that cluster is at work. Written every few seconds at most; trouble with the database is told elsewhere."""
    if time.monotonic() - _told.get(cluster, -SELDOM) < SELDOM:
        return
    _told[cluster] = time.monotonic()
    try:
        beat(cluster)
    except DatabaseError:
        return


def ask(cluster: str) -> None:
    """Give the cluster something to do."""
    enqueue("syncjobs.heartbeat.beat", cluster, bulk=cluster == "bulk")


def age(cluster: str) -> float:
    """Seconds since the cluster last worked; infinite when it never has, or did by a clock that was put back since."""
    last = cache.get(f"heartbeat.{cluster}")
    age = float("inf") if last is None else time.time() - last
    return age if age > -SELDOM else float("inf")
