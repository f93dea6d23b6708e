"""Whole syncs with a real Tryton server: HubSpot's stand-in ↔ Tryton, and an address book whose hub is Tryton."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.models import AppInstance
from integrations.records import Side, Values
from integrations.services import credentials
from integrations.standins.realservers.proxy import Proxy
from integrations.standins.realservers.tryton import TrytonServer
from portal.accounts.models import Account
from syncjobs.models import FieldMapping, RecordLink, Sync, SyncState
from tests.contract.conftest import Control
from tests.realservers import erp
from tests.realservers.erp import PartyPeer
from tests.realservers.servers import CardServer
from tests.realservers.test_syncs import BookPeer, HubSpotPeer, Pair, book_scope, card_instance, person, proxied

__all__ = ["proxied"]
pytestmark = [pytest.mark.django_db, *erp.MARKS]
NAMES = ("email", "first_name", "last_name")


class ErpPeer(PartyPeer):
    def put_all(self, people: list[Values]) -> list[str]:
        return [str(id) for id in self.make("party.party", *(self._row(values) for values in people))]

    def all(self) -> dict[str, Values]:
        return {id: self.values(id) for id in self.ids()}

    def time_passes(self) -> None:
        """Longer than the connector looks back."""
        self.proxy.ahead += 600


def erp_instance(account: Account, proxy: Proxy, server: TrytonServer, *, is_hub: bool = False) -> AppInstance:
    instance = AppInstance.objects.create(
        account=account, app_key="tryton", label="Tryton", way_in="keys", base_url=f"{proxy.url}/crm", is_hub=is_hub,
        remote_account_id="Tryton",
    )  # fmt: skip
    credentials.store(instance, {"access_token": server.key})
    return instance


def saved_sync(account: Account, hub: AppInstance, app: AppInstance, mappings: dict[str, str], **more: Any) -> Sync:
    """``mappings``: the app's field → the hub's."""
    sync = Sync.objects.create(
        account=account, hub_instance=hub, app_instance=app, state=SyncState.ACTIVE, winner="hub",
        identifiers=[{"hub_field": mappings["email"], "app_field": "email", "strong": True}],
        when_deleted_in_hub="delete", when_deleted_in_app="delete", **more,
    )  # fmt: skip
    FieldMapping.objects.bulk_create(
        FieldMapping(sync=sync, app_field=ours, hub_field=theirs) for ours, theirs in mappings.items()
    )
    return sync


@pytest.fixture
def erp_proxy(tryton: TrytonServer, proxied: Callable[[str], Proxy]) -> Proxy:
    tryton.reset()
    return proxied(tryton.url.rpartition("/")[0])


@pytest.fixture
def hubspot_and_tryton(
    account: Account, hubspot_standin: Any, hubspot_control: Control, tryton: TrytonServer, erp_proxy: Proxy,
    proxied: Callable[[str], Proxy], settings: Any,
) -> Pair:  # fmt: skip
    proxies = {Side.HUB: proxied(hubspot_standin["api_url"]), Side.APP: erp_proxy}
    settings.HUBSPOT_API_URL = proxies[Side.HUB].url
    hub = AppInstance.objects.create(
        account=account, app_key="hubspot", label="Portal", way_in="service_key", is_hub=True, remote_account_id="1"
    )
    credentials.store(hub, {"access_token": hubspot_standin["token"]})
    app = erp_instance(account, erp_proxy, tryton)
    sync = saved_sync(account, hub, app, HubSpotPeer.WORDS, hub_kind="contacts", app_kind="people")
    peers = HubSpotPeer(hubspot_control, proxies[Side.HUB]), ErpPeer(tryton, erp_proxy, people=True)
    return Pair(sync, *peers, proxies=proxies)


@pytest.fixture
def tryton_and_radicale(
    account: Account, tryton: TrytonServer, erp_proxy: Proxy, radicale: CardServer, proxied: Callable[[str], Proxy]
) -> Iterator[Pair]:
    proxies = {Side.HUB: erp_proxy, Side.APP: proxied(radicale.url)}
    hub = erp_instance(account, erp_proxy, tryton, is_hub=True)
    app = card_instance(account, proxies[Side.APP].url, "Radicale")
    with radicale.new_book() as book:
        sync = saved_sync(
            account,
            hub,
            app,
            {name: name for name in NAMES},
            hub_kind="people",
            app_kind="cards",
            app_scope=book_scope(book),
        )
        peers = ErpPeer(tryton, erp_proxy, people=True), BookPeer(book, proxies[Side.APP])
        yield Pair(sync, *peers, proxies=proxies)


@pytest.mark.slow
def test_hubspot_and_tryton_stay_equal(hubspot_and_tryton: Pair) -> None:
    pair = hubspot_and_tryton
    pair.hub.put_all([person(n) for n in range(60)])
    pair.app.put_all([person(n) for n in range(30, 90)])
    pair.initial()
    pair.settle()
    pair.assert_equal(90)
    _live(pair)


@pytest.mark.slow
def test_an_address_book_follows_tryton_as_its_hub(tryton_and_radicale: Pair) -> None:
    pair = tryton_and_radicale
    pair.hub.put_all([person(n) for n in range(40)])
    pair.app.put_all([person(n) for n in range(20, 60)])
    pair.initial()
    pair.settle()
    pair.assert_equal(60)
    _live(pair)


def test_a_lost_answer_doubles_nobody(hubspot_and_tryton: Pair) -> None:
    """What the lost create made is found again by its key, or by the e-mail."""
    pair = hubspot_and_tryton
    pair.hub.put_all([person(n) for n in range(5)])
    pair.proxies[Side.APP].lose = "party.party/create"
    pair.initial()
    pair.settle(8)
    pair.assert_equal(5)


def _live(pair: Pair) -> None:
    """People work at both sides; then it is quiet."""
    before = len(pair.hub.all())
    for n in range(3):
        pair.hub.edit(pair.id_of(Side.HUB, f"p{n}@example.com"), {"first_name": f"Hub{n}"})
        pair.app.edit(pair.id_of(Side.APP, f"p{n + 50}@example.com"), {"last_name": f"App{n} of Two"})
    pair.hub.put_all([person(9000)])
    pair.app.put_all([person(9001)])
    pair.app.remove(pair.id_of(Side.APP, "p55@example.com"))
    pair.hub.remove(pair.id_of(Side.HUB, "p5@example.com"))
    pair.settle()
    pair.assert_equal(before)
    people = pair.people(Side.HUB)
    assert [people[f"p{n}@example.com"]["first_name"] for n in range(3)] == ["Hub0", "Hub1", "Hub2"]
    assert [people[f"p{n + 50}@example.com"]["last_name"] for n in range(3)] == [f"App{n} of Two" for n in range(3)]
    assert not {"p5@example.com", "p55@example.com"} & set(people)
    assert not RecordLink.objects.filter(sync=pair.sync, dirty__gt=0).exists()
    asked = pair.quiet_pass()
    assert all(len(requests) <= 2 for requests in asked.values()), asked
    pair.assert_equal(before)
