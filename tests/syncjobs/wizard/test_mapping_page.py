"""The mapping table as a page: buttons with and without htmx, search, samples, trial."""

import re
from dataclasses import replace

import pytest

from integrations import errors
from integrations.records import Field, FieldType, Option
from syncjobs.models import Direction, Sync, SyncState
from syncjobs.wizard import samples
from tests.syncjobs.wizard.conftest import Bench


def press(bench: Bench, draft: Sync, do: str, **data: str) -> str:
    return bench.htmx(draft, "mappings", do=do, **data)


def pk(bench: Bench, draft: Sync, field: str) -> int:
    return bench.row(draft, field).pk


def test_the_table_shows_marks_and_counts(bench: Bench, draft: Sync) -> None:
    page = bench.get(draft, "mappings")
    assert "4 on, 1 off" in page
    assert page.count('aria-label="locked"') == 1
    assert page.index("Given name") < page.index("First name"), "the app is left of the hub"


def test_a_button_works_without_javascript(bench: Bench, draft: Sync) -> None:
    answer = bench.post(draft, "mappings", do=f"switch:{pk(bench, draft, 'first')}")
    assert answer.url == bench.url(draft, "mappings")
    assert "3 on, 2 off" in bench.get(draft, "mappings")


def test_a_button_answers_with_the_table_and_the_words(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, f"switch:{pk(bench, draft, 'first')}")
    assert "3 on, 2 off" in answer
    assert "<b>3 fields</b> sync" in answer


def test_turning_the_arrow_changes_the_words(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, f"turn:{pk(bench, draft, 'first')}")
    assert "2 both ways, 2 only to Bigdesk" in answer


def test_refusals_are_shown(bench: Bench, draft: Sync) -> None:
    assert "This mapping is locked" in press(bench, draft, f"switch:{pk(bench, draft, 'mail')}")
    assert "This field is required" in press(bench, draft, f"remove:{pk(bench, draft, 'last')}")
    assert "is gone" in press(bench, draft, "switch:999999")
    answer = bench.post(draft, "mappings", do=f"switch:{pk(bench, draft, 'mail')}")
    assert answer.status_code == 422


def test_another_drafts_row_cannot_be_reached(bench: Bench, draft: Sync) -> None:
    other = bench.draft()
    assert "is gone" in press(bench, draft, f"remove:{pk(bench, other, 'first')}")
    assert bench.row(other, "first")


def test_removing_offers_undo_once(bench: Bench, draft: Sync) -> None:
    bench.post(draft, "mappings", do=f"remove:{pk(bench, draft, 'first')}")
    page = bench.get(draft, "mappings")
    token = re.search(r'value="undo:([^"]+)"', page)
    assert token
    assert "undo:" not in bench.get(draft, "mappings")
    bench.post(draft, "mappings", do=f"undo:{token[1]}")
    assert bench.row(draft, "first").on


def test_a_mapping_is_added(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, "add", add_app="budget", add_hub="score")
    assert "5 on, 1 off" in answer
    assert bench.row(draft, "budget").custom


def test_a_refused_pair_stays_chosen_with_the_reason(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, "add", add_app="budget", add_hub="met")
    assert "there is no way to turn one type into the other" in answer
    assert '<option value="budget" selected>' in answer
    assert '<option value="met" selected>' in answer


def test_partners_that_do_not_fit_are_greyed_with_the_reason(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, "pick", add_app="budget")
    assert re.search(r'<option value="met" disabled>First met \(date\): .*there is no way', answer)
    assert re.search(r'<option value="score">Score \(number\)</option>', answer)


def test_rules_of_rows_are_saved_with_the_page(bench: Bench, draft: Sync) -> None:
    row = bench.row(draft, "first")
    answer = bench.htmx(draft, "mappings", **{f"winner-{row.pk}": "app"})
    assert "<b>1 field</b> has a rule of its own" in answer
    assert bench.row(draft, "first").winner == "app"
    assert bench.post(draft, "mappings", do="next", **{f"winner-{row.pk}": ""}).url == bench.url(draft, "review")
    assert bench.row(draft, "first").winner == ""
    assert bench.post(draft, "mappings", do="save", **{f"winner-{row.pk}": "dice"}).status_code == 422


