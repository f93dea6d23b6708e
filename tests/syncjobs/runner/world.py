"""Two apps in memory and one sync between them, run by the real runner on the real database.

``World.run()`` does what workers do: slices until nothing is due. Time is not slept away: waits are lifted (``settle``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User

from integrations import registry
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryApp, MemoryConnector
from integrations.models import AppInstance
from integrations.records import Side
from integrations.registry import App, Kind, Preset, WayIn
from portal.accounts.models import Account
from syncjobs.models import (
    FieldMapping,
    PendingChange,
    Preview,
    RecordLink,
    RunKind,
    Sync,
    SyncCount,
    SyncRun,
    SyncState,
)
from syncjobs.runner import slices, store
from syncjobs.services import drafts, previews, runs, syncs

KIND = Kind(
    "people", "People", "person", "person",
    presets=(Preset("email", "email"), Preset("first_name", "first_name"), Preset("last_name", "last_name")),
    label_fields=("first_name", "last_name"), label_else=("email",),
)  # fmt: skip
MAPPED = ("email", "first_name", "last_name", "score", "tags", "notes")


@dataclass
class World:
    sync: Sync
    hub: MemoryApp
    app: MemoryApp
    worlds: dict[int, MemoryApp] = field(default_factory=dict)

    def initial(self) -> SyncRun:
        """The initial sync, from start to end."""
        Sync.objects.filter(pk=self.sync.pk).update(state=SyncState.INITIAL)
        self.sync.refresh_from_db()
        run = runs.start(sync=self.sync, kind=RunKind.INITIAL)
        self._finish(run)
        return run

    def poll(self) -> None:
        """What a minute later brings: one poll of both sides, and retries that are due."""
        self.lift_waits()
        self.sync.refresh_from_db()
        try:
            run = runs.start(sync=self.sync, kind=RunKind.INCREMENTAL)
        except runs.RunAlreadyActive:
            run = self.sync.runs.active().get()
        self._finish(run)

    def settle(self, polls: int = 4) -> None:
        """Poll until nothing waits any more."""
        for _ in range(polls):
            self.hub.land()
            self.app.land()
            self.hub.wait(20)
            self.app.wait(20)
            self.poll()
            if (
                not RecordLink.objects.filter(sync=self.sync, dirty__gt=0).exists()
                and not self.sync.runs.active().exists()
            ):
                return

    def hint(self, side: Side, *ids: str) -> None:
        """A webhook names records."""
        for pk in ids:
            PendingChange.objects.update_or_create(sync=self.sync, side=side.value, remote_id=pk)
        self.lift_waits()
        self.sync.refresh_from_db()
        runs.wake(self.sync)
        if run := self.sync.runs.active().first():
            self._finish(run)

    def lift_waits(self) -> None:
        """Time passes: backoffs, leases and waits for lost answers are over."""
        from datetime import timedelta

        from django.utils.timezone import now

        from syncjobs.models import WriteIntent

        long_ago = now() - timedelta(hours=2)
        RecordLink.objects.filter(sync=self.sync, next_try_at__isnull=False).update(next_try_at=long_ago)
        WriteIntent.objects.filter(sync=self.sync).update(sent_at=long_ago)
        SyncRun.objects.active().update(next_slice_at=None, lease_until=None)

    def _finish(self, run: SyncRun, most: int = 60) -> None:
        for _ in range(most):
            slices.run_slice(run.pk)
            current = SyncRun.objects.filter(pk=run.pk).first()
            if current is None or not current.is_active or current.waiting_for:
                return

    # -- what tests look at ------------------------------------------------------------------------------------------
    def counts(self) -> dict[str, int]:
        assert store.recount(self.sync.pk) == {}, "the counts are exact at all times"
        return {c.status: c.n for c in SyncCount.objects.filter(sync=self.sync) if c.n}

    def link(self, **by: Any) -> RecordLink:
        return RecordLink.objects.get(sync=self.sync, **by)

    def values(self, side: Side, name: str = "email") -> dict[str, dict[str, Any]]:
        """Live records of one side, by a field's value (lower case)."""
        peer = self.hub if side is Side.HUB else self.app
        return {str(values.get(name) or "").lower(): values for values in peer.live().values()}

    def assert_equal(self) -> None:
        """Both sides hold the same people with the same mapped values."""
        hub, app = self.values(Side.HUB), self.values(Side.APP)
        assert sorted(hub) == sorted(app)
        for key in hub:
            for name in MAPPED:
                assert (hub[key].get(name) or None) == (app[key].get(name) or None), (key, name)

    def quiet_writes(self) -> int:
        """Writes that a poll makes at either side when nothing has changed."""
        before = self.hub.writes + self.app.writes
        self.poll()
        return self.hub.writes + self.app.writes - before


