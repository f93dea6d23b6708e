"""The lists behind the numbers, and one record with both its sides."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from integrations.records import Side
from portal.access import member_required
from portal.htmx import render_part
from portal.statuses import look
from syncjobs.access import link_or_404, sync_or_404
from syncjobs.health import lists, sides, standing, unconfirmed, weak, words
from syncjobs.health import numbers as counting
from syncjobs.health.catalogue import Words
from syncjobs.health.numbers import STATUSES
from syncjobs.models import Sync

RESYNCABLE = ("failed", "pending", "excluded", "review")


@require_safe
@member_required
def records(request: HttpRequest, pk: int, status: str) -> HttpResponse:
    """A panel beside the page (htmx) or a page. Failures and exclusions come grouped by cause until a cause is chosen."""
    if status not in STATUSES:
        raise Http404
    sync = sync_or_404(request, pk)
    query = lists.Query.of(status, request.GET)
    groups = lists.groups(sync, status) if status in lists.GROUPED and not query.is_narrowed else None
    context = {
        "sync": sync,
        "query": query,
        **_heading(sync, query),
        "groups": groups,
        "cards": _cards(sync, query, groups) if groups else [],
        **({} if groups and groups.groups else _rows(sync, query)),
    }
    return render_part(request, "syncjobs/records.html", "syncjobs/_records.html", context)


def _heading(sync: Sync, query: lists.Query) -> dict[str, Any]:
    """ "37 failed" with its icon, and what *Resync all* would do."""
    shown, number = look(query.status), counting.of_syncs([sync])[sync.pk].of(query.status)
    amount = number_format(number, force_grouping=True) if number is not None else ""
    resyncable = query.status in RESYNCABLE and number and not query.is_narrowed
    return {
        "heading": str(shown.counted) % {"n": amount} if number is not None else shown.word,
        "tone": shown.tone,
        "tone_icon": shown.icon,
        "resyncable": query.status in RESYNCABLE,
        "resync_all": gettext("Resync all %(n)s") % {"n": amount} if resyncable else "",
        "resync_note": gettext("Reads and compares them again."),
    }


def _cards(sync: Sync, query: lists.Query, groups: lists.Groups) -> list[tuple[Any, ...]]:
    """(group, button, number, address of its whole list)."""
    base = reverse("syncjobs:records", args=[sync.pk, query.status])
    buttons = {cause: _button(cause, sync) for cause in {group.words for group in groups.groups}}
    return [
        (
            group,
            buttons[group.words],
            groups.number(group),
            base + query.address(**group.cause),
        )
        for group in groups.groups
    ]


def _button(cause: Words, sync: Sync) -> standing.Button | None:
    return weak.link_all_button(sync) if cause.code == weak.CODE else standing.fix_button(cause, sync)


def _rows(sync: Sync, query: lists.Query) -> dict[str, Any]:
    found = lists.page(sync, query)
    base = reverse("syncjobs:records", args=[sync.pk, query.status])
    return {
        "page": found,
        "hide_reason": query.code is not None or not found.has_reasons,
        **(_cause(sync, query, found) if query.code is not None else {}),
        "first_url": base + query.address(after=None),
        "older_url": base + query.address(after=found.older),
    }


def _cause(sync: Sync, query: lists.Query, found: lists.RecordPage) -> dict[str, Any]:
    """The list of one cause: its words stand over it once, not in every row."""
    code, side, field = query.code or lists.NO_CAUSE, query.side or "", query.field or ""
    labels = words.field_labels(sync)
    cause = found.rows[0].reason if found.rows else None
    cause = cause or words.reason(sync, code, side=side, field=field, labels=labels)
    field_label = words.field_label(labels, Side(side or "app"), field)
    title = lists.title_of(cause, field_label, words.app_name(sync, side) if side and code != weak.CODE else "")
    number = lists.count(sync, query)
    return {
        "cause": cause,
        "cause_button": _button(cause, sync),
        "heading": f"{title} · {number}",
        "number": number,
    }


@require_safe
@member_required
def record(request: HttpRequest, pk: int) -> HttpResponse:
    link = link_or_404(request, pk)
    shown = look(link.status)
    context = {"tone": shown.tone, "tone_icon": shown.icon, **sides.of_link(link), "weak": weak.of_link(link)}
    if request.membership.may_manage_integrations:  # type: ignore[attr-defined]
        context["unconfirmed"] = unconfirmed.of_link(link, request.GET.get("find", "").replace("\0", "").strip()[:500])
    return render(request, "syncjobs/record.html", context)
