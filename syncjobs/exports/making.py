"""An export from the wish to the file: asked for, made in slices of some seconds, mailed as a link, deleted after a week.

A slice appends to a part file and then saves how far it got (last id, length of the file). A slice that was killed left bytes
behind that nobody counted: the next one cuts the file back to the saved length, so no row is lost or doubled.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import gettext, override

from portal.accounts import audit
from syncjobs.exports.csvfile import Table
from syncjobs.health.lists import Query, links
from syncjobs.health.numbers import STATUSES
from syncjobs.models import Export, RecordLink, Sync
from syncjobs.queue import enqueue

log = logging.getLogger(__name__)
State = Export.State
TASK = "syncjobs.exports.tasks.make"
SLICE_SECONDS = 10
CHUNK = 500
KEPT = timedelta(days=7)
LOCK_SECONDS = 90  # longer than a task may run: see Q_CLUSTER["timeout"]
SILENT_SECONDS = 600  # an export of which nothing was heard for so long lost its worker


def request(*, sync: Sync, by: Any, status: str = "", cause: Mapping[str, str] | None = None) -> Export:
    """Queue an export of the sync's records: all, those of one status (a key of ``numbers.STATUSES``), or one
    cause (``lists.Query.cause``)."""
    filters = {**({"status": status} if status else {}), **(cause or {})}
    export = Export.objects.create(account=sync.account, sync=sync, requested_by=by, filters=filters)
    audit.record(account=sync.account, user=by, verb="records.exported", target=str(sync), **filters)
    _queue(export)
    return export


def make(export: Export) -> None:
    """One slice. Ends by queueing the next one, or with a file that is ready. A second worker on the same export goes home."""
    if export.state not in (State.QUEUED, State.RUNNING) or not cache.add(_lock(export), 1, LOCK_SECONDS):
        return
    try:
        export.refresh_from_db()
        if _slice(export):
            _finish(export)
        else:
            _queue(export)
    except OSError as error:  # disk full, folder not writable
        log.exception("Export %s could not be written", export.pk)
        _fail(export, str(error.strerror or ""))
    finally:
        cache.delete(_lock(export))


def tidy() -> int:
    """Delete files that are older than promised, and take up exports whose worker died. Returns how many files went."""
    for export in Export.objects.filter(state__in=(State.QUEUED, State.RUNNING)):
        if not cache.get(_sign_of_life(export)):
            _queue(export)
    gone = 0
    for export in Export.objects.filter(expires_at__lt=now()).exclude(file=""):
        export.file.delete(save=False)
        Export.objects.filter(pk=export.pk).update(file="")
        gone += 1
    return gone


def records(export: Export) -> QuerySet[RecordLink]:
    """What the export holds, unordered."""
    status = export.filters.get("status", "")
    if not status:
        return RecordLink.objects.filter(sync_id=export.sync_id)
    return links(export.sync, Query.of(status if status in STATUSES else "failed", export.filters))


def filename(export: Export) -> str:
    """What the download is called: sync, status and day."""
    parts = [
        slugify(str(export.sync.app_kind)),
        export.filters.get("status", "records"),
        f"{export.created_at:%Y-%m-%d}",
    ]
    return "-".join(part for part in parts if part) + ".csv"


def _queue(export: Export) -> None:
    cache.set(_sign_of_life(export), 1, SILENT_SECONDS)
    enqueue(TASK, export.pk, bulk=True)


def _sign_of_life(export: Export) -> str:
    return f"export-{export.pk}-lives"


def _lock(export: Export) -> str:
    return f"export-{export.pk}"


def _part(export: Export) -> Path:
    return Path(settings.MEDIA_ROOT) / "exports" / f"{export.pk}.part"


def _slice(export: Export) -> bool:
    """Write for some seconds; True when all is written."""
    until, progress = monotonic() + SLICE_SECONDS, export.filters.get("progress") or {"after": 0, "bytes": 0}
    path = _part(export)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+", encoding="utf-8", newline="") as file, override(settings.LANGUAGE_CODE):
        table = Table(export.sync)
        file.truncate(progress["bytes"])
        file.seek(progress["bytes"])
        while True:  # at least one chunk, however slow: each slice gets on
            chunk = list(records(export).filter(pk__gt=progress["after"]).order_by("pk")[:CHUNK])
            for link in table.write(file, chunk, header=not file.tell()):
                progress["after"] = link.pk
                export.rows += 1
            complete = len(chunk) < CHUNK
            if complete or monotonic() > until:
                break
        file.flush()
        progress["bytes"] = file.tell()
    export.state, export.filters["progress"] = State.RUNNING, progress
    export.save(update_fields=["state", "rows", "filters"])
    return complete


def _finish(export: Export) -> None:
    name = f"exports/{export.created_at:%Y/%m}/{export.pk}.csv"
    target = Path(settings.MEDIA_ROOT) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    _part(export).replace(target)
    export.filters.pop("progress", None)
    export.file.name, export.state, export.finished_at = name, State.READY, now()
    export.expires_at = export.finished_at + KEPT
    export.save()
    _mail(export)


def _fail(export: Export, detail: str) -> None:
    with suppress(OSError):
        _part(export).unlink()
    export.state, export.detail, export.finished_at = State.FAILED, detail, now()
    export.save(update_fields=["state", "detail", "finished_at"])


def _mail(export: Export) -> None:
    """A link, never the file: the page behind it asks who is there."""
    if not export.requested_by or not export.requested_by.email:
        return
    address = settings.BASE_ADDRESS + reverse("syncjobs:export_download", args=[export.pk])
    body = render_to_string("syncjobs/mail/export_ready.txt", {"export": export, "address": address})
    subject = gettext("Your export is ready: %(name)s") % {"name": filename(export)}
    send_mail(subject, body, None, [export.requested_by.email], fail_silently=True)
