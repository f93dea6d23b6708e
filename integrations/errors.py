"""One error tree for every app. An error answers three questions: may we try again, when, and who can fix it.

Connectors turn an app's answers into these classes (each in one table); code above sees only the classes. ``code`` is an entry
of the failure catalogue (``syncjobs/health/catalogue.py``), which holds the words that people read.

Retry classes: **T** transient, automatic with backoff · **L** limit, wait for the stated time, not an attempt · **W** waits for
another record · **C** waits for a change of record, mapping or schema · **X** a person decides · **S** suspends the instance.
"""

from integrations.records import storable


class ConnectorError(Exception):
    """``message`` is for people; ``remote`` is what the app said, kept for a collapsed detail, redacted by the session."""

    code = "INTERNAL_ERROR"
    retry = "T"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        field: str = "",
        status: int | None = None,
        remote: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field[:200]  # the app's field name, where the refusal names one
        self.status = status
        self.remote = str(storable(remote[:2000]))
        self.retry_after = retry_after  # seconds
        self.instance: object | None = None  # the AppInstance it came from, set by whoever drives the connector


# -- the whole instance ------------------------------------------------------------------------------------------------
class AuthExpired(ConnectorError):
    """The token or key is no longer accepted and could not be refreshed: the customer must reconnect."""

    code, retry = "AUTH_EXPIRED", "S"


class AuthRevoked(AuthExpired):
    code = "AUTH_REVOKED"


class ScopeMissing(ConnectorError):
    code, retry = "SCOPE_MISSING", "S"


class AccountChanged(ConnectorError):
    code, retry = "ACCOUNT_CHANGED", "S"


class AddressRefused(ConnectorError):
    """The address points into an internal network or is not https."""

    code, retry = "NETWORK_BLOCKED", "S"


class RateLimited(ConnectorError):
    """Come back after ``retry_after`` seconds. The call had no effect."""

    code, retry = "RATE_LIMITED", "L"


class DailyQuotaUsed(RateLimited):
    code = "QUOTA_DAY_EXCEEDED"


class Unavailable(ConnectorError):
    """The app is down or refused the call; for a write: it certainly had **no** effect."""

    code, retry = "REMOTE_UNAVAILABLE", "T"


class NoAnswer(ConnectorError):
    """A write was sent and nothing certain came back (time-out, reset, 5xx): it may or may not have happened."""

    code, retry = "REMOTE_TIMEOUT", "T"


class CursorExpired(ConnectorError):
    """The change feed no longer knows this cursor: scan everything and start a new one."""

    code, retry = "CURSOR_EXPIRED", "T"


class SchemaUnreadable(ConnectorError):
    code, retry = "REMOTE_SCHEMA_UNREADABLE", "T"


class ContainerMissing(ConnectorError):
    """A list or tag that bounds the sync is gone or private."""

    code, retry = "LIST_OR_TAG_MISSING", "S"


# -- one record (or one batch) ---------------------------------------------------------------------------------------------
class Refused(ConnectorError):
    """The app refuses this record as it is. ``code`` says why (EMAIL_INVALID, VALUE_TOO_LONG, FIELD_MISSING, …)."""

    code, retry = "VALIDATION_RULE", "C"


class AlreadyExists(ConnectorError):
    """A create met a record with the same unique value; ``existing_id`` names it where the app tells."""

    code, retry = "UNIQUE_VALUE_TAKEN", "X"

    def __init__(self, message: str = "", *, existing_id: str = "", **more: object) -> None:
        super().__init__(message, **more)  # type: ignore[arg-type]
        self.existing_id = existing_id


class Gone(ConnectorError):
    """The record does not exist any more (404/410 on that id, or archived)."""

    code, retry = "RECORD_GONE", "X"


class StaleVersion(ConnectorError):
    """The record changed between our read and our write; read it again and merge again."""

    code, retry = "STALE_WRITE", "T"


class Locked(ConnectorError):
    code, retry = "ROW_CONTENTION", "T"


class NotVisible(ConnectorError):
    code, retry = "RECORD_NOT_VISIBLE", "C"


class CannotDo(ConnectorError):
    """The app's API has no such call (clear a value, change an e-mail, delete). Nothing was sent."""

    code, retry = "NOT_POSSIBLE_IN_APP", "C"
