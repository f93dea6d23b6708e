"""Several processes at full speed against HubSpot's real limits are never told off."""

from typing import Any

import pytest
import requests

from integrations.models import AppInstance
from integrations.services import credentials
from portal.accounts.models import Account
from tests.install import Install

CALLER = """
import sys, time
import django
django.setup()
from integrations import errors
from integrations.models import AppInstance
from integrations.services.connections import open_connector

instance, until = AppInstance.objects.get(pk=int(sys.argv[1])), time.time() + 12
position = cursor = None
while time.time() < until:
    try:
        connector = open_connector(instance)
        position = connector.scan("contacts", fields=["email"], position=position, scope={}).position
        connector.find("contacts", "firstname", ["Ann"], fields=["email"])
    except errors.RateLimited as error:
        assert error.status is None, f"told off: {error.remote}"
        time.sleep(min(error.retry_after, 0.2))
"""


@pytest.mark.slow
def test_three_processes_stay_inside_hubspots_limits(live_install: Install) -> None:
    standin = live_install.start_standins("--set", "hubspot.limit_static=110")["hubspot"]
    with live_install.orm():
        account = Account.objects.create(name="Acme")
        instance = AppInstance.objects.create(account=account, app_key="hubspot", label="x", way_in="oauth")
        credentials.store(instance, {"access_token": standin["token"]})  # a token that lasts, under the limits of OAuth
    callers = [live_install.start(f"caller-{n}", "-c", CALLER, str(instance.pk)) for n in range(3)]
    for number, caller in enumerate(callers):
        assert caller.wait(60) == 0, live_install.log(f"caller-{number}")
    stats: dict[str, Any] = requests.post(f"{standin['control_url']}/stats", json={}, timeout=10).json()
    assert set(stats["by_status"]) == {"200"}, stats
    searches = sum(count for path, count in stats["by_path"].items() if path.endswith("/search"))
    assert searches > 12 * 3.9 * 0.7
