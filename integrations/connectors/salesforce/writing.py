"""Batch writes with one verdict per record: *sObject Collections*, 200 records a call, never all-or-none.

The answer to a write is ids and refusals only, so what was written is read afterwards, in one call: a new record then shows what
Salesforce filled in by itself (an owner, a status), which nobody chose and which the engine must not carry elsewhere.

Nothing in Salesforce tells that a create is a repetition, unless an administrator adds a text field ``Syncline_Key__c`` (unique,
external id) to the object: then creates are upserts by the key of their write intent.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import roles
from integrations.connectors.salesforce.bodies import LEFT_OUT, Bodies, Body
from integrations.connectors.salesforce.client import item_error, request
from integrations.connectors.salesforce.objects import Object
from integrations.connectors.salesforce.reading import Reader, is_live
from integrations.connectors.salesforce.roles import ROLES
from integrations.connectors.salesforce.schema import KEY_FIELD
from integrations.connectors.salesforce.users import Users
from integrations.connectors.verdicts import in_parts, of_a_parent
from integrations.echoes import without_others
from integrations.http import ApiSession
from integrations.records import Create, Field, FieldType, RemoteRecord, Update, Value, Values, Verdict

UPDATES = "composite/sobjects"
MAKERS = ("CreatedById", "LastModifiedById")
DEFAULTED = (FieldType.USER, FieldType.OPTION, FieldType.BOOL, FieldType.DATETIME)

Ways = tuple[set[str], set[str]]
"""Contacts that a record's roles are to name, and no longer to name."""

Ready = tuple[int, dict[str, Any], Body]
"""Place of an item, the columns that are sent, and what they were made of."""

Result = dict[str, Any]
"""{"id", "success", "errors": [{"statusCode", "message", "fields"}], "created"?}"""


