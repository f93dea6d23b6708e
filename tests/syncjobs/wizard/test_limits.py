"""Filters and lists: rows come and go without JavaScript, errors are clear, and nothing typed is lost."""

import re
from dataclasses import replace
from typing import Any

import pytest

from integrations import errors
from integrations.records import Container
from syncjobs.models import Sync, SyncFilter
from syncjobs.services import mappings
from syncjobs.services.problems import problems
from tests.syncjobs.wizard.conftest import Bench
from tests.syncjobs.wizard.test_walk import LIMITS


def rule(name: str, field: str, operator: str = "", *values: str) -> dict[str, Any]:
    return {f"{name}-field": field, f"{name}-operator": operator, f"{name}-value": list(values)}


def stored(draft: Sync, side: str = "app") -> list[Any]:
    found = SyncFilter.objects.filter(sync=draft, side=side).first()
    return found.groups if found else []


def page(bench: Bench, draft: Sync, do: str, **data: Any) -> str:
    return bench.post(draft, "limits", do=do, **{**LIMITS, **data}).content.decode()


# -- filters ----------------------------------------------------------------------------------------------------------
def test_groups_are_stored_as_typed(bench: Bench, draft: Sync) -> None:
    typed = {
        **rule("app-0-0", "country", "any_of", "JP", "KR"),
        **rule("app-0-1", "budget", "between", "10", "200"),
        **rule("app-1-0", "mail", "domain", "example.com"),
        **rule("hub-0-0", "vip", "yes"),
    }
    assert bench.post(draft, "limits", do="next", **{**LIMITS, **typed}).status_code == 302
    assert stored(draft) == [
        [
            {"field": "country", "operator": "any_of", "value": ["JP", "KR"]},
            {"field": "budget", "operator": "between", "value": ["10", "200"]},
        ],
        [{"field": "mail", "operator": "domain", "value": "example.com"}],
    ]
    assert stored(draft, "hub") == [[{"field": "vip", "operator": "yes", "value": None}]]
    words = bench.get(draft, "review")
    assert (
        "To Bigdesk only where Country is any of Japan, Korea and Budget is between 10 and 200, or E-mail has" in words
    )


def test_several_texts_are_separated_by_commas(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "limits", do="next", **{**LIMITS, **rule("app-0-0", "nick", "any_of", "Ada, Bob;  Cy")})
    assert stored(draft)[0][0]["value"] == ["Ada", "Bob", "Cy"]
    assert 'value="Ada, Bob, Cy"' in bench.get(draft, "limits")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (rule("app-0-0", "budget", "gt", "many"), "Enter a number."),
        (rule("app-0-0", "budget", "between", "1", ""), "Enter a value."),
        (rule("app-0-0", "joined", "before", "tomorrow"), "Enter a date such as"),
        (rule("app-0-0", "joined", "last_days", "some"), "Enter a number of days."),
        (rule("app-0-0", "country", "any_of"), "Enter a value."),
        (rule("app-0-0", "country", "any_of", "Mars"), "Choose from the list."),
        (rule("app-0-0", "budget", "contains", "1"), "does not fit “Budget”"),
        (rule("app-0-0", "budget", "nonsense", "1"), "does not fit “Budget”"),
        (rule("app-0-0", "", "is", "x"), "Choose a field."),
        (rule("app-0-0", "", "is"), "Choose a field."),
        (rule("app-0-0", "gone", "is", "x"), "“gone” is gone"),
    ],
)
def test_a_rule_that_does_not_fit_says_why_and_keeps_what_was_typed(
    bench: Bench, draft: Sync, typed: dict[str, Any], why: str
) -> None:
    answer = bench.post(draft, "limits", do="next", **{**LIMITS, **typed, **rule("app-0-1", "nick", "is", "Kay")})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert 'value="Kay"' in answer.content.decode()
    assert stored(draft) == []


