"""HubSpot in the catalogue."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from integrations.connectors.base import Abilities, Connector
from integrations.connectors.hubspot import webhooks
from integrations.connectors.hubspot.client import PATHS
from integrations.oauth import OAuthProvider
from integrations.registry import App, KeyField, Kind, Permission, Preset, WayIn

if TYPE_CHECKING:
    from integrations.models import AppInstance

# More object types of the same shape are more rows here (and their scopes below).
CONTACTS = Kind(
    key="contacts", label=_("Contacts"), noun=_("contact"), concept="person",
    presets=(
        Preset("email", "email", required=True, locked=True),
        Preset("first_name", "firstname"),
        Preset("last_name", "lastname"),
        Preset("phone", "phone"),
        Preset("mobile", "mobilephone"),
        Preset("job_title", "jobtitle"),
        Preset("company_name", "company"),
        Preset("website", "website"),
        Preset("city", "city"),
        Preset("country", "country"),
        Preset("industry", "industry"),
    ),
    label_fields=("firstname", "lastname", "email"),
    filter_fields=("lifecyclestage", "hs_lead_status", "country"),
)  # fmt: skip

PERMISSIONS = (
    Permission(
        _("Contacts"), _("read"), _("To see what changed and send it to your other apps."), "crm.objects.contacts.read"
    ),
    Permission(
        _("Contacts"),
        _("create, change, archive"),
        _("To bring over what changed in your other apps. Archived contacts can be restored in HubSpot for 90 days."),
        "crm.objects.contacts.write",
    ),
    Permission(
        _("Contact properties"), _("read"), _("To offer your own properties for mapping."), "crm.schemas.contacts.read"
    ),
    Permission(
        _("Contact properties"),
        _("create"),
        _("Only when you ask for a new property while mapping fields."),
        "crm.schemas.contacts.write",
    ),
    Permission(_("Account"), _("read"), _("To know which HubSpot account this is."), "oauth"),
)

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
    scopes=tuple(permission.scope for permission in PERMISSIONS),
    statuses=TOKEN_ERRORS,
)


def abilities(kind: str) -> Abilities:
    from integrations.connectors.hubspot.connector import ABILITIES

    return ABILITIES


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
    blurb=_("CRM. Contacts stay equal with your other apps, in both directions."),
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
    kinds=(CONTACTS,),
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=(
        (_("Changes"), _("webhooks within seconds, polling every minute")),
        (_("Limits"), _("110 calls in 10 seconds, 100 records a call")),
        (_("Deleting"), _("archives; restorable in HubSpot for 90 days")),
    ),
    can_be_hub=True,
    oauth=OAUTH,
    webhooks=webhooks,
)
