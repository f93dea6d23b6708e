"""Rows as records: which columns a field needs, and what comes back.

A merged record is a deleted row that names the one that took over (``MasterRecordId``); a read follows it. A converted lead stays
in its table and is no lead any more: it has *left*, which is no deletion. A row that is not there need not be deleted either:
queries leave out, without a word, what sharing does not show our user. Rows come as JSON (parents nested) or as CSV (parents as
``Owner.Email``).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations import errors
from integrations.connectors.salesforce import roles, schema, soql
from integrations.connectors.salesforce.client import long_id, request
from integrations.connectors.salesforce.objects import KINDS, Object
from integrations.http import Answer, ApiSession
from integrations.records import Field, FieldType, ReadAnswer, RemoteRecord, Value

FOLLOWED = 5  # merges of merges
DELETIONS = timedelta(days=14)  # that are looked through for a row which is not there; Salesforce tells of 15 days
# The first three characters of an id say what it is of.
PREFIXES = {"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006", "Case": "500", "Product2": "01t"}

Fields = Callable[[Object], dict[str, Field]]


class Reader:
    """``fields_of``: an object's fields by name."""

    def __init__(self, session: ApiSession, fields_of: Fields) -> None:
        self._session, self._fields_of = session, fields_of
        self._vanished: set[tuple[str, str]] = set()  # (object, column) that the org no longer shows us

    # -- asking ---------------------------------------------------------------------------------------------------------
    def columns(self, obj: Object, names: Iterable[str], more: Iterable[str] = ()) -> list[str]:
        """What to select. Names that the app no longer has are left out, and so stay unknown. ``more``: columns besides."""
        found = dict.fromkeys(["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted", *more])
        if obj.merges:
            found |= {"MasterRecordId": None}
        if obj.converts:
            found |= {"IsConverted": None}
        known = self._fields_of(obj)
        for name in names:
            if name in known:
                found |= dict.fromkeys(_columns(known[name]))
        return [column for column in found if (obj.name, column) not in self._vanished]

    def ask(self, obj: Object, names: Iterable[str], tail: str, more: Iterable[str] = ()) -> Answer:
        """A query's first page. A column that was removed, or hidden from our user, since the fields were read is left out."""
        wanted = list(names)
        while True:
            columns = self.columns(obj, wanted, more)
            try:
                answer = soql.ask(self._session, f"SELECT {', '.join(columns)} FROM {obj.name} {tail}")
                roles.complete(self._session, answer.data["records"])
                return answer
            except errors.Refused as error:
                lost = [column for column in columns if error.field and error.field in column.split(".")]
                if error.code != "FIELD_MISSING" or not lost:
                    raise
                self._vanished |= {(obj.name, column) for column in lost}

    def rows(self, obj: Object, names: Iterable[str], tail: str, more: Iterable[str] = ()) -> soql.Rows:
        """All rows of a query: a page may hold fewer than would fit."""
        found = soql.rest(self._session, self.ask(obj, names, tail, more).data)
        roles.complete(self._session, found)
        return found

    def read(
        self, obj: Object, ids: Sequence[str], names: Sequence[str], *, deleted: Collection[str] | None = None
    ) -> ReadAnswer:
        """Records by the id that was asked for, behind merges too. Gone is what Salesforce calls deleted; of a row that it just
        does not show, nothing is said. ``deleted``: ids that *getDeleted* has named; None: it is asked where a row is missing."""
        answer, waiting = ReadAnswer({}), {id: id for id in ids}  # asked → the row that answers for it
        made: dict[str, RemoteRecord] = {}
        absent: dict[str, str] = {}
        for _hop in range(FOLLOWED):
            wanted = sorted(set(waiting.values()) - made.keys())
            rows = self.by_ids(obj, wanted, names)
            made |= {id: self.record(obj, row, names) for id, row in rows.items() if is_live(row)}
            following = {}
            for asked, id in waiting.items():
                row = rows.get(id)
                if id in made:
                    answer.records[asked] = made[id]
                    if asked not in (id, *made[id].aliases):
                        made[id].aliases = (*made[id].aliases, asked)
                elif row and master_of(row):
                    following[asked] = master_of(row)
                elif row and has_left(row):
                    answer.left.add(asked)
                elif row:
                    answer.gone.add(asked)
                else:
                    absent[asked] = id
            waiting = following
            if not waiting:
                break
        told = self._lately_deleted(obj) if absent and deleted is None else deleted or ()
        answer.gone |= {asked for asked, id in absent.items() if id in told}
        return answer

    def deletions(self, obj: Object, start: str, end: str) -> tuple[set[str], dict[str, Any]]:
        """*getDeleted*: ids of rows that were deleted between two SOQL literals, those that left the recycle bin too, and its whole
        answer. CursorExpired: Salesforce does not look that far back, or has more to tell than it can."""
        path = f"sobjects/{obj.name}/deleted/"
        said = request(self._session, "GET", path, params={"start": start, "end": end}).data
        return {long_id(str(each["id"])) for each in said["deletedRecords"]}, said

    def _lately_deleted(self, obj: Object) -> set[str]:
        now = datetime.now(UTC)
        with suppress(errors.CursorExpired):
            return self.deletions(obj, soql.literal(now - DELETIONS), soql.literal(now + timedelta(hours=1)))[0]
        return set()

    def by_ids(
        self, obj: Object, ids: Sequence[str], names: Iterable[str], more: Iterable[str] = ()
    ) -> dict[str, dict[str, Any]]:
        rows = self.rows(obj, names, f"WHERE {soql.among('Id', ids)}", more) if ids else []
        return {str(row["Id"]): row for row in rows}

    # -- answers ----------------------------------------------------------------------------------------------------------
    def record(self, obj: Object, row: dict[str, Any], names: Iterable[str]) -> RemoteRecord:
        known = self._fields_of(obj)
        values: dict[str, Value] = {}
        for name in names:
            if name in known and _is_in(row, _columns(known[name])[0]):
                values[name] = _value(row, known[name])
        return RemoteRecord(
            id=str(row["Id"]),
            values=values,
            # Of an edit; the other stamp is the platform's, too.
            modified_at=schema.moment(row.get("LastModifiedDate") or row.get("SystemModstamp")),
            created_at=schema.moment(row.get("CreatedDate")),
            version=str(row.get("SystemModstamp") or ""),
        )


