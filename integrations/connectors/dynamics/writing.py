"""Batch writes with one verdict per item.

A batch goes on after an error, so that every part is answered for itself. A record that takes several requests (made, then closed)
is a change set: all or none. A create brings its own id, made from the key of the write intent: sent twice, Dataverse refuses the
second ("a record with matching key values already exists"), and the record is read instead. A new record is shown with what
Dataverse filled in by itself (an owner, a status): the engine then knows that nobody chose it, and does not carry it elsewhere.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics import batch, customers, states
from integrations.connectors.dynamics.batch import Inner
from integrations.connectors.dynamics.bodies import Bodies, Body, needs_row
from integrations.connectors.dynamics.client import TARGETS, Exists, NoVersions
from integrations.connectors.dynamics.lookups import Defaults, Definitions
from integrations.connectors.dynamics.reading import Reader
from integrations.connectors.dynamics.tables import PARTIES, Table
from integrations.http import Answer, ApiSession
from integrations.records import Create, Field, FieldType, RemoteRecord, Update, Verdict

SHOW = {"Prefer": f"return=representation,{TARGETS}"}


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
        shown = [[*item.values, *(name for name in self._filled_in() if name not in item.values)] for item in items]

        def prepare(place: int) -> tuple[list[Inner], Body]:
            body = self._bodies.new(self._table, ids[place], items[place].values, self._fields)
            first = Inner(
                "POST", f"{self._table.kind}?{self._select(shown[place])}",
                {self._table.key: ids[place], **extra, **_present(body.columns)}, SHOW,
            )  # fmt: skip
            return [first, *body.then], body

        return self._adopted(shown, ids, self._write(shown, ids, prepare))

    def update(self, items: Sequence[Update]) -> list[Verdict]:
        rows = self._rows(items)

        def prepare(place: int) -> tuple[list[Inner], Body]:
            item = items[place]
            if needs_row(self._table, item.values) and item.id not in rows:
                raise errors.Gone(_("Dynamics has no such record any more."))
            return self._changes(item, rows.get(item.id, {}), item.version)

        wanted, ids = [list(item.values) for item in items], [item.id for item in items]
        verdicts = self._write(wanted, ids, prepare)
        unversioned = [place for place, verdict in enumerate(verdicts) if isinstance(verdict.error, NoVersions)]
        if unversioned:  # the others are done
            self._definitions.versionless.add(self._table.kind)
            self._once_more(unversioned, items, prepare, verdicts)
        return self._reopened(items, rows, verdicts)

    def _changes(self, item: Update, row: dict[str, Any], version: str) -> tuple[list[Inner], Body]:
        body = self._bodies.changed(self._table, item.id, item.values, self._fields, row)
        requests = list(body.then)
        if body.columns:
            path = f"{self._table.kind}({item.id})?{self._select(list(item.values))}"
            match = "" if self._table.kind in self._definitions.versionless else version
            requests.insert(0, Inner("PATCH", path, body.columns, {**SHOW, "If-Match": match or "*"}))
        return requests, body

    def _reopened(
        self, items: Sequence[Update], rows: dict[str, dict[str, Any]], verdicts: list[Verdict]
    ) -> list[Verdict]:
        """The updates that closed rows have refused, once more: the row is opened for them and closed again."""
        locked = [
            place for place, verdict in enumerate(verdicts)
            if isinstance(verdict.error, errors.Refused) and verdict.error.code == "RECORD_LOCKED"
        ]  # fmt: skip
        names = [states.STATE, states.STATUS, *states.CLOSED_WITH.get(self._table.kind, {})]
        found = {
            str(row[self._table.key]): row
            for row in (
                self._reader.by_ids(self._table, [items[place].id for place in locked], names) if locked else ()
            )
        }
        again = [place for place in locked if states.may_be_opened(self._table, found.get(items[place].id, {}))]

        def prepare(place: int) -> tuple[list[Inner], Body]:
            item = items[place]
            match = "" if self._table.kind in self._definitions.versionless else item.version
            first = states.reopen(self._table, item.id, self._definitions, match)
            requests, body = self._changes(item, rows.get(item.id, {}), "")
            if states.asked(self._table, item.values, self._definitions) is None:
                requests.append(states.close_again(self._table, item.id, found[item.id]))
            body.again = True
            return [first, *requests], body

        self._once_more(again, items, prepare, verdicts)
        return verdicts

    def _once_more(
        self, places: list[int], items: Sequence[Update], prepare: Callable[[int], tuple[list[Inner], Body]],
        verdicts: list[Verdict],
    ) -> None:  # fmt: skip
        """Send these of ``items`` again, as ``prepare`` makes them; what is said now takes the place of what was said first."""
        wanted, ids = [list(items[place].values) for place in places], [items[place].id for place in places]
        sent = self._write(wanted, ids, lambda number: prepare(places[number]))
        for place, verdict in zip(places, sent, strict=True):
            verdicts[place] = verdict

    def delete(self, ids: Sequence[str]) -> list[Verdict]:
        """What is not there any more counts as done."""
        units = [[Inner("DELETE", f"{self._table.kind}({id})", None, {"If-Match": "*"})] for id in ids]
        verdicts = []
        for answers in batch.send(self._session, units) if units else []:
            error = batch.refusal(answers)
            verdicts.append(Verdict(error=None if isinstance(error, errors.Gone) else error))
        return verdicts

    # -- inside -------------------------------------------------------------------------------------------------------------
    def _filled_in(self) -> list[str]:
        """Fields that may have a value although none was given."""
        return [field.name for field in self._fields.values() if field.type in DEFAULTED and field.writable]

    def _write(
        self, wanted: Sequence[Sequence[str]], ids: Sequence[str], prepare: Callable[[int], tuple[list[Inner], Body]]
    ) -> list[Verdict]:
        """``wanted``: the fields that each verdict shows. Items that cannot even be sent, and those that ask for nothing new, get
        theirs here; the others go out together."""
        verdicts: dict[int, Verdict] = {}
        units: list[list[Inner]] = []
        sent: list[tuple[int, Body]] = []
        again = []
        for place in range(len(wanted)):
            try:
                requests, body = prepare(place)
            except (errors.Refused, errors.CannotDo, errors.Gone) as error:
                verdicts[place] = Verdict(error=error)
                continue
            if requests:
                units.append(requests)
                sent.append((place, body))
            else:
                verdicts[place] = Verdict(record=RemoteRecord(ids[place], {}), note=body.note)
                again.append(place)
        answered = batch.send(self._session, units) if units else []
        for (place, body), answers in zip(sent, answered, strict=True):
            refusal = batch.refusal(answers)
            verdicts[place] = (
                Verdict(error=refusal) if refusal else self._done(ids[place], wanted[place], answers, body)
            )
            if body.again and not refusal:
                again.append(place)
        self._look_again(again, ids, wanted, verdicts)
        return [verdicts[place] for place in range(len(wanted))]

    def _done(self, id: str, names: Sequence[str], answers: list[Answer], body: Body) -> Verdict:
        """The record as the answer shows it."""
        row = next((answer.data for answer in answers if isinstance(answer.data, dict)), None)
        if row is None or self._table.key not in row:
            return Verdict(record=RemoteRecord(id, {}), note=body.note)
        record = self._reader.record(self._table, row, [name for name in names if name != PARTIES])
        return Verdict(record=record, note=body.note)

    def _look_again(
        self, places: list[int], ids: Sequence[str], wanted: Sequence[Sequence[str]], verdicts: dict[int, Verdict]
    ) -> None:
        """Read what an answer could not show. What cannot be read now stays unknown: it was written all the same."""
        if not places:
            return
        names = list(
            dict.fromkeys(name for place in places for name in (*wanted[place], *self._siblings(wanted[place])))
        )
        try:
            found = self._reader.read(self._table, [ids[place] for place in places], names).records
        except errors.ConnectorError:
            found = {}
        for place in places:
            shown = {*wanted[place], *self._siblings(wanted[place])}
            record = found.get(ids[place]) or RemoteRecord(ids[place], {})
            kept = {name: value for name, value in record.values.items() if name in shown}
            verdicts[place] = replace(verdicts[place], record=replace(record, values=kept))

    def _siblings(self, names: Sequence[str]) -> list[str]:
        """The other targets of the split lookups among ``names``: they changed with it."""
        split = {name.partition(":")[0] for name in names if ":" in name and name != PARTIES}
        return [name for name in self._fields if name.partition(":")[0] in split and ":" in name]

    def _adopted(self, shown: Sequence[Sequence[str]], ids: Sequence[str], verdicts: list[Verdict]) -> list[Verdict]:
        """A create whose id is taken was answered by nobody the first time: the record is ours."""
        doubted = [place for place, verdict in enumerate(verdicts) if isinstance(verdict.error, Exists)]
        if doubted:
            names = list(dict.fromkeys(name for place in doubted for name in shown[place]))
            found = self._reader.read(self._table, [ids[place] for place in doubted], names).records
            for place in doubted:
                if ids[place] in found:
                    verdicts[place] = Verdict(record=found[ids[place]], existed=True)
        return verdicts

    def _rows(self, items: Sequence[Update]) -> dict[str, dict[str, Any]]:
        """The rows of updates that depend on what their row holds, by id, with what these need."""
        wanted = [item for item in items if needs_row(self._table, item.values)]
        if not wanted:
            return {}
        names = {name for item in wanted for name in item.values if ":" in name} | set(customers.names(self._table))
        if "directioncode" in self._fields:
            names.add("directioncode")
        rows = self._reader.by_ids(self._table, [item.id for item in wanted], sorted(names))
        return {str(row[self._table.key]): row for row in rows}

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
