"""``/sobjects/…``: records one by one, by id or by an external id; what the objects are; what changed in a span of time."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from integrations.standins.salesforce import describe, replication
from integrations.standins.salesforce.call import Call, Reply
from integrations.standins.salesforce.errors import Problem, no_access, no_column, not_found
from integrations.standins.salesforce.fields import Field
from integrations.standins.salesforce.org import Org
from integrations.standins.salesforce.queries import Queries
from integrations.standins.salesforce.store import Row, Table

CREATED = {"success": True, "errors": []}


class Rows:
    def __init__(self, org: Org, queries: Queries, user: str) -> None:
        self.org, self.queries, self.user = org, queries, user

    def do(self, call: Call, parts: list[str]) -> Reply:
        """``parts``: the path below ``sobjects``. Raises Problem."""
        if not parts:
            _only(call, "GET")
            return self._described(call, describe.everything(self.org, call.root))
        table = self.org.table(parts[0])
        match parts[1:]:
            case []:
                return self._object(call, table)
            case ["describe"]:
                _only(call, "GET")
                return self._described(call, describe.whole(self.org, table.kind, call.root))
            case ["updated" | "deleted" as which]:
                _only(call, "GET")
                return Reply(200, replication.answered(self.org, table, which, call.query))
            case ["Id"] if call.method == "POST":
                return self._create(call, table)
            case [id]:
                return self._one(call, table, id)
            case [name, *value]:
                return self._keyed(call, table, name, "/".join(value))
        raise not_found()

    def _described(self, call: Call, data: Any) -> Reply:
        """304 where nothing has changed since the caller last saw it."""
        changed = datetime.fromtimestamp(int(self.org.described_at), UTC)
        headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
        seen = _http_date(call.headers.get("if-modified-since"))
        return Reply(304, None, headers) if seen and seen >= changed else Reply(200, data, headers)

    def _object(self, call: Call, table: Table) -> Reply:
        _only(call, "GET", "POST")
        if call.method == "POST":
            return self._create(call, table)
        return Reply(200, {"objectDescribe": describe.brief(table.kind, call.root), "recentItems": []})

    def _create(self, call: Call, table: Table) -> Reply:
        kind = table.kind.name
        row = self.org.create(kind, call.values, self.user, allow_save=call.allow_save)
        return Reply(201, {"id": row.id, **CREATED}, {"Location": f"{call.root}/sobjects/{kind}/{row.id}"})

    def _one(self, call: Call, table: Table, id: str) -> Reply:
        _only(call, "GET", "PATCH", "DELETE")
        row = self.org.row(table.kind.name, id)
        if row.id in self.org.hidden:
            raise not_found() if call.method == "GET" else no_access()
        if call.method == "GET":
            return self._shown(call, table, row)
        _unchanged(call, row)
        if call.method == "DELETE":
            self.org.delete(table.kind.name, row, self.user)
            return Reply(204)
        given = call.values
        if "Id" in given or "id" in given:
            raise Problem("INVALID_FIELD", "The Id field should not be specified in the sobject data.", ["Id"])
        self.org.update(table.kind.name, row, given, self.user, allow_save=call.allow_save)
        return Reply(204)

    def _shown(self, call: Call, table: Table, row: Row) -> Reply:
        at = _stamp(row)
        headers = {"Last-Modified": format_datetime(at, usegmt=True)}
        seen = _http_date(call.headers.get("if-modified-since"))
        if seen and seen >= at:
            return Reply(304, None, headers)
        return Reply(200, self.record(table, row, call.query.get("fields"), call.version), headers)

    def record(self, table: Table, row: Row, names: str | None, version: str) -> dict[str, Any]:
        """Raises Problem for a field that is not there."""
        fields = table.kind.visible if names is None else []
        for name in filter(None, (part.strip() for part in (names or "").split(","))):
            field = table.kind.field(name)
            if field is None:
                raise no_column(name, table.kind.name)
            fields.append(field)
        return self.queries.shown(table.kind, row, {field.name: field for field in fields}, version)

    # -- by external id ---------------------------------------------------------------------------------------------------
    def key(self, table: Table, name: str) -> Field:
        """The field by which records can be named; raises Problem."""
        field = table.kind.field(name)
        if field is None or not (field.external_id or field.id_lookup):
            raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
        return field

    def _keyed(self, call: Call, table: Table, name: str, value: str) -> Reply:
        _only(call, "GET", "PATCH", "DELETE")
        field = self.key(table, name)
        rows = self.org.by_key(table.kind.name, field, value)
        if len(rows) > 1:
            return Reply(300, [f"{call.root}/sobjects/{table.kind.name}/{row.id}" for row in rows])
        if call.method == "PATCH":
            updating = call.query.get("updateOnly", "").lower() == "true"
            return self._upsert(call, table, field, value, rows[0] if rows else None, updating)
        if not rows:
            raise not_found()
        return self._one(call, table, rows[0].id)

    def _upsert(self, call: Call, table: Table, field: Field, value: str, row: Row | None, updating: bool) -> Reply:
        given = call.values
        if any(name.lower() in (field.name.lower(), "id") for name in given):
            raise Problem(
                "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data.", [field.name]
            )
        if row is not None:
            _unchanged(call, row)
            self.org.update(table.kind.name, row, given, self.user, allow_save=call.allow_save)
            done = {"id": row.id, **CREATED, "created": False}
            return Reply(200, done) if float(call.version) >= 46 else Reply(204)
        if updating:
            raise not_found()
        named = {} if field.name == "Id" else {field.name: value}
        made = self.org.create(table.kind.name, {**given, **named}, self.user, allow_save=call.allow_save)
        return Reply(201, {"id": made.id, **CREATED, "created": True})


def _only(call: Call, *methods: str) -> None:
    if call.method not in methods:
        raise Problem("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are {','.join(methods)}")


def _stamp(row: Row) -> datetime:
    return datetime.fromisoformat(row.values["LastModifiedDate"])


def _unchanged(call: Call, row: Row) -> None:
    seen = _http_date(call.headers.get("if-unmodified-since"))
    if seen and _stamp(row) > seen:
        raise Problem("PRECONDITION_FAILED", "The resource has been modified since the given time")


def _http_date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and not found.tzinfo else found
