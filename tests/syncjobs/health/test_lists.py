"""The lists behind the numbers: pages, search, causes."""

from urllib.parse import parse_qsl

import pytest

from portal.accounts.models import Account
from syncjobs.health import lists
from syncjobs.health.lists import Query
from tests import factories


def test_pages_hold_every_record_once(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 12, "failed": 3})
    seen: list[int] = []
    query = Query("insync")
    while True:
        page = lists.page(sync, query, size=5)
        seen += [row.link.pk for row in page.rows]
        if page.older is None:
            break
        query = Query("insync", after=page.older)
    assert len(seen) == len(set(seen)) == 12


def test_a_full_last_page_has_no_next(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 5})
    assert lists.page(sync, Query("insync"), size=5).older is None


def test_search_finds_names_addresses_and_ids(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 3})
    one = factories.link_of(sync, label="Marisa Duarte", app_key="m.duarte@oriole.pt", hub_id="90210")
    for text in ("duarte", "M.Duarte@oriole.pt", "m.dua", "90210"):
        assert [row.link.pk for row in lists.page(sync, Query("insync", search=text)).rows] == [one.pk], text


def test_search_stays_inside_the_status_and_the_sync(account: Account) -> None:
    other = factories.sync_of(account)
    factories.link_of(other, label="Marisa Duarte")
    sync = factories.sync_of(account, {"failed": 1})
    assert not lists.page(sync, Query("insync", search="Marisa")).rows


def test_causes_come_largest_first_with_some_of_their_records(account: Account) -> None:
    sync = factories.sync_of(account, {"failed": 8})
    factories.link_of(sync, "failed", code="REMOTE_TIMEOUT", field="", side="app", detail="504")
    found = lists.groups(sync, "failed")
    assert [(group.code, group.count, len(group.rows)) for group in found.groups] == [
        ("EMAIL_INVALID", 8, lists.SAMPLE),
        ("REMOTE_TIMEOUT", 1, 1),
    ]
    first, second = found.groups
    assert first.title == "E-mail address is not valid: Email · HubSpot"
    assert "HubSpot" in first.words.cause, "the side that refused"
    assert "Snov.io" in second.words.cause
    assert second.remote == "504"


def test_numbers_of_very_many_records_are_at_least(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "GROUPED_AT_MOST", 5)
    found = lists.groups(factories.sync_of(account, {"failed": 8}), "failed")
    assert found.at_least
    assert found.number(found.groups[0]) == "5+"


def test_grouping_asks_the_same_however_many_causes_there_are(
    account: Account, django_assert_num_queries: object
) -> None:
    sync = factories.sync_of(account, {"failed": 3})
    for number, code in enumerate(("PHONE_INVALID", "URL_INVALID", "DATE_INVALID", "NUMBER_INVALID"), 100):
        factories.link_of(sync, "failed", number, code=code)
    with django_assert_num_queries(4):  # type: ignore[operator]
        lists.groups(sync, "failed")


def test_the_list_of_a_cause_holds_what_its_card_counts(account: Account) -> None:
    """One code may stand at both sides, and with or without a field: four causes, four lists."""
    sync = factories.sync_of(account)
    for number, (field, side) in enumerate([("email", "hub"), ("email", "app"), ("", "hub"), ("", "app"), ("", "app")]):
        factories.link_of(sync, "failed", number, field=field, side=side)
    found = lists.groups(sync, "failed")
    assert sorted(group.count for group in found.groups) == [1, 1, 1, 2]
    for group in found.groups:
        query = Query("failed", **group.cause)
        assert query == Query.of("failed", dict(parse_qsl(query.address()[1:], keep_blank_values=True)))
        assert len(lists.page(sync, query).rows) == group.count == int(lists.count(sync, query))


def test_records_without_a_code_wait_for_their_turn(account: Account) -> None:
    sync = factories.sync_of(account, {"pending": 2})
    [group] = lists.groups(sync, "pending").groups
    assert group.title == "Waits for its turn"
    assert len(lists.page(sync, Query("pending", **group.cause)).rows) == 2


def test_the_number_of_a_cause_is_not_that_of_a_search(account: Account) -> None:
    sync = factories.sync_of(account, {"failed": 3})
    assert lists.count(sync, Query("failed", "EMAIL_INVALID", search="nobody", after=1)) == "3"


def test_an_address_with_nonsense_is_no_filter() -> None:
    query = Query.of("failed", {"after": "x", "q": " \0 ", "side": "left"})
    assert not query.is_narrowed
    assert Query.of("failed", {"after": "9" * 40}).after is None
