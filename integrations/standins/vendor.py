"""What a stand-in is, and what all stand-ins of one process share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.standins.faults import Faults
from integrations.standins.limits import Limiter
from integrations.standins.people import Population, Shares, populate
from integrations.standins.web import answer
from integrations.standins.webhooks import Outbox

Verb = Callable[[dict[str, Any]], dict[str, Any] | None]


class Clock:
    """The stand-ins' time. It can be moved forward, which ages tokens and limits; it never stands still."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset

    def ms(self) -> int:
        return int(self.now() * 1000)


@dataclass
class World:
    """``records``: how many people exist; ``shares`` says how they are spread over hub and app."""

    seed: int = 7
    records: int = 200
    shares: Shares = field(default_factory=Shares)
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def population(self) -> Population:
        return populate(self.records, self.shares, seed=self.seed)


class ControlError(Exception):
    """A control verb was asked for something it cannot do; answered with 400 and the message."""


class Vendor:
    """One vendor's API, pages and control verbs. Everything happens on one event loop: no locks are needed, as long as
    a handler doesn't await between reading and changing the store."""

    key: ClassVar[str] = ""
    page_prefixes: ClassVar[tuple[str, ...]] = ("/app",)
    """Paths for people: no faults, no limits, no statistics, and reachable during an outage."""

    defaults: ClassVar[dict[str, Any]] = {}
    """Settings with their usual values; ``--set key.name=value`` and ``/_control/settings`` change them."""

    more_addresses = 0
    """How many ports it listens at beside the first: where a customer of the vendor has an address of its own."""

    def __init__(self, world: World, settings: dict[str, Any] | None = None) -> None:
        self.world = world
        self.clock = world.clock
        self.settings: dict[str, Any] = {**self.defaults, **self.checked(settings or {})}
        self.initial = dict(self.settings)
        self.faults = Faults(seed=world.seed)
        self.limiter = Limiter(world.clock.now)
        self.outbox = self.make_outbox()
        self.base = ""  # http://127.0.0.1:<port>, set before the first request
        self.more_bases: list[str] = []  # further addresses, as many as ``more_addresses``

    # -- what a vendor must answer ----------------------------------------------------------------------------------
    def routes(self) -> list[BaseRoute]:
        """The API and the pages."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """Addresses and working credentials: this vendor's part of ``--json``. Called once ``base`` is known.

        Among them ``control_url``, ``page_url`` (where a person looks at it), ``environment`` (settings of an install that is to
        find it, by name) and, for apps that take keys, ``to_connect`` (what a person types, by label).
        """
        raise NotImplementedError

    def reset(self) -> None:
        """Back to the seeded records; tokens given out stay good."""
        raise NotImplementedError

    # -- what a vendor may answer ------------------------------------------------------------------------------------
    def verbs(self) -> dict[str, Verb]:
        """More control verbs: ``POST /_control/<name>`` with a JSON object, which gives a JSON object."""
        return {}

    def make_outbox(self) -> Outbox:
        """Override to sign and shape webhook calls."""
        return Outbox(self.faults)

    def problem(self, status: int, *, retry_after: float | None = None) -> Response:
        """The vendor's own way to say 429, 5xx, …; used for injected faults and outages."""
        headers = {"Retry-After": str(int(retry_after))} if retry_after is not None else None
        return answer({"message": f"Injected {status}"}, status, headers)

    def checked(self, given: dict[str, Any]) -> dict[str, Any]:
        """Settings as given; raises ControlError for an unknown name or a value of another type than the default's."""
        for name, value in given.items():
            if name not in self.defaults:
                raise ControlError(f"{self.key} has no setting {name}; it has {', '.join(sorted(self.defaults))}.")
            usual = self.defaults[name]
            fits = (int, float) if type(usual) in (int, float) else type(usual)
            if not isinstance(value, fits) or isinstance(value, bool) != isinstance(usual, bool):
                raise ControlError(f"{self.key}.{name} takes a value like {usual!r}, not {value!r}.")
        return given

    def settings_changed(self) -> None:
        """Called after ``/_control/settings``."""
