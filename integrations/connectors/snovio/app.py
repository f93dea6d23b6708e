"""Snov.io in the catalogue."""

from typing import Any

from integrations.connectors.base import Abilities, Connector
from integrations.registry import App, Kind, Permission, Preset, WayIn, KeyField

PROSPECTS = Kind(
    key="prospects", label="Prospects", noun="prospect", concept="person",
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
    key="snovio", name="Snov.io", letter="Sn", blurb="", ways_in=(), kinds=(PROSPECTS,), permissions=(),
    abilities=abilities, connect=connect, can_be_hub=False,
)  # fmt: skip
