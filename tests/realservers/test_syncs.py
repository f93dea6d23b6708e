"""Whole syncs with real CardDAV servers, run by the real runner: HubSpot's stand-in ↔ Radicale, and Radicale ↔ Xandikos with an
address book as the hub."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from integrations.models import AppInstance
from integrations.records import Side, Values
from integrations.services import credentials
from integrations.standins.realservers.proxy import Proxy
from portal.accounts.models import Account
from syncjobs.models import FieldMapping, RecordLink, Sync, SyncState
from tests.contract.conftest import Control
from tests.realservers import accounts
from tests.realservers.accounts import CardPeer
from tests.realservers.servers import Book, CardServer
from tests.syncjobs.runner.world import World

pytestmark = pytest.mark.django_db

PEOPLE = 200
ONLY_HUB, ONLY_APP = 80, 80  # the others are at both sides


class HubSpotPeer:
    """A person in HubSpot, by the stand-in's control verbs; in the words of cards."""

    WORDS = {"email": "email", "first_name": "firstname", "last_name": "lastname"}

    def __init__(self, control: Control, proxy: Proxy) -> None:
        self.control, self.proxy = control, proxy
        if seeded := [int(item["id"]) for item in control("list")["results"]]:
            control("records", delete=seeded)

    def put_all(self, people: list[Values]) -> list[str]:
        made = self.control("records", create=[self._wire(values) for values in people])["created"]
        return [str(id) for id in made]

    def edit(self, id: str, values: Values) -> None:
        self.control("records", edit=[{"id": int(id), **self._wire(values)}])

    def remove(self, id: str) -> None:
        self.control("records", delete=[int(id)])

    def all(self) -> dict[str, Values]:
        held = {item["id"]: item["properties"] for item in self.control("list")["results"]}
        return {id: {ours: each.get(name) or None for ours, name in self.WORDS.items()} for id, each in held.items()}

    def time_passes(self) -> None:
        """Longer than the connector looks back."""
        self.control("clock", advance=600)
        self.proxy.ahead += 600

    def _wire(self, values: Values) -> dict[str, Any]:
        return {self.WORDS[name]: value or "" for name, value in values.items()}


class BookPeer(CardPeer):
    def put_all(self, people: list[Values]) -> list[str]:
        start = self.book.made * 1000
        return self.book.put_many([accounts.card(f"p{start + n}", values) for n, values in enumerate(people)])

    def all(self) -> dict[str, Values]:
        return {path: accounts.values_of(text) for path, text in self.book.all().items()}

    def time_passes(self) -> None:
        pass


@dataclass
class Pair(World):
    """Two real sides; ``proxies`` see every request."""

    hub: Any
    app: Any
    proxies: dict[Side, Proxy] = field(default_factory=dict)

    def settle(self, polls: int = 5) -> None:
        """Poll until nothing is left to do."""
        for _ in range(polls):
            self.poll()
            if not RecordLink.objects.filter(sync=self.sync, dirty__gt=0).exists():
                return

    def people(self, side: Side) -> dict[str, Values]:
        peer = self.hub if side is Side.HUB else self.app
        return {str(values["email"]): values for values in peer.all().values()}

    def id_of(self, side: Side, email: str) -> str:
        peer = self.hub if side is Side.HUB else self.app
        return next(id for id, values in peer.all().items() if values["email"] == email)

    def assert_equal(self, people: int) -> None:
        hub, app = self.people(Side.HUB), self.people(Side.APP)
        assert hub == app
        assert len(self.hub.all()) == len(self.app.all()) == people
        self.counts()

    def quiet_pass(self) -> dict[Side, list[tuple[str, str]]]:
        """Minutes after everything was read, all requests of one more poll."""
        for _ in range(2):
            self.hub.time_passes()
            self.app.time_passes()
            self.poll()
        for proxy in self.proxies.values():
            proxy.asked.clear()
        self.poll()
        assert not [asked for proxy in self.proxies.values() for asked in proxy.writes]
        return {side: list(proxy.asked) for side, proxy in self.proxies.items()}


