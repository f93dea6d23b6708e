"""CardDAV in the catalogue: one app for every server that speaks it."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from integrations.connectors.base import Abilities, Connector
from integrations.registry import App, KeyField, Kind, Permission, Preset, WayIn

if TYPE_CHECKING:
    from integrations.models import AppInstance

TIMEOUT = (5, 20)  # seconds; a batch of writes ends before its lease does, whatever the server makes of it

CARDS = Kind(
    key="cards", label=_("Contacts"), noun=_("contact"), concept="person",
    presets=(
        Preset("email", "email"),
        Preset("first_name", "first_name"),
        Preset("last_name", "last_name"),
        Preset("phone", "phone"),
        Preset("mobile", "mobile"),
        Preset("job_title", "job_title"),
        Preset("company_name", "company_name"),
        Preset("website", "website"),
        Preset("city", "city"),
        Preset("country", "country"),
    ),
    label_fields=("first_name", "last_name"), label_else=("full_name", "email"),
    filter_fields=("categories", "company_name"),
)  # fmt: skip

LOGIN = WayIn(
    key="keys",
    label=_("User name and password"),
    kind="keys",
    fields=(
        KeyField(
            "base_url", _("Address"),
            _("Of the server, for example https://cloud.example.com, https://carddav.fastmail.com or https://contacts.icloud.com."),
            secret=False,
        ),
        KeyField("user", _("User name"), secret=False),
        KeyField("password", _("Password"), _("Fastmail, iCloud and Nextcloud with two factors want a password made for apps.")),
    ),
    help=_("Syncline finds your address books from the server's address. Google wants another kind of sign-in and is not served."),
)  # fmt: skip

PERMISSIONS = (
    Permission(_("Address books"), _("read"), _("to choose which ones are synced and where new contacts go")),
    Permission(
        _("Contacts"),
        _("read, create, change, delete"),
        _("to keep them equal to your other apps. What is on a card and not mapped stays as it is."),
    ),
)


def abilities(kind: str) -> Abilities:
    from integrations.connectors.carddav.connector import ABILITIES

    return ABILITIES


def connect(instance: "AppInstance") -> Connector:
    from integrations import addresses
    from integrations.budget import Budget, Limit
    from integrations.connectors.carddav.client import Client, fault
    from integrations.connectors.carddav.connector import CardDav
    from integrations.http import ApiSession, basic
    from integrations.services.credentials import StoredKeys

    login = StoredKeys(instance, lambda keys: basic(keys["user"], keys["password"]))
    # No server states a limit; this leaves a small one room for its other users.
    budget = Budget(instance.pk, [Limit("calls", rate=20, burst=20)])

    def open_session(origin: str) -> ApiSession:
        """The password goes where the customer's server sends us, but to no address that the customer could not have typed."""
        if not instance.base_url.startswith(origin):
            addresses.check(origin)
        return ApiSession(origin, auth=login, budget=budget, fault=fault, timeout=TIMEOUT, guarded=True)

    return CardDav(Client(instance.base_url, open_session))


APP = App(
    key="carddav",
    name="CardDAV",
    letter="CD",
    blurb=_(
        "Address books of Nextcloud, Fastmail, iCloud and every other CardDAV server, as phones and mail programs show them."
    ),
    ways_in=(LOGIN,),
    kinds=(CARDS,),
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=((_("Limits"), _("one card a write, 100 a read")),),
    can_be_hub=True,
)
