"""The table of ``engine.merge``, row by row."""

import dataclasses
from datetime import UTC, datetime

import pytest

from integrations.records import FieldType, Side, Value
from syncjobs.engine.merge import Half, Outcome, Rule, echo_of, merge
from syncjobs.engine.references import merge_references
from syncjobs.engine.rules import End, MappingRule
from syncjobs.engine.transforms import convert

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def mapping(way: str = "both", winner: str = "hub", kind: FieldType = FieldType.TEXT, **ends: object) -> MappingRule:
    return MappingRule(app=End("a", kind, **ends), hub=End("h", kind, **ends), way=way, winner=winner)  # type: ignore[arg-type]


def half(
    name: str, seen: Value = None, now: Value = None, *, met: bool = True, at: datetime = EARLY, **more: Value
) -> Half:
    return Half(now={name: now}, seen={name: seen} if met else None, modified_at=at, exists=True, **more)  # type: ignore[arg-type]


def decide(rule: MappingRule, hub: tuple[Value, Value], app: tuple[Value, Value], *, clear: bool = False) -> Outcome:
    """``hub`` and ``app``: (value at the last agreement, value now)."""
    return merge(rule, half("h", *hub), half("a", *app), clear_values=clear)


def written(outcome: Outcome) -> tuple[Side | None, Value]:
    return outcome.write, outcome.value


@pytest.mark.parametrize(
    ("way", "hub", "app", "expected"),
    [
        ("both", ("x", "x"), ("x", "x"), (None, None)),
        ("to_app", ("x", "x"), ("x", "x"), (None, None)),
        ("both", ("x", "y"), ("x", "x"), (Side.APP, "y")),
        ("to_app", ("x", "y"), ("x", "x"), (Side.APP, "y")),
        ("to_hub", ("x", "y"), ("x", "x"), (None, None)),
        ("both", ("x", "x"), ("x", "z"), (Side.HUB, "z")),
        ("to_app", ("x", "x"), ("x", "z"), (None, None)),
        ("to_hub", ("x", "x"), ("x", "z"), (Side.HUB, "z")),
        ("both", ("x", "y"), ("x", "y"), (None, None)),
        ("both", ("x", "y"), ("x", "z"), (Side.APP, "y")),
        ("to_app", ("x", "y"), ("x", "z"), (Side.APP, "y")),
        ("to_hub", ("x", "y"), ("x", "z"), (Side.HUB, "z")),
    ],
)
def test_who_changed_decides_what_is_written(
    way: str, hub: tuple[Value, Value], app: tuple[Value, Value], expected: tuple[Side | None, Value]
) -> None:
    assert written(decide(mapping(way), hub, app)) == expected


def test_the_one_way_table_counts_edits_on_the_receiving_side_as_drift() -> None:
    assert decide(mapping("to_app"), ("x", "x"), ("x", "z")).drift
    assert decide(mapping("to_hub"), ("x", "y"), ("x", "x")).drift


@pytest.mark.parametrize(("winner", "side"), [("hub", Side.APP), ("app", Side.HUB)])
def test_a_conflict_follows_the_winner_and_names_the_loser(winner: str, side: Side) -> None:
    outcome = decide(mapping(winner=winner), ("x", "y"), ("x", "z"))
    assert outcome.write is side
    assert outcome.loser == ("z" if winner == "hub" else "y")


@pytest.mark.parametrize(
    ("hub_at", "app_at", "side"), [(LATE, EARLY, Side.APP), (EARLY, LATE, Side.HUB), (LATE, LATE, Side.APP)]
)
def test_the_most_recent_change_wins_and_the_hub_wins_a_tie(hub_at: datetime, app_at: datetime, side: Side) -> None:
    outcome = merge(
        mapping(winner="recent"), half("h", "x", "y", at=hub_at), half("a", "x", "z", at=app_at), clear_values=False
    )
    assert (outcome.write, outcome.rule) == (side, Rule.MOST_RECENT)


def test_ask_me_parks_the_field() -> None:
    assert decide(mapping(winner="ask"), ("x", "y"), ("x", "z")).parked


@pytest.mark.parametrize(
    ("hub", "app", "expected"),
    [("y", None, (Side.APP, "y")), (None, "z", (Side.HUB, "z")), ("y", "z", (Side.APP, "y"))],
)
def test_at_first_meeting_a_blank_takes_the_others_value(hub: Value, app: Value, expected: tuple[Side, Value]) -> None:
    outcome = merge(mapping(), half("h", now=hub, met=False), half("a", now=app, met=False), clear_values=False)
    assert written(outcome) == expected


