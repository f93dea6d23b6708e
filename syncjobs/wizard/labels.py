"""Words and icons for field types, filter operators and rules."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from integrations.records import FieldType
from syncjobs.models import Sync, Winner

TYPE_ICONS = {
    FieldType.TEXT: "type",
    FieldType.LONG_TEXT: "file-text",
    FieldType.RICH_TEXT: "file-text",
    FieldType.NUMBER: "hash",
    FieldType.DATE: "calendar",
    FieldType.DATETIME: "calendar-clock",
    FieldType.BOOL: "square-check",
    FieldType.OPTION: "list",
    FieldType.MULTI: "list-checks",
    FieldType.EMAIL: "mail",
    FieldType.PHONE: "phone",
    FieldType.URL: "globe",
    FieldType.USER: "user",
    FieldType.REFERENCE: "link",
}

# Each completes "Country … Japan".
OPERATORS = {
    "is": pgettext_lazy("filter", "is"),
    "is_not": pgettext_lazy("filter", "is not"),
    "any_of": pgettext_lazy("filter", "is any of"),
    "none_of": pgettext_lazy("filter", "is none of"),
    "contains": pgettext_lazy("filter", "contains"),
    "not_contains": pgettext_lazy("filter", "does not contain"),
    "starts_with": pgettext_lazy("filter", "starts with"),
    "ends_with": pgettext_lazy("filter", "ends with"),
    "domain": pgettext_lazy("filter", "has the domain"),
    "known": pgettext_lazy("filter", "is known"),
    "unknown": pgettext_lazy("filter", "is unknown"),
    "eq": pgettext_lazy("filter", "="),
    "ne": pgettext_lazy("filter", "≠"),
    "gt": pgettext_lazy("filter", ">"),
    "ge": pgettext_lazy("filter", "≥"),
    "lt": pgettext_lazy("filter", "<"),
    "le": pgettext_lazy("filter", "≤"),
    "between": pgettext_lazy("filter", "is between"),
    "before": pgettext_lazy("filter", "is before"),
    "after": pgettext_lazy("filter", "is after"),
    "last_days": pgettext_lazy("filter", "is in the last … days"),
    "next_days": pgettext_lazy("filter", "is in the next … days"),
    "more_days_ago": pgettext_lazy("filter", "is more than … days ago"),
    "yes": pgettext_lazy("filter", "is yes"),
    "no": pgettext_lazy("filter", "is no"),
    "contains_any": pgettext_lazy("filter", "contains any of"),
    "contains_all": pgettext_lazy("filter", "contains all of"),
    "contains_none": pgettext_lazy("filter", "contains none of"),
}


def short_winners(sync: Sync) -> dict[str, Any]:
    """For the narrow column of the mapping table."""
    return {**dict(winners(sync)), Winner.RECENT.value: _("Most recent")}


def winners(sync: Sync) -> list[tuple[str, Any]]:
    """The conflict rules with the names of the two apps, most recent first."""
    assert sync.hub_instance
    assert sync.app_instance
    return [
        (Winner.RECENT.value, _("The most recent change wins")),
        (Winner.HUB.value, _("%(app)s wins") % {"app": sync.hub_instance.app.name}),
        (Winner.APP.value, _("%(app)s wins") % {"app": sync.app_instance.app.name}),
        (Winner.ASK.value, _("Ask me")),
    ]
