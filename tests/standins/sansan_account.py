"""A company's Sansan for tests: the stand-in in a thread of this process, and connectors that talk to it over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from integrations.connectors.sansan.client import open_client
from integrations.connectors.sansan.connector import Sansan as Connector
from integrations.models import AppInstance
from integrations.services import credentials
from integrations.standins.people import Shares
from integrations.standins.sansan import create
from integrations.standins.sansan.server import Sansan
from integrations.standins.vendor import World
from tests.standins.threads import served


@contextmanager
def running(records: int = 0, **settings: Any) -> Iterator[Sansan]:
    """A stand-in that serves until the block ends. ``records`` people exist, each with a card; limits are off."""
    world = World(records=records, shares=Shares(both=0, hub=0, app=1, doubled=0, no_email=0))
    account = create(world, {"per_second": 0, "per_minute": 0, "tags": 20, **settings})
    with served(account):
        yield account


def connector(account: Sansan, settings: Any, *, key: str = "", **secrets: str) -> Connector:
    """As while a key form is tried out: the instance is not saved, so there is no shared budget. Its clock is the stand-in's."""
    settings.SANSAN_API_URL = account.base
    instance = AppInstance(app_key="sansan", way_in="keys")
    credentials.draft(instance, {"api_key": key or account.admin_key, **secrets})
    clock = account.clock
    return Connector(open_client(instance), clock=lambda: datetime.fromtimestamp(clock.now(), UTC))
