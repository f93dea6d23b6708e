"""For operators: which instances there are and how they fare. Read only, and nothing here leads to a secret."""

from django.contrib import admin

from integrations.models import AppInstance
from portal.operators import ReadOnly


@admin.register(AppInstance)
class AppInstanceAdmin(ReadOnly):
    list_display = ["account", "app_key", "label", "is_hub", "state", "state_code", "state_since", "connected_at"]
    list_filter = ["app_key", "state", "is_hub"]
    list_select_related = ["account"]
    search_fields = ["label", "remote_account_id", "remote_account_name", "account__name"]
