"""HubSpot in the catalogue."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from integrations.connectors.base import Connector
from integrations.connectors.hubspot import webhooks
from integrations.connectors.hubspot.client import PATHS
from integrations.connectors.hubspot.kinds import KINDS
from integrations.connectors.hubspot.objects import abilities
from integrations.connectors.hubspot.permissions import OPTIONAL_SCOPES, PERMISSIONS, SCOPES
from integrations.oauth import OAuthProvider
from integrations.registry import App, KeyField, WayIn

if TYPE_CHECKING:
    from integrations.models import AppInstance

# HubSpot's own error words beside RFC 6749's.
TOKEN_ERRORS = {
    "BAD_CLIENT_ID": "invalid_client",
    "BAD_CLIENT_SECRET": "invalid_client",
    "BAD_REFRESH_TOKEN": "invalid_grant",
    "BAD_AUTH_CODE": "invalid_grant",
    "BAD_CODE_VERIFIER": "invalid_grant",
}

OAUTH = OAuthProvider(
    authorize_url=lambda address: f"{settings.HUBSPOT_APP_URL.rstrip('/')}/oauth/authorize",
    token_url=lambda address: settings.HUBSPOT_API_URL.rstrip("/") + PATHS["token"],
    revoke_url=lambda address: settings.HUBSPOT_API_URL.rstrip("/") + PATHS["revoke"],
    client=lambda: (settings.HUBSPOT_CLIENT_ID, settings.HUBSPOT_CLIENT_SECRET),
    scopes=SCOPES,
    optional_scopes=OPTIONAL_SCOPES,
    statuses=TOKEN_ERRORS,
)


def connect(instance: "AppInstance") -> Connector:
    from integrations.budget import Budget
    from integrations.connectors.hubspot.client import fault, limits
    from integrations.connectors.hubspot.connector import HubSpot
    from integrations.http import ApiSession
    from integrations.services import schemas
    from integrations.services.credentials import RenewableToken, StoredToken

    oauth = instance.way_in == "oauth"
    session = ApiSession(
        instance.base_url or settings.HUBSPOT_API_URL,
        auth=RenewableToken(instance, OAUTH.refresh) if oauth else StoredToken(instance),
        budget=Budget(instance.pk, limits(instance.way_in)),
        fault=fault,
        guarded=bool(instance.base_url),
    )
    return HubSpot(
        session,
        stored_fields=lambda kind: schemas.stored(instance, kind),
        app_url=settings.HUBSPOT_APP_URL.rstrip("/"),
        portal_id=instance.remote_account_id,
        scopes=instance.scopes if oauth else None,
    )


APP = App(
    key="hubspot",
    name="HubSpot",
    letter="H",
    blurb=_("CRM. Contacts, companies, deals and more stay equal with your other apps, in both directions."),
    ways_in=(
        WayIn("oauth", _("Sign in with HubSpot"), "oauth", help=_("You need super admin rights in HubSpot.")),
        WayIn(
            "service_key",
            _("Service key"),
            "keys",
            fields=(
                KeyField(
                    "access_token",
                    _("Service key or private app token"),
                    _("In HubSpot: Settings, Integrations, Service keys. Give it the scopes listed under permissions."),
                ),
            ),
            help=_("For accounts that may not install apps. Without webhooks: changes are noticed once a minute."),
        ),
    ),
    kinds=KINDS,
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=(
        (_("Changes"), _("webhooks within seconds, polling every minute")),
        (_("Limits"), _("110 calls in 10 seconds, 100 records a call")),
        (_("Deleting"), _("archives; restorable in HubSpot for 90 days")),
    ),
    can_be_hub=True,
    leads=True,
    oauth=OAUTH,
    webhooks=webhooks,
)
