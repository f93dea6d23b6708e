"""Who has connected what: app instances, their credentials, their fields, and the call budget they share.

An **app instance** is one authorised login to one account of an app. Several per app and tenant; one is the tenant's hub.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from integrations.registry import App, app
from portal.accounts.models import Account
from portal.crypto import EncryptedJSONField


class InstanceState(models.TextChoices):
    CONNECTED = "connected", _("Connected")
    NEEDS_REAUTH = "needs_reauth", _("Needs reauthorising")
    SUSPENDED = "suspended", _("Suspended")
    DISCONNECTED = "disconnected", _("Disconnected")


class AppInstanceQuerySet(models.QuerySet["AppInstance"]):
    def for_account(self, account: Account) -> "AppInstanceQuerySet":
        return self.filter(account=account)

    def live(self) -> "AppInstanceQuerySet":
        """Not disconnected (a disconnected one stays for its history and its links)."""
        return self.exclude(state=InstanceState.DISCONNECTED)


class AppInstance(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="app_instances")
    app_key = models.CharField(max_length=40)
    label = models.CharField(_("label"), max_length=120)
    is_hub = models.BooleanField(default=False)
    remote_account_id = models.CharField(max_length=120, blank=True)
    remote_account_name = models.CharField(max_length=200, blank=True)
    base_url = models.CharField(_("address"), max_length=300, blank=True)  # "" = the app's public address
    way_in = models.CharField(max_length=40)
    scopes = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=16, choices=InstanceState.choices, default=InstanceState.CONNECTED)
    state_code = models.CharField(max_length=40, blank=True)  # failure code when not connected
    state_detail = models.TextField(blank=True)
    state_since = models.DateTimeField(default=now)
    checks = models.JSONField(default=list, blank=True)  # the last pre-flight results, [{name, state, detail, fix}]
    checked_at = models.DateTimeField(null=True, blank=True)
    hinted_at = models.DateTimeField(null=True, blank=True)  # a webhook named records of this instance (to the minute)
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    connected_at = models.DateTimeField(default=now)

    objects = AppInstanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(is_hub=True) & ~models.Q(state="disconnected"),
                name="one_hub_per_account",
            ),
            models.UniqueConstraint(
                fields=["account", "app_key", "remote_account_id"],
                condition=~models.Q(state="disconnected") & ~models.Q(remote_account_id=""),
                name="one_instance_per_remote_account",
            ),
        ]
        indexes = [models.Index(fields=["app_key", "remote_account_id"], name="instance_by_remote")]

    def __str__(self) -> str:
        return f"{self.app.name} · {self.label}"

    @property
    def app(self) -> App:
        return app(self.app_key)


class Credential(models.Model):
    """Tokens or keys of one instance. Never shown, never logged, never exported; the admin does not register it.

    ``secrets``: {"instance": id, …} with ``access_token``, ``refresh_token``, or the key form's inputs. The instance id inside
    is compared after decrypting (``integrations/services/credentials.py``), so a row's blob cannot serve another instance.
    """

    instance = models.OneToOneField(AppInstance, on_delete=models.CASCADE, related_name="credential")
    secrets = EncryptedJSONField()
    expires_at = models.DateTimeField(null=True, blank=True)
    refresh_lease_until = models.DateTimeField(null=True, blank=True)  # one process refreshes at a time
    changed_at = models.DateTimeField(auto_now=True)


class ObjectSchema(models.Model):
    """The fields of one object type of one instance, as last read from the app."""

    instance = models.ForeignKey(AppInstance, on_delete=models.CASCADE, related_name="schemas")
    kind = models.CharField(max_length=60)
    fields = models.JSONField(default=list)  # [{name, label, type, …}] as integrations.records.Field
    fetched_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "kind"], name="one_schema_per_kind")]


class RateBucket(models.Model):
    """A token bucket that all worker processes share. See ``integrations/budget.py``."""

    instance = models.ForeignKey(AppInstance, on_delete=models.CASCADE, related_name="buckets")
    name = models.CharField(max_length=40)  # "calls", "search", …: one per limit that the vendor states
    tokens = models.FloatField()
    at = models.FloatField()  # epoch seconds of the last change
    rate = models.FloatField()  # tokens a second
    burst = models.FloatField()
    blocked_until = models.FloatField(default=0)  # after a 429: nobody calls before this time

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "name"], name="one_bucket_per_limit")]


class OAuthAttempt(models.Model):
    """A consent that was started and not yet finished: what the callback is checked against."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    app_key = models.CharField(max_length=40)
    instance = models.ForeignKey(
        AppInstance, on_delete=models.CASCADE, null=True, related_name="+"
    )  # reconnecting this one
    state = models.CharField(max_length=64, unique=True)
    secrets = EncryptedJSONField()  # {"code_verifier": …}
    way_in = models.CharField(max_length=40, blank=True)
    base_url = models.CharField(max_length=300, blank=True)  # of apps whose customers each have an address of their own
    label = models.CharField(max_length=120, blank=True)
    as_hub = models.BooleanField(default=False)
    next_url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)


def instance_of(account: Account, pk: Any) -> AppInstance:
    """The account's own instance, or DoesNotExist."""
    return AppInstance.objects.for_account(account).get(pk=pk)
