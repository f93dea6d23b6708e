"""A CRM (hub) and a lead app, both in memory and in the catalogue, and a draft between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations import registry
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryApp, MemoryConnector
from integrations.models import AppInstance
from integrations.records import Field, FieldType, Option
from integrations.registry import App, Kind, Preset
from portal.accounts.models import Account
from syncjobs.models import FieldMapping, Sync
from syncjobs.services import drafts, mappings

T = FieldType
COUNTRIES = (Option("JP", "Japan"), Option("KR", "Korea"))
HUB_FIELDS = [
    Field("email", "Email", T.EMAIL),
    Field("firstname", "First name", T.TEXT),
    Field("lastname", "Last name", T.TEXT),
    Field("phone", "Phone number", T.PHONE),
    Field("company", "Company", T.TEXT),
    Field("industry", "Industry", T.TEXT),
    Field("score", "Score", T.NUMBER),
    Field("met", "First met", T.DATE),
    Field("vip", "VIP", T.BOOL),
    Field("stage", "Stage", T.OPTION, options=(Option("lead", "Lead"), Option("customer", "Customer"))),
    Field("created", "Created", T.DATETIME, writable=False),
    Field("origin", "Origin", T.TEXT, max_length=20),
]
APP_FIELDS = [
    Field("mail", "E-mail", T.EMAIL, required=True),
    Field("first", "Given name", T.TEXT),
    Field("last", "Family name", T.TEXT),
    Field("tel", "Telephone", T.PHONE),
    Field("industry", "Branch", T.TEXT, writable=False),
    Field("notes", "Notes", T.LONG_TEXT),
    Field("budget", "Budget", T.NUMBER),
    Field("nick", "Nickname", T.TEXT),
    Field("country", "Country", T.OPTION, options=COUNTRIES),
    Field("joined", "Joined", T.DATE),
]
HUB_KINDS = (
    Kind(
        "contacts", "Contacts", "contact", "person",
        presets=(
            Preset("email", "email", required=True, locked=True), Preset("first_name", "firstname"),
            Preset("last_name", "lastname", required=True), Preset("phone", "phone"), Preset("industry", "industry"),
            Preset("company_name", "company"),
        ),
    ),
    Kind("companies", "Companies", "company", "company"),
)  # fmt: skip
APP_KINDS = (
    Kind(
        "people", "People", "person", "person",
        presets=(
            Preset("email", "mail", required=True), Preset("first_name", "first"), Preset("last_name", "last"),
            Preset("phone", "tel", on=False), Preset("industry", "industry"), Preset("twitter", "nick"),
        ),
        filter_fields=("country",),
    ),
    Kind("firms", "Firms", "firm", "company"),
)  # fmt: skip


@dataclass
class Bench:
    """Both apps, who has connected them, and what a person sees. Apps may be changed before the first page is asked for."""

    account: Account
    user: User
    browser: Client
    crm: MemoryApp
    leads: MemoryApp
    hub: AppInstance
    app: AppInstance

    def draft(self) -> Sync:
        found = drafts.new(account=self.account, by=self.user)
        drafts.choose_pair(
            draft=found, app_instance=self.app, hub_instance=self.hub, hub_kind="contacts", app_kind="people"
        )
        return found

    def row(self, sync: Sync, app_field: str) -> FieldMapping:
        return sync.mappings.get(app_field=app_field)

    def url(self, sync: Sync, step: str) -> str:
        return f"/syncs/{sync.pk}/setup/{step}/"

    def post(self, sync: Sync, step: str, **data: Any) -> Any:
        return self.browser.post(self.url(sync, step), data)

    def htmx(self, sync: Sync, step: str, **data: Any) -> str:
        answer = self.browser.post(self.url(sync, step), data, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return answer.content.decode()

    def get(self, sync: Sync, step: str) -> str:
        answer = self.browser.get(self.url(sync, step))
        assert answer.status_code == 200
        return answer.content.decode()


def catalogue_entry(key: str, name: str, memory: MemoryApp, kinds: tuple[Kind, ...], **more: Any) -> App:
    return App(
        key=key,
        name=name,
        letter=name[0],
        blurb="",
        ways_in=(),
        kinds=kinds,
        permissions=(),
        abilities=lambda kind: memory.abilities,
        connect=lambda instance: MemoryConnector(memory),
        **more,
    )


@pytest.fixture
def bench(account: Account, manager: User, as_manager: Client) -> Iterator[Bench]:
    crm = MemoryApp(fields=list(HUB_FIELDS))
    leads = MemoryApp(
        abilities=Abilities(delete=False, clear=False, sees_deletions=False, containers="list", target_container=True),
        fields=list(APP_FIELDS),
        lists={"7": "Trade fair", "8": "Website"},
    )
    registry.apps()["crm"] = catalogue_entry("crm", "Bigdesk", crm, HUB_KINDS, can_be_hub=True)
    registry.apps()["leads"] = catalogue_entry("leads", "Leadbox", leads, APP_KINDS)
    made = {
        key: AppInstance.objects.create(account=account, app_key=key, label=key, is_hub=key == "crm", way_in="keys")
        for key in ("crm", "leads")
    }
    yield Bench(account, manager, as_manager, crm, leads, made["crm"], made["leads"])
    registry.apps().pop("crm")
    registry.apps().pop("leads")


@pytest.fixture
def draft(bench: Bench) -> Sync:
    return bench.draft()


@pytest.fixture
def schemas(draft: Sync) -> mappings.Schemas:
    return mappings.schemas_of(draft)
