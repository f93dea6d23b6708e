"""What operators see: which syncs there are and what their runs did. Read-only, and without customers' values."""

from django.contrib import admin

from portal.operators import ReadOnly
from syncjobs.models import Export, Sync, SyncRun


@admin.register(Sync)
class SyncAdmin(ReadOnly):
    list_display = ["__str__", "account", "state", "state_code", "last_poll_at", "last_change_at", "lag_ms"]
    list_filter = ["state"]
    search_fields = ["account__name"]
    list_select_related = ["account", "hub_instance", "app_instance"]


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnly):
    list_display = ["id", "sync", "kind", "state", "phase", "code", "calls", "created_at", "finished_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["sync__hub_instance", "sync__app_instance"]
    show_full_result_count = False


@admin.register(Export)
class ExportAdmin(ReadOnly):
    list_display = ["id", "account", "sync", "state", "rows", "created_at", "expires_at"]
    list_filter = ["state"]
    list_select_related = ["account", "sync__hub_instance", "sync__app_instance"]
    exclude = ["file"]  # its rows are customers' records
