"""What every page's shell shows."""

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"account": getattr(request, "account", None), "membership": getattr(request, "membership", None)}