def test_search_and_filter(bench: Bench, draft: Sync) -> None:
    found = press(bench, draft, "look", q="given")
    assert "Given name" in found
    assert "Family name</span>" not in found
    assert found.count('role="switch"') == 1
    assert press(bench, draft, "look", show="off").count('role="switch"') == 1
    assert press(bench, draft, "look", show="custom").count('role="switch"') == 0
    assert press(bench, draft, "look", show="nonsense").count('role="switch"') == 5


def test_rows_that_a_one_way_sync_does_not_use_say_so(bench: Bench, draft: Sync) -> None:
    draft.mappings.filter(app_field="first").update(direction=Direction.TO_APP)
    Sync.objects.filter(pk=draft.pk).update(direction=Direction.TO_HUB)
    page = bench.get(draft, "mappings")
    assert "Not used" in page
    assert "This sync writes nothing to Leadbox." in page
    assert "turn:" not in page


def test_lossy_rows_warn_with_the_reason(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, "add", add_app="notes", add_hub="company")
    assert "To Bigdesk: Line breaks become spaces" in answer


def test_a_deleted_field_turns_its_row_red_and_the_others_stay_ready(bench: Bench, draft: Sync) -> None:
    bench.leads.fields = [field for field in bench.leads.fields if field.name != "first"]
    answer = press(bench, draft, "refresh")
    assert "Leadbox has no field “first” any more." in answer
    assert answer.count(">Ready<") == 3


@pytest.mark.parametrize("silent", [False, True])
def test_editing_the_mappings_of_a_sync_shows_the_broken_row_at_once(bench: Bench, draft: Sync, silent: bool) -> None:
    Sync.objects.filter(pk=draft.pk).update(state="active")
    bench.leads.fields = [field for field in bench.leads.fields if field.name != "first"]
    if silent:
        bench.crm.fail("fields", lambda: errors.Unavailable("Bigdesk is down."))
    answer = bench.browser.post(f"/syncs/{draft.pk}/edit/?step=mappings", follow=True)
    assert "Leadbox has no field “first” any more." in answer.content.decode()


def test_a_field_that_the_hub_lacks_is_made_there(bench: Bench, draft: Sync) -> None:
    bench.crm.abilities = replace(bench.crm.abilities, create_fields=True)
    bench.leads.fields.append(Field("labels", "Leadbox label", FieldType.MULTI, writable=False))
    press(bench, draft, "refresh")
    answer = press(bench, draft, "make:hub", add_app="labels")
    made = bench.crm.fields[-1]
    assert (made.name, made.label, made.type) == ("leads_labels", "Leadbox label", FieldType.LONG_TEXT)
    row = draft.mappings.get(app_field="labels")
    assert (row.hub_field, row.direction, row.custom) == ("leads_labels", "to_hub", True)
    assert "5 on" in answer
    assert "Make a new field in Bigdesk" in answer
    assert "Make a new field in Leadbox" not in answer, "it cannot be given any"


@pytest.mark.parametrize(
    ("typed", "why"),
    [({}, "Choose a field of Leadbox first."), ({"add_app": "mail"}, "The field could not be made: No more fields.")],
)
def test_a_field_that_cannot_be_made_is_said(bench: Bench, draft: Sync, typed: dict[str, str], why: str) -> None:
    bench.crm.abilities = replace(bench.crm.abilities, create_fields=True)
    bench.crm.fail("create_field", lambda: errors.Refused("No more fields."))
    before = draft.mappings.count()
    assert why in press(bench, draft, "make:hub", **typed)
    assert "cannot be given new fields" in press(bench, draft, "make:app", add_hub="score")
    assert draft.mappings.count() == before


def test_fields_that_cannot_be_read_are_said(bench: Bench, draft: Sync) -> None:
    bench.crm.fail("fields", lambda: errors.Unavailable("Bigdesk is down."))
    assert "The fields could not be read: Bigdesk is down." in press(bench, draft, "refresh")
    draft.hub_instance.schemas.all().delete()  # type: ignore[union-attr]
    for step in ("direction", "limits", "mappings", "review"):
        bench.crm.fail("fields", lambda: errors.Unavailable("Bigdesk is down."))
        assert "Bigdesk is down." in bench.get(draft, step)


