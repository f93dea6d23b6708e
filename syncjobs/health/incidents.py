"""The strip over the syncs of an app: what stopped, and which causes most records fail of. A few cards, worst first."""

from django.urls import reverse
from django.utils.translation import gettext

from syncjobs.health import lists, standing
from syncjobs.health.standing import Button, Standing, SyncStanding, Trouble

SHOWN = 6
CAUSES_PER_SYNC = 3


def of_standing(found: Standing) -> list[Trouble]:
    """The instance itself, suspended syncs, then causes of failures and reviews by the number of records."""
    stopped: list[Trouble] = []
    if found.instance.state != "connected":
        stopped.append(standing.instance_trouble(found.instance, waiting=found.numbers.pending))
    stopped += [standing.sync_trouble(one) for one in found.suspended]
    stopped += [card for one in found.syncs if (card := standing.wait_trouble(one))]
    stopped += [card for one in found.syncs if (card := standing.mapping_trouble(one))]
    causes = [card for one in found.syncs for card in _causes(one)]
    causes.sort(key=lambda card: (card.tone != "failed", -card.waiting))
    return (stopped + causes)[:SHOWN]


def _causes(one: SyncStanding) -> list[Trouble]:
    """Only syncs that have such records are asked, so a healthy page needs no query here."""
    found = []
    for status in ("failed", "review"):
        if getattr(one.numbers, status):
            groups = lists.groups(one.sync, status, samples=False)
            found += [_card(one, status, group, groups) for group in groups.groups[:CAUSES_PER_SYNC]]
    return found


def _card(one: SyncStanding, status: str, group: lists.Group, groups: lists.Groups) -> Trouble:
    query = lists.Query.of(status, group.cause)
    url = reverse("syncjobs:records", args=[one.sync.pk, status]) + query.address()
    count = standing.counted(group.count, one.sync, groups.number(group))
    return Trouble(
        status,
        group.words.cause,
        Button(gettext("How to fix"), url, panel=True, managers=False),
        group.count,
        group.title,
        group.since,
        count,
        url,
    )