def person(number: int, **more: Any) -> Values:
    return {"email": f"p{number}@example.com", "first_name": f"First{number}", "last_name": "Müller, Jr.", **more}


def card_instance(account: Account, url: str, label: str, *, is_hub: bool = False) -> AppInstance:
    instance = AppInstance.objects.create(
        account=account,
        app_key="carddav",
        label=label,
        way_in="keys",
        base_url=url,
        is_hub=is_hub,
        remote_account_id=label,
    )
    credentials.store(instance, accounts.KEYS)
    return instance


def saved_sync(account: Account, hub: AppInstance, app: AppInstance, names: dict[str, str], **more: Any) -> Sync:
    """``names``: card field → the hub's field."""
    sync = Sync.objects.create(
        account=account, hub_instance=hub, app_instance=app, app_kind="cards", state=SyncState.ACTIVE, winner="hub",
        identifiers=[{"hub_field": "email", "app_field": "email", "strong": True}],
        when_deleted_in_hub="delete", when_deleted_in_app="delete", **more,
    )  # fmt: skip
    FieldMapping.objects.bulk_create(
        FieldMapping(sync=sync, app_field=ours, hub_field=theirs) for ours, theirs in names.items()
    )
    return sync


def book_scope(book: Book) -> dict[str, Any]:
    return {"lists": [book.path], "target_list": book.path}