def test_samples_come_after_the_page_and_never_fail_it(bench: Bench, draft: Sync) -> None:
    bench.leads.put({"first": "Marisa", "mail": "m@example.com"}, lists=["7"])
    url = f"/syncs/{draft.pk}/setup/mappings/sample/"
    assert url in bench.get(draft, "mappings")
    assert "Marisa" in bench.browser.get(url).content.decode()
    page = bench.get(draft, "mappings")
    assert "Marisa" in page
    assert url not in page, "it is kept for a while"


def test_without_an_answer_there_are_no_samples(bench: Bench, draft: Sync) -> None:
    for app in (bench.crm, bench.leads):
        app.fail("scan", lambda: errors.RateLimited("slow down"))
    assert bench.browser.get(f"/syncs/{draft.pk}/setup/mappings/sample/").status_code == 200


def test_the_trial_of_custom_mappings(bench: Bench, draft: Sync, settings: pytest.FixtureRequest) -> None:
    settings.CUSTOM_MAPPINGS = False  # type: ignore[attr-defined]
    assert "Try custom mappings" in bench.get(draft, "mappings")
    assert "no custom mappings" in press(bench, draft, "add", add_app="budget", add_hub="score")
    assert "Try custom mappings" not in press(bench, draft, "trial")
    assert "5 on" in press(bench, draft, "add", add_app="budget", add_hub="score")


def test_constants_come_and_go(bench: Bench, draft: Sync) -> None:
    typed = {"constant_hub_field": "origin", "constant_hub_value": "from Leadbox", "constant_hub_when": "create"}
    answer = press(bench, draft, "constant:hub", **typed)
    assert "New records in Bigdesk get “from Leadbox” in <b>Origin</b>." in answer
    constant = draft.constants.get()
    assert constant.when == "create"
    press(bench, draft, f"unconstant:{constant.pk}")
    assert not draft.constants.exists()


def test_a_refused_constant_keeps_what_was_typed(bench: Bench, draft: Sync) -> None:
    answer = press(bench, draft, "constant:hub", constant_hub_field="score", constant_hub_value="lots")
    assert "“Score” takes a number" in answer
    assert 'value="lots"' in answer
    assert "Choose a field." in press(bench, draft, "constant:elsewhere")


def test_an_app_without_records_shows_what_the_hub_would_give(bench: Bench, draft: Sync) -> None:
    bench.crm.put({"email": "kay@example.com", "firstname": "Kay"})
    found = bench.browser.get(f"/syncs/{draft.pk}/setup/mappings/sample/").content.decode()
    assert "<b>Kay</b>" in found
    assert "<b>kay@example.com</b>" in found


def test_an_association_without_a_sync_of_its_records_is_not_counted_among_those_that_sync(
    bench: Bench, draft: Sync
) -> None:
    bench.crm.fields.append(Field("firm", "Primary company", FieldType.REFERENCE, refers_to="companies"))
    bench.leads.fields.append(Field("employer", "Employer", FieldType.REFERENCE, refers_to="firms"))
    draft.mappings.create(app_field="employer", hub_field="firm", position=9)
    press(bench, draft, "refresh")
    review = bench.get(draft, "review")
    before = re.search(r"<b>(\d+) fields</b> sync", review)
    assert "<b>Employer</b> begins when a sync of the records that it names is on." in review
    assert "E-mail, Given name, Family name, Employer" not in review
    Sync.objects.create(
        account=bench.account, hub_instance=bench.hub, app_instance=bench.app, hub_kind="companies", app_kind="firms",
        state=SyncState.ACTIVE,
    )  # fmt: skip
    review = bench.get(draft, "review")
    after = re.search(r"<b>(\d+) fields</b> sync", review)
    assert "begins when" not in review
    assert [int(found[1]) for found in (before, after) if found] == [4, 5]


def test_a_sample_is_shown_in_words() -> None:
    stage = Field("stage", "Stage", FieldType.OPTION, options=(Option("1", "Won"),))
    owner = Field("owner", "Owner", FieldType.USER, options=(Option("a@example.com", "Ada"),))
    firms = Field("firms", "Companies", FieldType.REFERENCE, refers_to="companies", many=True)
    shown = [
        ("1", stage),
        ("2", stage),
        (["7f3a"], firms),
        (["1", "2"], firms),
        ([], firms),
        ("a@example.com", owner),
        ("x", None),
    ]
    expected = ["Won", "2", "1 record", "2 records", "", "Ada", "x"]
    assert [samples.shown(value, field) for value, field in shown] == expected