def _columns(field: Field) -> list[str]:
    """The column that holds the value, then what explains it."""
    name = field.name.partition(":")[0]
    if name == roles.ROLES:
        return [roles.COLUMN]
    if field.type is FieldType.USER:
        return [name, f"{parent(name)}.Email"]
    if name == schema.RECORD_TYPE:
        return ["RecordType.DeveloperName"]
    if name == schema.DOMAIN:
        return [schema.WEBSITE]
    return [name]


def parent(name: str) -> str:
    """How SOQL calls what a lookup leads to: ``OwnerId`` → ``Owner``, ``Sponsor__c`` → ``Sponsor__r``."""
    return name[:-1] + "r" if name.endswith("__c") else name.removesuffix("Id")


def column_of(field: Field) -> str:
    """What a condition on the field compares."""
    return _columns(field)[-1]


def _is_in(row: dict[str, Any], column: str) -> bool:
    if column == roles.COLUMN:
        return roles.ROLES in row
    return column in row or ("." in column and column.partition(".")[0] in row)


def _cell(row: dict[str, Any], column: str) -> Any:
    """``Owner.Email`` of nested JSON or of flat CSV; None where there is no parent."""
    if column in row:
        return row[column]
    above, _dot, name = column.partition(".")
    return (row.get(above) or {}).get(name)


def _value(row: dict[str, Any], field: Field) -> Value:
    if field.name == roles.ROLES:
        return roles.value_of(row)
    columns = _columns(field)
    value = _cell(row, columns[0])
    if field.name == schema.DOMAIN:
        return schema.domain_of(value)
    if field.type is FieldType.REFERENCE:
        target = field.name.partition(":")[2]
        return [str(value)] if value and (not target or str(value).startswith(PREFIXES[target])) else []
    if field.type is FieldType.USER:
        if not value:
            return None
        address = str(_cell(row, columns[1]) or "").strip().lower()
        return address or str(value)  # a queue has none: it stays an id that no user of another app has
    return schema.to_canonical(value, field.type)


def is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def is_live(row: dict[str, Any]) -> bool:
    return not is_true(row.get("IsDeleted")) and not has_left(row)


def has_left(row: dict[str, Any]) -> bool:
    """A lead that was converted."""
    return is_true(row.get("IsConverted")) and not is_true(row.get("IsDeleted"))


def master_of(row: dict[str, Any]) -> str:
    """The record that took over from a merged one; "" for any other."""
    return str(row.get("MasterRecordId") or "") if is_true(row.get("IsDeleted")) else ""


assert set(PREFIXES) == set(KINDS)
