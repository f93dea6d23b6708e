"""Drafts: what a pair's defaults are, copies of saved syncs, what blocks saving."""

from typing import Any

import pytest

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.models import AppInstance, InstanceState
from integrations.records import Field, FieldType
from portal.accounts.models import Account
from syncjobs.models import ConstantField, DeletePolicy, Direction, Sync, SyncFilter, SyncState
from syncjobs.services import drafts, mappings
from syncjobs.services.problems import problems
from tests.syncjobs.wizard.conftest import Bench


def choose(bench: Bench, draft: Sync, **changed: Any) -> Sync:
    pair = {"app_instance": bench.app, "hub_instance": bench.hub, "hub_kind": "contacts", "app_kind": "people"}
    return drafts.choose_pair(draft=draft, **{**pair, **changed})


def blockers(draft: Sync) -> list[tuple[str, str]]:
    return [(found.step, found.text) for found in problems(draft, mappings.schemas_of(draft))]


def finish(draft: Sync) -> Sync:
    draft.app_scope = {"lists": [], "target_list": "7"}
    draft.save()
    return draft


# -- choosing the pair ------------------------------------------------------------------------------------------------
def test_a_new_draft_knows_the_accounts_hub(bench: Bench) -> None:
    draft = drafts.new(account=bench.account, by=bench.user)
    assert draft.hub_instance == bench.hub
    assert draft.state == SyncState.DRAFT
    assert list(Sync.objects.drafts()) == [draft]


def test_persons_match_by_email_and_need_one(draft: Sync) -> None:
    assert draft.identifiers == [{"app_field": "mail", "hub_field": "email", "strong": True}]
    assert draft.email_only


def test_other_objects_have_no_email_rule(bench: Bench) -> None:
    draft = choose(bench, drafts.new(account=bench.account, by=bench.user), hub_kind="companies", app_kind="firms")
    assert not draft.email_only
    assert draft.identifiers == []


def test_deleting_is_no_default_where_the_app_cannot(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.app.app.defaults, "when_deleted_in_hub", DeletePolicy.DELETE)
    monkeypatch.setitem(bench.app.app.defaults, "when_deleted_in_app", DeletePolicy.DELETE)
    draft = bench.draft()
    assert draft.when_deleted_in_hub == DeletePolicy.FLAG
    assert draft.when_deleted_in_app == DeletePolicy.DELETE


def test_an_app_that_cannot_be_written_to_is_the_source(bench: Bench) -> None:
    bench.leads.abilities = Abilities(create=False, update=False)
    assert bench.draft().direction == Direction.TO_HUB


def test_choosing_the_same_pair_again_keeps_the_settings(bench: Bench, draft: Sync) -> None:
    mappings.remove(row=bench.row(draft, "first"))
    choose(bench, draft)
    assert not draft.mappings.filter(app_field="first").exists()


def test_choosing_another_pair_starts_afresh(bench: Bench, draft: Sync) -> None:
    SyncFilter.objects.create(sync=draft, side="app", groups=[[{"field": "nick", "operator": "known", "value": None}]])
    choose(bench, draft, hub_kind="companies", app_kind="firms")
    assert not draft.filters.exists()
    assert not draft.mappings.exists()


@pytest.mark.parametrize("state", [InstanceState.NEEDS_REAUTH, InstanceState.SUSPENDED])
def test_an_app_that_is_not_connected_cannot_be_chosen(bench: Bench, state: str) -> None:
    AppInstance.objects.filter(pk=bench.app.pk).update(state=state)
    bench.app.refresh_from_db()
    with pytest.raises(drafts.Refused, match="not connected"):
        bench.draft()


def test_pairs_that_do_not_fit_are_refused(bench: Bench, other_account: Account) -> None:
    draft = drafts.new(account=bench.account, by=bench.user)
    theirs = AppInstance.objects.create(account=other_account, app_key="leads", label="x", way_in="keys")
    for changed, why in (
        ({"hub_kind": "companies"}, "cannot be kept equal"),
        ({"hub_kind": "nonsense"}, "cannot be kept equal"),
        ({"app_instance": bench.hub, "hub_instance": bench.app}, "cannot be paired"),
        ({"app_instance": theirs}, "no such app"),
    ):
        with pytest.raises(drafts.Refused, match=why):
            choose(bench, draft, **changed)


def test_a_pair_that_a_saved_sync_keeps_is_taken(bench: Bench, draft: Sync) -> None:
    Sync.objects.filter(pk=draft.pk).update(state=SyncState.ACTIVE)
    with pytest.raises(drafts.Refused, match="keeps this pair already"):
        bench.draft()


def test_two_drafts_may_have_the_same_pair(bench: Bench, draft: Sync) -> None:
    assert bench.draft().pk != draft.pk


def test_an_app_that_does_not_answer_leaves_the_draft_as_it_was(bench: Bench) -> None:
    bench.leads.fail("fields", lambda: errors.Unavailable("Leadbox is down."))
    draft = drafts.new(account=bench.account, by=bench.user)
    with pytest.raises(errors.Unavailable):
        choose(bench, draft)
    draft.refresh_from_db()
    assert draft.app_kind == ""


