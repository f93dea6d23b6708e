"""Where apps call us. A call is checked, its hints are handed over by a signal, and it is answered, all in milliseconds.

No sign-in and no CSRF token: the app's signature is what is trusted. The answer says nothing about who is connected.
"""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from integrations import registry
from integrations.errors import Refused
from integrations.models import AppInstance, InstanceState
from integrations.records import Hint
from integrations.signals import hints_received

logger = logging.getLogger(__name__)

MAX_BODY = 1_000_000  # bytes; HubSpot's hundred notifications are about 40 kB


def receive(request: HttpRequest, app_key: str) -> HttpResponse:
    """Take one webhook call: 204, or 404 (no such receiver), 405, 413 (too large), 401 (not from the app)."""
    app = registry.apps().get(app_key)
    if app is None or app.webhooks is None:
        return HttpResponse(status=404)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if _length(request) > MAX_BODY:
        return HttpResponse(status=413)
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return HttpResponse(status=413)
    try:
        hints = app.webhooks.hints(
            method=request.method,
            url=settings.BASE_ADDRESS + request.get_full_path(),  # as the app saw it, whatever a proxy made of it
            headers=dict(request.headers),
            body=body,
            secret=app.oauth.client()[1] if app.oauth else "",
        )
    except Refused as error:
        logger.warning("webhook of %s refused: %s", app_key, error)
        return HttpResponse(status=401)
    _hand_over(app_key, list(hints))
    return HttpResponse(status=204)


def _hand_over(app_key: str, hints: list[Hint]) -> None:
    """Every live instance of the remote account gets them: several tenants may have connected the same one."""
    by_account: dict[str, list[Hint]] = {}
    for hint in hints:
        by_account.setdefault(hint.remote_account_id, []).append(hint)
    instances = AppInstance.objects.filter(
        app_key=app_key, remote_account_id__in=by_account, state=InstanceState.CONNECTED
    )
    for instance in instances:
        hints_received.send(sender=AppInstance, instance=instance, hints=by_account[instance.remote_account_id])


def _length(request: HttpRequest) -> int:
    length = request.headers.get("Content-Length") or "0"
    return int(length) if length.isdecimal() and len(length) < 16 else MAX_BODY + 1
