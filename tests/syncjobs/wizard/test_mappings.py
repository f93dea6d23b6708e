"""The mapping table's rules: what is possible, and why not."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from integrations.records import Field, FieldType, Side
from portal.accounts.models import Entitlement
from syncjobs.models import Direction, Sync
from syncjobs.services import constants, mappings
from syncjobs.services.mappings import Refused, Schemas
from tests.syncjobs.wizard.conftest import Bench


def add(draft: Sync, schemas: Schemas, app_field: str, hub_field: str) -> str:
    """The direction that the new row got."""
    return mappings.add(sync=draft, schemas=schemas, app_field=app_field, hub_field=hub_field).direction


# -- defaults ---------------------------------------------------------------------------------------------------------
def test_defaults_are_the_concepts_that_both_apps_know(draft: Sync) -> None:
    rows = {row.app_field: row for row in draft.mappings.all()}
    assert list(rows) == ["mail", "first", "last", "tel", "industry"]
    assert rows["mail"].required
    assert rows["mail"].locked
    assert rows["last"].required
    assert not rows["tel"].on
    assert not any(row.custom for row in rows.values())


def test_a_default_row_is_as_wide_as_its_fields_allow(draft: Sync, bench: Bench) -> None:
    assert bench.row(draft, "first").direction == Direction.BOTH
    assert bench.row(draft, "industry").direction == Direction.TO_HUB


# -- adding -----------------------------------------------------------------------------------------------------------
def test_a_pair_is_added_as_wide_as_it_can_be(draft: Sync, schemas: Schemas) -> None:
    assert add(draft, schemas, "budget", "score") == Direction.BOTH
    assert add(draft, schemas, "joined", "created") == Direction.TO_APP


def test_a_pair_of_types_without_a_way_is_refused_with_the_reason(draft: Sync, schemas: Schemas) -> None:
    with pytest.raises(Refused, match=r"number.*cannot fill.*date"):
        add(draft, schemas, "budget", "met")


def test_a_field_has_one_source_per_direction(draft: Sync, schemas: Schemas) -> None:
    """The hub's first name is taken as a target, but may be the source of another field."""
    assert add(draft, schemas, "nick", "firstname") == Direction.TO_APP
    with pytest.raises(Refused, match="already filled by"):
        add(draft, schemas, "nick", "lastname")


