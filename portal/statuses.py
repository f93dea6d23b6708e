"""How every state of the product looks: one table from a stored value to icon, word and colour.

Pages never choose a colour: they name the state. ``tone`` is the ``data-s`` attribute that static/css/syncline.css
colours. A value means the same wherever it is stored, so the states of records, syncs, runs, app instances, exports,
checks and run events stand in one table, and no package needs another's models to draw them.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Look:
    tone: str  # insync, pending, failed, excluded, review, deleted
    icon: str
    word: Any
    counted: Any = None  # "{n} in sync": how a number of them reads; None = number and word


LOOKS: dict[str, Look] = {
    # records
    "insync": Look("insync", "circle-check", _("In sync"), _("%(n)s in sync")),
    "pending": Look("pending", "clock", _("Pending"), _("%(n)s pending")),
    "failed": Look("failed", "circle-alert", _("Failed"), _("%(n)s failed")),
    "excluded": Look("excluded", "circle-minus", _("Excluded"), _("%(n)s excluded")),
    "review": Look("review", "triangle-alert", _("Needs review"), _("%(n)s to review")),
    "deleted": Look("deleted", "trash-2", _("Deleted"), _("%(n)s deleted")),
    "deleted_hub": Look("deleted", "trash-2", _("Deleted in hub"), _("%(n)s deleted in hub")),
    "deleted_app": Look("deleted", "trash-2", _("Deleted in app"), _("%(n)s deleted in app")),
    # syncs
    "draft": Look("excluded", "pencil", _("Draft")),
    "initial": Look("pending", "refresh-cw", _("Initial sync")),
    "active": Look("insync", "circle-check", _("Active")),
    "paused": Look("excluded", "pause", _("Paused")),
    "off": Look("excluded", "power", pgettext_lazy("state of a sync", "Off")),
    "suspended": Look("failed", "circle-alert", _("Suspended")),
    # runs and phases
    "queued": Look("pending", "clock", _("Queued")),
    "running": Look("pending", "refresh-cw", _("Running")),
    "waiting": Look("excluded", "clock", _("Waiting")),
    "done": Look("insync", "circle-check", _("Done")),
    "done_with_failures": Look("review", "triangle-alert", _("Done with failures")),
    "stopped": Look("excluded", "circle-minus", _("Stopped")),
    "aborted": Look("failed", "circle-alert", _("Aborted")),
    # app instances
    "connected": Look("insync", "circle-check", _("Connected")),
    "needs_reauth": Look("failed", "key", _("Needs reauthorising")),
    "disconnected": Look("excluded", "unplug", _("Disconnected")),
    "attention": Look("review", "triangle-alert", _("Attention")),
    # pre-flight checks
    "passed": Look("insync", "circle-check", _("Passed")),
    "warning": Look("review", "triangle-alert", pgettext_lazy("result of a pre-flight check", "Check")),
    # mappings
    "ready": Look("insync", "circle-check", _("Ready")),
    # what a run did to a record
    "created": Look("insync", "circle-check", _("Created")),
    "updated": Look("insync", "refresh-cw", _("Updated")),
    "linked": Look("insync", "link", _("Linked")),
    # invitations
    "open": Look("pending", "mail", pgettext_lazy("state of an invitation", "Open")),
    "expired": Look("excluded", "circle-minus", _("Expired")),
    "accepted": Look("insync", "circle-check", _("Accepted")),
}
UNKNOWN = Look("excluded", "circle-minus", "")


def look(value: Any) -> Look:
    """The look of a stored state; a state that this table does not know shows as its own name, in grey."""
    return LOOKS.get(str(value)) or Look(UNKNOWN.tone, UNKNOWN.icon, str(value).replace("_", " "))
