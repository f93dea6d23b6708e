"""Batches at apps that take one record a call, and at those that refuse many for one."""

from collections.abc import Callable, Mapping

import pytest

from integrations import errors
from integrations.connectors import verdicts
from integrations.connectors.verdicts import in_parts, one_by_one
from integrations.records import RemoteRecord, Verdict


def send(item: str | Exception) -> Verdict:
    if isinstance(item, Exception):
        raise item
    return Verdict(record=RemoteRecord(item, {}))


def test_what_concerns_one_record_stays_with_it() -> None:
    verdicts = one_by_one(["1", errors.Refused("too long"), errors.Gone(), "4"], send)
    assert [verdict.record and verdict.record.id for verdict in verdicts] == ["1", None, None, "4"]
    assert [type(verdict.error) for verdict in verdicts[1:3]] == [errors.Refused, errors.Gone]


def test_a_refused_login_goes_up_before_anything_was_written() -> None:
    with pytest.raises(errors.AuthExpired):
        one_by_one([errors.AuthExpired(), "2"], send)


def test_a_refused_login_after_a_write_fails_no_record_but_comes_again() -> None:
    verdicts = one_by_one(["1", errors.AuthExpired("The key is gone."), "3"], send)
    assert verdicts[0].record
    assert [type(verdict.error) for verdict in verdicts[1:]] == [errors.RateLimited, errors.RateLimited]
    with pytest.raises(errors.AuthExpired):
        one_by_one([errors.AuthExpired("The key is gone."), "3"], send)


CULPRIT = (errors.Refused, errors.Locked)


def at_an_app(*calls: Exception | None, bad: Mapping[str, Exception] = {}) -> Callable[[list[str]], list[Verdict]]:
    """Refuses a batch with a bad record in it as a whole. ``calls``: trouble with the connection, call by call."""
    left = list(calls)

    def take(items: list[str]) -> list[Verdict]:
        if left and (trouble := left.pop(0)):
            raise trouble
        if wrong := next((bad[item] for item in items if item in bad), None):
            raise wrong
        return [Verdict(record=RemoteRecord(item, {})) for item in items]

    return take


def told(verdicts: list[Verdict]) -> list[object]:
    return [verdict.record.id if verdict.record else type(verdict.error) for verdict in verdicts]


def test_what_spoils_a_batch_stands_alone() -> None:
    app = at_an_app(bad={"2": errors.Refused("too long"), "5": errors.Locked("busy")})
    assert told(in_parts(list("12345"), app, CULPRIT)) == ["1", errors.Refused, "3", "4", errors.Locked]
    assert in_parts([], app, CULPRIT) == []


def test_what_no_record_can_have_caused_is_not_halved() -> None:
    """That the place of all records is gone, say, is no record's end."""
    with pytest.raises(errors.Gone):
        in_parts(list("12"), at_an_app(errors.Gone()), CULPRIT)


def test_trouble_amid_a_halved_batch_forgets_nothing_and_fails_nothing() -> None:
    for trouble in (errors.AuthExpired(), errors.RateLimited(retry_after=9), errors.ScopeMissing()):
        app = at_an_app(None, None, trouble, bad={"4": errors.Refused("too long")})
        assert told(in_parts(list("1234"), app, CULPRIT)) == ["1", "2", errors.RateLimited, errors.RateLimited]


def test_a_lost_answer_amid_a_halved_batch_is_no_answer_only_for_what_was_sent() -> None:
    app = at_an_app(None, None, None, errors.NoAnswer(), bad={"8": errors.Refused("too long")})
    lost, again = errors.NoAnswer, errors.RateLimited
    assert told(in_parts(list("12345678"), app, CULPRIT)) == ["1", "2", "3", "4", lost, lost, again, again]


def test_trouble_goes_up_unless_something_was_settled_before() -> None:
    with pytest.raises(errors.AuthExpired):
        in_parts(list("12"), at_an_app(errors.AuthExpired()), CULPRIT)
    app = at_an_app(errors.AuthExpired())
    assert told(in_parts(list("12"), app, CULPRIT, settled=True)) == [errors.RateLimited, errors.RateLimited]


def test_a_batch_that_is_halved_ends_in_time_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 records that are all refused each would be asked for alone: 199 calls. Each batch gets somewhere, however late."""
    monkeypatch.setattr(verdicts, "SECONDS", 0)
    app = at_an_app(bad=dict.fromkeys("1234", errors.Refused("no such field")))
    again = errors.RateLimited
    assert told(in_parts(list("1234"), app, CULPRIT)) == [errors.Refused, again, again, again]
