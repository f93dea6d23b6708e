"""How long an announced change takes to the other side, with real workers, while another tenant's initial sync runs."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import requests
from django.conf import settings

from portal.benchmark import world
from portal.benchmark.jobs import APP, HUB, Bench
from portal.benchmark.measure import Figures
from portal.benchmark.world import Standin
from portal.demo import story
from portal.demo.install import DemoFailed
from syncjobs.models import RecordLink, Sync, SyncState

LIVE_HUB, LIVE_APP = 4244, 4245
LIVE_RECORDS, MOST_CHANGES, PATIENCE = 200, 100, 120.0


def jobs(bench: Bench) -> Iterator[tuple[str, Figures, None, dict[str, Any]]]:
    standin = bench.standin
    standin.fill(LIVE_HUB, LIVE_RECORDS)
    live = world.set_up(standin, LIVE_HUB, LIVE_APP)
    story.wait_for_initial(live, lambda text: None, on_writing=lambda: None)
    standin.control("settings", webhook_url=f"{settings.BASE_ADDRESS}/hooks/hubspot/")
    standin.fill(HUB, bench.records)
    standin.fill(APP, 0)
    load = world.set_up(standin, HUB, APP)
    started = time.monotonic()
    delays = sorted(_delays(standin, live, load))
    figures = Figures(records=len(delays), seconds=time.monotonic() - started)
    if not delays:
        raise DemoFailed("The other tenant's initial sync was over before one change had crossed: use more records")
    p50, p95 = statistics.median(delays), delays[min(len(delays) - 1, int(len(delays) * 0.95))]
    note = f"p50 {p50:.1f} s, p95 {p95:.1f} s of {len(delays)} changes"
    yield "live latency", figures, None, {"p50_seconds": round(p50, 2), "p95_seconds": round(p95, 2), "note": note}


def _delays(standin: Standin, live: Sync, load: Sync) -> Iterator[float]:
    """Change one record after the other as a person at the hub would, and see when the app has it."""
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {world.token(standin, live, 'app')}"
    pairs = list(RecordLink.objects.filter(sync=live).exclude(app_id=None).values_list("hub_id", "app_id"))
    for number in range(MOST_CHANGES):
        if not Sync.objects.filter(pk=load.pk, state=SyncState.INITIAL).exists():
            return
        hub_id, app_id = pairs[number % len(pairs)]
        title, made = f"Live {number}", time.monotonic()
        standin.control("records", portal=LIVE_HUB, edit=[{"id": hub_id, "jobtitle": title}])
        url = f"{standin.url}/crm/objects/2026-03/contacts/{app_id}?properties=jobtitle"
        while http.get(url, timeout=30).json()["properties"]["jobtitle"] != title:
            if time.monotonic() - made > PATIENCE:
                raise DemoFailed(f"A change did not arrive within {PATIENCE:.0f} seconds")
            time.sleep(0.1)
        yield time.monotonic() - made
