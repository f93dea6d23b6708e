"""Drafts: a sync being set up, or the copy on which a saved one is edited. A draft is an ordinary ``Sync`` row."""

from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext

from integrations import registry
from integrations.models import AppInstance, InstanceState
from integrations.records import Side
from integrations.registry import Kind
from portal.accounts import audit
from portal.accounts.models import Account
from syncjobs.models import SETTINGS, ConstantField, DeletePolicy, Direction, Sync, SyncState
from syncjobs.services import default_mappings, mappings, previews

ROWS = ["mappings", "filters", "constants"]
"""With the columns of ``SETTINGS`` these rows are all that a person decides about a sync."""

# Which concepts match records of each kind on first sight, strong ones link by themselves, weak ones wait for a person.
IDENTIFIERS: dict[str, list[tuple[str, bool]]] = {
    "person": [("email", True)],
    "company": [("domain", True), ("name", False)],
    "product": [("sku", True), ("name", False)],
}


class Refused(Exception):
    """The draft cannot become what was asked; the message says why."""


def new(*, account: Account, by: Any, app_instance: AppInstance | None = None) -> Sync:
    """An empty draft, with the account's hub and, where given, the app filled in."""
    return Sync.objects.create(account=account, created_by=by, hub_instance=hub_of(account), app_instance=app_instance)


def hub_of(account: Account) -> AppInstance | None:
    return AppInstance.objects.for_account(account).live().filter(is_hub=True).first()


def taken(*, app_instance: AppInstance, hub_instance: AppInstance, hub_kind: str, app_kind: str) -> Sync | None:
    """The saved sync that already keeps this object pair, if there is one."""
    return (
        Sync.objects.saved()
        .filter(app_instance=app_instance, hub_instance=hub_instance, hub_kind=hub_kind, app_kind=app_kind)
        .first()
    )


@transaction.atomic
def choose_pair(
    *, draft: Sync, app_instance: AppInstance, hub_instance: AppInstance, hub_kind: str, app_kind: str
) -> Sync:
    """Decide what the draft syncs and fill everything else with defaults: identifiers, deletions, mappings.

    Choosing the same pair again changes nothing. Raises ``Refused``, or ``ConnectorError`` when the fields of an app must be
    read and it does not answer."""
    chosen = (app_instance, hub_instance, hub_kind, app_kind)
    if (draft.app_instance, draft.hub_instance, draft.hub_kind, draft.app_kind) == chosen:
        return draft
    if draft.draft_of_id:
        raise Refused(gettext("A saved sync keeps its apps and objects. Set up a new sync for another pair."))
    _check_pair(draft, *chosen)
    draft.app_instance, draft.hub_instance, draft.hub_kind, draft.app_kind = chosen
    schemas = mappings.schemas_of(draft)
    _defaults(draft, schemas)
    draft.save()
    for rows in ROWS:
        getattr(draft, rows).all().delete()
    draft.mappings.bulk_create(default_mappings.default_rows(draft, schemas))
    draft.constants.bulk_create(_stamps(draft, schemas))
    return draft


def _stamps(draft: Sync, schemas: mappings.Schemas) -> list[ConstantField]:
    """What the app's kind gives new records of the hub, for example the life-cycle stage of a lead. A record of the hub that
    is further on already keeps its stage, and so does one whose stage people set later."""
    fields = {preset.concept: preset.field for preset in draft.hub_kind_info.presets}
    wanted = [(fields[concept], value) for concept, value in draft.app_kind_info.stamps if concept in fields]
    return [
        ConstantField(sync=draft, side=Side.HUB.value, field=name, value=value, when=ConstantField.When.PROMOTE)
        for name, value in wanted
        if name in schemas.hub and schemas.hub[name].writable
    ]


def _check_pair(draft: Sync, app: AppInstance, hub: AppInstance, hub_kind: str, app_kind: str) -> None:
    for instance in (app, hub):
        if instance.account_id != draft.account_id:
            raise Refused(gettext("There is no such app."))
        if instance.state != InstanceState.CONNECTED:
            raise Refused(gettext("%(app)s is not connected: reconnect it first.") % {"app": instance})
    if not hub.app.can_be_hub or app == hub or app.app.only_hub:
        raise Refused(gettext("These two apps cannot be paired."))
    if not any(h.key == hub_kind and a.key == app_kind for h, a in registry.pairs(hub.app, app.app)):
        raise Refused(gettext("These two objects cannot be kept equal."))
    if taken(app_instance=app, hub_instance=hub, hub_kind=hub_kind, app_kind=app_kind):
        raise Refused(gettext("A sync keeps this pair already. Edit that one instead."))


def _defaults(draft: Sync, schemas: mappings.Schemas) -> None:
    """The product's defaults, then those of the two apps, then what the apps can really do."""
    fresh = Sync()
    for name in SETTINGS:
        setattr(draft, name, getattr(fresh, name))
    for side in Side:
        kind = draft.hub_kind_info if side is Side.HUB else draft.app_kind_info
        for name, value in {**draft.instance(side).app.defaults, **kind.defaults}.items():
            if name in SETTINGS:
                setattr(draft, name, value)
            elif name == "start" and value == "from_now":
                draft.start_from = now()
    draft.identifiers = default_identifiers(draft.hub_kind_info, draft.app_kind_info, schemas)
    draft.email_only = draft.email_only and email_pair(draft) is not None
    if not can_delete(draft, Side.APP) and draft.when_deleted_in_hub == DeletePolicy.DELETE:
        draft.when_deleted_in_hub = DeletePolicy.FLAG
    if not can_delete(draft, Side.HUB) and draft.when_deleted_in_app == DeletePolicy.DELETE:
        draft.when_deleted_in_app = DeletePolicy.FLAG
    if not schemas.hub_writable:
        draft.direction = Direction.TO_APP
    elif not schemas.app_writable:
        draft.direction = Direction.TO_HUB


