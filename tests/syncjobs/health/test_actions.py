"""What a manager does to a sync, and that the page says how to undo it. The tenancy table says who may."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Account, AuditEvent
from syncjobs.health import numbers as counting
from syncjobs.models import RecordLink, Sync, SyncRun
from tests import factories


@pytest.fixture
def sync(account: Account) -> Sync:
    return factories.sync_of(account, {"insync": 2, "failed": 3})


def act(client: Client, sync: Sync, verb: str, **data: object) -> str:
    answer = client.post(reverse(f"syncjobs:{verb}", args=[sync.pk]), data, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def state_of(sync: Sync) -> str:
    return Sync.objects.get(pk=sync.pk).state


def test_pausing_says_how_to_go_on(as_manager: Client, sync: Sync) -> None:
    assert "“Resume” catches up" in act(as_manager, sync, "pause")
    assert state_of(sync) == "paused"


def test_resuming_starts_a_run(as_manager: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="paused")
    factories.run_of(sync, kind="initial", state="done")
    act(as_manager, sync, "resume")
    assert state_of(sync) == "active"
    assert SyncRun.objects.active().filter(sync=sync).exists()


def test_running_now_twice_starts_one_run(as_manager: Client, sync: Sync) -> None:
    assert "looks for changes now" in act(as_manager, sync, "run_now")
    assert "is running already" in act(as_manager, sync, "run_now")
    assert SyncRun.objects.active().filter(sync=sync).count() == 1


def test_resync_of_a_cause_leaves_the_others(as_manager: Client, sync: Sync) -> None:
    other = factories.link_of(sync, "failed", code="PHONE_INVALID")
    assert "3 records are tried again" in act(as_manager, sync, "resync", status="failed", code="EMAIL_INVALID")
    other.refresh_from_db()
    assert other.status == "failed"


def test_card_list_and_resync_of_a_cause_tell_one_number(as_manager: Client, sync: Sync) -> None:
    """Of three records that HubSpot refused, and two that the app did for the same reason."""
    for number in (901, 902):
        factories.link_of(sync, "failed", number, side="app")
    page = as_manager.get(reverse("syncjobs:records", args=[sync.pk, "failed"])).content.decode()
    card = next(part for part in page.split('<details class="cause')[1:] if "· Snov.io" in part)
    form = re.search(r"<form.*?</form>", card, re.DOTALL)
    assert form is not None
    assert "Resync these 2" in form[0]
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    query = urlencode({name: sent[name] for name in ("code", "field", "side")})
    listed = as_manager.get(reverse("syncjobs:records", args=[sync.pk, "failed"]) + "?" + query).content.decode()
    assert "Resync these 2" in listed
    assert "E-mail address is not valid: Email · Snov.io · 2" in listed
    assert len(re.findall(r'href="/records/\d+/"', listed)) == 2
    sent.pop("next")
    assert "2 records are tried again" in act(as_manager, sync, "resync", **sent)
    assert RecordLink.objects.filter(sync=sync, status="failed").count() == 3


def test_resync_of_one_record(as_manager: Client, sync: Sync) -> None:
    link = RecordLink.objects.filter(sync=sync, status="failed").first()
    assert link is not None
    assert "1 record is tried again" in act(as_manager, sync, "resync", status="failed", link=link.pk)
    assert RecordLink.objects.filter(sync=sync, status="failed").count() == 2


def test_resync_of_chosen_records_that_cannot_be_read_is_refused(as_manager: Client, sync: Sync) -> None:
    answer = as_manager.post(reverse("syncjobs:resync", args=[sync.pk]), {"status": "failed", "link": ["x", "9" * 30]})
    assert answer.status_code == 400
    assert RecordLink.objects.filter(sync=sync, status="failed").count() == 3


def test_resync_of_deleted_records_takes_both_kinds(as_manager: Client, account: Account) -> None:
    sync = factories.sync_of(account, {"deleted_hub": 1, "deleted_app": 2})
    assert "3 records are tried again" in act(as_manager, sync, "resync", status="deleted")


def test_resync_of_pending_records_counts_nothing_twice(as_manager: Client, account: Account) -> None:
    sync = factories.sync_of(account, {"pending": 2})
    assert "2 records are tried again" in act(as_manager, sync, "resync", status="pending")
    assert counting.of_syncs([sync])[sync.pk].pending == 2


def test_resync_of_a_status_that_does_not_exist_is_refused(as_manager: Client, sync: Sync) -> None:
    assert as_manager.post(reverse("syncjobs:resync", args=[sync.pk]), {"status": "x"}).status_code == 400


def test_turning_off_asks_first(as_manager: Client, sync: Sync) -> None:
    page = as_manager.get(reverse("syncjobs:turn_off", args=[sync.pk])).content.decode()
    assert "All 5 records stay in both apps" in page
    assert state_of(sync) == "active"
    act(as_manager, sync, "turn_off")
    assert state_of(sync) == "off"


def test_deleting_needs_the_name_and_says_the_number(as_manager: Client, sync: Sync) -> None:
    url = reverse("syncjobs:delete", args=[sync.pk])
    assert "Delete sync and 5 links" in as_manager.get(url).content.decode()
    answer = as_manager.post(url, {"name": "wrong"})
    assert answer.status_code == 422
    assert "Type Prospects exactly as shown" in answer.content.decode()
    assert Sync.objects.filter(pk=sync.pk).exists()
    act(as_manager, sync, "delete", name=" prospects ")
    assert not Sync.objects.filter(pk=sync.pk).exists()
    assert AuditEvent.objects.filter(verb="sync.deleted").exists()


def test_all_syncs_of_an_app_pause_and_go_on_together(as_manager: Client, sync: Sync) -> None:
    url = [sync.app_instance_id]
    answer = as_manager.post(reverse("syncjobs:pause_all", args=url), follow=True)
    assert "1 sync is paused" in answer.content.decode()
    assert state_of(sync) == "paused"
    as_manager.post(reverse("syncjobs:resume_all", args=url))
    assert state_of(sync) != "paused"


def test_the_way_back_is_never_another_site(as_manager: Client, sync: Sync) -> None:
    url = reverse("syncjobs:pause", args=[sync.pk])
    answer = as_manager.post(url, {"next": "https://evil.example/"})
    assert answer.headers["Location"] == reverse("syncjobs:sync", args=[sync.pk])
    assert as_manager.post(url, {"next": "/integrations/?q=a"}).headers["Location"] == "/integrations/?q=a"


@pytest.mark.parametrize("verb", ["pause", "resume", "run_now", "resync", "run_all", "pause_all", "resume_all"])
def test_a_link_changes_nothing(as_manager: Client, sync: Sync, verb: str) -> None:
    pk = sync.app_instance_id if verb.endswith("_all") else sync.pk
    assert as_manager.get(reverse(f"syncjobs:{verb}", args=[pk])).status_code == 405


def test_a_fix_leads_to_the_step_that_it_names(as_manager: Client, sync: Sync) -> None:
    edit = reverse("syncjobs:edit", args=[sync.pk])
    assert as_manager.post(edit + "?step=limits").headers["Location"].endswith("/setup/limits/")
    assert as_manager.post(edit + "?step=nonsense").headers["Location"].endswith("/setup/direction/")
