"""Everything that a slice needs of one sync, loaded once: rules for the engine, connectors for the runner."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from django.db.models import prefetch_related_objects
from django.utils.timezone import now

from integrations.connectors.base import Abilities, Connector
from integrations.errors import ConnectorError
from integrations.models import AppInstance
from integrations.records import Field, FieldType, Side, Values
from integrations.services import schemas
from integrations.services.connections import open_connector
from syncjobs.engine.canonical import hasher
from syncjobs.engine.filters import groups_from
from syncjobs.engine.rules import Constant, End, Identifier, MappingRule, SideRules, SyncRules, Way, WinnerRule
from syncjobs.models import Direction, FieldMapping, Sync, SyncCursor, SyncRun
from syncjobs.runner import parking, partners, statements
from syncjobs.runner.lease import Lease
from syncjobs.services import mappings as mapping_service
from syncjobs.services.constants import typed

SCHEMA_AGE = timedelta(hours=1)


class Watched:
    """A connector whose every call first makes sure that the lease outlives it, and whose errors say which instance they are of."""

    def __init__(self, connector: Connector, instance: AppInstance, lease: Lease) -> None:
        self._connector, self._instance, self._lease = connector, instance, lease

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connector, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._lease.check_before_request()
            try:
                return found(*args, **kwargs)
            except ConnectorError as error:
                error.instance = self._instance
                raise

        return call


@dataclass
class SyncEnd:
    """One end of the sync: its connector and what can be done with it."""

    side: Side
    connector: Connector  # Watched
    kind: str
    scope: dict[str, Any]
    abilities: Abilities
    types: dict[str, FieldType]  # tracked fields
    label_fields: tuple[str, ...]
    label_else: tuple[str, ...]
    unique: frozenset[str]  # fields of which the app takes no value twice
    hash: Callable[[Values], str] = field(init=False)  # of a projection

    def __post_init__(self) -> None:
        self.hash = hasher(self.types)

    @property
    def fields(self) -> list[str]:
        return sorted(self.types)


@dataclass
class Context:
    """A slice's view of one sync."""

    sync: Sync
    run: SyncRun
    lease: Lease
    rules: SyncRules
    ends: dict[Side, SyncEnd]
    settings_hash: str
    deadline: float  # time.monotonic()
    references: list[tuple[MappingRule, int]] = field(default_factory=list)  # with the sync whose links give the twins
    cursors: dict[Side, SyncCursor] = field(default_factory=dict)
    parked: dict[Side, dict[str, str]] = field(
        default_factory=dict
    )  # ids of records that could not be read → their marks
    lags: list[float] = field(default_factory=list)  # seconds from a change there to its arrival here

    def end(self, side: Side) -> SyncEnd:
        return self.ends[side]

    def hash(self, side: Side, values: Values) -> str:
        return self.ends[side].hash(values)

    def progress(self, phase: str, done: int, total: int | None) -> None:
        """So many records more of a phase are through."""
        entry = self.run.phases.setdefault(phase, {})
        entry["done"] = entry.get("done", 0) + done
        if total is not None:
            entry["total"] = total
        statements.save(self.run, ["phases"])

    @property
    def calls(self) -> int:
        return sum(end.connector.calls for end in self.ends.values())


