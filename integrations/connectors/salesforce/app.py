"""Salesforce in the catalogue."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from integrations.connectors.base import Abilities, Connector
from integrations.connectors.salesforce import kinds
from integrations.errors import AddressRefused
from integrations.oauth import OAuthProvider
from integrations.registry import App, KeyField, Permission, WayIn

if TYPE_CHECKING:
    from integrations.models import AppInstance

PERMISSIONS = (
    Permission(
        _("Contacts, leads, accounts, opportunities, products, cases"),
        _("read, create, change, delete"),
        _("To keep them equal with your other apps. The user's own profile in Salesforce is the limit."),
        scope="api",
    ),
    Permission(
        _("Tasks, logged calls, events"),
        _("read, create, change, delete"),
        _("To bring over what happened with a record."),
        scope="api",
    ),
    Permission(_("Object descriptions"), _("read"), _("To offer your own fields for mapping."), scope="api"),
    Permission(_("Users"), _("read"), _("To pair owners by their e-mail addresses."), scope="api"),
    Permission(_("Access while you are away"), _("keep"), _("To sync without your browser."), scope="refresh_token"),
)

# Whoever answers at a sign-in address learns our client's secret: these are Salesforce's own, for the public and for governments.
SIGN_IN_HOSTS = (".salesforce.com", ".salesforce.mil")
LIGHTNING = ".lightning.force.com"  # where the pages are; people copy it from the browser


def sign_in_address(typed: str) -> str:
    """Where a customer signs in: the address that was typed (sandbox, My Domain), or the public one. AddressRefused for others."""
    address = (typed or settings.SALESFORCE_LOGIN_URL).rstrip("/")
    ours = urlsplit(settings.SALESFORCE_LOGIN_URL)
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
        return address
    if host.endswith(LIGHTNING):
        return f"https://{host.removesuffix(LIGHTNING)}.my.salesforce.com"
    if parts.scheme == "https" and host.endswith(SIGN_IN_HOSTS) and parts.port in (None, 443):
        return f"https://{host}"
    raise AddressRefused(
        _now("This is not an address of Salesforce. It should look like https://acme.my.salesforce.com.")
    )


def _sign_in(path: str, address: str) -> str:
    return f"{sign_in_address(address)}/services/oauth2/{path}"


OAUTH = OAuthProvider(
    authorize_url=lambda address: _sign_in("authorize", address),
    token_url=lambda address: _sign_in("token", address),
    revoke_url=lambda address: _sign_in("revoke", address),
    client=lambda: (settings.SALESFORCE_CLIENT_ID, settings.SALESFORCE_CLIENT_SECRET),
    scopes=("api", "refresh_token"),
    statuses={"invalid_client_id": "invalid_client", "REQUEST_LIMIT_EXCEEDED": "rate_limit_exceeded"},
    # Said with invalid_grant where the call before, which we had given up, is still under way.
    busy="already being processed",
)


def abilities(kind: str) -> Abilities:
    from integrations.connectors.salesforce.connector import abilities_of

    return abilities_of(kind)


def connect(instance: "AppInstance") -> Connector:
    from integrations.connectors.salesforce.allocation import Allocation
    from integrations.connectors.salesforce.client import fault
    from integrations.connectors.salesforce.connector import Salesforce
    from integrations.errors import ConnectorError
    from integrations.http import Answer, ApiSession
    from integrations.services import schemas
    from integrations.services.credentials import RenewableToken

    allocation = Allocation(instance.pk)

    def looked_at(answer: Answer, wrote: bool) -> ConnectorError | None:
        allocation.told(answer.headers.get("Sforce-Limit-Info"))
        return fault(answer, wrote)

    session = ApiSession(
        lambda: instance.base_url,
        auth=RenewableToken(instance, lambda secrets: OAUTH.refresh(secrets, instance.base_url)),
        budget=allocation,
        fault=looked_at,
        timeout=(5, 60),
        guarded=True,
    )
    return Salesforce(session, stored_fields=lambda kind: schemas.stored(instance, kind))


APP = App(
    key="salesforce",
    name="Salesforce",
    letter="S",
    blurb=_("Sales and service cloud. Contacts, leads, accounts, opportunities, cases and activities stay equal."),
    ways_in=(
        WayIn(
            "oauth",
            _("Sign in with Salesforce"),
            "oauth",
            fields=(
                KeyField(
                    "base_url",
                    _("Address to sign in at"),
                    _(
                        "Leave it blank for login.salesforce.com. For a sandbox: https://test.salesforce.com. If your "
                        "organisation signs in at its own domain: https://acme.my.salesforce.com"
                    ),
                    secret=False,
                    required=False,
                ),
            ),
            help=_("Sign in as a user of its own for Syncline, with a permission set for these objects and the API."),
        ),
    ),
    kinds=kinds.ALL,
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=(
        (_("Changes"), _("polling every minute, of cases, products and activities every five; deletions included")),
        (_("Limits"), _("your org's calls in 24 hours, of which Syncline takes a share; 200 records a call")),
        (_("Deleting"), _("into the recycle bin, for 15 days")),
    ),
    oauth=OAUTH,
)
