"""One call on one org, whether it came alone or inside another: which resource it is for."""

from typing import Any

from integrations.standins.salesforce import composite
from integrations.standins.salesforce.call import Call, Reply
from integrations.standins.salesforce.errors import Problem, not_found
from integrations.standins.salesforce.many import Many
from integrations.standins.salesforce.office import Office
from integrations.standins.salesforce.rows import Rows

RESOURCES = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
LIMITS = {"DailyBulkApiBatches": 15_000, "DailyBulkV2QueryJobs": 10_000, "DailyBulkV2QueryFileStorageMB": 976_562,
          "DataStorageMB": 1024, "FileStorageMB": 1024, "DailyStreamingApiEvents": 200_000,
          "HourlyODataCallout": 10_000}  # fmt: skip


class Handler:
    def __init__(self, office: Office, user: str) -> None:
        self.office, self.org, self.user = office, office.org, user
        self.rows = Rows(office.org, office.queries, user)
        self.many = Many(office.org, self.rows, user)

    def do(self, call: Call) -> Reply:
        """Raises Problem."""
        parts = [part for part in call.path.split("/") if part]
        match parts:
            case []:
                identity = f"{self.office.sign_in}/id/{self.org.id}/{self.user}"
                return Reply(200, {**{name: f"{call.root}/{name}" for name in RESOURCES}, "identity": identity})
            case ["sobjects", *rest]:
                return self.rows.do(call, rest)
            case ["query" | "queryAll" as which, *rest] if call.method == "GET":
                return Reply(200, self._query(call, which, rest))
            case ["limits"]:
                return Reply(200, self._limits())
            case ["composite", "sobjects", *rest]:
                return self.many.do(call, rest)
            case ["composite", *rest] if call.method == "POST":
                return self._composite(call, rest)
            case ["jobs", "query" | "ingest" as which, *rest]:
                return self.office.bulk.do(call, which, rest, self.user)
        raise not_found()

    def _composite(self, call: Call, rest: list[str]) -> Reply:
        match rest:
            case []:
                return composite.run(self.org, call, self.do)
            case ["batch"]:
                return composite.batch(call, self.do)
            case ["tree", kind]:
                return composite.tree(self.org, call, kind, self.user)
        raise not_found()

    def _query(self, call: Call, which: str, rest: list[str]) -> dict[str, Any]:
        if rest:
            return self.office.queries.more(rest[0], call.version)
        if not call.query.get("q"):
            raise Problem("MALFORMED_QUERY", "SOQL query is missing: parameter q")
        everything = which == "queryAll"
        return self.office.queries.run(call.query["q"], call.version, everything=everything, batch=call.batch_size)

    def _limits(self) -> dict[str, Any]:
        allocation = self.office.allocation
        most = allocation.most or 5_000_000
        found = {name: {"Max": value, "Remaining": value} for name, value in LIMITS.items()}
        return {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - allocation.used)}, **found}
