"""What a run *would* do (preview), and what taking a run back left alone (undo). Written by the runner, read by pages."""

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from syncjobs.models.records import SIDES, RecordLink
from syncjobs.models.runs import SyncRun
from syncjobs.models.settings import Sync


class Outcome(models.TextChoices):
    """What becomes of a record. One that is written at both sides has two outcomes."""

    CREATE_HUB = "create_hub", _("Created in the hub")
    CREATE_APP = "create_app", _("Created in the app")
    UPDATE_HUB = "update_hub", _("Updated in the hub")
    UPDATE_APP = "update_app", _("Updated in the app")
    DELETE_HUB = "delete_hub", _("Deleted in the hub")
    DELETE_APP = "delete_app", _("Deleted in the app")
    LINK_ONLY = "link_only", _("Linked, nothing to write")
    UNCHANGED = "unchanged", _("Unchanged")
    EXCLUDED = "excluded", _("Excluded")
    REVIEW = "review", _("Needs review")
    FLAGGED = "flagged", _("Flagged as deleted")
    WOULD_FAIL = "would_fail", _("Would fail")


class Preview(models.Model):
    """The plan of a full run under a draft's settings. A newer one replaces it."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="previews")  # the draft
    run = models.OneToOneField(SyncRun, on_delete=models.CASCADE, related_name="preview")
    settings_hash = models.CharField(max_length=32)  # of the settings it was made under: syncjobs.services.previews
    counts = models.JSONField(default=dict)  # {Outcome: n}; in one transaction with the plans
    harm = models.JSONField(default=dict)  # {"deletes": n, "blanks": n}: what the guards look at
    guards = models.JSONField(default=list)  # [{"code", "n"}]: brakes that would stop the real run
    write_calls = models.PositiveIntegerField(default=0)  # requests that the planned writes take
    calls = models.PositiveIntegerField(
        null=True
    )  # estimated requests of the real run; None until the plan is complete
    created_at = models.DateTimeField(default=now)


class PlannedChange(models.Model):
    """One record's outcome. *Unchanged* records are only counted: there is nothing to read about them."""

    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="plans", db_index=False)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    hub_id = models.CharField(max_length=200, null=True)
    app_id = models.CharField(max_length=200, null=True)
    label = models.CharField(max_length=200, default="")
    side = models.CharField(max_length=3, blank=True)  # of the code: who would refuse, whose record is excluded
    code = models.CharField(max_length=40, blank=True)
    field = models.CharField(max_length=200, blank=True)
    detail = models.TextField(blank=True)
    # What would be written: [{"side", "field", "old", "new", "loser", "rule"}]; rule "" = a value of a new record
    diffs = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["preview", "outcome", "id"], name="plan_by_outcome")]


class LeftAlone(models.Model):
    """Something that an undo did not take back, and why."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="left_alone", db_index=False)  # the undo
    link = models.ForeignKey(RecordLink, on_delete=models.CASCADE, related_name="+")
    side = models.CharField(max_length=3, choices=SIDES)
    field = models.CharField(max_length=200, blank=True)  # "" = the whole record
    code = models.CharField(max_length=40)
    wrote = models.JSONField(null=True)  # what the run had written
    found = models.JSONField(null=True)  # what stands there now, where it was read
    detail = models.TextField(blank=True)  # the app's own words

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "link", "side", "field"], name="one_reason_per_value_left_alone")
        ]
        indexes = [models.Index(fields=["run", "id"], name="left_alone_by_run")]
