from collections.abc import Iterator

import pytest

from tests.integrations.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().running() as server:
        yield server
