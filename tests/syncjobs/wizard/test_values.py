"""Pairing the values of two lists: what finds itself, what a person pairs, and what strangers become."""

import pytest

from integrations.records import Field, FieldType, Option
from syncjobs.models import FieldMapping, Sync
from syncjobs.services import default_mappings, mappings, value_maps
from tests.syncjobs.wizard.conftest import Bench

CLASSES = Field(
    "class", "Class", FieldType.OPTION, options=(Option("1", "Lead"), Option("2", "Buyer"), Option("3", "Friend"))
)


@pytest.fixture
def row(bench: Bench) -> FieldMapping:
    """Class ↔ Stage: *Lead* finds its namesake; *Buyer* and *Friend* have no partner, nor has the hub's *Customer*."""
    bench.leads.fields.append(CLASSES)
    draft = bench.draft()
    return mappings.add(sync=draft, schemas=mappings.schemas_of(draft), app_field="class", hub_field="stage")


def url(row: FieldMapping) -> str:
    return f"/syncs/{row.sync.pk}/setup/mappings/{row.pk}/values/"


def test_the_table_says_how_many_values_have_no_partner(bench: Bench, row: FieldMapping) -> None:
    page = bench.get(row.sync, "mappings")
    assert "3 values have no partner." in page
    assert url(row) in page


def test_the_page_lists_both_sides_values(bench: Bench, row: FieldMapping) -> None:
    page = bench.browser.get(url(row)).content.decode()
    assert [page.count(f">{name}</label>") for name in ("Lead", "Buyer", "Friend", "Customer")] == [1, 1, 1, 1]


def test_pairs_and_stand_ins_are_kept(bench: Bench, row: FieldMapping) -> None:
    # Rows: Lead, Buyer, Friend of the app, then the hub's Customer.
    answer = bench.browser.post(
        url(row),
        {
            "pair-0": "lead",
            "pair-1": "customer",
            "pair-2": "",
            "pair-3": "2",
            "otherwise-hub": "lead",
            "otherwise-app": "",
        },
    )
    assert answer.status_code == 302
    row.refresh_from_db()
    assert {"app": "2", "hub": "customer"} in row.value_map
    assert {"app": "1", "hub": "lead"} not in row.value_map, "namesakes need not be kept"
    assert row.otherwise == {"hub": "lead"}
    assert value_maps.lonely(row, mappings.schemas_of(row.sync)) == 0


def test_of_several_values_with_one_partner_the_namesake_speaks_for_the_way_back(
    bench: Bench, row: FieldMapping
) -> None:
    """The page lists *Lead* first; *Buyer* and *Friend* become leads, too, and a lead comes back as one."""
    bench.browser.post(url(row), {"pair-0": "lead", "pair-1": "lead", "pair-2": "lead", "pair-3": ""})
    row.refresh_from_db()
    assert [(pair["app"], pair["hub"]) for pair in row.value_map] == [("1", "lead"), ("2", "lead"), ("3", "lead")]


def test_a_value_that_is_not_in_the_list_changes_nothing(bench: Bench, row: FieldMapping) -> None:
    answer = bench.browser.post(url(row), {"pair-1": "made up"})
    assert answer.status_code == 422
    assert "no longer in its app" in answer.content.decode()
    row.refresh_from_db()
    assert row.value_map == []


def test_mappings_of_others_and_of_texts_have_no_such_page(bench: Bench, row: FieldMapping, draft: Sync) -> None:
    text = bench.row(row.sync, "first")
    assert bench.browser.get(url(text)).url == bench.url(row.sync, "mappings")
    assert bench.browser.get(f"/syncs/{draft.pk}/setup/mappings/{row.pk}/values/").status_code == 404


def test_a_required_option_gets_a_stand_in_from_the_start(bench: Bench) -> None:
    field = Field(
        "state", "State", FieldType.OPTION, required=True, options=(Option("new", "New"), Option("old", "Old"))
    )
    assert default_mappings.stand_in(field, needed=False) == "new"
    assert default_mappings.stand_in(CLASSES, needed=False) == ""
    assert default_mappings.stand_in(CLASSES, needed=True) == "1", (
        "the mapping is required, though the app does not ask for it"
    )


def test_a_stand_in_is_one_that_can_be_written() -> None:
    options = (Option("won", "Won", writable=False), Option("new", "New"))
    assert default_mappings.stand_in(Field("s", "S", FieldType.OPTION, options=options), needed=True) == "new"


def test_that_an_option_cannot_be_written_is_remembered(bench: Bench) -> None:
    bench.leads.fields.append(
        Field("s", "S", FieldType.OPTION, options=(Option("won", "Won", writable=False), Option("new", "New")))
    )
    draft = bench.draft()
    for _ in range(2):  # as the app tells it, and as it was stored
        assert [option.writable for option in mappings.schemas_of(draft).app["s"].options] == [False, True]


def test_names_that_tell_are_paired_from_the_start() -> None:
    """*Won* is *Closed won*; *Open* could be two, and equal names need no pair."""
    app = Field("a", "A", FieldType.OPTION, options=tuple(Option(x, x) for x in ("Won", "Lost", "Open", "New")))
    hub = Field(
        "h", "H", FieldType.OPTION,
        options=tuple(Option(x.lower(), x) for x in ("Closed won", "Closed lost", "Open deal", "Open case", "New")),
    )  # fmt: skip
    assert default_mappings.suggested_values(app, hub) == [
        {"app": "Won", "hub": "closed won"},
        {"app": "Lost", "hub": "closed lost"},
    ]


def test_options_of_one_common_word_are_paired_and_the_first_speaks_for_the_others() -> None:
    app = options(("1", "Open"), ("2", "Made"), ("4", "Received"), ("9", "Sealed off"))
    hub = options(("DONE", "Completed"), ("BUSY", "Busy"), ("RINGING", "Ringing"), ("OFF", "Off"))
    app_words = (("done", "2"), ("done", "4"), ("open", "1"), ("gone", "77"))
    hub_words = (("done", "MISSED"), ("done", "DONE"), ("done", "BUSY"), ("open", "RINGING"), ("gone", "OFF"))
    found = [(pair["app"], pair["hub"]) for pair in default_mappings.suggested_values(app, hub, app_words, hub_words)]
    assert found == [("2", "DONE"), ("4", "DONE"), ("2", "BUSY"), ("1", "RINGING"), ("9", "OFF")]


def test_two_lists_of_one_app_keep_their_own_names_within_a_word() -> None:
    field, words = (
        options(("1", "New"), ("2", "Waiting"), ("4", "Closed")),
        (("open", "1"), ("open", "2"), ("done", "4")),
    )
    found = [(pair["app"], pair["hub"]) for pair in default_mappings.suggested_values(field, field, words, words)]
    assert found == [("1", "1"), ("2", "2"), ("4", "4")]


def options(*pairs: tuple[str, str]) -> Field:
    return Field("x", "X", FieldType.OPTION, options=tuple(Option(value, label) for value, label in pairs))
