"""``/_control/<verb>``: the knobs of a stand-in, for tests and for a person. POST a JSON object, get a JSON object.

============ ======================================================================================================
``state``    settings, fault rules, outage, clock (also ``GET /_control/``)
``stats``    API requests so far by path and status; ``{"reset": true}`` starts again after the answer
``faults``   add one rule (see ``faults.py``); ``{"clear": true}`` removes all and ends an outage
``down``     outage: ``{"how": "503"}`` or ``{"how": "close"}``; ``up`` ends it
``clock``    ``{"advance": seconds}``
``settings`` change settings of this vendor, such as limits and lag
``webhooks`` ``{"duplicate": p, "shuffle": p, "drop": true}``; answers the calls made so far, newest last
``reset``    seeded records, settings and clock as at the start; no faults, no statistics
============ ======================================================================================================

A vendor adds its own verbs (tokens, records, …).
"""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.standins.vendor import ControlError, Vendor, Verb
from integrations.standins.web import BadBody, answer, read_json


@dataclass
class Stats:
    by_path: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {
            "total": sum(self.by_path.values()),
            "by_path": dict(self.by_path),
            "by_status": dict(self.by_status),
            "faults": dict(self.faults),
        }


class Control:
    def __init__(self, vendor: Vendor, stats: Stats) -> None:
        self.vendor, self.stats = vendor, stats
        self.verbs: dict[str, Verb] = {
            "": self.state,
            "state": self.state,
            "stats": self.statistics,
            "faults": self.faults,
            "down": self.down,
            "up": self.up,
            "clock": self.clock,
            "settings": self.settings,
            "webhooks": self.webhooks,
            "reset": self.reset,
            **vendor.verbs(),
        }

    async def handle(self, request: Request) -> Response:
        verb = self.verbs.get(request.url.path.removeprefix("/_control").strip("/"))
        if verb is None:
            return answer({"error": "No such verb.", "verbs": sorted(filter(None, self.verbs))}, 404)
        try:
            given = dict(request.query_params) if request.method == "GET" else await read_json(request)
            return answer(verb(given) or {"done": True})
        except (ControlError, BadBody, ValueError, TypeError, KeyError) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def state(self, given: dict[str, Any]) -> dict[str, Any]:
        vendor = self.vendor
        return {
            "vendor": vendor.key,
            "settings": vendor.settings,
            "faults": [rule.shown() for rule in vendor.faults.rules],
            "down": vendor.faults.down,
            "now": vendor.clock.now(),
            "verbs": sorted(filter(None, self.verbs)),
        }

    def statistics(self, given: dict[str, Any]) -> dict[str, Any]:
        shown = self.stats.shown()
        if given.get("reset"):
            self.stats.by_path.clear()
            self.stats.by_status.clear()
            self.stats.faults.clear()
        return shown

    def faults(self, given: dict[str, Any]) -> dict[str, Any]:
        given = dict(given)
        if given.pop("clear", False):
            self.vendor.faults.clear()
        if given:
            self.vendor.faults.add(**given)
        self.vendor.faults.forget_old()
        return {"faults": [rule.shown() for rule in self.vendor.faults.rules]}

    def down(self, given: dict[str, Any]) -> None:
        how = str(given.get("how", "503"))
        if how not in ("503", "close"):
            raise ControlError("how must be 503 or close.")
        self.vendor.faults.down = how

    def up(self, given: dict[str, Any]) -> None:
        self.vendor.faults.down = ""

    def clock(self, given: dict[str, Any]) -> dict[str, Any]:
        step = float(given.get("advance", 0))
        if step < 0:
            raise ControlError("The clock only moves forward.")
        self.vendor.clock.offset += step
        return {"now": self.vendor.clock.now()}

    def settings(self, given: dict[str, Any]) -> dict[str, Any]:
        self.vendor.settings.update(self.vendor.checked(given))
        if given:
            self.vendor.settings_changed()
        return {"settings": self.vendor.settings}

    def webhooks(self, given: dict[str, Any]) -> dict[str, Any]:
        faults, outbox = self.vendor.faults, self.vendor.outbox
        faults.duplicate = float(given.get("duplicate", faults.duplicate))
        faults.shuffle = float(given.get("shuffle", faults.shuffle))
        if given.get("drop"):
            outbox.drop()
        return {"calls": list(outbox.log), "idle": outbox.idle}

    def reset(self, given: dict[str, Any]) -> None:
        self.vendor.faults.clear()
        self.vendor.outbox.drop()
        self.vendor.outbox.log.clear()
        self.vendor.limiter.clear()
        self.vendor.clock.offset = 0.0
        self.vendor.settings.update(self.vendor.initial)
        self.vendor.reset()
        self.statistics({"reset": True})
