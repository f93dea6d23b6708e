"""Field mappings of a draft: which pairs are possible, in which directions, and the verbs of the mapping table.

A field is the *target* of at most one mapping per direction (as a source it may be reused). Rows that are off claim nothing.
A row keeps its own direction when the sync's direction is narrower; what then really flows is the narrower of the two.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import registry
from integrations.errors import ConnectorError
from integrations.records import Field, FieldType, Side
from integrations.services import schemas as app_schemas
from portal.accounts import audit
from portal.accounts.models import Account, Entitlement
from syncjobs.engine.types import Compat, compatibility
from syncjobs.models import Direction, FieldMapping, Sync, Winner

TRIAL = timedelta(days=14)
UNDO_SECONDS = 3600

TYPE_NAMES = {
    FieldType.TEXT: _("text"),
    FieldType.LONG_TEXT: _("long text"),
    FieldType.RICH_TEXT: _("formatted text"),
    FieldType.NUMBER: _("number"),
    FieldType.DATE: _("date"),
    FieldType.DATETIME: _("date and time"),
    FieldType.BOOL: _("yes or no"),
    FieldType.OPTION: _("one of a list"),
    FieldType.MULTI: _("several of a list"),
    FieldType.EMAIL: _("email"),
    FieldType.PHONE: _("phone number"),
    FieldType.URL: _("web address"),
    FieldType.USER: _("user"),
    FieldType.REFERENCE: _("link to a record"),
}

CYCLE = [Direction.BOTH, Direction.TO_HUB, Direction.TO_APP]
ONE_WAY = {Side.HUB: Direction.TO_HUB, Side.APP: Direction.TO_APP}


class Refused(Exception):
    """A change to the mappings that is not possible; the message says why, for the person who asked."""


# -- what is possible -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Schemas:
    """The fields at both ends of one sync, by name, in the app's own order."""

    app: dict[str, Field]
    hub: dict[str, Field]
    app_name: str
    hub_name: str
    strict: bool  # one of the two apps maps identical types only
    app_writable: bool  # the app's API can create or update records of this kind
    hub_writable: bool
    pairs: frozenset[tuple[str, str]] = (
        frozenset()
    )  # (hub kind, app kind) of all objects that the two apps can keep equal

    def side(self, side: Side) -> dict[str, Field]:
        return self.hub if side is Side.HUB else self.app

    def name(self, side: Side) -> str:
        return self.hub_name if side is Side.HUB else self.app_name

    def writable(self, side: Side) -> bool:
        return self.hub_writable if side is Side.HUB else self.app_writable


def schemas_of(sync: Sync, *, refresh: bool = False) -> Schemas:
    """Both ends' fields, stored ones unless ``refresh``. Raises ``integrations.errors.ConnectorError`` if an app must be asked
    and does not answer."""
    found: dict[str, Any] = {}
    for side in Side:
        instance, kind = sync.instance(side), sync.kind(side)
        abilities = instance.app.abilities(kind)
        found[side] = {field.name: field for field in app_schemas.fields(instance, kind, refresh=refresh)}
        found[f"{side}_name"] = instance.app.name
        found[f"{side}_writable"] = abilities.create or abilities.update
    strict = sync.instance(Side.APP).app.strict_types or sync.instance(Side.HUB).app.strict_types
    pairs = registry.pairs(sync.instance(Side.HUB).app, sync.instance(Side.APP).app)
    return Schemas(**found, strict=strict, pairs=frozenset((hub.key, app.key) for hub, app in pairs))


def towards(direction: str, side: Side) -> bool:
    """Does a sync or mapping with this direction write to ``side``?"""
    return direction in (Direction.BOTH, Direction.TO_HUB if side is Side.HUB else Direction.TO_APP)


