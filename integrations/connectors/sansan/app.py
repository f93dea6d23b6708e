"""Sansan in the catalogue: business cards, read only."""

import hashlib
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from integrations.registry import App, KeyField, Kind, Permission, Preset, WayIn

if TYPE_CHECKING:
    from integrations.connectors.base import Abilities, Connector

CARDS = Kind(
    key="cards", label=_("Business cards"), noun=_("business card"), concept="person",
    presets=(
        Preset("email", "email", required=True, locked=True),
        Preset("last_name", "last_name"),
        Preset("first_name", "first_name"),
        Preset("company_name", "company_name"),
        Preset("job_title", "job_title"),
        Preset("phone", "phone"),
        Preset("mobile", "mobile"),
        Preset("fax", "fax"),
        Preset("website", "website"),
        Preset("postcode", "postcode"),
        Preset("state", "prefecture"),
        Preset("city", "city"),
        Preset("street", "street"),
        Preset("country", "country_code", on=False),
        Preset("owner", "owner", on=False),  # only where the hub has a user with the same address
        Preset("description", "memo", on=False),
        Preset("tags", "tags"),
    ),
    label_fields=("last_name", "first_name"), label_else=("email",),  # the order in which names are written on cards
    filter_fields=("tags", "company_name", "exchange_date", "owner"),
    # A card that is no longer there may only be out of this key's sight, so nothing is deleted in the hub.
    defaults={"direction": "to_hub", "winner": "app", "when_deleted_in_app": "flag", "when_deleted_in_hub": "ignore"},
)  # fmt: skip

KEYS = WayIn(
    key="keys",
    label=_("API key"),
    kind="keys",
    fields=(
        KeyField("api_key", _("API key"), _("Sansan, settings, API key. An administrator may have to allow keys first.")),
        KeyField(
            "version", _("API version"), _("Empty for the usual one, v3.2. Some contracts need another, such as v6.0."),
            secret=False, required=False,
        ),
    ),
    help=_(
        "A key shows what its user may see, so a Sansan administrator should make it. "
        "Several keys can be connected, each as a connection of its own."
    ),
)  # fmt: skip

PERMISSIONS = (
    Permission(
        _("Business cards"), _("read"), _("to bring them to your CRM as contacts; nothing in Sansan is changed")
    ),
    Permission(_("Tags"), _("read"), _("to choose which cards are synced, and to show their tags on the contact")),
)


def abilities(kind: str) -> "Abilities":
    from integrations.connectors.sansan import connector

    return connector.abilities(kind)


def connect(instance: Any) -> "Connector":
    from integrations.connectors.sansan.client import open_client
    from integrations.connectors.sansan.connector import Sansan
    from integrations.services import credentials

    def fingerprint() -> str:
        """Names a key whose user Sansan does not tell. Not reversible."""
        return hashlib.sha256(str(credentials.secrets(instance).get("api_key")).encode()).hexdigest()[:16]

    return Sansan(open_client(instance), fingerprint=fingerprint)


APP = App(
    key="sansan",
    name="Sansan",
    letter="Sa",
    blurb=_("Business cards, brought to your CRM as contacts."),
    ways_in=(KEYS,),
    kinds=(CARDS,),
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=(
        (_("Direction"), _("only from Sansan to the hub")),
        (_("Tags"), _("public and shared ones, 300 at most")),
        (_("Accounts"), _("several keys, each with what its user sees")),
    ),
)
