"""Verdicts of a batch, where the app takes one record a call: what concerns a record stays with it, what concerns the whole
connection stops the batch without forgetting what was done."""

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
    that are left are ``unsent``."""
    verdicts: list[Verdict] = []
    until = time.monotonic() + SECONDS
    for item in items:
        try:
            if verdicts and time.monotonic() > until:
                raise errors.RateLimited(_("The app is slow; the rest follows."))
            verdicts.append(send(item))
        except OF_ONE_RECORD as error:
            verdicts.append(Verdict(error=error))
        except ConnectorError as error:
            if not verdicts:
                raise
            return verdicts + unsent(error, len(items) - len(verdicts))
    return verdicts


def unsent(error: ConnectorError, number: int) -> list[Verdict]:
    """Verdicts that say "not sent, try again": the next try meets the error at its first item, where it can go up. As a verdict of
    its own, a refused login would count as a failure of each record."""
    again = errors.RateLimited(error.message, retry_after=error.retry_after or 1)
    return [Verdict(error=again) for _n in range(number)]