def test_rows_that_are_off_claim_nothing_until_they_are_turned_on(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    draft.mappings.filter(app_field="industry").update(on=False)
    assert add(draft, schemas, "nick", "industry") == Direction.BOTH
    with pytest.raises(Refused, match="already filled by"):
        mappings.switch(row=bench.row(draft, "industry"), schemas=schemas)


def test_a_row_turned_on_again_gets_the_direction_that_is_left(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    mappings.switch(row=bench.row(draft, "first"), schemas=schemas)
    assert add(draft, schemas, "nick", "firstname") == Direction.BOTH
    mappings.switch(row=bench.row(draft, "first"), schemas=schemas)
    row = bench.row(draft, "first")
    assert row.on
    assert row.direction == Direction.TO_APP


def test_the_same_pair_twice_is_refused(draft: Sync, schemas: Schemas) -> None:
    with pytest.raises(Refused, match="already mapped to each other"):
        add(draft, schemas, "first", "firstname")


def test_nothing_and_unknown_fields_are_refused(draft: Sync, schemas: Schemas) -> None:
    with pytest.raises(Refused, match="on both sides"):
        add(draft, schemas, "first", "")
    with pytest.raises(Refused, match="no field “nonsense”"):
        add(draft, schemas, "nonsense", "score")


def test_a_one_way_sync_takes_no_row_that_goes_the_other_way_only(draft: Sync, schemas: Schemas) -> None:
    draft.direction = Direction.TO_HUB
    with pytest.raises(Refused, match="read-only in Bigdesk"):
        add(draft, schemas, "nick", "created")


def test_an_app_with_strict_types_takes_identical_types_only(draft: Sync, schemas: Schemas) -> None:
    strict = Schemas(**{**vars(schemas), "strict": True})
    with pytest.raises(Refused, match="same type"):
        add(draft, strict, "notes", "company")
    assert add(draft, strict, "nick", "company") == Direction.BOTH


def test_unwritable_apps_are_only_sources(draft: Sync, schemas: Schemas) -> None:
    closed = Schemas(**{**vars(schemas), "app_writable": False})
    assert add(draft, closed, "nick", "company") == Direction.TO_HUB


# -- turning, switching, removing -------------------------------------------------------------------------------------
def test_the_arrow_cycles_through_legal_directions(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    seen = []
    for _turn in range(3):
        mappings.turn(row=bench.row(draft, "first"), schemas=schemas)
        seen.append(bench.row(draft, "first").direction)
    assert seen == [Direction.TO_HUB, Direction.TO_APP, Direction.BOTH]


def test_the_arrow_of_a_row_with_one_way_says_why_it_stays(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    with pytest.raises(Refused, match="“Branch” is read-only in Leadbox"):
        mappings.turn(row=bench.row(draft, "industry"), schemas=schemas)


def test_the_arrow_is_fixed_in_a_one_way_sync(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    draft.direction = Direction.TO_HUB
    draft.save()
    with pytest.raises(Refused, match="one way only"):
        mappings.turn(row=bench.row(draft, "first"), schemas=schemas)


def test_required_and_locked_rows_say_why_they_stay(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    for field, why in (("mail", "locked"), ("last", "required")):
        with pytest.raises(Refused, match=why):
            mappings.switch(row=bench.row(draft, field), schemas=schemas)
        with pytest.raises(Refused, match=why):
            mappings.remove(row=bench.row(draft, field))
    with pytest.raises(Refused, match="locked"):
        mappings.turn(row=bench.row(draft, "mail"), schemas=schemas)
    with pytest.raises(Refused, match="locked"):
        mappings.set_winner(row=bench.row(draft, "mail"), winner="hub")


def test_removing_is_undone_as_it_was(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    mappings.set_winner(row=bench.row(draft, "first"), winner="hub")
    token = mappings.remove(row=bench.row(draft, "first"))
    assert not draft.mappings.filter(app_field="first").exists()
    mappings.restore(sync=draft, token=token)
    assert bench.row(draft, "first").winner == "hub"
    with pytest.raises(Refused, match="already mapped"):
        mappings.restore(sync=draft, token=token)


def test_an_undo_of_another_draft_or_a_forged_one_is_refused(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    token = mappings.remove(row=bench.row(draft, "first"))
    for sync, given in ((bench.draft(), token), (draft, "forged")):
        with pytest.raises(Refused, match="no longer be undone"):
            mappings.restore(sync=sync, token=given)


def test_a_rule_that_does_not_exist_is_refused(draft: Sync, bench: Bench) -> None:
    with pytest.raises(Refused):
        mappings.set_winner(row=bench.row(draft, "first"), winner="dice")


# -- fields that change -----------------------------------------------------------------------------------------------
def test_refreshing_marks_rows_whose_field_is_gone_or_changed(draft: Sync, bench: Bench) -> None:
    bench.leads.fields = [f for f in bench.leads.fields if f.name != "first"]
    bench.crm.fields = [
        Field("phone", "Phone", FieldType.DATE) if field.name == "phone" else field for field in bench.crm.fields
    ]
    mappings.recheck(sync=draft, schemas=mappings.schemas_of(draft, refresh=True))
    assert bench.row(draft, "first").problem == "FIELD_MISSING"
    assert bench.row(draft, "tel").problem == "FIELD_TYPE_CHANGED"
    assert not bench.row(draft, "last").problem


def test_fields_are_not_read_again_without_need(draft: Sync, bench: Bench) -> None:
    calls = bench.crm.calls
    mappings.schemas_of(draft)
    assert bench.crm.calls == calls


# -- custom mappings --------------------------------------------------------------------------------------------------
@pytest.fixture
def no_custom(settings: object) -> None:
    settings.CUSTOM_MAPPINGS = False  # type: ignore[attr-defined]


@pytest.mark.usefixtures("no_custom")
def test_without_the_entitlement_only_default_pairs_are_added(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    with pytest.raises(Refused, match="no custom mappings"):
        add(draft, schemas, "budget", "score")
    mappings.remove(row=bench.row(draft, "first"))
    assert add(draft, schemas, "first", "firstname") == Direction.BOTH
    assert not bench.row(draft, "first").custom


@pytest.mark.usefixtures("no_custom")
def test_the_trial_lasts_two_weeks_and_comes_once(draft: Sync, schemas: Schemas, bench: Bench) -> None:
    trial = mappings.start_trial(account=bench.account, by=bench.user)
    assert trial.until is not None
    assert abs(trial.until - now() - timedelta(days=14)) < timedelta(minutes=1)
    assert add(draft, schemas, "budget", "score") == Direction.BOTH
    assert bench.account.audit_events.filter(verb="account.trial_started").count() == 1
    Entitlement.objects.update(until=now() - timedelta(days=1))
    with pytest.raises(Refused, match="is over"):
        mappings.start_trial(account=bench.account, by=bench.user)


# -- constants --------------------------------------------------------------------------------------------------------
def stamp(draft: Sync, schemas: Schemas, side: Side, field: str, value: str) -> str:
    return constants.add(sync=draft, schemas=schemas, side=side, field=field, value=value).value


@pytest.mark.parametrize(
    ("field", "typed", "stored"),
    [
        ("origin", " from Leadbox ", "from Leadbox"),
        ("score", "12.5", "12.5"),
        ("met", "2026-05-01", "2026-05-01"),
        ("vip", "Yes", "true"),
        ("stage", "customer", "customer"),
        ("stage", "Lead", "lead"),
    ],
)
def test_a_constant_is_stored_in_the_form_of_its_type(
    draft: Sync, schemas: Schemas, field: str, typed: str, stored: str
) -> None:
    assert stamp(draft, schemas, Side.HUB, field, typed) == stored


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("origin", "", "Enter the value"),
        ("origin", "x" * 21, "at most 20"),
        ("score", "many", "a number"),
        ("met", "soon", "a date"),
        ("vip", "perhaps", "yes or no"),
        ("stage", "enemy", "not in the list.*Lead, Customer"),
        ("firstname", "Ada", "already filled by the mapping"),
        ("created", "2026-05-01", "cannot hold"),
        ("nonsense", "1", "Choose a field"),
    ],
)
def test_a_constant_that_does_not_fit_is_refused(
    draft: Sync, schemas: Schemas, field: str, typed: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        stamp(draft, schemas, Side.HUB, field, typed)


def test_a_constant_belongs_to_a_side_that_is_written(draft: Sync, schemas: Schemas) -> None:
    draft.direction = Direction.TO_HUB
    with pytest.raises(Refused, match="writes nothing to Leadbox"):
        stamp(draft, schemas, Side.APP, "nick", "from CRM")


def test_a_field_has_one_constant(draft: Sync, schemas: Schemas) -> None:
    stamp(draft, schemas, Side.HUB, "origin", "a")
    with pytest.raises(Refused, match="fixed value already"):
        stamp(draft, schemas, Side.HUB, "origin", "b")


def test_typed_constants_are_what_the_app_is_given() -> None:
    assert constants.typed(Field("vip", "VIP", FieldType.BOOL), "true") is True
    assert constants.typed(Field("tags", "Tags", FieldType.MULTI), "b;a") == ["a", "b"]
    assert constants.typed(Field("n", "N", FieldType.NUMBER), "12.5") == "12.5"


def test_only_a_list_can_be_promoted_in(draft: Sync, schemas: Schemas) -> None:
    row = constants.add(sync=draft, schemas=schemas, side=Side.HUB, field="stage", value="Lead", when="promote")
    assert (row.value, row.when) == ("lead", "promote")
    with pytest.raises(Refused, match="no list"):
        constants.add(sync=draft, schemas=schemas, side=Side.HUB, field="origin", value="x", when="promote")
    with pytest.raises(Refused, match="Choose when"):
        constants.add(sync=draft, schemas=schemas, side=Side.HUB, field="origin", value="x", when="sometimes")
