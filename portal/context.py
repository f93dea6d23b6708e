"""What every page's shell shows."""

import json
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

THEMES = ("light", "dark")
HTMX_CONFIG = json.dumps(
    {
        # Fragments depend on the HX-Request header, so history entries are whole pages, fetched again.
        "historyRestoreAsHxRequest": False,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        # The content security policy allows neither eval nor style elements.
        "allowEval": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "422", "swap": True},
            {"code": "[45]..", "swap": False, "error": True},
        ],
    }
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """``theme`` is "" when the reader follows the system's (static/js/theme.js sets it before anything is drawn)."""
    theme = request.COOKIES.get("theme", "")
    return {
        "account": getattr(request, "account", None),
        "membership": getattr(request, "membership", None),
        "memberships": SimpleLazyObject(lambda: _memberships(request)),
        "theme": theme if theme in THEMES else "",
        "htmx_config": HTMX_CONFIG,
    }


def _memberships(request: HttpRequest) -> list[Any]:
    """What the account switcher lists."""
    if not request.user.is_authenticated:
        return []
    return list(request.user.memberships.select_related("account").order_by("account__name", "pk"))
