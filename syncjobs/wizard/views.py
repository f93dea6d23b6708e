"""The wizard's pages. One view serves all steps; what a step is, its ``StepPage`` says."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from integrations.models import AppInstance
from integrations.records import Side
from portal.access import manager_required
from portal.htmx import wants_fragment
from syncjobs import access
from syncjobs.models import Sync
from syncjobs.services import drafts, mappings
from syncjobs.wizard import samples, steps, words
from syncjobs.wizard.mapping_table import rows_of
from syncjobs.wizard.page import StepPage
from syncjobs.wizard.picture import picture
from syncjobs.wizard.review import ReviewPage, outlook


@require_http_methods(["GET", "HEAD", "POST"])
@manager_required
def setup(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """One step of the draft."""
    draft = access.draft_or_404(request, pk)
    kind = steps.step(step)
    if kind is None:
        raise Http404
    if kind.needs_pair and not draft.app_kind:
        return redirect("syncjobs:setup", pk=draft.pk, step="connect")
    page = kind(draft, request)
    return _post(page) if request.method == "POST" else _show(page)


def _post(page: StepPage) -> HttpResponse:
    verb, _colon, argument = page.request.POST.get("do", "").partition(":")
    if verb in ("", "save", "next"):
        return _save(page, verb)
    if verb == "back":
        if page.save():
            _touch(page.draft)
        return _go(page, steps.neighbour(page.key, -1))
    settled = page.act(verb, argument)
    if settled:
        if isinstance(page, ReviewPage):
            return _to_progress(page)
        _touch(page.draft)
    if settled and not wants_fragment(page.request):
        return _go(page, page.key)
    return _show(page, status=422 if _refused(page) else 200)


def _save(page: StepPage, verb: str) -> HttpResponse:
    if not page.save():
        return _show(page, status=200 if wants_fragment(page.request) else 422)
    _touch(page.draft)
    if verb == "next":
        if not page.complete():
            return _show(page, status=422)
        following = steps.neighbour(page.key, 1)
        drafts.reach(draft=page.draft, step=following, order=steps.ORDER)
        return _go(page, following)
    if verb == "save" and not wants_fragment(page.request):
        messages.success(page.request, _("The draft is saved. You can leave and come back."))
        return _go(page, page.key)
    return _show(page)


def _refused(page: StepPage) -> bool:
    """htmx gets 200 with the message inside: the answer is to be shown, not reported as a failure."""
    return bool(page.errors) and not wants_fragment(page.request)


def _touch(draft: Sync) -> None:
    draft.save(update_fields=["draft_saved_at"])


def _go(page: StepPage, key: str) -> HttpResponse:
    address = steps.url(page.draft, key)
    return HttpResponseClientRedirect(address) if wants_fragment(page.request) else redirect(address)


def _to_progress(page: ReviewPage) -> HttpResponse:
    messages.success(page.request, _("Saved. The sync has started; you can leave this page."))
    return redirect("syncjobs:progress", pk=page.saved.pk)


def _show(page: StepPage, status: int = 200) -> HttpResponse:
    """The page, or for htmx its step with the parts around it that follow every change."""
    draft, fragment = page.draft, wants_fragment(page.request)
    shown = picture(draft, page.schemas)
    context: dict[str, Any] = {
        "draft": draft,
        "page": page,
        "steps": steps.stepper(draft, page.key),
        "back": steps.url(draft, steps.neighbour(page.key, -1)) if page.key != steps.ORDER[0] else "",
        "here": steps.url(draft, page.key),
        "picture": shown,
        "sentences": words.sentences(shown) if shown else [],
        "fragment": fragment,
        **page.context(),
    }
    context["errors"] = list(dict.fromkeys(page.errors))
    template = "syncjobs/setup/_answer.html" if fragment else "syncjobs/setup/page.html"
    response = render(page.request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@manager_required
def draft_new(request: HttpRequest) -> HttpResponse:
    """A fresh draft. ``instance``: the app whose page the person comes from."""
    instance = None
    wanted = request.POST.get("instance") or request.GET.get("instance") or request.POST.get("app_instance")
    if wanted:
        mine = AppInstance.objects.for_account(request.account).live()  # type: ignore[attr-defined]
        instance = get_object_or_404(mine, pk=wanted if wanted.isdecimal() else 0)
    found = drafts.new(
        account=request.account,  # type: ignore[attr-defined]
        by=request.user,
        app_instance=None if instance is None or instance.is_hub else instance,
    )
    return redirect("syncjobs:setup", pk=found.pk, step="connect")


@require_POST
@manager_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a saved sync on a draft copy, beginning at ``?step=`` where a failure says what to change."""
    sync = access.sync_or_404(request, pk)
    draft = drafts.copy_of(sync=sync, by=request.user)
    step = request.GET.get("step", "")
    if step == "mappings":
        mappings.read_again(sync=draft)
    return redirect("syncjobs:setup", pk=draft.pk, step=step if steps.step(step) else "direction")


@require_POST
@manager_required
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    draft = access.draft_or_404(request, pk)
    original = draft.draft_of
    drafts.discard(draft=draft, by=request.user)
    messages.success(request, _("The draft is discarded."))
    return redirect("syncjobs:sync", pk=original.pk) if original else redirect("syncjobs:index")


@require_GET
@manager_required
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """The sample column of the mapping table, filled after the page is there."""
    draft = _with_pair(request, pk)
    page = steps.step("mappings")(draft, request)  # type: ignore[misc]
    rows = []
    if page.schemas:
        for side in Side:
            samples.read(
                draft, side, [row.hub_field if side is Side.HUB else row.app_field for row in draft.mappings.all()]
            )
        rows = rows_of(draft, page.schemas)
    return render(request, "syncjobs/setup/_samples.html", {"rows": rows})


@require_GET
@manager_required
def estimate(request: HttpRequest, pk: int) -> HttpResponse:
    """Records, calls and time of the first sync, fetched after the review is there."""
    draft = _with_pair(request, pk)
    return render(request, "syncjobs/setup/_estimate.html", outlook(ReviewPage(draft, request)))


def _with_pair(request: HttpRequest, pk: int) -> Sync:
    draft = access.draft_or_404(request, pk)
    if not draft.app_kind:
        raise Http404
    return draft
