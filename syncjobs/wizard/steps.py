"""The wizard's steps, in order. To add one: a ``StepPage`` with a template, and its name here."""

from typing import Any

from django.urls import reverse

from syncjobs.models import Sync
from syncjobs.wizard.connect import ConnectPage
from syncjobs.wizard.direction import DirectionPage
from syncjobs.wizard.limits import LimitsPage
from syncjobs.wizard.mapping_table import MappingPage
from syncjobs.wizard.page import StepPage
from syncjobs.wizard.review import ReviewPage

STEPS: list[type[StepPage]] = [ConnectPage, DirectionPage, LimitsPage, MappingPage, ReviewPage]
ORDER = [step.key for step in STEPS]


def step(key: str) -> type[StepPage] | None:
    return next((found for found in STEPS if found.key == key), None)


def neighbour(key: str, by: int) -> str:
    """The key of the step before or after; the first and last are their own neighbours."""
    return ORDER[min(max(ORDER.index(key) + by, 0), len(ORDER) - 1)]


def url(draft: Sync, key: str) -> str:
    return reverse("syncjobs:setup", args=[draft.pk, key])


def stepper(draft: Sync, current: str) -> list[dict[str, Any]]:
    """For components/_steps.html: steps that the draft has reached are links."""
    reached = ORDER.index(draft.step) if draft.step in ORDER else 0
    return [
        {
            "label": found.label,
            "url": url(draft, found.key) if place <= reached and (draft.app_kind or not found.needs_pair) else "",
            "done": place < reached,
            "current": found.key == current,
        }
        for place, found in enumerate(STEPS)
    ]
