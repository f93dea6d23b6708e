"""HubSpot's public API, as far as a sync of CRM records meets it, plus consent page, webhooks and a page for people."""

from typing import Any

from integrations.standins.hubspot.vendor import HubSpot
from integrations.standins.vendor import World

__all__ = ["create"]


def create(world: World, settings: dict[str, Any]) -> HubSpot:
    return HubSpot(world, settings)
