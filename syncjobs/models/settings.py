"""What a person decided about a sync: the rows behind the wizard."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from integrations.models import AppInstance
from integrations.records import Side
from integrations.registry import Kind
from portal.accounts.models import Account


class SyncState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    INITIAL = "initial", _("Initial sync")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    OFF = "off", _("Off")
    SUSPENDED = "suspended", _("Suspended")


class Direction(models.TextChoices):
    """Of a sync or of one mapping. App left, hub right everywhere: ``to_hub`` is the arrow →."""

    BOTH = "both", _("Both ways")
    TO_HUB = "to_hub", _("Only to the hub")
    TO_APP = "to_app", _("Only to the app")


class Winner(models.TextChoices):
    """Decides only when both sides changed since the last sync, or at first match. Never overrides the direction."""

    RECENT = "recent", _("The most recent change wins")
    HUB = "hub", _("The hub wins")
    APP = "app", _("The app wins")
    ASK = "ask", _("Ask me")


class DuplicatePolicy(models.TextChoices):
    """Which of several records with one identifier syncs; the others are listed as excluded."""

    NEWEST = "newest", _("the newest")
    OLDEST = "oldest", _("the oldest")
    HOLD = "hold", _("none: hold them for review")


class DeletePolicy(models.TextChoices):
    """What happens at one side when the record is deleted at the other."""

    IGNORE = "ignore", _("Do nothing")
    FLAG = "flag", _("Flag it, keep the other record")
    DELETE = "delete", _("Delete the other record too")


class LeavingPolicy(models.TextChoices):
    """What happens to a linked record that stops matching the filter."""

    KEEP = "keep", _("keeps syncing")
    STOP = "stop", _("stops and becomes Excluded")


class SyncQuerySet(models.QuerySet["Sync"]):
    def for_account(self, account: Account) -> "SyncQuerySet":
        return self.filter(account=account)

    def drafts(self) -> "SyncQuerySet":
        return self.filter(state=SyncState.DRAFT)

    def saved(self) -> "SyncQuerySet":
        return self.exclude(state=SyncState.DRAFT)


class Sync(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="syncs")
    hub_instance = models.ForeignKey(AppInstance, on_delete=models.PROTECT, related_name="hub_syncs", null=True)
    app_instance = models.ForeignKey(AppInstance, on_delete=models.PROTECT, related_name="app_syncs", null=True)
    hub_kind = models.CharField(max_length=60, blank=True)
    app_kind = models.CharField(max_length=60, blank=True)

    direction = models.CharField(max_length=8, choices=Direction.choices, default=Direction.BOTH)
    winner = models.CharField(max_length=8, choices=Winner.choices, default=Winner.RECENT)
    clear_values = models.BooleanField(_("clear values too"), default=False)
    # Ordered identifiers: [{"hub_field", "app_field", "strong": bool}], at most two; [] = never match, always create.
    identifiers = models.JSONField(default=list, blank=True)
    duplicates = models.CharField(max_length=8, choices=DuplicatePolicy.choices, default=DuplicatePolicy.NEWEST)

    email_only = models.BooleanField(_("only sync contacts with an email address"), default=True)
    leaving = models.CharField(max_length=8, choices=LeavingPolicy.choices, default=LeavingPolicy.KEEP)
    hub_scope = models.JSONField(default=dict, blank=True)  # integrations.connectors.base.Scope
    app_scope = models.JSONField(default=dict, blank=True)
    start_from = models.DateTimeField(null=True, blank=True)  # None: existing records too; else only newer ones

    when_deleted_in_hub = models.CharField(max_length=8, choices=DeletePolicy.choices, default=DeletePolicy.FLAG)
    when_deleted_in_app = models.CharField(max_length=8, choices=DeletePolicy.choices, default=DeletePolicy.FLAG)

    state = models.CharField(max_length=12, choices=SyncState.choices, default=SyncState.DRAFT)
    state_code = models.CharField(max_length=40, blank=True)  # failure code while suspended
    state_detail = models.TextField(blank=True)
    state_since = models.DateTimeField(default=now)
    version = models.PositiveIntegerField(default=1)  # goes up with each save of the settings
    # Editing a saved sync works on a draft copy; saving moves the copy's settings onto the original and drops the copy.
    draft_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="drafts")
    step = models.CharField(max_length=12, default="connect")  # furthest wizard step reached by a draft

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=now, editable=False)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField(null=True, blank=True)
    draft_saved_at = models.DateTimeField(auto_now=True)

    # Set by the runner.
    next_poll_at = models.DateTimeField(null=True, blank=True, db_index=True)
    last_poll_at = models.DateTimeField(null=True, blank=True)
    last_scan_at = models.DateTimeField(null=True, blank=True)  # last complete full scan
    audited_at = models.DateTimeField(null=True, blank=True)  # the last night's part of the audit was through
    audit_position = models.BigIntegerField(default=0)  # the link at which tonight's part goes on
    last_change_at = models.DateTimeField(null=True, blank=True)
    lag_ms = models.PositiveIntegerField(
        null=True, blank=True
    )  # median of the last run's changes: seen there - made here

    objects = SyncQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hub_instance", "app_instance", "hub_kind", "app_kind"],
                condition=~models.Q(state="draft"),
                name="one_sync_per_object_pair",
            )
        ]

    def __str__(self) -> str:
        if not (self.hub_instance and self.app_instance and self.app_kind):
            return "New sync"
        app = f"{self.app_instance.app.name} {self.app_kind_info.label}"
        return f"{app} {self.arrow} {self.hub_instance.app.name} {self.hub_kind_info.label}"

    @property
    def arrow(self) -> str:
        return {Direction.BOTH: "⇄", Direction.TO_HUB: "→", Direction.TO_APP: "←"}[Direction(self.direction)]

    def instance(self, side: Side) -> AppInstance:
        found = self.hub_instance if side is Side.HUB else self.app_instance
        assert found is not None, "a draft without apps has no sides"
        return found

    def kind(self, side: Side) -> str:
        return self.hub_kind if side is Side.HUB else self.app_kind

    def scope(self, side: Side) -> dict[str, Any]:
        return self.hub_scope if side is Side.HUB else self.app_scope

    @property
    def hub_kind_info(self) -> Kind:
        return self.instance(Side.HUB).app.kind(self.hub_kind)

    @property
    def app_kind_info(self) -> Kind:
        return self.instance(Side.APP).app.kind(self.app_kind)

    @property
    def is_running_state(self) -> bool:
        """States in which the dispatcher starts runs."""
        return self.state in (SyncState.INITIAL, SyncState.ACTIVE)


class FieldMapping(models.Model):
    """Hub field ↔ app field. A field may be the *target* of one mapping per direction; as a source it may be reused."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="mappings")
    app_field = models.CharField(max_length=200)
    hub_field = models.CharField(max_length=200)
    direction = models.CharField(max_length=8, choices=Direction.choices, default=Direction.BOTH)
    winner = models.CharField(max_length=8, choices=Winner.choices, blank=True)  # "" = the sync's
    transform = models.JSONField(default=dict, blank=True)  # {"to_hub": "name", "to_app": "name"} of engine.transforms
    value_map = models.JSONField(default=list, blank=True)  # [{"app": value, "hub": value}]
    # {"hub": value, "app": value}: what fills a blank there in place of an option or a user that has no counterpart
    otherwise = models.JSONField(default=dict, blank=True)
    on = models.BooleanField(default=True)
    required = models.BooleanField(default=False)
    locked = models.BooleanField(default=False)
    custom = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=40, blank=True)  # FIELD_MISSING, FIELD_TYPE_CHANGED, …: this row stopped
    problem_detail = models.TextField(blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["sync", "app_field", "hub_field"], name="one_mapping_per_field_pair")
        ]

    def __str__(self) -> str:
        return f"{self.app_field} ↔ {self.hub_field}"


