"""What every step of the wizard is: a page over the draft that shows itself, saves what was typed and knows its own buttons.

A step's page is one form. Its buttons say what they do in ``do``: ``next``, ``back``, ``save``, or a verb of the step with an
argument ("switch:12"). A change without a button (htmx) is an autosave. Nothing lives in the session: the draft is a row, so
reload and the back button show what is stored.
"""

from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from integrations.errors import ConnectorError
from syncjobs.models import Sync
from syncjobs.services.mappings import Schemas, schemas_of


class StepPage:
    """One step for one request. Subclasses name themselves and fill in ``context``, ``save`` and ``act``."""

    key = ""
    label: Any = ""  # on the stepper
    heading: Any = ""
    next_label: Any = ""
    template = ""  # the step's own part of the page
    redraw = False  # an autosave answers with the whole step, because its parts depend on each other
    needs_pair = True

    def __init__(self, draft: Sync, request: HttpRequest) -> None:
        self.draft = draft
        self.request = request
        self.data: QueryDict | None = request.POST if request.method == "POST" else None
        self.errors: list[str] = []  # shown at the top of the page
        self._schemas: Schemas | None = None
        self._unread = False

    @property
    def schemas(self) -> Schemas | None:
        """The fields at both ends; None when an app had to be asked and did not answer (``errors`` then says so)."""
        if self._schemas is None and self.draft.app_kind and not self._unread:
            try:
                self._schemas = schemas_of(self.draft)
            except ConnectorError as error:
                self._unread = True  # once a request: an app that is down is not waited for again
                self.errors.append(str(error) or _("An app did not answer."))
        return self._schemas

    def typed(self, name: str) -> str:
        """What was posted under this name; "" when nothing was."""
        return str(self.data.get(name, "")) if self.data else ""

    def context(self) -> dict[str, Any]:
        """What the step's template needs."""
        return {}

    def save(self) -> bool:
        """Store what was typed. False: something is wrong, ``errors`` and the fields say what; nothing was stored."""
        return True

    def complete(self) -> bool:
        """May the person go on to the next step? False puts the reason into ``errors``."""
        return True

    def act(self, verb: str, argument: str) -> bool:
        """A button of the step itself. True: it is stored, so a browser without htmx is sent back to the page by GET. False:
        show the page now, with what was typed. Unknown verbs change nothing."""
        return False
