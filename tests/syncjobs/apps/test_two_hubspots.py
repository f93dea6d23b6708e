"""All object types between two HubSpot accounts, set up as the wizard does it and run by the real runner: records of every kind
come across with their owners, stages and associations, and stay equal."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations.connectors.hubspot.app import APP as HUBSPOT
from integrations.models import AppInstance
from integrations.records import Side
from portal.accounts.models import Account
from portal.demo import story
from syncjobs.models import RecordLink, RunKind, Sync
from syncjobs.services import runs
from tests.contract.conftest import Control
from tests.syncjobs.runner.world import World, started

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(120)]

SAME = ("dealstage", "pipeline", "hs_pipeline_stage", "hubspot_owner_id", "hs_timestamp", "hs_sku")
HUB, APP = 4242, 4243  # the second account is empty
KINDS = [kind.key for kind in HUBSPOT.kinds]


@pytest.fixture
def accounts(
    account: Account, manager: User, hubspot_standin: dict[str, Any], hubspot_control: Control, settings: Any
) -> dict[Side, AppInstance]:
    settings.HUBSPOT_API_URL = settings.HUBSPOT_APP_URL = hubspot_standin["api_url"]
    settings.HUBSPOT_CLIENT_ID = hubspot_standin["client_id"]
    settings.HUBSPOT_CLIENT_SECRET = hubspot_standin["client_secret"]
    settings.HUBSPOT_CALLS_PER_SECOND = 1000
    return {
        side: story.connect_hub(account, manager, {"portal_id": portal}, as_hub=side is Side.HUB)
        for side, portal in ((Side.HUB, HUB), (Side.APP, APP))
    }


@pytest.fixture
def synced(account: Account, manager: User, accounts: dict[Side, AppInstance]) -> Callable[[str], World]:
    def start(kind: str) -> World:
        return started(account, manager, accounts[Side.HUB], accounts[Side.APP], kind, kind)

    return start


def held(control: Control, portal: int, kind: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in control("list", portal=portal, type=kind)["results"]}


def twins(sync: Sync) -> dict[str, str]:
    return dict(RecordLink.objects.filter(sync=sync, app_id__isnull=False).values_list("hub_id", "app_id"))


def test_business_comes_across_with_its_ties(synced: Callable[[str], World], hubspot_control: Control) -> None:
    """Contacts before their companies, leads last: what refers to a record that is not across yet waits for it."""
    worlds = {kind: synced(kind) for kind in KINDS}
    for world in worlds.values():  # a sync that other records refer to is new: all records are read once more
        world._finish(runs.start(sync=world.sync, kind=RunKind.FULL_SCAN))
        world.poll()
    known = {kind: twins(world.sync) for kind, world in worlds.items()}
    for kind, world in worlds.items():
        hub, app = (held(hubspot_control, portal, kind) for portal in (HUB, APP))
        assert world.counts() == ({"insync": len(hub)} if hub else {}), kind
        assert len(app) == len(hub), kind
        for id, row in hub.items():
            twin = app[known[kind][id]]
            assert {name: twin["properties"].get(name) for name in SAME} == {
                name: row["properties"].get(name) for name in SAME
            }, (kind, id)
            if kind != "companies":
                assert ties(twin) == translated(ties(row), known), (kind, id)
            else:
                assert parents(twin) == {known[kind][parent] for parent in parents(row)}


def ties(row: dict[str, Any]) -> set[tuple[str, str, str]]:
    """(kind, id, labels) of the people and companies next to a record."""
    return {
        (kind, one["id"], ",".join(one["labels"]))
        for kind, near in row.get("associations", {}).items()
        if kind in ("contacts", "companies")
        for one in near
    }


def translated(found: set[tuple[str, str, str]], known: dict[str, dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(kind, known[kind][id], labels) for kind, id, labels in found}


def parents(row: dict[str, Any]) -> set[str]:
    return {one["id"] for one in row.get("associations", {}).get("companies", []) if one["labels"] == ["Parent"]}


def test_a_deal_moves_to_another_company_at_both_sides(
    synced: Callable[[str], World], hubspot_control: Control
) -> None:
    companies, deals = synced("companies"), synced("deals")
    known = twins(companies.sync)
    deal, row = next(iter(held(hubspot_control, HUB, "deals").items()))
    old = row["associations"]["companies"][0]["id"]
    new = next(id for id in known if id != old)
    hubspot_control("records", type="deals", associate=[[int(deal), "companies", int(new), "primary"]])
    hubspot_control("records", type="deals", edit=[{"id": int(deal), "amount": "77"}])
    deals.poll()
    twin = held(hubspot_control, APP, "deals")[twins(deals.sync)[deal]]
    labels = {one["id"]: one["labels"] for one in twin["associations"]["companies"]}
    assert labels == {known[old]: [], known[new]: ["Primary"]}
    assert twin["properties"]["amount"] == "77"
