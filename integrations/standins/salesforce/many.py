"""``/composite/sobjects``: up to 200 records in one call, each with a verdict of its own, in the order they were given."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

from integrations.standins.salesforce import ids
from integrations.standins.salesforce.call import Call, Reply
from integrations.standins.salesforce.errors import Problem, bad_reference, deleted, missing, no_access
from integrations.standins.salesforce.org import Org
from integrations.standins.salesforce.rows import Rows
from integrations.standins.salesforce.store import Row

MOST, CHUNKS, MOST_READ = 200, 10, 2000
Record = dict[str, Any]
DONE: Record = {"success": True, "errors": []}


class Many:
    def __init__(self, org: Org, rows: Rows, user: str) -> None:
        self.org, self.rows, self.user = org, rows, user

    def do(self, call: Call, parts: list[str]) -> Reply:
        """``parts``: the path below ``composite/sobjects``. Raises Problem where the call as a whole is no good."""
        match call.method, parts:
            case "POST", []:
                return self._create(call)
            case "PATCH", []:
                return self._update(call)
            case "PATCH", [kind, key]:
                return self._upsert(call, kind, key)
            case "DELETE", []:
                return self._delete(call)
            case "GET" | "POST", [kind]:
                return self._read(call, kind)
        raise Problem("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed")

    def _create(self, call: Call) -> Reply:
        def one(record: Record) -> Record:
            kind = self._kind(record)
            return {"id": self.org.create(kind, record, self.user, allow_save=call.allow_save).id, **DONE}

        return self._each(*self._records(call), one)

    def _update(self, call: Call) -> Reply:
        seen: set[str] = set()

        def one(record: Record) -> Record:
            row = self._named(record.get("id") or record.get("Id"), self._kind(record), seen)
            self.org.update(self._kind(record), row, record, self.user, allow_save=call.allow_save)
            return {"id": row.id, **DONE}

        return self._each(*self._records(call), one)

    def _upsert(self, call: Call, kind: str, key: str) -> Reply:
        table = self.org.table(kind)
        field = self.rows.key(table, key)
        records, together = self._records(call)
        if any(self._kind(record) != table.kind.name for record in records):
            raise Problem("INVALID_INPUT", f"All records of an upsert must be of type {table.kind.name}")

        def one(record: Record) -> Record:
            value = next((v for name, v in record.items() if name.lower() == field.name.lower()), None)
            if value in (None, "") and field.name != "Id":
                raise missing([field.name])
            rows = self.org.by_key(table.kind.name, field, str(value))
            if len(rows) > 1:
                raise Problem("DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found for external id field: "
                              f"{[row.id for row in rows]}", [field.name])  # fmt: skip
            if rows:
                given = {name: v for name, v in record.items() if name.lower() != field.name.lower()}
                self.org.update(table.kind.name, rows[0], given, self.user, allow_save=call.allow_save)
                return {"id": rows[0].id, **DONE, "created": False}
            made = self.org.create(table.kind.name, record, self.user, allow_save=call.allow_save)
            return {"id": made.id, **DONE, "created": True}

        return self._each(records, together, one)

    def _delete(self, call: Call) -> Reply:
        wanted = [part.strip() for part in call.query.get("ids", "").split(",") if part.strip()]
        _few(wanted)
        seen: set[str] = set()

        def one(record: Record) -> Record:
            row = self._named(record["id"], None, seen)
            self.org.delete(self.org.kind_of(row.id) or "", row, self.user)
            return {"id": row.id, **DONE}

        together = call.query.get("allOrNone", "").lower() == "true"
        return self._each([{"id": id} for id in wanted], together, one)

    def _read(self, call: Call, kind: str) -> Reply:
        """None where there is no such record."""
        table = self.org.table(kind)
        asked = call.values if call.method == "POST" else {k: v.split(",") for k, v in call.query.items()}
        wanted, names = asked.get("ids") or [], asked.get("fields") or []
        if not wanted or not names or not isinstance(wanted, list) or not isinstance(names, list):
            raise Problem("MISSING_ARGUMENT", "The ids and fields parameters are required.")
        if len(wanted) > MOST_READ:
            raise Problem("LIMIT_EXCEEDED", f"The ids parameter is limited to {MOST_READ}.")
        found = [table.rows.get(ids.full(str(id).strip())) for id in wanted]
        shown = [
            self.rows.record(table, row, ",".join(map(str, names)), call.version) if row and not row.deleted else None
            for row in found
        ]
        return Reply(200, shown)

    # -- one by one -------------------------------------------------------------------------------------------------------
    def _each(self, records: list[Record], together: bool, one: Callable[[Record], Record]) -> Reply:
        undo = self.org.journal()
        results = []
        for record in records:
            try:
                results.append(one(record))
            except Problem as problem:
                if problem.code == "JSON_PARSER_ERROR":  # the body is parsed as a whole, before any record is looked at
                    undo()
                    raise
                results.append(problem.verdict())
        if together and not all(result["success"] for result in results):
            undo()
            rolled_back = Problem("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid and "
                                  "the request was using AllOrNone header", [])  # fmt: skip
            results = [rolled_back.verdict() if result["success"] else result for result in results]
        return Reply(200, results)

    def _records(self, call: Call) -> tuple[list[Record], bool]:
        """The records and whether they go together; raises Problem for a call that is no good as a whole."""
        records = call.several("records")
        _few(records)
        kinds = [self._kind(record) for record in records]
        if len(list(groupby(kinds))) > CHUNKS:
            raise Problem(
                "LIMIT_EXCEEDED", f"The request has more than {CHUNKS} chunks of records of one type after the other"
            )
        return records, bool(call.values.get("allOrNone"))

    def _kind(self, record: Record) -> str:
        attributes = record.get("attributes")
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not name:
            raise Problem("INVALID_INPUT", "The sObject type is missing: attributes.type")
        try:
            return self.org.table(str(name)).kind.name
        except Problem as problem:
            raise Problem("INVALID_TYPE", f"sObject type '{name}' is not supported.") from problem

    def _named(self, given: Any, kind: str | None, seen: set[str]) -> Row:
        """The record that an id names; raises Problem for this record."""
        if not given:
            raise Problem("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        id = ids.full(str(given))
        if not id or self.org.kind_of(id) is None or (kind and self.org.kind_of(id) != kind):
            raise Problem("MALFORMED_ID", f"bad id {given}", ["Id"])
        if id in seen:
            raise Problem("DUPLICATE_VALUE", f"duplicate id specified: {id}", ["Id"])
        seen.add(id)
        row = self.org.find(id)
        if row is None:
            raise bad_reference("Id")
        if row.id in self.org.hidden:
            raise no_access()
        if row.deleted:
            raise deleted()
        return row


def _few(records: list[Any]) -> None:
    if not records:
        raise Problem("MISSING_ARGUMENT", "There are no records in the request.")
    if len(records) > MOST:
        raise Problem(
            "LIMIT_EXCEEDED", f"The maximum number of records in a request is {MOST}, this one has {len(records)}."
        )
