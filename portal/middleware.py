"""What every request knows: the account it works in, and the reader's time zone; and what a lost session means to htmx."""

from collections.abc import Callable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

Handler = Callable[[HttpRequest], HttpResponse]
SESSION_KEY = "account_id"


class NoNullCharacters:
    """PostgreSQL takes no NUL in a text, so an address that holds one would end as an error of ours, signed in or not."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return self.get_response(request)


class CurrentAccount:
    """Sets ``request.account`` and ``request.membership`` from the session, only ever to what the user is a member of."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.account = request.membership = None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            memberships = request.user.memberships.select_related("account").order_by("pk")
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


class SessionOver:
    """A fragment asked for after the session ended: send the whole page to sign-in, and back to that page afterwards.

    Without this, htmx follows the redirect itself and puts the sign-in page where the fragment belongs.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx = request.htmx  # type: ignore[attr-defined]
        sign_in = resolve_url(settings.LOGIN_URL)
        if not htmx or response.status_code != 302 or urlsplit(response["Location"]).path != sign_in:
            return response
        query = urlencode({"next": htmx.current_url_abs_path or "/"})
        return HttpResponseClientRedirect(f"{sign_in}?{query}")
