"""Sansan's connector answers the contract, over HTTP, beside a stand-in that shows all it has."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from integrations import errors
from integrations.connectors.sansan import reading
from integrations.connectors.sansan.client import Client
from integrations.connectors.sansan.connector import Sansan as Connector
from integrations.http import ApiSession
from integrations.records import Create, FieldType, Ref, Update, Value, Values
from integrations.standins.sansan import control
from integrations.standins.sansan.server import Sansan
from integrations.standins.sansan.store import Card
from tests.contract.suite import ConnectorContract, Names, Poll
from tests.integrations.server import Reply, Server
from tests.standins import sansan_account

WORDS = {
    "email": "email",
    "last_name": "lastName",
    "first_name": "firstName",
    "last_name_reading": "lastNameReading",
    "company_name": "companyName",
    "department": "departmentName",
    "job_title": "title",
    "phone": "tel",
    "mobile": "mobile",
    "fax": "fax",
    "website": "url",
    "postcode": "postalCode",
    "prefecture": "prefecture",
    "city": "city",
    "country_code": "countryCode",
    "memo": "memo",
}
SHOWN = ["email", "last_name", "tags"]


class SansanPeer:
    """A person in the vendor's app."""

    def __init__(self, account: Sansan) -> None:
        self.account, self.store = account, account.store

    def put(self, values: Values, **more: Any) -> str:
        return control.create(self.account, {**self._given(values), **more}).id

    def put_many(self, count: int) -> list[str]:
        return [self.put({"email": f"many{number}@example.com"}) for number in range(count)]

    def edit(self, id: str, values: Values, **more: Any) -> None:
        control.edit(self.account, self.store.cards[id], {**self._given(values), **more})

    def remove(self, id: str) -> None:
        self.store.delete(id)

    def merge(self, winner: str, loser: str) -> str:
        raise NotImplementedError

    def values(self, id: str) -> Values:
        card = self.store.cards[id]
        return {name: self._held(card, name) for name in ("email", "last_name", "first_name")}

    def ids(self) -> set[str]:
        return set(self.store.cards)

    def trouble(self, what: str) -> None:
        if what == "revoked":
            self.store.keys[self.account.admin_key] = None
        elif what == "limited":
            self.account.faults.add(fault="status", status=429, next=1)
        elif what == "down":
            self.account.faults.down = "503"
        else:
            raise NotImplementedError

    def _given(self, values: Values) -> dict[str, Any]:
        return {WORDS[name]: value or "" for name, value in values.items()}

    def _held(self, card: Card, name: str) -> Value:
        return card.text(WORDS[name]) or None


@pytest.fixture(scope="module")
def server() -> Iterator[Sansan]:
    with sansan_account.running() as account:
        yield account


@pytest.fixture
def peer(server: Sansan) -> SansanPeer:
    server.faults.clear()
    server.settings.update(server.initial)
    server.reset()
    return SansanPeer(server)


@pytest.fixture
def connector(server: Sansan, peer: SansanPeer, settings: Any) -> Connector:
    return sansan_account.connector(server, settings)


class TestSansan(ConnectorContract):
    kind = "cards"
    names = Names(email="email", text="first_name", other="last_name")
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {}

    def test_nothing_is_written_and_nothing_is_sent(self, connector: Connector, peer: SansanPeer) -> None:
        id = peer.put(self.person("kim"))
        before, calls = peer.values(id), connector.calls
        verdicts = [
            *connector.create("cards", [Create(self.person("new"), key="k")], scope={}),
            *connector.update("cards", [Update(id, {"first_name": "Other"}, known=before)]),
        ]
        assert all(isinstance(verdict.error, errors.CannotDo) for verdict in verdicts)
        assert (peer.ids(), peer.values(id), connector.calls) == ({id}, before, calls)
        assert not any(field.writable for field in connector.fields("cards"))


