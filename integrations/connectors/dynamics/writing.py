"""Batch writes with one verdict per item.

A batch goes on after an error, so that every part is answered for itself. A record that takes several requests (made, then closed)
is a change set: all or none. A create brings its own id, made from the key of the write intent: sent twice, Dataverse refuses the
second ("a record with matching key values already exists"), and the record is read instead. A new record is shown with what
Dataverse filled in by itself (an owner, a status): the engine then knows that nobody chose it, and does not carry it elsewhere.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics import batch, customers
from integrations.connectors.dynamics.batch import Inner
from integrations.connectors.dynamics.bodies import Bodies, Body, needs_row
from integrations.connectors.dynamics.client import TARGETS, Exists, NoVersions
from integrations.connectors.dynamics.lookups import Defaults, Definitions
from integrations.connectors.dynamics.reading import Reader, master_of
from integrations.connectors.dynamics.tables import PARTIES, Table
from integrations.connectors.verdicts import of_a_parent
from integrations.echoes import without_others
from integrations.http import Answer, ApiSession
from integrations.records import Create, Field, FieldType, RemoteRecord, Update, Verdict

SHOW = {"Prefer": f"return=representation,{TARGETS}"}
MAKERS = ("_createdby_value", "_modifiedby_value")
TAKEN = (Exists, errors.StaleVersion)  # a create asks for no version: 412 without a code says that the id is taken
DEFAULTED = (FieldType.USER, FieldType.OPTION, FieldType.BOOL)


class Writer:
    """Writes of one table. ``fields``: its fields by name."""

    def __init__(
        self,
        session: ApiSession,
        table: Table,
        fields: dict[str, Field],
        reader: Reader,
        bodies: Bodies,
        defaults: Defaults,
        definitions: Definitions,
    ) -> None:
        self._session, self._table, self._fields = session, table, fields
        self._reader, self._bodies, self._defaults, self._definitions = reader, bodies, defaults, definitions

    def create(self, items: Sequence[Create]) -> list[Verdict]:
        ids = [id_for(item.key) for item in items]
        extra = self._defaults.of(self._table) if items else {}
        shown = [self._all_shown(item) for item in items]

        def prepare(place: int) -> tuple[list[Inner], Body]:
            body = self._bodies.new(self._table, ids[place], items[place].values, self._fields)
            first = Inner(
                "POST", f"{self._table.kind}?{self._select(shown[place])}",
                {self._table.key: ids[place], **extra, **_present(body.columns)}, SHOW,
            )  # fmt: skip
            return [first, *body.then], body

        verdicts = self._adopted(items, ids, self._write(shown, ids, prepare))
        return [of_a_parent(verdict, "Dynamics") for verdict in verdicts]

    def update(self, items: Sequence[Update]) -> list[Verdict]:
        rows, missing = self._rows(items)

        def prepare(place: int) -> tuple[list[Inner], Body]:
            item = items[place]
            if item.id in missing:
                raise missing[item.id]
            return self._changes(item, rows.get(item.id, {}))

        verdicts = self._write([list(item.values) for item in items], [item.id for item in items], prepare)
        self._again_without_versions(verdicts, lambda places: self.update([items[place] for place in places]))
        return self._explained(items, verdicts)

    def _changes(self, item: Update, row: dict[str, Any]) -> tuple[list[Inner], Body]:
        """``row``: as it is now, where it was read. StaleVersion where it is not what the update was made for."""
        if row and not self._is_as_known(item, row):
            raise errors.StaleVersion(_("The record changed in Dynamics meanwhile."))
        body = self._bodies.changed(self._table, item.id, item.values, self._fields, row)
        requests, columns, title = list(body.then), body.columns, row.get(self._table.title)
        versionless = self._table.kind in self._definitions.versionless
        if requests and not columns and title and not versionless:
            # Participants and closing actions ask for no version. This does it for them, and changes nothing.
            columns = {self._table.title: title}
        if columns:
            path = f"{self._table.kind}({item.id})?{self._select(list(item.values))}"
            match = "" if versionless else item.version or str(row.get("@odata.etag") or "")
            requests.insert(0, Inner("PATCH", path, columns, {**SHOW, "If-Match": match or "*"}))
        return requests, body

    def _is_as_known(self, item: Update, row: dict[str, Any]) -> bool:
        """By version, or where there is none by what we believe that the record holds."""
        if master_of(row):
            return False
        version = str(row.get("@odata.etag") or "")
        if item.version and version:
            return version == item.version
        held = self._reader.record(self._table, row, list(item.known)).values
        return all((value or None) == (item.known[name] or None) for name, value in held.items())

    def _explained(self, items: Sequence[Update], verdicts: list[Verdict]) -> list[Verdict]:
        """What Dynamics calls missing may be another record, which this one names: only the record's own end is its end."""
        doubted = {
            item.id for item, verdict in zip(items, verdicts, strict=True) if isinstance(verdict.error, errors.Gone)
        }
        gone = self._reader.really_gone(self._table, sorted(doubted))
        return [
            verdict if item.id in gone else of_a_parent(verdict, "Dynamics")
            for item, verdict in zip(items, verdicts, strict=True)
        ]

    def delete(self, ids: Sequence[str], versions: Mapping[str, str]) -> list[Verdict]:
        """What is not there any more counts as done."""
        known = {} if self._table.kind in self._definitions.versionless else versions
        units = [[Inner("DELETE", f"{self._table.kind}({id})", None, {"If-Match": known.get(id) or "*"})] for id in ids]
        verdicts = []
        for answers in batch.send(self._session, units) if units else []:
            error = batch.refusal(answers)
            verdicts.append(Verdict(error=None if isinstance(error, errors.Gone) else error))
        self._again_without_versions(verdicts, lambda places: self.delete([ids[place] for place in places], versions))
        return verdicts

    # -- inside -------------------------------------------------------------------------------------------------------------
    def _again_without_versions(self, verdicts: list[Verdict], send: Callable[[list[int]], list[Verdict]]) -> None:
        """Where the table turns out to keep no versions, ``send`` the items that asked for one again; the others are done."""
        places = [place for place, verdict in enumerate(verdicts) if isinstance(verdict.error, NoVersions)]
        if places and self._table.kind not in self._definitions.versionless:
            self._definitions.versionless.add(self._table.kind)
            for place, verdict in zip(places, send(places), strict=True):
                verdicts[place] = verdict

    def _all_shown(self, item: Create) -> list[str]:
        """The fields that have a value now: Dynamics may have filled in some that were not given."""
        filled_in = [field.name for field in self._fields.values() if field.type in DEFAULTED and field.writable]
        return list(dict.fromkeys([*item.values, *filled_in]))

    def _write(
        self, wanted: Sequence[Sequence[str]], ids: Sequence[str], prepare: Callable[[int], tuple[list[Inner], Body]]
    ) -> list[Verdict]:
        """``wanted``: the fields that each verdict shows. Items that cannot even be sent, and those that ask for nothing new, get
        theirs here; the others go out together."""
        verdicts: dict[int, Verdict] = {}
        units: list[list[Inner]] = []
        sent: list[tuple[int, Body]] = []
        for place in range(len(wanted)):
            try:
                requests, body = prepare(place)
            except errors.ConnectorError as error:
                verdicts[place] = Verdict(error=error)
                continue
            if requests:
                units.append(requests)
                sent.append((place, body))
            else:
                verdicts[place] = Verdict(record=self._shown(ids[place], body.row, wanted[place]), note=body.note)
        answered = batch.send(self._session, units) if units else []
        for (place, body), answers in zip(sent, answered, strict=True):
            refusal = batch.refusal(answers)
            verdicts[place] = (
                Verdict(error=refusal) if refusal else self._done(ids[place], wanted[place], answers, body)
            )
        return [verdicts[place] for place in range(len(wanted))]

    def _done(self, id: str, names: Sequence[str], answers: list[Answer], body: Body) -> Verdict:
        """The record as the first answer shows it, with what the requests after it have made of it. Nothing is read once more: a
        later look would show other people's changes, too, and nobody could tell them from ours."""
        row = next((answer.data for answer in answers if isinstance(answer.data, dict)), {})
        record = self._shown(id, row, [name for name in names if name not in body.settled])
        record.values |= {name: value for name, value in body.settled.items() if name in names}
        if body.then:
            record.version = ""  # of the last of these requests no version is told
        return Verdict(record=record, note=body.note)

    def _shown(self, id: str, row: dict[str, Any], names: Sequence[str]) -> RemoteRecord:
        """With the other targets of split lookups among ``names``: they change with these."""
        if self._table.key not in row:
            return RemoteRecord(id, {})
        split = {name.partition(":")[0] for name in names if ":" in name and name != PARTIES}
        siblings = [name for name in self._fields if name.partition(":")[0] in split and ":" in name]
        return self._reader.record(self._table, row, [*names, *siblings])

    def _adopted(self, items: Sequence[Create], ids: Sequence[str], verdicts: list[Verdict]) -> list[Verdict]:
        """A create whose id is taken was answered by nobody the first time: the record is ours. What somebody has changed of it
        since is not: that is left out, so that it shows as a change when the record is read the next time."""
        doubted = [place for place, verdict in enumerate(verdicts) if isinstance(verdict.error, TAKEN)]
        if not doubted:
            return verdicts
        names = list(dict.fromkeys(name for place in doubted for name in self._all_shown(items[place])))
        rows = self._reader.by_ids(self._table, [ids[place] for place in doubted], names, MAKERS)
        found = {str(row[self._table.key]): row for row in rows if not master_of(row)}
        for place in doubted:
            if row := found.get(ids[place]):
                record = self._reader.record(self._table, row, self._all_shown(items[place]))
                if len({row.get(name) for name in MAKERS}) > 1:
                    record = without_others(record, items[place].values, self._fields)
                verdicts[place] = Verdict(record=record, existed=True)
        return verdicts

    def _rows(self, items: Sequence[Update]) -> tuple[dict[str, dict[str, Any]], dict[str, errors.ConnectorError]]:
        """By id: the rows of updates that depend on what their row holds, with what these need; why others of these have none."""
        wanted = [item for item in items if self._is_read_first(item)]
        if not wanted:
            return {}, {}
        names = {name for item in wanted for name in item.values if ":" in name} | set(customers.names(self._table))
        names |= {name for item in wanted if not item.version for name in item.known}
        names |= {self._table.title, "directioncode"} & self._fields.keys()
        found = self._reader.by_ids(self._table, [item.id for item in wanted], sorted(names))
        rows = {str(row[self._table.key]): row for row in found}
        absent = sorted({item.id for item in wanted} - rows.keys())
        gone = self._reader.really_gone(self._table, absent)
        return rows, {id: _gone() if id in gone else _hidden() for id in absent}

    def _is_read_first(self, item: Update) -> bool:
        """What has no version to be written on condition of is looked at before, at least."""
        unversioned = self._table.kind in self._definitions.versionless or not item.version
        return needs_row(self._table, item.values) or (unversioned and bool(item.known or item.version))

    def _select(self, names: Sequence[str]) -> str:
        text, _prefer = self._reader.query(self._table, [name for name in names if name != PARTIES])
        return text


def id_for(key: str) -> str:
    """The id of the record that a write intent makes."""
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def _present(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if value is not None}


def _gone() -> errors.Gone:
    return errors.Gone(_("Dynamics has no such record any more."))


def _hidden() -> errors.NotVisible:
    return errors.NotVisible(_("The user that Syncline signs in with may not see this record in Dynamics."))
