"""A person's way through the product, without the person: the same services that the pages call."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from integrations.models import AppInstance
from integrations.registry import app
from integrations.services import connections, schemas
from portal.accounts.models import Account
from portal.demo.install import DemoFailed
from syncjobs.models import RecordLink, RunKind, Sync, SyncCount, SyncState
from syncjobs.services import drafts, syncs

Say = Callable[[str], None]


def connect_hub(account: Account, user: Any, standin: dict[str, Any], *, as_hub: bool = True) -> AppInstance:
    """HubSpot by its consent page: open it, press Allow, hand the redirect's query to the callback's service."""
    address = connections.start_oauth(
        account=account, user=user, app=app("hubspot"), label="Demo portal", as_hub=as_hub
    )
    session = requests.Session()
    session.get(address, timeout=30).raise_for_status()
    asked = dict(parse_qsl(urlsplit(address).query))
    ticked = {"optional": asked.get("optional_scope", "").split()}  # as the page has them
    form = {**asked, **ticked, "decision": "allow", "portal": str(standin["portal_id"])}
    answer = session.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=30)
    if "location" not in answer.headers:
        raise DemoFailed(f"The consent page answered {answer.status_code}: {answer.text[:300]}")
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    return connections.finish_oauth(account=account, user=user, query=query)


def connect_app(account: Account, user: Any, standin: dict[str, Any]) -> AppInstance:
    keys = {"client_id": standin["client_id"], "client_secret": standin["client_secret"]}
    return connections.connect_with_keys(
        account=account, user=user, app=app("snovio"), way_in="keys", values=keys, label="Growth team"
    )


def set_up(account: Account, user: Any, hub: AppInstance, other: AppInstance) -> Sync:
    """The wizard's five steps with their defaults: both ways, all lists, new prospects into the first list."""
    draft = drafts.new(account=account, by=user, app_instance=other)
    drafts.choose_pair(draft=draft, app_instance=other, hub_instance=hub, hub_kind="contacts", app_kind="prospects")
    draft.app_scope = {"lists": [], "target_list": schemas.containers(other, "prospects")[0].id}
    draft.save(update_fields=["app_scope"])
    return syncs.save_and_sync(draft=draft, by=user)


def wait_for_initial(sync: Sync, say: Say, *, on_writing: Callable[[], None], patience: float = 1800) -> float:
    """Seconds until the initial sync is done. ``on_writing`` is called once, when the first records have been written."""
    started, told, written = time.monotonic(), 0.0, False
    while True:
        sync.refresh_from_db()
        if sync.state == SyncState.ACTIVE:
            return time.monotonic() - started
        if sync.state == SyncState.SUSPENDED:
            raise DemoFailed(f"The sync was suspended: {sync.state_code} {sync.state_detail}")
        run = sync.runs.filter(kind=RunKind.INITIAL).latest("pk")
        if not written and any(run.counts.get(name) for name in ("created_hub", "created_app", "linked")):
            written = True
            on_writing()
        if time.monotonic() - started > patience:
            raise DemoFailed(f"The initial sync did not end in {patience:.0f} s: phase {run.phase}, {run.phases}")
        if time.monotonic() - told > 2:
            told = time.monotonic()
            say(f"{told - started:5.0f} s  {run.phase:<12} {_progress(sync)}  calls {run.calls}  {run.waiting_for}")
        time.sleep(0.2)


def _progress(sync: Sync) -> str:
    counts = {c.status: c.n for c in SyncCount.objects.filter(sync=sync) if c.n}
    return "  ".join(f"{status} {n}" for status, n in sorted(counts.items()))


def wait_until_quiet(sync: Sync, say: Say, *, patience: float = 300) -> None:
    """Until nothing is under way and nothing waits, seen twice with a poll between."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        sync.refresh_from_db()
        waiting = RecordLink.objects.filter(sync=sync, dirty__gt=0).count()
        inbox = sync.pending_changes.count()
        if not (waiting or inbox or sync.runs.active().exists()):
            return
        say(f"         waiting: {waiting} changed, {inbox} to read")
        time.sleep(2)
