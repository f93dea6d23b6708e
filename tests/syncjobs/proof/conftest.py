from collections.abc import Callable, Iterator

import pytest

from portal.accounts.models import Account
from tests.syncjobs.proof.universe import Universe, laboratory


@pytest.fixture
def universe(db: None, account: Account) -> Iterator[Callable[..., Universe]]:
    """Make a universe: ``universe(app=Abilities(…), app_unique=False, direction="to_hub")``."""
    with laboratory(account) as make:
        yield make
