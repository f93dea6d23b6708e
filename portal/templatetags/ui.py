"""Template parts that need Python: icons, status, numbers, times, arrows, menus. In every template (see settings)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.statuses import look

register = template.Library()

ARROWS = {"both": "arrow-left-right", "to_hub": "arrow-right", "to_app": "arrow-left"}


@register.simple_tag
def icon(name: str, small: bool = False, label: str = "") -> SafeString:
    """One icon of static/icons.svg. Without ``label`` it is decoration; with one it is an image of that name."""
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    size = " ic-sm" if small else ""
    return format_html('<svg class="ic{}" {}><use href="{}#{}"/></svg>', size, role, static("icons.svg"), name)


@register.simple_tag
def n(value: float | None) -> str:
    """A number as the reader writes it ("48,212"); a dash when there is none."""
    return "—" if value is None else formats.number_format(value, use_l10n=True, force_grouping=True)


@register.simple_tag
def status(value: Any, label: str = "") -> SafeString:
    """A pill: icon, word and colour of the state of a record, sync, run, check, …; ``label`` replaces the word."""
    found = look(value)
    return format_html(
        '<span class="st st-pill" data-s="{}">{}{}</span>',
        found.tone,
        icon(found.icon, small=True),
        label or found.word,
    )


@register.simple_tag
def st(value: Any, count: int | None = None, label: str = "") -> SafeString:
    """Icon and words without the pill: ``{% st "insync" 20138 %}`` is "✓ 20,138 in sync", ``{% st "passed" %}`` "✓ Passed"."""
    found = look(value)
    words = label or found.word
    if count is not None:
        words = str(found.counted) % {"n": n(count)} if found.counted and not label else f"{n(count)} {words}"
    return format_html('<span class="st" data-s="{}">{}{}</span>', found.tone, icon(found.icon, small=True), words)


@register.simple_tag
def count(value: Any, number: int | None, url: str = "", panel: bool = False) -> SafeString:
    """A table's count of records in a state: a link to their list, or a grey zero. ``panel`` opens it beside the page."""
    if not number:
        return format_html('<span class="n0">{}</span>', n(number or 0))
    found = look(value)
    htmx = format_html(' hx-get="{}" hx-target="#panel" hx-swap="innerHTML"', url) if panel else ""
    label = str(found.counted) % {"n": n(number)} if found.counted else f"{n(number)} {found.word}"
    return format_html(
        '<a class="n" data-s="{}" href="{}" aria-label="{}"{}>{}</a>', found.tone, url, label, htmx, n(number)
    )


@register.simple_tag
def health_bar(counts: Mapping[str, int], large: bool = False) -> SafeString:
    """Stacked bar of status → number of records, with its numbers as text for those who don't see it."""
    shown = [(key, number) for key, number in counts.items() if number]
    total = sum(number for _key, number in shown)
    # A sliver must stay visible: every part gets 12 of 1000 units, the rest is shared by size.
    widths = [12 + (1000 - 12 * len(shown)) * number / total for _key, number in shown]
    parts, x = [], 0.0
    for place, ((key, _number), width) in enumerate(zip(shown, widths, strict=True), 1):
        gap = 4 if place < len(shown) else 0  # between two parts, none at the end
        parts.append((look(key).tone, f"{x:.1f}", f"{max(width - gap, 4):.1f}"))
        x += width
    words = ", ".join(str(look(key).counted or "%(n)s") % {"n": n(number)} for key, number in shown) or _("No records")
    rects = format_html_join("", '<rect data-s="{}" x="{}" width="{}" height="8"/>', parts)
    return format_html(
        '<svg class="hbar{}" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        " hbar-lg" if large else "",
        words,
        rects,
    )


def span(seconds: float, rough: bool = False) -> str:
    """A length of time in its largest unit or two: "48 s", "3 min", "2 h 11 min"; ``rough`` leaves out the second."""
    seconds = round(seconds)
    if seconds < 60:
        return _("%(n)s s") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)s min") % {"n": seconds // 60}
    if seconds < 86400:
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return (_("%(h)s h %(m)s min") if minutes and not rough else _("%(h)s h")) % {"h": hours, "m": minutes}
    return _("%(n)s d") % {"n": seconds // 86400}


@register.simple_tag
def duration(seconds: float | None) -> str:
    """``{% duration 131 %}`` is "2 min"; a dash for None."""
    return "—" if seconds is None else span(seconds)


def relative(moment: datetime, now: datetime) -> str:
    """ "48 s ago", "in 2 min"; from a week on the date says more than the distance."""
    distance = now - moment
    if abs(distance) >= timedelta(days=7):
        return formats.date_format(timezone.localtime(moment), "DATE_FORMAT")
    if abs(distance) < timedelta(seconds=5):
        return _("just now")
    length = span(abs(distance).total_seconds(), rough=True)
    return (_("in %(time)s") if distance < timedelta(0) else _("%(time)s ago")) % {"time": length}


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """Time relative to now, the absolute one beside it (tooltip and ``datetime``); a dash for None."""
    if moment is None:
        return mark_safe('<span class="muted">—</span>')
    absolute = formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), absolute, relative(moment, timezone.now())
    )