def test_rows_come_and_go_by_buttons(bench: Bench, draft: Sync) -> None:
    assert 'name="app-0-0-field"' in page(bench, draft, "app:group")
    first = rule("app-0-0", "nick", "is", "Kay")
    assert 'name="app-0-1-field"' in page(bench, draft, "app:rule:0", **first)
    assert 'name="app-1-0-field"' in page(bench, draft, "app:group", **first)
    gone = page(bench, draft, "app:drop:0:0", **first, **rule("app-1-0", "notes", "known"))
    assert 'name="app-0-0-field"' in gone
    assert 'value="Kay"' not in gone
    assert stored(draft) == [[{"field": "notes", "operator": "known", "value": None}]]


def test_a_field_chosen_anew_gets_a_comparison_that_fits(bench: Bench, draft: Sync) -> None:
    shown = page(bench, draft, "app:fit", **rule("app-0-0", "budget", "contains", "x"))
    assert '<option value="eq" selected>' in shown
    assert "does not fit" not in shown


def test_empty_rows_are_dropped(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "limits", do="next", **{**LIMITS, **rule("app-0-0", "", "", "")})
    assert stored(draft) == []


def test_there_is_an_end_to_groups_and_rules(bench: Bench, draft: Sync) -> None:
    many: dict[str, Any] = {}
    for n in range(10):
        many |= rule(f"app-{n}-0", "nick", "known")
    assert 'name="app-10-0-field"' not in page(bench, draft, "app:group", **many)
    many = {}
    for n in range(20):
        many |= rule(f"app-0-{n}", "nick", "known")
    assert 'name="app-0-20-field"' not in page(bench, draft, "app:rule:0", **many)


@pytest.mark.parametrize("do", ["app:drop:9:9", "app:rule:9", "app:nonsense", "app:drop:x:y", "nonsense", "app:"])
def test_buttons_that_are_none_change_nothing(bench: Bench, draft: Sync, do: str) -> None:
    assert bench.post(draft, "limits", do=do, **LIMITS).status_code == 200


def test_a_one_way_sync_filters_its_source_only(bench: Bench, draft: Sync) -> None:
    Sync.objects.filter(pk=draft.pk).update(direction="to_hub")
    shown = bench.get(draft, "limits")
    assert "From Leadbox to Bigdesk" in shown
    assert "From Bigdesk to Leadbox" not in shown
    assert "New records in Leadbox go to" not in shown


def test_a_filter_on_a_field_that_is_gone_is_shown_to_be_replaced(bench: Bench, draft: Sync) -> None:
    SyncFilter.objects.create(sync=draft, side="app", groups=[[{"field": "old", "operator": "is", "value": "x"}]])
    shown = bench.get(draft, "limits")
    assert "“old” is gone" in shown
    assert '<option value="old" selected>' in shown


def test_a_changed_rule_is_saved_and_said_at_once(bench: Bench, draft: Sync) -> None:
    answer = bench.htmx(draft, "limits", **{**LIMITS, **rule("app-0-0", "country", "any_of", "JP")})
    assert "only where Country is any of Japan" in answer
    answer = bench.htmx(draft, "limits", **{**LIMITS, **rule("app-0-0", "country", "any_of")})
    assert "Not saved yet" in answer
    assert len(stored(draft)) == 1


# -- lists ------------------------------------------------------------------------------------------------------------
def test_chosen_lists_and_the_target_are_stored(bench: Bench, draft: Sync) -> None:
    data = {key: value for key, value in LIMITS.items() if key != "app-all"}
    bench.post(draft, "limits", do="next", **{**data, "app-list": ["7"], "app-target": "8"})
    draft.refresh_from_db()
    assert draft.app_scope == {"lists": ["7"], "target_list": "8"}
    words = bench.get(draft, "review")
    assert "1 list</b> of Leadbox: Trade fair." in words
    assert "<b>Website</b>" in words


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"app-target": ""}, "Choose where new records go."),
        ({"app-target": "99"}, "is gone from Leadbox"),
        ({"app-all": ""}, "Choose at least one, or all of them."),
    ],
)
def test_lists_that_cannot_be_are_refused(bench: Bench, draft: Sync, changed: dict[str, str], why: str) -> None:
    answer = bench.post(draft, "limits", do="next", **{**LIMITS, **changed})
    assert answer.status_code == 422
    assert why in answer.content.decode()


