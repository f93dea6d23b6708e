"""Dynamics 365 (Dataverse) as far as a sync of CRM records meets it: sign-in service, Web API, webhooks, a page for people.

A sign-in is for one organisation: its address is in the scope. Two organisations have overlapping people.
"""

from typing import Any

from integrations.standins.dynamics.vendor import Dynamics
from integrations.standins.vendor import World

__all__ = ["create"]


def create(world: World, settings: dict[str, Any]) -> Dynamics:
    return Dynamics(world, settings)