def compat_to(schemas: Schemas, app_field: str, hub_field: str, to: Side) -> Compat:
    """Type compatibility of one way of a pair; both fields must exist."""
    source, target = schemas.app[app_field], schemas.hub[hub_field]
    if to is Side.APP:
        source, target = target, source
    return compatibility(source.type, target.type, schemas.strict)


def is_association(schemas: Schemas, app_field: str, hub_field: str) -> bool:
    """Do both fields name records? Then the mapping carries which records belong together, not a value."""
    fields = (schemas.app.get(app_field), schemas.hub.get(hub_field))
    return all(field is not None and field.type is FieldType.REFERENCE for field in fields)


def why_not(schemas: Schemas, app_field: str, hub_field: str, to: Side) -> str:
    """Why the pair cannot carry values to ``to``; "" when it can. Looks at the fields only, not at other mappings."""
    names = {Side.APP: app_field, Side.HUB: hub_field}
    for side in Side:
        if names[side] not in schemas.side(side):
            return gettext("%(app)s has no field “%(field)s” any more.") % {
                "app": schemas.name(side),
                "field": names[side],
            }
    source, target = schemas.side(to.other)[names[to.other]], schemas.side(to)[names[to]]
    if not schemas.writable(to):
        return gettext("%(app)s cannot be written to.") % {"app": schemas.name(to)}
    if not target.writable:
        return gettext("“%(field)s” is read-only in %(app)s.") % {"field": target.label, "app": schemas.name(to)}
    if not source.readable:
        return gettext("“%(field)s” cannot be read from %(app)s.") % {
            "field": source.label,
            "app": schemas.name(to.other),
        }
    if is_association(schemas, app_field, hub_field):
        referred = (schemas.hub[hub_field].refers_to, schemas.app[app_field].refers_to)
        if referred not in schemas.pairs:
            return gettext("“%(source)s” and “%(target)s” lead to records that do not sync with each other.") % {
                "source": source.label,
                "target": target.label,
            }
    compat = compat_to(schemas, app_field, hub_field, to)
    if compat.ok:
        return ""
    return gettext("“%(source)s” (%(source_type)s) cannot fill “%(target)s” (%(target_type)s): %(reason)s") % {
        "source": source.label,
        "source_type": TYPE_NAMES[source.type],
        "target": target.label,
        "target_type": TYPE_NAMES[target.type],
        "reason": gettext(compat.reason),
    }


def _taken(rows: list[FieldMapping], schemas: Schemas, app_field: str, hub_field: str, to: Side, but: Any) -> str:
    """The refusal when another row that is on already fills the same target, "" otherwise."""
    attribute, wanted = ("hub_field", hub_field) if to is Side.HUB else ("app_field", app_field)
    for row in rows:
        if row.on and row.pk != but and getattr(row, attribute) == wanted and towards(row.direction, to):
            source = row.app_field if to is Side.HUB else row.hub_field
            return gettext(
                "“%(target)s” in %(app)s is already filled by “%(source)s”: a field has one source only."
            ) % {
                "target": label(schemas, to, wanted),
                "app": schemas.name(to),
                "source": label(schemas, to.other, source),
            }
    return ""


def directions(
    schemas: Schemas, app_field: str, hub_field: str, *, rows: list[FieldMapping], but: int | None = None
) -> dict[Direction, str]:
    """For each direction of a pair: "" if it is possible, else the reason. ``rows``: the sync's mappings; ``but``: the row
    being changed. The sync's own direction is not asked: a row may be wider than its sync."""
    one_way = {
        way: why_not(schemas, app_field, hub_field, side) or _taken(rows, schemas, app_field, hub_field, side, but)
        for side, way in ONE_WAY.items()
    }
    return {Direction.BOTH: one_way[Direction.TO_HUB] or one_way[Direction.TO_APP], **one_way}


def effective(sync: Sync, row: FieldMapping) -> Direction | None:
    """What really flows: the row's direction narrowed by the sync's. None: nothing."""
    sides = [side for side in Side if towards(sync.direction, side) and towards(row.direction, side)]
    return None if not sides else Direction.BOTH if len(sides) == 2 else ONE_WAY[sides[0]]


