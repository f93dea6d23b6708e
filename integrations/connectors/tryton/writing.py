"""Writes with one verdict per item. Creates go together, in one transaction that a single bad row undoes, so a refused batch is
halved until the culprit stands alone. Changes and deletions are one call per record: Tryton's interface has no other way.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.tryton import reading
from integrations.connectors.tryton.slots import Draft
from integrations.connectors.tryton.tables import Table
from integrations.connectors.tryton.wire import Row
from integrations.connectors.verdicts import OF_ONE_RECORD, in_parts, one_by_one
from integrations.records import Create, RemoteRecord, Update, Verdict

WRITE_BATCH = 50
LOOK = 10  # records that are read together before they are written


class Writer:
    def __init__(self, table: Table) -> None:
        self._table, self._client = table, table.client

    # -- creating ----------------------------------------------------------------------------------------------------------------
    def create(self, items: Sequence[Create]) -> list[Verdict]:
        """A row that carries an item's key already is what an earlier try made: it is given back as it is."""
        names = sorted({name for item in items for name in item.values})
        earlier = self._table.known_keys([item.key for item in items], names)
        verdicts: dict[int, Verdict] = {}
        drafts: dict[int, Draft] = {}
        for place, item in enumerate(items):
            if item.key in earlier:
                verdicts[place] = Verdict(record=self._record(earlier[item.key], item), existed=True)
                continue
            try:
                drafts[place] = self._table.new(item.values, item.key)
            except OF_ONE_RECORD as error:
                verdicts[place] = Verdict(error=error)
        made: dict[int, int] = {}
        sent = in_parts(
            list(drafts.values()), self._create_all, (errors.Refused, errors.Locked), settled=bool(verdicts)
        )
        for place, verdict in zip(drafts, sent, strict=True):
            if verdict.record:
                made[place] = int(verdict.record.id)
            else:
                verdicts[place] = verdict
        for place in made:
            if refusal := self._pressed(made[place], drafts[place]):
                verdicts[place] = Verdict(error=refusal)
        verdicts.update(
            self._as_stored({place: (id, items[place]) for place, id in made.items() if place not in verdicts}, names)
        )
        return [verdicts[place] for place in range(len(items))]

    def _create_all(self, drafts: list[Draft]) -> list[Verdict]:
        ids = self._client.create(self._table.model, [draft.wire for draft in drafts])
        return [Verdict(record=RemoteRecord(str(id), {})) for id in ids]

    def _pressed(self, id: int, draft: Draft) -> errors.ConnectorError | None:
        """Lead a new row to its state. What cannot be is undone: a row in another state would look as if it had been meant."""
        try:
            self._table.press(str(id), {}, draft)
            return None
        except errors.Refused as error:
            self._table.delete(str(id))
            return error
        except errors.ConnectorError as error:
            return errors.NoAnswer(error.message, remote=error.remote)

    def _as_stored(self, made: dict[int, tuple[int, Create]], names: Sequence[str]) -> dict[int, Verdict]:
        """What was made stays made, even if it cannot be read; what was sent stands then."""
        try:
            rows = reading.by_id(self._table, [id for id, _item in made.values()], names)
        except errors.ConnectorError:
            rows = {}
        return {
            place: Verdict(
                record=self._record(rows[id], item) if id in rows else RemoteRecord(str(id), dict(item.values))
            )
            for place, (id, item) in made.items()
        }

    # -- changing ----------------------------------------------------------------------------------------------------------------
    def update(self, items: Sequence[Update]) -> list[Verdict]:
        """Some at a time are read first: rows below a record are changed by their own ids, and what a person typed since we last
        read must stay. Tryton's REST interface has no conditional writes, so what is typed in the second that is left is lost."""
        names = {name for item in items for name in (*item.values, *item.known)}
        rows: dict[str, Row | None] = {}

        def send(place: int) -> Verdict:
            item = items[place]
            if item.id not in rows:
                wanted = [other.id for other in items[place : place + LOOK]]
                found = reading.by_id(self._table, [int(id) for id in wanted if id.isdigit()], names)
                rows.update({id: found.get(int(id)) if id.isdigit() else None for id in wanted})
            return self._update(item, rows.pop(item.id))

        return one_by_one(range(len(items)), send)

    def _update(self, item: Update, row: Row | None) -> Verdict:
        if row and self._table.has_left(row):  # a read will say so
            raise errors.StaleVersion(_("In Tryton, this record became another kind of record."))
        if row is None or not self._table.is_live(row):
            raise errors.Gone(_("This record does not exist in Tryton any more."))
        there = self._table.values(row, {*item.known, *item.values})
        for name, value in there.items():
            known = item.known.get(name, value)
            if _other(value, known) and _other(value, item.values.get(name, known)):
                raise errors.StaleVersion(_("This record was changed in Tryton meanwhile."))
        draft = self._table.draft(row, item.values)
        self._table.before_write(item.id, row, draft)
        if draft.wire:
            row = self._written(item, row, draft.wire)
        if self._table.press(item.id, row, draft):
            row = reading.by_id(self._table, [int(item.id)], item.values).get(int(item.id), row)
        return Verdict(record=self._record(row, item))

    def _written(self, item: Update, row: Row, wire: dict[str, Any]) -> Row:
        now = self._client.write(self._table.model, item.id, wire, self._table.paths(item.values))
        return self._table.complete([now])[0] if "write_date" in now else row

    # -- deleting ----------------------------------------------------------------------------------------------------------------
    def delete(self, ids: Sequence[str]) -> list[Verdict]:
        return one_by_one(ids, self._delete)

    def _delete(self, id: str) -> Verdict:
        """Gone is what was wanted. A server that has lost its database says so of every row, and a look at the row tells."""
        try:
            self._table.delete(id)
        except errors.Gone:
            reading.by_id(self._table, [int(id)], [])
        return Verdict()

    def _record(self, row: Row, item: Create | Update) -> RemoteRecord:
        return reading.record(self._table, row, item.values)


def _other(one: Any, two: Any) -> bool:
    return (one or None) != (two or None)
