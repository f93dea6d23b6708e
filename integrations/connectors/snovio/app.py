"""Snov.io in the catalogue."""

import hashlib
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from integrations.registry import App, KeyField, Kind, Permission, Preset, WayIn

if TYPE_CHECKING:
    from integrations.connectors.base import Abilities, Connector

PROSPECTS = Kind(
    key="prospects", label=_("Prospects"), noun=_("prospect"), concept="person",
    presets=(
        Preset("first_name", "first_name", required=True, locked=True),
        Preset("last_name", "last_name", required=True, locked=True),
        Preset("email", "email", required=True, locked=True),
        Preset("phone", "phone"),
        Preset("country", "country"),
        Preset("industry", "industry"),  # the API cannot write it: to the hub only
        Preset("city", "locality", on=False),
        Preset("job_title", "job_title", on=False),
        Preset("company_name", "company_name", on=False),
        Preset("website", "website", on=False),
        Preset("linkedin", "linkedin", on=False),
    ),
    label_fields=("first_name", "last_name"), label_else=("email",),
    filter_fields=("country", "company_name", "job_title"),
)  # fmt: skip

KEYS = WayIn(
    key="keys",
    label=_("API keys"),
    kind="keys",
    fields=(
        KeyField("client_id", _("API User ID"), _("Snov.io, Account settings, API."), secret=False),
        KeyField("client_secret", _("API Secret"), _("On the same page, below the API User ID.")),
    ),
    help=_("Snov.io has no consent page: Syncline signs in with the account's API keys. They open the whole account."),
)

PERMISSIONS = (
    Permission(_("Prospects"), _("read, create, change"), _("to keep them equal to the hub's contacts")),
    Permission(_("Lists"), _("read"), _("to choose which prospects are synced and where new ones go")),
    Permission(_("Custom fields"), _("read"), _("to map them")),
    Permission(_("Campaigns"), _("read"), _("to warn you when a list is used by a running campaign")),
    Permission(_("Balance"), _("read"), _("to check that the keys work; no credits are used")),
)


def abilities(kind: str) -> "Abilities":
    from integrations.connectors.snovio import connector

    return connector.abilities(kind)


def connect(instance: Any) -> "Connector":
    from integrations.connectors.snovio.client import open_client
    from integrations.connectors.snovio.connector import Snovio
    from integrations.services import credentials

    def fingerprint() -> str:
        """Names an account that tells no number. Of the public half of the keys, and not reversible."""
        return hashlib.sha256(str(credentials.secrets(instance).get("client_id")).encode()).hexdigest()[:12]

    return Snovio(open_client(instance), fingerprint=fingerprint)


APP = App(
    key="snovio",
    name="Snov.io",
    letter="Sn",
    blurb=_("Prospects and their lists, kept equal to your CRM's contacts."),
    ways_in=(KEYS,),
    kinds=(PROSPECTS,),
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=((_("Cannot"), _("delete prospects, empty fields, change email addresses")),),
    strict_types=True,
)
