"""What counts as an app's own form of a value that it was sent."""

import pytest

from integrations.echoes import is_form_of, without_others
from integrations.records import Field, FieldType, RemoteRecord, Value


@pytest.mark.parametrize(
    ("stored", "sent", "kind"),
    [
        ("Boss", " Boss ", FieldType.TEXT),
        ("a\r\nb", "a\nb", FieldType.LONG_TEXT),
        ("<div><p>a &amp; b</p></div>", "<p>a <b>&amp;</b> b</p>", FieldType.RICH_TEXT),
        ("lee@example.com", "Lee@Example.com", FieldType.EMAIL),
        ("+66 2 123", "(+66) 2-123", FieldType.PHONE),
        ("1250.56", "1250.555", FieldType.NUMBER),
        ("1251", "1250.555", FieldType.NUMBER),
        ("2026-01-31T10:00:00.000Z", "2026-01-31T10:00:00.123Z", FieldType.DATETIME),
        (["a", "b"], ["b", "a"], FieldType.MULTI),
        (None, [], FieldType.REFERENCE),
        (False, None, FieldType.BOOL),
    ],
)
def test_a_rewritten_value_is_the_result_of_our_write(stored: Value, sent: Value, kind: FieldType) -> None:
    assert is_form_of(stored, sent, kind)


@pytest.mark.parametrize(
    ("stored", "sent", "kind"),
    [
        ("Call", "Call Eve", FieldType.TEXT),
        ("boss", "Boss", FieldType.TEXT),
        ("<p>a</p>", "<p>b</p>", FieldType.RICH_TEXT),
        ("1", "10", FieldType.OPTION),
        ("40.5", "40", FieldType.NUMBER),
        ("2026-01-31T11:00:00.000Z", "2026-01-31T10:00:00.000Z", FieldType.DATETIME),
        ("2026-02-01", "2026-01-31", FieldType.DATE),
        ("n/a", "123", FieldType.PHONE),
        (["a"], ["a", "b"], FieldType.MULTI),
        (None, "Boss", FieldType.TEXT),
        ("Boss", None, FieldType.TEXT),
        (True, False, FieldType.BOOL),
    ],
)
def test_any_other_value_is_somebodys_edit(stored: Value, sent: Value, kind: FieldType) -> None:
    assert not is_form_of(stored, sent, kind)


def test_what_was_not_sent_and_the_version_are_not_known_of_a_record_that_others_changed() -> None:
    fields = {name: Field(name, name, FieldType.TEXT) for name in ("title", "city")}
    seen = RemoteRecord("1", {"title": "Boss", "city": "Rome"}, version="7")
    ours = without_others(seen, {"title": "Boss"}, fields)
    assert (ours.id, ours.values, ours.version) == ("1", {"title": "Boss"}, "")