@pytest.mark.parametrize(("way", "hub", "app", "expected"), [
    ("to_app", None, "z", (None, None)), ("to_app", "y", "z", (Side.APP, "y")),
    ("to_hub", "y", None, (None, None)), ("to_hub", "y", "z", (Side.HUB, "z")),
])  # fmt: skip
def test_at_first_meeting_one_way_overwrites_unless_its_source_is_blank(
    way: str, hub: Value, app: Value, expected: tuple[Side | None, Value]
) -> None:
    outcome = merge(mapping(way), half("h", now=hub, met=False), half("a", now=app, met=False), clear_values=False)
    assert written(outcome) == expected


STAGES = {"options": frozenset({"new", "talks"}), "otherwise": "new"}


@pytest.mark.parametrize(("stage", "becomes", "note"), [
    ("talks", None, "OPTION_UNMAPPED"), (None, "new", ""), ("new", None, ""),
])  # fmt: skip
@pytest.mark.parametrize("met", [True, False])
def test_what_stands_in_for_a_stranger_fills_a_blank_and_moves_nothing(
    stage: Value, becomes: Value, note: str, met: bool
) -> None:
    """A deal in talks goes to a stage that the app does not have: there it stays in talks."""
    rule = MappingRule(app=End("a", FieldType.OPTION, **STAGES), hub=End("h", FieldType.OPTION))  # type: ignore[arg-type]
    outcome = merge(rule, half("h", "talks", "legal", met=met), half("a", stage, stage, met=met), clear_values=False)
    assert (outcome.value, outcome.note, outcome.problem) == (becomes, note, None)


def test_a_counterpart_moves_what_stands_there() -> None:
    rule = MappingRule(app=End("a", FieldType.OPTION, **STAGES), hub=End("h", FieldType.OPTION))  # type: ignore[arg-type]
    assert written(decide(rule, ("talks", "new"), ("talks", "talks"))) == (Side.APP, "new")


@pytest.mark.parametrize("met", [True, False])
def test_the_owner_of_a_record_is_not_taken_from_somebody_for_a_stranger(met: bool) -> None:
    app = End("a", FieldType.USER, options=frozenset({"ann@x.io", "bot@x.io"}), otherwise="bot@x.io")
    rule = MappingRule(app=app, hub=End("h", FieldType.USER))
    owned = half("a", "ann@x.io", "ann@x.io", met=met)
    outcome = merge(rule, half("h", "ann@x.io", "new@x.io", met=met), owned, clear_values=False)
    assert outcome.write is None


def test_a_blank_never_erases_unless_clearing_is_on() -> None:
    assert decide(mapping(), ("x", None), ("x", "x")).write is None
    assert written(decide(mapping(), ("x", None), ("x", "x"), clear=True)) == (Side.APP, None)
    assert written(decide(mapping(), ("x", None), ("x", "z"))) == (Side.HUB, "z")


def test_a_blank_that_an_app_cannot_store_is_noted_and_not_sent() -> None:
    outcome = decide(mapping(clearable=False), ("x", None), ("x", "x"), clear=True)
    assert (outcome.write, outcome.note) == (None, "CANNOT_CLEAR")


def test_a_value_that_cannot_be_seen_is_never_overwritten_at_first_but_later_changes_cross() -> None:
    unseen = Half(now={}, seen=None, exists=True)
    assert merge(mapping(), half("h", now="y", met=False), unseen, clear_values=False).write is None
    unseen = Half(now={}, seen={}, exists=True)
    assert merge(mapping(), half("h", "x", "y"), unseen, clear_values=False).write is Side.APP


def test_what_we_sent_is_an_echo_even_cut_short_and_never_travels_back() -> None:
    long = "a value of more than ten letters"
    app = Half(now={"a": long[:20]}, seen={"a": "old"}, expected={"a": long}, exists=True)
    outcome = merge(mapping(), half("h", long, long), app, clear_values=False)
    assert outcome.write is None


@pytest.mark.parametrize(
    ("kind", "old", "sent"),
    [
        (FieldType.TEXT, "as it was", "for a moment"),
        (FieldType.MULTI, ["a"], ["a", "b"]),
        (FieldType.MULTI, ["a", "b"], ["a"]),
    ],
)
def test_what_went_back_while_its_write_had_no_answer_goes_back_at_the_other_side(
    kind: FieldType, old: Value, sent: Value
) -> None:
    app = Half(now={"a": sent}, seen={"a": old}, expected={"a": sent}, exists=True)
    assert written(merge(mapping(kind=kind), half("h", old, old), app, clear_values=False)) == (Side.APP, old)


