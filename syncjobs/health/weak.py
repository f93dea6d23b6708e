"""*Are these two the same?* What pages show of two records that match only by a weak identifier."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import ngettext

from integrations.records import Side
from syncjobs.engine.canonical import is_blank
from syncjobs.health import sides, words
from syncjobs.health.readable import Reader
from syncjobs.health.standing import Button
from syncjobs.models import RecordLink, Sync
from syncjobs.services import weak
from syncjobs.services.weak import CODE as CODE

SHOWN = 50  # pairs on the page that asks about all


@dataclass(frozen=True, slots=True)
class Compared:
    """One mapping of the pair: what each side says."""

    label: str
    app: str
    hub: str

    @property
    def is_equal(self) -> bool:
        return self.app.casefold() == self.hub.casefold()


@dataclass(frozen=True, slots=True)
class Asked:
    """A record that waits. ``pair`` is None when the other one has changed or gone since, and nothing is left to be compared."""

    pair: weak.Pair | None
    fields: list[Compared]
    app_url: str = ""
    hub_url: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair in one line: its names, and what else tells who is meant."""

    pair: weak.Pair
    app: str
    hub: str
    app_key: str
    hub_key: str


def of_link(link: RecordLink) -> Asked | None:
    """None for a record that does not wait for this. Values are those last read; no app is asked."""
    if not weak.is_asked(link):
        return None
    pair = weak.pair_of(link)
    if pair is None:
        return Asked(None, [])
    return Asked(pair, _compared(link.sync, pair), sides.url_of(pair.app, Side.APP), sides.url_of(pair.hub, Side.HUB))


def _compared(sync: Sync, pair: weak.Pair) -> list[Compared]:
    reader = Reader(sync)
    app, hub = sides.values(pair.app, Side.APP), sides.values(pair.hub, Side.HUB)
    rows = [row for row in sync.mappings.all() if row.on]
    return [
        Compared(
            words.field_label(reader.labels, Side.APP, row.app_field),
            reader.text(Side.APP, row.app_field, app.get(row.app_field)),
            reader.text(Side.HUB, row.hub_field, hub.get(row.hub_field)),
        )
        for row in rows
        if not (is_blank(app.get(row.app_field)) and is_blank(hub.get(row.hub_field)))
    ]  # fmt: skip


def link_all_button(sync: Sync) -> Button | None:
    """To the page that names their number; None where no two wait."""
    n = len(weak.pairs(sync))
    return Button(link_all(n), reverse("syncjobs:weak", args=[sync.pk])) if n else None


def link_all(n: int) -> str:
    text = ngettext("Link %(n)s pair", "Link all %(n)s pairs", n)
    return text % {"n": number_format(n, force_grouping=True)}


def rows(pairs: list[weak.Pair]) -> list[Row]:
    return [
        Row(
            pair,
            words.label_of(pair.app),
            words.label_of(pair.hub),
            pair.app.app_key or pair.app.app_id or "",
            pair.hub.hub_key or pair.hub.hub_id or "",
        )
        for pair in pairs[:SHOWN]
    ]
