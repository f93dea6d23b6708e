"""What Syncline asks HubSpot for, and why: the list on the connect page, and the scopes of the consent page.

A scope that an account's plan lacks makes HubSpot refuse the connection if it is asked for as required. So contacts, companies,
deals, tickets and owners are required; products, invoices, leads and the text of e-mails are optional: HubSpot leaves out of the
grant what the account does not have. The operator's HubSpot app has to list the same scopes in the same two groups.
"""

from django.utils.translation import gettext_lazy as _

from integrations.connectors.hubspot.objects import TEXT_SCOPE
from integrations.registry import Permission

MAY = _("read, create, change, archive")
WHY = _("To see what changed, and to bring over what changed in your other apps.")
ARCHIVED = _(
    "To see what changed, and to bring over what changed in your other apps. HubSpot restores archived records for 90 days."
)
PLAN = _("The same, if your HubSpot plan has them.")

# A line may stand for several scopes, with blanks between them.
NEEDED = (
    Permission(_("Contacts, calls, e-mails, meetings, notes and tasks"), MAY, ARCHIVED,
               "crm.objects.contacts.read crm.objects.contacts.write"),
    Permission(_("Companies"), MAY, WHY, "crm.objects.companies.read crm.objects.companies.write"),
    Permission(_("Deals"), MAY, WHY, "crm.objects.deals.read crm.objects.deals.write"),
    Permission(_("Tickets"), MAY, WHY, "tickets"),
    Permission(_("Properties of contacts, companies and deals"), _("read"), _("To offer your own properties for mapping."),
               "crm.schemas.contacts.read crm.schemas.companies.read crm.schemas.deals.read"),
    Permission(_("Properties of contacts, companies and deals"), _("create"),
               _("Only when you ask for a new property while mapping fields."),
               "crm.schemas.contacts.write crm.schemas.companies.write crm.schemas.deals.write"),
    Permission(_("Owners"), _("read"), _("To give records the same owner in your other apps, by e-mail address."),
               "crm.objects.owners.read"),
    Permission(_("Account"), _("read"), _("To know which HubSpot account this is."), "oauth"),
)  # fmt: skip
WANTED = (
    Permission(_("Products"), MAY, PLAN, "crm.objects.products.read crm.objects.products.write"),
    Permission(_("Invoices"), MAY, PLAN, "crm.objects.invoices.read crm.objects.invoices.write"),
    Permission(_("Leads"), MAY, PLAN, "crm.objects.leads.read crm.objects.leads.write"),
    Permission(_("Text of e-mails"), _("read"), WHY, TEXT_SCOPE),
)
PERMISSIONS = (*NEEDED, *WANTED)

SCOPES = tuple(scope for permission in NEEDED for scope in permission.scope.split())
OPTIONAL_SCOPES = tuple(scope for permission in WANTED for scope in permission.scope.split())

WITH_CONTACTS = {"calls", "emails", "meetings", "notes", "tasks"}  # activities have no scopes of their own


def write_scope(kind: str) -> str:
    """The scope that writing this object type takes."""
    if kind == "tickets":
        return "tickets"
    return f"crm.objects.{'contacts' if kind in WITH_CONTACTS else kind}.write"