# -- editing a saved sync ---------------------------------------------------------------------------------------------
@pytest.fixture
def saved(draft: Sync) -> Sync:
    finish(draft)
    ConstantField.objects.create(sync=draft, side="hub", field="origin", value="x")
    SyncFilter.objects.create(sync=draft, side="app", groups=[[{"field": "nick", "operator": "known", "value": None}]])
    draft.state, draft.winner = SyncState.ACTIVE, "hub"
    draft.save()
    return draft


def test_a_copy_has_all_settings_and_leaves_the_original_alone(saved: Sync, bench: Bench) -> None:
    copy = drafts.copy_of(sync=saved, by=bench.user)
    assert copy.draft_of == saved
    assert copy.winner == "hub"
    assert copy.app_scope == saved.app_scope
    for rows in drafts.ROWS:
        assert getattr(copy, rows).count() == getattr(saved, rows).count() > 0
    mappings.remove(row=bench.row(copy, "first"))
    assert bench.row(saved, "first")


def test_a_sync_is_edited_on_one_copy_at_a_time(saved: Sync, bench: Bench) -> None:
    assert drafts.copy_of(sync=saved, by=bench.user) == drafts.copy_of(sync=saved, by=bench.user)


def test_a_copy_keeps_its_pair_and_is_not_blocked_by_its_original(saved: Sync, bench: Bench) -> None:
    copy = drafts.copy_of(sync=saved, by=bench.user)
    assert blockers(copy) == []
    with pytest.raises(drafts.Refused, match="keeps its apps"):
        choose(bench, copy, hub_kind="companies", app_kind="firms")


def test_discarding_a_copy_keeps_the_sync(saved: Sync, bench: Bench) -> None:
    copy = drafts.copy_of(sync=saved, by=bench.user)
    drafts.discard(draft=copy, by=bench.user)
    assert Sync.objects.get() == saved
    assert bench.account.audit_events.filter(verb="sync.draft_discarded").count() == 1


# -- what blocks saving -----------------------------------------------------------------------------------------------
def test_a_finished_draft_has_no_problems(draft: Sync) -> None:
    assert blockers(finish(draft)) == []


def test_new_records_need_a_list_where_the_app_asks_for_one(draft: Sync) -> None:
    assert [(step, "list" in text) for step, text in blockers(draft)] == [("limits", True)]
    draft.direction = Direction.TO_HUB
    assert blockers(draft) == []


def test_an_app_that_lost_its_login_blocks(draft: Sync, bench: Bench) -> None:
    AppInstance.objects.filter(pk=bench.hub.pk).update(state=InstanceState.NEEDS_REAUTH)
    draft = Sync.objects.get(pk=finish(draft).pk)
    assert [step for step, _text in blockers(draft)] == ["connect"]


def test_a_pair_taken_meanwhile_blocks(draft: Sync, bench: Bench) -> None:
    other = bench.draft()
    Sync.objects.filter(pk=other.pk).update(state=SyncState.ACTIVE)
    assert ("connect", "Another sync keeps this pair of objects already.") in blockers(finish(draft))


def test_fields_that_are_gone_block_where_they_are_used(draft: Sync, bench: Bench) -> None:
    SyncFilter.objects.create(sync=draft, side="app", groups=[[{"field": "nick", "operator": "known", "value": None}]])
    bench.leads.fields = [field for field in bench.leads.fields if field.name not in ("first", "nick", "mail")]
    mappings.schemas_of(draft, refresh=True)
    found = blockers(finish(draft))
    assert {step for step, _text in found} == {"direction", "limits", "mappings"}
    assert any("“first”" in text and "Turn the mapping off" in text for _step, text in found)


def test_a_required_field_that_nothing_fills_blocks(draft: Sync, bench: Bench) -> None:
    bench.crm.fields.append(Field("region", "Region", FieldType.TEXT, required=True))
    mappings.schemas_of(draft, refresh=True)
    assert [(step, "“Region”" in text) for step, text in blockers(finish(draft))] == [("mappings", True)]
    ConstantField.objects.create(sync=draft, side="hub", field="region", value="EMEA")
    assert blockers(draft) == []


def test_a_sync_without_mappings_is_blocked(draft: Sync) -> None:
    draft.mappings.update(on=False)
    assert any("No field is mapped" in text for _step, text in blockers(finish(draft)))


def test_email_only_needs_the_email_mapped(draft: Sync) -> None:
    draft.mappings.filter(app_field="mail").update(on=False)
    assert any("email address is not mapped" in text for _step, text in blockers(finish(draft)))


def test_a_deletion_rule_that_the_app_cannot_follow_blocks(draft: Sync) -> None:
    draft.when_deleted_in_hub = DeletePolicy.DELETE
    assert ("direction", "Leadbox cannot delete records: choose what happens instead.") in blockers(finish(draft))
