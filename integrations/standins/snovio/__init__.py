"""A stand-in for Snov.io. What it imitates is in the docstrings of ``api``, ``prospects``, ``shapes`` and ``edits``."""

from typing import Any

from integrations.standins.snovio.server import Snovio
from integrations.standins.vendor import World


def create(world: World, settings: dict[str, Any] | None = None) -> Snovio:
    return Snovio(world, settings)
