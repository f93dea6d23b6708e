"""Object types and the fields that carry their concepts. ``lookup:Object`` is one target of a lookup that can point to several.

Rows start switched off where a value of one app's list would have no partner in the other's: a default must not make records fail.
"""

from django.utils.translation import gettext_lazy as _

from integrations.connectors.salesforce.roles import ROLES
from integrations.registry import Kind, Preset

OWNER = Preset("owner", "OwnerId")

CONTACTS = Kind(
    key="contacts", label=_("Contacts"), noun=_("contact"), concept="person",
    presets=(
        Preset("email", "Email", required=True, locked=True),
        Preset("first_name", "FirstName"),
        Preset("last_name", "LastName", required=True),
        Preset("phone", "Phone"),
        Preset("mobile", "MobilePhone"),
        Preset("fax", "Fax", on=False),
        Preset("job_title", "Title"),
        Preset("street", "MailingStreet"),
        Preset("city", "MailingCity"),
        Preset("state", "MailingState"),
        Preset("postcode", "MailingPostalCode"),
        Preset("country", "MailingCountry"),
        OWNER,
        Preset("company", "AccountId"),
        Preset("opt_out", "HasOptedOutOfEmail"),
        Preset("lead_source", "LeadSource", on=False),
        Preset("description", "Description", on=False),
    ),
    label_fields=("FirstName", "LastName"), label_else=("Email",),
    filter_fields=("LeadSource", "MailingCountry", "RecordTypeId"),
    # Whoever is a contact in Salesforce was qualified by a salesperson; later stages stay as they are.
    stamps=(("lifecycle_stage", "salesqualifiedlead"),),
)  # fmt: skip

LEADS = Kind(
    key="leads", label=_("Leads"), noun=_("lead"), concept="person",
    presets=(
        Preset("email", "Email", required=True, locked=True),
        Preset("first_name", "FirstName"),
        Preset("last_name", "LastName", required=True),
        Preset("company_name", "Company", required=True),
        Preset("phone", "Phone"),
        Preset("mobile", "MobilePhone"),
        Preset("fax", "Fax", on=False),
        Preset("job_title", "Title"),
        Preset("website", "Website"),
        Preset("street", "Street"),
        Preset("city", "City"),
        Preset("state", "State"),
        Preset("postcode", "PostalCode"),
        Preset("country", "Country"),
        OWNER,
        Preset("opt_out", "HasOptedOutOfEmail"),
        Preset("industry", "Industry", on=False),
        Preset("lead_source", "LeadSource", on=False),
        Preset("employees", "NumberOfEmployees", on=False),
        Preset("annual_revenue", "AnnualRevenue", on=False),
        Preset("description", "Description", on=False),
    ),
    label_fields=("FirstName", "LastName"), label_else=("Company",),
    filter_fields=("Status", "LeadSource", "Rating"),
    # A lead becomes a contact of the hub, and the contact that it is converted to takes its place there.
    defaults={"direction": "to_hub"},
    stamps=(("lifecycle_stage", "lead"),),
)  # fmt: skip

ACCOUNTS = Kind(
    key="accounts", label=_("Accounts"), noun=_("account"), concept="company",
    presets=(
        Preset("name", "Name", required=True),
        Preset("website", "Website"),
        Preset("domain", "Website.domain"),
        Preset("phone", "Phone"),
        Preset("street", "BillingStreet"),
        Preset("city", "BillingCity"),
        Preset("state", "BillingState"),
        Preset("postcode", "BillingPostalCode"),
        Preset("country", "BillingCountry"),
        Preset("employees", "NumberOfEmployees"),
        Preset("annual_revenue", "AnnualRevenue"),
        OWNER,
        Preset("parent", "ParentId"),
        Preset("description", "Description"),
        Preset("industry", "Industry", on=False),
        Preset("company_type", "Type", on=False),
    ),
    label_fields=("Name",),
    filter_fields=("Type", "Industry", "BillingCountry", "RecordTypeId"),
)  # fmt: skip

