"""The one django-q2 schedule. Never a second: one malformed row stops them all."""

from typing import Any

from django_q.models import Schedule

NAME = "syncline-tick"


def ensure(**kwargs: Any) -> None:
    """Called after every migrate."""
    Schedule.objects.update_or_create(
        name=NAME,
        defaults={"func": "syncjobs.tasks.tick", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )
