"""One folder below ``integrations/connectors/`` is a whole app: in the directory, on the connect page, in the wizard, in a sync."""

from typing import Any

import pytest
from django.test import Client

from integrations import registry
from integrations.models import AppInstance, InstanceState
from integrations.records import Side, Values
from integrations.services import credentials
from integrations.standins.realservers.proxy import Proxy
from portal.accounts.models import Account
from syncjobs.models import Sync, SyncState
from tests.contract.conftest import Control
from tests.newapp import server
from tests.newapp.server import Collection
from tests.realservers.test_syncs import HubSpotPeer, Pair, person, proxied

__all__ = ["proxied"]
pytestmark = [pytest.mark.django_db, *server.MARKS]
NAMES = ("email", "first_name", "last_name")


class PeopleOwner:
    """Somebody who works in the collection itself."""

    def __init__(self, people: Collection) -> None:
        self.people = people

    def put_all(self, people: list[Values]) -> list[str]:
        return self.people.put(*people)

    def edit(self, id: str, values: Values) -> None:
        self.people.edit(id, dict(values))

    def remove(self, id: str) -> None:
        self.people.remove(id)

    def all(self) -> dict[str, Values]:
        return {id: {name: row.get(name) for name in NAMES} for id, row in self.people.all().items()}

    def time_passes(self) -> None:
        pass


def typed(people: Collection, url: str, **other: str) -> dict[str, str]:
    """What a person enters on the connect page."""
    form = {
        "base_url": url,
        "user": server.USER,
        "password": server.PASSWORD,
        "bucket": "crm",
        "collection": people.name,
    }
    return {**form, **other}


@pytest.fixture
def hub(account: Account, hubspot_standin: Any, hubspot_control: Control, proxied: Any, settings: Any) -> Proxy:
    """HubSpot is connected already."""
    proxy = proxied(hubspot_standin["api_url"])
    settings.HUBSPOT_API_URL = proxy.url
    hub = AppInstance.objects.create(
        account=account, app_key="hubspot", label="Portal", way_in="service_key", is_hub=True, remote_account_id="1"
    )
    credentials.store(hub, {"access_token": hubspot_standin["token"]})
    return proxy


def test_the_folder_is_in_the_directory_and_gone_without_it(as_viewer: Client, added: None) -> None:
    page = as_viewer.get("/apps/", {"q": "kinto"}).content.decode()
    assert 'id="app-kinto"' in page
    assert "A collection of people on a Kinto server" in page
    assert "kinto" in registry.apps()


def test_wrong_entries_are_said_on_the_connect_page(
    as_manager: Client, hub: Proxy, people: Collection, proxy: Proxy
) -> None:
    wrong = as_manager.post("/apps/kinto/connect/", typed(people, proxy.url, password="guessed"))
    assert wrong.status_code == 422
    assert "does not accept these credentials" in wrong.content.decode()
    missing = as_manager.post("/apps/kinto/connect/", typed(people, proxy.url, collection="nobody"))
    assert "There is no such collection" in missing.content.decode()
    assert not AppInstance.objects.filter(app_key="kinto").exists()


def walk(browser: Client, people: Collection, address: str) -> Sync:
    """Connect, then the five steps of the wizard, each as the page offers it."""
    assert browser.get("/apps/kinto/connect/").status_code == 200
    answer = browser.post("/apps/kinto/connect/", typed(people, address))
    assert answer.status_code == 302, answer.content.decode()
    instance = AppInstance.objects.get(app_key="kinto")
    browser.post(answer["Location"])
    instance.refresh_from_db()
    assert (instance.state, {check["state"] for check in instance.checks}) == (InstanceState.CONNECTED, {"passed"})
    browser.post("/syncs/new/", {"instance": instance.pk})
    draft = Sync.objects.get()
    offered = f"{instance.pk}:contacts:contacts"
    assert f'value="{offered}"' in browser.get(f"/syncs/{draft.pk}/setup/connect/").content.decode()
    for step, data in {"connect": {"pair": offered}, "direction": DIRECTION, "limits": LIMITS, "mappings": {}}.items():
        answer = browser.post(f"/syncs/{draft.pk}/setup/{step}/", {"do": "next", **data})
        assert answer.status_code == 302, answer.content.decode()
    browser.post(f"/syncs/{draft.pk}/setup/review/", {"do": "sync"})
    return Sync.objects.get(state=SyncState.INITIAL)


DIRECTION = {
    "direction": "both", "winner": "hub", "duplicates": "newest", "keep_blanks": "on", "key0": "email:email",
    "strength0": "strong", "key1": "", "strength1": "strong", "when_deleted_in_app": "delete", "when_deleted_in_hub": "delete",
}  # fmt: skip
LIMITS = {"leaving": "keep", "start": "everything", "app-shown": "1", "hub-shown": "1"}


def test_from_the_connect_page_to_both_sides_equal(
    as_manager: Client, hub: Proxy, hubspot_control: Control, people: Collection, proxy: Proxy
) -> None:
    hubspot, owner = HubSpotPeer(hubspot_control, hub), PeopleOwner(people)
    hubspot.put_all([person(n) for n in range(40)])
    owner.put_all([person(n) for n in range(20, 60)])
    sync = walk(as_manager, people, proxy.url)
    pair = Pair(sync, hubspot, owner, proxies={Side.HUB: hub, Side.APP: proxy})
    pair.settle(8)
    pair.assert_equal(60)
    assert pair.counts() == {"insync": 60}

    hubspot.edit(pair.id_of(Side.HUB, "p1@example.com"), {"first_name": "Hub"})
    owner.edit(pair.id_of(Side.APP, "p50@example.com"), {"last_name": "App"})
    hubspot.remove(pair.id_of(Side.HUB, "p5@example.com"))
    owner.remove(pair.id_of(Side.APP, "p55@example.com"))
    pair.settle()
    pair.assert_equal(58)
    found = pair.people(Side.APP)
    assert found["p1@example.com"]["first_name"] == "Hub"
    assert pair.people(Side.HUB)["p50@example.com"]["last_name"] == "App"
    assert not {"p5@example.com", "p55@example.com"} & set(found)

    edited_while_we_write(pair, people)
    asked = pair.quiet_pass()
    assert not [each for each in asked[Side.APP] if each[0] != "GET"]
    assert len(asked[Side.APP]) <= 2
    page = as_manager.get(f"/syncs/{sync.pk}/").content.decode()
    assert "In sync" in page


def edited_while_we_write(pair: Pair, people: Collection) -> None:
    """The hub's first name is on its way when a person changes the last name, and something that is not mapped."""
    id = pair.id_of(Side.APP, "p10@example.com")
    proxy = pair.proxies[Side.APP]

    def person_is_faster(asked: tuple[str, str]) -> None:
        if asked[0] == "POST":
            proxy.before = lambda asked: None
            people.edit(id, {"last_name": "Faster", "vip": True})

    proxy.before = person_is_faster
    pair.hub.edit(pair.id_of(Side.HUB, "p10@example.com"), {"first_name": "Written"})
    pair.settle()
    for side in Side:
        found = pair.people(side)["p10@example.com"]
        assert found == {"email": "p10@example.com", "first_name": "Written", "last_name": "Faster"}
    assert people.all()[id]["vip"] is True
