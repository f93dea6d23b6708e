"""Rows as records: what to select for the fields that are asked for, and what comes back.

A merged row stays in its table, inactive, and names the one that took over; a read follows it, so that nobody takes it for a record
of its own. Lookups with several targets tell theirs in an annotation, which is asked for only where it is needed.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from integrations import errors
from integrations.connectors.dynamics import batch, customers, schema
from integrations.connectors.dynamics.batch import Inner
from integrations.connectors.dynamics.client import LOGICAL, TARGETS, filter_text, listed
from integrations.connectors.dynamics.lookups import Currencies, Users
from integrations.connectors.dynamics.tables import PARTIES, Table
from integrations.http import ApiSession
from integrations.records import Field, FieldType, ReadAnswer, RemoteRecord, Value

NO_PARTICIPANTS = {8, 9}  # regarding and owner appear among the parties, too
FOLLOWED = 5  # merges of merges

Fields = Callable[[Table], dict[str, Field]]
Rows = list[dict[str, Any]]


class Reader:
    """``fields_of``: a table's fields by name."""

    def __init__(self, session: ApiSession, fields_of: Fields, users: Users, currencies: Currencies) -> None:
        self._session, self._fields_of = session, fields_of
        self._users, self._currencies = users, currencies

    # -- asking ---------------------------------------------------------------------------------------------------------
    def query(self, table: Table, names: Iterable[str], more: Iterable[str] = ()) -> tuple[str, list[str]]:
        """(``$select=…`` and what else belongs into the address, values of the Prefer header). Names that the app no longer has are
        left out, and so stay unknown. ``more``: columns that are no fields."""
        known = self._fields_of(table)
        columns = dict.fromkeys([table.key, "createdon", "modifiedon", *more])
        if table.merges:
            columns |= {"merged": None, "_masterid_value": None}
        targets = parties = False
        for name in names:
            field = known.get(name)
            if name == PARTIES:
                parties = True
            elif field is not None:
                columns[wire_name(field)] = None
                targets |= ":" in name
                if name in customers.names(table):
                    columns[f"_{customers.CUSTOMER}_value"], targets = None, True
        text = "$select=" + ",".join(columns)
        if parties:
            text += f"&$expand={table.parties}($select=_partyid_value,participationtypemask,addressused)"
        return text, [TARGETS] if targets or parties else []

    def by_ids(self, table: Table, ids: Sequence[str], names: Iterable[str], more: Iterable[str] = ()) -> Rows:
        values = ",".join(f'"{id}"' for id in ids)
        wanted = filter_text(f"Microsoft.Dynamics.CRM.In(PropertyName='{table.key}',PropertyValues=[{values}])")
        return self.rows(table, names, wanted, more)

    def rows(self, table: Table, names: Iterable[str], where: str, more: Iterable[str] = ()) -> Rows:
        """All rows that pass a filter (ready for an address)."""
        text, prefer = self.query(table, names, more)
        found: Rows = []
        link = f"{table.kind}?{text}&$filter={where}"
        while link:
            rows, link = listed(self._session, link, prefer=prefer)
            found += rows
        return found

    def read(self, table: Table, ids: Sequence[str], names: Sequence[str]) -> ReadAnswer:
        """Records by the id that was asked for, behind merges too. A list leaves out what our user may not read, so that a row is
        gone only where Dynamics says of that very row that it does not exist; of the others the answer says nothing."""
        answer, waiting = ReadAnswer({}), {id: id for id in ids}  # asked → the row that answers for it
        made: dict[str, RemoteRecord] = {}
        for _hop in range(FOLLOWED):
            fetched = self.by_ids(table, sorted(set(waiting.values()) - made.keys()), names) if waiting else []
            rows = {str(row[table.key]): row for row in fetched}
            made |= {id: self.record(table, row, names) for id, row in rows.items() if not master_of(row)}
            following = {}
            for asked, id in waiting.items():
                if id in made:
                    answer.records[asked] = made[id]
                    if asked not in (id, *made[id].aliases):
                        made[id].aliases = (*made[id].aliases, asked)
                elif id in rows:
                    following[asked] = master_of(rows[id])
                else:
                    answer.gone.add(asked)
            waiting = following
            if not waiting:
                break
        answer.gone = self.really_gone(table, sorted(answer.gone))
        return answer

    def really_gone(self, table: Table, ids: Sequence[str]) -> set[str]:
        """Those of which Dynamics itself says that there is no such row."""
        units = [[Inner("GET", f"{table.kind}({id})?$select={table.key}")] for id in ids]
        gone = set()
        for id, said in zip(ids, batch.send(self._session, units, safe=True) if units else [], strict=True):
            error = batch.refusal(said)
            if isinstance(error, errors.Gone):
                gone.add(id)
            elif isinstance(error, errors.RateLimited | errors.Unavailable):
                raise error
        return gone

    # -- answers ----------------------------------------------------------------------------------------------------------
    def record(self, table: Table, row: dict[str, Any], names: Iterable[str]) -> RemoteRecord:
        known = self._fields_of(table)
        values = {}
        for name in names:
            if name in known and (name in (PARTIES,) or wire_name(known[name]) in row):
                values[name] = self._value(table, row, known[name])
        return RemoteRecord(
            id=str(row[table.key]),
            values=values,
            modified_at=schema.moment(row.get("modifiedon")),
            created_at=schema.moment(row.get("createdon")),
            version=str(row.get("@odata.etag") or ""),
        )

    def _value(self, table: Table, row: dict[str, Any], field: Field) -> Value:
        if field.name == PARTIES:
            return sorted(
                {
                    each["_partyid_value"]
                    for each in parties(table, row)
                    if each.get(f"_partyid_value@{LOGICAL}") == "contact"
                }
            )
        if field.name in customers.names(table):
            customer = customers.held(table, row, field.name)
            return [customer] if customer else []
        wire = wire_name(field)
        value = row[wire]
        if value is None:
            return [] if field.type is FieldType.REFERENCE else None
        if field.type is FieldType.REFERENCE:
            target = field.name.partition(":")[2]
            return [] if target and row.get(f"{wire}@{LOGICAL}") != target else [str(value)]
        if field.type is FieldType.USER:
            return self._users.email(str(value))
        if field.name == schema.CURRENCY:
            return self._currencies.code(str(value))
        return schema.to_canonical(value, field.type)


def wire_name(field: Field) -> str:
    """What ``$select`` calls it."""
    name = field.name.partition(":")[0]
    lookup = field.type in (FieldType.REFERENCE, FieldType.USER) or name == schema.CURRENCY
    return f"_{name}_value" if lookup else name


def parties(table: Table, row: dict[str, Any]) -> Rows:
    """An activity's participants, of a row that was read with them."""
    return [each for each in row.get(table.parties) or [] if each.get("participationtypemask") not in NO_PARTICIPANTS]


def master_of(row: dict[str, Any]) -> str:
    """The row that took over from a merged one; "" for any other."""
    return str(row.get("_masterid_value") or "") if row.get("merged") else ""
