"""What happens in ``integrations`` and concerns syncs."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from integrations.models import AppInstance, InstanceState
from integrations.records import Hint, Side, can_be_kept
from syncjobs.models import PendingChange, Sync, SyncState
from syncjobs.queue import enqueue
from syncjobs.services import syncs

# A reconnected instance heals what its own trouble stopped; guards and missing lists wait for a person.
HEALED_BY_CONNECTION = {
    "AUTH_EXPIRED", "AUTH_REVOKED", "DISCONNECTED", "SCOPE_MISSING", "API_ACCESS_DISABLED", "ACCOUNT_CHANGED", "NETWORK_BLOCKED",
    "REMOTE_UNAVAILABLE",
}  # fmt: skip


def of_instance(instance: AppInstance) -> Any:
    return Sync.objects.saved().filter(Q(hub_instance=instance) | Q(app_instance=instance))


def take_hints(sender: Any, instance: AppInstance, hints: Sequence[Hint], **kwargs: Any) -> None:
    """Store which records a webhook named, and wake the syncs. Answered in milliseconds; reading comes later."""
    concerned = of_instance(instance).exclude(state=SyncState.OFF)
    for sync in concerned:
        side = Side.HUB if sync.hub_instance_id == instance.pk else Side.APP
        # An id that no link can hold is told of by scans, as a failure.
        ids = sorted({hint.id for hint in hints if hint.kind == sync.kind(side) and can_be_kept(hint.id)})
        if not ids:
            continue
        with transaction.atomic():
            PendingChange.objects.bulk_create(
                [PendingChange(sync=sync, side=side.value, remote_id=pk) for pk in ids],
                update_conflicts=True,
                unique_fields=["sync", "side", "remote_id"],
                update_fields=["noted_at", "priority"],
            )
        enqueue("syncjobs.tasks.wake", sync.pk)


def follow_instance(sender: Any, instance: AppInstance, **kwargs: Any) -> None:
    """Suspend what a disconnected instance carried; resume what a reconnected one's trouble had suspended."""
    if instance.state == InstanceState.DISCONNECTED:
        of_instance(instance).filter(state__in=(SyncState.INITIAL, SyncState.ACTIVE)).update(
            state=SyncState.SUSPENDED, state_code="DISCONNECTED", state_detail=str(instance), state_since=now()
        )
    if instance.state != InstanceState.CONNECTED:
        return
    for sync in of_instance(instance).filter(state=SyncState.SUSPENDED, state_code__in=HEALED_BY_CONNECTION):
        syncs.resume(sync=sync, by=None)
