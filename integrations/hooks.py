"""Questions that ``integrations`` asks packages above it, without importing them; they append their answers at start.

Example, in an ``AppConfig.ready`` of a package above::

    hooks.instance_usage.append(lambda instance: [str(sync) for sync in …])
"""

from collections.abc import Callable

from integrations.models import AppInstance

Usage = Callable[[AppInstance], list[str]]
"""The names of whatever stops working when this instance is disconnected."""

instance_usage: list[Usage] = []


def used_by(instance: AppInstance) -> list[str]:
    """All names, in the order of the answers."""
    return [name for usage in instance_usage for name in usage(instance)]