@pytest.fixture
def proxied() -> Iterator[Callable[[str], Proxy]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda url: stack.enter_context(Proxy(url).running())


@pytest.fixture
def hubspot_and_radicale(
    account: Account, hubspot_standin: Any, hubspot_control: Control, radicale: CardServer,
    proxied: Callable[[str], Proxy], settings: Any,
) -> Iterator[Pair]:  # fmt: skip
    proxies = {Side.HUB: proxied(hubspot_standin["api_url"]), Side.APP: proxied(radicale.url)}
    settings.HUBSPOT_API_URL = proxies[Side.HUB].url
    hub = AppInstance.objects.create(
        account=account, app_key="hubspot", label="Portal", way_in="service_key", is_hub=True, remote_account_id="1"
    )
    credentials.store(hub, {"access_token": hubspot_standin["token"]})
    app = card_instance(account, proxies[Side.APP].url, "Radicale")
    with radicale.new_book() as book:
        sync = saved_sync(account, hub, app, HubSpotPeer.WORDS, hub_kind="contacts", app_scope=book_scope(book))
        peers = HubSpotPeer(hubspot_control, proxies[Side.HUB]), BookPeer(book, proxies[Side.APP])
        yield Pair(sync, *peers, proxies=proxies)


@pytest.fixture
def radicale_and_xandikos(
    account: Account, radicale: CardServer, xandikos: CardServer, proxied: Callable[[str], Proxy]
) -> Iterator[Pair]:
    """The hub is a role, not a vendor."""
    proxies = {Side.HUB: proxied(radicale.url), Side.APP: proxied(xandikos.url)}
    hub = card_instance(account, proxies[Side.HUB].url, "Radicale", is_hub=True)
    app = card_instance(account, proxies[Side.APP].url, "Xandikos")
    names = {name: name for name in HubSpotPeer.WORDS}
    with radicale.new_book() as left, xandikos.new_book() as right:
        sync = saved_sync(
            account, hub, app, names, hub_kind="cards", hub_scope=book_scope(left), app_scope=book_scope(right)
        )
        yield Pair(sync, BookPeer(left, proxies[Side.HUB]), BookPeer(right, proxies[Side.APP]), proxies=proxies)


def test_hubspot_and_radicale_stay_equal(hubspot_and_radicale: Pair) -> None:
    pair = hubspot_and_radicale
    pair.hub.put_all([person(n) for n in range(PEOPLE - ONLY_APP)])
    pair.app.put_all([person(n) for n in range(ONLY_HUB, PEOPLE)])
    pair.initial()
    pair.settle()
    pair.assert_equal(PEOPLE)
    _live(pair)


def test_two_address_books_stay_equal_with_one_as_the_hub(radicale_and_xandikos: Pair) -> None:
    pair = radicale_and_xandikos
    pair.hub.put_all([person(n) for n in range(40)])
    pair.app.put_all([person(n) for n in range(20, 60)])
    pair.initial()
    pair.settle()
    pair.assert_equal(60)
    _live(pair)


def _live(pair: Pair) -> None:
    """People work at both sides, also while we write; then it is quiet."""
    before = len(pair.hub.all())
    for n in range(3):
        pair.hub.edit(pair.id_of(Side.HUB, f"p{n}@example.com"), {"first_name": f"Hub{n}"})
        pair.app.edit(pair.id_of(Side.APP, f"p{n + 50}@example.com"), {"first_name": f"App{n}"})
    pair.hub.put_all([person(9000)])
    pair.app.put_all([person(9001)])
    pair.app.remove(pair.id_of(Side.APP, "p55@example.com"))
    pair.hub.remove(pair.id_of(Side.HUB, "p5@example.com"))
    pair.settle()
    pair.assert_equal(before)
    people = pair.people(Side.APP)
    assert [people[f"p{n}@example.com"]["first_name"] for n in range(3)] == ["Hub0", "Hub1", "Hub2"]
    assert [people[f"p{n + 50}@example.com"]["first_name"] for n in range(3)] == ["App0", "App1", "App2"]
    assert not {"p5@example.com", "p55@example.com"} & set(people)
    _edited_while_we_write(pair)
    asked = pair.quiet_pass()
    assert all(len(requests) <= 2 for requests in asked.values()), asked
    pair.assert_equal(before)


def _edited_while_we_write(pair: Pair) -> None:
    """The hub's new first name is on its way to a card when a person there changes the last name, and another property."""
    email = "p10@example.com"
    path = pair.id_of(Side.APP, email)
    proxy = pair.proxies[Side.APP]

    def person_is_faster(asked: tuple[str, str]) -> None:
        if asked[0] == "PUT":
            proxy.before = lambda asked: None
            held = pair.app.book.get(path)
            pair.app.book.put(
                held.replace("Müller\\, Jr.;", "Faster;").replace("END:VCARD", "X-PET:Rex\r\nEND:VCARD"), path
            )

    proxy.before = person_is_faster
    pair.hub.edit(pair.id_of(Side.HUB, email), {"first_name": "Written"})
    pair.settle()
    for side in Side:
        assert pair.people(side)[email] == {"email": email, "first_name": "Written", "last_name": "Faster"}
    assert "X-PET:Rex" in pair.app.book.get(path)


def test_an_edit_of_what_is_not_mapped_hinders_no_later_write(radicale_and_xandikos: Pair) -> None:
    """It moves the card's version, and nothing else that the sync looks at."""
    pair = radicale_and_xandikos
    pair.hub.put_all([person(1)])
    pair.initial()
    pair.settle()
    path = pair.id_of(Side.APP, "p1@example.com")
    pair.app.book.put(pair.app.book.get(path).replace("END:VCARD", "X-PET:Rex\r\nEND:VCARD"), path)
    pair.settle()
    pair.hub.edit(pair.id_of(Side.HUB, "p1@example.com"), {"first_name": "Later"})
    pair.settle()
    pair.assert_equal(1)
    assert pair.people(Side.APP)["p1@example.com"]["first_name"] == "Later"
    assert "X-PET:Rex" in pair.app.book.get(path)


def test_a_forgotten_token_and_a_lost_answer_lose_and_double_nothing(radicale_and_xandikos: Pair) -> None:
    pair = radicale_and_xandikos
    pair.hub.put_all([person(n) for n in range(5)])
    pair.initial()
    pair.settle()
    for cursor in pair.sync.cursors.all():
        books = {path: f"{token}-forgotten" for path, token in cursor.cursor["books"].items()}
        cursor.cursor = {**cursor.cursor, "books": books}
        cursor.save()
    pair.app.edit(pair.id_of(Side.APP, "p1@example.com"), {"first_name": "Meanwhile"})
    pair.hub.remove(pair.id_of(Side.HUB, "p2@example.com"))
    pair.hub.put_all([person(6)])
    pair.proxies[Side.APP].lose = "PUT"
    pair.settle(8)
    pair.assert_equal(5)
    assert pair.people(Side.HUB)["p1@example.com"]["first_name"] == "Meanwhile"
    assert "p6@example.com" in pair.people(Side.APP)


@pytest.mark.parametrize("rev", ["2001-01-01T00:00:00Z", "20010101T000000Z"])
def test_an_edit_by_a_phone_whose_clock_is_wrong_is_no_older_state(radicale_and_xandikos: Pair, rev: str) -> None:
    """Radicale does not say when a card was changed; what the last writer says of it is not to be trusted."""
    pair = radicale_and_xandikos
    pair.app.put_all([person(1)])
    pair.initial()
    pair.settle()
    for side, peer in ((Side.APP, pair.app), (Side.HUB, pair.hub)):
        path = pair.id_of(side, "p1@example.com")
        lines = [line for line in peer.book.get(path).split("\r\n") if not line.startswith(("REV", "N:"))]
        typed = f"REV:{rev}\r\nN:Müller\\, Jr.;Typed in the {side};;;\r\nEND:VCARD"
        peer.book.put("\r\n".join(lines).replace("END:VCARD", typed), path)
        pair.settle()
        pair.assert_equal(1)
        assert pair.people(Side.HUB)["p1@example.com"]["first_name"] == f"Typed in the {side}"


def test_a_card_outside_the_chosen_books_is_met_by_its_second_address(
    hubspot_and_radicale: Pair, radicale: CardServer
) -> None:
    pair = hubspot_and_radicale
    with radicale.new_book("Others") as others:
        two = accounts.card("two", {"email": "home@example.com"}, "EMAIL;TYPE=INTERNET,PREF:work@example.com")
        path = others.put(two)
        pair.hub.put_all([{**person(1), "email": "home@example.com"}, person(2)])
        pair.initial()
        pair.settle()
        assert [str(values["email"]) for values in pair.app.all().values()] == ["p2@example.com"]
        assert RecordLink.objects.get(sync=pair.sync, app_id=path).hub_id
        assert {"home@example.com", "work@example.com"} <= set(others.get(path).replace(":", "\r\n").split("\r\n"))


def test_a_card_is_matched_by_its_second_address_and_keeps_both(hubspot_and_radicale: Pair) -> None:
    pair = hubspot_and_radicale
    two = accounts.card("two", {"email": "home@example.com"}, "EMAIL;TYPE=INTERNET,PREF:work@example.com")
    path = pair.app.book.put(two)
    (id,) = pair.hub.put_all([{**person(1), "email": "home@example.com"}])
    pair.initial()
    pair.settle()
    pair.assert_equal(1)
    assert RecordLink.objects.get(sync=pair.sync, app_id=path).hub_id == id
    assert {"home@example.com", "work@example.com"} <= set(pair.app.book.get(path).replace(":", "\r\n").split("\r\n"))


def test_a_card_that_moves_to_another_book_keeps_its_record_at_the_other_side(
    hubspot_and_radicale: Pair, radicale: CardServer
) -> None:
    """Address books have no moves: a card goes here and one comes there, and the first must not delete anybody."""
    pair = hubspot_and_radicale
    with radicale.new_book("Team B") as second:
        pair.sync.app_scope = {**pair.sync.app_scope, "lists": [pair.app.book.path, second.path]}
        pair.sync.save(update_fields=["app_scope"])
        pair.hub.put_all([person(1), person(2)])
        pair.initial()
        pair.settle()
        before, path = pair.id_of(Side.HUB, "p1@example.com"), pair.id_of(Side.APP, "p1@example.com")
        text = pair.app.book.get(path)
        pair.app.book.delete(path)
        moved = second.put(text)
        pair.settle()
        assert pair.id_of(Side.HUB, "p1@example.com") == before
        assert second.paths() == {moved}
        assert RecordLink.objects.get(sync=pair.sync, hub_id=before).app_id == moved
        assert len(pair.hub.all()) == 2
