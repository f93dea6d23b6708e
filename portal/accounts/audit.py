"""One way to write the audit trail."""

from typing import Any

from portal.accounts.models import Account, AuditEvent


def record(*, account: Account, user: Any, verb: str, target: str = "", **detail: Any) -> AuditEvent:
    """Note that ``user`` (None: Syncline itself) did ``verb`` ("sync.paused") to ``target`` (its name now)."""
    return AuditEvent.objects.create(
        account=account, user=user if getattr(user, "pk", None) else None, verb=verb, target=target[:200], detail=detail
    )
