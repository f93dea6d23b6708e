"""A record at which our own code stumbles, slice after slice, is set aside: it fails with a code of its own, and the run goes on
without it.

Three leases without a step that got through say that it is not chance. From then on whatever stumbles is done in halves, until the
culprit stands alone: by ``by_halves`` where a fault can be caught and taken back, by smaller chunks (``fewer``, ``alone``) where
the worker may be killed. What cannot be taken apart (a page that an app lists) is tried again more and more seldom.

A record that fails while it is *read* has no values that could be planned: its link keeps, in the place of their hash, a mark and
the digest of what was read, so that the next scan, which shows it again, passes it by. It is tried again when it changes at that
side, when the settings change, and when a person asks for it (*Resync*).
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from django.db import InterfaceError, OperationalError, transaction

from integrations.records import RemoteRecord, Side
from syncjobs.models import RecordLink, RecordStatus
from syncjobs.runner import statements

if TYPE_CHECKING:
    from syncjobs.runner.context import Context

log = logging.getLogger("syncline.runner")
PATIENCE = 3  # leases without a step that got through, before the chunk is halved
LAST = 36  # leases after which every chunk has come down to one record: what still stumbles is no record's fault
MOST = 1000  # that are counted
CODE = "RECORD_PARKED"
TOO_LONG = "ID_TOO_LONG"  # its id or version cannot be kept: set aside at once, in the same way
MARK = "!"
T = TypeVar("T")


def fewer(ctx: "Context", size: int) -> int:
    """How many records a step takes where it usually takes ``size``."""
    return max(1, size >> (ctx.run.stumbles // PATIENCE))


def alone(ctx: "Context", size: int) -> bool:
    """Whether the first record of a step that usually takes ``size`` has stood alone as long as is patient: it is to be set aside
    before it is touched again."""
    return ctx.run.stumbles >= PATIENCE * (size.bit_length() + 1)


def forgotten(ctx: "Context") -> None:
    """The culprit is set aside, so the next step may be as large as ever. Inside the transaction that does it: after a worker that
    is killed right then, innocent ones would be set aside."""
    ctx.run.stumbles = 0
    ctx.run.save(update_fields=["stumbles"])


def by_halves(ctx: "Context", items: Sequence[T], do: Callable[[Sequence[T]], int], park: Callable[[T], int]) -> int:
    """``do`` them all; where that keeps failing, in halves, and ``park`` the one that fails alone. Sums what both return.

    Call it inside a transaction, with a ``do`` that only works on the database: what a failed half did there is taken back.
    """
    if ctx.run.stumbles < PATIENCE:
        return do(items)
    try:
        with transaction.atomic():
            done = do(items)
            statements.flush()
            return done
    except (OperationalError, InterfaceError):
        raise  # the database is busy or away: no record is to blame
    except Exception as error:
        fault = error
    if len(items) > 1:
        middle = len(items) // 2
        return by_halves(ctx, items[:middle], do, park) + by_halves(ctx, items[middle:], do, park)
    log.error("run %s: a record is set aside", ctx.run.pk, exc_info=fault)
    return park(items[0])


def mark(record: RemoteRecord) -> str:
    """What a link carries in the place of a hash when this state of the record could not be taken in."""
    said = repr((sorted(record.values.items()), record.modified_at, record.aliases))
    return MARK + hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=15).hexdigest()


def marks_of(sync_id: int) -> dict[Side, dict[str, str]]:
    """The marks of a sync's records, by side and id."""
    found: dict[Side, dict[str, str]] = {side: {} for side in Side}
    parked = RecordLink.objects.filter(sync=sync_id, status=RecordStatus.FAILED, code__in=(CODE, TOO_LONG))
    for hub_id, hub_hash, app_id, app_hash in parked.values_list("hub_id", "hub_hash", "app_id", "app_hash"):
        for side, id, digest in ((Side.HUB, hub_id, hub_hash), (Side.APP, app_id, app_hash)):
            if id and digest.startswith(MARK):
                found[side][id] = digest
    return found


def unread_side(row: RecordLink) -> Side | None:
    """The side whose record is there and could not be taken in: without its values nothing may be planned."""
    if row.hub_hash[:1] == MARK and not row.hub_gone:
        return Side.HUB
    if row.app_hash[:1] == MARK and not row.app_gone:
        return Side.APP
    return None
