"""Tryton's connector where no server is needed: names, sets of ids, values, and what refusals mean."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import errors
from integrations.connectors.tryton import ids, names, wire
from integrations.connectors.tryton.client import fault
from integrations.forms import ConnectForm
from integrations.http import Answer
from integrations.records import FieldType
from integrations.registry import app

WORDS = st.lists(st.text(alphabet="abÄ漢-'.", min_size=1, max_size=4), max_size=3).map(
    lambda words: " ".join(words) or None
)
NUMBERS = st.lists(st.integers(1, 60), max_size=40)


@given(WORDS, WORDS)
def test_two_names_come_back_from_one(first: str | None, last: str | None) -> None:
    assert names.split(names.join(first, last)) == (first, last)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("Ada King Lovelace", "Ada King", "Lovelace"),
        ("Madonna", None, "Madonna"),
        (" Ann  Lee ", "Ann", "Lee"),
        (None, None, None),
    ],
)
def test_a_name_that_a_person_typed_is_parted_at_the_last_space(
    typed: str | None, first: str | None, last: str | None
) -> None:
    assert names.split(typed) == (first, last)


@given(NUMBERS, NUMBERS)
def test_a_set_of_ids_is_kept_as_runs(one: list[int], two: list[int]) -> None:
    runs = ids.runs(one)
    assert ids.unpacked(ids.packed(runs)) == runs
    assert ids.count(runs) == len(set(one))
    assert ids.joined(runs, two) == ids.runs([*one, *two])
    assert ids.missing(runs, two) == sorted(set(one) - set(two))


def test_a_hundred_thousand_ids_without_gaps_are_a_few_characters() -> None:
    assert ids.packed(ids.joined(ids.runs(range(1, 100_001)), [100_001, 100_003])) == "1-100001,100003"


@pytest.mark.parametrize(
    ("kind", "value", "wired"),
    [
        (FieldType.NUMBER, "1250.5", {"__class__": "Decimal", "decimal": "1250.5"}),
        (FieldType.DATE, "2026-12-24", {"__class__": "date", "year": 2026, "month": 12, "day": 24}),
        (FieldType.BOOL, False, False),
        (FieldType.TEXT, None, None),
        (FieldType.DATETIME, "2026-12-24T08:00:01.250Z",
         {"__class__": "datetime", "year": 2026, "month": 12, "day": 24,
          "hour": 8, "minute": 0, "second": 1, "microsecond": 250000}),
    ],
)  # fmt: skip
def test_values_go_round(kind: FieldType, value: object, wired: object) -> None:
    assert wire.wired(value, kind) == wired  # type: ignore[arg-type]
    assert wire.canonical(wired, kind) == value


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(errors.Refused) as caught:
        wire.wired("many", FieldType.NUMBER)
    assert caught.value.code == "NUMBER_INVALID"


def test_a_whole_number_is_not_cut_out_of_another_one() -> None:
    assert wire.wired("12", FieldType.NUMBER, as_integer=True) == 12
    with pytest.raises(errors.Refused) as caught:
        wire.wired("12.7", FieldType.NUMBER, as_integer=True)
    assert caught.value.code == "NUMBER_INVALID"


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (400, 'A value is required for field "Name" in record "x" of "Party".', errors.Refused, "REQUIRED_VALUE_BLANK"),
        (400, 'The value "b" for field "Type" in record "x" is not one of the allowed options.', errors.Refused,
         "OPTION_NOT_ALLOWED"),
        (400, 'You are not allowed to modify the field "Amount" in record "1".', errors.Refused, "RECORD_LOCKED"),
        (400, "You are not allowed to access \"Party\".", errors.Refused, "OBJECT_NO_PERMISSION"),
        (400, 'You are not allowed to search on the "ir.note" resource.', errors.Refused, "OBJECT_NO_PERMISSION"),
        (400, 'Calling button "lost on "Opportunity" is not allowed.', errors.Refused, "OBJECT_NO_PERMISSION"),
        (400, "Ein Wert wird benötigt.", errors.Refused, "VALIDATION_RULE"),
        (401, "", errors.AuthExpired, "AUTH_EXPIRED"),
        (403, "", errors.ScopeMissing, "SCOPE_MISSING"),
        (423, "", errors.Locked, "ROW_CONTENTION"),
    ],
)  # fmt: skip
def test_what_a_refusal_means(status: int, message: str, kind: type[Exception], code: str) -> None:
    error = fault(Answer(status, {}, json.dumps({"status": status, "message": message}).encode()), True)
    assert isinstance(error, kind)
    assert error.code == code
    assert not message or error.message == message


def test_an_outage_is_left_to_the_session() -> None:
    assert fault(Answer(503, {}, b""), True) is None
    assert fault(Answer(200, {}, b"[]"), False) is None


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ("https://erp.example.com/acme", True),
        (" https://erp.example.com:8443/tryton/acme/ ", True),
        ("https://erp.example.com", False),
        ("https://erp.example.com/", False),
        ("erp.example.com/acme", False),
        ("https://erp.example.com/?db=acme", False),
    ],
)
def test_the_form_tells_an_address_without_a_database_before_anything_is_sent(typed: str, fits: bool) -> None:
    """The browser tries the same pattern, so that no key has to be typed again."""
    form = ConnectForm(app("tryton").way_in("keys"), {"base_url": typed, "access_token": "key"})
    assert form.is_valid() is fits
    assert fits or "https://erp.example.com/acme" in form.errors["base_url"][0]
    pattern = form.fields["base_url"].widget.attrs["pattern"]
    assert bool(re.fullmatch(pattern, typed)) is fits
