"""The page of one mapping's values: every option of the app, its partner in the hub, and what strangers become."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from integrations.errors import ConnectorError
from integrations.records import Side
from portal.access import manager_required
from syncjobs import access
from syncjobs.models import FieldMapping, Sync
from syncjobs.services import mappings, value_maps
from syncjobs.services.mappings import Refused, Schemas


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def values(request: HttpRequest, pk: int, mapping: int) -> HttpResponse:
    """Pair the values of one mapping of a draft."""
    draft = access.draft_or_404(request, pk)
    row = draft.mappings.filter(pk=mapping).first() if draft.app_kind else None
    if row is None:
        raise Http404
    row.sync = draft
    try:
        schemas = mappings.schemas_of(draft)
    except ConnectorError:
        messages.error(request, _("The fields cannot be read now. Try again in a moment."))
        return redirect("syncjobs:setup", pk=draft.pk, step="mappings")
    if value_maps.fields_of(row, schemas) is None:
        messages.info(request, _("These two fields have no lists of values to pair."))
        return redirect("syncjobs:setup", pk=draft.pk, step="mappings")
    refused = ""
    if request.method == "POST":
        try:
            value_maps.save(row=row, schemas=schemas, **_typed(request, row, schemas))
            messages.success(request, _("The values are paired."))
            return redirect("syncjobs:setup", pk=draft.pk, step="mappings")
        except Refused as refusal:
            refused = str(refusal)
    context = {**_shown(request, draft, row, schemas), "refused": refused}
    return render(request, "syncjobs/setup/values.html", context, status=422 if refused else 200)


def _typed(request: HttpRequest, row: FieldMapping, schemas: Schemas) -> dict[str, Any]:
    """What was chosen, as ``value_maps.save`` takes it; rows are numbered, because values may hold anything."""
    found = value_maps.pairs(row, schemas)
    return {
        "chosen": {
            (pair.side, pair.option.value): request.POST.get(f"pair-{place}", "") for place, pair in enumerate(found)
        },
        "otherwise": {side: request.POST.get(f"otherwise-{side}", "") for side in Side},
    }


def _shown(request: HttpRequest, draft: Sync, row: FieldMapping, schemas: Schemas) -> dict[str, Any]:
    fields = value_maps.fields_of(row, schemas) or {}
    typed = request.method == "POST"
    flows = mappings.effective(draft, row)
    lines = [
        {
            "place": place,
            "app": draft.instance(pair.side).app,
            "option": pair.option,
            "theirs": fields[pair.side.other].options,
            "chosen": request.POST.get(f"pair-{place}", "") if typed else pair.partner.value if pair.partner else "",
            "by_hand": pair.by_hand,
        }
        for place, pair in enumerate(value_maps.pairs(row, schemas))
    ]
    strangers = [
        {
            "side": side.value,
            "app": draft.instance(side).app,
            "other": draft.instance(side.other).app,
            "options": fields[side].options,
            "chosen": request.POST.get(f"otherwise-{side}", "") if typed else row.otherwise.get(side.value, ""),
        }
        for side in Side
        if flows is not None and mappings.towards(flows, side)
    ]
    return {
        "draft": draft,
        "row": row,
        "app_field": fields[Side.APP],
        "hub_field": fields[Side.HUB],
        "app": draft.instance(Side.APP).app,
        "hub": draft.instance(Side.HUB).app,
        "lines": lines,
        "strangers": strangers,
    }
