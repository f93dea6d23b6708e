"""Whole syncs of Sansan's cards into HubSpot, both stand-ins, run by the real runner with the wizard's defaults."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from integrations.connectors.sansan.connector import FEW
from integrations.models import AppInstance
from integrations.records import Side
from integrations.registry import app
from integrations.services import connections, credentials
from integrations.standins.sansan import control
from integrations.standins.sansan.server import Sansan
from portal.accounts.models import Account
from portal.matrix.play import Stopped, work_off
from syncjobs.models import PendingChange, RecordLink, RecordStatus, RunKind, Sync, SyncState
from syncjobs.services import drafts, new_fields, runs, syncs
from syncjobs.services.mappings import schemas_of
from tests.contract.conftest import Control
from tests.standins import sansan_account

pytestmark = pytest.mark.django_db


class World:
    """One account with HubSpot as its hub. Each key is a connection with a sync of its own."""

    def __init__(self, account: Account, user: Any, hubspot: Control, sansan: Sansan, token: str) -> None:
        self.account, self.user, self.hubspot, self.sansan = account, user, hubspot, sansan
        self.hub = AppInstance.objects.create(
            account=account,
            app_key="hubspot",
            label="HubSpot",
            way_in="service_key",
            is_hub=True,
            remote_account_id="1",
        )
        credentials.store(self.hub, {"access_token": token})

    def connect(self, key: str) -> AppInstance:
        return connections.connect_with_keys(
            account=self.account, user=self.user, app=app("sansan"), way_in="keys", values={"api_key": key}, label=""
        )

    def draft(self, key: str = "", **settings: Any) -> Sync:
        instance = self.connect(key or self.sansan.admin_key)
        draft = drafts.new(account=self.account, by=self.user, app_instance=instance)
        drafts.choose_pair(
            draft=draft, app_instance=instance, hub_instance=self.hub, hub_kind="contacts", app_kind="cards"
        )
        for name, value in settings.items():
            setattr(draft, name, value)
        draft.save()
        return draft

    def start(self, draft: Sync) -> Sync:
        sync = syncs.save_and_sync(draft=draft, by=self.user)
        work_off(sync.runs.active().get())
        return self.poll(sync)

    def poll(self, sync: Sync, kind: str = RunKind.INCREMENTAL) -> Sync:
        sync.refresh_from_db()
        RecordLink.objects.filter(sync=sync).update(next_try_at=None)
        work_off(runs.start(sync=sync, kind=kind))
        return sync

    # -- hands and eyes ----------------------------------------------------------------------------------------------------
    def card(self, **values: Any) -> str:
        return control.create(self.sansan, {"lastName": "佐藤", **values}).id

    def contacts(self) -> list[dict[str, Any]]:
        return [row["properties"] for row in self.hubspot("list")["results"]]

    def status(self, sync: Sync, card: str) -> tuple[str, str]:
        link = RecordLink.objects.get(sync=sync, app_id=card)
        return link.status, link.code


@pytest.fixture(scope="module")
def sansan_server() -> Iterator[Sansan]:
    with sansan_account.running() as account:
        yield account


@pytest.fixture
def world(
    account: Account, manager: Any, sansan_server: Sansan, hubspot_standin: Any, hubspot_control: Control, settings: Any
) -> World:
    settings.HUBSPOT_API_URL = hubspot_standin["api_url"]
    settings.HUBSPOT_CALLS_PER_SECOND = 1_000_000
    settings.SANSAN_API_URL = sansan_server.base
    settings.SANSAN_CALLS_PER_MINUTE = 600_000
    sansan_server.settings.update(sansan_server.initial)
    sansan_server.clock.offset = 0.0
    sansan_server.reset()
    hubspot_control("records", delete=[int(row["id"]) for row in hubspot_control("list")["results"]])
    return World(account, manager, hubspot_control, sansan_server, hubspot_standin["token"])


def test_the_defaults_bring_cards_one_way_and_delete_nothing(world: World) -> None:
    draft = world.draft()
    assert (draft.direction, draft.when_deleted_in_app, draft.winner) == ("to_hub", "flag", "app")
    pairs = set(draft.mappings.filter(on=True).values_list("app_field", "hub_field"))
    assert {("email", "email"), ("last_name", "lastname"), ("company_name", "company"), ("phone", "phone")} <= pairs
    card = world.card(email="sato@example.com", companyName="株式会社青空", url="aozora.example")
    world.card(email="not an address")
    sync = world.start(draft)
    (contact,) = world.contacts()
    assert (contact["email"], contact["company"], contact["website"]) == (
        "sato@example.com", "株式会社青空", "https://aozora.example",
    )  # fmt: skip
    world.sansan.store.delete(card)
    world.poll(sync, RunKind.FULL_SCAN)
    assert len(world.contacts()) == 1
    assert world.status(sync, card)[0] == RecordStatus.DELETED_IN_APP


DAYS = {"主任": "2024-01-01", "課長": "2025-01-01", "部長": "2026-01-01"}


@pytest.mark.parametrize("order", permutations(DAYS))
@pytest.mark.parametrize("one_by_one", [False, True])
def test_of_several_cards_with_one_address_the_one_received_last_syncs_in_any_order(
    world: World, order: tuple[str, ...], one_by_one: bool
) -> None:
    sync = world.start(world.draft()) if one_by_one else None
    ids = {}
    for title in order:
        ids[title] = world.card(email="sato@example.com", title=title, exchangeDate=DAYS[title])
        if sync:
            world.poll(sync)
    sync = sync or world.start(world.draft())
    (contact,) = world.contacts()
    assert contact["jobtitle"] == "部長"
    assert [world.status(sync, ids[title])[1] for title in DAYS] == ["DUPLICATE_IN_SOURCE"] * 2 + [""]


def test_of_cards_of_one_day_the_one_registered_last_syncs_and_edits_change_nothing(world: World) -> None:
    ids = [world.card(email="info@example.com", title=title) for title in ("主任", "課長")]
    store = world.sansan.store
    for place, id in enumerate(ids):
        store.change(store.cards[id], touch=False, registered=store.cards[id].registered - 86_400 * (2 - place))
    control.edit(world.sansan, store.cards[ids[0]], {"id": ids[0], "memo": "edited last"})
    sync = world.start(world.draft())
    for n in range(3):
        control.edit(world.sansan, store.cards[ids[0]], {"id": ids[0], "memo": f"edited {n}"})
        world.poll(sync)
    (contact,) = world.contacts()
    assert contact["jobtitle"] == "課長"
    assert world.status(sync, ids[0])[1] == "DUPLICATE_IN_SOURCE"


def test_of_two_people_with_one_mailbox_one_stays_whoever_is_edited_and_the_other_is_marked(world: World) -> None:
    first = world.card(lastName="佐藤", email="info@example.com", exchangeDate="2026-01-01")
    sync = world.start(world.draft())
    second = world.card(lastName="鈴木", email="info@example.com", exchangeDate="2026-01-01")
    for n in range(3):
        for id in (first, second):
            control.edit(world.sansan, world.sansan.store.cards[id], {"id": id, "memo": f"edited {n}"})
            world.poll(sync)
            assert [contact["lastname"] for contact in world.contacts()] == ["佐藤"]
    assert world.status(sync, second) == (RecordStatus.EXCLUDED, "SHARED_IDENTIFIER")


def test_when_the_card_that_synced_is_deleted_the_next_one_takes_over(world: World) -> None:
    old = world.card(email="sato@example.com", title="課長")
    card = world.sansan.store.cards[old]
    world.sansan.store.change(card, touch=False, updated=card.updated - 86_400)
    new = world.card(email="sato@example.com", title="部長")
    sync = world.start(world.draft())
    world.sansan.store.delete(new)
    world.poll(sync, RunKind.FULL_SCAN)
    (contact,) = world.contacts()
    assert contact["jobtitle"] == "課長"
    assert world.status(sync, old) == (RecordStatus.IN_SYNC, "")


@pytest.mark.parametrize("kind", [RunKind.INCREMENTAL, RunKind.FULL_SCAN])
def test_a_newer_card_of_a_person_takes_over_from_the_one_that_synced(world: World, kind: str) -> None:
    """Sansan keeps the old card, and lists it no more. Neither tells when it was received."""
    old = world.card(email="sato@example.com", title="課長")
    sync = world.start(world.draft(when_deleted_in_app="delete"))
    new = world.card(email="sato@example.com", title="部長")
    cards = world.sansan.store.cards
    world.sansan.store.change(cards[old], touch=False, registered=cards[old].registered - 86_400)
    world.sansan.store.merge(cards[new], cards[old])
    if kind == RunKind.FULL_SCAN:  # so many cards changed that the poll does not look
        for place in range(FEW):
            world.card(email=f"{place}@example.com")
        world.poll(sync)
        assert world.status(sync, old) == (RecordStatus.IN_SYNC, "")
    world.poll(sync, kind)
    contact = next(each for each in world.contacts() if each["email"] == "sato@example.com")
    assert contact["jobtitle"] == "部長"
    assert world.status(sync, new) == (RecordStatus.IN_SYNC, "")
    assert not RecordLink.objects.filter(sync=sync, app_id=old).exists()


def test_a_person_without_an_address_stays_one_contact_when_a_newer_card_comes(world: World) -> None:
    old = world.card(lastName="山本", mobile="090-1234-5678", exchangeDate="2025-01-01")
    sync = world.start(world.draft(email_only=False))
    person = world.sansan.store.cards[old].person_id
    new = world.card(lastName="山本", mobile="090-8765-4321", exchangeDate="2026-01-01", personId=person)
    for kind in (RunKind.INCREMENTAL, RunKind.FULL_SCAN, RunKind.INCREMENTAL):
        world.poll(sync, kind)
        assert [contact["mobilephone"] for contact in world.contacts()] == ["090-8765-4321"]
    assert world.status(sync, new) == (RecordStatus.IN_SYNC, "")


def test_of_two_contacts_of_a_person_without_an_address_none_takes_the_others_place(world: World) -> None:
    """Sansan finds out later that two cards are of one person, and hides the older one."""
    old = world.card(lastName="山本", mobile="090-1234-5678", exchangeDate="2025-01-01")
    new = world.card(lastName="山本", mobile="090-8765-4321", exchangeDate="2026-01-01")
    sync = world.start(world.draft(email_only=False))
    cards = world.sansan.store.cards
    world.sansan.store.merge(cards[new], cards[old])
    PendingChange.objects.create(sync=sync, side="app", remote_id=old)
    world.poll(sync)
    world.poll(sync, RunKind.FULL_SCAN)
    assert sorted(contact["mobilephone"] for contact in world.contacts()) == ["090-1234-5678", "090-8765-4321"]
    assert world.status(sync, new) == (RecordStatus.IN_SYNC, "")
    assert world.status(sync, old) == (RecordStatus.EXCLUDED, "CONVERTED_AWAY")


def test_two_keys_that_see_the_same_cards_make_no_contact_twice(world: World) -> None:
    """Also of cards without an address, and of a person whom each key shows on another card."""
    both = world.card(email="sato@example.com")
    nameless = world.card(lastName="山本", mobile="090-1234-5678")
    world.card(email="taro@example.com", owner="営業 太郎", title="課長")
    world.card(email="taro@example.com", shared=False, title="部長")
    first = world.start(world.draft(email_only=False))
    second = world.start(world.draft(world.sansan.user_key, email_only=False))
    assert len(world.contacts()) == 3
    for card in (both, nameless):
        ids = {RecordLink.objects.get(sync=sync, app_id=card).hub_id for sync in (first, second)}
        assert len(ids) == 1
    writes = world.hubspot("stats")["by_path"]
    for _ in range(5):
        world.poll(first)
        world.poll(second)
    after = world.hubspot("stats")["by_path"]
    changed = {
        line
        for line, n in after.items()
        if n != writes.get(line) and ("batch/create" in line or "batch/update" in line)
    }
    assert not changed


@pytest.mark.parametrize("kind", [RunKind.INCREMENTAL, RunKind.FULL_SCAN, RunKind.RETRY])
def test_a_version_that_sansan_withdraws_stops_the_sync_and_no_card_is_gone(world: World, kind: str) -> None:
    card = world.card(email="sato@example.com")
    sync = world.start(world.draft(when_deleted_in_app="delete"))
    PendingChange.objects.create(sync=sync, side="app", remote_id=card)  # a retry reads nothing else
    world.sansan.settings["versions"] = "v6.0"
    with pytest.raises(Stopped, match=r"v3\.2"):
        world.poll(sync, kind)
    sync.refresh_from_db()
    assert (sync.state, sync.state_code) == (SyncState.SUSPENDED, "API_ACCESS_DISABLED")
    assert world.status(sync, card) == (RecordStatus.IN_SYNC, "")
    assert len(world.contacts()) == 1


def test_one_key_cannot_be_connected_twice_and_a_new_key_of_the_same_user_reconnects(world: World) -> None:
    instance = world.connect(world.sansan.user_key)
    assert instance.remote_account_name.startswith("営業 太郎")
    with pytest.raises(connections.ConnectRefused, match="connected already"):
        world.connect(world.sansan.user_key)
    made = control.keys(world.sansan, {"withdraw": world.sansan.user_key, "renew": "営業 太郎"})["made"]
    again = connections.connect_with_keys(
        account=world.account, user=world.user, app=app("sansan"), way_in="keys", values={"api_key": made}, label="",
        instance=instance,
    )  # fmt: skip
    assert again.pk == instance.pk


def test_tags_arrive_in_a_property_that_the_wizard_made(world: World) -> None:
    world.card(email="sato@example.com", tags=["展示会 002", "展示会 001"])
    draft = world.draft()
    made = new_fields.make(sync=draft, schemas=schemas_of(draft), side=Side.HUB, source="tags", by=world.user)
    world.start(draft)
    (contact,) = world.contacts()
    assert made.hub_field == "sansan_tags"
    assert contact["sansan_tags"] == "展示会 001, 展示会 002"


def test_chosen_tags_bound_the_sync(world: World) -> None:
    tag = world.sansan.store.tag_named("展示会 001")
    assert tag
    world.card(email="in@example.com", tags=[tag.id])
    later = world.card(email="later@example.com")
    sync = world.start(world.draft(app_scope={"lists": [tag.id]}))
    assert [contact["email"] for contact in world.contacts()] == ["in@example.com"]
    control.edit(world.sansan, world.sansan.store.cards[later], {"id": later, "tags": [tag.id], "title": "部長"})
    world.poll(sync)
    assert sorted(contact["email"] for contact in world.contacts()) == ["in@example.com", "later@example.com"]
