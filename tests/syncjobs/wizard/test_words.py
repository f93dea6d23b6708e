"""Settings in plain words, and the estimate. Pure functions over a draft's picture."""

import re
from typing import Any

import pytest

from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import ConstantField, Sync
from syncjobs.services.mappings import Schemas
from syncjobs.wizard import words
from syncjobs.wizard.estimate import Load
from syncjobs.wizard.picture import picture


def said(draft: Sync, schemas: Schemas | None) -> str:
    shown = picture(draft, schemas)
    assert shown
    return re.sub(r"</?b>", "", " ".join(words.sentences(shown)))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"direction": "both"}, "People in Leadbox and contacts in Bigdesk are kept equal, both ways."),
        ({"direction": "to_hub"}, "People from Leadbox are copied to contacts in Bigdesk."),
        ({"direction": "to_app"}, "Contacts from Bigdesk are copied to people in Leadbox."),
        ({}, "Records match by E-mail. No match: a new record is created."),
        ({"identifiers": []}, "Records are never matched"),
        ({"duplicates": "hold"}, "all of them wait for review"),
        ({"winner": "ask"}, "If both sides changed, the field waits for you."),
        ({"winner": "app"}, "If both sides changed, Leadbox wins."),
        ({}, "A blank never erases a value."),
        ({"clear_values": True}, "Leadbox cannot clear values: they stay there."),
        ({"when_deleted_in_app": "delete"}, "Deleted in Leadbox: the record in Bigdesk is deleted too."),
        ({"when_deleted_in_hub": "ignore"}, "Deleted in Bigdesk: nothing happens in Leadbox."),
        ({"email_only": True}, "Only records with an email address sync."),
        ({}, "No filter: all of them."),
        ({"app_scope": {"lists": ["7"], "target_list": "8"}}, "Records come from 1 list of Leadbox: 7."),
        ({}, "Starts with everything that exists."),
        ({}, "4 fields sync: 3 both ways, 1 only to Bigdesk."),
    ],
)
def test_a_setting_in_words(draft: Sync, schemas: Schemas, settings: dict[str, Any], sentence: str) -> None:
    for name, value in settings.items():
        setattr(draft, name, value)
    assert sentence in said(draft, schemas)


def test_a_one_way_sync_speaks_of_one_way_only(draft: Sync, schemas: Schemas) -> None:
    draft.direction = "to_hub"
    text = said(draft, schemas)
    assert "If both sides changed" not in text
    assert "Deleted in Bigdesk" not in text
    assert "4 fields sync: 4 only to Bigdesk." in text


def test_constants_are_said_with_the_labels_that_people_know(draft: Sync, schemas: Schemas) -> None:
    ConstantField.objects.create(sync=draft, side="hub", field="stage", value="lead")
    assert "What is written to Bigdesk gets “Lead” in Stage." in said(draft, schemas)


def test_without_the_fields_their_own_names_are_used(draft: Sync) -> None:
    assert "Records match by mail." in said(draft, None)


def test_a_draft_without_a_pair_has_no_picture(bench: Any) -> None:
    assert picture(Sync(account=bench.account), None) is None


def test_the_review_says_what_happens_to_values_that_are_there_already(draft: Sync, schemas: Schemas) -> None:
    shown = picture(draft, schemas)
    assert shown
    details = " ".join(line for section in words.sections(shown) for line in section.details)
    assert "two values that differ go by the same rule" in details


def test_words_cannot_carry_markup(draft: Sync, schemas: Schemas) -> None:
    ConstantField.objects.create(sync=draft, side="hub", field="origin", value="<script>")
    shown = picture(draft, schemas)
    assert shown
    assert "&lt;script&gt;" in " ".join(words.sentences(shown))


def test_every_section_names_its_step(draft: Sync, schemas: Schemas) -> None:
    shown = picture(draft, schemas)
    assert shown
    assert {section.step for section in words.sections(shown)} == {"direction", "limits", "mappings"}
    assert shown.writes(Side.HUB)


# -- the estimate -----------------------------------------------------------------------------------------------------
SLOW = Abilities(scan_page=5000, partial_scan=True, read_batch=1, write_batch=1, calls_per_minute=50)


def test_reading_details_and_writing_one_by_one_cost_a_call_each() -> None:
    load = Load(records=300, writes=700, abilities=SLOW)
    assert load.complete
    assert load.calls == 1 + 300 + 700
    assert load.seconds == 1202


def test_what_is_unknown_counts_as_nothing_and_is_told_apart() -> None:
    load = Load(records=None, writes=100, abilities=SLOW)
    assert not load.complete
    assert load.calls == 100


def test_an_app_without_a_limit_sets_no_pace() -> None:
    assert Load(records=300, writes=700, abilities=Abilities()).seconds == 0