def unused(sync: Sync, schemas: Schemas) -> str:
    """Why a row that goes only the other way does nothing in this sync."""
    side = next(side for side in Side if not towards(sync.direction, side))
    return gettext("This sync writes nothing to %(app)s.") % {"app": schemas.name(side)}


def why_no_pair(sync: Sync, schemas: Schemas, app_field: str, hub_field: str, *, rows: list[FieldMapping]) -> str:
    """Why this pair cannot be mapped in this sync in any direction; "" when it can."""
    ways = directions(schemas, app_field, hub_field, rows=rows)
    wanted = [way for side, way in ONE_WAY.items() if towards(sync.direction, side)]
    reasons = [ways[way] for way in wanted]
    return " ".join(dict.fromkeys(reasons)) if all(reasons) else ""


def label(schemas: Schemas, side: Side, name: str) -> str:
    field = schemas.side(side).get(name)
    return field.label if field else name


def widest(ways: dict[Direction, str]) -> Direction | None:
    return next((way for way in CYCLE if not ways[way]), None)


def is_preset(sync: Sync, app_field: str, hub_field: str) -> bool:
    """Is the pair one of the defaults? Those may be added back without the custom-mapping entitlement."""
    concepts = {preset.concept for preset in sync.app_kind_info.presets if preset.field == app_field}
    return any(preset.concept in concepts and preset.field == hub_field for preset in sync.hub_kind_info.presets)


# -- verbs ------------------------------------------------------------------------------------------------------------
def add(*, sync: Sync, schemas: Schemas, app_field: str, hub_field: str) -> FieldMapping:
    """Map a pair, as wide as it can be."""
    if not app_field or not hub_field:
        raise Refused(gettext("Choose a field on both sides."))
    preset = is_preset(sync, app_field, hub_field)
    if not preset and not sync.account.custom_mappings:
        raise Refused(gettext("Your account has no custom mappings: only the default pairs can be added."))
    rows = list(sync.mappings.all())
    if any(row.app_field == app_field and row.hub_field == hub_field for row in rows):
        raise Refused(gettext("These two fields are already mapped to each other."))
    if reason := why_no_pair(sync, schemas, app_field, hub_field, rows=rows):
        raise Refused(reason)
    way = widest(directions(schemas, app_field, hub_field, rows=rows)) or Direction.BOTH
    last = sync.mappings.aggregate(last=Max("position"))["last"]
    return sync.mappings.create(
        app_field=app_field,
        hub_field=hub_field,
        direction=way,
        custom=not preset,
        position=0 if last is None else last + 1,
    )


def why_fixed(row: FieldMapping) -> str:
    """Why the row can be neither turned off nor removed; "" when it can."""
    if row.locked:
        return gettext("This mapping is locked: the two apps tell their records apart by it.")
    if row.required:
        return gettext("This field is required: without it records cannot be created.")
    return ""


def switch(*, row: FieldMapping, schemas: Schemas) -> None:
    """Turn a row off, or on again where nothing else took its target meanwhile."""
    if row.on:
        if reason := why_fixed(row):
            raise Refused(reason)
        row.on = False
    else:
        ways = directions(schemas, row.app_field, row.hub_field, rows=list(row.sync.mappings.all()), but=row.pk)
        if reason := ways[Direction(row.direction)]:
            narrower = widest(ways)
            if narrower is None:
                raise Refused(reason)
            row.direction = narrower
        row.on = True
    row.save(update_fields=["on", "direction"])