def make_world(
    account: Account, *, hub: Abilities | None = None, app: Abilities | None = None, **settings: Any
) -> World:
    """A saved sync between two fresh memory apps. ``settings`` go to the Sync."""
    peers = {}
    for key, abilities in (("memory_hub", hub), ("memory_app", app)):
        peer = MemoryApp(abilities=abilities or Abilities(), account_id=key)
        registry.apps()[key] = App(
            key=key, name=key.replace("_", " ").title(), letter="M", blurb="", ways_in=(WayIn("keys", "Keys", "keys"),),
            kinds=(KIND,), permissions=(), abilities=lambda kind, peer=peer: peer.abilities,
            connect=lambda instance, peer=peer: MemoryConnector(peer), can_be_hub=True,
        )  # fmt: skip
        peers[key] = peer
    hub_instance = AppInstance.objects.create(
        account=account, app_key="memory_hub", label="Hub", is_hub=True, way_in="keys"
    )
    app_instance = AppInstance.objects.create(account=account, app_key="memory_app", label="App", way_in="keys")
    settings = {
        "winner": "hub",
        "identifiers": [{"hub_field": "email", "app_field": "email", "strong": True}],
        **settings,
    }
    sync = Sync.objects.create(
        account=account, hub_instance=hub_instance, app_instance=app_instance, hub_kind="people", app_kind="people",
        state=SyncState.ACTIVE, **settings,
    )  # fmt: skip
    FieldMapping.objects.bulk_create(FieldMapping(sync=sync, app_field=name, hub_field=name) for name in MAPPED)
    return World(sync, peers["memory_hub"], peers["memory_app"])


def started(account: Account, by: User, hub: AppInstance, app: AppInstance, hub_kind: str, app_kind: str) -> World:
    """A sync of two real connections with its defaults, as the wizard saves it, after its initial sync."""
    draft = drafts.new(account=account, by=by, app_instance=app)
    drafts.choose_pair(draft=draft, app_instance=app, hub_instance=hub, hub_kind=hub_kind, app_kind=app_kind)
    sync = syncs.save_and_sync(draft=draft, by=by)
    world = World(sync, None, None)  # type: ignore[arg-type]
    world._finish(sync.runs.latest("pk"))
    return world


def draft_of(w: World) -> Sync:
    """The world's sync, before it was ever saved."""
    Sync.objects.filter(pk=w.sync.pk).update(state=SyncState.DRAFT)
    w.sync.refresh_from_db()
    return w.sync


def preview(w: World, draft: Sync) -> Preview:
    w._finish(previews.start(sync=draft, by=None).run)
    found = previews.latest(draft)
    assert found is not None
    return found


def before_the_next_delete(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Just before it reaches the app, after all looks."""
    acts, delete = [act], MemoryConnector.delete

    def late(connector: MemoryConnector, kind: str, ids: Any, **more: Any) -> Any:
        if acts:
            acts.pop()()
        return delete(connector, kind, ids, **more)

    monkeypatch.setattr(MemoryConnector, "delete", late)
