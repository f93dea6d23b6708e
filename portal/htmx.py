"""One URL serves a page and its fragments."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a part of the page: not a boosted link, and not a history entry that htmx lost."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_part(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render ``fragment`` for htmx and ``page`` for everyone else: template names, and the page includes the fragment."""
    response = render(request, fragment if wants_fragment(request) else page, context, status=status)
    # A browser or proxy that kept the fragment must not show it as the page.
    patch_vary_headers(response, ["HX-Request"])
    return response
