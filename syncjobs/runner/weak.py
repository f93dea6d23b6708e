"""Weak identifiers (a company's name): what a person said of two records that have one in common."""

from collections.abc import Mapping, Sequence
from typing import Literal

from integrations.records import Side
from syncjobs.engine.matching import Candidate, Match, resolve
from syncjobs.models import Sync, ToldPair

CODE = "WEAK_MATCH"  # of a pair that a person has not been asked about, or has not answered


class Told:
    """What was said of these records, and what a weak identifier then makes of them."""

    def __init__(self, sync: Sync, ids: Mapping[tuple[int, Side], str]) -> None:
        """``ids``: (link, side) → id there, of all candidates."""
        self._ids = ids
        hub_ids = {id for (_, side), id in ids.items() if side is Side.HUB}
        # A draft copy is previewed with what was said of the sync that it is a copy of.
        said = ToldPair.objects.filter(sync=sync.draft_of_id or sync.pk, hub_id__among=hub_ids) if hub_ids else []
        self._same = {(pair.hub_id, pair.app_id): pair.same for pair in said}

    def decide(self, found: Sequence[Candidate], policy: Literal["newest", "oldest", "hold"]) -> tuple[Match, bool]:
        """(what becomes of records with one name, whether their pair is sure). Two that are told to be one become one, and the
        others are their duplicates; of two that are told apart, each that is free goes its own way."""
        free = [c for c in found if not c.linked]
        if pair := next((pair for pair in self._pairs(free) if self._told(*pair)), None):
            rows = (pair[0].row, pair[1].row)
            return Match(pair=rows, excluded=tuple(c.row for c in free if c.row not in rows)), True
        apart = {c for pair in self._pairs(found) if self._told(*pair) is False for c in pair if not c.linked}
        return resolve([c for c in found if c not in apart], policy), False

    def _pairs(self, found: Sequence[Candidate]) -> list[tuple[Candidate, Candidate]]:
        if not self._same:
            return []
        hub, app = ([c for c in found if c.side is side] for side in (Side.HUB, Side.APP))
        return [(one, other) for one in hub for other in app]

    def _told(self, hub: Candidate, app: Candidate) -> bool | None:
        return self._same.get((self._ids[hub.row, Side.HUB], self._ids[app.row, Side.APP]))
