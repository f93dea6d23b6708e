"""The pairs that ``make chaos`` knows: who is connected with HubSpot, and how. To add one: a function and a line in ``PAIRS``."""

from collections.abc import Callable
from typing import Any

from portal.demo import story
from portal.demo.install import DemoInstall
from tests.chaos.sides import HubSpotSide, Side, SnovioSide

Connected = tuple[Any, dict[str, Side]]
"""The saved sync, its initial run queued, and the two sides."""


def snovio(install: DemoInstall, account: Any, user: Any) -> Connected:
    hub = story.connect_hub(account, user, install.standins["hubspot"])
    app = story.connect_app(account, user, install.standins["snovio"])
    sides: dict[str, Side] = {
        "hub": HubSpotSide(install.standins["hubspot"]),
        "app": SnovioSide(install.standins["snovio"]),
    }
    return story.set_up(account, user, hub, app), sides


PAIRS: dict[str, Callable[[DemoInstall, Any, Any], Connected]] = {"snovio": snovio}
