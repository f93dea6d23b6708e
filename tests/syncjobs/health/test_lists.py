"""The lists behind the numbers: pages, search, causes."""

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


def test_an_address_with_nonsense_is_no_filter() -> None:
    query = Query.of("failed", {"after": "x", "code": "", "q": "  "})
    assert not query.is_narrowed
    assert Query.of("failed", {"after": "9" * 40}).after is None
