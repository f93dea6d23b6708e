"""The five steps as a person walks them, with and without htmx."""

import re

import pytest
from django.test import Client

from integrations import errors, registry
from integrations.connectors.memory import MemoryApp
from integrations.models import AppInstance, InstanceState
from integrations.records import Count
from portal.accounts.models import Account
from syncjobs.models import Direction, Sync, SyncCount, SyncRun, SyncState
from syncjobs.services import drafts
from tests.syncjobs.wizard.conftest import APP_KINDS, Bench, catalogue_entry

STEPS = ["connect", "direction", "limits", "mappings", "review"]


def pair(bench: Bench) -> str:
    return f"{bench.app.pk}:people:contacts"


DIRECTION = {"direction": "both", "winner": "recent", "duplicates": "newest", "keep_blanks": "on",
             "key0": "mail:email", "strength0": "strong", "key1": "", "strength1": "strong",
             "when_deleted_in_app": "flag", "when_deleted_in_hub": "flag"}  # fmt: skip
LIMITS = {"email_only": "on", "leaving": "keep", "start": "everything", "app-shown": "1", "hub-shown": "1",
          "app-lists-shown": "1", "app-all": "1", "app-target": "7"}  # fmt: skip


def test_from_nothing_to_a_running_sync(bench: Bench) -> None:
    answer = bench.browser.post("/syncs/new/")
    draft = Sync.objects.get()
    assert answer.url == bench.url(draft, "connect")
    for step, data in zip(STEPS, [{"pair": pair(bench)}, DIRECTION, LIMITS, {}], strict=False):
        assert bench.get(draft, step)
        following = STEPS[STEPS.index(step) + 1]
        answer = bench.post(draft, step, do="next", **data)
        assert (answer.status_code, answer.url) == (302, bench.url(draft, following))
    assert "What you are saving" in bench.get(draft, "review")
    answer = bench.post(draft, "review", do="sync")
    assert answer.url == f"/syncs/{draft.pk}/progress/"
    sync = Sync.objects.get()
    assert sync.state == SyncState.INITIAL
    assert sync.app_scope == {"lists": [], "target_list": "7"}
    assert SyncRun.objects.get().requested_by == bench.user


def test_a_draft_remembers_how_far_it_came_and_links_back(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "direction", do="next", **DIRECTION)
    page = bench.get(draft, "limits")
    assert f'href="{bench.url(draft, "direction")}"' in page
    assert f'href="{bench.url(draft, "mappings")}"' not in page
    answer = bench.post(draft, "limits", do="back", **LIMITS)
    assert answer.url == bench.url(draft, "direction")


def test_steps_without_a_pair_lead_to_the_first(bench: Bench) -> None:
    draft = drafts.new(account=bench.account, by=bench.user)
    for step in STEPS[1:]:
        assert bench.browser.get(bench.url(draft, step)).url == bench.url(draft, "connect")
    answer = bench.post(draft, "connect", do="next")
    assert answer.status_code == 422
    assert "Choose what to sync." in answer.content.decode()


def test_saving_the_draft_stays_on_the_page(bench: Bench, draft: Sync) -> None:
    answer = bench.post(draft, "direction", do="save", **{**DIRECTION, "direction": "to_hub"})
    assert answer.url == bench.url(draft, "direction")
    draft.refresh_from_db()
    assert draft.direction == Direction.TO_HUB


def test_a_change_saves_the_draft_and_updates_the_words(bench: Bench, draft: Sync) -> None:
    answer = bench.htmx(draft, "direction", **{**DIRECTION, "direction": "to_hub"})
    assert "Nothing is written to Leadbox" in answer
    assert 'id="summary"' in answer
    assert "<html" not in answer
    draft.refresh_from_db()
    assert draft.direction == Direction.TO_HUB
    assert draft.when_deleted_in_hub == "flag", "what is not shown is not touched"


