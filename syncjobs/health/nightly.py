"""*Nightly check*: what the audits of the last two weeks saw of a sync, in words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.formats import number_format
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext

from integrations.records import Side
from syncjobs.health import words
from syncjobs.models import AuditNight, Sync
from syncjobs.runner.auditing import NIGHTS, PARTS


@dataclass(frozen=True, slots=True)
class Night:
    row: AuditNight
    finds: list[str]  # what differed, and what was done about it: a sentence each

    @property
    def is_calm(self) -> bool:
        return not self.finds

    @property
    def summary(self) -> str:
        if not self.row.looked:
            return gettext("No pair's turn came.")
        looked = number_format(self.row.looked, force_grouping=True)
        if not self.row.differed:
            text = ngettext(
                "%(looked)s pair looked at, as remembered.",
                "%(looked)s pairs looked at, all as remembered.",
                self.row.looked,
            )
            return text % {"looked": looked}
        differed = number_format(self.row.differed, force_grouping=True)
        return gettext("%(differed)s of %(looked)s pairs differed.") % {"differed": differed, "looked": looked}


@dataclass(slots=True)
class Nightly:
    sync: Sync
    nights: list[Night] = field(default_factory=list)  # the latest first

    @property
    def last(self) -> Night | None:
        return self.nights[0] if self.nights else None

    @property
    def parts(self) -> int:
        """In so many nights every pair has its turn."""
        return PARTS


def of_syncs(syncs: Iterable[Sync]) -> dict[int, Nightly]:
    """Sync pk → its nights. One query, whatever their number."""
    found = {sync.pk: Nightly(sync) for sync in syncs}
    since = now().date() - timedelta(days=NIGHTS)
    for row in AuditNight.objects.filter(sync_id__in=found, day__gt=since).order_by("-day"):
        one = found[row.sync_id]
        one.nights.append(Night(row, _finds(one.sync, row)))
    return found


def _finds(sync: Sync, row: AuditNight) -> list[str]:
    found = []
    for side, n in ((Side.APP, row.drift_app), (Side.HUB, row.drift_hub)):
        if n:
            text = ngettext(
                "%(n)s record of %(app)s had changed unnoticed; it was handled like any other change.",
                "%(n)s records of %(app)s had changed unnoticed; they were handled like any other change.",
                n,
            )
            found.append(text % {"n": number_format(n, force_grouping=True), "app": words.app_name(sync, side)})
    if row.apart:
        text = ngettext(
            "In %(n)s pair the two sides differ although nothing waits, mostly in one-way fields; nothing was overwritten.",
            "In %(n)s pairs the two sides differ although nothing waits, mostly in one-way fields; nothing was overwritten.",
            row.apart,
        )
        found.append(text % {"n": number_format(row.apart, force_grouping=True)})
    if row.miscounted:
        text = gettext("The numbers on these pages were off by %(n)s, and were put right.")
        found.append(text % {"n": number_format(row.miscounted, force_grouping=True)})
    return found
