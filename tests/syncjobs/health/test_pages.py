"""The pages themselves: what they show to whom, what they cost, and that fragments behave."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from integrations.registry import apps
from integrations.services import connections
from portal.accounts.models import Account
from syncjobs.models import FieldChange, FieldMapping, RecordLink, RunEvent, Sync
from syncjobs.services import drafts
from tests import factories

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _nothing_remembered(db: None) -> None:
    cache.clear()


@pytest.fixture
def sync(account: Account) -> Sync:
    return factories.sync_of(
        account, {"insync": 6, "pending": 1, "failed": 3, "excluded": 2, "review": 1, "deleted_hub": 1}
    )


class Outline(HTMLParser):
    """What is checked of every page: headings, ids, labels."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.h1 = 0
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.inputs: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.h1 += tag == "h1"
        if found.get("id"):
            self.ids[str(found["id"])] += 1
        if tag == "label" and found.get("for"):
            self.labelled.add(str(found["for"]))
        if tag in ("input", "select") and found.get("type") not in ("hidden", "checkbox") and found.get("id"):
            self.inputs.append(str(found["id"]))
        if (tag in ("script", "style") and not found.get("src")) or "style" in found:
            self.inline.append(tag)


def urls_of(sync: Sync) -> list[str]:
    link = RecordLink.objects.filter(sync=sync, status="failed").first()
    assert link is not None
    lists = [
        reverse("syncjobs:records", args=[sync.pk, s]) for s in ("insync", "failed", "excluded", "review", "deleted")
    ]
    return [
        reverse("syncjobs:index"),
        reverse("syncjobs:instance", args=[sync.app_instance_id]),
        reverse("syncjobs:instance_runs", args=[sync.app_instance_id]),
        reverse("syncjobs:sync", args=[sync.pk]),
        reverse("syncjobs:progress", args=[sync.pk]),
        *lists,
        lists[1] + "?code=EMAIL_INVALID",
        reverse("syncjobs:record", args=[link.pk]),
        reverse("syncjobs:exports"),
    ]


def test_every_page_is_sound(as_manager: Client, sync: Sync) -> None:
    factories.run_of(sync, state="done", finished_at=now())
    for url in [*urls_of(sync), *(reverse(f"syncjobs:{name}", args=[sync.pk]) for name in ("turn_off", "delete"))]:
        answer = as_manager.get(url)
        assert answer.status_code == 200, url
        page = Outline(answer.content.decode())
        assert page.h1 == 1, url
        assert [name for name, n in page.ids.items() if n > 1] == [], url
        assert set(page.inputs) <= page.labelled, url
        assert page.inline == [], url


def test_htmx_gets_the_fragment_and_others_the_page(as_viewer: Client, sync: Sync) -> None:
    for name in ("index", "exports"):
        answer = as_viewer.get(reverse(f"syncjobs:{name}"), **HTMX)  # type: ignore[arg-type]
        assert b"<html" not in answer.content
        assert "HX-Request" in answer.headers["Vary"]
    url = reverse("syncjobs:records", args=[sync.pk, "failed"])
    assert b"<html" in as_viewer.get(url).content
    assert b"<html" not in as_viewer.get(url, **HTMX).content  # type: ignore[arg-type]


def test_a_viewer_reads_everything_and_is_offered_no_change(as_viewer: Client, sync: Sync) -> None:
    for url in urls_of(sync):
        html = as_viewer.get(url).content.decode()
        actions = re.findall(r'<form method="post" action="([^"]+)"', html)
        assert all(action.endswith("/export/") or "/account" in action or "/theme" in action for action in actions), (
            actions
        )
        assert "/manage/" not in html, url


