"""How many records are in which state: from ``SyncCount``, never by counting links. Only weak matches are looked at: two records
that wait for one answer are one thing to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from syncjobs.models import RecordStatus, Sync, SyncCount
from syncjobs.services import weak

# What pages show, in this order; both kinds of deletion are one column.
COLUMNS = {
    "insync": _("In sync"),
    "pending": _("Pending"),
    "failed": _("Failed"),
    "excluded": _("Excluded"),
    "review": _("Needs review"),
    "deleted": _("Deleted"),
}
STATUSES: dict[str, tuple[str, ...]] = {
    **{status.value: (status.value,) for status in RecordStatus},
    "deleted": (RecordStatus.DELETED_IN_HUB.value, RecordStatus.DELETED_IN_APP.value),
}
"""Word in an address → the statuses of links that it lists."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Records per column, of one sync or summed over several."""

    insync: int = 0
    pending: int = 0
    failed: int = 0
    excluded: int = 0
    review: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        return self.insync + self.pending + self.failed + self.excluded + self.review + self.deleted

    @property
    def parts(self) -> dict[str, int]:
        """Column → records, in the order of the health bar."""
        return {column: getattr(self, column) for column in COLUMNS}

    def of(self, status: str) -> int | None:
        """The number of one column; None for one of the two deletions, which are only counted together."""
        return getattr(self, status) if status in COLUMNS else None

    @property
    def share_in_sync(self) -> float | None:
        """Percent of all records, with one decimal; None without records."""
        return round(100 * self.insync / self.total, 1) if self.total else None

    def __add__(self, other: "Numbers") -> "Numbers":
        return Numbers(**{column: getattr(self, column) + getattr(other, column) for column in COLUMNS})


def of_statuses(counts: Mapping[str, int]) -> Numbers:
    """From ``{status: n}``. A count can be below zero only by a bug; pages show 0 then."""
    return Numbers(**{column: max(0, sum(counts.get(s, 0) for s in STATUSES[column])) for column in COLUMNS})


def of_syncs(syncs: Iterable[Sync]) -> dict[int, Numbers]:
    """Numbers by sync id: one query for all of them, and one more for each sync with weak matches to review."""
    by_id = {sync.pk: sync for sync in syncs}
    counts: dict[int, dict[str, int]] = {pk: {} for pk in by_id}
    for pk, status, n in SyncCount.objects.filter(sync_id__in=by_id).values_list("sync_id", "status", "n"):
        counts[pk][status] = n
        if status == RecordStatus.REVIEW and n > 0 and (twins := weak.asked_by_twin(by_id[pk])) is not None:
            counts[pk][status] -= twins.count()
    return {pk: of_statuses(found) for pk, found in counts.items()}


def total(numbers: Iterable[Numbers]) -> Numbers:
    return sum(numbers, Numbers())
