"""A Snov.io account for tests: the stand-in in a thread of this process, and a connector that talks to it over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integrations.connectors.snovio.client import open_client
from integrations.connectors.snovio.connector import Snovio as Connector
from integrations.models import AppInstance
from integrations.services import credentials
from integrations.standins.people import Shares
from integrations.standins.snovio import create
from integrations.standins.snovio.server import Snovio
from integrations.standins.vendor import World
from tests.standins.threads import served


@contextmanager
def running(records: int = 0, **settings: Any) -> Iterator[Snovio]:
    """A stand-in that serves until the block ends. ``records`` people exist, all of them in Snov.io."""
    world = World(records=records, shares=Shares(both=0, hub=0, app=1, doubled=0, no_email=0))
    account = create(world, {"rate_limit": 0, **settings})
    with served(account):
        yield account


def keys(account: Snovio) -> dict[str, str]:
    return {"client_id": account.client_id, "client_secret": account.client_secret}


def connector(account: Snovio, settings: Any, **options: Any) -> Connector:
    """As while a key form is tried out: the instance is not saved, so there is no shared budget."""
    settings.SNOVIO_API_URL = account.base
    instance = AppInstance(app_key="snovio", way_in="keys")
    credentials.draft(instance, keys(account))
    return Connector(open_client(instance), **options)
