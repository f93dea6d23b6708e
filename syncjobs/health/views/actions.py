"""What a manager can do to a sync. Each is a POST; a message says what happened and how to undo it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from integrations.records import Side
from portal.access import manager_required
from syncjobs.access import link_or_404, sync_or_404
from syncjobs.health import conflicts, words
from syncjobs.health import numbers as counting
from syncjobs.health.lists import Query
from syncjobs.health.numbers import STATUSES
from syncjobs.health.readable import Reader
from syncjobs.health.views.overview import instance_or_404
from syncjobs.models import RecordStatus, Sync, SyncState
from syncjobs.services import syncs, unconfirmed, weak

SELECTED_AT_MOST = 1000


def _back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """To the page the button stood on, if that is one of ours."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return redirect(url if safe else otherwise)


def _page(sync: Sync) -> str:
    return reverse("syncjobs:sync", args=[sync.pk])


@require_POST
@manager_required
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    sync = sync_or_404(request, pk)
    syncs.pause(sync=sync, by=request.user)
    messages.success(request, gettext("Paused: %(sync)s. Changes are kept; “Resume” catches up.") % {"sync": sync})
    return _back(request, _page(sync))


@require_POST
@manager_required
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    sync = sync_or_404(request, pk)
    syncs.resume(sync=sync, by=request.user)
    messages.success(request, gettext("Resumed: %(sync)s. It catches up now; “Pause” holds it again.") % {"sync": sync})
    return _back(request, _page(sync))


@require_POST
@manager_required
def run_now(request: HttpRequest, pk: int) -> HttpResponse:
    sync = sync_or_404(request, pk)
    if syncs.run_now(sync=sync, by=request.user):
        messages.success(request, gettext("Started: %(sync)s looks for changes now.") % {"sync": sync})
    else:
        messages.info(request, gettext("%(sync)s is running already.") % {"sync": sync})
    return _back(request, _page(sync))


@require_POST
@manager_required
def resync(request: HttpRequest, pk: int) -> HttpResponse:
    """All records of a status, those with one cause, or the chosen ones (``link``, repeated)."""
    sync = sync_or_404(request, pk)
    status = request.POST.get("status", "failed")
    if status not in STATUSES:
        return HttpResponse(status=400)
    chosen = [int(pk) for pk in request.POST.getlist("link")[:SELECTED_AT_MOST] if pk.isdecimal() and len(pk) < 19]
    if "link" in request.POST and not chosen:
        return HttpResponse(status=400)  # never all of them because none could be read
    cause = Query.of(status, request.POST).cause
    twins = weak.asked_by_twin(sync) if status == RecordStatus.REVIEW and not chosen else None
    doubled = 0 if twins is None else twins.filter(**cause).count()  # tried again, too, and counted once
    more: dict[str, Any] = {"link_ids": chosen} if chosen else {"cause": cause}
    number = sum(syncs.resync(sync=sync, by=request.user, status=one, **more) for one in STATUSES[status]) - doubled
    text = ngettext("%(n)s record is tried again now.", "%(n)s records are tried again now.", number)
    messages.success(request, text % {"n": number_format(number, force_grouping=True)})
    return _back(request, _page(sync))


@require_POST
@manager_required
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """*Ask me*: one side's value of one field is right. Refused when the values are no longer those that were shown."""
    link = link_or_404(request, pk)
    field, stamp, side = (request.POST.get(name, "") for name in ("field", "stamp", "side"))
    if side not in list(Side):
        return HttpResponse(status=400)
    waiting = conflicts.of_link(link, Reader(link.sync))
    one = next((one for one in waiting if one.mapping.hub_field == field and one.stamp == stamp), None)
    if one is None:
        messages.warning(request, gettext("Nothing was changed: the values are no longer those you saw. Look again."))
    else:
        syncs.resolve_conflict(link=link, field=field, keep=Side(side), by=request.user)
        messages.success(request, _kept(link.sync, one, Side(side)))
    return redirect("syncjobs:record", pk=pk)


def _kept(sync: Sync, one: conflicts.Conflict, side: Side) -> str:
    text = (
        gettext("%(field)s: “%(value)s” is kept and goes to %(app)s now.")
        if sync.is_running_state
        else gettext("%(field)s: “%(value)s” is kept and goes to %(app)s when the sync runs again.")
    )
    return text % {"field": one.label, "value": one.value(side), "app": words.app_name(sync, side.other)}


