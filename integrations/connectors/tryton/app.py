"""Tryton in the catalogue."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from integrations.connectors.base import Abilities, Connector
from integrations.connectors.tryton import address
from integrations.registry import App, KeyField, Kind, Permission, Preset, WayIn

if TYPE_CHECKING:
    from integrations.models import AppInstance

PARTY = (
    Preset("email", "email"),
    Preset("phone", "phone"),
    Preset("website", "website"),
    Preset("street", "street"),
    Preset("city", "city"),
    Preset("postcode", "postal_code"),
    # Off: Tryton takes only countries and subdivisions that somebody imported, and refuses a record with another one.
    Preset("country", "country", on=False),
    Preset("state", "state", on=False),
)
PEOPLE = Kind(
    key="people", label=_("People"), noun=_("person"), concept="person",
    presets=(
        Preset("first_name", "first_name"),
        Preset("last_name", "last_name"),
        *PARTY,
        Preset("mobile", "mobile"),
        Preset("fax", "fax"),
        Preset("company", "organisation"),
    ),
    label_fields=("name",), label_else=("email",),
    filter_fields=("city", "country"),
)  # fmt: skip
ORGANISATIONS = Kind(
    key="organisations", label=_("Organisations"), noun=_("organisation"), concept="company",
    presets=(Preset("name", "name", required=True), *PARTY),
    label_fields=("name",), label_else=("code",),
    filter_fields=("city", "country"),
)  # fmt: skip
PRODUCTS = Kind(
    key="products", label=_("Products"), noun=_("product"), concept="product",
    presets=(
        Preset("name", "name", required=True, locked=True),
        Preset("sku", "code"),
        Preset("price", "list_price"),
        Preset("cost", "cost_price"),
        Preset("description", "description"),
    ),
    label_fields=("name",), label_else=("code",),
    filter_fields=("type",),
)  # fmt: skip
OPPORTUNITIES = Kind(
    key="opportunities", label=_("Opportunities"), noun=_("opportunity"), concept="deal",
    presets=(
        Preset("name", "description"),
        Preset("stage", "state", values=(
            ("open", "lead"), ("open", "opportunity"), ("won", "won"), ("won", "converted"),
            ("lost", "lost"), ("lost", "cancelled"),
        )),
        Preset("amount", "amount"),
        Preset("currency", "currency"),
        Preset("close_date", "end_date"),
        Preset("probability", "conversion_probability"),
        Preset("owner", "employee"),
        Preset("description", "comment"),
        Preset("company", "organisation"),
        Preset("contacts", "person"),
    ),
    label_fields=("number",), label_else=("description",),
    filter_fields=("state",),
)  # fmt: skip
NOTES = Kind(
    key="notes", label=_("Notes"), noun=_("note"), concept="note",
    presets=(
        Preset("body", "message"),
        Preset("time", "create_date"),
        Preset("contacts", "person"),
        Preset("companies", "organisation"),
        Preset("deals", "opportunity"),
    ),
    label_fields=("message",),
)  # fmt: skip

KEY = WayIn(
    key="keys",
    label=_("Application key"),
    kind="keys",
    fields=(
        KeyField(
            "base_url", _("Address"),
            _("Of the server with the database's name, for example https://erp.example.com/acme."),
            secret=False,
            shape=address.SHAPE,
            shape_words=address.NO_DATABASE,
        ),
        KeyField("access_token", _("Application key"), _("Its application is “REST”, its state “Validated”.")),
        KeyField(
            "person_category", _("Category of people"),
            _("Parties in this category are people, all others are organisations. “Person” unless you name another one."),
            secret=False, required=False,
        ),
        KeyField(
            "works_for", _("Relation to the employer"),
            _("The type of relation from a person to their organisation. “Works for” unless you name another one."),
            secret=False, required=False,
        ),
    ),
    help=_(
        "In Tryton: Preferences, Applications, add one for REST, and let an administrator validate it. Best with a user of its "
        "own, whose groups then bound what Syncline may do: “Product Administration” for products, “Sale Opportunity” for "
        "opportunities, “Party Administration” for the category that marks people. Notes need a user with the tick “Administrator”."
    ),
)  # fmt: skip

PERMISSIONS = (
    Permission(
        _("Parties"), _("read, create, change, set inactive"),
        _("They follow your other apps. Each new one carries an identifier, so that none is made twice."),
    ),
    Permission(
        _("Categories and relation types"), _("read, create"),
        _("The category that marks people, and the relation to their organisation, are made when they are missing."),
    ),
    Permission(_("Products"), _("read, create, change, set inactive"), _("Names, codes and prices of the key's company.")),
    Permission(_("Opportunities"), _("read, create, change, delete"), _("Orders are never made: that stays with people.")),
    Permission(
        _("Notes"), _("read, create, change, delete"),
        _(
            "Those on parties and opportunities. Tryton shows notes to administrators only: with any other user's key all else "
            "syncs, and notes do not."
        ),
    ),
    Permission(_("Employees, countries, currencies, units"), _("read"), _("To pair them by e-mail, name and code.")),
)  # fmt: skip


def abilities(kind: str) -> Abilities:
    from integrations.connectors.tryton import connector

    return connector.abilities(kind)


def connect(instance: "AppInstance") -> Connector:
    from integrations.budget import Budget, Limit
    from integrations.connectors.tryton.client import Client, fault
    from integrations.connectors.tryton.connector import Tryton
    from integrations.connectors.tryton.directory import PERSON, WORKS_FOR, Marks
    from integrations.http import ApiSession
    from integrations.services import credentials

    session = ApiSession(
        instance.base_url,
        auth=credentials.StoredToken(instance),
        # Tryton states no limit; this leaves a small server room for its other users.
        budget=Budget(instance.pk, [Limit("calls", rate=20, burst=20)]),
        fault=fault,
        guarded=True,
    )
    said = credentials.secrets(instance)
    marks = Marks(said.get("person_category") or PERSON, said.get("works_for") or WORKS_FOR)
    return Tryton(Client(session, instance.remote_account_id.rpartition("#")[2]), marks)


APP = App(
    key="tryton",
    name="Tryton",
    letter="Ty",
    blurb=_(
        "Open ERP. Parties, products, opportunities and notes stay equal with your CRM, or Tryton is the hub itself."
    ),
    ways_in=(KEY,),
    kinds=(PEOPLE, ORGANISATIONS, PRODUCTS, OPPORTUNITIES, NOTES),
    permissions=PERMISSIONS,
    abilities=abilities,
    connect=connect,
    facts=(
        (_("Changes"), _("polling every minute, deletions included")),
        (_("Limits"), _("none of its own; creates 50 a call, changes one a call")),
        (_("Deleting"), _("parties and products become inactive and can be brought back")),
    ),
    can_be_hub=True,
)
