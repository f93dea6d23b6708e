"""Step 5: everything in plain words, what still blocks, how long it will take, and *Save and sync*."""

from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.records import Side
from syncjobs.models import Sync
from syncjobs.services import syncs
from syncjobs.services.mappings import towards
from syncjobs.services.problems import problems
from syncjobs.wizard import counting, estimate, words
from syncjobs.wizard.page import StepPage
from syncjobs.wizard.picture import picture


class ReviewPage(StepPage):
    key = "review"
    label = gettext_lazy("Review")
    heading = gettext_lazy("Review and start")
    template = "syncjobs/setup/_review.html"
    saved: Any = None  # the sync, once it is saved

    def context(self) -> dict[str, Any]:
        shown = picture(self.draft, self.schemas)
        assert shown
        return {
            "sections": words.sections(shown),
            "problems": problems(self.draft, self.schemas) if self.schemas else [],
            "unread": self.schemas is None,
        }

    def act(self, verb: str, argument: str) -> bool:
        if verb != "sync":
            return False
        if self.schemas is None:
            return False
        if found := problems(self.draft, self.schemas):
            self.errors.append(
                _("%(n)s things must be put right before the sync can start.") % {"n": len(found)}
                if len(found) > 1
                else _("One thing must be put right before the sync can start.")
            )
            return False
        if self.draft.start_from and not self.draft.draft_of_id:
            self.draft.start_from = now()  # "from now on" means from the moment of saving
            self.draft.save(update_fields=["start_from"])
        try:
            self.saved = syncs.save_and_sync(draft=self.draft, by=self.request.user)
        except syncs.PairTaken:
            self.errors.append(_("Another sync keeps this pair of objects already."))
            return False
        return True


def outlook(page: ReviewPage) -> dict[str, Any]:
    """What the first sync means in records, calls and minutes. May ask the apps: it is fetched apart from the page."""
    draft = page.draft
    counted = {side: counting.count(draft, side) for side in Side}
    counts = {side: found.count.n if found.count else None for side, found in counted.items()}
    abilities = {side: draft.instance(side).app.abilities(draft.kind(side)) for side in Side}
    # At worst every record of the other side has to be written here.
    loads = [
        estimate.Load(counts[side], counts[side.other] if towards(draft.direction, side) else 0, abilities[side])
        for side in Side
    ]
    return {
        "sides": [_side(draft, side, counted[side], abilities[side].calls_per_minute) for side in (Side.APP, Side.HUB)],
        "edited": bool(draft.draft_of_id),
        "limited": draft.email_only or any(row.groups for row in draft.filters.all()),
        "complete": all(load.complete for load in loads) and not any(found.is_least for found in counted.values()),
        "seconds": max(load.seconds for load in loads),  # both sides are called at the same time
    }


def _side(draft: Sync, side: Side, found: counting.Counted, limit: int | None) -> dict[str, Any]:
    app, kind = draft.instance(side).app, draft.instance(side).app.kind(draft.kind(side))
    words = kind.noun if found.count and found.count.n == 1 else kind.label
    return {"app": app, "noun": str(words).lower(), "limit": limit, "count": found.count, "problem": found.problem}
