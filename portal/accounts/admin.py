"""For operators: tenants, their people, and the audit trail (to read). No secret is registered anywhere in the admin."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest

from portal.accounts.models import Account, AuditEvent, Entitlement, Invitation, Membership
from portal.operators import ReadOnly

# Operators sign in where everybody does: the admin's own form knows neither rate limits nor second factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# To free somebody who lost the phone, an operator deletes the factor; its secrets are not shown.
admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    exclude = ["data"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    raw_id_fields = ["user"]


class EntitlementInline(admin.TabularInline):
    model = Entitlement
    extra = 0


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ["name", "time_zone", "created_at"]
    search_fields = ["name"]
    inlines = [MembershipInline, EntitlementInline]


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ["user", "account", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "account"]
    search_fields = ["user__email", "account__name"]
    raw_id_fields = ["user", "account"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """The token opens the account, so it is not shown; inviting is the account's own business."""

    list_display = ["email", "account", "role", "created_at", "expires_at", "accepted_at"]
    list_select_related = ["account"]
    search_fields = ["email", "account__name"]
    exclude = ["token"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ["at", "account", "user", "verb", "target"]
    list_select_related = ["account", "user"]
    search_fields = ["verb", "target", "account__name", "user__email"]
    show_full_result_count = False