# -- values ---------------------------------------------------------------------------------------------------------------------
def test_a_card_in_canonical_values(connector: Connector, peer: SansanPeer) -> None:
    id = peer.put(
        {name: f"  {name} " for name in WORDS}
        | {"email": "ｋ．ｓａｔｏ＠example.com", "phone": "０３－１２３４", "website": "aozora.example"},
        street="神宮前1-2-3", building="青空ビル5F", exchangeDate="2026-09-01", tags=["展示会 002", "展示会 001", "個人メモ"],
    )  # fmt: skip
    names = [field.name for field in connector.fields("cards")]
    values = connector.read("cards", [Ref(id)], fields=names).records[id].values
    expected = {name: name for name in WORDS} | {
        "email": "k.sato@example.com", "phone": "03-1234", "website": "https://aozora.example",
        "street": "神宮前1-2-3 青空ビル5F", "exchange_date": "2026-09-01", "owner": "hanako@sansan-customer.example",
        "owner_name": "管理 花子", "card_id": id, "tags": ["展示会 001", "展示会 002"],
    }  # fmt: skip
    assert {name: values[name] for name in expected} == expected
    assert set(values) == set(names)


def test_names_stay_as_they_are_printed(connector: Connector, peer: SansanPeer) -> None:
    id = peer.put({"last_name": "ＪＯＨＮ", "first_name": "ﾊﾅｺ", "company_name": "㈱青空"})
    values = connector.read("cards", [Ref(id)], fields=["last_name", "first_name", "company_name"]).records[id].values
    assert values == {"last_name": "ＪＯＨＮ", "first_name": "ﾊﾅｺ", "company_name": "㈱青空"}


def test_a_card_that_is_being_typed_in_is_neither_shown_nor_gone(connector: Connector, peer: SansanPeer) -> None:
    id = peer.put({"email": "new@example.com"}, entryStatus="processing")
    assert not scan(connector)
    answer = connector.read("cards", [Ref(id)], fields=SHOWN)
    assert (answer.records, answer.gone) == ({}, set())
    peer.edit(id, {}, entryStatus="completed")
    assert set(scan(connector)) == {id}


# -- tags -----------------------------------------------------------------------------------------------------------------------
def tag(peer: SansanPeer, name: str) -> str:
    found = peer.store.tag_named(name)
    assert found
    return found.id


def test_tags_can_be_chosen_unless_they_are_private(
    connector: Connector, peer: SansanPeer, server: Sansan, settings: Any
) -> None:
    theirs = sansan_account.connector(server, settings, key=server.user_key).containers("cards")
    assert [tag.name for tag in theirs if tag.refused] == ["個人メモ"]
    assert len([tag for tag in theirs if not tag.refused]) == 20
    assert not [tag for tag in connector.containers("cards") if tag.refused], (
        "somebody else's private tags are not shown"
    )


def test_chosen_tags_bound_scans_and_polls(connector: Connector, peer: SansanPeer) -> None:
    inside = peer.put({"email": "in@example.com"}, tags=["展示会 001", "展示会 003"])
    peer.put({"email": "out@example.com"}, tags=["展示会 002"])
    scope = {"lists": [tag(peer, "展示会 001"), tag(peer, "展示会 003")]}
    assert list(scan(connector, scope)) == [inside]
    cursor = now(connector, scope)
    new = peer.put({"email": "new@example.com"}, tags=["展示会 003"])
    peer.put({"email": "other@example.com"})
    assert set(poll(connector, cursor, scope).records) == {inside, new}


def test_a_tag_put_on_without_a_change_time_is_found_within_the_hour(
    connector: Connector, peer: SansanPeer, server: Sansan
) -> None:
    id = peer.put({"email": "late@example.com"})
    scope = {"lists": [tag(peer, "展示会 001")]}
    server.clock.offset += 3600
    cursor = now(connector, scope)
    peer.edit(id, {}, tags=["展示会 001"])
    early = poll(connector, cursor, scope)
    assert not early.records
    server.clock.offset += reading.SWEEP_EVERY / timedelta(seconds=1)
    late = poll(connector, early.cursor, scope)
    assert set(late.records) == {id}
    calls = connector.calls
    poll(connector, late.cursor, scope)
    assert connector.calls - calls == 1, "the next walk over the tags is due in an hour"


