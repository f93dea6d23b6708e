"""What is known of every record. Hot tables: the runner reads and writes them in bulk (``syncjobs/runner/store.py``)."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from syncjobs.models.settings import Sync

SIDES = [("hub", "hub"), ("app", "app")]


class RecordStatus(models.TextChoices):
    IN_SYNC = "insync", _("In sync")
    PENDING = "pending", _("Pending")
    FAILED = "failed", _("Failed")
    EXCLUDED = "excluded", _("Excluded")
    REVIEW = "review", _("Needs review")
    DELETED_IN_HUB = "deleted_hub", _("Deleted in hub")
    DELETED_IN_APP = "deleted_app", _("Deleted in app")


class RecordLink(models.Model):
    """A pair (hub id, app id), or half of one that waits for its twin; the values last seen at each side, and its state.

    ``*_seen``: mapped values as last seen at that side **when the two agreed** (None: never agreed). A side has changed when
    it differs from its own memory, so an app that rewrites what it is given causes no echo.
    ``*_now``: values read and not yet settled (None: nothing to do). ``*_expected``: values whose write has no known outcome.
    """

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="links", db_index=False)
    hub_id = models.CharField(max_length=200, null=True)
    app_id = models.CharField(max_length=200, null=True)
    hub_alias = models.CharField(max_length=200, null=True)  # another id of the same record (merged, second id form)
    app_alias = models.CharField(max_length=200, null=True)
    label = models.CharField(max_length=200, default="")  # how pages name the record
    # Normalised identifiers, first and second of Sync.identifiers; "" = the record has none.
    hub_key = models.CharField(max_length=200, default="")
    app_key = models.CharField(max_length=200, default="")
    hub_key2 = models.CharField(max_length=200, default="")
    app_key2 = models.CharField(max_length=200, default="")
    hub_seen = models.JSONField(null=True)
    app_seen = models.JSONField(null=True)
    hub_now = models.JSONField(null=True)
    app_now = models.JSONField(null=True)
    hub_expected = models.JSONField(null=True)
    app_expected = models.JSONField(null=True)
    hub_hash = models.CharField(max_length=32, default="")  # of the projection last read
    app_hash = models.CharField(max_length=32, default="")
    hub_row_hash = models.CharField(max_length=32, default="")  # of the listing row, for apps with partial scans
    app_row_hash = models.CharField(max_length=32, default="")
    hub_version = models.CharField(max_length=120, default="")
    app_version = models.CharField(max_length=120, default="")
    hub_modified_at = models.DateTimeField(null=True)
    app_modified_at = models.DateTimeField(null=True)
    hub_created_at = models.DateTimeField(null=True)
    app_created_at = models.DateTimeField(null=True)
    hub_scan = models.PositiveIntegerField(default=0)  # last complete scan that saw it, or runner.reading.OFF_LIST
    app_scan = models.PositiveIntegerField(default=0)
    hub_read_at = models.DateTimeField(null=True)  # last read in full, for the rolling detail pass
    app_read_at = models.DateTimeField(null=True)
    hub_gone = models.BooleanField(default=False)  # positive evidence of deletion
    app_gone = models.BooleanField(default=False)
    dirty = models.PositiveSmallIntegerField(default=0)  # bit 1: hub changed, bit 2: app changed
    status = models.CharField(max_length=12, choices=RecordStatus.choices, default=RecordStatus.PENDING)
    code = models.CharField(max_length=40, default="")  # failure or exclusion code
    field = models.CharField(max_length=200, default="")
    side = models.CharField(max_length=3, default="")  # the side that refused or the excluded side
    detail = models.TextField(default="")  # the app's own words
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    generation = models.PositiveIntegerField(
        default=0
    )  # how often it was (re)created at a side; part of the intent's key
    created_at = models.DateTimeField(default=now)
    synced_at = models.DateTimeField(null=True)
    status_since = models.DateTimeField(default=now)

    class Meta:
        # What tells a record comes before its sync: without statistics of a new sync, PostgreSQL finds any index that begins with
        # the sync as good as the right one, and reads all of its links to find one (``syncjobs.runner.statements.links``).
        constraints = [
            models.UniqueConstraint(fields=["hub_id", "sync"], name="one_link_per_hub_record"),
            models.UniqueConstraint(fields=["app_id", "sync"], name="one_link_per_app_record"),
        ]
        indexes = [
            models.Index(fields=["sync", "status", "id"], name="link_by_status"),
            models.Index(fields=["hub_key", "sync"], name="link_by_hub_key", condition=~Q(hub_key="")),
            models.Index(fields=["app_key", "sync"], name="link_by_app_key", condition=~Q(app_key="")),
            models.Index(fields=["hub_key2", "sync"], name="link_by_hub_key2", condition=~Q(hub_key2="")),
            models.Index(fields=["app_key2", "sync"], name="link_by_app_key2", condition=~Q(app_key2="")),
            models.Index(fields=["hub_alias", "sync"], name="link_by_hub_alias", condition=Q(hub_alias__isnull=False)),
            models.Index(fields=["app_alias", "sync"], name="link_by_app_alias", condition=Q(app_alias__isnull=False)),
            models.Index(fields=["sync", "id"], name="link_dirty", condition=Q(dirty__gt=0)),
            models.Index(fields=["sync", "next_try_at"], name="link_to_retry", condition=Q(next_try_at__isnull=False)),
        ]

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.__dict__.pop("_loaded", None)  # what ``syncjobs.runner.store`` read is no longer what the row says


class WriteIntent(models.Model):
    """A create that was sent and not yet confirmed: the reason no record is ever made twice."""

    class State(models.TextChoices):
        SENT = "sent"
        DONE = "done"
        DEAD = "dead"

    # One is written for every record that is made, so no index and no check says what another one says already: its link holds it,
    # is looked up by the constraint below, and is its sync's; a key is made of what that constraint keeps apart.
    link = models.ForeignKey(RecordLink, on_delete=models.CASCADE, related_name="intents", db_index=False)
    sync = models.ForeignKey(Sync, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    side = models.CharField(max_length=3, choices=SIDES)
    generation = models.PositiveIntegerField(default=0)
    key = models.UUIDField()
    payload = models.JSONField(default=dict)  # values sent
    source = models.JSONField(default=dict)  # the source side's values they were made from
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENT)
    run = models.ForeignKey(
        "syncjobs.SyncRun", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, db_constraint=False
    )
    made = models.BooleanField(default=False)  # the app answered that it made the record: an undo may remove it
    sent_at = models.DateTimeField(default=now)
    # The record that it made, as the app answered; as long as it has not, as a person says.
    found_id = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "side", "generation"], name="one_intent_per_generation")]
        indexes = [
            models.Index(fields=["sync", "state"], name="intent_open", condition=Q(state="sent")),
            models.Index(fields=["run", "link"], name="intent_by_run"),
        ]


class ToldPair(models.Model):
    """What a person said of two records that match only by a weak identifier: they are asked once."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="told_pairs", db_index=False)
    hub_id = models.CharField(max_length=200)
    app_id = models.CharField(max_length=200)
    same = models.BooleanField()  # they are one; else different, though they have one name
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "hub_id", "app_id"], name="one_word_per_pair")]


