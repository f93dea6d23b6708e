"""Object types and the fields that carry their concepts. ``attribute:table`` is one target of a lookup that can point
to several."""

from django.utils.translation import gettext_lazy as _

from integrations.connectors.dynamics.tables import PARTIES
from integrations.registry import Kind, Preset

OUT_OR_IN = (("out", "true"), ("in", "false"))
PRIORITY = (("low", "0"), ("medium", "1"), ("high", "2"))  # of activities

ADDRESS = (
    Preset("street", "address1_line1"),
    Preset("city", "address1_city"),
    Preset("state", "address1_stateorprovince"),
    Preset("postcode", "address1_postalcode"),
    Preset("country", "address1_country"),
)

CONTACTS = Kind(
    key="contacts", label=_("Contacts"), noun=_("contact"), concept="person",
    presets=(
        Preset("email", "emailaddress1", required=True, locked=True),
        Preset("first_name", "firstname"),
        Preset("last_name", "lastname"),
        Preset("phone", "telephone1"),
        Preset("mobile", "mobilephone"),
        Preset("fax", "fax"),
        Preset("job_title", "jobtitle"),
        Preset("website", "websiteurl"),
        *ADDRESS,
        Preset("owner", "ownerid"),
        Preset("company", "parentcustomerid:account"),
        Preset("opt_out", "donotemail", on=False),
        Preset("description", "description", on=False),
    ),
    label_fields=("firstname", "lastname"), label_else=("emailaddress1",),
    filter_fields=("statuscode", "address1_country"),
)  # fmt: skip

LEADS = Kind(
    key="leads", label=_("Leads"), noun=_("lead"), concept="person",
    presets=(
        Preset("email", "emailaddress1", required=True, locked=True),
        Preset("first_name", "firstname"),
        Preset("last_name", "lastname"),
        Preset("phone", "telephone1"),
        Preset("mobile", "mobilephone"),
        Preset("fax", "fax"),
        Preset("job_title", "jobtitle"),
        Preset("company_name", "companyname"),
        Preset("website", "websiteurl"),
        *ADDRESS,
        Preset("owner", "ownerid"),
        Preset("company", "parentaccountid", on=False),
        Preset("industry", "industrycode", on=False),
        Preset("lead_source", "leadsourcecode", on=False),
        Preset("employees", "numberofemployees", on=False),
        Preset("annual_revenue", "revenue", on=False),
        Preset("description", "description", on=False),
    ),
    label_fields=("firstname", "lastname"), label_else=("companyname",),
    filter_fields=("statuscode", "leadsourcecode"),
    # HubSpot knows no leads beside contacts: a lead becomes a contact there, and is not written back.
    defaults={"direction": "to_hub"},
    stamps=(("lifecycle_stage", "lead"),),
)  # fmt: skip

ACCOUNTS = Kind(
    key="accounts", label=_("Accounts"), noun=_("account"), concept="company",
    presets=(
        Preset("name", "name", required=True),
        Preset("domain", "websiteurl", on=False),  # to be found by
        Preset("website", "websiteurl"),
        Preset("phone", "telephone1"),
        *ADDRESS,
        Preset("employees", "numberofemployees"),
        Preset("annual_revenue", "revenue"),
        Preset("owner", "ownerid"),
        Preset("parent", "parentaccountid"),
        Preset("description", "description"),
        Preset("industry", "industrycode", on=False),
        Preset("company_type", "customertypecode", on=False),
    ),
    label_fields=("name",),
    filter_fields=("statuscode", "customertypecode", "address1_country"),
)  # fmt: skip

OPPORTUNITIES = Kind(
    key="opportunities", label=_("Opportunities"), noun=_("opportunity"), concept="deal",
    presets=(
        Preset("name", "name", required=True),
        Preset("amount", "estimatedvalue"),
        Preset("currency", "transactioncurrencyid"),
        Preset("close_date", "estimatedclosedate"),
        # Status reasons are each organisation's own; open, won and lost are everybody's.
        Preset("stage", "statecode", values=(("open", "0"), ("won", "1"), ("lost", "2"))),
        Preset("probability", "closeprobability", on=False),
        Preset("owner", "ownerid"),
        Preset("description", "description"),
        Preset("company", "parentaccountid"),
        Preset("contacts", "parentcontactid"),
    ),
    label_fields=("name",),
    filter_fields=("statecode", "statuscode", "salesstage"),
)  # fmt: skip

PRODUCTS = Kind(
    key="products", label=_("Products"), noun=_("product"), concept="product",
    presets=(
        Preset("name", "name", required=True),
        Preset("sku", "productnumber", required=True),
        Preset("price", "price"),
        Preset("cost", "currentcost"),
        Preset("currency", "transactioncurrencyid", on=False),
        Preset("description", "description"),
    ),
    label_fields=("name",), label_else=("productnumber",),
    filter_fields=("statuscode",),
)  # fmt: skip

INVOICES = Kind(
    key="invoices", label=_("Invoices"), noun=_("invoice"), concept="invoice",
    presets=(
        Preset("number", "invoicenumber"),
        Preset("amount", "totalamount"),
        Preset("currency", "transactioncurrencyid"),
        Preset("status", "statuscode", values=(
            ("draft", "1"), ("open", "4"), ("open", "2"), ("open", "5"), ("open", "6"), ("open", "100002"),
            ("paid", "100001"), ("paid", "7"), ("void", "100003"), ("void", "3"),
        )),
        Preset("issue_date", "createdon"),
        Preset("due_date", "duedate"),
        Preset("owner", "ownerid"),
        Preset("company", "customerid:account"),
        Preset("contacts", "customerid:contact"),
        Preset("deals", "opportunityid"),
    ),
    label_fields=("invoicenumber",), label_else=("name",),
    filter_fields=("statuscode",),
    defaults={"direction": "to_hub"},  # amounts are sums of lines, which are not written
)  # fmt: skip

