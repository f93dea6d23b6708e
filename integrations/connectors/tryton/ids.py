"""A set of record ids in few characters: ``"1-500,502"``. Ids of one table are handed out in order, so gaps are few."""

from collections.abc import Iterable, Iterator

Runs = list[tuple[int, int]]
"""First and last id of each run, ascending."""


def runs(ids: Iterable[int]) -> Runs:
    found: Runs = []
    for id in sorted(set(ids)):
        if found and id == found[-1][1] + 1:
            found[-1] = (found[-1][0], id)
        else:
            found.append((id, id))
    return found


def packed(some: Runs) -> str:
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in some)


def unpacked(text: str) -> Runs:
    parts = (part.partition("-") for part in text.split(",") if part)
    return [(int(first), int(last or first)) for first, _dash, last in parts]


def count(some: Runs) -> int:
    return sum(last - first + 1 for first, last in some)


def top(some: Runs) -> int:
    return some[-1][1] if some else 0


def each(some: Runs) -> Iterator[int]:
    return (id for first, last in some for id in range(first, last + 1))


def joined(some: Runs, more: Iterable[int]) -> Runs:
    """``some`` and the ids ``more``, without unfolding what lies below the first new one."""
    new = sorted({id for id in more if id > top(some)} | {id for id in more if id <= top(some) and not holds(some, id)})
    if not new:
        return some
    kept = [run for run in some if run[1] < new[0] - 1]
    return kept + runs([*each(some[len(kept) :]), *new])


def holds(some: Runs, id: int) -> bool:
    return any(first <= id <= last for first, last in some)


def missing(some: Runs, present: Iterable[int]) -> list[int]:
    """The ids of ``some`` that are not ``present``."""
    there = set(present)
    return [id for id in each(some) if id not in there]
