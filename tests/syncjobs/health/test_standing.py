"""What an app's row says: the pill, the one sentence that matters, the order of the index."""

from typing import Any

import pytest

from portal.accounts.models import Account
from syncjobs.health import incidents, numbers, overview, standing
from syncjobs.models import FieldMapping, Sync, SyncCount
from tests import factories


def standing_of(sync: Sync) -> standing.Standing:
    assert sync.app_instance is not None
    return standing.of_instances([sync.app_instance], [sync])[0]


def test_both_kinds_of_deletion_are_one_number() -> None:
    found = numbers.of_statuses({"insync": 8, "deleted_hub": 1, "deleted_app": 1})
    assert (found.deleted, found.total, found.share_in_sync) == (2, 10, 80.0)


def test_numbers_come_from_the_counts_not_from_the_links(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 5_000_000}, links=False)
    assert numbers.of_syncs([sync])[sync.pk].insync == 5_000_000


def test_a_healthy_app_has_no_trouble(account: Account) -> None:
    found = standing_of(factories.sync_of(account, {"insync": 3}))
    assert (found.state, found.trouble) == ("active", None)


def test_failures_ask_for_attention(account: Account) -> None:
    found = standing_of(factories.sync_of(account, {"insync": 3, "failed": 1}))
    assert found.state == "attention"
    assert found.trouble is not None
    assert found.trouble.text == "1 prospect failed and is not in sync."


def test_the_initial_sync_says_how_far_it_is(account: Account) -> None:
    found = standing_of(factories.sync_of(account, {"insync": 42, "pending": 58}, state="initial"))
    assert found.pill == "Initial sync 42%"


def test_an_expired_login_stands_above_everything_and_counts_what_waits(account: Account) -> None:
    instance = factories.instance_of(account, state="needs_reauth", state_code="AUTH_EXPIRED")
    sync = factories.sync_of(account, {"pending": 431, "failed": 9}, app_instance=instance, state="suspended")
    trouble = standing_of(sync).trouble
    assert trouble is not None
    assert "no longer accepts the login" in trouble.text
    assert "431 changes wait" in trouble.text
    assert trouble.button is not None
    assert (trouble.button.text, trouble.button.url) == ("Reconnect", f"/integrations/{instance.pk}/reconnect/")


def test_a_guard_names_the_number_it_held_back(account: Account) -> None:
    sync = factories.sync_of(account, state="suspended", state_code="GUARD_MASS_DELETE", state_detail="1312")
    trouble = standing_of(sync).trouble
    assert trouble is not None
    assert "1,312 records" in trouble.text
    assert trouble.button is not None
    assert trouble.button.text == "Approve 1,312 and resume"


def test_a_missing_list_leads_to_the_limits(account: Account) -> None:
    sync = factories.sync_of(account, state="suspended", state_code="LIST_OR_TAG_MISSING")
    trouble = standing_of(sync).trouble
    assert trouble is not None
    assert trouble.button is not None
    assert trouble.button.post
    assert trouble.button.url.endswith("?step=limits")


def test_the_index_shows_trouble_first_then_by_failures(account: Account) -> None:
    fine = factories.sync_of(account, {"insync": 9})
    failing = factories.sync_of(account, {"failed": 2})
    worse = factories.sync_of(account, {"failed": 7})
    stopped = factories.sync_of(account, state="suspended", state_code="LIST_OR_TAG_MISSING")
    rows = overview.of_account(account, overview.Filters()).rows
    assert [row.only_sync for row in rows] == [stopped, worse, failing, fine]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({}, 2),
        ({"q": "tokyo"}, 1),
        ({"q": "nobody"}, 0),
        ({"state": "paused"}, 1),
        ({"failures": "1"}, 1),
        ({"state": "?"}, 2),
    ],
)
def test_the_index_is_filtered(account: Account, query: dict[str, str], kept: int) -> None:
    factories.sync_of(account, {"failed": 1}, app_instance=factories.instance_of(account, label="Tokyo key"))
    factories.sync_of(account, state="paused")
    assert len(overview.of_account(account, overview.Filters.of(query)).shown) == kept


