"""A batch that is refused as a whole is halved until the culprit stands alone."""

from collections.abc import Callable
from typing import TypeVar

from integrations import errors
from integrations.records import Verdict

# Refusals of a whole batch that one item may have caused. Anything else (rate, auth, outage) concerns all items alike.
SPLITTABLE = (errors.Refused, errors.AlreadyExists, errors.Gone, errors.Locked)

Item = TypeVar("Item")


def in_parts(items: list[Item], send: Callable[[list[Item]], list[Verdict]]) -> list[Verdict]:
    """Send all; halve what is refused as a whole until the culprit stands alone. One verdict per item, in order.

    An error that concerns the account is raised when nothing was settled yet; later it becomes the verdict of all items that
    were not settled, so that what did happen is not forgotten.
    """
    verdicts: list[Verdict | None] = [None] * len(items)
    todo = [(0, len(items))] if items else []
    while todo:
        low, high = todo.pop()
        try:
            verdicts[low:high] = send(items[low:high])
        except SPLITTABLE as error:
            if high - low == 1:
                verdicts[low] = Verdict(error=error)
            else:
                middle = (low + high) // 2
                todo += [(middle, high), (low, middle)]
        except errors.ConnectorError as error:
            if not any(verdicts):
                raise
            return [
                verdict or Verdict(error=unsettled(error, sent=low <= place < high))
                for place, verdict in enumerate(verdicts)
            ]
    return [verdict for verdict in verdicts if verdict]


def unsettled(error: errors.ConnectorError, *, sent: bool) -> errors.ConnectorError:
    """What an error of the account means for one item. A lost answer says nothing about items that were not even sent; and a login
    that ends is no record's failure: the item comes again, and then the error stands alone and is raised."""
    if isinstance(error, errors.NoAnswer) and not sent:
        return errors.Unavailable(error.message, status=error.status)
    return errors.RateLimited(error.message, retry_after=1) if error.retry == "S" else error
