"""A second account of the same app starts with the settings of the first."""

import pytest

from integrations.models import AppInstance
from integrations.records import Field, FieldType
from syncjobs.models import Direction, Sync, SyncState
from syncjobs.services import drafts
from tests.syncjobs.wizard.conftest import Bench


@pytest.fixture
def first(bench: Bench) -> Sync:
    """A saved sync with decisions of its own."""
    bench.leads.fields.append(Field("only_here", "Only here", FieldType.TEXT, custom=True))
    sync = bench.draft()
    sync.direction, sync.clear_values, sync.app_scope = Direction.TO_HUB, True, {"lists": ["7"]}
    sync.state = SyncState.ACTIVE
    sync.save()
    sync.mappings.filter(app_field="first").update(winner="app")
    sync.mappings.create(app_field="only_here", hub_field="origin", custom=True, position=9)
    sync.constants.create(side="hub", field="origin", value="Leadbox")
    return sync


@pytest.fixture
def second(bench: Bench, first: Sync) -> Sync:
    """A draft for another account of the same app, which lacks the first one's custom field."""
    bench.leads.fields.pop()
    other = AppInstance.objects.create(account=bench.account, app_key="leads", label="EMEA", way_in="keys")
    draft = drafts.new(account=bench.account, by=bench.user)
    drafts.choose_pair(draft=draft, app_instance=other, hub_instance=bench.hub, hub_kind="contacts", app_kind="people")
    return draft


def test_the_first_step_copies_what_was_decided(bench: Bench, first: Sync, second: Sync) -> None:
    assert "Copy settings from" in bench.get(second, "connect")
    answer = bench.post(second, "connect", do="copy", copy_from=str(first.pk))
    assert answer.status_code == 302
    second.refresh_from_db()
    assert (second.direction, second.clear_values) == (Direction.TO_HUB, True)
    assert second.app_scope == {}, "lists are each account's own"
    assert bench.row(second, "first").winner == "app"
    assert second.constants.get().value == "Leadbox"


def test_the_chosen_source_is_still_chosen_after_the_redraw_that_choosing_it_causes(
    bench: Bench, first: Sync, second: Sync
) -> None:
    ticked = f"{second.app_instance_id}:people:contacts"
    step = bench.htmx(second, "connect", pair=ticked, copy_from=str(first.pk))
    assert f'<option value="{first.pk}" selected>' in step


def test_settings_are_offered_for_a_pair_that_is_ticked_and_not_stored_yet(bench: Bench, first: Sync) -> None:
    """The only pair of an app is ticked beforehand, and no change of it ever comes."""
    other = AppInstance.objects.create(account=bench.account, app_key="leads", label="EMEA", way_in="keys")
    Sync.objects.create(
        account=bench.account, hub_instance=bench.hub, app_instance=other, hub_kind="companies", app_kind="firms",
        state=SyncState.ACTIVE,
    )  # fmt: skip
    bench.leads.fields.pop()
    fresh = drafts.new(account=bench.account, by=bench.user, app_instance=other)
    assert f'<option value="{first.pk}">' in bench.get(fresh, "connect")
    ticked = f"{other.pk}:people:contacts"
    assert bench.post(fresh, "connect", do="copy", pair=ticked, copy_from=str(first.pk)).status_code == 302
    fresh.refresh_from_db()
    assert (fresh.app_kind, fresh.direction) == ("people", Direction.TO_HUB)


def test_a_field_that_only_the_other_account_has_is_named_and_left_out(bench: Bench, first: Sync, second: Sync) -> None:
    assert drafts.copy_settings(draft=second, source=first) == ["only_here ↔ origin"]
    assert not second.mappings.filter(app_field="only_here").exists()


def test_nothing_is_offered_without_a_like_sync(bench: Bench, draft: Sync) -> None:
    assert "Copy settings" not in bench.get(draft, "connect")
    other = bench.draft()
    with pytest.raises(drafts.Refused):
        drafts.copy_settings(draft=draft, source=other)
