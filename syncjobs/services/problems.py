"""What stands between a draft and *Save and sync*, each with the wizard step where it is put right."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from integrations.models import InstanceState
from integrations.records import Side
from syncjobs.models import DeletePolicy, FieldMapping, Sync
from syncjobs.services import drafts
from syncjobs.services.mappings import ONE_WAY, Schemas, effective, label, towards, why_not


@dataclass(frozen=True, slots=True)
class Problem:
    step: str  # key of the wizard step
    text: str


def problems(sync: Sync, schemas: Schemas) -> list[Problem]:
    """Everything that blocks saving, in the order of the steps. An empty list: the sync can start."""
    rows = list(sync.mappings.all())
    return [
        *(Problem("connect", text) for text in _connect(sync)),
        *(Problem("direction", text) for text in _direction(sync, schemas)),
        *(Problem("limits", text) for text in _limits(sync, schemas)),
        *(Problem("mappings", text) for text in _mappings(sync, schemas, rows)),
    ]


def _connect(sync: Sync) -> Iterator[str]:
    for side in Side:
        instance = sync.instance(side)
        if instance.state != InstanceState.CONNECTED:
            yield _("%(app)s is not connected (%(state)s): reconnect it.") % {
                "app": instance,
                "state": instance.get_state_display(),
            }
    assert sync.app_instance
    assert sync.hub_instance
    other = drafts.taken(
        app_instance=sync.app_instance,
        hub_instance=sync.hub_instance,
        hub_kind=sync.hub_kind,
        app_kind=sync.app_kind,
    )
    if other and other.pk != sync.draft_of_id:
        yield _("Another sync keeps this pair of objects already.")


def _direction(sync: Sync, schemas: Schemas) -> Iterator[str]:
    for side in Side:
        if towards(sync.direction, side) and not schemas.writable(side):
            yield _("%(app)s cannot be written to: choose another direction.") % {"app": schemas.name(side)}
    for side, policy in ((Side.APP, sync.when_deleted_in_hub), (Side.HUB, sync.when_deleted_in_app)):
        if policy == DeletePolicy.DELETE and towards(sync.direction, side) and not drafts.can_delete(sync, side):
            yield _("%(app)s cannot delete records: choose what happens instead.") % {"app": schemas.name(side)}
    for key in sync.identifiers:
        for side in Side:
            if key[f"{side}_field"] not in schemas.side(side):
                yield _("The matching field “%(field)s” is gone from %(app)s.") % {
                    "field": key[f"{side}_field"],
                    "app": schemas.name(side),
                }


def _limits(sync: Sync, schemas: Schemas) -> Iterator[str]:
    for side in Side:
        ability = sync.instance(side).app.abilities(sync.kind(side))
        if ability.target_container and towards(sync.direction, side) and not sync.scope(side).get("target_list"):
            yield _("Choose the %(list)s of %(app)s that new records go to.") % {
                "list": ability.containers or _("list"),
                "app": schemas.name(side),
            }
        chosen = sync.scope(side).get("lists") or []
        if towards(sync.direction, side.other) and (
            reason := drafts.too_many_containers(sync.instance(side), sync.kind(side), len(chosen))
        ):
            yield reason
    for stored in sync.filters.all():
        side = Side(stored.side)
        for rule in (rule for group in stored.groups for rule in group):
            if rule["field"] not in schemas.side(side):
                yield _("A filter asks for “%(field)s”, which is gone from %(app)s.") % {
                    "field": rule["field"],
                    "app": schemas.name(side),
                }


def _mappings(sync: Sync, schemas: Schemas, rows: list[FieldMapping]) -> Iterator[str]:
    live = [row for row in rows if row.on and effective(sync, row)]
    if not live:
        yield _("No field is mapped: turn at least one mapping on.")
    for row in live:
        reasons = [
            why_not(schemas, row.app_field, row.hub_field, side)
            for side in Side
            if towards(sync.direction, side) and towards(row.direction, side)
        ]
        if all(reasons):
            yield _("%(reason)s Turn the mapping off or replace it.") % {"reason": reasons[0]}
    if sync.email_only and (pair := drafts.email_pair(sync)) and not any(row.app_field == pair[0] for row in live):
        yield _("Only records with an email address sync, but the email address is not mapped.")
    for side in ONE_WAY:
        yield from _required(sync, schemas, live, side)


def _required(sync: Sync, schemas: Schemas, live: list[FieldMapping], side: Side) -> Iterator[str]:
    """Fields without which the app refuses to create a record, and which nothing fills."""
    if not towards(sync.direction, side) or not sync.instance(side).app.abilities(sync.kind(side)).create:
        return
    filled = {row.hub_field if side is Side.HUB else row.app_field for row in live if towards(row.direction, side)}
    filled |= set(sync.constants.filter(side=side.value).values_list("field", flat=True))
    for name, field in schemas.side(side).items():
        if field.required and field.writable and name not in filled:
            yield _("%(app)s creates no record without “%(field)s”: map it, or give it a fixed value.") % {
                "app": schemas.name(side),
                "field": label(schemas, side, name),
            }
