"""Which syncs belong together: those of several objects of the same two apps, whose records refer to each other."""

from syncjobs.models import Sync, SyncState


def partner_of(sync: Sync, hub_kind: str, app_kind: str) -> int | None:
    """The saved sync that keeps these objects of the same two apps equal; None where there is none, or it is off. With one kind
    only: any sync that knows the records of that kind at that side."""
    found = Sync.objects.saved().filter(account=sync.account_id).exclude(state=SyncState.OFF)
    if hub_kind:
        found = found.filter(hub_instance=sync.hub_instance_id, hub_kind=hub_kind)
    if app_kind:
        found = found.filter(app_instance=sync.app_instance_id, app_kind=app_kind)
    return found.order_by("pk").values_list("pk", flat=True).first()


def dependents(sync: Sync) -> list[Sync]:
    """The other syncs of the same two apps: their associations may point to records of this one."""
    same = Sync.objects.saved().filter(
        account=sync.account_id, hub_instance=sync.hub_instance_id, app_instance=sync.app_instance_id
    )
    return list(same.exclude(pk=sync.pk))
