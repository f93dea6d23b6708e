"""Lists of records behind the numbers: keyset-paged rows, and failures grouped by cause."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.formats import number_format

from integrations.records import Side
from syncjobs.health import words
from syncjobs.health.catalogue import Words
from syncjobs.health.numbers import STATUSES
from syncjobs.models import RecordLink, RecordStatus, Sync
from syncjobs.services import weak

PAGE = 50
SAMPLE = 5  # records shown under a cause
# Grouping reads every row of the status through the index (sync, status); beyond this many the numbers are "at least".
GROUPED_AT_MOST = 20_000
TOP_GROUPS = 20
CAUSE = ("code", "field", "side")
NO_CAUSE = "AWAITS_RUN"  # what pages say of records that carry no code
GROUPED = ("failed", "excluded", "review", "pending")
# Rows hold up to six JSON documents each; a list shows none of them.
HEAVY = ("hub_seen", "app_seen", "hub_now", "app_now", "hub_expected", "app_expected")


@dataclass(frozen=True, slots=True)
class Query:
    """What a list shows: everything of it stands in the address, so that a view can be sent to a colleague.

    ``code``, ``field`` and ``side`` are a cause. Each that is None is not asked for; "" asks for records that name none.
    """

    status: str
    code: str | None = None
    field: str | None = None
    side: str | None = None
    search: str = ""
    after: int | None = None  # the last id of the page before: rows go down from here

    @classmethod
    def of(cls, status: str, query: Mapping[str, str]) -> "Query":
        after = query.get("after", "")
        return cls(
            status,
            code=_sent(query.get("code")),
            field=_sent(query.get("field")),
            side=side if (side := query.get("side")) in ("", *Side) else None,
            search=(_sent(query.get("q")) or "").strip(),
            after=int(after) if after.isdecimal() and len(after) < 19 else None,
        )

    def address(self, **changes: Any) -> str:
        """The query part of the address with some of it changed."""
        parts = {**self.cause, "q": self.search or None, "after": self.after, **changes}
        return "?" + urlencode({key: value for key, value in parts.items() if value is not None})

    @property
    def cause(self) -> dict[str, str]:
        """The parts of a cause that are asked for: columns of a link, and hidden fields of a form."""
        parts = {name: getattr(self, name) for name in CAUSE}
        return {name: value for name, value in parts.items() if value is not None}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.cause or self.search or self.after)


@dataclass(frozen=True, slots=True)
class Row:
    link: RecordLink
    reason: Words | None

    @property
    def label(self) -> str:
        return words.label_of(self.link)


@dataclass(frozen=True, slots=True)
class RecordPage:
    rows: list[Row]
    older: int | None  # ``after`` of the next page

    @property
    def has_reasons(self) -> bool:
        """Records in sync seldom carry a note: a column of dashes says nothing."""
        return any(row.reason for row in self.rows)


@dataclass(slots=True)
class Group:
    """Records with one cause: one card, one fix."""

    words: Words
    code: str
    field: str
    field_label: str
    count: int
    side: str
    remote: str  # the app's own words for one of them
    since: Any
    where: str = ""  # the app at ``side``, "" where it is about both
    rows: list[Row] = dataclasses.field(default_factory=list)

    @property
    def cause(self) -> dict[str, str]:
        """What its list, and a resync of it, ask for: exactly the records that are counted here."""
        return {name: getattr(self, name) for name in CAUSE}

    @property
    def title(self) -> str:
        return title_of(self.words, self.field_label, self.where)


def title_of(words: Words, field_label: str, where: str) -> str:
    """Names the app, unless the words do: the same cause may stand at either side."""
    title = f"{words.title}: {field_label}" if field_label else words.title
    return f"{title} · {where}" if where and where not in title else title


@dataclass(frozen=True, slots=True)
class Groups:
    groups: list[Group]
    at_least: bool  # more records than were grouped

    def number(self, group: Group) -> str:
        return counted(group.count, at_least=self.at_least)


def counted(n: int, *, at_least: bool) -> str:
    return number_format(n, force_grouping=True) + ("+" if at_least else "")


def _sent(text: str | None) -> str | None:
    """A word of an address or form as columns can hold it."""
    return None if text is None else text.replace("\0", "")[:200]


def links(sync: Sync, query: Query) -> QuerySet[RecordLink]:
    """The links of a list, unordered. Every one starts at the index (sync, status)."""
    found = _of_status(sync, query.status).filter(**query.cause)
    if query.search:
        found = found.filter(_matching(query.search))
    return found


def _of_status(sync: Sync, status: str) -> QuerySet[RecordLink]:
    """Of two records that wait for one answer, the app's: both would be one question in two rows."""
    found = RecordLink.objects.filter(sync=sync, status__in=STATUSES[status])
    twins = weak.asked_by_twin(sync) if status == RecordStatus.REVIEW else None
    return found if twins is None else found.exclude(pk__in=twins.values("pk"))


