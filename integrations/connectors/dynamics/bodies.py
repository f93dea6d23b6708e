"""Values → what a write sends: columns, bound lookups, states that need an action, participants.

A lookup that can point to several tables is several fields here and one place there. The first of ``PREFERRED`` gets the place in a
new record; later a value keeps it until it is taken away, because what would be displaced is a relation that somebody wants: in
another app, or in Dynamics itself, where it may be of a table that does not sync at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics import customers, schema, states
from integrations.connectors.dynamics.batch import Inner
from integrations.connectors.dynamics.client import target_of
from integrations.connectors.dynamics.lookups import Currencies, Definitions, Users
from integrations.connectors.dynamics.reading import parties
from integrations.connectors.dynamics.tables import KINDS, PARTIES, PREFERRED, Table
from integrations.records import Field, FieldType, Value, Values

OUTGOING, INCOMING = 1, 0  # places in Table.party_mask
FROM, TO = 1, 2
OWNER = "ownerid"
LEFT_OUT = "ASSOCIATION_LIMIT"


@dataclass(slots=True)
class Body:
    """``columns``: for POST or PATCH. ``then``: requests that follow in one change set. ``settled``: what a record has that no
    answer shows, once all is done. ``row``: the row as it was read before, {} where it was not. ``note``: a code for the record."""

    columns: dict[str, Any] = field(default_factory=dict)
    then: list[Inner] = field(default_factory=list)
    settled: Values = field(default_factory=dict)
    row: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def needs_row(table: Table, values: Values) -> bool:
    """Whether a change of these values depends on what else the row holds."""
    closes = table.closings and not {states.STATE, states.STATUS}.isdisjoint(values)
    return bool(closes) or any(":" in name or name in customers.written(table, values) for name in values)


class Bodies:
    def __init__(self, users: Users, currencies: Currencies, definitions: Definitions) -> None:
        self._users, self._currencies, self._definitions = users, currencies, definitions

    def new(self, table: Table, id: str, values: Values, fields: dict[str, Field]) -> Body:
        """Refused for values that cannot be sent."""
        body = self._body(table, values, {}, fields)
        if customers.written(table, values):
            self._customer(table, values, {}, body)
        if values.get(PARTIES):
            body.columns[table.parties] = self._first_parties(table, values)
            body.settled[PARTIES] = sorted(_ids(values[PARTIES]))
        self._state(table, id, values, body, new=True)
        return body

    def changed(self, table: Table, id: str, values: Values, fields: dict[str, Field], row: dict[str, Any]) -> Body:
        """``row``: the row as it is, where that matters (``needs_row``)."""
        body = self._body(table, values, row, fields)
        body.row = row
        if any(name in values for name in customers.written(table, values)):
            self._customer(table, values, row, body)
        if PARTIES in values:
            listed = self._next_parties(table, row, _ids(values[PARTIES]))
            body.then.append(Inner("PUT", f"{table.kind}({id})/{table.parties}", {"value": listed}))
            body.settled[PARTIES] = sorted(set(_ids(values[PARTIES])))
        self._state(table, id, values, body, new=False)
        return body

    # -- columns and lookups ------------------------------------------------------------------------------------------------
    def _body(self, table: Table, values: Values, row: dict[str, Any], fields: dict[str, Field]) -> Body:
        body, elsewhere = Body(), customers.written(table, values)
        split: dict[str, dict[str, list[str]]] = {}  # lookup → target → ids
        for name, value in values.items():
            if name in (states.STATE, states.STATUS, PARTIES, *elsewhere):
                continue
            found = fields.get(name)
            if found is None:
                raise errors.Refused(
                    _("Dynamics has no field “%(field)s”.") % {"field": name}, code="FIELD_MISSING", field=name
                )
            if ":" in name:
                attribute, _colon, target = name.partition(":")
                split.setdefault(attribute, {})[target] = _ids(value)
            else:
                member, sent = self._member(table, found, value)
                body.columns[member] = sent
        for attribute, wanted in split.items():
            self._fold(table, attribute, wanted, row, body)
        return body

    def _member(self, table: Table, found: Field, value: Value) -> tuple[str, Any]:
        name = found.name
        if found.type is FieldType.REFERENCE:
            ids = _ids(value)
            address = f"/{found.refers_to}({ids[0]})" if ids else None
            logical = next(key for key, kind in KINDS.items() if kind == found.refers_to)
            return f"{self._definitions.navigation(table, name, logical)}@odata.bind", address
        if found.type is FieldType.USER:
            if value is None and name == OWNER:
                raise errors.CannotDo(_("A record of Dynamics always has an owner."), field=name)
            # An owner is of the table *owner*, of which users and teams are rows.
            bind = f"{self._definitions.navigation(table, name, 'owner' if name == OWNER else 'systemuser')}@odata.bind"
            return bind, value and f"/systemusers({self._users.id(str(value), name)})"
        if name == schema.CURRENCY:
            bind = f"{self._definitions.navigation(table, name, 'transactioncurrency')}@odata.bind"
            return bind, value and f"/transactioncurrencies({self._currencies.id(str(value), name)})"
        if found.type is FieldType.DATE and isinstance(value, str) and self._definitions.holds_moment(table, name):
            return name, schema.moment_of_day(value)
        return name, schema.to_wire(value, found)

    def _fold(
        self, table: Table, attribute: str, wanted: dict[str, list[str]], row: dict[str, Any], body: Body
    ) -> None:
        """One place for several fields. ``wanted``: table → ids, of the fields that change."""
        logical, _id = target_of(row, attribute)
        free = sorted(
            (name for name, ids in wanted.items() if ids),
            key=lambda name: (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name),
        )
        if logical and wanted.get(logical) != []:
            chosen = logical if logical in wanted else ""  # it keeps its place, whatever table it is of
        else:
            chosen = free[0] if free else ""
        if any(name != chosen for name in free):
            body.note = LEFT_OUT
        if chosen:
            address = f"/{KINDS[chosen]}({wanted[chosen][0]})"
            body.columns[f"{self._definitions.navigation(table, attribute, chosen)}@odata.bind"] = address
        elif logical and logical in wanted:
            body.columns[f"{self._definitions.navigation(table, attribute, logical)}@odata.bind"] = None

    def _customer(self, table: Table, values: Values, row: dict[str, Any], body: Body) -> None:
        for (attribute, target), id in customers.changes(table, values, row).items():
            address = f"/{KINDS[target]}({id})" if id else None
            body.columns[f"{self._definitions.navigation(table, attribute, target)}@odata.bind"] = address

    # -- state and status ---------------------------------------------------------------------------------------------------
    def _state(self, table: Table, id: str, values: Values, body: Body, *, new: bool) -> None:
        """A new row begins in its table's first state and is closed (a product: published) afterwards."""
        pair = states.asked(table, values, self._definitions)
        if pair is None and new and table.kind == "products":
            pair = (0, self._definitions.status(table, 0))
        if pair is None:
            return
        state, status = pair
        if new and state == table.born:
            body.columns[states.STATUS] = status
        elif new or table.closing(state):
            body.then.append(states.lead_to(table, id, pair))
            body.settled |= {states.STATE: str(state), states.STATUS: str(status)}
        else:
            body.columns |= {states.STATE: state, states.STATUS: status}

    # -- participants ---------------------------------------------------------------------------------------------------------
    def _first_parties(self, table: Table, values: Values) -> list[dict[str, Any]]:
        outgoing = values.get("directioncode") != "false"
        mask = table.party_mask[OUTGOING if outgoing else INCOMING]
        listed = [_party("contacts", "contact", id, mask) for id in _ids(values[PARTIES])]
        if isinstance(values.get(OWNER), str) and mask in (FROM, TO):
            owner = self._users.id(str(values[OWNER]), OWNER)
            listed.append(_party("systemusers", "systemuser", owner, FROM if outgoing else TO))
        return listed

    def _next_parties(self, table: Table, row: dict[str, Any], wanted: list[str]) -> list[dict[str, Any]]:
        """The participants there are, without contacts that left and with those that came; everybody else stays what they are."""
        listed, left = [], list(wanted)
        for each in parties(table, row):
            id, logical = (
                each.get("_partyid_value"),
                each.get("_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname"),
            )
            if not id:
                listed.append(
                    {"addressused": each.get("addressused"), "participationtypemask": each["participationtypemask"]}
                )
            elif logical != "contact" or id in wanted:
                listed.append(
                    _party(SETS.get(str(logical), f"{logical}s"), str(logical), id, each["participationtypemask"])
                )
                left = [other for other in left if other != id]
        mask = table.party_mask[INCOMING if row.get("directioncode") is False else OUTGOING]
        return listed + [_party("contacts", "contact", id, mask) for id in left]


SETS = {**KINDS, "systemuser": "systemusers", "queue": "queues", "equipment": "equipments"}


def _party(kind: str, logical: str, id: str, mask: int) -> dict[str, Any]:
    return {f"partyid_{logical}@odata.bind": f"/{kind}({id})", "participationtypemask": mask}


def _ids(value: Value | Iterable[str]) -> list[str]:
    return [str(id) for id in value] if isinstance(value, list) else [value] if isinstance(value, str) and value else []
