"""Notifications: which changes are told, how a call looks and how it is signed (v3, with v1 beside it)."""

import base64
import hashlib
import hmac
import itertools
import json
from typing import TYPE_CHECKING, Any

from integrations.standins.hubspot.oauth import APP_ID
from integrations.standins.hubspot.types import ObjectType
from integrations.standins.webhooks import Event, Outbox

if TYPE_CHECKING:
    from integrations.standins.hubspot.portal import Portal
    from integrations.standins.hubspot.vendor import HubSpot


class Hooks:
    """Turns changes into notifications for the one target address of the app."""

    def __init__(self, hub: "HubSpot") -> None:
        self.hub = hub
        self._ids = itertools.count(100_200_300)
        self._subscriptions: dict[str, int] = {}

    def notify(self, portal: "Portal", event: str, kind: ObjectType, id: int, more: dict[str, Any]) -> None:
        url = self.hub.settings["webhook_url"]
        name = more.get("propertyName", "")
        if not url or (name and not self._subscribed(portal, kind, name)):
            return
        prefix = kind.singular if kind.classic_events else "object"
        note: Event = {
            "eventId": next(self._ids),
            "subscriptionId": self._subscriptions.setdefault(f"{prefix}.{event}/{name}", len(self._subscriptions) + 11),
            "portalId": portal.id,
            "appId": APP_ID,
            "occurredAt": portal.clock.ms(),
            "subscriptionType": f"{prefix}.{event}",
            "objectId": id,
            **more,
        }
        if prefix == "object":
            note["objectTypeId"] = kind.type_id
        flag = {"creation": "NEW", "deletion": "DELETED"}.get(event)
        if flag:
            note["changeFlag"] = flag
        self.hub.outbox.put(url, note)

    def _subscribed(self, portal: "Portal", kind: ObjectType, name: str) -> bool:
        wanted = str(self.hub.settings["webhook_properties"])
        definition = portal.tables[kind.name].definitions.get(name)
        if wanted == "*":
            return definition is not None and definition.writable
        return name in {each.strip() for each in wanted.split(",")}


class HubSpotOutbox(Outbox):
    def __init__(self, hub: "HubSpot") -> None:
        super().__init__(hub.faults)
        self.hub = hub

    def call(self, url: str, events: list[Event], attempt: int) -> tuple[bytes, dict[str, str]]:
        body = json.dumps([{**event, "attemptNumber": attempt} for event in events], separators=(",", ":")).encode()
        secret, stamp = self.hub.client_secret.encode(), str(self.hub.clock.ms())
        v3 = hmac.new(secret, b"POST" + url.encode() + body + stamp.encode(), hashlib.sha256).digest()
        return body, {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0 (stand-in)",
            "X-HubSpot-Signature": hashlib.sha256(secret + body).hexdigest(),
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature-v3": base64.b64encode(v3).decode(),
            "X-HubSpot-Request-Timestamp": stamp,
        }