def build(sync: Sync, run: SyncRun, lease: Lease, deadline: float) -> Context:
    """Load the sync. Reads schemas from the apps when they are old, and then marks mappings that no longer fit."""
    prefetch_related_objects([sync], "mappings", "constants", "filters")
    lately = now() - SCHEMA_AGE
    stored = {side: schemas.stored(sync.instance(side), sync.kind(side), since=lately) for side in Side}
    known = {
        side: {f.name: f for f in (_fields(sync, side) if fields is None else fields)}
        for side, fields in stored.items()
    }
    if None in stored.values() or any(m.on and not m.problem and not _fits(m, known) for m in sync.mappings.all()):
        mapping_service.recheck(sync=sync, schemas=mapping_service.schemas_of(sync))
    mappings = [m for m in sync.mappings.all() if _runs(m, known)]
    twins = {m.pk: partner for m in mappings if (partner := _partner(sync, m, known))}
    mappings = [m for m in mappings if m.pk in twins or not _is_reference(m, known)]
    ends = {side: _end(sync, side, known[side], mappings, lease) for side in Side}
    rules = _rules(sync, mappings, known, ends)
    of_fields = {(m.hub_field, m.app_field): twins[m.pk] for m in mappings if m.pk in twins}
    references = [
        (rule, of_fields[fields])
        for rule in rules.mappings
        if (fields := (rule.hub.field, rule.app.field)) in of_fields
    ]
    cursors = {side: SyncCursor.objects.get_or_create(sync=sync, side=side.value)[0] for side in Side}
    marks = parking.marks_of(sync.pk)
    return Context(sync, run, lease, rules, ends, _settings_hash(sync, ends), deadline, references, cursors, marks)


def _fields(sync: Sync, side: Side) -> list[Field]:
    instance = sync.instance(side)
    try:
        return schemas.fields(instance, sync.kind(side), refresh=True)
    except ConnectorError as error:
        error.instance = instance
        raise


def forget_schema(ctx: Context, side: Side) -> None:
    """An app refused a field that its schema still names: read the schema again before the next slice."""
    long_ago = now() - 2 * SCHEMA_AGE
    ctx.sync.instance(side).schemas.filter(kind=ctx.end(side).kind).update(fetched_at=long_ago)


def _runs(mapping: FieldMapping, known: dict[Side, dict[str, Field]]) -> bool:
    """A row with a problem stops, and its page says why; the others go on."""
    return mapping.on and not mapping.problem and _fits(mapping, known)


def _fits(mapping: FieldMapping, known: dict[Side, dict[str, Field]]) -> bool:
    return mapping.app_field in known[Side.APP] and mapping.hub_field in known[Side.HUB]


def _is_reference(mapping: FieldMapping, known: dict[Side, dict[str, Field]]) -> bool:
    names = {Side.HUB: mapping.hub_field, Side.APP: mapping.app_field}
    return any(known[side][names[side]].type is FieldType.REFERENCE for side in Side)


def _partner(sync: Sync, mapping: FieldMapping, known: dict[Side, dict[str, Field]]) -> int | None:
    """The sync of the records that an association names. A name for text comes from any sync that knows the records."""
    kinds = (known[Side.HUB][mapping.hub_field].refers_to, known[Side.APP][mapping.app_field].refers_to)
    return partners.partner_of(sync, *kinds) if any(kinds) else None


def _end(sync: Sync, side: Side, known: dict[str, Field], mappings: list[FieldMapping], lease: Lease) -> SyncEnd:
    instance, kind = sync.instance(side), sync.kind(side)
    info = instance.app.kind(kind)
    connector = cast(Connector, Watched(open_connector(instance), instance, lease))
    abilities = connector.abilities(kind)
    names = {m.hub_field if side is Side.HUB else m.app_field for m in mappings}
    names |= {pair[f"{side}_field"] for pair in sync.identifiers}
    names |= {c.field for c in sync.constants.all() if c.side == side.value}
    names |= {rule["field"] for f in sync.filters.all() if f.side == side.value for group in f.groups for rule in group}
    names |= {p.field for p in info.presets if p.concept == "email"} | {*info.label_fields, *info.label_else}
    names.add(abilities.newest_by)
    return SyncEnd(
        side=side,
        connector=connector,
        kind=kind,
        scope=sync.scope(side),
        abilities=abilities,
        types={name: known[name].type for name in names if name in known},
        label_fields=info.label_fields,
        label_else=info.label_else,
        unique=frozenset(name for name in names if name in known and known[name].unique),
    )


def end_of(field: Field, abilities: Abilities, otherwise: str = "") -> End:
    return End(
        field=field.name,
        type=field.type,
        writable=field.writable,
        clearable=field.clearable and abilities.clear,
        max_length=field.max_length,
        options=frozenset(option.value for option in field.options if option.writable),
        option_labels=tuple((option.label, option.value) for option in field.options),
        many=field.many,
        otherwise=otherwise,
    )


