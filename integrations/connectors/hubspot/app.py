"""HubSpot in the catalogue."""

from typing import Any

from integrations.connectors.base import Abilities, Connector
from integrations.registry import App, Kind, Permission, Preset, WayIn, KeyField

CONTACTS = Kind(
    key="contacts", label="Contacts", noun="contact", concept="person",
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
)  # fmt: skip


def abilities(kind: str) -> Abilities:
    return Abilities(webhooks=True, create_fields=True, merges=True)


def connect(instance: Any) -> Connector:
    raise NotImplementedError


APP = App(
    key="hubspot", name="HubSpot", letter="H", blurb="", ways_in=(), kinds=(CONTACTS,), permissions=(),
    abilities=abilities, connect=connect, can_be_hub=True,
)  # fmt: skip