def test_a_chosen_tag_that_is_gone_matches_nothing_and_all_of_them_gone_stop_the_sync(
    connector: Connector, peer: SansanPeer
) -> None:
    id = peer.put({"email": "in@example.com"}, tags=["展示会 001"])
    scope = {"lists": [tag(peer, "展示会 001"), tag(peer, "展示会 002")]}
    peer.store.delete_tag(scope["lists"][1])
    assert list(scan(connector, scope)) == [id]
    peer.store.delete_tag(scope["lists"][0])
    with pytest.raises(errors.ContainerMissing):
        scan(connector, scope)


def test_more_tags_than_one_address_holds(connector: Connector, peer: SansanPeer) -> None:
    control.tags(peer.account, {"create": {"name": "only here"}})
    for place in range(130):
        control.tags(peer.account, {"create": {"name": f"more {place}"}})
    ids = {peer.put({"email": f"t{place}@example.com"}, tags=[f"more {place}"]) for place in range(0, 130, 13)}
    scope = {"lists": [each.id for each in peer.store.tags.values() if each.name.startswith("more")]}
    assert set(scan(connector, scope)) == ids


# -- walking --------------------------------------------------------------------------------------------------------------------
def test_a_page_token_that_goes_bad_starts_the_walk_again(connector: Connector, peer: SansanPeer) -> None:
    ids = set(peer.put_many(700))
    page = connector.scan("cards", fields=SHOWN, position=None, scope={})
    control.paging(peer.account, {"expire": True})
    seen, position = {record.id for record in page.records}, page.position
    while position:
        page = connector.scan("cards", fields=SHOWN, position=position, scope={})
        seen, position = seen | {record.id for record in page.records}, page.position
    assert seen == ids


def test_a_list_that_breaks_off_is_no_complete_one() -> None:
    with Server().running() as answering:
        answering.replies(Reply(200, {"hasMore": True, "nextPageToken": None, "data": [{"id": "1"}]}))
        with pytest.raises(errors.Unavailable):
            Client(ApiSession(answering.url)).search()


@pytest.mark.parametrize("body", ["<html>Please sign in to the network</html>", {"item": None}, {}])
def test_an_answer_that_shows_no_card_is_an_outage(body: Any) -> None:
    """A proxy's page with status 200, say."""
    with Server().running() as server:
        server.replies(Reply(200, body))
        lone = Connector(Client(ApiSession(server.url)))
        with pytest.raises(errors.Unavailable):
            lone.read("cards", [Ref("1")], fields=SHOWN)


def test_one_card_that_cannot_be_looked_at_costs_only_itself(
    connector: Connector, peer: SansanPeer, server: Sansan
) -> None:
    """It is neither gone nor known."""
    one, two = peer.put_many(2)
    server.faults.add(fault="status", status=400, match=f"bizCards/{one}")
    answer = connector.read("cards", [Ref(one), Ref(two)], fields=SHOWN)
    assert (answer.records.keys(), answer.gone, answer.left) == ({two}, set(), set())


def test_a_page_that_holds_all_cards_tells_how_many(connector: Connector, peer: SansanPeer) -> None:
    """As the checks after connecting do; of more than a page neither tells."""
    peer.put_many(95)
    peer.put({"email": "his@example.com"}, owner="営業 太郎")
    assert any(result.detail == "96 cards." for result in connector.preflight(["cards"]))
    assert connector.scan("cards", fields=SHOWN, position=None, scope={}).total == 96
    peer.put_many(300)
    assert connector.scan("cards", fields=SHOWN, position=None, scope={}).total is None


