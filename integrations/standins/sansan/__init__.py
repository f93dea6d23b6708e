"""A stand-in for the Sansan Open API. What it imitates is in the docstrings of ``api``, ``shapes`` and ``store``."""

from typing import Any

from integrations.standins.sansan.server import Sansan
from integrations.standins.vendor import World


def create(world: World, settings: dict[str, Any] | None = None) -> Sansan:
    return Sansan(world, settings)