def narrow(sync_way: str, own_way: str, hub: End, app: End) -> Way | None:
    """The ways that sync, mapping and the fields themselves all allow; None when nothing is left."""
    ways = {"to_hub", "to_app"}
    for way in (sync_way, own_way):
        if way != Direction.BOTH:
            ways &= {str(way)}
    if not hub.writable:
        ways.discard("to_hub")
    if not app.writable:
        ways.discard("to_app")
    if len(ways) == 2:
        return "both"
    return ways.pop() if ways else None  # type: ignore[return-value]


def _rules(
    sync: Sync, mappings: list[FieldMapping], known: dict[Side, dict[str, Field]], ends: dict[Side, SyncEnd]
) -> SyncRules:
    def end(side: Side, name: str, otherwise: str = "") -> End:
        return end_of(known[side][name], ends[side].abilities, otherwise)

    found = []
    for mapping in mappings:
        hub = end(Side.HUB, mapping.hub_field, mapping.otherwise.get("hub", ""))
        app = end(Side.APP, mapping.app_field, mapping.otherwise.get("app", ""))
        way = narrow(sync.direction, mapping.direction, hub, app)
        if way is None:
            continue
        found.append(
            MappingRule(
                app=app,
                hub=hub,
                way=way,
                winner=cast(WinnerRule, mapping.winner or sync.winner),
                to_hub=mapping.transform.get("to_hub", ""),
                to_app=mapping.transform.get("to_app", ""),
                value_map=tuple((pair["app"], pair["hub"]) for pair in mapping.value_map),
            )
        )
    identifiers = tuple(
        Identifier(end(Side.HUB, pair["hub_field"]), end(Side.APP, pair["app_field"]), pair.get("strong", True))
        for pair in sync.identifiers
        if pair["hub_field"] in known[Side.HUB] and pair["app_field"] in known[Side.APP]
    )
    return SyncRules(
        mappings=tuple(found),
        identifiers=identifiers,
        hub=_side_rules(sync, Side.HUB, known[Side.HUB], ends[Side.HUB]),
        app=_side_rules(sync, Side.APP, known[Side.APP], ends[Side.APP]),
        clear_values=sync.clear_values,
        duplicates=cast(Any, sync.duplicates),
        leaving=cast(Any, sync.leaving),
        start_from=sync.start_from,
    )


def _side_rules(sync: Sync, side: Side, known: dict[str, Field], end: SyncEnd) -> SideRules:
    open_way = sync.direction in (Direction.BOTH, f"to_{side}")
    info = sync.instance(side).app.kind(sync.kind(side))
    email = next((p.field for p in info.presets if p.concept == "email"), "") if info.concept == "person" else ""
    groups: list[Any] = next((f.groups for f in sync.filters.all() if f.side == side.value), [])
    return SideRules(
        types=end.types,
        filter=groups_from(groups),
        constants=tuple(
            Constant(
                c.field,
                typed(known[c.field], c.value),
                cast(Any, c.when),
                tuple(o.value for o in known[c.field].options),
            )
            for c in sync.constants.all()
            if open_way and c.side == side.value and c.field in known  # one may stay from a time with another direction
        ),
        create=open_way and end.abilities.create,
        update=open_way and end.abilities.update,
        delete=open_way and end.abilities.delete,
        email_field=email if sync.email_only else "",
        required=tuple(f.name for f in known.values() if f.required),
        when_other_deleted=sync.when_deleted_in_app if side is Side.HUB else sync.when_deleted_in_hub,  # type: ignore[arg-type]
    )


def _settings_hash(sync: Sync, ends: dict[Side, SyncEnd]) -> str:
    """Changes whenever the same records would be projected or judged differently."""
    shape = [sync.version, {side: [end.fields, end.scope] for side, end in ends.items()}]
    return hashlib.blake2b(json.dumps(shape, sort_keys=True).encode(), digest_size=16).hexdigest()
