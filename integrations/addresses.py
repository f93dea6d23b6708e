"""Addresses that a user may give (an app's own host). Public https only, checked again at every connection.

Two steps, because a name can point elsewhere a minute later: ``check`` refuses what is wrong on its face and says so in the form;
``guard`` makes a session resolve the name itself, refuse internal networks, and connect to exactly the address it resolved.
Vendors' own addresses come from the operator's settings and are not checked here.
"""

import ipaddress
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import filter_host
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from integrations.errors import AddressRefused


def check(address: str) -> str:
    """The address without a trailing slash, or AddressRefused with words for the person who typed it."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        raise AddressRefused(_("This is not a web address.")) from None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host:
        raise AddressRefused(_("This is not a web address. It should look like https://example.com."))
    if parts.username is not None or parts.query or parts.fragment:
        raise AddressRefused(_("Leave out user names, question marks and hash signs: only the address of the app."))
    if not (settings.ALLOW_LOOPBACK_APPS and _is_loopback(host)):
        if parts.scheme != "https":
            raise AddressRefused(_("The address must begin with https://."))
        try:
            filter_host(host, port or 443, allow_loopback=False)
        except requests.ConnectionError:
            raise AddressRefused(_("No server of this name was found.")) from None
        except (requests.RequestException, ValueError, UnicodeError):
            raise AddressRefused(_("This address leads into an internal network.")) from None
    return address.strip().rstrip("/")


def guard(session: requests.Session) -> None:
    """Let ``session`` connect to public addresses only (and to this machine where the operator allows stand-ins)."""
    allow = bool(settings.ALLOW_LOOPBACK_APPS)
    session.mount("https://", IPFilterAdapter(is_https_proto=True, allow_loopback=allow))
    session.mount("http://", IPFilterAdapter(is_https_proto=False, allow_loopback=allow) if allow else _NoHttp())


class _NoHttp(requests.adapters.HTTPAdapter):
    def send(self, *args: object, **kwargs: object) -> requests.Response:
        raise requests.exceptions.InvalidURL("only https")


def _is_loopback(host: str) -> bool:
    """Literally this machine: a *name* that resolves to it could resolve to something else next time."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
