"""How long the first sync will take at least: from the record counts that are known and the apps' call limits. Pure."""

from dataclasses import dataclass
from math import ceil

from integrations.connectors.base import Abilities


@dataclass(frozen=True)
class Load:
    """One side: how many records it has (None: unknown), what its API can do, and how many records may be written to it."""

    records: int | None
    abilities: Abilities
    writes: int | None


def calls(load: Load) -> int | None:
    """HTTP calls to read everything once and write what may have to be written; None when a count is unknown."""
    if load.records is None or load.writes is None:
        return None
    reading = ceil(load.records / load.abilities.scan_page)
    if load.abilities.partial_scan:
        reading += ceil(load.records / load.abilities.read_batch)
    return reading + ceil(load.writes / load.abilities.write_batch)


def seconds(loads: list[Load]) -> int | None:
    """At the pace of the slowest limit; None when that side's counts are unknown or no side has a limit."""
    limited = [load for load in loads if load.abilities.calls_per_minute]
    needed = [calls(load) for load in limited]
    if not limited or any(n is None for n in needed):
        return None
    return max(
        ceil((n or 0) * 60 / (load.abilities.calls_per_minute or 1)) for n, load in zip(needed, limited, strict=True)
    )