OPPORTUNITIES = Kind(
    key="opportunities", label=_("Opportunities"), noun=_("opportunity"), concept="deal",
    presets=(
        Preset("name", "Name", required=True),
        Preset("stage", "StageName", required=True, values=(("won", "Closed Won"), ("lost", "Closed Lost"))),
        Preset("close_date", "CloseDate", required=True),
        Preset("amount", "Amount"),
        Preset("currency", "CurrencyIsoCode", on=False),  # only in orgs with several
        Preset("probability", "Probability", on=False),
        Preset("deal_type", "Type", on=False),
        OWNER,
        Preset("company", "AccountId"),
        Preset("contacts", ROLES),
        Preset("description", "Description"),
    ),
    label_fields=("Name",),
    filter_fields=("StageName", "Type", "RecordTypeId"),
)  # fmt: skip

PRODUCTS = Kind(
    key="products", label=_("Products"), noun=_("product"), concept="product",
    presets=(
        Preset("name", "Name", required=True),
        Preset("sku", "ProductCode"),
        Preset("description", "Description"),
        Preset("active", "IsActive"),
    ),
    label_fields=("Name",), label_else=("ProductCode",),
    filter_fields=("Family", "IsActive"),
)  # fmt: skip

CASES = Kind(
    key="cases", label=_("Cases"), noun=_("case"), concept="ticket",
    presets=(
        Preset("name", "Subject", required=True),
        Preset("status", "Status", required=True,
               values=(("open", "New"), ("open", "Working"), ("open", "Escalated"), ("done", "Closed"))),
        Preset("description", "Description"),
        Preset("priority", "Priority", values=(("low", "Low"), ("medium", "Medium"), ("high", "High"))),
        Preset("category", "Type", on=False),
        OWNER,
        Preset("company", "AccountId"),
        Preset("contacts", "ContactId"),
    ),
    label_fields=("Subject",), label_else=("CaseNumber",),
    filter_fields=("Status", "Priority", "Origin"),
)  # fmt: skip

ENDS = (
    OWNER,
    Preset("contacts", "WhoId:Contact"),
    Preset("companies", "WhatId:Account"),
    Preset("deals", "WhatId:Opportunity"),
    Preset("tickets", "WhatId:Case"),
)

TASKS = Kind(
    key="tasks", label=_("Tasks"), noun=_("task"), concept="task",
    presets=(
        Preset("subject", "Subject", required=True),
        Preset("due", "ActivityDate", required=True),
        Preset("status", "Status", values=(("open", "Not Started"), ("done", "Completed"))),
        Preset("body", "Description"),
        Preset("priority", "Priority", values=(("low", "Low"), ("medium", "Normal"), ("high", "High"))),
        *ENDS,
    ),
    label_fields=("Subject",),
    filter_fields=("Status", "Priority"),
)  # fmt: skip

CALL_STATUS = (
    ("done", "Completed"),
    ("open", "Not Started"),
    ("open", "In Progress"),
    ("open", "Waiting on someone else"),
    ("canceled", "Deferred"),
)

CALLS = Kind(
    key="calls", label=_("Logged calls"), noun=_("call"), concept="call",
    presets=(
        Preset("subject", "Subject"),
        Preset("time", "ActivityDate", required=True),
        Preset("body", "Description"),
        Preset("direction", "CallType", values=(("out", "Outbound"), ("in", "Inbound"), ("out", "Internal"))),
        Preset("status", "Status", values=CALL_STATUS),
        *ENDS,
    ),
    label_fields=("Subject",),
    filter_fields=("CallType",),
)  # fmt: skip

MEETINGS = Kind(
    key="meetings", label=_("Events"), noun=_("event"), concept="meeting",
    presets=(
        Preset("subject", "Subject"),
        Preset("time", "StartDateTime", required=True),
        Preset("end_time", "EndDateTime"),
        Preset("location", "Location"),
        Preset("body", "Description"),
        *ENDS,
    ),
    label_fields=("Subject",),
    filter_fields=("ShowAs",),
)  # fmt: skip

ALL = (CONTACTS, LEADS, ACCOUNTS, OPPORTUNITIES, PRODUCTS, CASES, TASKS, CALLS, MEETINGS)
