"""Batches at apps that take one record a call."""

import pytest

from integrations import errors
from integrations.connectors.verdicts import one_by_one
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
