"""What an answer of Snov.io means: several shapes of error live side by side, and the status is all that can be trusted."""

import json
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.snovio.faults import fault, said
from integrations.http import Answer

NOT_FOUND = {"errors": {"code": 404, "title": "Sorry, but url or entity not found", "source": ""}}


def answer(status: int, body: Any, **headers: str) -> Answer:
    return Answer(status, headers, (body if isinstance(body, str) else json.dumps(body)).encode())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"success": False, "errors": "one text"}, "one text"),
        ({"success": False, "errors": ["one", "two"]}, "one; two"),
        (NOT_FOUND, "Sorry, but url or entity not found"),
        ({"success": False, "message": "no credits"}, "no credits"),
        ({"error": "unauthorized"}, "unauthorized"),
        (["unexpected"], ""),
        (None, ""),
    ],
)
def test_the_words_of_an_error_are_found_in_every_shape(body: Any, words: str) -> None:
    assert said(body) == words


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, "Too Many Requests: your rate is limited", errors.RateLimited),
        (400, "Sorry, your RATE IS LIMITED", errors.RateLimited),
        (200, {"success": False, "errors": "Prospect with email 'x@y.z' not found"}, errors.Gone),
        (404, NOT_FOUND, errors.Gone),
        (403, {"message": "Forbidden"}, errors.ScopeMissing),
        (
            422,
            {"success": False, "errors": "Prospect with same email already exists in your list"},
            errors.AlreadyExists,
        ),
        (400, {"success": False, "message": "We cannot process this email"}, errors.Refused),
        (400, {"success": False, "message": "Prospect custom fields not found: Budget"}, errors.Refused),
        (400, "<html>not JSON</html>", errors.Refused),
    ],
)
def test_an_answer_means_one_error(status: int, body: Any, kind: type[Exception]) -> None:
    assert isinstance(fault(answer(status, body), wrote=True), kind)


def test_a_success_means_no_error_and_bare_arrays_are_successes() -> None:
    assert fault(answer(200, {"success": True}), wrote=True) is None
    assert fault(answer(200, [{"id": 1}]), wrote=False) is None


@pytest.mark.parametrize(("wrote", "kind"), [(True, errors.NoAnswer), (False, errors.Unavailable)])
def test_a_200_that_is_not_json_tells_nothing_of_a_write(wrote: bool, kind: type[Exception]) -> None:
    assert type(fault(answer(200, "<html></html>"), wrote=wrote)) is kind


@pytest.mark.parametrize(("headers", "seconds"), [({}, 60), ({"Retry-After": "7"}, 7)])
def test_a_limit_pauses_the_account_for_a_minute_or_as_told(headers: dict[str, str], seconds: float) -> None:
    found = fault(answer(429, "slow down", **headers), wrote=False)
    assert found
    assert found.retry_after == seconds


def test_an_unknown_trouble_is_left_to_the_common_table() -> None:
    assert fault(answer(502, "<html></html>"), wrote=False) is None
    assert fault(answer(401, {}), wrote=False) is None
