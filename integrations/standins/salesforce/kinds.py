"""The objects of an org: their lines put together with the fields that all records have."""

from integrations.standins.salesforce import lines_business as business
from integrations.standins.salesforce import lines_other as other
from integrations.standins.salesforce import lines_people as people
from integrations.standins.salesforce.fields import Field, Kind, address, parsed

SYSTEM = """
CreatedDate|datetime|Created Date|ro;req;def
CreatedById|reference|Created By ID|ro;req;def;to=User
LastModifiedDate|datetime|Last Modified Date|ro;req;def
LastModifiedById|reference|Last Modified By ID|ro;req;def;to=User
SystemModstamp|datetime|System Modstamp|ro;req;def
"""
SEEN = "LastViewedDate|datetime|Last Viewed Date|ro\nLastReferencedDate|datetime|Last Referenced Date|ro\n"
OWNED = {"Account": "User", "Contact": "User", "Opportunity": "User", "Lead": "Group,User", "Case": "Group,User",
         "Task": "Group,User", "Event": "Group,User"}  # fmt: skip
"""Whom the owner of a record can be."""

RECORDS = {
    "Account": ("001", "Account", "Accounts", people.ACCOUNT), "Contact": ("003", "Contact", "Contacts", people.CONTACT),
    "Lead": ("00Q", "Lead", "Leads", people.LEAD),
    "Opportunity": ("006", "Opportunity", "Opportunities", business.OPPORTUNITY),
    "OpportunityContactRole": ("00K", "Opportunity Contact Role", "Opportunity Contact Role",
                               business.OPPORTUNITY_CONTACT_ROLE),
    "OpportunityLineItem": ("00k", "Opportunity Product", "Opportunity Product", business.OPPORTUNITY_LINE_ITEM),
    "Product2": ("01t", "Product", "Products", business.PRODUCT2),
    "Pricebook2": ("01s", "Price Book", "Price Books", business.PRICEBOOK2),
    "PricebookEntry": ("01u", "Price Book Entry", "Price Book Entries", business.PRICEBOOK_ENTRY),
    "Case": ("500", "Case", "Cases", business.CASE), "CaseComment": ("00a", "Case Comment", "Case Comments", business.CASE_COMMENT),
    "Task": ("00T", "Task", "Tasks", other.TASK), "Event": ("00U", "Event", "Events", other.EVENT),
    "EventRelation": ("0RE", "Event Relation", "Event Relations", other.EVENT_RELATION),
    "EmailMessage": ("02s", "Email Message", "Email Messages", other.EMAIL_MESSAGE),
    "EmailMessageRelation": ("0CZ", "Email Message Relation", "Email Message Relations", other.EMAIL_MESSAGE_RELATION),
}  # fmt: skip
SETUP = {
    "User": ("005", "User", "Users", other.USER), "Group": ("00G", "Group", "Group", other.GROUP),
    "Organization": ("00D", "Organization", "Organizations", other.ORGANIZATION),
    "RecordType": ("012", "Record Type", "Record Types", other.RECORD_TYPE),
    "OpportunityStage": ("01J", "Opportunity Stage", "Opportunity Stage", other.OPPORTUNITY_STAGE),
    "LeadStatus": ("01I", "Lead Status Value", "Lead Status Value", other.STATUS + other.CONVERTED),
    "CaseStatus": ("01K", "Case Status Value", "Case Status Value", other.STATUS + other.CLOSED),
    "TaskStatus": ("01L", "Task Status Value", "Task Status Value", other.STATUS + other.CLOSED),
    "TaskPriority": ("01M", "Task Priority Value", "Task Priority Value", other.STATUS + other.HIGH),
}  # fmt: skip
MERGEABLE = ("Account", "Contact", "Lead")
UNSEEN = ("OpportunityContactRole", "OpportunityLineItem", "CaseComment", "Task", "Event", "EventRelation", "EmailMessage",
          "EmailMessageRelation", "PricebookEntry")  # fmt: skip


def kinds() -> dict[str, Kind]:
    """All objects as a new org has them, by name."""
    made = {name: _kind(name, *about) for name, about in RECORDS.items()}
    for name, about in SETUP.items():
        made[name] = _kind(name, *about)
        made[name].setup = True
    return made


def name_kind() -> Kind:
    """What the target of a lookup to several objects is taken for."""
    return Kind("Name", "", "Name", "Names", {each.name: each for each in [_id("Name"), *_fields(other.NAME)]})


def _kind(name: str, prefix: str, label: str, plural: str, lines: str) -> Kind:
    text = lines
    if name in OWNED:
        text += f"OwnerId|reference|Owner ID|req;def;to={OWNED[name]}\n"
    found = [_id(label), parsed("IsDeleted|boolean|Deleted|ro"), *_fields(text + SYSTEM)]
    if name in RECORDS and name not in UNSEEN:
        found += _fields(SEEN)
    if name in ("Account", "Contact", "Lead", "Opportunity"):
        found.append(parsed("LastActivityDate|date|Last Activity|ro"))
    return Kind(name, prefix, label, plural, {each.name: each for each in found}, mergeable=name in MERGEABLE)


def _id(label: str) -> Field:
    return parsed(f"Id|id|{label} ID|ro;req;def;idl")


def _fields(text: str) -> list[Field]:
    made: list[Field] = []
    for line in filter(None, text.splitlines()):
        if line.startswith("@"):
            prefix, label = line[1:].split("|")
            made += address(prefix, label)
        else:
            made.append(parsed(line))
    return made
