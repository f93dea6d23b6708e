"""HubSpot's stand-in as the hub, two connections of one other app, and syncs with the defaults between them.

A module names its app's two connections with a fixture of its own, ``instances``: (the hub, [the first, the second]).
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations.models import AppInstance
from portal.accounts.models import Account
from portal.demo import story
from tests.contract.conftest import Control, hubspot_control, hubspot_standin
from tests.syncjobs.runner.world import World, started

__all__ = ["hubspot_control", "hubspot_standin"]

Instances = tuple[AppInstance, list[AppInstance]]
Start = Callable[..., World]
Rows = dict[str, dict[str, Any]]


@pytest.fixture
def start(account: Account, manager: User, instances: Instances) -> Start:
    """Save a sync with its defaults and run its initial sync: ``start("contacts", "contacts", organisation=1)``."""

    def made(hub_kind: str, app_kind: str, *, organisation: int = 0) -> World:
        hub, apps = instances
        return started(account, manager, hub, apps[organisation], hub_kind, app_kind)

    return made


def connected_hub(account: Account, manager: User, hubspot: dict[str, Any], other: Any, settings: Any) -> AppInstance:
    """HubSpot, with the settings that its stand-in and the other app's need."""
    settings.ALLOW_LOOPBACK_APPS = True
    settings.HUBSPOT_CALLS_PER_SECOND = 1000
    for name, value in (hubspot["environment"] | other["environment"]).items():
        setattr(settings, name, value)
    return story.connect_hub(account, manager, hubspot)


def listed(control: Control, kind: str, **where: Any) -> Rows:
    """What the app holds: id → properties."""
    return {row["id"]: row["properties"] for row in control("list", type=kind, **where)["results"]}


def addresses(rows: Rows, name: str) -> list[str]:
    return sorted(str(row[name]).lower() for row in rows.values() if row.get(name))
