"""A file of records that someone asked for, made in the background."""

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Account
from syncjobs.models.settings import Sync


class Export(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="exports")
    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="exports")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    filters = models.JSONField(default=dict)  # {"status": "failed", "code": "…"}
    format = models.CharField(max_length=8, default="csv")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    rows = models.PositiveIntegerField(default=0)
    file = models.FileField(
        upload_to="exports/%Y/%m/", blank=True
    )  # served by a view that checks the account, never by a URL
    detail = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
