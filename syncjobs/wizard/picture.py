"""Everything that a sync's settings say, read once, so that putting it into words asks nothing further."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from integrations.records import Field, FieldType, Side
from integrations.registry import App, Kind
from syncjobs.models import ConstantField, FieldMapping, Sync
from syncjobs.runner.partners import partner_of
from syncjobs.services.mappings import Schemas, towards
from syncjobs.wizard import lists


@dataclass(frozen=True)
class Picture:
    sync: Sync
    app: App
    hub: App
    app_kind: Kind
    hub_kind: Kind
    rows: list[FieldMapping]
    filters: dict[Side, list[list[dict[str, Any]]]]
    constants: list[ConstantField]
    lists: dict[str, str]  # id → name of the app's lists, as far as they are known
    fields: dict[Side, dict[str, Field]]  # empty while an app does not answer: fields then show by their own names
    resting: frozenset[int]  # ids of mapped associations that carry nothing yet

    def naming(self, fields: dict[Side, dict[str, Field]]) -> "Picture":
        """The same with these fields at both sides."""
        return replace(self, fields=fields, resting=_resting(self.sync, self.rows, fields))

    def field(self, side: Side, name: str) -> str:
        known = self.fields[side].get(name)
        return known.label if known else name

    def name(self, side: Side) -> str:
        return self.hub.name if side is Side.HUB else self.app.name

    def kind(self, side: Side) -> Kind:
        return self.hub_kind if side is Side.HUB else self.app_kind

    def writes(self, side: Side) -> bool:
        return towards(self.sync.direction, side)

    def can(self, side: Side) -> Any:
        """The abilities of one side (``integrations.connectors.base.Abilities``)."""
        abilities: Callable[[str], Any] = (self.hub if side is Side.HUB else self.app).abilities
        return abilities(self.sync.kind(side))


def picture(sync: Sync, schemas: Schemas | None) -> Picture | None:
    """None for a draft without its pair."""
    if not sync.app_kind or sync.hub_instance is None or sync.app_instance is None:
        return None
    bare = Picture(
        sync=sync,
        app=sync.app_instance.app,
        hub=sync.hub_instance.app,
        app_kind=sync.app_kind_info,
        hub_kind=sync.hub_kind_info,
        rows=list(sync.mappings.all()),
        filters={Side(row.side): row.groups for row in sync.filters.all()},
        constants=list(sync.constants.all()),
        lists=lists.names(sync.app_instance, sync.app_kind),
        fields={side: {} for side in Side},
        resting=frozenset(),
    )
    return bare.naming({side: schemas.side(side) for side in Side}) if schemas else bare


def rests(sync: Sync, hub: Field, app: Field) -> bool:
    """Whether an association does nothing yet: the records that it names have no sync that is on."""
    pair = (hub.refers_to, app.refers_to)
    return pair != (sync.hub_kind, sync.app_kind) and not partner_of(sync, *pair)


def _resting(sync: Sync, rows: list[FieldMapping], fields: dict[Side, dict[str, Field]]) -> frozenset[int]:
    found = ((row, fields[Side.HUB].get(row.hub_field), fields[Side.APP].get(row.app_field)) for row in rows if row.on)
    links = FieldType.REFERENCE
    return frozenset(
        row.pk for row, hub, app in found if hub and app and hub.type == app.type == links and rests(sync, hub, app)
    )
