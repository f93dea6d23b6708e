"""What ``integrations`` itself keeps of its own signals."""

from datetime import timedelta
from typing import Any

from django.dispatch import receiver
from django.utils.timezone import now

from integrations.models import AppInstance
from integrations.signals import hints_received


@receiver(hints_received)
def note_hint(sender: Any, *, instance: AppInstance, **more: Any) -> None:
    """Remember that webhooks arrive; at most one write a minute, as they come in bursts."""
    at = now()
    quiet = AppInstance.objects.filter(pk=instance.pk).exclude(hinted_at__gt=at - timedelta(minutes=1))
    quiet.update(hinted_at=at)
