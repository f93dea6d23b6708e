"""The stand-in for Sansan: each quirk of the vendor's that it imitates."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integrations.standins.sansan.server import Sansan
from tests.standins import sansan_account

EVER = {"updatedFrom": "2007-01-01T00:00:00+09:00", "updatedTo": "2100-01-01T00:00:00+09:00", "range": "all"}


@pytest.fixture(scope="module")
def server() -> Iterator[Sansan]:
    with sansan_account.running(60, tags=320) as account:
        yield account


@pytest.fixture
def sansan(server: Sansan) -> Sansan:
    server.settings.update(server.initial)
    server.clock.offset = 0.0
    server.limiter.clear()
    server.reset()
    return server


def get(sansan: Sansan, path: str, *, key: str = "", status: int = 200, **query: Any) -> Any:
    headers = {"X-Sansan-Api-Key": key or sansan.admin_key}
    answer = requests.get(f"{sansan.base}/v3.2{path}", params=query, headers=headers, timeout=10)
    assert answer.status_code == status, answer.text
    return answer.json()


def walk(sansan: Sansan, path: str, **query: Any) -> list[dict[str, Any]]:
    page = get(sansan, path, **query)
    rows = page["data"]
    while page["hasMore"]:
        page = get(sansan, path, **query, nextPageToken=page["nextPageToken"])
        rows += page["data"]
    return rows


def control(sansan: Sansan, verb: str, **given: Any) -> Any:
    answer = requests.post(f"{sansan.base}/_control/{verb}", json=given, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def code(answer: dict[str, Any]) -> str:
    return str(answer["error"][0]["code"])


# -- keys -------------------------------------------------------------------------------------------------------------------
def test_a_key_sees_what_its_user_sees(sansan: Sansan) -> None:
    control(sansan, "records", create=[{"email": "hidden@example.com", "shared": False}])
    everybody = walk(sansan, "/bizCards", **EVER)
    theirs = walk(sansan, "/bizCards", **EVER, key=sansan.user_key)
    assert {card["id"] for card in theirs} < {card["id"] for card in everybody}
    own = walk(sansan, "/bizCards", **{**EVER, "range": "me"}, key=sansan.user_key)
    assert {card["owner"]["name"] for card in own} == {"営業 太郎"}
    hidden = next(card["id"] for card in everybody if card["email"] == "hidden@example.com")
    get(sansan, f"/bizCards/{hidden}", key=sansan.user_key, status=404)


@pytest.mark.parametrize("key", ["nonsense", "withdrawn"])
def test_a_bad_key_is_refused_by_the_gateway_in_its_own_shape(sansan: Sansan, key: str) -> None:
    answer = get(sansan, "/tags", key=sansan.withdrawn_key if key == "withdrawn" else key, status=401)
    assert set(answer) == {"statusCode", "message"}


def test_a_key_can_be_issued_anew(sansan: Sansan) -> None:
    made = control(sansan, "keys", withdraw=sansan.user_key, renew="営業 太郎")["made"]
    get(sansan, "/tags", key=sansan.user_key, status=401)
    assert get(sansan, "/me", key=made)["name"] == "営業 太郎"


# -- cards by period ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query", [{}, {"updatedFrom": EVER["updatedFrom"]}, {**EVER, "limit": "301"}, {**EVER, "orderBy": "name"}]
)
def test_a_call_without_a_whole_period_or_with_nonsense_is_refused(sansan: Sansan, query: dict[str, str]) -> None:
    assert code(get(sansan, "/bizCards", **query, status=400)) in ("MissingParameter", "InvalidParameter")


def test_a_plus_that_was_not_escaped_is_refused(sansan: Sansan) -> None:
    address = f"{sansan.base}/v3.2/bizCards?updatedFrom=2007-01-01T00:00:00+09:00&updatedTo=2100-01-01T00:00:00%2B09:00"
    answer = requests.get(address, headers={"X-Sansan-Api-Key": sansan.admin_key}, timeout=10)
    assert answer.status_code == 400


def test_times_are_japans_and_both_ends_of_a_period_count(sansan: Sansan) -> None:
    card = get(sansan, "/bizCards", **EVER, orderBy="updatedAt")["data"][0]
    assert card["updatedTime"].endswith("+09:00")
    only = {"updatedFrom": card["updatedTime"], "updatedTo": card["updatedTime"], "range": "all"}
    assert card["id"] in {each["id"] for each in walk(sansan, "/bizCards", **only)}


@pytest.mark.parametrize("path", ["/bizCards", "/bizCards/search"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_paging_shows_each_card_once_in_order(sansan: Sansan, path: str, direction: str) -> None:
    query = {**EVER, "limit": 7, "orderBy": "registeredAt", "orderDirection": direction}
    rows = walk(sansan, path, **query)
    assert len({card["id"] for card in rows}) == len(rows) > 60
    times = [card["registeredTime"] for card in rows]
    assert times == sorted(times, reverse=direction == "desc")


def test_a_token_goes_with_its_parameters(sansan: Sansan) -> None:
    token = get(sansan, "/bizCards", **EVER, limit=5)["nextPageToken"]
    assert code(get(sansan, "/bizCards", **EVER, limit=6, nextPageToken=token, status=400)) == "InvalidPageToken"
    control(sansan, "paging", expire=True)
    get(sansan, "/bizCards", **EVER, limit=5, nextPageToken=token, status=400)


def test_too_long_a_period_can_be_refused(sansan: Sansan) -> None:
    control(sansan, "settings", widest_window_days=366)
    assert code(get(sansan, "/bizCards", **EVER, status=400)) == "PeriodTooLong"


# -- what a card goes through ---------------------------------------------------------------------------------------------------
def test_a_registered_card_appears_when_it_has_been_typed_in(sansan: Sansan) -> None:
    body = {"lastName": "新井", "email": "arai@example.com"}
    headers = {"X-Sansan-Api-Key": sansan.user_key}
    made = requests.post(f"{sansan.base}/v3.2/bizCards", json=body, headers=headers, timeout=10)
    assert made.status_code == 201
    assert not walk(sansan, "/bizCards/search", range="all", email="arai@example.com")
    waiting = walk(sansan, "/bizCards/search", range="all", email="arai@example.com", entryStatus="processing")
    control(sansan, "clock", advance=10)
    done = walk(sansan, "/bizCards/search", range="all", email="arai@example.com")
    assert [card["id"] for card in done] == [card["id"] for card in waiting] == [made.json()["id"]]
    assert done[0]["updatedTime"] > waiting[0]["updatedTime"], "the completion is a change"


def test_merged_cards_share_a_person_and_the_older_one_is_hidden(sansan: Sansan) -> None:
    ids = control(
        sansan, "records",
        create=[{"lastName": "佐々木", "exchangeDate": "2024-01-01"}, {"lastName": "佐々木", "exchangeDate": "2026-01-01"}],
    )["created"]  # fmt: skip
    control(sansan, "records", merge=[[ids[1], ids[0]]])
    query = {"range": "all", "name": "佐々木"}
    assert [card["id"] for card in walk(sansan, "/bizCards/search", **query)] == [ids[1]]
    both = walk(sansan, "/bizCards/search", **query, includePastBizCards="true")
    assert len({card["personId"] for card in both}) == 1 < len(both)
    person = get(sansan, f"/persons/{both[0]['personId']}")["item"]
    assert person["headBizCard"]["id"] == ids[1]


def test_a_deleted_card_is_just_not_there(sansan: Sansan) -> None:
    (id,) = control(sansan, "records", create=[{"lastName": "消"}])["created"]
    control(sansan, "records", delete=[id])
    get(sansan, f"/bizCards/{id}", status=404)
    assert id not in {card["id"] for card in walk(sansan, "/bizCards", **EVER)}


# -- tags -------------------------------------------------------------------------------------------------------------------------
def test_tags_are_listed_by_type_and_private_ones_only_to_their_owner(sansan: Sansan) -> None:
    query = {"range": "all", "type": ["public", "shared"]}
    assert len(walk(sansan, "/tags", **query)) == 320
    assert len(walk(sansan, "/tags", range="all", **{"type[]": "private"})) == 0
    assert len(walk(sansan, "/tags", range="all", type="private", key=sansan.user_key)) == 1


def test_tags_can_be_asked_for_by_owner_and_name(sansan: Sansan) -> None:
    admin, user = sansan.store.users
    named = {"range": "all", "tagName": "00"}
    assert {tag["owner"]["id"] for tag in walk(sansan, "/tags", **named)} == {admin, user}
    assert {tag["owner"]["id"] for tag in walk(sansan, "/tags", **named, ownerUserId=user)} == {user}


@pytest.mark.parametrize("moves", [False, True])
def test_a_tag_moves_the_change_time_only_when_told_to(sansan: Sansan, moves: bool) -> None:
    control(sansan, "settings", tags_move_updated=moves)
    (id,) = control(sansan, "records", create=[{"lastName": "田"}])["created"]
    before = get(sansan, f"/bizCards/{id}")["updatedTime"]
    control(sansan, "clock", advance=60)
    control(sansan, "tags", put={"tag": "展示会 001", "ids": [id]})
    after = get(sansan, f"/bizCards/{id}", includeTags="true")
    assert [tag["name"] for tag in after["tags"]] == ["展示会 001"]
    assert (after["updatedTime"] > before) is moves


def test_a_search_by_tags_takes_any_of_them(sansan: Sansan) -> None:
    one, two = sansan.store.tag_named("展示会 001"), sansan.store.tag_named("展示会 002")
    assert one
    assert two
    found = walk(sansan, "/bizCards/search", range="all", includeTags="true", tagId=[one.id, two.id])
    assert found
    assert all({tag["id"] for tag in card["tags"]} & {one.id, two.id} for card in found)


# -- limits and faults ------------------------------------------------------------------------------------------------------------
def test_each_key_has_its_own_limits_and_the_wait_is_in_the_body(sansan: Sansan) -> None:
    control(sansan, "settings", per_second=3)
    answers = [
        requests.get(f"{sansan.base}/v3.2/me", headers={"X-Sansan-Api-Key": sansan.admin_key}, timeout=10)
        for _ in range(8)
    ]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["retry_after"] >= 1
    assert "Retry-After" not in refused[0].headers
    get(sansan, "/me", key=sansan.user_key)


def test_any_version_answers_and_unknown_paths_do_not(sansan: Sansan) -> None:
    headers = {"X-Sansan-Api-Key": sansan.admin_key}
    assert requests.get(f"{sansan.base}/v6.0/tags", headers=headers, timeout=10).status_code == 200
    assert requests.get(f"{sansan.base}/tags", headers=headers, timeout=10).status_code == 404
    assert requests.get(f"{sansan.base}/v3.2/nothing", headers=headers, timeout=10).status_code == 404


def test_a_card_has_a_picture(sansan: Sansan) -> None:
    id = walk(sansan, "/bizCards", **EVER)[0]["id"]
    headers = {"X-Sansan-Api-Key": sansan.admin_key}
    answer = requests.get(f"{sansan.base}/v3.2/bizCards/{id}/image", headers=headers, timeout=10)
    assert (answer.headers["content-type"], answer.content[:2]) == ("image/jpeg", b"\xff\xd8")


# -- hands ------------------------------------------------------------------------------------------------------------------------
def test_a_person_works_in_the_pages(sansan: Sansan) -> None:
    with requests.Session() as person:
        form = {
            "lastName": "<b>森",
            "email": "mori@example.com",
            "exchangeDate": "2026-01-01",
            "entryStatus": "completed",
        }
        page = person.post(f"{sansan.base}/app/cards/new", data=form, timeout=10)
        assert page.status_code == 200
        assert "&lt;b&gt;森" in page.text
        record = page.url.partition("?")[0]
        tag = sansan.store.tag_named("展示会 003")
        assert tag
        assert "Done." in person.post(f"{record}/do", data={"action": "put", "value": tag.id}, timeout=10).text
        assert "&lt;b&gt;森" in person.get(f"{sansan.base}/app/cards?group={tag.id}", timeout=10).text
        assert "Done." in person.post(f"{record}/do", data={"action": "delete"}, timeout=10).text
        assert person.get(record, timeout=10).status_code == 404


def test_the_control_list_shows_what_people_did(sansan: Sansan) -> None:
    assert control(sansan, "fill", records=3) == {"records": 3}
    (id,) = control(sansan, "records", type="cards", create=[{"email": "a@example.com", "tags": ["展示会 001"]}])[
        "created"
    ]
    control(sansan, "records", edit=[{"id": id, "email": "b@example.com"}])
    rows = {row["id"]: row["properties"] for row in control(sansan, "list", type="cards")["results"]}
    assert len(rows) == 4
    assert (rows[id]["email"], rows[id]["tags"][0]["name"]) == ("b@example.com", "展示会 001")
