"""Memory must not grow with the number of links: they are seeded by SQL as copies of one that the product made itself."""

from collections.abc import Iterator
from uuid import uuid4

import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from integrations.models import AppInstance
from integrations.records import Field, FieldType
from integrations.services import credentials, schemas
from portal.accounts.models import Account
from portal.benchmark.endless import VALUES
from portal.benchmark.jobs import work_off
from portal.benchmark.measure import Figures, measured
from portal.demo.install import DemoFailed
from syncjobs.models import RecordLink, RunKind, Sync
from syncjobs.runner import store
from syncjobs.services import drafts, runs, syncs

SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM series WHERE n < %s) ",
    "postgresql": "WITH series AS (SELECT generate_series(2, %s) AS n) ",
}


def set_up() -> Sync:
    """Two service keys of endless accounts, their schema known already, and the sync of one pair."""
    name = uuid4().hex[:12]
    user = get_user_model().objects.create_user(name, f"{name}@benchmark.example")
    account = Account.objects.create(name=name)
    fields = [Field(field, field, FieldType.EMAIL if field == "email" else FieldType.TEXT) for field in VALUES]
    ends = []
    for side in ("hub", "app"):
        instance = AppInstance.objects.create(
            account=account, app_key="hubspot", label=side, is_hub=side == "hub", remote_account_id=f"{name}-{side}",
            way_in="service_key",
        )  # fmt: skip
        credentials.store(instance, {"access_token": "benchmark"})
        schemas.save(instance, "contacts", fields)
        ends.append(instance)
    hub, app = ends
    draft = drafts.new(account=account, by=user, app_instance=app)
    drafts.choose_pair(draft=draft, app_instance=app, hub_instance=hub, hub_kind="contacts", app_kind="contacts")
    return syncs.save_and_sync(draft=draft, by=user)


def multiply(sync: Sync, links: int) -> None:
    """Copies of the sync's one link, for the ids 2 to ``links``."""
    quote = connection.ops.quote_name
    columns = [str(f.column) for f in RecordLink._meta.concrete_fields if f.column not in ("id", "hub_id", "app_id")]
    listed, table = ", ".join(map(quote, columns)), quote(RecordLink._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{SERIES[connection.vendor]} INSERT INTO {table} (hub_id, app_id, {listed}) "
            f"SELECT CAST(n AS text), CAST(n AS text), {listed} FROM series, {table} "
            f"WHERE sync_id = %s AND hub_id = '1'",
            [links, sync.pk],
        )
        cursor.execute("ANALYZE")
    store.recount(sync.pk)


def hold(records: int) -> None:
    """Tell the endless accounts how many contacts they have."""
    requests.post(f"{settings.HUBSPOT_API_URL}/records", data=str(records), timeout=10).raise_for_status()


def jobs(links: int) -> Iterator[tuple[str, Figures, None]]:
    """A poll and a full scan over ``links`` links, nothing changed."""
    hold(1)
    sync = set_up()
    work_off(sync.runs.active().get())
    multiply(sync, links)
    hold(links)
    for job, kind in (("memory, no-change pass", RunKind.INCREMENTAL), ("memory, full scan", RunKind.FULL_SCAN)):
        sync.refresh_from_db()
        with measured() as figures:
            run = work_off(runs.start(sync=sync, kind=kind))
            figures.records = links
        if run is not None and any(run.counts.values()):
            raise DemoFailed(f"Nothing had changed, and yet {run.counts}")
        figures.requests = run.calls if run else 0
        yield f"{job}, {links:,} links", figures, None
