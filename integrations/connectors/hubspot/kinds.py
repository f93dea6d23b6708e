"""HubSpot's object types in the catalogue: which property carries which concept, and what is offered first in filters.

The words of concepts are those of ``integrations/registry.py``. Rows that start switched off are ``on=False``. That a row is only
read (an invoice's amount) need not be said here: the property's definition says so.
"""

from django.utils.translation import gettext_lazy as _

from integrations.registry import Kind, Preset, Words

COMPANY, COMPANIES = "associations.companies.primary", "associations.companies"
CONTACTS, DEALS, TICKETS = "associations.contacts", "associations.deals", "associations.tickets"

PLACE = (
    Preset("street", "address"),
    Preset("city", "city"),
    Preset("state", "state"),
    Preset("postcode", "zip"),
    Preset("country", "country"),
)
OWNER = Preset("owner", "hubspot_owner_id")
PRIORITY = (("low", "LOW"), ("medium", "MEDIUM"), ("high", "HIGH"))
CALL_STATUS = (
    *(("done", value) for value in ("COMPLETED", "NO_ANSWER", "BUSY", "FAILED", "MISSED")),
    *(("open", value) for value in ("QUEUED", "RINGING", "CONNECTING", "CALLING_CRM_USER", "IN_PROGRESS")),
    ("canceled", "CANCELED"),
)
EMAIL_STATUS = (
    ("done", "SENT"),
    ("open", "SCHEDULED"),
    ("open", "SENDING"),
    ("failed", "FAILED"),
    ("failed", "BOUNCED"),
)
TASK_STATUS = (("open", "NOT_STARTED"), ("done", "COMPLETED"))

PEOPLE = Kind(
    key="contacts", label=_("Contacts"), noun=_("contact"), concept="person",
    presets=(
        Preset("email", "email", required=True, locked=True),
        Preset("first_name", "firstname"),
        Preset("last_name", "lastname"),
        Preset("phone", "phone"),
        Preset("mobile", "mobilephone"),
        Preset("job_title", "jobtitle"),
        Preset("company_name", "company"),
        Preset("website", "website"),
        *PLACE,
        Preset("industry", "industry"),
        OWNER,
        Preset("lifecycle_stage", "lifecyclestage"),
        Preset("opt_out", "hs_email_optout"),
        Preset("fax", "fax", on=False),
        Preset("annual_revenue", "annualrevenue", on=False),
        Preset("employees", "numemployees", on=False),
        Preset("lead_source", "hs_analytics_source", on=False),
        Preset("company", COMPANY),  # rests until the companies themselves sync
        Preset("companies", COMPANIES, on=False),
    ),
    label_fields=("firstname", "lastname"), label_else=("email",),
    filter_fields=("lifecyclestage", "hs_lead_status", "country"),
)  # fmt: skip

FIRMS = Kind(
    key="companies", label=_("Companies"), noun=_("company"), concept="company",
    presets=(
        Preset("name", "name", required=True),
        Preset("domain", "domain"),
        Preset("phone", "phone"),
        Preset("website", "website"),
        *PLACE,
        Preset("industry", "industry"),
        Preset("employees", "numberofemployees"),
        Preset("annual_revenue", "annualrevenue"),
        OWNER,
        Preset("parent", "associations.companies.parent"),
        Preset("description", "description", on=False),
        Preset("company_type", "type", on=False),
    ),
    label_fields=("name",), label_else=("domain",),
    filter_fields=("lifecyclestage", "industry", "country"),
)  # fmt: skip

SALES = Kind(
    key="deals", label=_("Deals"), noun=_("deal"), concept="deal",
    presets=(
        Preset("name", "dealname", required=True),
        Preset("pipeline", "pipeline", required=True),
        Preset("stage", "dealstage", required=True, values=(("won", "closedwon"), ("lost", "closedlost"))),
        Preset("amount", "amount"),
        Preset("currency", "deal_currency_code"),
        Preset("close_date", "closedate"),
        OWNER,
        Preset("company", COMPANY),
        Preset("contacts", CONTACTS),
        Preset("probability", "hs_deal_stage_probability", on=False),
        Preset("deal_type", "dealtype", on=False),
        Preset("description", "description", on=False),
    ),
    label_fields=("dealname",),
    filter_fields=("pipeline", "dealstage"),
)  # fmt: skip

GOODS = Kind(
    key="products", label=_("Products"), noun=_("product"), concept="product",
    presets=(
        Preset("name", "name", required=True),
        Preset("sku", "hs_sku"),
        Preset("price", "price"),
        Preset("description", "description"),
        Preset("cost", "hs_cost_of_goods_sold", on=False),
    ),
    label_fields=("name",), label_else=("hs_sku",),
)  # fmt: skip

