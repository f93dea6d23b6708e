"""From an address to an object of this account, or 404: the first line of every view of this package.

A stranger's object does not exist. Whether the member's *role* allows the view is ``portal.access``'s question.
"""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from integrations.models import AppInstance, InstanceState
from portal.accounts.models import Account
from syncjobs.models import RecordLink, Sync


def _syncs(request: HttpRequest) -> Any:
    syncs = Sync.objects.for_account(request.account)  # type: ignore[attr-defined]
    return syncs.select_related("account", "hub_instance", "app_instance")


def sync_or_404(request: HttpRequest, pk: int) -> Sync:
    """A saved sync of the request's account."""
    return get_object_or_404(_syncs(request).saved(), pk=pk)


def draft_or_404(request: HttpRequest, pk: int) -> Sync:
    """A draft of the request's account: a sync being set up, or the copy on which a saved one is edited."""
    return get_object_or_404(_syncs(request).drafts().select_related("draft_of"), pk=pk)


def shown_instances(account: Account) -> QuerySet[AppInstance]:
    """Those that pages of syncs show: connected ones, and disconnected ones as long as they have syncs, which stand still."""
    synced = Exists(Sync.objects.saved().filter(app_instance=OuterRef("pk")))
    return AppInstance.objects.for_account(account).exclude(~synced, state=InstanceState.DISCONNECTED)


def link_or_404(request: HttpRequest, pk: int) -> RecordLink:
    """A record link of one of the account's syncs."""
    links = RecordLink.objects.filter(sync__account=request.account)  # type: ignore[attr-defined]
    return get_object_or_404(links.select_related("sync", "sync__hub_instance", "sync__app_instance"), pk=pk)