def test_an_association_that_was_undone_while_its_write_had_no_answer_is_undone_at_the_other_side() -> None:
    rule = mapping(kind=FieldType.REFERENCE, many=True)
    rule.partners[Side.APP].update(c="C", d="D")
    app = Half(now={"a": ["C", "D"]}, seen={"a": ["D"]}, expected={"a": ["C", "D"]}, exists=True)
    outcome = merge_references(rule, half("h", ["d"], ["d"]), app, clear_values=False)
    assert written(outcome) == (Side.APP, ["D"])


def test_an_answer_that_was_lost_and_an_edit_since_is_somebodys_change() -> None:
    app = Half(now={"a": "edited"}, seen={"a": "old"}, expected={"a": "sent"}, exists=True)
    assert written(merge(mapping(), half("h", "sent", "sent"), app, clear_values=False)) == (Side.HUB, "edited")


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Ada@Example.com", "ada@example.com", FieldType.EMAIL),
        ("+1 (415) 555-2671", "+14155552671", FieldType.PHONE),
        ("https://www.Example.com/", "example.com", FieldType.URL),
        ("1.50", "1.5", FieldType.NUMBER),
        ("2026-05-01T10:00:00+02:00", "2026-05-01T08:00:00.000Z", FieldType.DATETIME),
        ("", None, FieldType.TEXT),
        (["b", "a"], ["a", "b"], FieldType.MULTI),
    ],
)
def test_forms_that_apps_give_the_same_value_are_no_change(one: Value, other: Value, kind: FieldType) -> None:
    assert decide(mapping(kind=kind), (one, other), (one, one)).write is None
    assert echo_of(one, other, kind)


def test_letters_case_of_plain_text_is_a_change() -> None:
    assert decide(mapping(), ("mcdonald", "McDonald"), ("mcdonald", "mcdonald")).write is Side.APP


def test_sets_merge_both_sides_additions_and_removals() -> None:
    rule = mapping(kind=FieldType.MULTI)
    outcome = merge(rule, half("h", ["a", "b"], ["a", "c"]), half("a", ["a", "b"], ["a", "b", "d"]), clear_values=False)
    parts = {part.write: part.value for part in (outcome, *outcome.extra)}
    assert parts == {Side.HUB: ["a", "c", "d"], Side.APP: ["a", "c", "d"]}


def options(*names: str) -> End:
    return End("a", FieldType.MULTI, options=frozenset(names))


@pytest.mark.parametrize(
    ("before", "after", "there"),
    [
        (["a", "o"], ["a", "b", "o"], ["a", "b", "x", "y"]),  # b was added: x and y, which o stands for, stay
        (["a", "o"], ["o"], ["x", "y"]),
        (["a", "o"], ["a"], ["a"]),
        (["a", "o"], None, None),
    ],
)
def test_items_that_share_a_stand_in_go_with_it_and_not_with_others(before: Value, after: Value, there: Value) -> None:
    app = dataclasses.replace(options("a", "b", "o"), otherwise="o")
    rule = MappingRule(app=app, hub=dataclasses.replace(options("a", "b", "x", "y"), field="h"))
    hub = ["a", "x", "y"]
    assert written(decide(rule, (hub, hub), (before, after), clear=True)) == (Side.HUB, there)


@pytest.mark.parametrize(("after", "there"), [(["b", "x"], None), (["x"], ["q"]), (["a", "b"], ["p"])])
def test_an_item_stays_as_long_as_one_of_those_that_it_stands_for(after: Value, there: Value) -> None:
    rule = dataclasses.replace(mapping(kind=FieldType.MULTI), value_map=(("p", "a"), ("p", "b"), ("q", "x")))
    assert written(decide(rule, (["a", "b", "x"], after), (["p", "q"], ["p", "q"]))) == (
        Side.APP if there else None,
        there,
    )


def test_the_last_item_stays_where_the_app_cannot_clear() -> None:
    outcome = decide(mapping(kind=FieldType.MULTI, clearable=False), (["a"], None), (["a"], ["a"]), clear=True)
    assert (outcome.write, outcome.note) == (None, "CANNOT_CLEAR")


def test_several_items_with_one_counterpart_are_sent_once() -> None:
    rule = dataclasses.replace(mapping(kind=FieldType.MULTI), value_map=(("p", "a"), ("p", "b")))
    assert convert(rule, ["a", "b"], Side.APP) == ["p"]
    rule = MappingRule(app=dataclasses.replace(options("o"), otherwise="o"), hub=End("h", FieldType.MULTI))
    assert convert(rule, ["a", "b"], Side.APP) == ["o"]