# HubSpot numbers invoices and sums them up itself, and takes no payments through this API: it is the side that receives.
BILLS = Kind(
    key="invoices", label=_("Invoices"), noun=_("invoice"), concept="invoice",
    presets=(
        Preset("number", "hs_number"),
        Preset("amount", "hs_amount_billed"),
        Preset("currency", "hs_currency", required=True),
        Preset("status", "hs_invoice_status",
               values=(("draft", "draft"), ("open", "open"), ("paid", "paid"), ("void", "voided"))),
        Preset("issue_date", "hs_invoice_date"),
        Preset("due_date", "hs_due_date"),
        OWNER,
        Preset("company", COMPANIES),
        Preset("contacts", CONTACTS),
    ),
    label_fields=("hs_number",),
    filter_fields=("hs_invoice_status",),
)  # fmt: skip

REQUESTS = Kind(
    key="tickets", label=_("Tickets"), noun=_("ticket"), concept="ticket",
    presets=(
        Preset("name", "subject", required=True),
        Preset("pipeline", "hs_pipeline"),
        Preset("status", "hs_pipeline_stage", required=True,  # of the pipeline that every account begins with
               values=(("open", "1"), ("open", "2"), ("open", "3"), ("done", "4"))),
        Preset("priority", "hs_ticket_priority", values=(*PRIORITY, ("high", "URGENT"))),
        OWNER,
        Preset("description", "content"),
        Preset("company", COMPANY),
        Preset("contacts", CONTACTS),
        Preset("category", "hs_ticket_category", on=False),
    ),
    label_fields=("subject",),
    filter_fields=("hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority"),
)  # fmt: skip

LEADS = Kind(
    key="leads", label=_("Leads"), noun=_("lead"), concept="lead",
    presets=(
        Preset("name", "hs_lead_name", required=True),
        Preset("contacts", "associations.contacts.primary", required=True),
        Preset("company", COMPANY),
        Preset("stage", "hs_pipeline_stage"),
        OWNER,
    ),
    label_fields=("hs_lead_name",),
    filter_fields=("hs_pipeline_stage", "hs_lead_label"),
)  # fmt: skip


def _activity(key: str, label: Words, noun: Words, concept: str, title: str, *presets: Preset) -> Kind:
    ends = (
        Preset("contacts", CONTACTS),
        Preset("companies", COMPANIES),
        Preset("deals", DEALS),
        Preset("tickets", TICKETS, on=False),
    )
    return Kind(key, label, noun, concept, (*presets, OWNER, *ends), label_fields=(title,))


ACTIVITIES = (
    _activity(
        "calls", _("Calls"), _("call"), "call", "hs_call_title",
        Preset("subject", "hs_call_title"),
        Preset("time", "hs_timestamp", required=True),
        Preset("body", "hs_call_body"),
        Preset("direction", "hs_call_direction", values=(("out", "OUTBOUND"), ("in", "INBOUND"))),
        Preset("duration", "hs_call_duration"),
        Preset("outcome", "hs_call_disposition"),
        Preset("status", "hs_call_status", values=CALL_STATUS),
        Preset("activity_type", "hs_activity_type", on=False),
    ),
    _activity(
        "emails", _("E-mails"), _("e-mail"), "email", "hs_email_subject",
        Preset("subject", "hs_email_subject"),
        Preset("time", "hs_timestamp", required=True),
        Preset("body", "hs_email_text"),
        Preset("direction", "hs_email_direction", required=True,
               values=(("out", "EMAIL"), ("in", "INCOMING_EMAIL"), ("out", "FORWARDED_EMAIL"))),
        Preset("status", "hs_email_status", values=EMAIL_STATUS),
    ),
    _activity(
        "meetings", _("Meetings"), _("meeting"), "meeting", "hs_meeting_title",
        Preset("subject", "hs_meeting_title"),
        Preset("time", "hs_meeting_start_time", required=True),
        Preset("end_time", "hs_meeting_end_time"),
        Preset("body", "hs_meeting_body"),
        Preset("location", "hs_meeting_location"),
        Preset("outcome", "hs_meeting_outcome"),
        Preset("activity_type", "hs_activity_type", on=False),
    ),
    _activity(
        "notes", _("Notes"), _("note"), "note", "hs_note_body",
        Preset("body", "hs_note_body", required=True),
        Preset("time", "hs_timestamp", required=True),
    ),
    _activity(
        "tasks", _("Tasks"), _("task"), "task", "hs_task_subject",
        Preset("subject", "hs_task_subject", required=True),
        Preset("due", "hs_timestamp", required=True),
        Preset("status", "hs_task_status", values=TASK_STATUS),
        Preset("priority", "hs_task_priority", values=PRIORITY),
        Preset("activity_type", "hs_task_type"),
        Preset("body", "hs_task_body"),
    ),
)  # fmt: skip

KINDS = (PEOPLE, FIRMS, SALES, GOODS, BILLS, REQUESTS, LEADS, *ACTIVITIES)