class OtherKey(models.Model):
    """A further e-mail address of a record, normalised as an identifier: by its own it is known in ``RecordLink``. Of the record,
    not of its link: half a link is dropped when it is matched."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="+", db_index=False)
    side = models.CharField(max_length=3, choices=SIDES)
    remote_id = models.CharField(max_length=200)
    key = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["remote_id", "sync", "side", "key"], name="one_line_per_other_key")
        ]
        indexes = [models.Index(fields=["key", "sync"], name="record_by_other_key")]


class SyncCursor(models.Model):
    """Where reading one side goes on. Committed together with the rows that were read."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="cursors")
    side = models.CharField(max_length=3, choices=SIDES)
    cursor = models.JSONField(null=True)  # change feed: where the next poll starts
    position = models.JSONField(null=True)  # inside a feed or scan that is under way
    mode = models.CharField(max_length=8, default="")  # "scan" | "changes" while one is under way
    scan = models.PositiveIntegerField(default=0)  # number of the scan under way or last completed
    scanned_at = models.DateTimeField(null=True)  # last complete scan
    settings_hash = models.CharField(max_length=32, default="")  # of the mapping, filter and scope it was taken under

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "side"], name="one_cursor_per_side")]


class PendingChange(models.Model):
    """Inbox: a webhook, a listing or a person named this record; it is read next. One row per record."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="pending_changes")
    side = models.CharField(max_length=3, choices=SIDES)
    remote_id = models.CharField(max_length=200)
    known = models.JSONField(default=dict)  # values that the notice itself carried (a listing row)
    row_hash = models.CharField(max_length=32, default="")
    # 2: a person waits; 1: noticed; 0: its turn in the rolling pass
    priority = models.PositiveSmallIntegerField(default=1)
    noted_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "side", "remote_id"], name="one_notice_per_record")]


class WaitingReference(models.Model):
    """A record of this link's side names a record of another sync (``partner``) that has no twin yet. Its twin wakes the link."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="waiting_references")
    link = models.ForeignKey(RecordLink, on_delete=models.CASCADE, related_name="waits")
    side = models.CharField(max_length=3, choices=SIDES)  # where the reference stands
    field = models.CharField(max_length=200)
    remote_id = models.CharField(max_length=200)
    partner = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "side", "field", "remote_id"], name="one_wait_per_reference")
        ]


class FieldChange(models.Model):
    """The ledger: what a write changed, what was there before, what lost, and which rule decided. Written *before* the request."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="+", db_index=False)
    link = models.ForeignKey(RecordLink, on_delete=models.CASCADE, related_name="changes")
    run = models.ForeignKey("syncjobs.SyncRun", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    side = models.CharField(max_length=3, choices=SIDES)  # where the value was written
    # Of the record that was written: its link may hold another one by now. "": not kept.
    remote_id = models.CharField(max_length=200, default="")
    field = models.CharField(max_length=200)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    loser = models.JSONField(null=True)  # the other side's value where two differed
    rule = models.CharField(max_length=24)  # engine.merge.Rule
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["sync", "-id"], name="ledger_by_sync"),
            models.Index(fields=["run", "link"], name="ledger_by_run"),
        ]


class SyncCount(models.Model):
    """How many links a sync has in each status: exact, changed by one delta in the transaction that changes the links."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="counts")
    status = models.CharField(max_length=12, choices=RecordStatus.choices)
    n = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "status"], name="one_count_per_status")]
