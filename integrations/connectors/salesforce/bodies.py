"""Values → the columns of a write.

A lookup with several targets is several fields here and one place there. The first of ``PREFERRED`` gets the place in a new record;
later a value keeps it until it is taken away, because what would be displaced is a relation that somebody wants elsewhere.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.salesforce import schema
from integrations.connectors.salesforce.objects import PREFERRED, Object
from integrations.connectors.salesforce.roles import ROLES
from integrations.connectors.salesforce.users import RecordTypes, Users
from integrations.records import Field, FieldType, Value, Values

LEFT_OUT = "ASSOCIATION_LIMIT"
MEETING_MINUTES = 30  # of a meeting whose end nobody gave


@dataclass(slots=True)
class Body:
    """``note``: a code for the record."""

    columns: dict[str, Any] = field(default_factory=dict)
    note: str = ""


class Bodies:
    """``known``: what the record held when it was last read."""

    def __init__(self, users: Users, types: RecordTypes) -> None:
        self._users, self._types = users, types

    def new(self, obj: Object, values: Values, fields: dict[str, Field]) -> Body:
        """Refused for values that cannot be sent."""
        given: Values = {name: value for name, value in values.items() if value is not None}
        body = self.changed(obj, given, {}, fields)
        body.columns = {**obj.born, **{name: value for name, value in body.columns.items() if value is not None}}
        if body.columns.get("StartDateTime") and not body.columns.get("EndDateTime") and obj.name == "Event":
            body.columns["DurationInMinutes"] = MEETING_MINUTES
        return body

    def changed(self, obj: Object, values: Values, known: Values, fields: dict[str, Field]) -> Body:
        body = Body()
        split: dict[str, dict[str, list[str]]] = {}  # lookup → target → ids
        for name, value in values.items():
            found = fields.get(name)
            if found is None:
                raise errors.Refused(
                    _("Salesforce has no field “%(field)s”.") % {"field": name}, code="FIELD_MISSING", field=name
                )
            if name == ROLES:  # rows of their own, see ``writing``
                continue
            attribute, colon, target = name.partition(":")
            if colon:
                split.setdefault(attribute, {})[target] = _ids(value)
            else:
                body.columns[name] = self._sent(obj, found, value)
        for attribute, wanted in split.items():
            _fold(attribute, wanted, known, body)
        return body

    def _sent(self, obj: Object, found: Field, value: Value) -> Any:
        if found.type is FieldType.REFERENCE:
            return next(iter(_ids(value)), None)
        if value is None and not found.clearable and found.type is not FieldType.BOOL:
            raise errors.CannotDo(
                _("Salesforce keeps no blank in “%(field)s”.") % {"field": found.label}, field=found.name
            )
        if value is not None and found.type is FieldType.USER:
            return self._users.id(str(value), found.name)
        if value is not None and found.name == schema.RECORD_TYPE:
            return self._types.id(obj.name, str(value), found.name)
        return schema.to_wire(value, found)


def _fold(attribute: str, wanted: dict[str, list[str]], known: Values, body: Body) -> None:
    holds = {name.partition(":")[2]: _ids(value) for name, value in known.items() if name.startswith(f"{attribute}:")}
    stays = [target for target, ids in holds.items() if ids and wanted.get(target, ids)]
    free = sorted((target for target, ids in wanted.items() if ids), key=PREFERRED.index)
    chosen = next((target for target in stays if target in wanted), None) if stays else next(iter(free), None)
    if [target for target in free if target != chosen]:
        body.note = LEFT_OUT
    if chosen is not None:
        body.columns[attribute] = wanted[chosen][0]
    elif not stays and any(holds.get(target) for target in wanted):
        body.columns[attribute] = None


def _ids(value: Value) -> list[str]:
    return [str(id) for id in value] if isinstance(value, list) else [value] if isinstance(value, str) and value else []
