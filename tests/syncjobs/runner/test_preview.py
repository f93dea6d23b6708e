"""What a preview says, that it writes nothing, and that the real run then does exactly that."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import (
    FieldMapping,
    PendingChange,
    PlannedChange,
    Preview,
    RecordLink,
    RunState,
    Sync,
    SyncCount,
    SyncFilter,
    SyncRun,
    SyncState,
)
from syncjobs.services import drafts, previews, runs, syncs
from tests.syncjobs.runner.world import World, draft_of, preview

Make = Callable[..., World]


def counts(made: Preview) -> dict[str, int]:
    return {outcome: n for outcome, n in previews.counts(made).items() if n}


def save(w: World, draft: Sync) -> SyncRun:
    w.sync = syncs.save_and_sync(draft=draft, by=None)
    run = w.sync.runs.active().get()
    w._finish(run)
    run.refresh_from_db()
    return run


def two_sides(w: World) -> None:
    """One of everything that a first meeting can bring."""
    for side in ("hub", "app"):
        peer = w.hub if side == "hub" else w.app
        peer.put({"email": "same@example.com", "first_name": "Same"})
        peer.put({"email": f"only-{side}@example.com", "first_name": "Only"})
        peer.put({"email": None, "first_name": "Nobody"})
    w.hub.put({"email": "blank@example.com", "first_name": "Full"})
    w.app.put({"email": "blank@example.com", "first_name": None, "score": "7"})
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"})


def test_a_preview_writes_nothing_and_the_real_run_does_exactly_what_it_says(world: Make) -> None:
    w = world()
    two_sides(w)
    draft = draft_of(w)
    made = preview(w, draft)
    assert w.hub.writes == w.app.writes == 0
    assert previews.state(made) == "ready"
    assert counts(made) == {
        "create_hub": 1, "create_app": 1, "update_hub": 1, "update_app": 2, "link_only": 1, "excluded": 2,
    }  # fmt: skip
    calls = w.hub.calls + w.app.calls
    run = save(w, draft)
    assert w.hub.calls + w.app.calls - calls == made.calls
    done = {name: run.counts.get(name) for name in ("created_hub", "created_app", "updated_hub", "updated_app")}
    assert done == {"created_hub": 1, "created_app": 1, "updated_hub": 1, "updated_app": 2}
    assert run.counts["excluded"] == 2
    assert w.counts() == {"insync": 5, "excluded": 2}
    assert w.quiet_writes() == 0


def test_every_plan_can_be_read_with_its_fields_and_reasons(world: Make) -> None:
    w = world()
    two_sides(w)
    draft = draft_of(w)
    preview(w, draft)
    plan = next(p for p in previews.plans(draft, "update_app") if p.label == "Ada")
    assert plan.diffs == [
        {"side": "app", "field": "first_name", "old": "Augusta", "new": "Ada", "loser": "Augusta", "rule": "winner_hub"}
    ]
    assert plan.hub_id
    assert plan.app_id
    (new,) = previews.plans(draft, "create_app")
    assert {d["field"]: d["new"] for d in new.diffs} == {"email": "only-hub@example.com", "first_name": "Only"}
    assert {p.code for p in previews.plans(draft, "excluded")} == {"EMAIL_REQUIRED"}


def test_plans_are_read_page_by_page(world: Make) -> None:
    w = world()
    for number in range(7):
        w.hub.put({"email": f"p{number}@example.com"})
    draft = draft_of(w)
    preview(w, draft)
    first = previews.plans(draft, "create_app", n=4)
    rest = previews.plans(draft, "create_app", after=first[-1].pk, n=4)
    assert [len(first), len(rest)] == [4, 3]
    assert len({plan.hub_id for plan in (*first, *rest)}) == 7


def test_nothing_that_a_preview_read_stays(world: Make) -> None:
    w = world(app=Abilities(change_feed=False, sees_deletions=False, partial_scan=True, read_batch=3))
    w.app.listed_fields = ("email",)
    two_sides(w)
    draft = draft_of(w)
    preview(w, draft)
    for model in (RecordLink, PendingChange, SyncCount):
        assert not model._default_manager.filter(sync=draft).exists()
    draft.refresh_from_db()
    assert (draft.state, draft.next_poll_at, draft.last_scan_at) == ("draft", None, None)
    save(w, draft)
    w.settle()
    assert w.counts() == {"insync": 5, "excluded": 2}


def test_matching_by_other_fields_after_a_preview_matches_afresh(world: Make) -> None:
    w = world(email_only=False)
    w.hub.put({"email": "ada@example.com", "last_name": "Lovelace"})
    w.app.put({"email": "ada@example.com", "last_name": "Byron"})
    draft = draft_of(w)
    assert counts(preview(w, draft)) == {"update_app": 1}
    draft.identifiers = []
    draft.save()
    FieldMapping.objects.filter(sync=draft, app_field="email").delete()
    made = previews.latest(draft)
    assert made is not None
    assert previews.state(made) == "outdated"
    assert counts(preview(w, draft)) == {"create_hub": 1, "create_app": 1}
    save(w, draft)
    assert len(w.hub.live()) == len(w.app.live()) == 2


def test_a_newer_preview_replaces_an_older_one_even_under_way(world: Make) -> None:
    w = world()
    two_sides(w)
    draft = draft_of(w)
    preview(w, draft)
    older = previews.start(sync=draft, by=None)
    made = preview(w, draft)
    older.run.refresh_from_db()
    assert older.run.state == RunState.ABORTED
    assert list(draft.previews.all()) == [made]
    assert set(PlannedChange.objects.values_list("preview", flat=True)) == {made.pk}


class Killed(BaseException):
    """The worker is gone: nothing below catches this."""


@pytest.mark.parametrize("side", list(Side))
def test_a_preview_killed_in_the_middle_goes_on_and_counts_nothing_twice(world: Make, side: Side) -> None:
    w = world()
    two_sides(w)
    draft = draft_of(w)
    (w.hub if side is Side.HUB else w.app).fail("scan", Killed, when="after")  # type: ignore[arg-type]
    started = previews.start(sync=draft, by=None)
    with pytest.raises(Killed):
        w._finish(started.run)
    w.lift_waits()
    assert runs.dispatch_due() == 0  # queued a moment ago
    w._finish(started.run)
    started.refresh_from_db()
    assert sum(started.counts.values()) == 8
    assert previews.state(started) == "ready"


def test_saving_while_a_preview_is_under_way_leaves_nothing_of_it(world: Make, monkeypatch: Any) -> None:
    from syncjobs.runner import slices

    w = world()
    two_sides(w)
    draft = draft_of(w)
    w.hub.fail("scan", lambda: errors.RateLimited("slow down", retry_after=30))
    started = previews.start(sync=draft, by=None)
    slices.run_slice(started.run.pk)
    assert RecordLink.objects.filter(sync=draft).exists()
    save(w, draft)
    started.run.refresh_from_db()
    assert started.run.state == RunState.ABORTED
    assert w.counts() == {"insync": 5, "excluded": 2}


def test_an_expired_login_ends_the_preview_and_leaves_the_draft_a_draft(world: Make) -> None:
    w = world()
    two_sides(w)
    draft = draft_of(w)
    w.app.fail("scan", lambda: errors.AuthRevoked("The key was rotated."))
    made = preview(w, draft)
    draft.refresh_from_db()
    assert draft.state == SyncState.DRAFT
    assert (previews.state(made), made.run.code) == ("failed", "AUTH_REVOKED")


def test_only_drafts_that_know_what_they_sync_have_previews(world: Make) -> None:
    w = world()
    with pytest.raises(previews.CannotPreview):
        previews.start(sync=w.sync, by=None)
    with pytest.raises(previews.CannotPreview):
        previews.start(sync=drafts.new(account=w.sync.account, by=None), by=None)


# -- the copy on which a saved sync is edited ------------------------------------------------------------------------------
def edited(w: World) -> Sync:
    w.initial()
    w.settle()
    w.sync.refresh_from_db()
    return drafts.copy_of(sync=w.sync, by=None)


def test_an_edit_that_changes_nothing_plans_nothing(world: Make) -> None:
    w = world()
    two_sides(w)
    draft = edited(w)
    writes = w.hub.writes + w.app.writes
    made = preview(w, draft)
    assert counts(made) == {"unchanged": 5, "excluded": 2}
    assert not made.plans.filter(outcome="unchanged").exists()
    assert w.hub.writes + w.app.writes == writes
    assert w.counts() == {"insync": 5, "excluded": 2}, "the saved sync's own links stay as they are"
    assert w.quiet_writes() == 0


def test_a_preview_of_an_edit_keeps_who_is_linked_and_says_what_the_new_settings_do(world: Make) -> None:
    w = world()
    FieldMapping.objects.filter(sync=w.sync, app_field="notes").delete()
    for number in range(3):
        w.hub.put({"email": f"p{number}@example.com", "first_name": "P", "notes": f"note {number}"})
    draft = edited(w)
    pk = next(iter(w.app.live()))
    w.app.write(pk, {"email": "renamed@example.com"})  # linked by id: no new record
    FieldMapping.objects.create(sync=draft, app_field="notes", hub_field="notes")
    SyncFilter.objects.create(
        sync=draft, side="hub", groups=[[{"field": "first_name", "operator": "is", "value": "P"}]]
    )
    made = preview(w, draft)
    assert counts(made) == {"update_app": 3, "update_hub": 1}
    run = save(w, draft)
    assert (run.counts["updated_app"], run.counts["updated_hub"]) == (3, 1)
    assert w.counts() == {"insync": 3}
    w.assert_equal()
    assert not Preview.objects.exists()


def test_a_record_deleted_at_one_side_is_planned_by_the_new_policy(world: Make) -> None:
    w = world(hub=Abilities(change_feed=False, sees_deletions=False))
    ids = [w.hub.put({"email": f"p{number}@example.com"}) for number in range(3)]
    draft = edited(w)
    Sync.objects.filter(pk=draft.pk).update(when_deleted_in_hub="delete")
    draft.refresh_from_db()
    w.hub.remove(ids[0])
    made = preview(w, draft)
    assert counts(made) == {"delete_app": 1, "unchanged": 2}
    save(w, draft)
    assert len(w.app.live()) == 2


def test_guards_are_reported_and_stop_nothing(world: Make) -> None:
    w = world()
    ids = [w.hub.put({"email": f"p{number}@example.com", "first_name": "P"}) for number in range(60)]
    draft = edited(w)
    Sync.objects.filter(pk=draft.pk).update(clear_values=True)
    draft.refresh_from_db()
    for pk in ids[:40]:
        w.hub.edit(pk, first_name=None)
    made = preview(w, draft)
    assert made.guards == [{"code": "GUARD_MASS_UPDATE", "n": 40}]
    assert counts(made) == {"update_app": 40, "unchanged": 20}
    save(w, draft)
    w.sync.refresh_from_db()
    assert (w.sync.state, w.sync.state_code) == ("suspended", "GUARD_MASS_UPDATE")


def test_a_value_that_cannot_be_written_is_named_before_anything_is_sent(world: Make) -> None:
    w = world()
    FieldMapping.objects.create(sync=w.sync, app_field="last_name", hub_field="score", direction="to_hub")
    FieldMapping.objects.filter(
        sync=w.sync, app_field__in=("score", "last_name"), hub_field__in=("last_name",)
    ).delete()
    FieldMapping.objects.filter(sync=w.sync, app_field="score").delete()
    w.app.put({"email": "ada@example.com", "last_name": "Lovelace"})
    draft = draft_of(w)
    made = preview(w, draft)
    assert counts(made) == {"would_fail": 1}
    (plan,) = previews.plans(draft, "would_fail")
    assert (plan.code, plan.side, plan.field, plan.detail) == ("NUMBER_INVALID", "hub", "score", "Lovelace")


@pytest.mark.parametrize("upserts", [True, False])
def test_a_record_outside_the_chosen_lists_is_foreseen_as_a_meeting(world: Make, upserts: bool) -> None:
    """Whether a create would overwrite it, or make a second one beside it."""
    able = Abilities(create_upserts_by="email" if upserts else "", containers="list", target_container=True)
    w = world(app=able, app_scope={"lists": ["mine"], "target_list": "mine"}, winner="app")
    w.app.fields = [replace(field, unique=field.unique and upserts) for field in w.app.fields]
    w.app.lists = {"mine": "Mine", "other": "Other"}
    w.app.put({"email": "ada@example.com", "first_name": "Augusta"}, lists=["other"])
    w.hub.put({"email": "ada@example.com", "first_name": "Ada"})
    draft = draft_of(w)
    assert counts(preview(w, draft)) == {"update_hub": 1}
