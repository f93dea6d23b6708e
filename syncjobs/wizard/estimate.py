"""How long the first sync will take: from the record counts that are known and the apps' call limits. Pure."""

from dataclasses import dataclass
from math import ceil

from integrations.connectors.base import Abilities


@dataclass(frozen=True)
class Load:
    """One side: how many records it has, how many may have to be written to it (None: unknown), and what its API can do."""

    records: int | None
    writes: int | None
    abilities: Abilities

    @property
    def complete(self) -> bool:
        return self.records is not None and self.writes is not None

    @property
    def calls(self) -> int:
        """HTTP calls to read everything once and to write what may have to be written; what is unknown counts as nothing."""
        records, writes = self.records or 0, self.writes or 0
        reading = ceil(records / self.abilities.scan_page)
        if self.abilities.partial_scan:
            reading += ceil(records * self.abilities.read_calls / self.abilities.read_batch)
        return reading + ceil(writes * self.abilities.write_calls / self.abilities.write_batch)

    @property
    def seconds(self) -> int:
        """At the pace of the app's call limit; 0 where it states none."""
        limit = self.abilities.calls_per_minute
        return ceil(self.calls * 60 / limit) if limit else 0