def can_delete(sync: Sync, side: Side) -> bool:
    return sync.instance(side).app.abilities(sync.kind(side)).delete


def too_many_containers(instance: AppInstance, kind: str, chosen: int) -> str:
    """Why so many lists or tags cannot be chosen; "" when they can. The number is the app's."""
    most = instance.app.abilities(kind).most_containers
    if not most or chosen <= most:
        return ""
    return gettext("%(app)s: at most %(most)d can be chosen, and %(n)d are. Untick %(over)d, or take all of them.") % {
        "app": instance.app.name,
        "most": most,
        "n": chosen,
        "over": chosen - most,
    }


def concept_pairs(hub_kind: Kind, app_kind: Kind) -> dict[str, tuple[str, str]]:
    """concept → (app field, hub field), for the concepts that both kinds know."""
    hub_fields = {preset.concept: preset.field for preset in hub_kind.presets}
    return {
        preset.concept: (preset.field, hub_fields[preset.concept])
        for preset in app_kind.presets
        if preset.concept in hub_fields
    }


def email_pair(sync: Sync) -> tuple[str, str] | None:
    """(app field, hub field) of the e-mail address, for kinds that are persons."""
    if sync.hub_kind_info.concept != "person":
        return None
    return concept_pairs(sync.hub_kind_info, sync.app_kind_info).get("email")


def default_identifiers(hub_kind: Kind, app_kind: Kind, schemas: mappings.Schemas) -> list[dict[str, Any]]:
    pairs = concept_pairs(hub_kind, app_kind)
    found = [(pairs[concept], strong) for concept, strong in IDENTIFIERS.get(hub_kind.concept, []) if concept in pairs]
    return [
        {"app_field": app_field, "hub_field": hub_field, "strong": strong}
        for (app_field, hub_field), strong in found
        if app_field in schemas.app and hub_field in schemas.hub
    ][:2]


@transaction.atomic
def copy_of(*, sync: Sync, by: Any) -> Sync:
    """The draft on which ``sync`` is edited: the one under way if there is one, else a fresh copy."""
    if under_way := sync.drafts.first():
        return under_way
    names = ["account", "hub_instance", "app_instance", "hub_kind", "app_kind", *SETTINGS]
    draft = Sync.objects.create(
        draft_of=sync,
        created_by=by,
        step="review",
        state=SyncState.DRAFT,
        **{name: getattr(sync, name) for name in names},
    )
    for name in ROWS:
        related = getattr(sync, name)
        rows = list(related.all())
        for row in rows:
            row.pk, row.sync = None, draft
        related.model.objects.bulk_create(rows)
    return draft


def alike(draft: Sync) -> list[Sync]:
    """The account's saved syncs of the same objects of the same two apps, in other instances: their settings would fit."""
    if not draft.app_kind or draft.draft_of_id:
        return []
    same = Sync.objects.for_account(draft.account).saved().filter(hub_kind=draft.hub_kind, app_kind=draft.app_kind)
    return [
        sync
        for sync in same.order_by("pk")
        if all(sync.instance(side).app_key == draft.instance(side).app_key for side in Side)
    ]


@transaction.atomic
def copy_settings(*, draft: Sync, source: Sync) -> list[str]:
    """Everything that a person decided about ``source``, for this draft: rules, mappings, filters, fixed values. Lists and tags are
    each account's own and stay unchosen. Returns the labels of mappings that do not fit here (a custom field that only the other
    account has) and were left out. Raises Refused, or ConnectorError where fields must be read."""
    if source not in alike(draft):
        raise Refused(gettext("That sync keeps other objects equal."))
    schemas = mappings.schemas_of(draft)
    for name in SETTINGS:
        if name not in ("hub_scope", "app_scope"):
            setattr(draft, name, getattr(source, name))
    draft.save()
    known = {Side.HUB.value: schemas.hub, Side.APP.value: schemas.app}
    left_out = []
    for name in ROWS:
        getattr(draft, name).all().delete()
        rows = []
        for row in getattr(source, name).all():
            if name == "mappings" and (row.app_field not in schemas.app or row.hub_field not in schemas.hub):
                left_out.append(str(row))
            elif name != "constants" or row.field in known[row.side]:
                row.pk, row.sync = None, draft
                rows.append(row)
        getattr(draft, name).bulk_create(rows)
    return left_out


def reach(*, draft: Sync, step: str, order: list[str]) -> None:
    """Note how far the draft has come."""
    if order.index(step) > order.index(draft.step):
        draft.step = step
        draft.save(update_fields=["step", "draft_saved_at"])


@transaction.atomic
def discard(*, draft: Sync, by: Any) -> None:
    """Throw the draft away; a saved sync that it edits stays as it is."""
    audit.record(account=draft.account, user=by, verb="sync.draft_discarded", target=str(draft))
    previews.forget(draft)
    draft.delete()
