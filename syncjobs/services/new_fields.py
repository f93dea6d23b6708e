"""A field that one side lacks, made there after the one at the other side: "Sansan tag" as a property of the hub's contacts."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations.records import Field, FieldType, Side
from integrations.services import schemas as app_schemas
from integrations.services.connections import open_connector
from portal.accounts import audit
from syncjobs.models import FieldMapping, Sync
from syncjobs.services import mappings
from syncjobs.services.mappings import Refused, Schemas


def can_make(sync: Sync, side: Side) -> bool:
    """Whether fields can be made at this side, and would be filled."""
    ability = sync.instance(side).app.abilities(sync.kind(side))
    return ability.create_fields and mappings.towards(sync.direction, side)


def make(*, sync: Sync, schemas: Schemas, side: Side, source: str, by: Any) -> FieldMapping:
    """Make a field at ``side`` for the other side's field ``source``, and map the two. A field of that name that is there already
    is taken as it is. Raises Refused, or any ConnectorError of the app that is asked."""
    origin = schemas.side(side.other).get(source)
    if origin is None:
        raise Refused(_("Choose a field of %(app)s first.") % {"app": schemas.name(side.other)})
    if not can_make(sync, side):
        raise Refused(_("%(app)s cannot be given new fields.") % {"app": schemas.name(side)})
    if not sync.account.custom_mappings:
        raise Refused(_("Your account has no custom mappings: only the default pairs can be added."))
    wanted = _after(origin, sync.instance(side.other).app_key)
    pair = {side: wanted.name, side.other: source}
    known = _with(schemas, side, wanted)
    rows = list(sync.mappings.all())
    if reason := mappings.why_no_pair(sync, known, pair[Side.APP], pair[Side.HUB], rows=rows):
        raise Refused(reason)
    if wanted.name not in schemas.side(side):
        instance, kind = sync.instance(side), sync.kind(side)
        made = open_connector(instance).create_field(kind, wanted)
        found = [field for field in app_schemas.fields(instance, kind, refresh=True) if field.name != made.name]
        app_schemas.save(instance, kind, [*found, made])  # the app's own list may show it a little later
        audit.record(account=sync.account, user=by, verb="field.created", target=str(instance), field=made.label)
        known, pair[side] = _with(schemas, side, made), made.name
    return mappings.add(sync=sync, schemas=known, app_field=pair[Side.APP], hub_field=pair[Side.HUB])


def _after(origin: Field, app_key: str) -> Field:
    """Its name says where its values come from. Choices that an app makes as it goes, such as tags, become text: an app refuses a
    value that is not in its list."""
    type, options = origin.type, origin.options
    grows = not (origin.writable and options)
    if type is FieldType.MULTI and grows:
        type, options = FieldType.LONG_TEXT, ()
    elif type is FieldType.OPTION and grows:
        type, options = FieldType.TEXT, ()
    elif type in (FieldType.USER, FieldType.EMAIL, FieldType.REFERENCE):
        type = FieldType.TEXT
    name = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in f"{app_key}_{origin.name}".lower())
    return Field(name, origin.label, type, options=options, custom=True)


def _with(schemas: Schemas, side: Side, field: Field) -> Schemas:
    fields = {**schemas.side(side), field.name: schemas.side(side).get(field.name, field)}
    return replace(schemas, hub=fields) if side is Side.HUB else replace(schemas, app=fields)
