"""How Dataverse says no: ``{"error": {"code": "0x…", "message": "…"}}``."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Problem(Exception):
    """One refused request."""

    status: int
    code: str
    message: str

    def shown(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message}}


def not_found(table: str, id: str) -> Problem:
    return Problem(404, "0x80040217", f"Entity '{table}' With Id = {id} Does Not Exist")


def no_right(id: str) -> Problem:
    return Problem(403, "0x80040220", f"SecLib::AccessCheckEx failed. ObjectID: {id}, AccessRights: ReadAccess")


def bad_payload(entity_set: str, message: str) -> Problem:
    return Problem(
        400, "0x80048d19",
        f"Error identified in Payload provided by the user for Entity :'{entity_set}', "
        f"----> InnerException : Microsoft.OData.ODataException: {message}",
    )  # fmt: skip


def bad_url(message: str, status: int = 400) -> Problem:
    return Problem(status, "0x80060888", message)


def no_property(name: str, table: str) -> Problem:
    return bad_url(f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'.")


def stale() -> Problem:
    return Problem(
        412, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided."
    )


def duplicate_id() -> Problem:
    return Problem(412, "0x80040237", "A record with matching key values already exists.")


LIMITS = {
    "requests": ("0x80072322", "Number of requests exceeded the limit of {n} over time window of 300 seconds."),
    "time": ("0x80072321", "Combined execution time of incoming requests exceeded limit of {n} seconds over time window of 300 "
             "seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."),
    "concurrent": ("0x80072326", "Number of concurrent requests exceeded the limit of {n}."),
}  # fmt: skip


def limited(facet: str, n: int) -> Problem:
    code, message = LIMITS[facet]
    return Problem(429, code, message.format(n=n))
