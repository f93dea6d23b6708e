"""Walks over cards: by period (what changed), and by tag (what is in the chosen tags).

A period is walked by ``updatedTime``, oldest first, up to a moment that stays fixed for all its pages. Both ends count as included,
and each poll looks back ``OVERLAP`` behind the end of the one before: a card can come twice, none is skipped. A period that Sansan
refuses as too long is cut into shorter ones: how long one may be is not known. A walk over all cards ends with the period that went
by meanwhile. A page token that has gone bad makes the walk of that period (or those tags) start again.

Whether putting a tag on a card moves its ``updatedTime`` is not known, so polls of a sync that chose tags also walk over all cards
of those tags once an hour: newly tagged ones come in with that, and those that changed nothing cost no write.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.sansan.client import Client, Json

BEGINNING = datetime(2007, 1, 1, tzinfo=UTC)  # Sansan's first year
OVERLAP = timedelta(minutes=5)
SWEEP_EVERY = timedelta(hours=1)
PERIODS = (timedelta(days=366), timedelta(days=91), timedelta(days=30), timedelta(days=7))
TAGS_A_CALL = 50  # in one address: their ids are 32 characters
RESTARTS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk is. Times are ISO text, as a position is JSON."""

    since: str = ""  # the period that is being walked; "" when it is by tag
    until: str = ""
    end: str = ""  # of all periods together; the last of them may reach beyond it
    tags: list[str] = field(default_factory=list)  # still to be walked, the first ``TAGS_A_CALL`` of them now
    token: str = ""
    restarts: int = 0
    rest: bool = False  # the period is what has gone by since a walk over all cards began

    @classmethod
    def at(cls, position: dict[str, Any]) -> "Place":
        return cls(**position)

    @property
    def json(self) -> dict[str, Any]:
        return asdict(self)


def period(since: datetime, end: datetime) -> Place:
    return Place(since=since.isoformat(), until=end.isoformat(), end=end.isoformat())


def what_moved(since: str, end: datetime) -> Place | None:
    """The period behind a walk over all cards that ended with ``since``: whoever changed a card meanwhile took it out of the walk's
    period. None where no whole second went by."""
    begin = datetime.fromisoformat(since).replace(microsecond=0) + timedelta(seconds=1)
    return replace(period(begin, end), rest=True) if begin <= end else None


def by_tags(tags: list[str], end: datetime) -> Place:
    return Place(tags=tags, end=end.isoformat())


def step(client: Client, place: Place) -> tuple[list[Json], Place | None]:
    """One page, and where the next one is; None after the last."""
    try:
        cards, token = _page(client, place)
    except errors.Refused as error:
        return [], _after_refusal(place, error)
    if token:
        return cards, replace(place, token=token)
    if place.since:
        return cards, _next_period(place)
    left = place.tags[TAGS_A_CALL:]
    return cards, replace(place, tags=left, token="", restarts=0) if left else None


def _page(client: Client, place: Place) -> tuple[list[Json], str]:
    if place.since:
        since, until = (datetime.fromisoformat(text) for text in (place.since, place.until))
        return client.changed(since, until, place.token)
    return client.search(place.token, tagId=place.tags[:TAGS_A_CALL])


def _next_period(place: Place) -> Place | None:
    """As long as the one before, which was not refused."""
    begin, since, end = (datetime.fromisoformat(text) for text in (place.since, place.until, place.end))
    if since >= end:
        return None
    return replace(place, since=place.until, until=min(end, since + (since - begin)).isoformat(), token="", restarts=0)


def _after_refusal(place: Place, error: errors.Refused) -> Place:
    """A refused token or too long a period can be helped; anything else goes up."""
    if place.token and place.restarts < RESTARTS:
        return replace(place, token="", restarts=place.restarts + 1)
    if place.token:
        raise errors.Unavailable(_("Sansan's page tokens keep going bad; the cards cannot be read to their end."))
    if not place.since:
        raise error
    since, until = datetime.fromisoformat(place.since), datetime.fromisoformat(place.until)
    shorter = next((length for length in PERIODS if length < until - since), None)
    if shorter is None:
        raise error
    return replace(place, until=(since + shorter).isoformat())
