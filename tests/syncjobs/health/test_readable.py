"""Values as people know them, on the page of a record."""

from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import ObjectSchema
from integrations.records import Field, FieldType, Option, Side
from portal.accounts.models import Account
from syncjobs.health.readable import Reader
from syncjobs.models import RecordLink, Sync
from tests import factories

T = FieldType
FIELDS = [
    Field("stage", "Deal stage", T.OPTION, options=(Option("closedwon", "Closed won"),)),
    Field("tags", "Tags", T.MULTI, options=(Option("1", "Fair"), Option("2", "Web"))),
    Field("owner", "Owner", T.USER, options=(Option("a@example.com", "Ada"),)),
    Field("day", "Day", T.DATE),
    Field("at", "At", T.DATETIME),
    Field("name", "Name", T.TEXT),
    Field("vip", "VIP", T.BOOL),
    Field("people", "People", T.REFERENCE, refers_to="contacts", many=True),
]


@pytest.fixture
def deals(account: Account) -> Sync:
    """A sync of deals beside one of contacts; the hub's contact h-1 is Ada."""
    people = factories.sync_of(account)
    factories.link_of(people, hub_id="h-1", label="Ada Lovelace")
    deals = factories.sync_of(account, app_instance=people.app_instance, hub_kind="deals")
    ObjectSchema.objects.create(instance=deals.hub_instance, kind="deals", fields=[asdict(field) for field in FIELDS])
    return deals


@pytest.mark.parametrize(
    ("field", "raw", "text"),
    [
        ("stage", "closedwon", "Closed won"),
        ("stage", "unheard of", "unheard of"),
        ("tags", ["1", "3", "2"], "Fair, 3, Web"),
        ("owner", "a@example.com", "Ada"),
        ("day", "2026-11-27", "Nov. 27, 2026"),
        ("at", "2026-11-27T00:00:00.000Z", "Nov. 27, 2026"),
        ("at", "2026-11-27T09:30:00Z", "Nov. 27, 2026, 9:30 a.m."),
        ("at", "tomorrow", "tomorrow"),
        ("name", "closedwon", "closedwon"),
        ("vip", True, "Yes"),
        ("people", ["h-1", "h-2"], "Ada Lovelace, h-2"),
        ("people", "h-1", "Ada Lovelace"),
        ("stage", None, ""),
        ("no such field", "x", "x"),
    ],
)
def test_a_value_is_shown_as_people_know_it(deals: Sync, field: str, raw: Any, text: str) -> None:
    assert Reader(deals).text(Side.HUB, field, raw) == text


def test_names_come_only_from_the_same_connection(deals: Sync, account: Account) -> None:
    elsewhere = factories.instance_of(Account.objects.create(name="Other"), "hubspot", is_hub=True)
    other = factories.sync_of(elsewhere.account, hub_instance=elsewhere)
    factories.link_of(other, hub_id="h-9", label="Somebody else's")
    assert Reader(deals).text(Side.HUB, "people", ["h-9"]) == "h-9"


def test_the_record_page_and_its_ledger_read_so(as_viewer: Client, deals: Sync) -> None:
    deals.mappings.all().delete()
    deals.mappings.create(app_field="status", hub_field="stage")
    deals.mappings.create(app_field="contact", hub_field="people", position=1)
    seen = {"stage": "closedwon", "people": ["h-1"]}
    link: RecordLink = factories.link_of(deals, hub_seen=seen, app_seen={"status": "1", "contact": "a-1"})
    link.changes.create(sync=deals, side="app", field="status", old="2", new="1", loser="closedwon", rule="winner_app")
    html = as_viewer.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
    assert "Closed won" in html
    assert "Ada Lovelace" in html
    assert "“Closed won” gave way." in html
    assert "closedwon" not in html