def test_going_on_with_htmx_moves_the_browser(bench: Bench, draft: Sync) -> None:
    answer = bench.browser.post(
        bench.url(draft, "direction"), {"do": "next", **DIRECTION}, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Redirect"] == bench.url(draft, "limits")


def test_the_app_that_the_person_came_from_stands_first(bench: Bench) -> None:
    other = AppInstance.objects.create(account=bench.account, app_key="leads", label="Second", way_in="keys")
    bench.browser.post(f"/syncs/new/?instance={other.pk}")
    page = bench.get(Sync.objects.get(), "connect")
    assert page.index("Second") < page.index(">leads<")


# -- connect ----------------------------------------------------------------------------------------------------------
def test_a_missing_hub_is_offered_with_a_way_back(bench: Bench) -> None:
    AppInstance.objects.filter(pk=bench.hub.pk).update(state=InstanceState.DISCONNECTED)
    draft = drafts.new(account=bench.account, by=bench.user)
    page = bench.get(draft, "connect")
    assert f"/apps/crm/connect/?next=%2Fsyncs%2F{draft.pk}%2Fsetup%2Fconnect%2F" in page
    assert 'name="pair"' not in page
    assert "Connect your hub first" in bench.post(draft, "connect", do="next", pair=pair(bench)).content.decode()


def test_an_app_in_trouble_is_shown_with_its_state_and_the_way_to_fix_it(bench: Bench) -> None:
    AppInstance.objects.filter(pk=bench.app.pk).update(state=InstanceState.NEEDS_REAUTH, state_detail="Key revoked.")
    draft = drafts.new(account=bench.account, by=bench.user)
    page = bench.get(draft, "connect")
    assert "Needs reauthorising" in page
    assert "Key revoked." in page
    assert f"/integrations/{bench.app.pk}/manage/" in page
    answer = bench.post(draft, "connect", do="next", pair=pair(bench))
    assert answer.status_code == 422
    assert "is not connected" in answer.content.decode()


def test_the_only_pair_that_is_free_is_chosen(bench: Bench, draft: Sync) -> None:
    another = drafts.new(account=bench.account, by=bench.user)
    assert " checked" not in bench.get(another, "connect"), "there are two"
    Sync.objects.filter(pk=draft.pk).update(state=SyncState.ACTIVE)
    assert re.search(r'value="\d+:firms:companies" checked', bench.get(another, "connect"))


def test_of_the_app_that_the_person_came_from_the_only_pair_is_chosen_and_other_apps_are_folded(bench: Bench) -> None:
    """Whatever else is connected: only this app is meant."""
    other = AppInstance.objects.create(account=bench.account, app_key="cards", label="Tokyo", way_in="keys")
    registry.apps()["cards"] = catalogue_entry("cards", "Cards", MemoryApp(), (APP_KINDS[0],))
    try:
        page = bench.get(drafts.new(account=bench.account, by=bench.user, app_instance=other), "connect")
        assert re.findall(r'value="([^"]+)" checked', page) == [f"{other.pk}:people:contacts"]
        assert page.index("Another app (1)") < page.index(f'value="{bench.app.pk}:people:contacts"')
        assert " checked" not in bench.get(drafts.new(account=bench.account, by=bench.user), "connect"), "from nowhere"
    finally:
        del registry.apps()["cards"]


def test_pairs_of_saved_syncs_are_shown_as_taken(bench: Bench, draft: Sync) -> None:
    Sync.objects.filter(pk=draft.pk).update(state=SyncState.ACTIVE)
    another = drafts.new(account=bench.account, by=bench.user)
    page = bench.get(another, "connect")
    assert "Taken:" in page
    assert f"/syncs/{draft.pk}/" in page
    assert bench.post(another, "connect", do="next", pair=pair(bench)).status_code == 422


def test_an_app_that_does_not_answer_is_said_and_nothing_is_chosen(bench: Bench) -> None:
    bench.crm.fail("fields", lambda: errors.Unavailable("Bigdesk is down."))
    draft = drafts.new(account=bench.account, by=bench.user)
    answer = bench.post(draft, "connect", do="next", pair=pair(bench))
    assert answer.status_code == 422
    assert "Bigdesk is down." in answer.content.decode()
    assert bench.post(draft, "connect", do="next", pair=pair(bench)).status_code == 302


@pytest.mark.parametrize("value", ["x", "1:2", "999999:people:contacts", "a:b:c"])
def test_a_pair_that_is_no_pair_is_refused(bench: Bench, value: str) -> None:
    draft = drafts.new(account=bench.account, by=bench.user)
    answer = bench.post(draft, "connect", do="next", pair=value)
    assert answer.status_code == 422
    assert "Choose one of the pairs" in answer.content.decode()


# -- direction --------------------------------------------------------------------------------------------------------
def test_what_the_app_cannot_do_is_not_offered_and_said(bench: Bench, draft: Sync) -> None:
    page = bench.get(draft, "direction")
    assert "Leadbox cannot delete records through its API." in page
    assert "delete the record in Leadbox too" not in page
    assert "delete the record in Bigdesk too" in page
    assert "Leadbox does not report deletions" in page
    assert "Leadbox cannot clear a value" in page
    answer = bench.post(draft, "direction", do="next", **{**DIRECTION, "when_deleted_in_hub": "delete"})
    assert answer.status_code == 422


def test_keys_are_ordered_and_have_a_strength(bench: Bench, draft: Sync) -> None:
    keys = {"key0": "mail:email", "key1": "tel:phone", "strength1": "weak"}
    bench.post(draft, "direction", do="next", **{**DIRECTION, **keys})
    draft.refresh_from_db()
    assert draft.identifiers == [
        {"app_field": "mail", "hub_field": "email", "strong": True},
        {"app_field": "tel", "hub_field": "phone", "strong": False},
    ]
    assert "A match by <b>Telephone</b> waits for your yes." in bench.get(draft, "direction")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"key0": "", "key1": "mail:email"}, "Choose the first key before the second."),
        ({"key0": "mail:email", "key1": "mail:email"}, "This is the first key already."),
        ({"key0": "notes:score"}, "not one of the available choices"),
        ({"direction": "sideways"}, "is not one of the available choices"),
        ({"winner": "dice"}, "is not one of the available choices"),
        ({"duplicates": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    bench: Bench, draft: Sync, changed: dict[str, str], why: str
) -> None:
    answer = bench.post(draft, "direction", do="next", **{**DIRECTION, "winner": "hub", **changed})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    draft.refresh_from_db()
    assert draft.winner == "recent"
    assert draft.identifiers == [{"app_field": "mail", "hub_field": "email", "strong": True}]


def test_records_need_not_match(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "direction", do="next", **{**DIRECTION, "key0": ""})
    draft.refresh_from_db()
    assert draft.identifiers == []
    assert "never matched" in bench.get(draft, "direction")


# -- review -----------------------------------------------------------------------------------------------------------
def test_problems_block_saving_and_link_to_their_step(bench: Bench, draft: Sync) -> None:
    page = bench.get(draft, "review")
    assert f'href="{bench.url(draft, "limits")}"' in page
    answer = bench.post(draft, "review", do="sync")
    assert answer.status_code == 422
    assert "One thing must be put right" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == SyncState.DRAFT


def test_from_now_on_means_from_saving(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "limits", do="next", **{**LIMITS, "start": "from_now"})
    draft.refresh_from_db()
    chosen = draft.start_from
    assert chosen is not None
    bench.post(draft, "review", do="sync")
    draft.refresh_from_db()
    assert draft.start_from is not None
    assert draft.start_from > chosen


def test_the_estimate_counts_what_the_apps_tell(bench: Bench, draft: Sync) -> None:
    """Of more than a page of records, too, and with a request a side."""
    bench.crm.page_size = bench.leads.page_size = 2
    for n in range(3):
        bench.crm.put({"email": f"{n}@example.com"})
    bench.leads.put({"mail": "one@example.com"})
    bench.crm.log.clear()
    bench.leads.log.clear()
    assert "<b>3</b> contacts in Bigdesk." in estimate(bench, draft)
    assert "<b>1</b> person in Leadbox." in estimate(bench, draft)  # remembered from the first time
    assert [verb for app in (bench.crm, bench.leads) for verb, _n in app.log] == ["count", "count"]


def test_the_estimate_counts_what_the_chosen_lists_hold(bench: Bench, draft: Sync) -> None:
    for list in ("7", "7", "8"):
        bench.leads.put({"mail": "one@example.com"}, lists=[list])
    assert "<b>3</b> people in Leadbox." in estimate(bench, draft)
    draft.app_scope = {"lists": ["7"]}
    draft.save()
    assert "<b>2</b> people in Leadbox." in estimate(bench, draft)


def test_a_count_that_is_only_near_says_so(bench: Bench, draft: Sync) -> None:
    bench.crm.counts = lambda n: Count(61_000, "about")
    assert "About <b>61,000</b> contacts in Bigdesk." in estimate(bench, draft)


def test_of_an_app_that_does_not_count_the_first_page_is_the_least(bench: Bench, draft: Sync) -> None:
    """The in-memory app tells the total with its pages, so this one's pages are asked without."""
    bench.crm.counts, bench.crm.page_size = lambda n: None, 2
    bench.crm.tells_total = False
    for n in range(3):
        bench.crm.put({"email": f"{n}@example.com"})
    page = estimate(bench, draft)
    assert "At least <b>2</b> contacts in Bigdesk; all are counted while they are read." in page


def test_a_count_under_filters_says_that_it_is_before_them(bench: Bench, draft: Sync) -> None:
    draft.email_only = False
    draft.save()
    assert "before what you set under Who syncs" not in estimate(bench, draft)
    draft.filters.create(side="hub", groups=[[{"field": "firstname", "operator": "is", "value": "Jo"}]])
    assert "before what you set under Who syncs" in estimate(bench, draft)


def test_an_estimate_without_the_apps_says_so(bench: Bench, draft: Sync) -> None:
    """And asks again the next time."""
    bench.crm.fail("count", lambda: errors.Unavailable("It is down."))
    page = estimate(bench, draft)
    assert "How many contacts Bigdesk has cannot be asked now: It is down." in page
    assert "Leadbox." in page
    assert "cannot be asked" not in estimate(bench, draft)


def test_the_count_of_an_edited_sync_is_the_apps_own(bench: Bench, draft: Sync) -> None:
    """Not that of all links, which has the records of both sides."""
    bench.post(draft, "limits", do="next", **LIMITS)
    bench.post(draft, "review", do="sync")
    SyncCount.objects.update_or_create(sync=draft, status="insync", defaults={"n": 500})
    bench.browser.post(f"/syncs/{draft.pk}/edit/")
    copy = Sync.objects.drafts().get()
    bench.crm.put({"email": "one@example.com"})
    page = estimate(bench, copy)
    assert "<b>1</b> contact in Bigdesk." in page
    assert "Saving applies the new rules to all records." in page


def estimate(bench: Bench, draft: Sync) -> str:
    return bench.browser.get(f"/syncs/{draft.pk}/setup/review/estimate/").content.decode()


# -- editing and discarding -------------------------------------------------------------------------------------------
def test_a_saved_sync_is_edited_on_a_copy(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "limits", do="next", **LIMITS)
    bench.post(draft, "review", do="sync")
    copy_url = bench.browser.post(f"/syncs/{draft.pk}/edit/").url
    copy = Sync.objects.drafts().get()
    assert copy_url == bench.url(copy, "direction")
    assert "stay as they are" in bench.get(copy, "connect")
    bench.post(copy, "direction", do="next", **{**DIRECTION, "winner": "hub"})
    assert Sync.objects.get(pk=draft.pk).winner == "recent"
    answer = bench.post(copy, "review", do="sync")
    assert answer.url == f"/syncs/{draft.pk}/progress/"
    sync = Sync.objects.get()
    assert (sync.pk, sync.winner, sync.version) == (draft.pk, "hub", 2)


def test_a_draft_is_discarded(bench: Bench, draft: Sync) -> None:
    assert bench.browser.post(f"/syncs/{draft.pk}/discard/").url == "/integrations/"
    assert not Sync.objects.exists()


# -- walls ------------------------------------------------------------------------------------------------------------
def addresses(draft: Sync) -> list[str]:
    return [
        *(f"/syncs/{draft.pk}/setup/{step}/" for step in STEPS),
        f"/syncs/{draft.pk}/setup/mappings/sample/",
        f"/syncs/{draft.pk}/setup/review/estimate/",
    ]


def test_a_stranger_sees_nothing(draft: Sync, as_stranger: Client) -> None:
    for url in addresses(draft):
        assert as_stranger.get(url).status_code == 404
    for url in [*addresses(draft)[:5], f"/syncs/{draft.pk}/discard/", f"/syncs/{draft.pk}/edit/"]:
        assert as_stranger.post(url, {"do": "next"}).status_code == 404
    assert Sync.objects.get() == draft


def test_a_viewer_may_not_set_up(draft: Sync, as_viewer: Client) -> None:
    for url in addresses(draft):
        assert as_viewer.get(url).status_code == 403
    for url in ["/syncs/new/", f"/syncs/{draft.pk}/discard/", f"/syncs/{draft.pk}/edit/"]:
        assert as_viewer.post(url).status_code == 403


def test_signed_out_visitors_go_to_sign_in(draft: Sync, client: Client) -> None:
    assert client.get(addresses(draft)[0]).url.startswith("/accounts/login/")


def test_a_draft_is_not_started_on_someone_elses_app(bench: Bench, other_account: Account) -> None:
    theirs = AppInstance.objects.create(account=other_account, app_key="leads", label="x", way_in="keys")
    assert bench.browser.post(f"/syncs/new/?instance={theirs.pk}").status_code == 404
    assert bench.browser.post("/syncs/new/?instance=%C2%B2").status_code == 404
    draft = drafts.new(account=bench.account, by=bench.user)
    assert bench.post(draft, "connect", do="next", pair=f"{theirs.pk}:people:contacts").status_code == 422


def test_saved_syncs_and_unknown_steps_have_no_setup_page(bench: Bench, draft: Sync) -> None:
    assert bench.browser.get(f"/syncs/{draft.pk}/setup/nonsense/").status_code == 404
    Sync.objects.filter(pk=draft.pk).update(state=SyncState.ACTIVE)
    assert bench.browser.get(bench.url(draft, "direction")).status_code == 404
