"""The job of ``make demo ARGS="--once"``: set up, sync, change, compare. Runs with the demo install's settings."""

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from integrations.services.connections import ConnectRefused
from portal.demo import proof, story
from portal.demo.apis import HubSpotApi, SnovioApi
from portal.demo.install import DemoFailed
from syncjobs.models import RunKind, Sync, SyncCount


class Command(BaseCommand):
    help = "Used by the demo command."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True)
        parser.add_argument("--changes", type=int, default=50)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self._play(options)
        except (DemoFailed, ConnectRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(result))
        self.stdout.flush()
        sys.exit(1 if result["duplicates"] or result["mismatches"] else 0)

    def say(self, text: str) -> None:
        self.stderr.write(text)

    def _play(self, options: dict[str, Any]) -> dict[str, Any]:
        standins = json.loads(Path(str(settings.STANDINS_FILE)).read_text())
        hub, app = HubSpotApi(standins["hubspot"]), SnovioApi(standins["snovio"])
        before = proof.duplicates(hub, app)
        user = get_user_model().objects.get(email=options["user"])
        account = user.memberships.get().account
        self.say("Connecting HubSpot by its consent page, Snov.io by its keys …")
        hub_instance = story.connect_hub(account, user, standins["hubspot"])
        app_instance = story.connect_app(account, user, standins["snovio"])
        sync = story.set_up(account, user, hub_instance, app_instance)
        self.say(f"Initial sync of {sync}:")
        marker = Path(settings.VAR_DIR) / "writing"
        seconds = story.wait_for_initial(sync, self.say, on_writing=marker.touch)
        changes = self._live(sync, hub, app, options["changes"])
        story.wait_until_quiet(sync, self.say)
        self.say("Reading both sides over their public APIs and comparing …")
        app.lift_limit()
        wrong = proof.mismatches(hub, app)
        doubled = proof.duplicates(hub, app) - before
        for line in [
            *wrong[:10],
            *list(doubled)[:10],
            *(f"{email}: did not arrive" for email in changes.missing()[:10]),
        ]:
            self.say(f"  {line}")
        return self._figures(sync, changes, seconds) | {
            "duplicates": sum(doubled.values()),
            "mismatches": len(wrong) + len(changes.missing()),
        }

    def _live(self, sync: Sync, hub: HubSpotApi, app: SnovioApi, n: int) -> proof.Changes:
        story.wait_until_quiet(sync, self.say)
        self.say(f"Editing and creating {n} records at each side …")
        changes = proof.change_both(hub, app, int(sync.app_scope["target_list"]), n)
        proof.wait_for(changes, hub, app, self.say)
        time.sleep(1)
        return changes

    def _figures(self, sync: Sync, changes: proof.Changes, seconds: float) -> dict[str, Any]:
        counts = {c.status: c.n for c in SyncCount.objects.filter(sync=sync)}
        total = sum(counts.values())
        calls = sync.runs.filter(kind=RunKind.INITIAL).latest("pk").calls
        at_hub, at_app = changes.delays(changes.at_hub), changes.delays(changes.at_app)
        return {
            "records": total,
            "in_sync": counts.get("insync", 0),
            "failed": counts.get("failed", 0),
            "excluded": counts.get("excluded", 0),
            "initial_seconds": round(seconds, 1),
            # Changes in HubSpot, announced by webhook; "poll" are those in Snov.io, which announces nothing.
            "live_p50_seconds": proof.percentile(at_hub, 0.5),
            "live_p95_seconds": proof.percentile(at_hub, 0.95),
            "poll_p50_seconds": proof.percentile(at_app, 0.5),
            "poll_p95_seconds": proof.percentile(at_app, 0.95),
            "calls_per_1000_records": round(1000 * calls / max(1, total), 1),
        }
