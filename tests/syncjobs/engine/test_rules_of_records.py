"""Filters, identifiers, conversions and whole-record plans."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.records import FieldType, Side, Value
from syncjobs.engine.canonical import equal, parse_datetime
from syncjobs.engine.filters import OPERATORS, Rule, matches, value_problem
from syncjobs.engine.matching import Candidate, key_of, resolve
from syncjobs.engine.merge import Half
from syncjobs.engine.plan import plan
from syncjobs.engine.rules import Constant, End, Identifier, MappingRule, SideRules, SyncRules
from syncjobs.engine.transforms import ConversionFailed, convert

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
T = FieldType


@pytest.mark.parametrize(
    ("kind", "value", "operator", "wanted", "expected"),
    [
        (T.TEXT, "Ada Lovelace", "contains", "love", True),
        (T.TEXT, "Ada", "is", "ada", True),
        (T.TEXT, None, "is_not", "ada", True),
        (T.TEXT, "Ada", "any_of", ["bob", "ada"], True),
        (T.TEXT, "Ada", "none_of", ["bob"], True),
        (T.TEXT, "Ada", "starts_with", "a", True),
        (T.TEXT, "Ada", "ends_with", "x", False),
        (T.TEXT, "", "known", None, False),
        (T.TEXT, "", "unknown", None, True),
        (T.EMAIL, "ada@mail.Example.com", "domain", "example.com", True),
        (T.EMAIL, "ada@notexample.com", "domain", "example.com", False),
        (T.URL, "https://www.example.com/x", "domain", "example.com", True),
        (T.NUMBER, "10", "gt", "9", True),
        (T.NUMBER, None, "lt", "9", False),
        (T.NUMBER, "5", "between", ["1", "5"], True),
        (T.DATE, "2026-05-31", "last_days", "7", True),
        (T.DATE, "2026-01-01", "more_days_ago", "30", True),
        (T.DATETIME, "2026-06-05T00:00:00Z", "next_days", "7", True),
        (T.DATE, "2026-05-01", "before", "2026-05-02", True),
        (T.BOOL, True, "yes", None, True),
        (T.BOOL, None, "no", None, False),
        (T.OPTION, "lead", "any_of", ["lead", "customer"], True),
        (T.MULTI, ["a", "b"], "contains_any", ["b", "c"], True),
        (T.MULTI, ["a"], "contains_all", ["a", "b"], False),
        (T.MULTI, ["a"], "contains_none", ["b"], True),
    ],
)
def test_filter_operators(kind: FieldType, value: Value, operator: str, wanted: Any, expected: bool) -> None:
    assert value_problem(operator, wanted, kind) == ""
    assert matches(((Rule("f", operator, wanted),),), {"f": value}, {"f": kind}, NOW)[0] is expected


def test_every_offered_operator_can_be_judged() -> None:
    wanted = {"between": ["1", "2"], "last_days": "1", "next_days": "1", "more_days_ago": "1"}
    for kind, operators in OPERATORS.items():
        for operator in operators:
            matches(((Rule("f", operator, wanted.get(operator, ["1"])),),), {"f": None}, {"f": kind}, NOW)


def test_groups_are_alternatives_and_the_first_failed_rule_is_named() -> None:
    first, second = Rule("country", "is", "Japan"), Rule("country", "is", "Peru")
    assert matches(((first,), (second,)), {"country": "Peru"}, {"country": T.TEXT}, NOW) == (True, None)
    assert matches(((first,), (second,)), {"country": "Chile"}, {"country": T.TEXT}, NOW) == (False, first)
    assert matches((), {}, {}, NOW) == (True, None)


@pytest.mark.parametrize(
    ("operator", "value", "kind"),
    [
        ("gt", "many", T.NUMBER),
        ("between", ["1"], T.NUMBER),
        ("last_days", "soon", T.DATE),
        ("before", "May", T.DATE),
        ("is", "", T.TEXT),
        ("gt", "1", T.TEXT),
    ],
)
def test_a_filter_value_that_does_not_fit_is_refused_in_words(operator: str, value: Any, kind: FieldType) -> None:
    assert value_problem(operator, value, kind)


def test_identifiers_are_normalised() -> None:
    end = End("e", T.EMAIL)
    assert key_of({"e": " Ada@Example.COM "}, Identifier(end, end), Side.HUB) == "ada@example.com"
    end = End("d", T.URL)
    assert key_of({"d": "https://www.Example.com/about"}, Identifier(end, end), Side.APP) == "example.com"
    assert key_of({"d": None}, Identifier(end, end), Side.APP) == ""


def candidate(row: int, side: Side, *, linked: bool = False, day: int = 1, **more: Any) -> Candidate:
    return Candidate(row, side, linked, order=(f"2026-01-{day:02}",), **more)


def test_duplicates_follow_the_policy_and_a_linked_record_keeps_its_link() -> None:
    old, new, hub = candidate(1, Side.APP, day=1), candidate(2, Side.APP, day=2), candidate(3, Side.HUB)
    assert resolve([old, new, hub], "newest").pair == (3, 2)
    assert resolve([old, new, hub], "newest").excluded == (1,)
    assert resolve([old, new, hub], "oldest").pair == (3, 1)
    assert set(resolve([old, new, hub], "hold").review) == {1, 2, 3}
    linked = [candidate(3, Side.HUB, linked=True), candidate(3, Side.APP, linked=True)]
    assert resolve([*linked, new], "newest").excluded == (2,)


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        (T.NUMBER, T.TEXT, "1.5", "1.5"),
        (T.TEXT, T.NUMBER, "1,250.5", "1250.5"),
        (T.BOOL, T.TEXT, True, "true"),
        (T.TEXT, T.BOOL, "Yes", True),
        (T.DATE, T.DATETIME, "2026-05-01", "2026-05-01T00:00:00.000Z"),
        (T.DATETIME, T.DATE, "2026-05-01T08:30:00Z", "2026-05-01"),
        (T.MULTI, T.TEXT, ["a", "b"], "a, b"),
        (T.LONG_TEXT, T.TEXT, "one\ntwo", "one two"),
        (T.TEXT, T.TEXT, "", None),
    ],
)
def test_conversions(source: FieldType, target: FieldType, value: Value, expected: Value) -> None:
    assert convert(MappingRule(app=End("a", source), hub=End("h", target)), value, Side.HUB) == expected


@pytest.mark.parametrize(
    ("end", "value", "code"),
    [
        (End("h", T.NUMBER), "many", "NUMBER_INVALID"),
        (End("h", T.EMAIL), "nobody", "EMAIL_INVALID"),
        (End("h", T.DATE), "soon", "DATE_INVALID"),
        (End("h", T.TEXT, max_length=3), "long", "VALUE_TOO_LONG"),
        (End("h", T.OPTION, options=frozenset({"lead"})), "other", "OPTION_UNMAPPED"),
        (End("h", T.BOOL), "perhaps", "TYPE_INCOMPATIBLE"),
    ],
)
def test_a_value_that_does_not_fit_names_the_failure(end: End, value: Value, code: str) -> None:
    with pytest.raises(ConversionFailed) as caught:
        convert(MappingRule(app=End("a", T.TEXT), hub=end), value, Side.HUB)
    assert caught.value.code == code


def test_an_option_that_only_the_app_itself_chooses_is_not_written() -> None:
    """Neither by its value, its name nor a pair that a person made; it is read like any other."""
    app = End(
        "a", T.OPTION, options=frozenset({"lead"}), option_labels=(("Lead", "lead"), ("Won", "won")), otherwise="lead"
    )
    hub = End("h", T.OPTION, options=frozenset({"won", "closed"}), option_labels=(("Won", "won"), ("Closed", "closed")))
    rule = MappingRule(app, hub, value_map=(("won", "closed"),))
    assert [convert(rule, value, Side.APP) for value in ("won", "closed")] == ["lead", "lead"]
    assert convert(rule, "won", Side.HUB) == "closed"


def test_options_are_matched_by_label_and_by_the_value_map() -> None:
    app = End("a", T.OPTION, options=frozenset({"1"}), option_labels=(("Lead", "1"),))
    hub = End("h", T.OPTION, options=frozenset({"lead", "x"}), option_labels=(("lead", "lead"), ("Other", "x")))
    assert convert(MappingRule(app=app, hub=hub), "1", Side.HUB) == "lead"
    assert convert(MappingRule(app=app, hub=hub, value_map=(("1", "x"),)), "1", Side.HUB) == "x"
    assert convert(MappingRule(app=app, hub=hub, value_map=(("1", "x"),)), "x", Side.APP) == "1"


# -- plans -----------------------------------------------------------------------------------------------------------------
EMAIL = End("email", T.EMAIL)
NAME = End("name", T.TEXT)
TYPES = {"email": T.EMAIL, "name": T.TEXT, "source": T.TEXT}


def rules(**more: Any) -> SyncRules:
    usual = {
        "hub": SideRules(TYPES, email_field="email"), "app": SideRules(TYPES, email_field="email"),
        "mappings": (MappingRule(EMAIL, EMAIL), MappingRule(NAME, NAME)),
    }  # fmt: skip
    return SyncRules(identifiers=(Identifier(EMAIL, EMAIL),), **{**usual, **more})


ADA = Half(now={"email": "ada@example.com", "name": "Ada"}, exists=True)
NOBODY = Half()


def test_a_lone_record_is_made_at_the_other_side_with_its_constants() -> None:
    app = SideRules(TYPES, constants=(Constant("source", "from the hub"),))
    made = plan(ADA, NOBODY, rules(app=app), NOW)
    assert made.create is Side.APP
    assert made.writes[Side.APP] == {"email": "ada@example.com", "name": "Ada", "source": "from the hub"}


STAGES = ("subscriber", "lead", "customer")


@pytest.mark.parametrize(
    ("stage", "met_before", "becomes"),
    [
        (None, False, "lead"),
        ("subscriber", False, "lead"),
        ("lead", False, None),
        ("customer", False, None),  # never moved back
        ("a stage of their own", False, None),
        ("subscriber", True, None),  # since they met it is people's business
    ],
)
def test_a_promoting_constant_moves_forward_once(stage: str | None, met_before: bool, becomes: str | None) -> None:
    types = {**TYPES, "stage": T.OPTION}
    hub = SideRules(types, email_field="email", constants=(Constant("stage", "lead", "promote", STAGES),))
    agreed = {"email": "ada@example.com", "name": "Ada"}
    mine = Half(now={"stage": stage}, seen=agreed, exists=True)
    theirs = Half(now={"name": "Ada L."}, seen=agreed, exists=True)
    if not met_before:
        mine, theirs = (Half(now={**agreed, **(half.now or {})}, exists=True) for half in (mine, theirs))
    made = plan(mine, theirs, rules(hub=hub), NOW)
    assert made.writes.get(Side.HUB, {}).get("stage") == becomes
    assert ("stage" in made.memory[Side.HUB]) is (becomes is None), (
        "the stage that it had is not remembered over the new one"
    )


def test_a_web_address_identifies_by_its_domain_where_that_is_text() -> None:
    both = {"hub": SideRules({"domain": T.TEXT}), "app": SideRules({"site": T.URL})}
    made_by_domain = SyncRules(
        mappings=(), identifiers=(Identifier(End("domain", T.TEXT), End("site", T.URL)),), **both
    )
    acme = Half(now={"site": "https://www.acme.example/about"}, exists=True)
    assert plan(NOBODY, acme, made_by_domain, NOW).writes == {Side.HUB: {"domain": "acme.example"}}
    acme = Half(now={"domain": "acme.example"}, exists=True)
    assert plan(acme, NOBODY, made_by_domain, NOW).writes == {Side.APP: {"site": "acme.example"}}


@pytest.mark.parametrize(
    ("half", "changes", "code"),
    [
        (Half(now={"email": None}, exists=True), {}, "EMAIL_REQUIRED"),
        (Half(now={"email": "ada@"}, exists=True), {}, "EMAIL_INVALID"),
        (ADA, {"hub": SideRules(TYPES, filter=((Rule("name", "is", "Bob"),),))}, "FILTER_NOT_MATCHED"),
        (ADA, {"app": SideRules(TYPES, create=False)}, "DIRECTION_ONE_WAY"),
        (Half(now=ADA.now, exists=True, created_at=NOW), {"start_from": NOW + timedelta(days=1)}, "BEFORE_START_DATE"),
    ],
)
def test_why_a_record_stays_where_it_is(half: Half, changes: dict[str, Any], code: str) -> None:
    made = plan(half, NOBODY, rules(**changes), NOW)
    assert (made.status, made.code) == ("excluded", code)


def test_a_blank_that_the_other_side_demands_fails_with_its_field() -> None:
    made = plan(ADA, NOBODY, rules(app=SideRules(TYPES, required=("source",))), NOW)
    assert (made.status, made.code, made.field) == ("failed", "REQUIRED_VALUE_BLANK", "source")


def test_a_record_that_stops_matching_keeps_syncing_unless_told_to_stop() -> None:
    hub = Half(now={"name": "Eve"}, seen={"email": "ada@example.com", "name": "Ada"}, exists=True)
    app = Half(seen={"email": "ada@example.com", "name": "Ada"}, exists=True)
    only_ada = (Rule("name", "is", "Ada"),)
    narrow = {
        "hub": SideRules(TYPES, filter=(only_ada,)),
        "app": SideRules(TYPES, filter=((Rule("name", "is", "Nobody"),),)),
    }
    assert plan(hub, app, rules(**narrow), NOW).writes == {Side.APP: {"name": "Eve"}}
    assert plan(hub, app, rules(**narrow, leaving="stop"), NOW).code == "LEFT_FILTER"


def test_an_edit_beats_a_deletion() -> None:
    seen = {"email": "ada@example.com", "name": "Ada"}
    gone = Half(seen=seen, exists=True, gone=True)
    sides = rules(app=SideRules(TYPES, when_other_deleted="delete"))
    assert plan(gone, Half(seen=seen, exists=True), sides, NOW).delete is Side.APP
    edited = plan(gone, Half(seen=seen, now={**seen, "name": "Eve"}, exists=True), sides, NOW)
    assert (edited.delete, edited.status) == (None, "deleted_hub")


@pytest.mark.parametrize(
    ("linked", "deleted"), [(["1"], Side.APP), ([], Side.APP), (["1", "2", "3"], None), (["1", "3"], None)]
)
def test_a_deletion_crosses_though_the_neighbours_went_too(linked: list[str], deleted: Side | None) -> None:
    seen = {"email": "ada@example.com", "deals": ["1", "2"]}
    deals = MappingRule(End("deals", T.REFERENCE, many=True), End("deals", T.REFERENCE, many=True))
    sides = replace(rules(app=SideRules(TYPES, when_other_deleted="delete")), mappings=(*rules().mappings, deals))
    left = Half(seen=seen, now={**seen, "deals": linked}, exists=True)
    assert plan(Half(seen=seen, exists=True, gone=True), left, sides, NOW).delete is deleted


def test_memory_of_a_field_that_is_on_its_way_stays_old() -> None:
    hub = Half(now={"email": "ada@example.com", "name": "Augusta"}, seen=ADA.now, exists=True)
    made = plan(hub, Half(seen=ADA.now, exists=True), rules(), NOW)
    assert made.writes == {Side.APP: {"name": "Augusta"}}
    assert made.after == {Side.APP: {"name": "Augusta"}}
    assert "name" not in made.memory[Side.HUB]
    assert [(e.field, e.old, e.new) for e in made.ledger] == [("name", "Ada", "Augusta")]


@pytest.mark.parametrize("text", ["1,5", "12,50", "NaN", "sNaN", "Infinity", "1e999999999", "9" * 400])
def test_a_number_that_cannot_be_read_for_certain_is_refused(text: str) -> None:
    rule = MappingRule(End("a", T.TEXT), End("h", T.NUMBER))
    with pytest.raises(ConversionFailed, match="NUMBER_INVALID"):
        convert(rule, text, Side.HUB)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-Infinity", "1e999999999"])
def test_no_number_that_an_app_shows_stops_a_comparison(text: str) -> None:
    groups = ((Rule("score", "gt", "5"),),)
    assert matches(groups, {"score": text}, {"score": T.NUMBER}, NOW)[0] is False
    assert equal(text, text, T.NUMBER)


def test_a_date_at_the_end_of_the_calendar_is_no_date() -> None:
    assert parse_datetime("0001-01-01T00:00:00+05:00") is None
    assert value_problem("last_days", "99999999999", T.DATE)
    assert value_problem("last_days", "\u00b2", T.DATE)


def test_long_identifiers_that_begin_alike_stay_apart() -> None:
    identifier = Identifier(End("name", T.TEXT), End("name", T.TEXT))
    one, two = (key_of({"name": "x" * 250 + end}, identifier, Side.HUB) for end in "ab")
    assert one != two
    assert len(one) == len(two) == 200


# -- owners ----------------------------------------------------------------------------------------------------------------
OWNER = MappingRule(
    app=End("employee", T.USER, options=frozenset({"eve@example.com"})),
    hub=End("owner", T.USER, options=frozenset({"bob@example.com", "eve@example.com"})),
)


def owned(**halves: Half) -> Any:
    sides = {"hub": SideRules({**TYPES, "owner": T.USER}), "app": SideRules({**TYPES, "employee": T.USER})}
    both = rules(**sides, mappings=(MappingRule(EMAIL, EMAIL), OWNER))
    return plan(halves.get("hub", Half()), halves.get("app", Half()), both, NOW)


def test_a_record_is_made_without_an_owner_whom_the_other_app_does_not_know() -> None:
    made = owned(hub=Half(now={"email": "ada@example.com", "owner": "bob@example.com"}, exists=True))
    assert (made.status, made.notes) == ("insync", ["OWNER_UNMAPPED"])
    assert made.writes[Side.APP] == {"email": "ada@example.com"}


@pytest.mark.parametrize("given", ["eve@example.com", None])
def test_an_owner_whom_the_other_app_does_not_know_stays_where_it_is(given: Value) -> None:
    """Some apps give each new record an owner; that is no edit. A blank is met again, and filled once it can be."""
    hub = Half(seen={"owner": "bob@example.com"}, exists=True)
    made = owned(hub=hub, app=Half(now={"employee": given}, seen={}, exists=True))
    assert (made.status, made.notes, made.writes) == ("insync", ["OWNER_UNMAPPED"], {})
    assert made.memory[Side.APP] == ({"employee": given} if given else {})


def test_a_new_owner_whom_the_other_app_does_not_know_leaves_the_old_one_there_and_later_edits_cross() -> None:
    app = Half(now={"employee": "eve@example.com"}, seen={"employee": "eve@example.com"}, exists=True)
    made = owned(hub=Half(now={"owner": "bob@example.com"}, seen={"owner": "eve@example.com"}, exists=True), app=app)
    assert (made.status, made.notes, made.writes) == ("insync", ["OWNER_UNMAPPED"], {})
    hub = Half(seen=made.memory[Side.HUB], exists=True)
    app = Half(now={"employee": None}, seen=made.memory[Side.APP], exists=True)
    assert owned(hub=hub, app=app).writes == {}, "a blank does not cross"
    app.now = {"employee": "eve@example.com"}
    app.seen = {"employee": None}
    (entry,) = owned(hub=hub, app=app).ledger
    assert (entry.side, entry.old, entry.new) == (Side.HUB, "bob@example.com", "eve@example.com")
