"""For operators: which instances there are and how they fare. Read only, and nothing here leads to a secret."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integrations.models import AppInstance


@admin.register(AppInstance)
class AppInstanceAdmin(admin.ModelAdmin):
    list_display = ["account", "app_key", "label", "is_hub", "state", "state_code", "state_since", "connected_at"]
    list_filter = ["app_key", "state", "is_hub"]
    list_select_related = ["account"]
    search_fields = ["label", "remote_account_id", "remote_account_name", "account__name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
