"""A person's word on records that match only by a weak identifier: on one pair, or on all that wait."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import manager_required
from syncjobs.access import sync_or_404
from syncjobs.health import weak as pages
from syncjobs.models import Sync
from syncjobs.services import weak


@require_POST
@manager_required
def say(request: HttpRequest, pk: int) -> HttpResponse:
    """``hub`` and ``app`` are links, ``same`` is "yes" or "no"."""
    sync = sync_or_404(request, pk)
    hub, app = (request.POST.get(name, "") for name in ("hub", "app"))
    same = {"yes": True, "no": False}.get(request.POST.get("same", ""))
    if same is None or not all(one.isdecimal() and len(one) < 19 for one in (hub, app)):
        return HttpResponse(status=400)
    try:
        weak.say(sync=sync, told=[(int(hub), int(app))], same=same, by=request.user)
    except weak.NotWaiting:
        messages.warning(request, gettext("Nothing was changed: these two do not wait for an answer any more."))
    else:
        messages.success(request, _said(sync, same))
    return redirect("syncjobs:records", pk=pk, status="review")


def _said(sync: Sync, same: bool) -> str:
    if same and sync.is_running_state:
        return gettext("Linked: the two are compared now.")
    if same:
        return gettext("Linked: the two are compared when the sync runs again.")
    if sync.is_running_state:
        return gettext("Kept apart: each of the two syncs by itself now.")
    return gettext("Kept apart: each of the two syncs by itself when the sync runs again.")


def _link(sync: Sync, pairs: list[weak.Pair], by: Any) -> bool:
    """False where there are none, or somebody was faster."""
    try:
        weak.say(sync=sync, told=[(pair.hub.pk, pair.app.pk) for pair in pairs], same=True, by=by)
    except weak.NotWaiting:
        return False
    return True


def _all_said(sync: Sync, n: int) -> str:
    if sync.is_running_state:
        return ngettext("%(n)s pair is linked and compared now.", "%(n)s pairs are linked and compared now.", n)
    return ngettext(
        "%(n)s pair is linked when the sync runs again.", "%(n)s pairs are linked when the sync runs again.", n
    )


@require_http_methods(["GET", "POST"])
@manager_required
def link_all(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first, with their number and the first of them; that number must still be true when the answer comes."""
    sync = sync_or_404(request, pk)
    pairs = weak.pairs(sync)
    number = number_format(len(pairs), force_grouping=True)
    if request.method == "POST" and request.POST.get("n") == str(len(pairs)) and _link(sync, pairs, request.user):
        messages.success(request, _all_said(sync, len(pairs)) % {"n": number})
        return redirect("syncjobs:sync", pk=pk)
    context = {
        "sync": sync,
        "pairs": pages.rows(pairs),
        "n": len(pairs),
        "number": number,
        "more": number_format(max(0, len(pairs) - pages.SHOWN), force_grouping=True)
        if len(pairs) > pages.SHOWN
        else "",
        "button": pages.link_all(len(pairs)),
    }
    if request.method == "POST":
        seen = request.POST.get("n", "")[:9]
        changed = ngettext("%(n)s pair waits now, not %(seen)s.", "%(n)s pairs wait now, not %(seen)s.", len(pairs))
        context["error"] = changed % {"n": number, "seen": seen}
    return render(request, "syncjobs/weak.html", context, status=422 if request.method == "POST" else 200)