def test_the_cost_of_the_index_does_not_grow_with_the_syncs(
    as_viewer: Client, account: Account, django_assert_num_queries: Any
) -> None:
    queries = {}
    for number in (1, 19):
        for _ in range(number):
            factories.sync_of(account, {"insync": 2, "failed": 1})
        as_viewer.get(reverse("syncjobs:index"))  # the day's changes are remembered from here on
        with django_assert_num_queries(11) as asked:
            as_viewer.get(reverse("syncjobs:index"))
        queries[number] = len(asked)
    assert queries[1] == queries[19]


def test_the_app_page_of_a_healthy_app_costs_little(
    as_viewer: Client, account: Account, django_assert_max_num_queries: Any
) -> None:
    sync = factories.sync_of(account, {"insync": 20})
    with django_assert_max_num_queries(13):
        as_viewer.get(reverse("syncjobs:instance", args=[sync.app_instance_id]))


def test_no_page_counts_the_links_of_a_status_that_is_large(as_viewer: Client, account: Account) -> None:
    """Counts of five million come from one row; were links counted, the page would say six."""
    sync = factories.sync_of(account, {"insync": 5_000_000}, links=False)
    for url in (reverse("syncjobs:index"), reverse("syncjobs:instance", args=[sync.app_instance_id])):
        assert b"5,000,000" in as_viewer.get(url).content


def test_without_a_hub_the_hub_comes_first(as_manager: Client, as_viewer: Client, account: Account) -> None:
    page = as_manager.get(reverse("syncjobs:index")).content.decode()
    assert "Connect your hub first" in page
    offered = {key for key in apps() if reverse("integrations:connect", args=[key]) in page}
    assert offered == {app.key for app in apps().values() if app.can_be_hub}
    assert b"Ask an integrations manager" in as_viewer.get(reverse("syncjobs:index")).content


def test_without_an_app_some_are_suggested(as_manager: Client, account: Account) -> None:
    factories.hub_of(account)
    html = as_manager.get(reverse("syncjobs:index")).content.decode()
    offered = {key for key in apps() if reverse("integrations:connect", args=[key]) in html}
    assert offered
    assert "hubspot" not in offered


def test_a_draft_can_be_continued(as_manager: Client, as_viewer: Client, account: Account) -> None:
    kinds = {"hub_kind": "contacts", "app_kind": "prospects"}
    draft = Sync.objects.create(account=account, hub_instance=factories.hub_of(account), step="limits", **kinds)
    url = reverse("syncjobs:setup", args=[draft.pk, "limits"])
    assert url in as_manager.get(reverse("syncjobs:index")).content.decode()
    assert url not in as_viewer.get(reverse("syncjobs:index")).content.decode()


def test_the_hub_has_no_app_page(as_viewer: Client, account: Account) -> None:
    assert as_viewer.get(reverse("syncjobs:instance", args=[factories.hub_of(account).pk])).status_code == 404


# -- progress ---------------------------------------------------------------------------------------------------------
def progress(client: Client, sync: Sync, query: str = "", **more: Any) -> str:
    return client.get(reverse("syncjobs:progress", args=[sync.pk]) + query, **more).content.decode()


def reading(done: int) -> dict[str, Any]:
    return {name: {"done": done, "total": 100, "started": now().isoformat()} for name in ("read_app", "read_hub")}


def test_a_sync_in_its_initial_phase_shows_its_progress(as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="initial")
    answer = as_viewer.get(reverse("syncjobs:sync", args=[sync.pk]))
    assert answer.headers["Location"] == reverse("syncjobs:progress", args=[sync.pk])


def test_progress_asks_again_only_while_the_run_is_active(as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="initial")
    run = factories.run_of(sync)
    assert 'hx-trigger="every 2s"' in progress(as_viewer, sync)
    run.state = "done"
    run.save()
    html = progress(as_viewer, sync, **HTMX)
    assert "every 2s" not in html
    assert "The initial sync is done." in html


@pytest.mark.parametrize("state", ["paused", "suspended"])
def test_progress_does_not_ask_while_the_sync_rests(as_viewer: Client, account: Account, state: str) -> None:
    sync = factories.sync_of(account, state=state, state_code="LIST_OR_TAG_MISSING")
    factories.run_of(sync)
    assert "every 2s" not in progress(as_viewer, sync)


