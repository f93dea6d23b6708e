"""What a run did. A run is a chain of slices; everything a slice needs is in rows, its task carries only the run's id."""

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from syncjobs.models.records import RecordLink
from syncjobs.models.settings import Sync, SyncState


class RunKind(models.TextChoices):
    INITIAL = "initial", _("Initial sync")
    INCREMENTAL = "incremental", _("Changes")
    FULL_SCAN = "full_scan", _("Full scan")
    AUDIT = "audit", _("Audit")
    RETRY = "retry", _("Resync")
    PREVIEW = "preview", _("Preview")
    UNDO = "undo", _("Undo")


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    DONE_WITH_FAILURES = "done_with_failures", _("Done with failures")
    STOPPED = "stopped", _("Stopped")
    ABORTED = "aborted", _("Aborted")


ACTIVE_STATES = [RunState.QUEUED, RunState.RUNNING]


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def active(self) -> "SyncRunQuerySet":
        return self.filter(state__in=ACTIVE_STATES)


class SyncRun(models.Model):
    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=12, choices=RunKind.choices)
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.QUEUED)
    # Lease: every later transaction of a slice checks the number it got, so a doubled or late task changes nothing.
    lease_number = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    # "host:pid", so that a dead worker's lease is freed at once
    lease_owner = models.CharField(max_length=120, blank=True)
    stumbles = models.PositiveSmallIntegerField(default=0)  # leases since a step got through; three halve the chunk
    next_slice_at = models.DateTimeField(null=True, blank=True)  # a rate limit or backoff asked to wait until then
    waiting_for = models.CharField(max_length=40, blank=True)  # code of what it waits for, shown on the page
    waiting_side = models.CharField(max_length=3, blank=True)  # the side whose app it waits for, where that is known
    phase = models.CharField(max_length=20, blank=True)  # syncjobs.runner.phases
    # {phase: {"done": n, "total": n or null, "started": iso, "ended": iso or null}}
    phases = models.JSONField(default=dict, blank=True)
    # {"created_hub", "created_app", "updated_hub", "updated_app", "linked", "deleted", "failed", "excluded": n}
    counts = models.JSONField(default=dict, blank=True)
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="undone_by")
    guard_lifted = models.BooleanField(default=False)  # a person saw the number and resumed
    calls = models.PositiveIntegerField(default=0)  # HTTP requests
    code = models.CharField(max_length=40, blank=True)  # why it stopped
    detail = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sync"], condition=models.Q(state__in=["queued", "running"]), name="one_active_run_per_sync"
            )
        ]
        indexes = [models.Index(fields=["sync", "-id"], name="run_by_sync")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def sync_states(self) -> tuple[SyncState, ...]:
        """States of the sync in which this run may work: previews are of drafts, everything else of syncs that are on."""
        return (SyncState.DRAFT,) if self.kind == RunKind.PREVIEW else (SyncState.INITIAL, SyncState.ACTIVE)

    @property
    def shown_state(self) -> str:
        """The state, or ``waiting`` for a run that stands still until something passes or a person acts."""
        return "waiting" if self.is_active and self.waiting_for else self.state

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES


class AuditNight(models.Model):
    """What the audit of one night saw of a sync: kept for two weeks whatever it was, while quiet runs leave no trace."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="audit_nights")
    day = models.DateField()  # UTC
    looked = models.PositiveIntegerField(default=0)  # pairs
    differed = models.PositiveIntegerField(default=0)  # pairs of which at least one of the three below is said
    drift_hub = models.PositiveIntegerField(default=0)  # the record was not what we remembered, or gone
    drift_app = models.PositiveIntegerField(default=0)
    apart = models.PositiveIntegerField(default=0)  # what we remember of the two sides does not agree
    miscounted = models.PositiveIntegerField(default=0)  # by how much ``SyncCount`` was wrong
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "day"], name="one_row_per_sync_and_night")]


class RunEvent(models.Model):
    """One line of "Just now": what happened to a record. A sample, kept short; the ledger is complete."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="events")
    link = models.ForeignKey(RecordLink, on_delete=models.CASCADE, null=True, related_name="+")
    label = models.CharField(max_length=200, blank=True)
    result = models.CharField(max_length=16)  # created, updated, linked, failed, excluded, review, deleted
    side = models.CharField(max_length=3, blank=True)  # where it was written
    code = models.CharField(max_length=40, blank=True)
    fields = models.PositiveSmallIntegerField(default=0)  # how many fields were written
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["run", "-id"], name="event_by_run")]
