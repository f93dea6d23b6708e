"""Two accounts of the HubSpot stand-in as hub and app of one sync, and the stand-in's knobs.

HubSpot on both sides: both take batches of 100, so that it is our work which is measured and not an app's one record a call.
"""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from django.conf import settings
from django.contrib.auth import get_user_model

from integrations.services import credentials
from portal.accounts.models import Account
from portal.demo import story
from syncjobs.models import Sync, SyncCursor
from syncjobs.services import drafts, syncs

LATER = 300  # seconds between two jobs: longer than a change feed looks back


class Standin:
    def __init__(self) -> None:
        described = json.loads(Path(str(settings.STANDINS_FILE)).read_text())
        self.described: dict[str, Any] = described["hubspot"]
        self.url = self.described["api_url"]

    def control(self, verb: str, **given: Any) -> Any:
        answer = requests.post(f"{self.described['control_url']}/{verb}", json=given, timeout=600)
        answer.raise_for_status()
        return answer.json()

    def requests(self) -> int:
        """How many API requests it has got."""
        return int(self.control("stats")["total"])

    def fill(self, portal: int, records: int, seed: int = 7) -> int:
        """How many contacts it holds now."""
        return int(self.control("fill", portal=portal, records=records, seed=seed)["records"])


def set_up(standin: Standin, hub_portal: int, app_portal: int) -> Sync:
    """A tenant with two HubSpot accounts, and the sync that the wizard's defaults make. Its initial run is queued."""
    address = f"{uuid4().hex[:12]}@benchmark.example"
    user = get_user_model().objects.create_user(address, address)
    account = Account.objects.create(name=address)
    ends = [
        story.connect_hub(account, user, {"portal_id": portal}, as_hub=as_hub)
        for portal, as_hub in ((hub_portal, True), (app_portal, False))
    ]
    draft = drafts.new(account=account, by=user, app_instance=ends[1])
    drafts.choose_pair(
        draft=draft, app_instance=ends[1], hub_instance=ends[0], hub_kind="contacts", app_kind="contacts"
    )
    return syncs.save_and_sync(draft=draft, by=user)


def token(standin: Standin, sync: Sync, side: str) -> str:
    return str(credentials.secrets(getattr(sync, f"{side}_instance"))["access_token"])


def later(standin: Standin, sync: Sync) -> int:
    """Let five minutes pass at the stand-in, and nothing change meanwhile: a poll looks back two minutes and would see again what
    the job before has written. Returns the moment, as milliseconds, from which changes are new."""
    moment = int(standin.control("clock", advance=LATER)["now"] * 1000)
    for cursor in SyncCursor.objects.filter(sync=sync).exclude(cursor=None):
        cursor.cursor = {**(cursor.cursor or {}), "lo": moment}
        cursor.save(update_fields=["cursor"])
    return moment - 120_000
