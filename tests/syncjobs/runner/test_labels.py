"""How pages name a record."""

from typing import Any

import pytest

from syncjobs.runner.links import name_of

PERSON = (("first", "last"), ("email",))
COMPANY = (("name",), ("domain",))
CARD = (("first", "last"), ("full", "email"))


@pytest.mark.parametrize(
    ("fields", "values", "label"),
    [
        (PERSON, {"first": "Ada", "last": "Byron", "email": "ada@x.example"}, "Ada Byron"),
        (PERSON, {"first": " ", "last": "Byron"}, "Byron"),
        (PERSON, {"email": "ada@x.example"}, "ada@x.example"),
        (COMPANY, {"name": "Acme", "domain": "acme.example"}, "Acme"),
        (COMPANY, {"name": None, "domain": "acme.example"}, "acme.example"),
        (CARD, {"first": "Ada", "last": "Byron", "full": "Ada Byron"}, "Ada Byron"),
        (CARD, {"full": "Byron & Co"}, "Byron & Co"),
        (COMPANY, {}, ""),
    ],
)
def test_a_record_is_called_by_its_name_and_else_by_what_stands_in(
    fields: tuple[tuple[str, ...], tuple[str, ...]], values: dict[str, Any], label: str
) -> None:
    assert name_of(values, *fields) == label
