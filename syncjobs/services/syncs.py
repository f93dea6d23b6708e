"""What a person does to a sync. Each verb writes the audit trail; none of them loses anything."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from integrations.records import Side, is_stand_in
from portal.accounts import audit
from syncjobs.models import (
    SETTINGS,
    ConstantField,
    FieldMapping,
    PendingChange,
    RecordLink,
    RecordStatus,
    RunKind,
    RunState,
    Sync,
    SyncFilter,
    SyncRun,
    SyncState,
)
from syncjobs.runner import parking, store
from syncjobs.runner.links import current
from syncjobs.runner.partners import dependents
from syncjobs.services import previews, runs


class PairTaken(Exception):
    """Another sync keeps this object pair equal already."""


@transaction.atomic
def save_and_sync(*, draft: Sync, by: Any) -> Sync:
    """Make a draft the truth and start the initial sync: a new sync, or new settings for the one it is a copy of."""
    sync = _apply_copy(draft) if draft.draft_of else draft
    sync.state, sync.state_code, sync.state_detail, sync.state_since = SyncState.INITIAL, "", "", now()
    sync.saved_by, sync.saved_at = by, now()
    try:
        with transaction.atomic():
            sync.save()
    except IntegrityError as error:
        raise PairTaken(str(sync)) from error
    if sync is draft:
        previews.forget(sync)
    # New settings make a run under the old ones pointless; its links and cursors stay.
    sync.runs.active().update(state=RunState.ABORTED, finished_at=now())
    runs.start(sync=sync, kind=RunKind.INITIAL, by=by)
    # Associations of the same two apps' other syncs can point to these records from now on: read once more in full.
    Sync.objects.filter(pk__in=[other.pk for other in dependents(sync)]).update(last_scan_at=None)
    audit.record(account=sync.account, user=by, verb="sync.saved", target=str(sync), version=sync.version)
    return sync


def _apply_copy(draft: Sync) -> Sync:
    original = draft.draft_of
    assert original is not None
    for name in SETTINGS:
        setattr(original, name, getattr(draft, name))
    original.version += 1
    for model in (FieldMapping, ConstantField, SyncFilter):
        model._default_manager.filter(sync=original).delete()
        model._default_manager.filter(sync=draft).update(sync=original)
    previews.forget(draft)
    draft.delete()
    return original


def _set_state(sync: Sync, state: str, *, by: Any, verb: str) -> None:
    sync.state, sync.state_code, sync.state_detail, sync.state_since = state, "", "", now()
    sync.save(update_fields=["state", "state_code", "state_detail", "state_since"])
    audit.record(account=sync.account, user=by, verb=verb, target=str(sync))


@transaction.atomic
def pause(*, sync: Sync, by: Any) -> None:
    """Stop moving records; inbox and cursors stay, so that resuming catches up."""
    _set_state(sync, SyncState.PAUSED, by=by, verb="sync.paused")


@transaction.atomic
def resume(*, sync: Sync, by: Any) -> None:
    """Go on where it stopped: after a pause, a suspension, or being off. A guard that stopped a run is lifted for that run."""
    run = sync.runs.active().first()
    guarded = sync.state_code.startswith("GUARD_")
    initial = _needs_initial(sync, run)
    _set_state(sync, SyncState.INITIAL if initial else SyncState.ACTIVE, by=by, verb="sync.resumed")
    if run is not None and initial and run.kind != RunKind.INITIAL:
        # Somebody asked for it while the sync was off. Whatever it is, it is not in the place of the initial sync.
        sync.runs.filter(pk=run.pk).update(state=RunState.ABORTED, finished_at=now())
        run = None
    if run is None:
        runs.start(sync=sync, kind=RunKind.INITIAL if sync.state == SyncState.INITIAL else RunKind.INCREMENTAL, by=by)
        return
    SyncRun.objects.filter(pk=run.pk).update(
        next_slice_at=None,
        waiting_for="",
        code="",
        detail="",
        requested_by=by or run.requested_by,
        guard_lifted=run.guard_lifted or guarded,
    )
    runs.dispatch(run)


def _needs_initial(sync: Sync, run: SyncRun | None) -> bool:
    last = sync.runs.filter(kind=RunKind.INITIAL).order_by("-pk").first()  # an earlier one ran under other settings
    if run is not None:
        return run.kind == RunKind.INITIAL or (last is not None and last.state == RunState.ABORTED)
    return last is None or last.state not in (RunState.DONE, RunState.DONE_WITH_FAILURES)


@transaction.atomic
def turn_off(*, sync: Sync, by: Any) -> None:
    """Stop both ways. Links are kept; turning it on again is ``resume`` or an edit."""
    _set_state(sync, SyncState.OFF, by=by, verb="sync.turned_off")
    sync.runs.active().update(state=RunState.ABORTED, finished_at=now())


@transaction.atomic
def delete(*, sync: Sync, by: Any) -> None:
    """Forget the sync and its links. Records at both sides stay as they are."""
    audit.record(account=sync.account, user=by, verb="sync.deleted", target=str(sync))
    sync.runs.active().update(state=RunState.ABORTED, finished_at=now())
    sync.delete()


def run_now(*, sync: Sync, by: Any) -> SyncRun | None:
    """Poll both sides now. None where a run is at it already."""
    try:
        return runs.start(sync=sync, kind=RunKind.INCREMENTAL, by=by)
    except runs.RunAlreadyActive:
        return None


@transaction.atomic
def resync(
    *, sync: Sync, by: Any, status: str, cause: Mapping[str, str] | None = None, link_ids: list[int] | None = None
) -> int:
    """Plan these records again, now. ``cause``: only those with this code, field and side, as far as each is named. Returns how
    many."""
    _hold(sync)
    cause = dict(cause or {})
    links = RecordLink.objects.filter(sync=sync, status=status, **cause)
    if link_ids is not None:
        links = links.filter(pk__among=link_ids)
    unread = _read_again(sync, links)
    n = links.update(dirty=3, next_try_at=None, attempts=0, status=RecordStatus.PENDING, status_since=now())
    RecordLink.objects.filter(pk__in=unread).update(dirty=0)  # there is nothing to plan until it is read
    if status != RecordStatus.PENDING:
        store.add_counts(sync.pk, Counter({status: -n, RecordStatus.PENDING: n}))
    audit.record(account=sync.account, user=by, verb="sync.resynced", target=str(sync), n=n, status=status, **cause)
    if n and sync.is_running_state:
        with suppress(runs.RunAlreadyActive):
            runs.start(sync=sync, kind=RunKind.RETRY, by=by)
    return n


def _hold(sync: Sync) -> None:
    """Every transaction of a run first touches its row: behind this lock no link changes between our reading and writing it."""
    list(sync.runs.active().select_for_update().values_list("pk"))


def _read_again(sync: Sync, links: QuerySet[RecordLink]) -> list[int]:
    """Those of ``links`` that could not be taken in when they were read go to the inbox, to be read first. Returns their pks."""
    found: list[int] = []
    for side in Side:
        marked = links.filter(**{f"{side}_hash__startswith": parking.MARK, f"{side}_gone": False})
        columns = ("pk", f"{side}_id", f"{side}_seen", f"{side}_now")
        rows = [row for row in marked.values_list(*columns) if not is_stand_in(row[1])]
        PendingChange.objects.bulk_create(
            [
                PendingChange(sync=sync, side=side, remote_id=id, known={**(seen or {}), **(new or {})}, priority=2)
                for _, id, seen, new in rows
            ],
            update_conflicts=True,
            unique_fields=["sync", "side", "remote_id"],
            update_fields=["priority", "noted_at"],
        )
        found += [pk for pk, *_ in rows]
        RecordLink.objects.filter(pk__in=[pk for pk, *_ in rows]).update(**{f"{side}_hash": ""})
    return found


@transaction.atomic
def resolve_conflict(*, link: RecordLink, field: str, keep: Side, by: Any) -> None:
    """*Ask me*: keep this side's value of the mapping whose hub field is ``field``. The other side then counts as unchanged, so
    the kept value goes across at the next step."""
    _hold(link.sync)
    link = RecordLink.objects.select_for_update().select_related("sync").get(pk=link.pk)
    mapping = link.sync.mappings.get(hub_field=field)
    name = mapping.app_field if keep is Side.HUB else mapping.hub_field
    lost = current(link, keep.other)
    seen = dict((link.app_seen if keep is Side.HUB else link.hub_seen) or {})
    seen[name] = lost.get(name)
    setattr(link, f"{keep.other}_seen", seen)
    kept = dict(getattr(link, f"{keep}_seen") or {})
    kept.setdefault(mapping.hub_field if keep is Side.HUB else mapping.app_field, None)
    setattr(link, f"{keep}_seen", kept)
    link.save(update_fields=["hub_seen", "app_seen"])
    audit.record(
        account=link.sync.account, user=by, verb="conflict.resolved", target=link.label, field=field, kept=str(keep)
    )
    resync(sync=link.sync, by=by, status=link.status, link_ids=[link.pk])