class ConstantField(models.Model):
    """A fixed value stamped on what is written to one side."""

    class When(models.TextChoices):
        ALWAYS = "always", _("with every write")
        CREATE = "create", _("on new records only")
        PROMOTE = "promote", _("where blank or earlier in the list")  # engine.rules.Constant

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="constants")
    side = models.CharField(
        max_length=3, choices=[(Side.HUB.value, "hub"), (Side.APP.value, "app")]
    )  # where it is written
    field = models.CharField(max_length=200)
    value = models.CharField(max_length=500)
    when = models.CharField(max_length=8, choices=When.choices, default=When.ALWAYS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "side", "field"], name="one_constant_per_field")]


class SyncFilter(models.Model):
    """Which records of one side may cross: groups are OR-ed, rules inside AND-ed."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="filters")
    side = models.CharField(max_length=3, choices=[(Side.HUB.value, "hub"), (Side.APP.value, "app")])  # the source side
    groups = models.JSONField(default=list)  # [[{"field", "operator", "value"}, …], …]; operators: engine.filters

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "side"], name="one_filter_per_side")]


# Columns of Sync that a person decides; with the rows above they are all that a draft copy brings back to its original.
SETTINGS = [
    "direction", "winner", "clear_values", "identifiers", "duplicates", "email_only", "leaving", "hub_scope", "app_scope",
    "start_from", "when_deleted_in_hub", "when_deleted_in_app",
]  # fmt: skip
