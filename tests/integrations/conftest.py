from collections.abc import Iterator

import pytest

from tests.contract.conftest import hubspot_control, hubspot_standin  # noqa: F401 - the same stand-in, as fixtures here too
from tests.integrations.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().running() as server:
        yield server
