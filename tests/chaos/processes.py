"""Whose child is whose (Linux)."""

import contextlib
from pathlib import Path


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def guards(supervisor: int) -> list[int]:
    """The process between a cluster's supervisor (``manage.py workers``) and its workers."""
    return [pid for cluster in children(supervisor) for pid in children(cluster)]


def workers(supervisor: int) -> list[int]:
    """Workers, and the two processes that hand them tasks and take their results; [] while the cluster starts."""
    return [pid for guard in guards(supervisor) for pid in children(guard)]