def test_the_index_knows_only_its_own_account(account: Account, other_account: Account) -> None:
    factories.sync_of(other_account, {"insync": 5})
    factories.sync_of(account, {"insync": 1})
    found = overview.of_account(account, overview.Filters())
    assert (len(found.rows), found.numbers.total) == (1, 1)


def test_incidents_group_failures_by_cause(account: Account) -> None:
    sync = factories.sync_of(account, {"failed": 4, "review": 1})
    factories.link_of(sync, "failed", code="PHONE_INVALID", field="phone", side="hub")
    SyncCount.objects.filter(sync=sync, status="failed").update(n=5)
    cards = incidents.of_standing(standing_of(sync))
    assert [(card.title, card.records) for card in cards] == [
        ("E-mail address is not valid: Email · HubSpot", "4 prospects"),
        ("Phone number is not valid: Phone number · HubSpot", "1 prospect"),
        ("Matches several records · HubSpot", "1 prospect"),
    ]


def test_the_hub_in_trouble_is_counted_too(account: Account) -> None:
    hub = factories.hub_of(account)
    hub.state, hub.state_code = "needs_reauth", "AUTH_REVOKED"
    hub.save()
    factories.sync_of(account, {"insync": 1})
    found: Any = overview.of_account(account, overview.Filters())
    assert found.attention == 1
    assert "withdrawn" in found.hub_trouble.text


def test_what_stopped_with_the_hub_is_not_counted_again(account: Account) -> None:
    hub = factories.hub_of(account)
    hub.state, hub.state_code = "needs_reauth", "AUTH_REVOKED"
    hub.save()
    stopped = factories.sync_of(account, {"insync": 1}, state="suspended", state_code="AUTH_REVOKED")
    assert overview.of_account(account, overview.Filters()).attention == 1
    Sync.objects.filter(pk=stopped.pk).update(state_code="GUARD_MASS_DELETE")
    assert overview.of_account(account, overview.Filters()).attention == 2, "a guard is a cause of its own"


def test_an_app_that_is_down_says_that_nothing_is_lost(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 3, "pending": 1})
    factories.run_of(sync, state="running", phase="read_app", waiting_side="app", waiting_for="REMOTE_UNAVAILABLE")
    found = standing_of(sync)
    assert found.state == "attention"
    assert found.trouble is not None
    assert "Snov.io is down" in found.trouble.text
    assert "Nothing is lost" in found.trouble.text
    assert incidents.of_standing(found)[0].records == "1 waiting"


def test_a_wait_while_writing_names_both_apps(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 3})
    factories.run_of(sync, state="running", phase="write", waiting_for="REMOTE_UNAVAILABLE")
    trouble = standing_of(sync).trouble
    assert trouble is not None
    assert "Snov.io or HubSpot is down" in trouble.text


def test_being_slowed_down_for_seconds_is_no_trouble(account: Account) -> None:
    sync = factories.sync_of(account, {"insync": 3})
    factories.run_of(sync, state="running", phase="write", waiting_for="RATE_LIMITED")
    assert standing_of(sync).trouble is None


@pytest.mark.parametrize("marked", [True, False])
def test_a_mapped_field_that_is_gone_is_said_even_where_no_record_failed(account: Account, marked: bool) -> None:
    sync = factories.sync_of(account, {"insync": 3})
    rows = FieldMapping.objects.filter(sync=sync, app_field="phone")
    rows.update(**{"problem": "FIELD_MISSING"} if marked else {"app_field": "custom:Budget"})
    found = standing_of(sync)
    assert found.state == "attention"
    assert found.trouble is not None
    assert "does not exist in" in found.trouble.text
    assert found.trouble.button is not None
    assert found.trouble.button.text == "Change the mappings"


def test_records_that_wait_for_a_decision_are_said(account: Account) -> None:
    found = standing_of(factories.sync_of(account, {"insync": 3, "review": 2}))
    assert found.trouble is not None
    assert found.trouble.text == "2 prospects wait for your decision."
