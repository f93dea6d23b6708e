"""The objects behind our kinds, and in what they differ from each other. Facts: Salesforce's object reference.

A task and a call are rows of one object, told apart by ``TaskSubtype``, which never changes.
"""

from dataclasses import dataclass, field

TASK, CALL = "Task", "Call"  # values of TaskSubtype


@dataclass(frozen=True, slots=True)
class Object:
    """``where``: which rows belong to the kind; ``born``: what a new row gets besides; ``poll_seconds``: every call counts
    against the org's daily allowance, so what changes seldom is asked for less often."""

    kind: str
    name: str  # as the API calls it
    where: str = ""
    born: dict[str, str] = field(default_factory=dict)
    merges: bool = False
    converts: bool = False  # rows can become rows of another kind (a lead: a contact)
    poll_seconds: int = 300


OBJECTS = {
    found.kind: found
    for found in (
        Object("contacts", "Contact", merges=True, poll_seconds=60),
        Object("leads", "Lead", merges=True, converts=True, poll_seconds=60),
        Object("accounts", "Account", merges=True, poll_seconds=60),
        Object("opportunities", "Opportunity", poll_seconds=60),
        Object("products", "Product2"),
        Object("cases", "Case"),
        Object("tasks", "Task", where=f"TaskSubtype = '{TASK}'", born={"TaskSubtype": TASK}),
        Object(
            "calls",
            "Task",
            where=f"TaskSubtype = '{CALL}'",
            born={"TaskSubtype": CALL, "Status": "Completed"},
        ),
        Object("meetings", "Event", where="IsChild = false"),
    )
}
# The kind that a reference to an object means; tasks and calls are never referred to by mapped fields.
KINDS = {found.name: found.kind for found in OBJECTS.values() if found.name not in ("Task", "Event")}

# What a lookup with several targets points to when more than one is wanted: the first of these.
PREFERRED = ("Opportunity", "Case", "Account", "Product2", "Contact", "Lead")
