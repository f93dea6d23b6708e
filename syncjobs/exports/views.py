"""The list of exports, asking for one, and the download. Any member of the account may do all three; nobody else any."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from portal.access import member_required
from portal.htmx import render_part
from syncjobs.access import sync_or_404
from syncjobs.exports import making
from syncjobs.health.lists import Query
from syncjobs.health.numbers import STATUSES
from syncjobs.models import Export

SHOWN = 50


@require_safe
@member_required
def index(request: HttpRequest) -> HttpResponse:
    """The fragment asks for itself while an export is being made."""
    exports = Export.objects.filter(account=request.account)  # type: ignore[attr-defined]
    exports = exports.select_related("sync__hub_instance", "sync__app_instance", "requested_by").order_by("-pk")
    shown = list(exports[:SHOWN])
    context = {
        "exports": shown,
        "polls": any(export.state in (making.State.QUEUED, making.State.RUNNING) for export in shown),
        "now": now(),
    }
    return render_part(request, "syncjobs/exports.html", "syncjobs/_exports.html", context)


@require_POST
@member_required
def new(request: HttpRequest, pk: int) -> HttpResponse:
    sync = sync_or_404(request, pk)
    status = request.POST.get("status", "")
    if status and status not in STATUSES:
        return HttpResponse(status=400)
    making.request(sync=sync, by=request.user, status=status, cause=Query.of(status, request.POST).cause)
    messages.success(request, gettext("The file is being made. You get an e-mail with a link, and find it here."))
    return redirect("syncjobs:exports")


@require_safe
@member_required
def download(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    exports = Export.objects.filter(account=request.account, state=making.State.READY)  # type: ignore[attr-defined]
    export = get_object_or_404(exports.select_related("sync__app_instance"), pk=pk, expires_at__gt=now())
    try:
        file = export.file.open("rb")
    except (OSError, ValueError) as error:  # the file was removed from the disk
        raise Http404 from error
    response = FileResponse(
        file, as_attachment=True, filename=making.filename(export), content_type="text/csv; charset=utf-8"
    )
    response["Cache-Control"] = "private, no-store"
    return response
