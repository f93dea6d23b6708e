"""A note that is formatted in one app and plain in the other: what crosses, and what is left alone."""

from typing import Any, Literal

import pytest

from integrations.records import FieldType as T
from integrations.records import Side
from syncjobs.engine.canonical import equal, hasher
from syncjobs.engine.filters import Rule, matches
from syncjobs.engine.merge import Half, Outcome, merge
from syncjobs.engine.rules import End, MappingRule
from syncjobs.engine.transforms import convert
from syncjobs.runner.links import name_of

FORMATTED, SAME = (
    "<div><p>Call <strong>Bob</strong> &amp; Ann</p><ul><li>today</li></ul></div>",
    "Call Bob & Ann\n- today",
)
Way = Literal["both", "to_hub", "to_app"]


def rule(app: T = T.LONG_TEXT, hub: T = T.RICH_TEXT, **more: Any) -> MappingRule:
    return MappingRule(End("message", app), End("body", hub), **more)


def half(name: str, now: Any, seen: Any = ...) -> Half:
    return Half(now={name: now}, seen=None if seen is ... else {name: seen}, exists=True)


def merged(hub: tuple[Any, ...], app: tuple[Any, ...], mapping: MappingRule | None = None) -> Outcome:
    return merge(mapping or rule(), half("body", *hub), half("message", *app), clear_values=True)


def test_formatted_text_arrives_plain_and_plain_text_arrives_whole() -> None:
    assert convert(rule(), FORMATTED, Side.APP) == SAME
    assert convert(rule(app=T.TEXT), FORMATTED, Side.APP) == "Call Bob & Ann - today"
    assert convert(rule(), "1 < 2\n<ann@example.com>", Side.HUB) == "<p>1 &lt; 2</p><p>&lt;ann@example.com&gt;</p>"
    assert convert(rule(app=T.MULTI), ["a&b", "c"], Side.HUB) == "<p>a&amp;b, c</p>"
    assert convert(rule(app=T.RICH_TEXT), FORMATTED, Side.APP) == FORMATTED


def test_a_transform_changes_the_words_and_not_the_markup() -> None:
    assert convert(rule(to_hub="upper"), "a&b", Side.HUB) == "<p>A&amp;B</p>"
    assert convert(rule(to_app="upper"), "<p>a&amp;b</p>", Side.APP) == "A&B"


@pytest.mark.parametrize("way", ["both", "to_hub", "to_app"])
def test_formatting_stays_while_the_text_is_the_same(way: Way) -> None:
    for hub, app in (
        ((FORMATTED,), (SAME,)),
        ((FORMATTED, FORMATTED), (SAME, SAME)),
        ((FORMATTED, "<p>Call Bob &amp; Ann</p><p>- today</p>"), (SAME, SAME)),
        ((FORMATTED, FORMATTED), (SAME + "\r\n ", SAME)),
        ((FORMATTED, "old"), (SAME, "old")),
    ):
        assert merged(hub, app, rule(way=way)).write is None, (hub, app)


def test_an_edit_of_the_words_crosses_either_way() -> None:
    out = merged((FORMATTED, FORMATTED), ("New\ntext", SAME))
    assert (out.write, out.value) == (Side.HUB, "<p>New</p><p>text</p>")
    out = merged(("<p><em>New</em></p>", FORMATTED), (SAME, SAME))
    assert (out.write, out.value) == (Side.APP, "New")


def test_between_two_formatted_fields_the_markup_crosses_with_the_words_and_a_rewrite_of_it_does_not() -> None:
    both = rule(app=T.RICH_TEXT)
    out = merged(("<p><b>New</b></p>", "<p>old</p>"), ("<p>old</p>", "<p>old</p>"), both)
    assert (out.write, out.value) == (Side.APP, "<p><b>New</b></p>")
    assert merged((FORMATTED, FORMATTED), (f"<span>{FORMATTED}</span>", FORMATTED), both).write is None


def test_records_with_the_same_words_are_the_same() -> None:
    digest = hasher({"body": T.RICH_TEXT})
    assert digest({"body": FORMATTED}) == digest({"body": f"<div>{FORMATTED}</div>"}) != digest({"body": "<p>x</p>"})
    assert equal("<p></p>", None, T.RICH_TEXT)


def test_a_filter_reads_the_words() -> None:
    def holds(operator: str, value: str) -> bool:
        groups = ((Rule("body", operator, value),),)
        return matches(groups, {"body": FORMATTED}, {"body": T.RICH_TEXT}, None)[0]  # type: ignore[arg-type]

    assert holds("starts_with", "call bob & ann")
    assert holds("is", SAME)
    assert not holds("contains", "strong")


def test_a_note_is_called_by_its_first_words() -> None:
    assert name_of({"body": FORMATTED}, ["body"], []).startswith("Call Bob & Ann")
    assert name_of({"name": "Smith & <Söhne> 1 < 2"}, ["name"], []) == "Smith & <Söhne> 1 < 2"