def test_cards_that_change_during_a_scan_are_in_it(connector: Connector, peer: SansanPeer, server: Sansan) -> None:
    """They leave the period that is being walked. Many that a full scan misses stop the sync, to ask about deletions."""
    ids = peer.put_many(700)
    page = connector.scan("cards", fields=SHOWN, position=None, scope={})
    seen = {record.id for record in page.records}
    server.clock.offset += 60
    moved = [id for id in ids if id not in seen][:100]
    for id in moved:
        peer.edit(id, {"last_name": "伊藤"})
    found = Poll()
    while page.position:
        page = connector.scan("cards", fields=SHOWN, position=page.position, scope={})
        found.add(page)
    assert seen | set(found.records) == set(ids)
    assert {found.records[id].values["last_name"] for id in moved} == {"伊藤"}


@pytest.mark.parametrize("widest", [370, 93, 31])
def test_a_period_that_is_refused_as_too_long_is_cut(
    connector: Connector, peer: SansanPeer, server: Sansan, widest: int
) -> None:
    server.settings["widest_window_days"] = widest
    old, new = peer.put({"email": "old@example.com"}), peer.put({"email": "new@example.com"})
    peer.store.change(peer.store.cards[old], touch=False, updated=peer.store.cards[old].updated - 5 * 366 * 86400)
    assert set(scan(connector)) == {old, new}


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_clock_that_is_wrong_here_hides_no_card(
    connector: Connector, peer: SansanPeer, server: Sansan, ahead: int
) -> None:
    connector._clock = lambda: datetime.fromtimestamp(server.clock.now() + ahead, UTC)
    cursor, made, seen = now(connector, {}), set(), set()
    for place in range(3):
        made.add(peer.put({"email": f"{place}@example.com"}))
        found = poll(connector, cursor, {})
        cursor, seen = found.cursor, seen | set(found.records)
        server.clock.offset += 1200
    server.clock.offset += 3600  # a clock that is behind only makes cards late
    found = poll(connector, cursor, {})
    assert seen | set(found.records) == made


def test_past_cards_of_a_person_are_not_listed(connector: Connector, peer: SansanPeer) -> None:
    old = peer.put({"email": "sato@example.com"}, exchangeDate="2024-01-01")
    current = peer.put({"email": "sato@example.com"}, exchangeDate="2026-01-01")
    peer.store.merge(peer.store.cards[current], peer.store.cards[old])
    assert list(scan(connector)) == [current]


def test_a_past_card_gives_way_to_the_current_one_with_its_address(connector: Connector, peer: SansanPeer) -> None:
    def met(year: int, email: str, **more: Any) -> str:
        id = peer.put({"email": email}, exchangeDate=f"{year}-01-01", **more)
        peer.store.merge(peer.store.cards[first], peer.store.cards[id])
        return id

    first = peer.put({"email": "sato@old.example"}, exchangeDate="2020-01-01")
    past, current = met(2024, "sato@example.com"), met(2025, "Sato@example.com")
    answer = connector.read("cards", [Ref(id) for id in (first, past, current)], fields=SHOWN)
    assert (set(answer.records), answer.gone, answer.left) == ({first, current}, set(), {past})
    peer.account.faults.add(fault="status", status=403, match="/persons/")
    answer = connector.read("cards", [Ref(past)], fields=SHOWN)
    assert (set(answer.records), answer.left) == ({past}, set()), "a key that may not ask for persons syncs as before"
    peer.account.faults.clear()
    met(2026, "sato@example.com", entryStatus="unreadable")
    assert set(connector.read("cards", [Ref(current)], fields=SHOWN).records) == {current}


# -- keys and errors --------------------------------------------------------------------------------------------------------------
def test_each_user_is_an_account_of_its_own_and_sees_its_own_cards(
    connector: Connector, peer: SansanPeer, server: Sansan, settings: Any
) -> None:
    hidden = peer.put({"email": "a@example.com"}, shared=False)
    both = peer.put({"email": "b@example.com"})
    theirs = sansan_account.connector(server, settings, key=server.user_key)
    assert connector.identify().id != theirs.identify().id
    assert set(scan(connector)) == {hidden, both}
    assert set(scan(theirs)) == {both}