@register.simple_tag
def arrow(direction: str, hub: str = "", app: str = "") -> SafeString:
    """App left, hub right: → to the hub, ← to the app, ⇄ both. ``hub`` and ``app``: names for the spoken label."""
    labels = {
        "both": _("both ways"),
        "to_hub": _("to %(name)s") % {"name": hub} if hub else _("to the hub"),
        "to_app": _("to %(name)s") % {"name": app} if app else _("to the app"),
    }
    return format_html(
        '<span class="dir-plain" role="img" aria-label="{}">{}</span>',
        labels[str(direction)],
        icon(ARROWS[str(direction)]),
    )


@register.simple_tag
def logo(app: Any, small: bool = False) -> SafeString:
    """Letter mark of an app (anything with ``key`` and ``letter``); its name stands beside it, so it is silent."""
    size = " logo-sm" if small else ""
    return format_html('<span class="logo{}" data-app="{}" aria-hidden="true">{}</span>', size, app.key, app.letter)


@register.inclusion_tag("components/_nav_link.html", takes_context=True)
def nav_link(context: dict[str, Any], view: str, icon_name: str, text: str, also: str = "") -> dict[str, Any]:
    """A line of the main menu; ``also``: further path prefixes (space separated) that belong to it."""
    href = reverse(view)
    path = context["request"].path
    return {
        "href": href,
        "icon_name": icon_name,
        "text": text,
        "current": "page" if path == href else "true" if path.startswith((href, *also.split())) else "",
    }


@register.filter
def initials(user: Any) -> str:
    """Two letters for the profile mark: of the full name, or of the e-mail address."""
    name = user.get_full_name() or str(user.email).split("@")[0].replace(".", " ").replace("_", " ")
    return "".join(word[0] for word in name.split()[:2]).upper() or "?"


@register.simple_block_tag
def menu(content: str, menu_id: str, label: str, icon_name: str = "ellipsis-vertical", text: str = "") -> SafeString:
    """A button that opens a list of links and form buttons; needs no script (popover), static/js/app.js places it.

    ``{% menu "m-3" label="Actions for Contacts" %}<a href="…">Edit</a>{% endmenu %}``; ``text``: the button shows words.
    """
    if text:
        inner, look_of_it = format_html("{}{}", text, icon("chevron-down", small=True)), "btn btn-sm"
    else:
        inner, look_of_it = icon(icon_name), "btn btn-ghost btn-icon"
    return format_html(
        '<span class="menu"><button class="{}" type="button" aria-label="{}" popovertarget="{}">{}</button>'
        '<div class="menu-list" id="{}" popover>{}</div></span>',
        look_of_it,
        label,
        menu_id,
        inner,
        menu_id,
        content,
    )


@register.inclusion_tag("components/_field.html")
def field(bound: Any, label: str = "", help_text: str = "") -> dict[str, Any]:
    """One form field: label, control, help and error, tied together by id."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "")
    if kind not in ("checkbox", "radio", "hidden"):
        css = "form-select" if kind == "select" else "form-control"
    else:
        css = "form-check-input"
    if css not in widget.attrs.get("class", ""):
        widget.attrs["class"] = f"{widget.attrs.get('class', '')} {css}".strip()
    return {
        "field": bound,
        "label": label or bound.label,
        "help": help_text or bound.help_text,
        "single_box": kind == "checkbox" and not getattr(widget, "allow_multiple_selected", False),
        "group": kind == "radio" or (kind == "checkbox" and getattr(widget, "allow_multiple_selected", False)),
    }


@register.inclusion_tag("components/_errors.html")
def errors(form: Any) -> dict[str, Any]:
    """Summary at the top of a form that was refused: every error, each a link to its field."""
    return {"form": form, "fields": [bound for bound in form if bound.errors]}