def turn(*, row: FieldMapping, schemas: Schemas) -> None:
    """On to the next direction that is possible: both ways, to the hub, to the app."""
    if row.locked:
        raise Refused(why_fixed(row))
    if row.sync.direction != Direction.BOTH:
        raise Refused(gettext("The sync itself goes one way only. Its direction is set in the second step."))
    ways = directions(schemas, row.app_field, row.hub_field, rows=list(row.sync.mappings.all()), but=row.pk)
    at = CYCLE.index(Direction(row.direction))
    later = CYCLE[at + 1 :] + CYCLE[:at]
    possible = next((way for way in later if not ways[way]), None)
    if possible is None:
        raise Refused(next(filter(None, (ways[way] for way in later)), gettext("This is the only direction.")))
    row.direction = possible
    row.save(update_fields=["direction"])


def set_winner(*, row: FieldMapping, winner: str) -> None:
    """``winner`` "" follows the sync's."""
    if winner and winner not in Winner.values:
        raise Refused(gettext("There is no such rule."))
    if winner != row.winner:
        if row.locked:
            raise Refused(why_fixed(row))
        row.winner = winner
        row.save(update_fields=["winner"])


_KEPT = [
    "app_field",
    "hub_field",
    "direction",
    "winner",
    "transform",
    "value_map",
    "otherwise",
    "on",
    "custom",
    "position",
]


def remove(*, row: FieldMapping) -> str:
    """Take a mapping off the table (the fields themselves stay). The answer is a token that ``restore`` takes back."""
    if reason := why_fixed(row):
        raise Refused(reason)
    token = signing.dumps({name: getattr(row, name) for name in _KEPT}, salt=_salt(row.sync))
    row.delete()
    return token


def restore(*, sync: Sync, token: str) -> FieldMapping:
    """Undo ``remove``."""
    try:
        kept = signing.loads(token, salt=_salt(sync), max_age=UNDO_SECONDS)
        with transaction.atomic():
            return sync.mappings.create(**kept)
    except signing.BadSignature as error:
        raise Refused(gettext("This can no longer be undone. Add the mapping again.")) from error
    except IntegrityError as error:
        raise Refused(gettext("These two fields are already mapped to each other.")) from error


def _salt(sync: Sync) -> str:
    return f"mapping-of-{sync.pk}"


def recheck(*, sync: Sync, schemas: Schemas) -> None:
    """After fields were read again: mark rows whose fields are gone or no longer fit, and clear marks that are over."""
    for row in sync.mappings.all():
        code, detail = "", ""
        if row.app_field not in schemas.app or row.hub_field not in schemas.hub:
            code, detail = "FIELD_MISSING", why_not(schemas, row.app_field, row.hub_field, Side.HUB)
        else:
            reasons = [
                why_not(schemas, row.app_field, row.hub_field, side) for side in Side if towards(row.direction, side)
            ]
            if all(reasons):
                code, detail = "FIELD_TYPE_CHANGED", reasons[0]
        if (row.problem, row.problem_detail) != (code, detail):
            row.problem, row.problem_detail = code, detail
            row.save(update_fields=["problem", "problem_detail"])


def read_again(*, sync: Sync) -> None:
    """Before a person puts mappings right: read the fields now, so that the table shows which row is broken. While an app does
    not answer, what was last read of it must do."""
    for side in Side:
        with suppress(ConnectorError):
            app_schemas.fields(sync.instance(side), sync.kind(side), refresh=True)
    with suppress(ConnectorError):
        recheck(sync=sync, schemas=schemas_of(sync))


def start_trial(*, account: Account, by: Any) -> Entitlement:
    """*Try custom mappings*: two weeks, once."""
    trial, new = Entitlement.objects.get_or_create(
        account=account, feature=Entitlement.CUSTOM_MAPPINGS, defaults={"until": now() + TRIAL}
    )
    if not new and not trial.is_active:
        raise Refused(
            gettext("The trial of custom mappings is over. Ask the operator of this install to turn them on.")
        )
    if new:
        audit.record(account=account, user=by, verb="account.trial_started", target=trial.get_feature_display())
    return trial
