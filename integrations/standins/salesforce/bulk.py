"""Bulk API 2.0: jobs that take or give CSV. A job is done when it has been asked about often enough."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce import ids, soql
from integrations.standins.salesforce.call import Call, Reply
from integrations.standins.salesforce.errors import Problem, not_found
from integrations.standins.salesforce.soql import Aggregate, Query

if TYPE_CHECKING:
    from integrations.standins.salesforce.office import Office

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
ENDS = {"LF": "\n", "CRLF": "\r\n"}
OPERATIONS = {"query": ("query", "queryAll"), "ingest": ("insert", "update", "upsert", "delete", "hardDelete")}
NULL = "#N/A"
Rows = list[list[str]]


@dataclass
class Job:
    id: str
    kind: str  # query, ingest
    asked: dict[str, Any]
    created: str
    state: str
    polls: int  # until it is done
    upload: str | None = None
    head: list[str] = field(default_factory=list)
    results: Rows = field(default_factory=list)
    failed: Rows = field(default_factory=list)

    @property
    def delimiter(self) -> str:
        return DELIMITERS[self.asked.get("columnDelimiter", "COMMA")]

    def csv(self, head: list[str], rows: Iterable[list[str]]) -> str:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=ENDS[self.asked.get("lineEnding", "LF")],
                            quoting=csv.QUOTE_ALL)  # fmt: skip
        writer.writerow(head)
        writer.writerows(rows)
        return out.getvalue()


class Bulk:
    """The jobs of one org."""

    def __init__(self, office: "Office") -> None:
        self.office, self.org = office, office.org
        self.polls = 1
        self.jobs: dict[str, Job] = {}

    def do(self, call: Call, kind: str, rest: list[str], user: str) -> Reply:
        """``rest``: the path below ``jobs/query`` or ``jobs/ingest``. Raises Problem."""
        if not rest:
            if call.method == "POST":
                return Reply(200, self._shown(self._made(call, kind), call))
            return Reply(200, {"done": True, "nextRecordsUrl": None,
                               "records": [self._shown(job, call) for job in self.jobs.values() if job.kind == kind]})  # fmt: skip
        job = self.jobs.get(rest[0])
        if job is None or job.kind != kind:
            raise not_found()
        match call.method, rest[1:]:
            case "GET", []:
                return Reply(200, self._asked_about(job, call, user))
            case "PATCH", []:
                return Reply(200, self._closed(job, call))
            case "DELETE", []:
                del self.jobs[job.id]
                return Reply(204)
            case "PUT", ["batches"]:
                return self._uploaded(job, call)
            case "GET", ["results"]:
                return self._results(job, call)
            case "GET", ["successfulResults" | "failedResults" | "unprocessedrecords" as which]:
                return self._verdicts(job, which)
        raise not_found()

    def _made(self, call: Call, kind: str) -> Job:
        asked = call.values
        if str(asked.get("operation")) not in OPERATIONS[kind]:
            raise Problem("API_ERROR", f"Unknown operation: {asked.get('operation')}")
        if (
            str(asked.get("columnDelimiter", "COMMA")) not in DELIMITERS
            or str(asked.get("lineEnding", "LF")) not in ENDS
        ):
            raise Problem("API_ERROR", "Unknown columnDelimiter or lineEnding")
        if kind == "query":
            self._checked(asked)
        else:
            table = self.org.table(str(asked.get("object")))
            if asked["operation"] == "upsert" and table.kind.field(str(asked.get("externalIdFieldName"))) is None:
                raise Problem("INVALIDJOB", "externalIdFieldName is required for an upsert")
        id = ids.made("750", self.org.number, self.org.next_number("750"))
        state = "UploadComplete" if kind == "query" else "Open"
        self.jobs[id] = Job(id, kind, asked, self.org.now(), state, self.polls)
        return self.jobs[id]

    def _checked(self, asked: dict[str, Any]) -> None:
        query = soql.parse(str(asked.get("query", "")))
        if any(isinstance(item, Query | Aggregate) for item in query.select) or query.offset:
            raise Problem(
                "API_ERROR", "The query has a part that Bulk API does not take: subqueries, aggregates, OFFSET"
            )
        self.office.queries.columns(self.org.table(query.kind).kind, query)

    def _asked_about(self, job: Job, call: Call, user: str) -> dict[str, Any]:
        if job.state in ("UploadComplete", "InProgress"):
            if job.polls > 0:
                job.polls -= 1
                job.state = "InProgress"
            else:
                self._done(job, call, user)
        return self._shown(job, call)

    def _done(self, job: Job, call: Call, user: str) -> None:
        if job.kind == "query":
            self._queried(job)
        else:
            self._ingested(job, user)
        job.state = "JobComplete"

    def _shown(self, job: Job, call: Call) -> dict[str, Any]:
        asked = job.asked
        found = {
            "id": job.id, "operation": asked["operation"], "object": asked.get("object"), "createdById": self.org.me,
            "createdDate": job.created, "systemModstamp": job.created, "state": job.state, "concurrencyMode": "Parallel",
            "contentType": "CSV", "apiVersion": float(call.version), "lineEnding": asked.get("lineEnding", "LF"),
            "columnDelimiter": asked.get("columnDelimiter", "COMMA"), "jobType": "V2Query" if job.kind == "query" else "V2Ingest",
        }  # fmt: skip
        if job.kind == "ingest":
            found["externalIdFieldName"] = asked.get("externalIdFieldName")
            if job.state == "Open":
                found["contentUrl"] = f"services/data/v{call.version}/jobs/ingest/{job.id}/batches"
        if job.state == "JobComplete":
            found |= {"numberRecordsProcessed": len(job.results) + len(job.failed), "numberRecordsFailed": len(job.failed),
                      "retries": 0, "totalProcessingTime": 1, "apiActiveProcessingTime": 1, "apexProcessingTime": 0}  # fmt: skip
        return found

    # -- queries ----------------------------------------------------------------------------------------------------------
    def _queried(self, job: Job) -> None:
        query = soql.parse(job.asked["query"])
        kind = self.org.table(query.kind).kind
        columns = self.office.queries.columns(kind, query)
        job.head = [str(item) for item in query.select]
        for row in self.office.queries.rows(query, kind, job.asked["operation"] == "queryAll"):
            shown = self.office.queries.shown(kind, row, columns, "62.0")
            job.results.append([_cell(_at(shown, path)) for path in job.head])

    def _results(self, job: Job, call: Call) -> Reply:
        if job.state != "JobComplete":
            raise Problem("INVALIDJOBSTATE", "The job is not complete")
        start = call.number("locator", 0)
        end = start + call.number("maxRecords", 50_000)
        rows = job.results[start:end]
        locator = str(end) if end < len(job.results) else "null"
        headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(rows))}
        return Reply(200, None, headers, job.csv(job.head, rows))

    # -- ingest -----------------------------------------------------------------------------------------------------------
    def _uploaded(self, job: Job, call: Call) -> Reply:
        """Once per job."""
        if job.state != "Open" or job.upload is not None:
            raise Problem("INVALIDJOBSTATE", "The job takes no data now")
        job.upload = call.body.decode("utf-8") if isinstance(call.body, bytes) else ""
        return Reply(201)

    def _closed(self, job: Job, call: Call) -> dict[str, Any]:
        state = call.values.get("state")
        if state not in ("UploadComplete", "Aborted") or (job.kind == "ingest" and job.state != "Open"):
            raise Problem("INVALIDJOBSTATE", f"The job cannot become {state}")
        job.state = str(state)
        return self._shown(job, call)

    def _ingested(self, job: Job, user: str) -> None:
        head, *rows = list(csv.reader(io.StringIO(job.upload or ""), delimiter=job.delimiter)) or [[]]
        job.head = head
        for cells in filter(None, rows):  # blank lines are none
            row = [*cells, *[""] * len(head)][: len(head)]
            try:
                id, created = self._written(job, dict(zip(head, row, strict=False)), user)
                job.results.append([id, str(created).lower(), *row])
            except Problem as problem:
                job.failed.append(["", f"{problem.code}:{problem.message}:{','.join(problem.fields or [])} --", *row])

    def _written(self, job: Job, cells: dict[str, str], user: str) -> tuple[str, bool]:
        operation, kind = job.asked["operation"], self.org.table(job.asked["object"]).kind
        id = cells.pop("Id", cells.pop("id", ""))
        if operation in ("delete", "hardDelete"):
            self.org.delete(kind.name, self.org.row(kind.name, id), user)
            return id, False
        given = _given(cells)
        if operation == "update":
            self.org.update(kind.name, self.org.row(kind.name, id), given, user)
            return id, False
        if operation == "upsert" and (key := kind.field(job.asked["externalIdFieldName"])):
            value = id if key.name == "Id" else str(given.get(key.name) or "")
            rows = self.org.by_key(kind.name, key, value)
            if len(rows) > 1:
                raise Problem(
                    "DUPLICATE_EXTERNAL_ID", f"{key.name}: more than one record found for external id field", [key.name]
                )
            if rows:
                given.pop(key.name, None)
                self.org.update(kind.name, rows[0], given, user)
                return rows[0].id, False
        return self.org.create(kind.name, given, user).id, True

    def _verdicts(self, job: Job, which: str) -> Reply:
        if which == "successfulResults":
            text = job.csv(["sf__Id", "sf__Created", *job.head], job.results)
        elif which == "failedResults":
            text = job.csv(["sf__Id", "sf__Error", *job.head], job.failed)
        else:
            text = job.csv(job.head, [])
        return Reply(200, None, {}, text)


def _given(cells: dict[str, str]) -> dict[str, Any]:
    """An empty cell says nothing; ``Account.ERP_Number__c`` names a lookup's target."""
    found: dict[str, Any] = {}
    for name, text in cells.items():
        if text == "":
            continue
        value = None if text == NULL else text
        lookup, dot, key = name.partition(".")
        found[lookup if dot else name] = {key: value} if dot else value
    return found


def _at(shown: dict[str, Any], path: str) -> Any:
    """Of a record as a query shows it, whatever the case of the path."""
    found: Any = shown
    for step in path.lower().split("."):
        found = next((value for name, value in found.items() if name.lower() == step), None) if found else None
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
