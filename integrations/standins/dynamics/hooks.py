"""Webhooks: a plain POST of the execution context for each change, with the key that the operator of the endpoint has set."""

import json
import uuid
from typing import TYPE_CHECKING, Any

from integrations.standins.dynamics.store import Values
from integrations.standins.webhooks import Event, Outbox

if TYPE_CHECKING:
    from integrations.standins.dynamics.organisation import Organisation
    from integrations.standins.dynamics.vendor import Dynamics

BIG = 256_000  # bytes; above it values are left out


class Hooks:
    def __init__(self, vendor: "Dynamics") -> None:
        self.vendor = vendor

    def notify(self, org: "Organisation", message: str, logical: str, id: str, values: Values, by: str) -> None:
        """To the endpoint of the organisation, where it has one (control verb ``endpoint``)."""
        endpoint = self.vendor.endpoints.get(org.number)
        if endpoint:
            self.vendor.outbox.put(endpoint["url"], context(org, message, logical, id, values, by))


def context(org: "Organisation", message: str, logical: str, id: str, values: Values, by: str) -> Event:
    attributes = [{"key": name, "value": _typed(value)} for name, value in values.items()]
    target: dict[str, Any] = {"__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts", "LogicalName": logical,
                              "Id": id, "Attributes": attributes}  # fmt: skip
    if message == "Delete":
        target = {
            "__type": "EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts",
            "LogicalName": logical,
            "Id": id,
        }
    return {
        "MessageName": message, "PrimaryEntityName": logical, "PrimaryEntityId": id, "OrganizationId": org.id,
        "OrganizationName": org.name, "InitiatingUserId": by, "UserId": by, "Depth": 1, "Stage": 40, "Mode": 1,
        "CorrelationId": str(uuid.uuid4()), "OperationCreatedOn": f"/Date({org.clock.ms()})/",
        "InputParameters": [{"key": "Target", "value": target}], "PreEntityImages": [], "PostEntityImages": [],
    }  # fmt: skip


def _typed(value: Any) -> Any:
    if isinstance(value, tuple):
        return {
            "__type": "EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts",
            "LogicalName": value[0],
            "Id": value[1],
        }
    return value


class DynamicsOutbox(Outbox):
    batch = 1  # one change per call

    def __init__(self, vendor: "Dynamics") -> None:
        super().__init__(vendor.faults)
        self.vendor = vendor

    def call(self, url: str, events: list[Event], attempt: int) -> tuple[bytes, dict[str, str]]:
        event = events[0]
        body = json.dumps(event).encode()
        headers = {
            "Content-Type": "application/json",
            "x-ms-dynamics-organization": event["OrganizationName"],
            "x-ms-dynamics-entity-name": event["PrimaryEntityName"],
            "x-ms-dynamics-request-name": event["MessageName"],
            "x-ms-correlation-request-id": event["CorrelationId"],
        }
        if len(body) > BIG:
            headers["x-ms-dynamics-msg-size-exceeded"] = "true"
            body = json.dumps({**event, "InputParameters": []}).encode()
        endpoint = next((each for each in self.vendor.endpoints.values() if each["url"] == url), {})
        return body, headers | endpoint.get("headers", {})
