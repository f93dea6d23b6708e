"""Webhook subscriptions and their delivery: 3 seconds to answer 2xx, seven tries, then the subscription is switched off.

No signature and no shared secret, as at the vendor. The ladder is theirs divided by ``SPEED_UP``, so that a test or a demo sees
its end. The payload is ours: the vendor publishes none.
"""

import itertools
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from integrations.standins.faults import Faults
from integrations.standins.snovio.answers import Refuse
from integrations.standins.webhooks import Event, Outbox

EVENTS = {
    "campaign_email": ("sent", "first_sent", "opened", "bounced", "clicked"),
    "campaign_reply": ("received", "first_received", "autoreply_received"),
    "campaign_li_reply": ("received", "first_received"),
    "campaign_li": ("connection_request_accepted",),
    "prospect": (
        "campaign_finished",
        "unsubscribed",
        "found_by_li_url",
        "found_emails_by_name_by_domain",
        "found_company_by_domain",
    ),
    "company": ("found_domains_by_names", "found_company_by_domain"),
    "email": ("found_emails_by_domain", "found_generic_contacts_by_domain", "found_prospect_emails"),
    "email_verification": ("verified",),
    "database_search": ("task_result",),
}
MOST = 50  # subscriptions per account
SPEED_UP = 60_000  # 24 hours become 1.4 seconds


@dataclass(slots=True)
class Subscription:
    id: int
    end_point: str
    event_object: str
    event_action: str
    status: str  # "active" or "deactivated"
    created_at: int  # Unix seconds

    def shown(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Subscriptions:
    rows: dict[int, Subscription] = field(default_factory=dict)
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(101))

    def add(self, object: str, action: str, url: str, *, at: float) -> Subscription:
        if action not in EVENTS.get(object, ()):
            raise Refuse.bad_request("The selected event is invalid.")
        if not url.startswith(("http://", "https://")):
            raise Refuse.bad_request("The endpoint url format is invalid.")
        if len(self.rows) >= MOST:
            raise Refuse.bad_request(f"The limit of {MOST} webhooks is reached")
        made = Subscription(next(self.ids), url, object, action, "active", int(at))
        self.rows[made.id] = made
        return made

    def row(self, id: int) -> Subscription:
        if id not in self.rows:
            raise Refuse.not_found()
        return self.rows[id]

    def wanting(self, object: str, action: str) -> list[Subscription]:
        """The active subscriptions of one event; they are account-wide, not per campaign."""
        return [
            row
            for row in self.rows.values()
            if (row.event_object, row.event_action) == (object, action) and row.status == "active"
        ]

    def switch_off(self, url: str) -> None:
        for row in self.rows.values():
            if row.end_point == url:
                row.status = "deactivated"


class Deliveries(Outbox):
    """One event per call; at once, then six repeats."""

    batch = 1
    gather = 0.0
    ladder = tuple(seconds / SPEED_UP for seconds in (1200, 2400, 3600, 14400, 28800, 86400))
    patience = 3.0

    def __init__(self, faults: Faults, subscriptions: Subscriptions) -> None:
        super().__init__(faults)
        self.subscriptions = subscriptions

    def call(self, url: str, events: list[Event], attempt: int) -> tuple[bytes, dict[str, str]]:
        return json.dumps(events[0]).encode(), {"Content-Type": "application/json"}

    def refused(self, url: str) -> None:
        self.subscriptions.switch_off(url)
