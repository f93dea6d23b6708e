"""Undo a run: what would be taken back, and doing it. Words and numbers for pages, no HTML."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from portal.accounts import audit
from syncjobs.models import LeftAlone, RunKind, SyncRun
from syncjobs.runner import undoing
from syncjobs.runner.undoing import State, UndoItem
from syncjobs.services import runs

__all__ = ["CannotUndo", "State", "UndoItem", "UndoPlan", "left_alone", "plan_undo", "undo"]
PAGE = 50


class CannotUndo(Exception):
    """The run is still going, or wrote nothing."""


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What undoing ``run`` would do, as far as we know without asking the apps; the undo itself reads each record first."""

    run: SyncRun

    def items(self, *, after: int = 0) -> Iterator[UndoItem]:
        """Everything that the run wrote, by link; those of links with a key above ``after``. Reads a chunk at a time."""
        known = undoing.schemas_of(self.run.sync)
        while pks := undoing.links_of(self.run, after, undoing.CHUNK):
            yield from undoing.items_of(self.run, pks, known)
            after = pks[-1]

    def counts(self) -> dict[str, int]:
        """{state: items} for every state. Goes through all items: for a large run, not for every page view."""
        found = Counter(str(item.state) for item in self.items())
        return {state.value: found[state.value] for state in State}


def plan_undo(run: SyncRun) -> UndoPlan:
    """Raises CannotUndo."""
    if run.is_active:
        raise CannotUndo("This run is still going.")
    if not undoing.links_of(run, 0, 1):
        raise CannotUndo("This run wrote nothing that could be taken back.")
    return UndoPlan(run)


@transaction.atomic
def undo(*, run: SyncRun, by: Any) -> SyncRun:
    """Queue a run that takes ``run`` back. Raises CannotUndo, or ``runs.RunAlreadyActive`` while the sync has another run.

    Its ``counts``: ``restored`` values, ``removed`` and ``recreated`` records, ``left_alone`` values and records."""
    plan_undo(run)
    made = runs.start(sync=run.sync, kind=RunKind.UNDO, by=by, undoes=run)
    audit.record(account=run.sync.account, user=by, verb="run.undone", target=str(run.sync), run=run.pk)
    return made


def left_alone(undo_run: SyncRun, *, after: int = 0, n: int = PAGE) -> list[LeftAlone]:
    """A page of what an undo left alone, with the reasons (codes of the failure catalogue)."""
    return list(undo_run.left_alone.select_related("link").filter(pk__gt=after).order_by("pk")[:n])
