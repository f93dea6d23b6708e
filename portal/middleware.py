"""What every request knows: the account it works in, and the reader's time zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Handler = Callable[[HttpRequest], HttpResponse]
SESSION_KEY = "account_id"


class CurrentAccount:
    """Sets ``request.account`` and ``request.membership`` from the session, only ever to what the user is a member of."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.account = request.membership = None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            memberships = request.user.memberships.select_related("account").order_by("pk")  # type: ignore[union-attr]
            wanted = request.session.get(SESSION_KEY)
            membership = (memberships.filter(account=wanted).first() if wanted else None) or memberships.first()
            if membership:
                request.membership = membership  # type: ignore[attr-defined]
                request.account = membership.account  # type: ignore[attr-defined]
        return self.get_response(request)


class ReaderTimeZone:
    """Dates in the zone the browser told us (cookie ``tz``, set by static/js/app.js), else the account's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        account = request.account  # type: ignore[attr-defined]
        for name in (request.COOKIES.get("tz"), account and account.time_zone):
            if name:
                try:
                    timezone.activate(ZoneInfo(name))
                    break
                except (KeyError, ValueError, OSError):
                    continue
        else:
            timezone.deactivate()
        return self.get_response(request)
