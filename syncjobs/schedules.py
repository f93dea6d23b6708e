"""The one django-q2 schedule. Never a second: one malformed row stops them all."""

from datetime import timedelta
from typing import Any

from django.utils.timezone import now
from django_q.models import Schedule

NAME = "syncline-tick"


def ensure(**kwargs: Any) -> None:
    """Called after every migrate."""
    Schedule.objects.update_or_create(
        name=NAME,
        defaults={"func": "syncjobs.tasks.tick", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )


def mind_the_clock() -> None:
    """Where the clock was put back the next tick is far ahead, and nothing would run until then: plan it now."""
    Schedule.objects.filter(name=NAME, next_run__gt=now() + timedelta(minutes=2)).update(next_run=now())
