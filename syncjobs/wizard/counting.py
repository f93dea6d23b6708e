"""How many records a side has, as far as its app tells with a request or two. Kept for ten minutes."""

import hashlib
import logging
from dataclasses import dataclass

from django.core.cache import cache

from integrations.connectors.base import Connector, Scope
from integrations.errors import ConnectorError
from integrations.records import Count, Side
from integrations.services.connections import open_connector
from syncjobs.models import Sync

log = logging.getLogger(__name__)
KEEP_SECONDS = 600


@dataclass(frozen=True)
class Counted:
    """``count`` is None where the app does not tell; ``problem`` says why it could not be asked."""

    count: Count | None
    problem: str = ""

    @property
    def is_least(self) -> bool:
        return self.count is not None and self.count.sure == "at_least"


def count(sync: Sync, side: Side) -> Counted:
    """Of all records that bound the sync at this side: its filters are not applied. Never raises for an app's failure."""
    instance, kind, scope = sync.instance(side), sync.kind(side), sync.scope(side)
    lists = ",".join(sorted(str(id) for id in scope.get("lists") or []))
    key = f"wizard-count-{instance.pk}-{kind}-{hashlib.sha256(lists.encode()).hexdigest()[:16]}"
    if found := cache.get(key):
        return Counted(found)
    try:
        connector = open_connector(instance)
        found = connector.count(kind, scope=scope) or _seen(connector, kind, scope)
    except ConnectorError as error:
        log.info("instance %s does not count: %s", instance.pk, error)
        return Counted(None, str(error))
    cache.set(key, found, KEEP_SECONDS)
    return Counted(found)


def _seen(connector: Connector, kind: str, scope: Scope) -> Count | None:
    """What the first page of a scan tells."""
    page = connector.scan(kind, fields=[], position=None, scope=scope)
    if page.total is not None or page.position is None:
        return Count(len(page.records) if page.total is None else page.total)
    return Count(len(page.records), "at_least") if page.records else None