def test_an_app_may_bound_how_many_can_be_chosen(bench: Bench, draft: Sync) -> None:
    bench.leads.abilities = replace(bench.leads.abilities, containers="tag", most_containers=2)
    bench.leads.lists |= {"9": "Partners"}
    data = {key: value for key, value in LIMITS.items() if key != "app-all"}
    answer = bench.post(draft, "limits", do="next", **{**data, "app-list": ["7", "8", "9"]})
    assert answer.status_code == 422
    assert "at most 2 can be chosen, and 3 are. Untick 1" in answer.content.decode()
    draft.refresh_from_db()
    assert not draft.app_scope.get("lists")
    assert bench.post(draft, "limits", do="next", **{**data, "app-list": ["7", "8"]}).status_code == 302
    assert "any of <b>2 tags</b>" in bench.get(draft, "review")
    draft.refresh_from_db()
    draft.app_scope = {"lists": ["7", "8", "9"], "target_list": "7"}
    assert [found.step for found in problems(draft, mappings.schemas_of(draft)) if "at most 2" in found.text] == [
        "limits"
    ]


def test_one_too_many_says_so_when_it_is_ticked_and_no_longer_when_it_is_not(bench: Bench, draft: Sync) -> None:
    bench.leads.abilities = replace(bench.leads.abilities, containers="tag", most_containers=1)
    data = {**{key: value for key, value in LIMITS.items() if key != "app-all"}, "do": "tick:app"}
    for too_many in (bench.htmx(draft, "limits", **{**data, "app-list": ["7", "8"]}),
                     bench.htmx(draft, "limits", **{**data, "do": "lists:app"})):  # fmt: skip
        choice = too_many[too_many.index('id="app-choice"') : too_many.index('id="app-boxes"')]
        assert "2 of at most 1 chosen." in choice
        assert "at most 1 can be chosen, and 2 are. Untick 1" in choice
        assert "Not saved yet" in too_many
    draft.refresh_from_db()
    assert not draft.app_scope.get("lists")
    step = bench.htmx(draft, "limits", **{**data, "app-list": ["8"]})
    assert "at most 1 can be chosen" not in step
    assert "Draft saved" in step


def test_of_many_lists_the_summary_names_a_few(bench: Bench, draft: Sync) -> None:
    bench.leads.lists = {str(number): f"Fair {number}" for number in range(100, 400)}
    data = {**{key: value for key, value in LIMITS.items() if key != "app-all"}, "app-target": "100"}
    step = bench.htmx(draft, "limits", **data, **{"app-list": list(bench.leads.lists)})
    assert (
        "<b>300 lists</b> of Leadbox: Fair 100, Fair 101, Fair 102, Fair 103, Fair 104, Fair 105 and 294 more." in step
    )


def test_a_ticked_box_means_not_all_and_all_means_no_box(bench: Bench, draft: Sync) -> None:
    """Both at once would say two things, and the one that counts would not be seen."""
    step = bench.htmx(draft, "limits", **{**LIMITS, "do": "tick:app", "app-list": ["7"]})
    assert not re.search(r'id="app-all"[^>]* checked', step)
    draft.refresh_from_db()
    assert draft.app_scope["lists"] == ["7"]
    step = bench.htmx(draft, "limits", **{**LIMITS, "do": "all:app", "app-list": ["7"]})
    assert re.search(r'id="app-all"[^>]* checked', step)
    assert not re.search(r'id="app-list-7"[^>]* checked', step)
    draft.refresh_from_db()
    assert draft.app_scope["lists"] == []


def test_all_together_with_single_ones_is_refused_and_nothing_is_lost(bench: Bench, draft: Sync) -> None:
    """Without JavaScript nothing unticks *All* when a list is ticked."""
    html = page(bench, draft, "next", **{"app-list": ["7"], **rule("app-0-0", "nick", "is", "Ada")})
    assert "Both “All lists, new ones included” and single ones are ticked" in html
    assert re.search(r'id="app-all"[^>]* checked', html)
    assert re.search(r'id="app-list-7"[^>]* checked', html)
    assert 'value="Ada"' in html
    draft.refresh_from_db()
    assert not draft.app_scope.get("lists")
    assert draft.step != "mappings"


