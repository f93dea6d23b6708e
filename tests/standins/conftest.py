"""``standins``: one running process for all tests of a worker. ``hubspot``, ``salesforce``: their parts, as new for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.standins.salesforce_org import SalesforceOrg
from tests.standins.serving import control, serving


@pytest.fixture(scope="session")
def standins() -> Iterator[dict[str, dict[str, Any]]]:
    with serving("--records", "200") as described:
        yield described


@pytest.fixture
def hubspot(standins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Addresses and credentials; seeded records, no faults, limits of the real thing switched off."""
    vendor = standins["hubspot"]
    control(vendor, "reset")
    control(vendor, "settings", limit_static=0, limit_oauth=0, limit_search=0)
    return vendor


@pytest.fixture
def salesforce(standins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Addresses and credentials; seeded records, no faults."""
    vendor = standins["salesforce"]
    control(vendor, "reset")
    return vendor


@pytest.fixture
def org(salesforce: dict[str, Any]) -> SalesforceOrg:
    """The first org, signed in."""
    return SalesforceOrg(salesforce)
