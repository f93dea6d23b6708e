"""The live pre-flight list: what an app answers when it is asked to do what syncs will need.

A run takes seconds, so with htmx it is a POST that the page sends by itself while the list asks every second what is
done so far; without JavaScript the same button posts and waits. Pages only ever read what ``run_checks`` saved.
"""

from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from integrations import hooks
from integrations.models import AppInstance
from integrations.services import connections
from integrations.views.access import instance_or_404, next_url
from portal.access import manager_required
from portal.htmx import wants_fragment


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def checks(request: HttpRequest, pk: int) -> HttpResponse:
    instance = instance_or_404(request, pk)
    if request.method == "POST":
        return _post(request, instance)
    if wants_fragment(request):
        return render(request, "integrations/_check_list.html", {"checks": instance.checks, "running": True})
    fresh = instance.checked_at is not None
    return render(request, "integrations/checks.html", _context(request, instance, starting=not fresh))


def _post(request: HttpRequest, instance: AppInstance) -> HttpResponse:
    if not wants_fragment(request):
        _run(instance)
        return HttpResponseRedirect(request.get_full_path())
    go = request.POST.get("go")
    if go is None:  # the button: show the empty list at once; that list then sends the POST that works
        context = _context(request, instance, starting=True) | {"again": True}
    else:
        _run(instance)
        instance.refresh_from_db()
        context = _context(request, instance) | {"again": go == "again", "is_fragment": True}
    return render(request, "integrations/_checks.html", context)


def _run(instance: AppInstance) -> None:
    for _result in connections.run_checks(instance):
        pass


def _context(request: HttpRequest, instance: AppInstance, *, starting: bool = False) -> dict[str, Any]:
    results = [] if starting else instance.checks
    return {
        "instance": instance,
        "app": instance.app,
        "checks": results,
        "tally": dict(Counter(result["state"] for result in results)),
        "starting": starting,
        "next_url": next_url(request),
        "used_by": hooks.used_by(instance),
    }
