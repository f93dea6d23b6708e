"""The lists behind the numbers, and one record with both its sides."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import member_required
from portal.htmx import render_part
from syncjobs.access import link_or_404, sync_or_404
from syncjobs.health import lists, sides, standing
from syncjobs.health import numbers as counting
from syncjobs.health.numbers import STATUSES


@require_safe
@member_required
def records(request: HttpRequest, pk: int, status: str) -> HttpResponse:
    """A panel beside the page (htmx) or a page. Failures and exclusions come grouped by cause until a cause is chosen."""
    if status not in STATUSES:
        raise Http404
    sync = sync_or_404(request, pk)
    query = lists.Query.of(status, request.GET)
    grouped = status in lists.GROUPED and not query.is_narrowed
    groups = lists.groups(sync, status) if grouped else None
    numbers = counting.of_syncs([sync])[sync.pk]
    context = {
        "sync": sync,
        "query": query,
        "number": numbers.of(status),
        "groups": groups,
        "cards": [(group, standing.fix_button(group.words, sync)) for group in groups.groups] if groups else [],
        "page": None if groups and groups.groups else lists.page(sync, query),
        "resyncable": status in ("failed", "pending", "review", "excluded"),
    }
    return render_part(request, "syncjobs/records.html", "syncjobs/_records.html", context)


@require_safe
@member_required
def record(request: HttpRequest, pk: int) -> HttpResponse:
    link = link_or_404(request, pk)
    return render(request, "syncjobs/record.html", sides.of_link(link))