def test_the_review_leads_to_the_lists(bench: Bench, draft: Sync) -> None:
    assert f'href="{bench.url(draft, "limits")}#lists"' in bench.get(draft, "review")
    page = bench.get(draft, "limits")
    assert page.index('id="lists"') < page.index("Lists in Leadbox") < page.index("</main>")
    assert "When a record stops matching" not in page[page.index('id="lists"') :]


def test_address_books_are_called_so(bench: Bench, draft: Sync) -> None:
    bench.leads.abilities = replace(bench.leads.abilities, containers="address book")
    page = bench.get(draft, "limits")
    assert "Records come from <b>all address books</b> of Leadbox." in page
    assert "Choose an address book" in page


def test_many_are_searched_and_what_the_search_hides_stays_chosen(bench: Bench, draft: Sync) -> None:
    bench.leads.lists |= {str(number): f"Fair {number}" for number in range(100, 130)}
    data = {key: value for key, value in LIMITS.items() if key != "app-all"}
    page = bench.htmx(draft, "limits", **{**data, "do": "lists", "app-list": ["7"], "app-list-q": "fair 11"})
    assert 'id="app-list-115"' in page
    assert 'id="app-list-125"' not in page
    assert '<input type="hidden" name="app-list" value="7">' in page
    bench.htmx(draft, "limits", **{**data, "do": "lists:app", "app-list": ["7"], "app-list-q": "fair 11"})
    draft.refresh_from_db()
    assert sorted(draft.app_scope["lists"]) == sorted(["7", *(str(number) for number in range(110, 120))])


def test_what_cannot_be_chosen_is_shown_with_its_reason(
    bench: Bench, draft: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.leads.abilities = replace(bench.leads.abilities, containers="tag")
    shown = [Container("7", "Trade fair"), Container("8", "Mine", refused="This tag is private.")]
    monkeypatch.setattr("integrations.connectors.memory.MemoryConnector.containers", lambda self, kind: shown)
    page = bench.get(draft, "limits")
    assert "This tag is private." in page
    assert re.search(r'value="8" disabled', page)
    assert "All people (no tag filter)" in page
    data = {key: value for key, value in LIMITS.items() if key != "app-all"}
    bench.post(draft, "limits", do="next", **{**data, "app-list": ["7", "8"], "app-target": "7"})
    draft.refresh_from_db()
    assert draft.app_scope == {"lists": ["7"], "target_list": "7"}


def test_the_only_list_is_the_target_unless_said_otherwise(bench: Bench, draft: Sync) -> None:
    bench.leads.lists = {"7": "Trade fair"}
    assert '<option value="7" selected>' in bench.get(draft, "limits")


def test_lists_are_not_read_at_every_change(bench: Bench, draft: Sync) -> None:
    bench.get(draft, "limits")
    bench.leads.lists = {}
    assert "Trade fair" in bench.htmx(draft, "limits", **LIMITS)
    assert "Trade fair" not in bench.get(draft, "limits")


def test_while_the_app_is_silent_the_chosen_lists_stay(
    bench: Bench, draft: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft.app_scope = {"lists": ["8"], "target_list": "7"}
    draft.save()

    def down(self: Any, kind: str) -> Any:
        raise errors.Unavailable("Leadbox is down.")

    monkeypatch.setattr("integrations.connectors.memory.MemoryConnector.containers", down)
    assert "Leadbox is down." in bench.get(draft, "limits")
    assert bench.post(draft, "limits", do="next", **{**LIMITS, "app-target": ""}).status_code == 302
    draft.refresh_from_db()
    assert draft.app_scope == {"lists": ["8"], "target_list": "7"}


# -- the rest ---------------------------------------------------------------------------------------------------------
def test_email_box_leaving_and_start(bench: Bench, draft: Sync) -> None:
    data = {**LIMITS, "leaving": "stop", "start": "from_now"}
    del data["email_only"]
    bench.post(draft, "limits", do="save", **data)
    draft.refresh_from_db()
    assert not draft.email_only
    assert draft.leaving == "stop"
    assert draft.start_from is not None
    bench.post(draft, "limits", do="save", **{**LIMITS, "start": "everything"})
    draft.refresh_from_db()
    assert draft.start_from is None
    assert bench.post(draft, "limits", do="save", **{**LIMITS, "start": "nonsense"}).status_code == 422
