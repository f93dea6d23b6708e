"""What this person may see: an account's own instances and the catalogue's apps, or 404."""

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme

from integrations.models import AppInstance
from integrations.registry import App, apps
from portal.accounts.models import Account

LONGEST_NEXT = 300  # what OAuthAttempt.next_url holds


def instance_or_404(request: HttpRequest, pk: Any) -> AppInstance:
    """The account's own instance, disconnected ones included: they keep their settings and can be connected again."""
    return get_object_or_404(AppInstance.objects.for_account(request.account), pk=pk)  # type: ignore[attr-defined]


def app_or_404(key: str) -> App:
    try:
        return apps()[key]
    except KeyError:
        raise Http404 from None


def hub_of(account: Account) -> AppInstance | None:
    return AppInstance.objects.for_account(account).live().filter(is_hub=True).first()


def hub_apps() -> list[App]:
    """Apps that can be an account's hub, in the order of the directory."""
    return [app for app in apps().values() if app.can_be_hub]


def next_url(request: HttpRequest) -> str:
    """Where to go on after connecting, if it is a page of ours (the wizard sends people here and wants them back)."""
    wanted = request.GET.get("next", "")
    ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if ours and len(wanted) <= LONGEST_NEXT else ""
