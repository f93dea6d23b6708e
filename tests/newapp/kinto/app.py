"""Kinto in the catalogue: a collection of people on a Kinto server, which keeps records as JSON."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations.budget import Budget, Limit
from integrations.connectors.kinto.client import Client, fault
from integrations.connectors.kinto.connector import ABILITIES, Kinto
from integrations.http import ApiSession, basic
from integrations.registry import App, KeyField, Kind, Permission, Preset, WayIn
from integrations.services import credentials

CONTACTS = Kind(
    key="contacts", label=_("Contacts"), noun=_("contact"), concept="person",
    presets=(
        Preset("email", "email"),
        Preset("first_name", "first_name"),
        Preset("last_name", "last_name"),
        Preset("phone", "phone"),
        Preset("job_title", "job_title"),
        Preset("company_name", "company"),
        Preset("website", "website"),
        Preset("city", "city", on=False),
        Preset("country", "country", on=False),
    ),
    label_fields=("first_name", "last_name"), label_else=("email",),
    filter_fields=("company", "country"),
)  # fmt: skip

LOGIN = WayIn(
    key="keys",
    label=_("User name and password"),
    kind="keys",
    fields=(
        KeyField("base_url", _("Address"), _("Of the server, for example https://kinto.example.com."), secret=False),
        KeyField("user", _("User name"), secret=False),
        KeyField("password", _("Password")),
        KeyField("bucket", _("Bucket"), secret=False),
        KeyField("collection", _("Collection"), _("The one that holds the people."), secret=False),
    ),
)


def connect(instance: Any) -> Kinto:
    given = credentials.secrets(instance)
    session = ApiSession(
        instance.base_url.removesuffix("/v1") + "/v1",
        auth=credentials.StoredKeys(instance, lambda keys: basic(keys["user"], keys["password"])),
        # A Kinto server states no limit; this leaves a small one room for its other users.
        budget=Budget(instance.pk, [Limit("calls", rate=20, burst=20)]),
        fault=fault,
        guarded=True,
    )
    return Kinto(Client(session, given["bucket"], given["collection"]))


APP = App(
    key="kinto",
    name="Kinto",
    letter="K",
    blurb=_("A collection of people on a Kinto server, kept equal to your CRM's contacts."),
    ways_in=(LOGIN,),
    kinds=(CONTACTS,),
    permissions=(Permission(_("Records"), _("read, create, change, delete"), _("those of one collection")),),
    abilities=lambda kind: ABILITIES,
    connect=connect,
)
