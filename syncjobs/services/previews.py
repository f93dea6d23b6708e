"""Previews of a draft: what *Save and sync* would do, before it does it. Words and numbers for pages, no HTML."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext

from syncjobs.models import SETTINGS, Outcome, PlannedChange, Preview, RunKind, RunState, Sync, SyncState
from syncjobs.runner import preview as runner
from syncjobs.services import runs

ROWS = {
    "mappings": ["app_field", "hub_field", "direction", "winner", "transform", "value_map", "otherwise", "on"],
    "constants": ["side", "field", "value", "when"],
    "filters": ["side", "groups"],
}
PAGE = 50


class CannotPreview(Exception):
    """Only drafts that know what they sync have previews. Of a saved sync, preview the copy on which it is edited
    (``drafts.copy_of``)."""


@transaction.atomic
def start(*, sync: Sync, by: Any) -> Preview:
    """Queue a preview of this draft. An older one, ready or under way, is over (its worker removes it). Raises CannotPreview."""
    if sync.state != SyncState.DRAFT:
        raise CannotPreview(gettext("Only a draft can be previewed."))
    if not (sync.hub_instance and sync.app_instance and sync.hub_kind and sync.app_kind):
        raise CannotPreview(gettext("Choose first what is synced with what."))
    stop(sync)
    run = runs.start(sync=sync, kind=RunKind.PREVIEW, by=by)
    return Preview.objects.create(sync=sync, run=run, settings_hash=settings_hash(sync))


def stop(sync: Sync) -> None:
    """End a preview that is under way; its worker notices before its next transaction."""
    sync.runs.active().filter(kind=RunKind.PREVIEW).update(state=RunState.ABORTED, finished_at=now())


def forget(sync: Sync) -> None:
    """The draft becomes a sync or goes away: nothing of what a preview under way has read may stay."""
    stop(sync)
    runner.forget(sync.pk)


def latest(sync: Sync) -> Preview | None:
    """The draft's preview, ready or under way (``state``)."""
    return sync.previews.select_related("run").order_by("-pk").first()


def state(preview: Preview) -> str:
    """``running``; ``failed`` (``run.code`` says why); ``outdated``: the settings have changed since; ``ready``."""
    if preview.run.is_active:
        return "running"
    if preview.run.state != RunState.DONE:
        return "failed"
    return "ready" if preview.settings_hash == settings_hash(preview.sync) else "outdated"


def counts(preview: Preview) -> dict[str, int]:
    """{outcome: records} for every outcome; while it is under way, of what is planned so far. A record that is written at
    both sides counts at both."""
    return {outcome.value: preview.counts.get(outcome.value, 0) for outcome in Outcome}


def plans(sync: Sync, outcome: str, *, after: int = 0, n: int = PAGE) -> Sequence[PlannedChange]:
    """A page of plans of the sync's preview: those with a key above ``after``, which is the last key of the page before."""
    preview = latest(sync)
    if preview is None:
        return []
    return list(preview.plans.filter(outcome=outcome, pk__gt=after).order_by("pk")[:n])


def settings_hash(sync: Sync) -> str:
    """Changes with everything that a person decides about the sync."""
    rows = [Sync.objects.filter(pk=sync.pk).values(*SETTINGS)]
    rows += [getattr(sync, related).values(*names) for related, names in ROWS.items()]
    shape = [sorted(json.dumps(row, sort_keys=True, default=str) for row in found) for found in rows]
    return hashlib.blake2b(json.dumps(shape).encode(), digest_size=16).hexdigest()