def test_a_key_whose_user_is_not_told_goes_by_itself(peer: SansanPeer, server: Sansan, settings: Any) -> None:
    server.settings["knows_me"] = False
    lone = sansan_account.connector(server, settings)
    lone._fingerprint = lambda: "abcdef012345"
    assert lone.identify().id == "abcdef012345"
    server.store.keys[server.admin_key] = None
    with pytest.raises(errors.AuthExpired):
        lone.identify()


def test_a_key_that_shows_only_its_users_cards_is_warned_of(peer: SansanPeer, server: Sansan, settings: Any) -> None:
    peer.put({"email": "mine@example.com"}, owner="営業 太郎")
    theirs = sansan_account.connector(server, settings, key=server.user_key)
    warned = [result for result in theirs.preflight(["cards"]) if result.state == "warning"]
    assert any("administrator" in result.fix for result in warned)


def test_another_version_and_single_cards_in_a_wrapper(peer: SansanPeer, server: Sansan, settings: Any) -> None:
    server.settings["wrapped"] = True
    id = peer.put({"email": "a@example.com"})
    newer = sansan_account.connector(server, settings, version="v6.0")
    assert set(newer.read("cards", [Ref(id)], fields=SHOWN).records) == {id}


@pytest.mark.parametrize("version", ["v9.9", "v3.2"])
def test_a_version_that_sansan_does_not_have_is_an_error_and_no_card_is_gone(
    peer: SansanPeer, server: Sansan, settings: Any, version: str
) -> None:
    """One that was mistyped, and one that Sansan has withdrawn."""
    id = peer.put({"email": "a@example.com"})
    server.settings["versions"] = "v6.0"
    wrong = sansan_account.connector(server, settings, version=version)
    for call in (
        lambda: wrong.read("cards", [Ref(id)], fields=SHOWN),
        lambda: scan(wrong),
        lambda: wrong.find("cards", "email", ["a@example.com"], fields=SHOWN),
        lambda: wrong.fields("cards"),
        wrong.identify,
    ):
        with pytest.raises(errors.ScopeMissing, match=version) as caught:
            call()
        assert caught.value.code == "API_ACCESS_DISABLED"
    assert any("version" in result.fix for result in wrong.preflight(["cards"]) if result.state == "failed")


def test_the_wait_after_a_429_is_the_one_in_its_body(connector: Connector, peer: SansanPeer, server: Sansan) -> None:
    server.faults.add(fault="status", status=429, next=1, retry_after=7)
    with pytest.raises(errors.RateLimited) as caught:
        scan(connector)
    assert caught.value.retry_after == 7


def test_a_call_that_sansan_refuses_says_so(connector: Connector, peer: SansanPeer, server: Sansan) -> None:
    server.settings["widest_window_days"] = 1
    with pytest.raises(errors.Refused, match="PeriodTooLong"):
        scan(connector)


# -- helpers ----------------------------------------------------------------------------------------------------------------------
def scan(connector: Connector, scope: dict[str, Any] | None = None) -> dict[str, Any]:
    found, position = Poll(), None
    while True:
        page = connector.scan("cards", fields=SHOWN, position=position, scope=scope or {})
        found.add(page)
        position = page.position
        if position is None:
            return found.records


def now(connector: Connector, scope: dict[str, Any]) -> Any:
    return connector.changes("cards", fields=SHOWN, cursor=None, position=None, scope=scope).cursor


def poll(connector: Connector, cursor: Any, scope: dict[str, Any]) -> Poll:
    found, position = Poll(), None
    while True:
        page = connector.changes("cards", fields=SHOWN, cursor=cursor, position=position, scope=scope)
        found.add(page)
        position = page.position
        if position is None:
            return found
