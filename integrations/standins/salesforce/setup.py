"""What an administrator has set up in a new org: users, a queue, record types, stages, statuses, the standard price book."""

from typing import TYPE_CHECKING

from integrations.standins.salesforce.lines_business import STAGES

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

USERS = (
    ("Dana", "Reyes", True), ("Tomasz", "Wrona", True), ("Ploy", "Srisuk", True), ("Former", "Colleague", False),
    ("Syncline", "Integration", True),
)  # fmt: skip
"""(first name, last name, active); the last one is the user that the API is used as."""
RECORD_TYPES = (
    ("Account", "Customer", True), ("Account", "Partner", False), ("Opportunity", "New Business", True),
    ("Opportunity", "Renewal", False),
)  # fmt: skip
STATUSES = {
    "LeadStatus": ("IsConverted", ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"),
                   ("Closed - Converted",)),
    "CaseStatus": ("IsClosed", ("New", "Working", "Escalated", "Closed"), ("Closed",)),
    "TaskStatus": ("IsClosed", ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"), ("Completed",)),
    "TaskPriority": ("IsHighPriority", ("High", "Normal", "Low"), ("High",)),
}  # fmt: skip


def fill(org: "Org") -> tuple[list[str], str, str, str]:
    """(users who work there, the integration's user, a queue, the standard price book), all as ids."""
    users = [_user(org, *about) for about in USERS]
    org.me = users[-1]
    queue = org.make("Group", {"Name": "Inbound Leads", "DeveloperName": "Inbound_Leads", "Type": "Queue"})
    for kind, name, default in RECORD_TYPES:
        made = org.make(
            "RecordType", {"Name": name, "DeveloperName": name.replace(" ", "_"), "SobjectType": kind, "IsActive": True}
        )
        if default:
            org.tables[kind].kind.fields["RecordTypeId"].default = made
    _statuses(org)
    book = org.make("Pricebook2", {"Name": "Standard Price Book", "IsActive": True, "IsStandard": True})
    return users[:3], users[-1], queue, book


def _user(org: "Org", first: str, last: str, active: bool) -> str:
    email = f"{first}.{last}@syncline.example".lower()
    return org.make("User", {"FirstName": first, "LastName": last, "Email": email, "Username": f"{email}.org{org.number}",
                             "Alias": f"{first[0]}{last}".lower()[:8], "IsActive": active})  # fmt: skip


def _statuses(org: "Org") -> None:
    for place, (name, chance, forecast) in enumerate(STAGES):
        closed = name.startswith("Closed")
        org.make("OpportunityStage", {
            "MasterLabel": name, "ApiName": name, "IsActive": True, "SortOrder": place + 1, "IsClosed": closed,
            "IsWon": name == "Closed Won", "DefaultProbability": float(chance), "ForecastCategory": forecast,
            "ForecastCategoryName": forecast,
        })  # fmt: skip
    for kind, (flag, names, marked) in STATUSES.items():
        for place, name in enumerate(names):
            default = name in ("Open - Not Contacted", "New", "Not Started", "Normal")
            org.make(kind, {"MasterLabel": name, "ApiName": name, "SortOrder": place + 1, "IsDefault": default,
                            flag: name in marked})  # fmt: skip
