"""Verdicts of a batch, whether the app takes one record a call or refuses many for one: what concerns a record stays with it, what
concerns the whole connection stops the batch without forgetting what was done."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.utils.translation import gettext as _

from integrations import errors
from integrations.errors import ConnectorError
from integrations.records import Verdict

SECONDS = 20  # after which a batch ends with what it has: a lease must outlive it, however slow the app is
OF_ONE_RECORD = (
    errors.Refused,
    errors.AlreadyExists,
    errors.Gone,
    errors.StaleVersion,
    errors.Locked,
    errors.NotVisible,
    errors.CannotDo,
    errors.NoAnswer,
)
Item = TypeVar("Item")


def one_by_one(items: Sequence[Item], send: Callable[[Item], Verdict]) -> list[Verdict]:
    """A verdict per item, in order. Any other error (rate, login, outage) goes up when it meets the first item; later, the items
    that are left are ``unsettled``."""
    verdicts: list[Verdict] = []
    until = time.monotonic() + SECONDS
    for item in items:
        try:
            if verdicts and time.monotonic() > until:
                raise slow()
            verdicts.append(send(item))
        except OF_ONE_RECORD as error:
            verdicts.append(Verdict(error=error))
        except ConnectorError as error:
            if not verdicts:
                raise
            again = Verdict(error=unsettled(error, sent=False))
            return verdicts + [again] * (len(items) - len(verdicts))
    return verdicts


def in_parts(
    items: list[Item],
    send: Callable[[list[Item]], list[Verdict]],
    culprit: tuple[type[ConnectorError], ...],
    *,
    settled: bool = False,
) -> list[Verdict]:
    """Send all; a batch that is refused as a whole with one of the ``culprit`` errors, which one item may have caused, is halved
    until that stands alone. A verdict per item, in order. Any other error goes up while nothing was settled, here or before
    (``settled``); later it leaves those items ``unsettled`` that have no verdict, as the end of ``SECONDS`` does."""
    verdicts: list[Verdict | None] = [None] * len(items)
    todo = [(0, len(items))] if items else []
    until = time.monotonic() + SECONDS
    while todo:
        low, high = todo.pop()
        if any(verdicts) and time.monotonic() > until:
            again = Verdict(error=unsettled(slow(), sent=False))
            return [verdict or again for verdict in verdicts]
        try:
            verdicts[low:high] = send(items[low:high])
        except culprit as error:
            if high - low == 1:
                verdicts[low] = Verdict(error=error)
            else:
                middle = (low + high) // 2
                todo += [(middle, high), (low, middle)]
        except ConnectorError as error:
            if not settled and not any(verdicts):
                raise
            return [
                verdict or Verdict(error=unsettled(error, sent=low <= place < high))
                for place, verdict in enumerate(verdicts)
            ]
    return [verdict for verdict in verdicts if verdict]


def slow() -> errors.RateLimited:
    return errors.RateLimited(_("The app is slow; the rest follows."))


def unsettled(error: ConnectorError, *, sent: bool) -> ConnectorError:
    """What an error of the whole connection means for an item that it left without a verdict. What was not ``sent`` is tried again,
    and the next try meets the error at its first item, where it can go up. So it is with a login that ends: as a verdict, it would
    count as a failure of each record."""
    if sent and error.retry != "S":
        return error
    return errors.RateLimited(error.message, retry_after=error.retry_after or 1)


def of_a_parent(verdict: Verdict, app: str) -> Verdict:
    """Of a record that is there, or not there yet: what the app calls missing is another one, which this one names."""
    if not isinstance(verdict.error, errors.Gone):
        return verdict
    text = _("%(app)s no longer has a record that this one names.") % {"app": app}
    return Verdict(error=errors.Refused(text, code="PARENT_FAILED", remote=verdict.error.remote))