@require_POST
@manager_required
def found(request: HttpRequest, pk: int) -> HttpResponse:
    """*It is there*: the record that a create without an answer made."""
    link = link_or_404(request, pk)
    remote_id = request.POST.get("id", "").replace("\0", "").strip()
    if not remote_id or len(remote_id) > 200:
        return HttpResponse(status=400)
    try:
        unconfirmed.link_to(link=link, remote_id=remote_id, by=request.user)
    except unconfirmed.NotWaiting:
        messages.warning(request, gettext("Nothing was changed: the record waits for no answer any more."))
    except unconfirmed.TakenByAnother as taken:
        text = gettext("Nothing was changed: that record is linked to %(record)s already.")
        messages.warning(request, text % {"record": words.label_of(taken.link)})
    else:
        now, later = (
            gettext("Linked: the two are compared now."),
            gettext("Linked: the two are compared when the sync runs again."),
        )
        messages.success(request, now if link.sync.is_running_state else later)
    return redirect("syncjobs:record", pk=pk)


@require_POST
@manager_required
def create_again(request: HttpRequest, pk: int) -> HttpResponse:
    """*It is not there*: the create never arrived."""
    link = link_or_404(request, pk)
    try:
        unconfirmed.create_again(link=link, by=request.user)
    except unconfirmed.NotWaiting:
        messages.warning(request, gettext("Nothing was changed: the record waits for no answer any more."))
    else:
        now, later = (
            gettext("The record is created again now."),
            gettext("The record is created again when the sync runs again."),
        )
        messages.success(request, now if link.sync.is_running_state else later)
    return redirect("syncjobs:record", pk=pk)


@require_http_methods(["GET", "POST"])
@manager_required
def turn_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first: says what stops, what stays and how many changes wait."""
    sync = sync_or_404(request, pk)
    if request.method == "POST":
        syncs.turn_off(sync=sync, by=request.user)
        messages.success(request, gettext("Turned off: %(sync)s. “Resume” turns it on again.") % {"sync": sync})
        return redirect(_page(sync))
    return render(request, "syncjobs/turn_off.html", _confirming(sync))


@require_http_methods(["GET", "POST"])
@manager_required
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for the sync's name: what is deleted are our links, never records of an app."""
    sync = sync_or_404(request, pk)
    name = str(sync.app_kind_info.label)
    context = {**_confirming(sync), "name": name}
    if request.method == "POST":
        if request.POST.get("name", "").strip().casefold() == name.casefold():
            syncs.delete(sync=sync, by=request.user)
            messages.success(
                request, gettext("Deleted: %(sync)s. Records in both apps stay as they are.") % {"sync": sync}
            )
            return redirect("syncjobs:index")
        context["error"] = gettext("Type %(name)s exactly as shown.") % {"name": name}
        return render(request, "syncjobs/delete.html", context, status=422)
    return render(request, "syncjobs/delete.html", context)


def _confirming(sync: Sync) -> dict[str, Any]:
    return {"sync": sync, "numbers": counting.of_syncs([sync])[sync.pk]}


def _for_all(request: HttpRequest, pk: int, states: set[SyncState], act: Callable[[Sync], Any]) -> int:
    """Does something to all syncs of an app instance that are in one of the states."""
    instance = instance_or_404(request, pk)
    found = Sync.objects.for_account(instance.account).filter(app_instance=instance, state__in=states)
    count = 0
    for sync in found.select_related("account", "hub_instance", "app_instance"):
        act(sync)
        count += 1
    return count


def _to_instance(request: HttpRequest, pk: int) -> HttpResponse:
    return _back(request, reverse("syncjobs:instance", args=[pk]))


@require_POST
@manager_required
def run_all(request: HttpRequest, pk: int) -> HttpResponse:
    running = {SyncState.ACTIVE, SyncState.INITIAL}
    count = _for_all(request, pk, running, lambda sync: syncs.run_now(sync=sync, by=request.user))
    text = ngettext("%(n)s sync looks for changes now.", "%(n)s syncs look for changes now.", count)
    messages.success(request, text % {"n": count})
    return _to_instance(request, pk)


@require_POST
@manager_required
def pause_all(request: HttpRequest, pk: int) -> HttpResponse:
    running = {SyncState.ACTIVE, SyncState.INITIAL}
    count = _for_all(request, pk, running, lambda sync: syncs.pause(sync=sync, by=request.user))
    text = ngettext(
        "%(n)s sync is paused. “Resume all” goes on.", "%(n)s syncs are paused. “Resume all” goes on.", count
    )
    messages.success(request, text % {"n": count})
    return _to_instance(request, pk)


@require_POST
@manager_required
def resume_all(request: HttpRequest, pk: int) -> HttpResponse:
    count = _for_all(request, pk, {SyncState.PAUSED}, lambda sync: syncs.resume(sync=sync, by=request.user))
    text = ngettext("%(n)s sync goes on.", "%(n)s syncs go on.", count)
    messages.success(request, text % {"n": count})
    return _to_instance(request, pk)
