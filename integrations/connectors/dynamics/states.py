"""State (``statecode``) and status reason (``statuscode``): which pair values ask for, and the requests that lead there.

The two move together: a status reason belongs to one state, and a state without one takes the first of its own. Some states
are reached by an action (``Table.closings``). A closed row takes no other change (0x80040230), and stays closed: to open it for a
change and to close it again would send its surveys, start its clocks and book its revenue once more.
"""

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.dynamics.batch import Inner
from integrations.connectors.dynamics.lookups import Definitions
from integrations.connectors.dynamics.tables import Table
from integrations.records import Values

STATE, STATUS = "statecode", "statuscode"
SENDING = {"emails": {6, 7}}  # Pending Send, Sending: Dynamics would send the e-mail

Pair = tuple[int, int]
"""(state, status reason)"""


def asked(table: Table, values: Values, definitions: Definitions) -> Pair | None:
    """What these values ask for, None where they say nothing of it. Where both are there, the status reason decides.
    Refused(OPTION_NOT_ALLOWED)."""
    if (status := _number(values, STATUS)) is not None:
        if status in SENDING.get(table.kind, ()):
            raise errors.Refused(_("Syncline never sends e-mails."), code="OPTION_NOT_ALLOWED", field=STATUS)
        return definitions.state(table, status), status
    if (state := _number(values, STATE)) is not None:
        return state, definitions.status(table, state)
    return None


def lead_to(table: Table, id: str, pair: Pair) -> Inner:
    """The request that brings an open row there."""
    state, status = pair
    action = table.closing(state)
    if action is None:
        return Inner("PATCH", f"{table.kind}({id})", {STATE: state, STATUS: status}, {"If-Match": "*"})
    activity = {"subject": str(_("Closed by Syncline")), f"{action.lookup}@odata.bind": f"/{table.kind}({id})"}
    return Inner("POST", action.action, {action.member: activity, "Status": status})


def _number(values: Values, name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if not str(value).isdecimal():
        raise errors.Refused(
            _("Dynamics refuses the value of “%(field)s”.") % {"field": name}, code="OPTION_NOT_ALLOWED", field=name
        )
    return int(str(value))
