"""The tables behind our kinds: what each is called in addresses, in types and as a key, and in what it differs from the others.

Facts: learn.microsoft.com, Dataverse Web API v9.2 and the table reference of Sales and Customer Service.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Closing:
    """A state that is reached by an action instead of an update. ``member``: the activity in its body, ``lookup`` in it."""

    action: str
    member: str
    lookup: str


@dataclass(frozen=True, slots=True)
class Table:
    """``kind`` is the entity set, as in addresses; ``logical`` the name in types.

    ``party_mask``: what a contact is in the participants of a new activity, by ``directioncode`` (True: outgoing); () where the
    activity has no participants. ``born``: the state of a new row. ``account`` and ``contact``: the fields that say whose an
    opportunity or a case is, see ``customers``. ``title``: of rows with requests besides the update (participants, closing), the
    column that says what they are called.
    """

    kind: str
    logical: str
    key: str
    merges: bool = False
    closings: tuple[tuple[int, Closing], ...] = ()
    party_mask: tuple[int, int] | tuple[()] = ()  # incoming, outgoing
    born: int = 0
    find_first: tuple[str, ...] = ()  # lookups that a new row needs, see ``lookups.Defaults``
    account: str = ""
    contact: str = ""
    title: str = "subject"

    @property
    def parties(self) -> str:
        """The collection of an activity's participants."""
        return f"{self.logical}_activity_parties"

    def closing(self, state: int) -> Closing | None:
        return dict(self.closings).get(state)


OPPORTUNITY = (
    (1, Closing("WinOpportunity", "OpportunityClose", "opportunityid")),
    (2, Closing("LoseOpportunity", "OpportunityClose", "opportunityid")),
)
INCIDENT = ((1, Closing("CloseIncident", "IncidentResolution", "incidentid")),)

TABLES = {
    table.kind: table
    for table in (
        Table("contacts", "contact", "contactid", merges=True),
        Table("leads", "lead", "leadid", merges=True),
        Table("accounts", "account", "accountid", merges=True),
        Table("opportunities", "opportunity", "opportunityid", closings=OPPORTUNITY, account="parentaccountid",
              contact="parentcontactid", title="name"),
        Table("products", "product", "productid", born=2, find_first=("unit",)),
        Table("invoices", "invoice", "invoiceid", find_first=("price_list",)),
        Table("incidents", "incident", "incidentid", merges=True, closings=INCIDENT, account="customerid:account",
              contact="primarycontactid", title="title"),
        Table("tasks", "task", "activityid"),
        Table("phonecalls", "phonecall", "activityid", party_mask=(1, 2)),
        Table("appointments", "appointment", "activityid", party_mask=(5, 5), born=3),
        Table("emails", "email", "activityid", party_mask=(1, 2)),
        Table("annotations", "annotation", "annotationid"),
    )
}  # fmt: skip
KINDS = {table.logical: table.kind for table in TABLES.values()}

# What a lookup with several targets points to when more than one is wanted: the first of these.
PREFERRED = ("opportunity", "incident", "account", "contact", "lead", "invoice")
PARTIES = "parties:contact"  # our name for the contacts among an activity's participants
