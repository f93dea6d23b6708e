"""How Salesforce says no: ``[{"message": …, "errorCode": …, "fields": […]}]``; in answers about many records ``statusCode``."""

from dataclasses import dataclass, field
from typing import Any

STATUSES = {"NOT_FOUND": 404, "ENTITY_IS_DELETED": 404, "INSUFFICIENT_ACCESS_OR_READONLY": 403, "REQUEST_LIMIT_EXCEEDED": 403,
            "INVALID_SESSION_ID": 401, "METHOD_NOT_ALLOWED": 405, "SERVER_UNAVAILABLE": 503, "UNKNOWN_EXCEPTION": 500,
            "PRECONDITION_FAILED": 412, "UNSUPPORTED_MEDIA_TYPE": 415, "URI_TOO_LONG": 414}  # fmt: skip
"""HTTP status by code; 400 for all others."""


@dataclass
class Problem(Exception):
    """A request, or one record of many, that is refused. ``more``: keys that only some errors have (``duplicateResult``)."""

    code: str
    message: str
    fields: list[str] | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return STATUSES.get(self.code, 400)

    def shown(self) -> list[dict[str, Any]]:
        """The body of an answer."""
        named = {} if self.fields is None else {"fields": self.fields}
        return [{**self.more, "message": self.message, "errorCode": self.code, **named}]

    def verdict(self) -> dict[str, Any]:
        """The element of an answer about many records."""
        error = {**self.more, "statusCode": self.code, "message": self.message, "fields": self.fields or []}
        return {"success": False, "errors": [error]}


def not_found(message: str = "The requested resource does not exist") -> Problem:
    return Problem("NOT_FOUND", message)


def deleted() -> Problem:
    return Problem("ENTITY_IS_DELETED", "entity is deleted", [])


def no_column(name: str, kind: str) -> Problem:
    return Problem("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")


def missing(names: list[str]) -> Problem:
    return Problem("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", names)


def unwritable(names: list[str]) -> Problem:
    return Problem(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field and verify that "
        "it is read/write for your profile or permission set.",
        names,
    )


def integrity(message: str, *names: str) -> Problem:
    return Problem("FIELD_INTEGRITY_EXCEPTION", message, list(names))


def bad_reference(*names: str) -> Problem:
    return Problem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", list(names))


def no_access() -> Problem:
    return Problem(
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id", []
    )


def unparsed(kind: str, value: Any) -> Problem:
    """The value is of no form that this type of field has."""
    token = "VALUE_STRING" if isinstance(value, str) else "START_OBJECT" if isinstance(value, dict) else "VALUE"
    return Problem(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required field at "
        "[line:1, column:1]",
    )