INCIDENTS = Kind(
    key="incidents", label=_("Cases"), noun=_("case"), concept="ticket",
    presets=(
        Preset("name", "title", required=True),
        Preset("description", "description"),
        Preset("status", "statecode", values=(("open", "0"), ("done", "1"), ("done", "2"))),
        Preset("priority", "prioritycode", values=(("high", "1"), ("medium", "2"), ("low", "3"))),
        Preset("category", "casetypecode", on=False),
        Preset("owner", "ownerid"),
        Preset("company", "customerid:account"),
        Preset("contacts", "primarycontactid"),
    ),
    label_fields=("title",), label_else=("ticketnumber",),
    filter_fields=("statecode", "statuscode", "prioritycode"),
)  # fmt: skip

TASKS = Kind(
    key="tasks", label=_("Tasks"), noun=_("task"), concept="task",
    presets=(
        Preset("subject", "subject", required=True),
        Preset("body", "description"),
        Preset("due", "scheduledend"),
        Preset("time", "scheduledend", on=False),
        Preset("status", "statuscode", values=(("open", "2"), ("done", "5"), ("done", "6"))),
        Preset("priority", "prioritycode", values=PRIORITY),
        Preset("owner", "ownerid"),
        Preset("contacts", "regardingobjectid:contact"),
        Preset("companies", "regardingobjectid:account"),
        Preset("deals", "regardingobjectid:opportunity"),
        Preset("tickets", "regardingobjectid:incident"),
    ),
    label_fields=("subject",),
    filter_fields=("statuscode",),
)  # fmt: skip

PHONECALLS = Kind(
    key="phonecalls", label=_("Phone calls"), noun=_("phone call"), concept="call",
    presets=(
        Preset("subject", "subject", required=True),
        Preset("body", "description"),
        Preset("time", "scheduledstart"),
        Preset("direction", "directioncode", values=OUT_OR_IN),
        Preset("status", "statuscode", values=(("done", "2"), ("done", "4"), ("open", "1"), ("canceled", "3"))),
        Preset("owner", "ownerid"),
        Preset("contacts", PARTIES),
        Preset("companies", "regardingobjectid:account"),
        Preset("deals", "regardingobjectid:opportunity"),
        Preset("tickets", "regardingobjectid:incident"),
    ),
    label_fields=("subject",),
    filter_fields=("statuscode", "directioncode"),
)  # fmt: skip

APPOINTMENTS = Kind(
    key="appointments", label=_("Appointments"), noun=_("appointment"), concept="meeting",
    presets=(
        Preset("subject", "subject", required=True),
        Preset("body", "description"),
        Preset("time", "scheduledstart", required=True),
        Preset("end_time", "scheduledend", required=True),
        Preset("location", "location"),
        Preset("outcome", "statuscode", on=False),
        Preset("owner", "ownerid"),
        Preset("contacts", PARTIES),
        Preset("companies", "regardingobjectid:account"),
        Preset("deals", "regardingobjectid:opportunity"),
        Preset("tickets", "regardingobjectid:incident"),
    ),
    label_fields=("subject",),
    filter_fields=("statuscode",),
)  # fmt: skip

EMAILS = Kind(
    key="emails", label=_("E-mails"), noun=_("e-mail"), concept="email",
    presets=(
        Preset("subject", "subject", required=True),
        Preset("body", "description"),
        Preset("time", "actualend"),
        Preset("direction", "directioncode", values=OUT_OR_IN),
        # Pending Send (6) and Sending (7) are never written: Dynamics would send the e-mail.
        Preset("status", "statuscode", values=(
            ("done", "3"), ("done", "4"), ("done", "2"), ("done", "7"), ("done", "6"), ("open", "1"),
            ("failed", "8"), ("failed", "5"),
        )),
        Preset("owner", "ownerid"),
        Preset("contacts", PARTIES),
        Preset("companies", "regardingobjectid:account"),
        Preset("deals", "regardingobjectid:opportunity"),
        Preset("tickets", "regardingobjectid:incident"),
    ),
    label_fields=("subject",),
    filter_fields=("statuscode", "directioncode"),
)  # fmt: skip

ANNOTATIONS = Kind(
    key="annotations", label=_("Notes"), noun=_("note"), concept="note",
    presets=(
        Preset("subject", "subject", on=False),
        Preset("body", "notetext"),
        Preset("time", "createdon"),
        Preset("owner", "ownerid"),
        Preset("contacts", "objectid:contact"),
        Preset("companies", "objectid:account"),
        Preset("deals", "objectid:opportunity"),
        Preset("tickets", "objectid:incident"),
    ),
    label_fields=("subject",), label_else=("notetext",),
)  # fmt: skip

ALL = (
    CONTACTS, LEADS, ACCOUNTS, OPPORTUNITIES, PRODUCTS, INVOICES, INCIDENTS, TASKS, PHONECALLS, APPOINTMENTS, EMAILS, ANNOTATIONS
)  # fmt: skip
