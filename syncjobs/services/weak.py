"""Two records that match only by a weak identifier wait for a person, who says that they are one, or that they are not."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.records import Side
from portal.accounts import audit
from syncjobs.models import RecordLink, RecordStatus, Sync, ToldPair
from syncjobs.runner.weak import CODE
from syncjobs.services import syncs


class NotWaiting(Exception):
    """The records do not wait for this answer any more: somebody gave it, or one of them has changed or gone."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Links of which one holds the record of the hub, the other that of the app."""

    hub: RecordLink
    app: RecordLink


def pairs(sync: Sync, links: Iterable[RecordLink] | None = None) -> list[Pair]:
    """All that wait, or those that one of ``links`` is half of, oldest first. A record whose name has changed since has no pair."""
    waiting = _waiting(sync)
    names = _names(sync)
    if links is not None:
        keys = {(name, key) for link in links for name in names for side in Side if (key := _key(link, side, name))}
        either = [Q(**{f"{side}_{name}": key}) for name, key in keys for side in Side]
        waiting = waiting.filter(reduce(or_, either)) if either else waiting.none()
    found: list[Pair] = []
    rows = list(waiting.order_by("pk"))
    for name in names:
        hubs = {key: row for row in rows if (key := _key(row, Side.HUB, name))}
        taken = {pk for pair in found for pk in (pair.hub.pk, pair.app.pk)}
        for row in rows:
            hub = hubs.get(_key(row, Side.APP, name))
            if hub is not None and not {hub.pk, row.pk} & taken and hub.pk != row.pk:
                found.append(Pair(hub, row))
    return found


def pair_of(link: RecordLink) -> Pair | None:
    """The pair that waits for a person's word, or None."""
    return next((pair for pair in pairs(link.sync, [link]) if link.pk in (pair.hub.pk, pair.app.pk)), None)


def asked_by_twin(sync: Sync) -> QuerySet[RecordLink] | None:
    """Links of the hub's records whose question is that of an app's record, too: who counts or lists questions leaves them out.
    None where the sync has no weak identifier."""
    same = [Q(**{f"app_{name}": OuterRef(f"hub_{name}")}) & ~Q(**{f"app_{name}": ""}) for name in _names(sync)]
    if not same:
        return None
    asking = RecordLink.objects.filter(sync=sync, status=RecordStatus.REVIEW, code=CODE)
    twins = asking.filter(reduce(or_, same), app_id__isnull=False, app_gone=False)
    return asking.filter(Q(app_id=None) | Q(app_gone=True), Exists(twins), hub_id__isnull=False, hub_gone=False)


def is_asked(link: RecordLink) -> bool:
    return link.status == RecordStatus.REVIEW and link.code == CODE


def _waiting(sync: Sync) -> QuerySet[RecordLink]:
    documents = [f"{side}_{name}" for side in Side for name in ("seen", "now", "expected")]  # many records may wait
    return RecordLink.objects.filter(sync=sync, status=RecordStatus.REVIEW, code=CODE).defer(*documents)


def _names(sync: Sync) -> list[str]:
    """Which keys of a link are weak."""
    return [
        f"key{number + 1 if number else ''}" for number, one in enumerate(sync.identifiers[:2]) if not one["strong"]
    ]


def _key(link: RecordLink, side: Side, name: str) -> str:
    """The identifier of this side's record, "" where the link has none there."""
    is_there = getattr(link, f"{side}_id") is not None and not getattr(link, f"{side}_gone")
    return getattr(link, f"{side}_{name}") if is_there else ""


@transaction.atomic
def say(*, sync: Sync, told: Iterable[tuple[int, int]], same: bool, by: Any) -> int:
    """Of each of these (hub link, app link): they are one, and the next run links and merges the two; or they are not, and each
    goes its own way by the sync's rules. Nobody is asked about them again. Returns how many; raises ``NotWaiting`` when one of
    them is not a pair any more."""
    # Of two people who answer at once the second is told.
    list(Sync.objects.select_for_update().filter(pk=sync.pk).values_list("pk"))
    wanted = set(told)
    chosen = [pair for pair in pairs(sync) if (pair.hub.pk, pair.app.pk) in wanted]
    if len(chosen) != len(wanted) or not chosen:
        raise NotWaiting
    ToldPair.objects.bulk_create(
        [ToldPair(sync=sync, hub_id=pair.hub.hub_id or "", app_id=pair.app.app_id or "", same=same) for pair in chosen],
        update_conflicts=True, unique_fields=["sync", "hub_id", "app_id"], update_fields=["same", "at"],
    )  # fmt: skip
    verb = "match.confirmed" if same else "match.rejected"
    target = chosen[0].hub.label if len(chosen) == 1 else str(sync)
    audit.record(account=sync.account, user=by, verb=verb, target=target, n=len(chosen))
    ids = [pk for pair in chosen for pk in (pair.hub.pk, pair.app.pk)]
    syncs.resync(sync=sync, by=by, status=RecordStatus.REVIEW, link_ids=ids)
    return len(chosen)