def test_progress_is_spoken_once_a_quarter(as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="initial", direction="to_hub")
    run = factories.run_of(
        sync, phases={**reading(100), "detail_app": {"done": 60, "total": 100, "started": now().isoformat()}}
    )
    first = progress(as_viewer, sync, "?spoken=0", **HTMX)
    assert 'id="spoken"' in first
    again = re.search(r"\?spoken=(\d+)", first)
    assert again
    assert 'id="spoken"' not in progress(as_viewer, sync, again[0], **HTMX)
    run.state = "done"
    run.save()
    assert "The initial sync is done" in progress(as_viewer, sync, again[0], **HTMX).split('id="spoken"')[1]


def test_a_run_that_waits_says_for_whom(as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="initial")
    factories.run_of(
        sync, waiting_for="RATE_LIMITED", waiting_side="hub", phase="read_hub", next_slice_at=now(), phases=reading(5)
    )
    html = progress(as_viewer, sync)
    assert "HubSpot asked us to slow down" in html
    assert "Goes on" in html


def test_a_suspended_initial_sync_says_what_to_do(as_manager: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="suspended", state_code="GUARD_MASS_CREATE", state_detail="4800")
    factories.run_of(sync, waiting_for="GUARD_MASS_CREATE")
    html = progress(as_manager, sync)
    assert "Stopped before creating many records" in html
    assert "Approve 4,800 and resume" in html


def test_progress_lists_what_just_happened(as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="initial")
    run, link = factories.run_of(sync), factories.link_of(sync)
    RunEvent.objects.create(run=run, link=link, label="Amara", result="created", side="hub", fields=11)
    RunEvent.objects.create(run=run, label="Chiara", result="failed", side="hub", code="EMAIL_INVALID")
    html = progress(as_viewer, sync)
    assert "Created in HubSpot, 11 fields" in html
    assert "E-mail address is not valid" in html


def test_progress_before_anything_is_read_says_so(as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account, state="initial")
    factories.run_of(sync)
    assert "Nothing is read yet." in progress(as_viewer, sync)
    assert "0 of 0" not in progress(as_viewer, sync)


def test_a_sync_whose_first_run_was_not_queued_yet_is_no_error(as_viewer: Client, account: Account) -> None:
    assert "starts in a moment" in progress(as_viewer, factories.sync_of(account, state="initial"))


# -- lists and records ------------------------------------------------------------------------------------------------
def test_failures_come_with_cause_and_fix(as_manager: Client, sync: Sync) -> None:
    html = as_manager.get(reverse("syncjobs:records", args=[sync.pk, "failed"])).content.decode()
    for text in (
        "3 failed",
        "E-mail address is not valid: Email",
        "How to fix",
        "Correct it in Snov.io",
        "Resync these 3",
    ):
        assert text in html, text


def test_an_unknown_status_is_not_found(as_viewer: Client, sync: Sync) -> None:
    assert as_viewer.get(f"/syncs/{sync.pk}/records/happy/").status_code == 404


def test_a_record_shows_both_sides_and_its_ledger(as_viewer: Client, sync: Sync) -> None:
    link = factories.link_of(
        sync, "insync", hub_now={"phone": "+47 99"}, hub_seen={"phone": "+47 11"}, app_seen={"phone": "+47 22"}
    )
    FieldChange.objects.create(
        sync=sync, link=link, side="hub", field="firstname", old="Jon", new="John", loser="Jon", rule="most_recent"
    )
    html = as_viewer.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
    assert "+47 99" in html, "what was read last"
    assert "+47 22" in html
    assert "+47 11" not in html
    assert "First name written to HubSpot" in html
    assert "the most recent change wins" in html
    assert "Pending" in html


