"""What Syncline asks HubSpot for, and why: the list on the connect page, and the scopes of the consent page.

A scope that an account's plan lacks makes HubSpot refuse the connection if it is asked for as required. So contacts, companies,
deals, tickets and owners are required; products, invoices, leads and the text of e-mails are optional: HubSpot leaves out of the
grant what the account does not have. The operator's HubSpot app has to list the same scopes in the same two groups.
"""

from django.utils.translation import gettext_lazy as _

from integrations.registry import Permission, Words

SEE, SEND = (
    _("To see what changed and send it to your other apps."),
    _("To bring over what changed in your other apps."),
)
ARCHIVES = _("To bring over what changed in your other apps. Archived records can be restored in HubSpot for 90 days.")
WRITES = _("create, change, archive")

# (object type as scopes call it, its name, why it is written)
REQUIRED: tuple[tuple[str, Words, Words], ...] = (
    ("contacts", _("Contacts, calls, e-mails, meetings, notes and tasks"), ARCHIVES),
    ("companies", _("Companies"), SEND),
    ("deals", _("Deals"), SEND),
)
OPTIONAL: tuple[tuple[str, Words, Words], ...] = (
    ("products", _("Products"), SEND),
    ("invoices", _("Invoices"), SEND),
    ("leads", _("Leads"), SEND),
)
PROPERTIES: tuple[tuple[str, Words], ...] = (
    ("contacts", _("Contact properties")),
    ("companies", _("Company properties")),
    ("deals", _("Deal properties")),
)


def _objects(rows: tuple[tuple[str, Words, Words], ...]) -> tuple[Permission, ...]:
    return tuple(
        permission
        for name, data, why in rows
        for permission in (
            Permission(data, _("read"), SEE, f"crm.objects.{name}.read"),
            Permission(data, WRITES, why, f"crm.objects.{name}.write"),
        )
    )


def _properties() -> tuple[Permission, ...]:
    asks = _("Only when you ask for a new property while mapping fields.")
    return tuple(
        permission
        for name, data in PROPERTIES
        for permission in (
            Permission(data, _("read"), _("To offer your own properties for mapping."), f"crm.schemas.{name}.read"),
            Permission(data, _("create"), asks, f"crm.schemas.{name}.write"),
        )
    )


NEEDED = (
    *_objects(REQUIRED),
    Permission(_("Tickets"), _("read, create, change, archive"), SEND, "tickets"),
    *_properties(),
    Permission(_("Owners"), _("read"), _("To give records the same owner in your other apps, by e-mail address."),
               "crm.objects.owners.read"),
    Permission(_("Account"), _("read"), _("To know which HubSpot account this is."), "oauth"),
)  # fmt: skip
WANTED = (
    *_objects(OPTIONAL),
    Permission(_("E-mails"), _("read the text"), SEE, "sales-email-read"),
)
PERMISSIONS = (*NEEDED, *WANTED)

SCOPES = tuple(permission.scope for permission in NEEDED)
OPTIONAL_SCOPES = tuple(permission.scope for permission in WANTED)

WITH_CONTACTS = {"calls", "emails", "meetings", "notes", "tasks"}  # activities have no scopes of their own


def write_scope(kind: str) -> str:
    """The scope that writing this object type takes."""
    if kind == "tickets":
        return "tickets"
    return f"crm.objects.{'contacts' if kind in WITH_CONTACTS else kind}.write"
