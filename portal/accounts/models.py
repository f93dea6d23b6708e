"""Tenants and who may do what in them.

An **account** is a tenant: it owns everything below it. A user joins it by a **membership** with a role, either by
founding it at sign-up or by an **invitation** sent by mail. An **audit event** says who connected, changed, paused or deleted what.
"""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Ordered from most to least: each may do all that the next one may."""

    SUPER_ADMIN = "super_admin", _("Super admin")
    INTEGRATIONS_MANAGER = "integrations_manager", _("Integrations manager")
    VIEWER = "viewer", _("Viewer")


class Account(models.Model):
    name = models.CharField(_("name"), max_length=120)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="accounts")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def custom_mappings(self) -> bool:
        """Whether mappings beyond the presets may be added: on unless the operator or an entitlement says otherwise."""
        entitlement = self.entitlements.filter(feature=Entitlement.CUSTOM_MAPPINGS).first()
        return entitlement.is_active if entitlement else bool(settings.CUSTOM_MAPPINGS)


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=24, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="one_membership_per_user_and_account")]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}: {self.get_role_display()}"

    @property
    def may_manage_integrations(self) -> bool:
        """Connect apps, set up, change, pause and delete syncs."""
        return self.role in (Role.SUPER_ADMIN, Role.INTEGRATIONS_MANAGER)

    @property
    def may_manage_members(self) -> bool:
        return self.role == Role.SUPER_ADMIN


def _token() -> str:
    return secrets.token_urlsafe(32)


def _in_a_week() -> Any:
    return now() + timedelta(days=7)


class Invitation(models.Model):
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=24, choices=Role.choices, default=Role.VIEWER)
    token = models.CharField(max_length=64, unique=True, default=_token, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField(default=_in_a_week)
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=models.Q(accepted_at=None),
                name="one_open_invitation_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.account}"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.expires_at > now()


class Entitlement(models.Model):
    """A feature that an account has other than by the install's default, perhaps until a date (a trial)."""

    CUSTOM_MAPPINGS = "custom_mappings"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="entitlements")
    feature = models.CharField(max_length=40, choices=[(CUSTOM_MAPPINGS, _("Custom mappings"))])
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "feature"], name="one_entitlement_per_feature")]

    def __str__(self) -> str:
        return f"{self.account}: {self.feature}"

    @property
    def is_active(self) -> bool:
        return self.until is None or self.until > now()


class AuditEvent(models.Model):
    """Append-only: what a person (or Syncline itself, user null) did, in words that stay true when the object is gone."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="audit_events")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=60)  # "sync.paused", "app.connected": <noun>.<what happened>
    target = models.CharField(max_length=200, blank=True)  # the object's name at that moment
    detail = models.JSONField(default=dict, blank=True)  # never secrets, never customers' values
    at = models.DateTimeField(default=now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="audit_by_account")]

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"
