"""Pages that belong to no package: the way in, the theme, the kit of components."""

from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from portal.context import THEMES
from portal.statuses import LOOKS

A_YEAR = 365 * 24 * 3600


def home(request: HttpRequest) -> HttpResponse:
    return redirect("syncjobs:index")


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the reader's theme in a cookie and go back; "system" forgets it."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("home")
    response = redirect(back)
    theme = request.POST.get("theme")
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


class KitApp(NamedTuple):
    key: str
    letter: str
    name: str


class KitForm(forms.Form):
    name = forms.CharField(help_text="As your team knows it.")
    email = forms.EmailField(label="E-mail", initial="not an address")
    state = forms.ChoiceField(choices=[("a", "Any state"), ("b", "Active")])
    newest = forms.BooleanField(label="A blank never erases a value", required=False)
    winner = forms.ChoiceField(widget=forms.RadioSelect, choices=[("hub", "The hub wins"), ("app", "The app wins")])
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)


def kit(request: HttpRequest) -> HttpResponse:
    """Every component in every state, to look at and to photograph. Only where DEBUG is on (portal/urls.py)."""
    if request.GET.get("page") == "error":
        raise Http404
    counts = {"insync": 48212, "pending": 14, "failed": 37, "excluded": 1286, "review": 22, "deleted_hub": 3}
    context: dict[str, Any] = {
        "states": list(LOOKS),
        "counts": counts,
        "steps": [
            {"label": "Connect", "url": "#", "done": True, "current": False},
            {"label": "Direction", "url": "#", "done": True, "current": True},
            {"label": "Limits", "url": "", "done": False, "current": False},
            {"label": "Mappings", "url": "", "done": False, "current": False},
            {"label": "Review", "url": "", "done": False, "current": False},
        ],
        "apps": [KitApp("snovio", "Sn", "Snov.io"), KitApp("hubspot", "H", "HubSpot")],
        "times": [now() - timedelta(seconds=s) for s in (1, 48, 190, 8000, 90000, 900000)]
        + [now() + timedelta(minutes=2)],
        "form": KitForm({"email": "not an address", "state": "b"}),
        "blank_form": KitForm(prefix="blank"),
        "as_wizard": request.GET.get("page") == "wizard",
    }
    return render(request, f"portal/kit{'_wizard' if context['as_wizard'] else ''}.html", context)