def test_a_field_that_goes_one_way_names_the_app_that_leads(as_viewer: Client, sync: Sync) -> None:
    link = factories.link_of(sync, "insync")
    FieldMapping.objects.filter(sync=sync).update(direction="to_hub")
    html = as_viewer.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
    assert "Most recent" not in html
    assert 'data-l="If both changed" class="wide">Snov.io</td>' in html


def test_the_column_of_notes_shows_only_where_a_record_has_one(as_viewer: Client, sync: Sync) -> None:
    url = reverse("syncjobs:records", args=[sync.pk, "insync"])
    assert ">Note</th>" not in as_viewer.get(url).content.decode()
    factories.link_of(sync, "insync", code="PHONE_INVALID", field="phone", side="hub")
    assert ">Note</th>" in as_viewer.get(url).content.decode()


def test_what_an_app_says_is_shown_as_text(as_viewer: Client, sync: Sync) -> None:
    link = factories.link_of(
        sync, "failed", label="<b>x</b>", code="VALIDATION_RULE", detail="<script>alert(1)</script>"
    )
    html = as_viewer.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
    assert "<script>alert" not in html
    assert "<b>x</b>" not in html


def test_a_record_without_a_name_still_has_one(as_viewer: Client, sync: Sync) -> None:
    link = factories.link_of(sync, label="", app_key="", hub_key="", hub_id=None)
    html = as_viewer.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
    assert f">{link.app_id}</h1>" in html


def test_a_record_that_was_set_aside_says_what_to_do(as_manager: Client, as_viewer: Client, account: Account) -> None:
    sync = factories.sync_of(account)
    link = factories.link_of(sync, "failed", code="RECORD_PARKED", field="", side="hub", detail="")
    url = reverse("syncjobs:record", args=[link.pk])
    page = as_manager.get(url).content.decode()
    note = re.search(r'<div class="note".*?</form>\s*</div>', page, re.DOTALL)
    assert note is not None
    assert "all others go on" in note[0]
    assert "Resync</button>" in note[0]
    assert "Resync</button>" not in as_viewer.get(url).content.decode()


def test_a_draft_in_which_nothing_was_chosen_is_nothing_to_finish(as_manager: Client, sync: Sync) -> None:
    """Every click on "Set up your sync" makes one: five that are all called "New sync" help nobody."""
    begun = drafts.new(account=sync.account, by=None, app_instance=sync.app_instance)
    pages = [reverse("syncjobs:index"), reverse("syncjobs:instance", args=[sync.app_instance_id])]
    assert [b"To finish" in as_manager.get(url).content for url in pages] == [False, False]
    Sync.objects.filter(pk=begun.pk).update(hub_kind="contacts", app_kind="prospects")
    assert [b"To finish" in as_manager.get(url).content for url in pages] == [True, True]


def test_a_sync_of_an_app_that_was_disconnected_here_says_so(as_manager: Client, sync: Sync) -> None:
    """Nothing was withdrawn in the app, and its admin has nothing to do."""
    assert sync.app_instance
    connections.disconnect(instance=sync.app_instance, by=None)
    html = as_manager.get(reverse("syncjobs:sync", args=[sync.pk])).content.decode()
    assert "Disconnected here" in html
    assert "Access was withdrawn" not in html


def test_a_disconnected_app_stays_in_the_list_while_it_has_syncs(as_manager: Client, sync: Sync) -> None:
    """Its syncs stand still with their links: the list is the way to them, and to connecting it again."""
    assert sync.app_instance
    connections.disconnect(instance=sync.app_instance, by=None)
    page = reverse("syncjobs:instance", args=[sync.app_instance_id])
    html = as_manager.get(reverse("syncjobs:index")).content.decode()
    assert page in html
    assert reverse("integrations:manage", args=[sync.app_instance_id]) in html
    assert reverse("syncjobs:sync", args=[sync.pk]) in as_manager.get(page).content.decode()
    sync.delete()
    assert page not in as_manager.get(reverse("syncjobs:index")).content.decode()
    assert as_manager.get(page).status_code == 404