def count(sync: Sync, query: Query) -> str:
    """How many records a cause has, on all pages and whatever is searched for: what a resync of it would take. "20,000+" for more
    than anyone counts while a page loads."""
    n = (
        links(sync, dataclasses.replace(query, search="", after=None))
        .order_by()
        .values("pk")[: GROUPED_AT_MOST + 1]
        .count()
    )
    return counted(min(n, GROUPED_AT_MOST), at_least=n > GROUPED_AT_MOST)


def page(sync: Sync, query: Query, size: int = PAGE) -> RecordPage:
    """The newest links first. One query."""
    found = links(sync, query)
    if query.after:
        found = found.filter(pk__lt=query.after)
    rows = list(found.defer(*HEAVY).order_by("-pk")[: size + 1])
    return RecordPage(_rows(sync, rows[:size]), rows[size - 1].pk if len(rows) > size else None)


def groups(sync: Sync, status: str, *, samples: bool = True) -> Groups:
    """By code, field and side, largest first: four queries, whatever the number of groups."""
    bounded = _of_status(sync, status).order_by().values("pk")[:GROUPED_AT_MOST]
    grouped = RecordLink.objects.filter(pk__in=bounded).order_by()
    counted = grouped.values(*CAUSE).annotate(n=Count("pk"), since=Min("status_since")).order_by("-n", *CAUSE)
    found = list(counted[:TOP_GROUPS])
    labels = words.field_labels(sync)
    shown = [_group(sync, row, labels) for row in found]
    if samples:
        _add_samples(sync, grouped, shown, labels)
    return Groups(shown, at_least=sum(row["n"] for row in found) >= GROUPED_AT_MOST)


def _group(sync: Sync, row: Mapping[str, Any], labels: dict[str, dict[str, str]]) -> Group:
    text = words.reason(sync, row["code"] or NO_CAUSE, side=row["side"], field=row["field"], labels=labels)
    label = words.field_label(labels, Side(row["side"] or "app"), row["field"])
    where = words.app_name(sync, row["side"]) if row["side"] and row["code"] != weak.CODE else ""
    return Group(text, row["code"], row["field"], label, row["n"], row["side"], "", row["since"], where)


def _add_samples(
    sync: Sync, grouped: QuerySet[RecordLink], shown: Sequence[Group], labels: dict[str, dict[str, str]]
) -> None:
    """The newest few records of each group, and what the app said about one of them."""
    place = Window(RowNumber(), partition_by=list(CAUSE), order_by="-pk")
    ids = list(grouped.annotate(place=place).filter(place__lte=SAMPLE).values_list("pk", flat=True))
    by_cause: dict[tuple[str, ...], list[RecordLink]] = {}
    for link in RecordLink.objects.filter(pk__in=ids).defer(*HEAVY).order_by("-pk"):
        by_cause.setdefault((link.code, link.field, link.side), []).append(link)
    for group in shown:
        mine = by_cause.get((group.code, group.field, group.side), [])
        group.rows = _rows(sync, mine, labels)
        group.remote = next((link.detail for link in mine if link.detail), "")


def _rows(sync: Sync, found: Sequence[RecordLink], labels: dict[str, dict[str, str]] | None = None) -> list[Row]:
    for link in found:
        link.sync = sync  # already loaded: no query per row
    if labels is None and any(link.field for link in found):
        labels = words.field_labels(sync)
    return [Row(link, words.reason_of_link(link, labels)) for link in found]


def _matching(search: str) -> Q:
    """By id, by the beginning of an identifier (an e-mail address), or by part of the name."""
    key = search.casefold()
    by_key = Q(hub_key__startswith=key) | Q(app_key__startswith=key)
    return Q(hub_id=search) | Q(app_id=search) | by_key | Q(label__icontains=search)
