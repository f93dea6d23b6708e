"""What pages say of the nightly audits: calm where nothing was found, else how much, and what was done."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from portal.accounts.models import Account
from syncjobs.health import nightly
from syncjobs.models import AuditNight, Sync
from tests import factories


@pytest.fixture
def sync(account: Account) -> Sync:
    return factories.sync_of(account, {"insync": 3})


def night(sync: Sync, ago: int = 0, **found: Any) -> AuditNight:
    day = now() - timedelta(days=ago)
    return AuditNight.objects.create(sync=sync, day=day.date(), **{"looked": 1204, "finished_at": day, **found})


def page(client: Client, sync: Sync) -> str:
    html = client.get(reverse("syncjobs:sync", args=[sync.pk])).content.decode()
    return str(html[html.index("nightly-h") : html.index("runs-h")])


def test_before_the_first_night_the_page_says_when_it_comes(as_viewer: Client, sync: Sync) -> None:
    assert "the first check comes" in page(as_viewer, sync)


def test_a_night_without_a_find_is_calm(as_viewer: Client, sync: Sync) -> None:
    night(sync)
    html = page(as_viewer, sync)
    assert "1,204 pairs looked at, all as remembered" in html
    assert 'data-s="insync"' in html
    assert "14 nights" not in html, "one night is no history"


def test_finds_are_counted_and_say_what_was_done(as_viewer: Client, sync: Sync) -> None:
    night(sync, differed=7, drift_hub=1, drift_app=2, apart=4, miscounted=5)
    html = page(as_viewer, sync)
    assert "7 of 1,204 pairs differed" in html
    assert "1 record of HubSpot had changed unnoticed; it was handled" in html
    assert "2 records of Snov.io had changed unnoticed; they were handled" in html
    assert "In 4 pairs the two sides differ" in html
    assert "off by 5" in html
    assert 'data-s="review"' in html


def test_the_history_ends_after_two_weeks(as_viewer: Client, sync: Sync) -> None:
    for ago in range(20):
        night(sync, ago, differed=ago, drift_app=ago)
    nights = nightly.of_syncs([sync])[sync.pk].nights
    assert [one.row.differed for one in nights] == list(range(14))
    assert page(as_viewer, sync).count('<th scope="row"') == 14


def test_a_night_that_is_under_way_says_so(as_viewer: Client, sync: Sync) -> None:
    night(sync, finished_at=None)
    assert "not finished yet" in page(as_viewer, sync)


def test_the_app_page_tells_of_each_sync_in_one_query(
    as_viewer: Client, account: Account, sync: Sync, django_assert_num_queries: Any
) -> None:
    other = factories.sync_of(account, app_instance=sync.app_instance, hub_kind="companies")
    night(sync, differed=3, apart=3)
    night(other, looked=0)
    with django_assert_num_queries(1):
        nightly.of_syncs([sync, other])
    html = as_viewer.get(reverse("syncjobs:instance", args=[sync.app_instance_id])).content.decode()
    assert "3 of 1,204 pairs differed" in html
    assert "No pair&#x27;s turn came" in html
