"""Signs of life of the worker clusters: a task a minute in each queue, and when it last ran."""

import time

from django.conf import settings
from django.core.cache import cache

TOO_OLD = 180.0
CLUSTERS = ["live"] if settings.SINGLE_CLUSTER else ["live", "bulk"]


def beat(cluster: str) -> None:
    """Run by a worker of that cluster."""
    cache.set(f"heartbeat.{cluster}", time.time(), timeout=None)


def age(cluster: str) -> float:
    """Seconds since the cluster last worked; infinite when it never has."""
    last = cache.get(f"heartbeat.{cluster}")
    return float("inf") if last is None else time.time() - last
