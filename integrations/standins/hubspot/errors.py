"""How HubSpot says no: one JSON shape, with categories and, for values, a list of details inside the message."""

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from integrations.standins.web import answer

if TYPE_CHECKING:
    from integrations.standins.hubspot.table import Table


class Problem(Exception):
    """An error answer. ``category`` is HubSpot's word for it."""

    def __init__(self, status: int, message: str, category: str = "", **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.category, self.more = status, message, category, more

    def shown(self) -> dict[str, Any]:
        """The body, also used as an entry of ``errors`` in a 207."""
        body = {"status": "error", "message": self.message, "correlationId": str(uuid.uuid4()), **self.more}
        if self.category:
            body["category"] = self.category
        return body

    def answer(self) -> Response:
        return answer(self.shown(), self.status)


@dataclass(frozen=True)
class BadValue(Exception):
    """One value that is refused; several of them make one ``invalid`` problem."""

    code: str
    message: str
    name: str = ""


def invalid(bad: list[BadValue], portal_id: int) -> Problem:
    """400 for refused property values, with the list embedded in the message as HubSpot does it."""
    details = [
        {
            "isValid": False,
            "message": each.message,
            "error": each.code,
            "name": each.name,
            "localizedErrorMessage": each.message,
            "portalId": portal_id,
        }
        for each in bad
    ]
    listed = json.dumps(details, separators=(",", ":"), ensure_ascii=False)
    errors = [{"message": each.message, "code": each.code, "context": {"propertyName": [each.name]}} for each in bad]
    return Problem(400, f"Property values were not valid: {listed}", "VALIDATION_ERROR", errors=errors)


def bad_request(message: str, **more: Any) -> Problem:
    return Problem(400, message, "VALIDATION_ERROR", **more)


def not_associable(table: "Table", key: object) -> Problem:
    """400 for an association with a record that is not there (the shape that HubSpot's forum shows)."""
    kind = table.kind.singular.upper()
    context = {"INVALID_OBJECT_IDS": [f"{kind}={key} is not valid"], "objectId": [str(key)], "objectType": [kind]}
    return bad_request("One or more associations are invalid", context=context)


def not_found(message: str = "resource not found") -> Problem:
    return Problem(404, message, "OBJECT_NOT_FOUND")


def missing_scopes(scopes: list[str]) -> Problem:
    return Problem(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        "https://developers.hubspot.com/scopes.",
        "MISSING_SCOPES",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": scopes},
            }
        ],
        context={"requiredGranularScopes": scopes},
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


def rate_limited(policy: str) -> Response:
    """429 with the body of the limit that was passed: TEN_SECONDLY_ROLLING, SECONDLY or DAILY."""
    words = {"TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "SECONDLY": "secondly", "DAILY": "daily"}
    return answer(
        {
            "status": "error",
            "message": f"You have reached your {words.get(policy, policy.lower())} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            "requestId": str(uuid.uuid4()),
        },
        429,
    )
