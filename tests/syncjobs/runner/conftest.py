from collections.abc import Callable, Iterator

import pytest

from integrations import registry
from portal.accounts.models import Account
from tests.syncjobs.runner.world import World, make_world


@pytest.fixture
def world(db: None, account: Account) -> Iterator[Callable[..., World]]:
    """Make a sync between two apps in memory: ``world(hub=Abilities(…), direction="to_hub")``."""
    yield lambda **settings: make_world(account, **settings)
    for key in ("memory_hub", "memory_app"):
        registry.apps().pop(key, None)