class Writer:
    """Writes of one object. ``fields``: its fields by name."""

    def __init__(
        self, session: ApiSession, obj: Object, fields: dict[str, Field], reader: Reader, bodies: Bodies, users: Users
    ) -> None:
        self._session, self._object, self._fields = session, obj, fields
        self._reader, self._bodies, self._users = reader, bodies, users

    def create(self, items: Sequence[Create]) -> list[Verdict]:
        keyed = KEY_FIELD in self._fields

        def prepare(place: int) -> tuple[dict[str, Any], Body]:
            body = self._bodies.new(self._object, items[place].values, self._fields)
            return {**body.columns, **({KEY_FIELD: items[place].key} if keyed else {})}, body

        path = f"{UPDATES}/{self._object.name}/{KEY_FIELD}" if keyed else UPDATES
        shown = [[*item.values, *self._filled_in(item.values)] for item in items]
        ways = [(_ids(item.values.get(ROLES)), set[str]()) for item in items]
        verdicts = self._write(
            "PATCH" if keyed else "POST", path, [item.values for item in items], shown, ways, prepare
        )
        return [of_a_parent(verdict, "Salesforce") for verdict in verdicts]

    def update(self, items: Sequence[Update]) -> list[Verdict]:
        def prepare(place: int) -> tuple[dict[str, Any], Body]:
            item = items[place]
            body = self._bodies.changed(self._object, item.values, item.known, self._fields)
            return {"id": item.id, **body.columns}, body

        shown = [[*item.values, *self._siblings(item.values)] for item in items]
        ways = [_ways(item) for item in items]
        verdicts = self._write("PATCH", UPDATES, [item.values for item in items], shown, ways, prepare)
        return self._explained([item.id for item in items], verdicts)

    def delete(self, ids: Sequence[str]) -> list[Verdict]:
        """Into the recycle bin. What is deleted already counts as done; what is hidden from us does not."""
        if not ids:
            return []
        answer = request(
            self._session, "DELETE", "composite/sobjects", params={"ids": ",".join(ids), "allOrNone": "false"}
        )
        verdicts = [_verdict(result, "") for result in _results(answer.data, len(ids))]
        unsure = [id for id, verdict in zip(ids, verdicts, strict=True) if isinstance(verdict.error, errors.NotVisible)]
        gone = self._reader.read(self._object, unsure, []).gone if unsure else set()
        return [
            Verdict() if not verdict.error or isinstance(verdict.error, errors.Gone) or id in gone else verdict
            for id, verdict in zip(ids, verdicts, strict=True)
        ]

    # -- inside -------------------------------------------------------------------------------------------------------------
    def _write(
        self, method: str, path: str, values: Sequence[Values], shown: Sequence[Sequence[str]], ways: Sequence[Ways],
        prepare: Callable[[int], tuple[dict[str, Any], Body]],
    ) -> list[Verdict]:  # fmt: skip
        """``shown``: the fields that each verdict shows; ``ways``: contact roles to add and take away. Items that cannot even be
        sent get theirs here; the others go out together."""
        self._users.learn(self._addresses(values))
        verdicts: dict[int, Verdict] = {}
        sent: list[Ready] = []
        for place in range(len(values)):
            try:
                sent.append((place, *prepare(place)))
            except (errors.Refused, errors.CannotDo) as error:
                verdicts[place] = Verdict(error=error)
        # A value of a type that its field cannot have (12.5 for a whole number) spoils the whole call, before anything is written.
        answered = in_parts(sent, lambda part: self._send(method, path, part), (errors.Refused,))
        verdicts |= {place: verdict for (place, _columns, _body), verdict in zip(sent, answered, strict=True)}
        self._write_roles(ways, verdicts)
        self._look_again(values, shown, verdicts, born=method == "POST" or path != UPDATES)
        return [verdicts[place] for place in range(len(values))]

    def _send(self, method: str, path: str, ready: list[Ready]) -> list[Verdict]:
        records = [{"attributes": {"type": self._object.name}, **columns} for _place, columns, _body in ready]
        # An owner that was chosen is not to be replaced by the org's assignment rules.
        chosen = any("OwnerId" in columns for _place, columns, _body in ready)
        answer = request(
            self._session, method, path, json={"allOrNone": False, "records": records},
            headers={"Sforce-Auto-Assign": "FALSE"} if chosen else None,
        )  # fmt: skip
        results = _results(answer.data, len(ready))
        return [_verdict(result, body.note) for (_place, _columns, body), result in zip(ready, results, strict=True)]

    def _write_roles(self, ways: Sequence[Ways], verdicts: dict[int, Verdict]) -> None:
        """Roles of the records that were written. What is refused, or not answered, shows in a note: the record itself is there."""
        places = {v.record.id: place for place, v in verdicts.items() if v.record and any(ways[place])}
        if not places:
            return
        try:
            short = roles.write(self._session, {id: ways[place] for id, place in places.items()})
        except errors.ConnectorError:
            short = set(places)
        for id in short:
            verdicts[places[id]].note = LEFT_OUT

    def _explained(self, ids: Sequence[str], verdicts: list[Verdict]) -> list[Verdict]:
        """An update that found no such record: it was deleted, merged or converted, our user sees it no more, or a record that it
        names is missing."""
        doubted = [place for place, verdict in enumerate(verdicts) if _is_doubtful(verdict.error)]
        if not doubted:
            return verdicts
        answer = self._reader.read(self._object, [ids[place] for place in doubted], [])
        for place in doubted:
            id = ids[place]
            record = answer.records.get(id)
            if id in answer.gone:
                verdicts[place] = Verdict(error=errors.Gone(_("Salesforce has no such record any more.")))
            elif id in answer.left or (record and record.id != id):
                verdicts[place] = Verdict(error=errors.StaleVersion(_("The record became another one meanwhile.")))
            elif record:
                verdicts[place] = of_a_parent(verdicts[place], "Salesforce")
        return verdicts

    def _look_again(
        self, values: Sequence[Values], shown: Sequence[Sequence[str]], verdicts: dict[int, Verdict], *, born: bool
    ) -> None:
        """Read what was written. What cannot be read now stays unknown: it was written all the same. What somebody has made of it
        by then is left out: it shows as their change when the record is read the next time. ``born``: these are creates."""
        written = {verdict.record.id: place for place, verdict in verdicts.items() if verdict.record}
        if not written:
            return
        names = list(dict.fromkeys(name for place in written.values() for name in shown[place]))
        try:
            rows = self._reader.by_ids(self._object, list(written), names, MAKERS)
            for id, place in written.items():
                if id in rows and is_live(rows[id]):
                    record = self._reader.record(self._object, rows[id], shown[place])
                    made = born and not verdicts[place].existed
                    verdicts[place].record = self._ours(record, rows[id], values[place], born=made)
                    self._own_roles(values[place], verdicts[place])
        except errors.ConnectorError:
            return

    def _ours(self, record: RemoteRecord, row: dict[str, Any], sent: Values, *, born: bool) -> RemoteRecord:
        """The record without what others have made of it since we wrote it. Automation in our write's transaction acts as us."""
        by = str(row.get("LastModifiedById") or "")
        if born:
            is_ours = by == str(row.get("CreatedById") or "")
        else:
            told = sent.keys() & record.values.keys() - {ROLES}
            is_ours = without_others(record, sent, self._fields).values.keys() >= told or by == self._users.me()
        return record if is_ours else without_others(record, sent, self._fields)

    @staticmethod
    def _own_roles(sent: Values, verdict: Verdict) -> None:
        """Roles are rows of their own, which others add and take away beside ours."""
        record, wanted = verdict.record, _ids(sent.get(ROLES))
        if record and ROLES in sent:
            there = _ids(record.values.get(ROLES))
            record.values[ROLES] = sorted(wanted & there if verdict.note == LEFT_OUT else wanted)

    def _addresses(self, values: Sequence[Values]) -> set[str]:
        """The users that these values name."""
        names = [field.name for field in self._fields.values() if field.type is FieldType.USER and field.writable]
        return {str(each[name]) for each in values for name in names if each.get(name)}

    def _filled_in(self, values: Values) -> list[str]:
        """Fields that may have a value although none was given, the other targets of a lookup among them."""
        defaulted = [field.name for field in self._fields.values() if field.type in DEFAULTED and field.writable]
        return [name for name in (*defaulted, *self._siblings(values)) if name not in values]

    def _siblings(self, values: Values) -> list[str]:
        """The other targets of the split lookups among ``values``: they changed with it."""
        split = {name.partition(":")[0] for name in values if ":" in name}
        return [name for name in self._fields if ":" in name and name.partition(":")[0] in split and name not in values]


def _results(said: Any, count: int) -> list[Result]:
    """One result per record that was sent, in order. Those on which the answer is silent have none."""
    found = [each if isinstance(each, dict) else {} for each in said] if isinstance(said, list) else []
    return [*found[:count], *({} for _missing in range(count - len(found)))]


def _verdict(result: Result, note: str) -> Verdict:
    if not result:
        return Verdict(error=errors.NoAnswer(_("Salesforce's answer does not say what became of this record.")))
    if not result.get("success"):
        return Verdict(error=item_error((result.get("errors") or [{}])[0]))
    return Verdict(record=RemoteRecord(str(result["id"]), {}), existed=result.get("created") is False, note=note)


def _ways(item: Update) -> Ways:
    wanted, held = _ids(item.values.get(ROLES)), _ids(item.known.get(ROLES))
    return (wanted - held, held - wanted) if ROLES in item.values else (set(), set())


def _ids(value: Value) -> set[str]:
    return set(value) if isinstance(value, list) else set()


def _is_doubtful(error: Exception | None) -> bool:
    if isinstance(error, errors.NotVisible):
        return error.field in ("", "Id")
    return isinstance(error, errors.Gone) or (isinstance(error, errors.Refused) and error.code == "CONVERTED_AWAY")
