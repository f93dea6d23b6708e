"""Rows for tests of pages and services: real models, filled in by hand. No app is asked.

``sync_of(account, {"insync": 120, "failed": 3})`` is a saved sync of Snov.io prospects and HubSpot contacts with that many
links and the counts that belong to them.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from integrations.models import AppInstance, ObjectSchema
from portal.accounts.models import Account
from syncjobs.models import (
    FieldMapping,
    RecordLink,
    RecordStatus,
    RunKind,
    RunState,
    Sync,
    SyncCount,
    SyncRun,
    SyncState,
)

FIELDS = {
    "hubspot": {"email": "Email", "firstname": "First name", "lastname": "Last name", "phone": "Phone number"},
    "snovio": {"email": "Email", "firstName": "First name", "lastName": "Last name", "phone": "Phone"},
}
KINDS = {"hubspot": "contacts", "snovio": "prospects"}
PAIRS = [("email", "email"), ("firstName", "firstname"), ("lastName", "lastname"), ("phone", "phone")]


def instance_of(account: Account, app_key: str = "snovio", **more: Any) -> AppInstance:
    """A connected instance that knows its fields."""
    number = AppInstance.objects.filter(account=account).count() + 1
    found = AppInstance.objects.create(
        account=account,
        app_key=app_key,
        **{"label": f"Team {number}", "way_in": "keys", "remote_account_id": f"{app_key}-{number}", **more},
    )
    fields = [{"name": name, "label": label, "type": "text"} for name, label in FIELDS[app_key].items()]
    ObjectSchema.objects.create(instance=found, kind=KINDS[app_key], fields=fields)
    return found


def hub_of(account: Account) -> AppInstance:
    """The account's hub, made at first asking."""
    found = AppInstance.objects.filter(account=account, is_hub=True).first()
    return found or instance_of(account, "hubspot", label="Brightwater (EU1)", is_hub=True)


def sync_of(account: Account, counts: Mapping[str, int] | None = None, *, links: bool = True, **more: Any) -> Sync:
    """A saved sync with its mappings. ``links=False``: only the counts, for numbers too large to make rows of."""
    app = more.pop("app_instance", None) or instance_of(account)
    sync = Sync.objects.create(
        **{
            "account": account,
            "hub_instance": hub_of(account),
            "app_instance": app,
            "hub_kind": "contacts",
            "app_kind": "prospects",
            "state": SyncState.ACTIVE,
            "identifiers": [{"hub_field": "email", "app_field": "email", "strong": True}],
            "saved_at": now(),
            "last_poll_at": now(),
            "last_change_at": now() - timedelta(seconds=12),
            "lag_ms": 4200,
            **more,
        }
    )
    for position, (app_field, hub_field) in enumerate(PAIRS):
        FieldMapping.objects.create(sync=sync, app_field=app_field, hub_field=hub_field, position=position)
    for status, n in (counts or {}).items():
        SyncCount.objects.create(sync=sync, status=status, n=n)
        if links:
            RecordLink.objects.bulk_create([link_in(sync, status, number) for number in range(n)])
    return sync


def link_in(sync: Sync, status: str, number: int, **more: Any) -> RecordLink:
    """An unsaved link in a status, with the values that a pair of its kind has."""
    email = f"person{number}.{status}@example.com"
    values = {"email": email, "phone": f"+47 22 00 {number:04}"}
    failed = {"code": "EMAIL_INVALID", "field": "email", "side": "hub", "detail": "Email address is invalid"}
    codes: dict[str, dict[str, str]] = {
        RecordStatus.FAILED: failed,
        RecordStatus.EXCLUDED: {"code": "EMAIL_REQUIRED", "side": "app"},
        RecordStatus.REVIEW: {"code": "AMBIGUOUS_MATCH", "side": "hub"},
    }
    fields: dict[str, Any] = {
        "hub_id": f"h{sync.pk}-{status}-{number}",
        "app_id": f"a{sync.pk}-{status}-{number}",
        "label": f"Person {number}",
        "app_key": email,
        "hub_key": email,
        "hub_seen": {**values, "firstname": "Person", "lastname": str(number)},
        "app_seen": {**values, "firstName": "Person", "lastName": str(number)},
        "synced_at": now(),
        **codes.get(status, {}),
        **more,
    }
    return RecordLink(sync=sync, status=status, **fields)


def link_of(sync: Sync, status: str = RecordStatus.IN_SYNC, number: int = 9000, **more: Any) -> RecordLink:
    """A saved link beside those of ``sync_of``; the counts are not touched."""
    link = link_in(sync, status, number, **more)
    link.save()
    return link


def run_of(sync: Sync, **more: Any) -> SyncRun:
    """A run that goes on now, unless said otherwise."""
    fields = {"kind": RunKind.INITIAL, "state": RunState.RUNNING, "started_at": now() - timedelta(minutes=2), **more}
    return SyncRun.objects.create(sync=sync, **fields)
