"""Status (``statecode``) and status reason (``statuscode``) move together, and some states are reached by actions only."""

from integrations.standins.dynamics.errors import Problem
from integrations.standins.dynamics.store import Values
from integrations.standins.dynamics.tables import ACTIVITIES, TableType

FIRST = {
    "product": (2, 0),
    "task": (0, 2),
    "appointment": (3, 5),
}  # (state, status) of a new row, where not the first of each
BY_ACTION = {
    ("opportunity", 1): "WinOpportunity",
    ("opportunity", 2): "LoseOpportunity",
    ("incident", 1): "CloseIncident",
}
READ_ONLY = {"opportunity": {1, 2}, "lead": {1, 2}, "incident": {1, 2}, **{name: {1, 2} for name in ACTIVITIES}}


def begin(kind: TableType, values: Values) -> None:
    """The state of a new row that does not name one, and the other half of the pair where it does."""
    if "statecode" not in kind.columns:
        return
    state, status = first_of(kind)
    if "statuscode" not in values and "statecode" not in values:
        values |= {"statecode": state, "statuscode": status}
        return
    follow(kind, {"statecode": state, "statuscode": status}, values)


def first_of(kind: TableType) -> tuple[int, int]:
    """(state, status) of a new row of a table that has states."""
    return FIRST.get(kind.logical) or (0, min(o[0] for o in kind.columns["statuscode"].options if o[2] == 0))


def check_new(kind: TableType, values: Values, id: str) -> None:
    """Raises Problem where a new row is to have a status reason of another state than the first: rows are closed later. A state
    alone is ignored."""
    values.pop("statecode", None)
    if "statuscode" not in values or "statecode" not in kind.columns:
        return
    first, _status = first_of(kind)
    if state_of(kind, values["statuscode"]) != first:
        label = next(label for state, label, _ in kind.columns["statecode"].options if state == first)
        raise Problem(
            400, "0x80048408",
            f"{values['statuscode']} is not a valid status code for state code {kind.logical.title()}State.{label} on "
            f"{kind.logical} with Id {id}.",
        )  # fmt: skip


def state_of(kind: TableType, status: object) -> int | None:
    options = kind.columns["statuscode"].options if "statuscode" in kind.columns else []
    return next((state for value, _label, state in options if value == status), None)


def check(kind: TableType, before: Values, values: Values, patchable: bool) -> None:
    """Raises Problem where the row is closed and stays so, or where only an action leads."""
    now = before.get("statecode")
    wanted = values.get("statecode", state_of(kind, values.get("statuscode")) if "statuscode" in values else now)
    closed = READ_ONLY.get(kind.logical, set())
    if now in closed and wanted in closed and set(values) - {"statecode", "statuscode"}:
        raise Problem(400, "0x80040230", f"The {kind.logical} is closed and cannot be changed.")
    action = BY_ACTION.get((kind.logical, wanted if isinstance(wanted, int) else -1))
    if action and wanted != now and not patchable:
        raise Problem(400, "0x80040203", f"This state is set by {action}, not by an update.")


def follow(kind: TableType, before: Values, values: Values) -> None:
    """A status brings its state and a state its first status; a pair that does not fit is refused."""
    if not {"statecode", "statuscode"} & values.keys():
        return
    options = kind.columns["statuscode"].options
    if "statuscode" not in values:
        values["statuscode"] = next((o[0] for o in options if o[2] == values["statecode"]), None)
    state = state_of(kind, values["statuscode"])
    if values.get("statecode", state) != state and "statecode" in values:
        raise Problem(
            400, "0x80048408",
            f"{values['statuscode']} is not a valid status code for state code {values['statecode']} on {kind.logical}.",
        )  # fmt: skip
    values["statecode"] = state
