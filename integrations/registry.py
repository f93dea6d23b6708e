"""The catalogue: app key → App. Everything the product knows of an app without talking to it.

A folder below ``integrations/connectors/`` with an ``app.py`` is an app: there is no list to add it to. ``app.py`` sets ``APP``, an
``App`` whose key is the folder's name. Default mappings are not written per pair of apps: each app says which of its fields
carries which **concept** ("first_name", "email"), and a pair's defaults are the concepts both know.

The words, by concept of the kind (an app gives what it has, and may add words that another app shares):

========== =======================================================================================================
person     email, first_name, last_name, phone, mobile, fax, job_title, company_name, website, street, city, state,
           postcode, country, industry, owner, lifecycle_stage, opt_out, description, annual_revenue, employees,
           lead_source, tags
company    name, domain, website, phone, street, city, state, postcode, country, industry, employees,
           annual_revenue, owner, description, company_type
deal       name, pipeline, stage, amount, currency, close_date, owner, probability, deal_type, description
product    name, sku, price, currency, description, active, cost
invoice    number, amount, currency, status, issue_date, due_date
ticket     name, pipeline, status, priority, owner, description, category
lead       name, stage, owner
activities subject, time, end_time, due, body, status, priority, activity_type, direction, duration, outcome, owner,
           location (call, email, meeting, note, task)
========== =======================================================================================================

Lists whose labels differ from app to app speak in common words (``Preset.values``): status of activities *open, done, canceled,
failed*, of tickets *open, done*, of invoices *draft, open, paid, void*; stage of deals *open, won, lost*; direction *in, out*;
priority *low, medium, high*.

Associations are fields of type *reference*, and have concepts too: ``contacts`` (people, one or many), ``company`` (the one company
of a contact, deal, ticket, invoice or lead: the primary one where there are several), ``companies`` (all of them, and those of
activities), ``deals``, ``tickets``, ``parent`` (a company's parent). A field that can name one record pairs with one that can name
many (``Field.many``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from integrations import connectors

if TYPE_CHECKING:
    from integrations.connectors.base import Abilities, Connector

Words = str | Promise  # text that people read, translated when it is shown


@dataclass(frozen=True, slots=True)
class Preset:
    """One row of an app's default mappings: which field carries a concept, and how the row is marked."""

    concept: str  # "email", "first_name", "last_name", "phone", "job_title", "company_name", "country", "industry", …
    field: str  # the app's field name
    on: bool = True
    required: bool = False  # asterisk: the row cannot be turned off
    locked: bool = False  # lock: the row cannot be changed or removed
    # (common word, option of the app), for lists whose labels do not tell: two apps' options with one word are paired in a new
    # draft. Where several have a word, all of the other side's become the first.
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """An object type of an app."""

    key: str  # "contacts"
    label: Words  # "Contacts"
    noun: Words  # "contact"
    concept: str  # "person", "company", "deal", "product", "invoice", "ticket", "call", "email", "meeting", "note", "task", "lead"
    presets: tuple[Preset, ...] = ()
    label_fields: tuple[str, ...] = ()  # the parts of its name, in their order: what pages call a record
    label_else: tuple[str, ...] = ()  # what stands in, one for the other, for a record that has no name
    filter_fields: tuple[str, ...] = ()  # read besides mapped ones, offered first in filters
    # Sync settings that differ from the product's defaults for this kind, e.g. {"direction": "to_hub"}; over ``App.defaults``.
    defaults: dict[str, Any] = field(default_factory=dict)
    # (concept, value): a record of this kind that makes a new record in the hub gives it this value, e.g. its life-cycle stage.
    stamps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """One line of "what Syncline may do"."""

    data: Words
    may: Words  # "read, write"
    why: Words
    scope: str = ""


@dataclass(frozen=True, slots=True)
class KeyField:
    """One input of the form for apps (or ways in) that take keys."""

    name: str
    label: Words
    help: Words = ""
    secret: bool = True
    required: bool = True
    shape: str = ""  # a regular expression for the whole value, which browsers try, too, before anything is sent
    shape_words: Words = ""  # what to say where the value has another one


@dataclass(frozen=True, slots=True)
class WayIn:
    """How a customer authorises: ``oauth`` (consent page) or ``keys`` (a form)."""

    key: str
    label: Words
    kind: str  # "oauth" | "keys"
    # Inputs of the form; one called ``base_url`` is the app's address. An oauth way in asks for that alone, before the consent.
    fields: tuple[KeyField, ...] = ()
    help: Words = ""


@dataclass(frozen=True)
class App:
    key: str
    name: str
    letter: str  # letter mark instead of a logo
    blurb: Words
    ways_in: tuple[WayIn, ...]
    kinds: tuple[Kind, ...]
    permissions: tuple[Permission, ...]
    abilities: "Callable[[str], Abilities]"  # by kind key, without an instance: for the directory
    connect: "Callable[[Any], Connector]"  # an AppInstance → a connector, which sends nothing yet
    facts: tuple[tuple[Words, Words], ...] = ()  # lines of the directory card: ("Limits", "60 calls a minute")
    can_be_hub: bool = False
    only_hub: bool = False
    leads: bool = False  # first in the directory
    oauth: Any = None  # integrations.oauth.OAuthProvider of apps with an oauth way in
    webhooks: Any = None  # a WebhookReceiver module
    strict_types: bool = False  # only identical field types may be mapped
    defaults: dict[str, Any] = field(default_factory=dict)  # sync settings that differ from the product's defaults

    def kind(self, key: str) -> Kind:
        return next(kind for kind in self.kinds if kind.key == key)

    def way_in(self, key: str) -> WayIn:
        return next(way for way in self.ways_in if way.key == key)


@cache
def apps() -> dict[str, App]:
    """All apps by key, in the order of the directory: those that lead it, then by name."""
    folders = (file.parent.name for path in connectors.__path__ for file in Path(path).glob("*/app.py"))
    found: list[App] = [_declared_in(folder) for folder in folders]
    return {app.key: app for app in sorted(found, key=lambda app: (not app.leads, str(app.name).casefold()))}


def _declared_in(folder: str) -> App:
    module = import_module(f"{connectors.__name__}.{folder}.app")
    found = getattr(module, "APP", None)
    if not isinstance(found, App) or found.key != folder:
        raise ImproperlyConfigured(
            f"{module.__file__} must set APP to a registry.App whose key is {folder!r}, its folder."
        )
    return found


def app(key: str) -> App:
    """The app, or KeyError."""
    return apps()[key]


def pairs(hub: App, other: App) -> list[tuple[Kind, Kind]]:
    """Object pairs (hub kind, app kind) that can be kept equal: kinds of one concept."""
    return [(h, a) for h in hub.kinds for a in other.kinds if h.concept == a.concept]
