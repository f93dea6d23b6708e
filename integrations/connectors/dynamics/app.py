"""Dynamics 365 in the catalogue."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from integrations.connectors.base import Abilities, Connector
from integrations.connectors.dynamics import kinds, webhooks
from integrations.oauth import OAuthProvider
from integrations.registry import App, KeyField, Permission, WayIn

if TYPE_CHECKING:
    from integrations.models import AppInstance

PERMISSIONS = (
    Permission(
        _("Contacts, leads, accounts, opportunities, products, invoices, cases"),
        _("read, create, change, delete"),
        _("To keep them equal with your other apps. Your own security role in Dynamics is the limit."),
    ),
    Permission(
        _("Tasks, phone calls, appointments, e-mails, notes"),
        _("read, create, change, delete"),
        _("To bring over what happened with a record. E-mails are stored, never sent."),
    ),
    Permission(_("Table definitions"), _("read"), _("To offer your own columns for mapping.")),
    Permission(_("Users"), _("read"), _("To pair owners by their e-mail addresses.")),
)


def _sign_in(path: str) -> str:
    """Work accounts of every organisation: the app is registered for several directories."""
    return f"{settings.DYNAMICS_LOGIN_URL.rstrip('/')}/organizations/oauth2/v2.0/{path}"


OAUTH = OAuthProvider(
    authorize_url=lambda address: _sign_in("authorize"),
    token_url=lambda address: _sign_in("token"),
    client=lambda: (settings.DYNAMICS_CLIENT_ID, settings.DYNAMICS_CLIENT_SECRET),
    scopes=lambda address: (f"{address}/.default", "offline_access"),
    extra={"response_mode": "query", "prompt": "select_account"},
)


def abilities(kind: str) -> Abilities:
    from integrations.connectors.dynamics.connector import abilities_of

    return abilities_of(kind)


def connect(instance: "AppInstance") -> Connector:
    from integrations.budget import Budget
    from integrations.connectors.dynamics.client import fault, limits
    from integrations.connectors.dynamics.connector import Dynamics
    from integrations.http import ApiSession
    from integrations.services import schemas
    from integrations.services.credentials import RenewableToken

    session = ApiSession(
        instance.base_url,
        auth=RenewableToken(instance, lambda secrets: OAUTH.refresh(secrets, instance.base_url)),
        budget=Budget(instance.pk, limits()),
        fault=fault,
        guarded=True,
    )
    return Dynamics(session, stored_fields=lambda kind: schemas.stored(instance, kind))


APP = App(
    key="dynamics",
    name="Dynamics 365",
    letter="D",
    blurb=_(
        "Sales and service on Dataverse. Contacts, leads, accounts, opportunities, cases and activities stay equal."
    ),
    ways_in=(
        WayIn(
            "oauth",
            _("Sign in with Microsoft"),
            "oauth",
            fields=(
                KeyField(
                    "base_url",
                    _("Address of your organisation"),
                    _("As in the browser when Dynamics is open, such as https://contoso.crm.dynamics.com"),
                    secret=False,
                ),
            ),
            help=_(
                "Sign in as a user of its own for Syncline, with a security role that reads and writes these records."
            ),
        ),
    ),
    kinds=kinds.ALL,
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=(
        (
            _("Changes"),
            _("change tracking every minute, deletions included; webhooks where an administrator sets them up"),
        ),
        (_("Limits"), _("6,000 calls in 5 minutes, 25 records a call")),
        (
            _("Closed records"),
            _(
                "left closed: a change is refused, in sight, until somebody opens the record; opportunities and cases are closed "
                "by their own closing actions"
            ),
        ),
        (
            _("Relations"),
            _("a task or note is about one record at a time: the opportunity, else the case, account or contact"),
        ),
        (_("Deleting"), _("for good: Dynamics has no recycle bin unless an administrator has turned one on")),
    ),
    oauth=OAUTH,
    webhooks=webhooks,
)
