# ruff: noqa: E501 (a property is a line, and lines of a table line up)
"""The properties that accounts ship with, as far as a sync meets them. The format is explained in ``properties.py``."""

GROUPS = {
    "contactinformation": "Contact information",
    "companyinformation": "Company information",
    "dealinformation": "Deal information",
    "ticketinformation": "Ticket information",
    "emailinformation": "Email information",
    "contact_activity": "Contact activity",
    "analyticsinformation": "Web analytics history",
    "sales_properties": "Sales properties",
    "recordinformation": "Record information",
}

COMMON = """
hs_object_id               | Record ID                   | number   | number   | recordinformation | ro
hs_created_by_user_id      | Created by user ID          | number   | number   | recordinformation | ro
hs_updated_by_user_id      | Updated by user ID          | number   | number   | recordinformation | ro
hs_merged_object_ids       | Merged record IDs           | enumeration | checkbox | recordinformation | ro
hs_object_source           | Record source detail        | string   | text     | recordinformation | ro hidden
hs_object_source_label     | Record source               | enumeration | select | recordinformation | ro | INTEGRATION=Integration; CRM_UI=CRM UI; IMPORT=Import
hubspot_owner_id           | Owner                       | enumeration | select | sales_properties  | owner
hubspot_owner_assigneddate | Owner assigned date         | datetime | date     | sales_properties  | calc
"""

LIFECYCLE = (
    "subscriber=Subscriber; lead=Lead; marketingqualifiedlead=Marketing Qualified Lead; "
    "salesqualifiedlead=Sales Qualified Lead; opportunity=Opportunity; customer=Customer; evangelist=Evangelist; "
    "other=Other"
)

CONTACTS = f"""
createdate                 | Create date                 | datetime | date     | contactinformation | ro
lastmodifieddate           | Last modified date          | datetime | date     | contactinformation | ro
email                      | Email                       | string   | text     | contactinformation | unique form
hs_additional_emails       | Additional email addresses  | enumeration | checkbox | contactinformation | ro
work_email                 | Work email                  | string   | text     | contactinformation |
firstname                  | First name                  | string   | text     | contactinformation | form
lastname                   | Last name                   | string   | text     | contactinformation | form
hs_full_name_or_email      | Full name or email          | string   | calculation_equation | contactinformation | calc hidden
salutation                 | Salutation                  | string   | text     | contactinformation | form
jobtitle                   | Job title                   | string   | text     | contactinformation | form
job_function               | Job function                | string   | text     | contactinformation |
seniority                  | Seniority                   | string   | text     | contactinformation |
company                    | Company name                | string   | text     | contactinformation | form
company_size               | Company size                | string   | text     | contactinformation |
associatedcompanyid        | Primary associated company ID | number | number   | contactinformation | calc
website                    | Website URL                 | string   | text     | contactinformation | form
industry                   | Industry                    | string   | text     | contactinformation | form
phone                      | Phone number                | string   | phonenumber | contactinformation | form
mobilephone                | Mobile phone number         | string   | phonenumber | contactinformation | form
fax                        | Fax number                  | string   | phonenumber | contactinformation |
hs_searchable_calculated_phone_number | Calculated phone number | string | calculation_equation | contactinformation | calc hidden
hs_searchable_calculated_mobile_number | Calculated mobile number | string | calculation_equation | contactinformation | calc hidden
hs_email_domain            | Email domain                | string   | text     | contactinformation | calc
address                    | Street address              | string   | text     | contactinformation | form
city                       | City                        | string   | text     | contactinformation | form
state                      | State/Region                | string   | text     | contactinformation | form
zip                        | Postal code                 | string   | text     | contactinformation | form
country                    | Country/Region              | string   | text     | contactinformation | form
hs_timezone                | Time zone                   | enumeration | select | contactinformation |  | europe_slash_berlin=Europe/Berlin; europe_slash_london=Europe/London; america_slash_new_york=America/New York; asia_slash_tokyo=Asia/Tokyo; utc=UTC
hs_language                | Preferred language          | enumeration | select | contactinformation |  | en=English; de=German; fr=French; es=Spanish; it=Italian; pl=Polish; pt-br=Portuguese (Brazil); th=Thai; ja=Japanese; zh-cn=Chinese (China)
date_of_birth              | Date of birth               | string   | text     | contactinformation |
gender                     | Gender                      | string   | text     | contactinformation |
hs_linkedin_url            | LinkedIn URL                | string   | text     | contactinformation |
twitterhandle              | Twitter username            | string   | text     | contactinformation |
message                    | Message                     | string   | textarea | contactinformation |
annualrevenue              | Annual revenue              | string   | text     | contactinformation |
numemployees               | Number of employees         | enumeration | select | contactinformation |  | 1-5; 5-25; 25-50; 50-100; 100-500; 500-1000; 1000+
lifecyclestage             | Lifecycle stage             | enumeration | radio | contactinformation | form | {LIFECYCLE}
hs_lead_status             | Lead status                 | enumeration | radio | sales_properties |  | NEW=New; OPEN=Open; IN_PROGRESS=In progress; OPEN_DEAL=Open deal; UNQUALIFIED=Unqualified; ATTEMPTED_TO_CONTACT=Attempted to contact; CONNECTED=Connected; BAD_TIMING=Bad timing
hs_persona                 | Persona                     | enumeration | select | contactinformation |  | persona_1=Buyer; persona_2=Influencer
hs_buying_role             | Buying role                 | enumeration | checkbox | contactinformation |  | BLOCKER=Blocker; BUDGET_HOLDER=Budget holder; CHAMPION=Champion; DECISION_MAKER=Decision maker; END_USER=End user; EXECUTIVE_SPONSOR=Executive sponsor; INFLUENCER=Influencer; LEGAL_AND_COMPLIANCE=Legal and compliance; OTHER=Other
hs_legal_basis             | Legal basis for processing contact's data | enumeration | checkbox | contactinformation |  | Legitimate interest – existing customer; Legitimate interest – other; Not applicable
hs_email_optout            | Unsubscribed from all email | bool     | booleancheckbox | emailinformation | ro
hs_email_bounce            | Marketing emails bounced    | number   | number   | emailinformation | ro
hs_email_last_send_date    | Last marketing email send date | datetime | date  | emailinformation | ro
hs_analytics_source        | Original source             | enumeration | select | analyticsinformation | ro | ORGANIC_SEARCH=Organic search; EMAIL_MARKETING=Email marketing; DIRECT_TRAFFIC=Direct traffic; OFFLINE=Offline sources
notes_last_contacted       | Last contacted              | datetime | date     | contact_activity | ro
notes_last_updated         | Last activity date          | datetime | date     | contact_activity | ro
num_notes                  | Number of sales activities  | number   | number   | contact_activity | ro
num_associated_deals       | Number of associated deals  | number   | number   | contactinformation | calc
hubspotscore               | HubSpot score               | number   | number   | contactinformation | calc
newsletter                 | Newsletter                  | bool     | booleancheckbox | contactinformation | custom
account_score              | Account score               | number   | number   | contactinformation | custom
first_met_on               | First met on                | date     | date     | contactinformation | custom
interests                  | Interests                   | enumeration | checkbox | contactinformation | custom | events=Events; product_news=Product news; training=Training
"""

COMPANIES = f"""
createdate                 | Create date                 | datetime | date     | companyinformation | ro
hs_lastmodifieddate        | Last modified date          | datetime | date     | companyinformation | ro
name                       | Company name                | string   | text     | companyinformation |
domain                     | Company domain name         | string   | text     | companyinformation |
hs_additional_domains      | Additional domains          | enumeration | checkbox | companyinformation | ro
website                    | Website URL                 | string   | text     | companyinformation |
phone                      | Phone number                | string   | phonenumber | companyinformation |
industry                   | Industry                    | enumeration | select | companyinformation |  | COMPUTER_SOFTWARE; INFORMATION_TECHNOLOGY_AND_SERVICES; LOGISTICS_AND_SUPPLY_CHAIN; RETAIL; FINANCIAL_SERVICES; CONSTRUCTION; HOSPITAL_HEALTH_CARE; FOOD_BEVERAGES; EDUCATION_MANAGEMENT; MACHINERY; MARKETING_AND_ADVERTISING; RENEWABLES_ENVIRONMENT; HOSPITALITY; LEGAL_SERVICES
type                       | Type                        | enumeration | select | companyinformation |  | PROSPECT; PARTNER; RESELLER; VENDOR; OTHER
annualrevenue              | Annual revenue              | number   | number   | companyinformation |
numberofemployees          | Number of employees         | number   | number   | companyinformation |
description                | Description                 | string   | textarea | companyinformation |
address                    | Street address              | string   | text     | companyinformation |
city                       | City                        | string   | text     | companyinformation |
state                      | State/Region                | string   | text     | companyinformation |
zip                        | Postal code                 | string   | text     | companyinformation |
country                    | Country/Region              | string   | text     | companyinformation |
founded_year               | Year founded                | string   | text     | companyinformation |
linkedin_company_page      | LinkedIn company page       | string   | text     | companyinformation |
lifecyclestage             | Lifecycle stage             | enumeration | radio | companyinformation |  | {LIFECYCLE}
num_associated_contacts    | Number of associated contacts | number | number   | companyinformation | calc
"""

DEALS = """
createdate                 | Create date                 | datetime | date     | dealinformation | ro
hs_lastmodifieddate        | Last modified date          | datetime | date     | dealinformation | ro
dealname                   | Deal name                   | string   | text     | dealinformation |
amount                     | Amount                      | number   | number   | dealinformation |
amount_in_home_currency    | Amount in company currency  | number   | number   | dealinformation | calc
closedate                  | Close date                  | datetime | date     | dealinformation |
pipeline                   | Pipeline                    | enumeration | select | dealinformation |
dealstage                  | Deal stage                  | enumeration | radio | dealinformation |
dealtype                   | Deal type                   | enumeration | radio | dealinformation |  | newbusiness=New business; existingbusiness=Existing business
deal_currency_code         | Currency                    | enumeration | select | dealinformation |  | EUR; USD; GBP
description                | Deal description            | string   | textarea | dealinformation |
hs_next_step               | Next step                   | string   | text     | dealinformation |
hs_is_closed               | Is deal closed?             | bool     | calculation_equation | dealinformation | calc
hs_is_closed_won           | Is closed won               | bool     | calculation_equation | dealinformation | calc
hs_is_closed_lost          | Is closed lost              | bool     | calculation_equation | dealinformation | calc
hs_deal_stage_probability  | Deal probability            | number   | number   | dealinformation | calc
"""

TICKETS = """
createdate                 | Create date                 | datetime | date     | ticketinformation | ro
hs_lastmodifieddate        | Last modified date          | datetime | date     | ticketinformation | ro
subject                    | Ticket name                 | string   | text     | ticketinformation |
content                    | Ticket description          | string   | textarea | ticketinformation |
hs_pipeline                | Pipeline                    | enumeration | select | ticketinformation |
hs_pipeline_stage          | Ticket status               | enumeration | select | ticketinformation |
hs_ticket_priority         | Priority                    | enumeration | select | ticketinformation |  | LOW; MEDIUM; HIGH; URGENT
hs_ticket_category         | Category                    | enumeration | checkbox | ticketinformation |  | PRODUCT_ISSUE; BILLING_ISSUE; FEATURE_REQUEST; GENERAL_INQUIRY
source_type                | Source                      | enumeration | select | ticketinformation |  | CHAT; EMAIL; FORM; PHONE
"""

_DATES = """
createdate                 | Create date                 | datetime | date     | recordinformation | ro
hs_lastmodifieddate        | Last modified date          | datetime | date     | recordinformation | ro
"""

LINES = {
    "contacts": CONTACTS,
    "companies": COMPANIES,
    "deals": DEALS,
    "tickets": TICKETS,
    "products": _DATES + """
name                       | Name                        | string   | text     | productinformation |
description                | Product description         | string   | text     | productinformation |
price                      | Unit price                  | number   | number   | productinformation |
hs_sku                     | SKU                         | string   | text     | productinformation |
hs_cost_of_goods_sold      | Unit cost                   | number   | number   | productinformation |
hs_recurring_billing_period | Term                       | string   | text     | productinformation |
hs_url                     | URL                         | string   | text     | productinformation |
""",
    "line_items": _DATES + """
name                       | Name                        | string   | text     | lineiteminformation |
hs_product_id              | Product ID                  | number   | number   | lineiteminformation |
quantity                   | Quantity                    | number   | number   | lineiteminformation |
price                      | Unit price                  | number   | number   | lineiteminformation |
amount                     | Net price                   | number   | number   | lineiteminformation | calc
""",
    "invoices": _DATES + """
hs_currency                | Currency                    | enumeration | select | invoiceinformation | | EUR; USD; GBP
hs_invoice_date            | Invoice date                | datetime | date     | invoiceinformation |
hs_due_date                | Due date                    | datetime | date     | invoiceinformation |
hs_invoice_status          | Status                      | enumeration | select | invoiceinformation | | draft; open; paid; voided
hs_invoice_billable        | Collected by HubSpot        | bool     | booleancheckbox | invoiceinformation |
hs_tax_id                  | Tax ID                      | string   | text     | invoiceinformation |
hs_purchase_order_number   | Purchase order number       | string   | text     | invoiceinformation |
hs_comments                | Comments                    | string   | textarea | invoiceinformation |
hs_amount_billed           | Amount billed               | number   | number   | invoiceinformation | calc
hs_balance_due             | Balance due                 | number   | number   | invoiceinformation | calc
hs_number                  | Number                      | string   | text     | invoiceinformation | ro
hs_invoice_link            | Invoice link                | string   | text     | invoiceinformation | ro
""",
    "leads": _DATES + """
hs_lead_name               | Lead name                   | string   | text     | leadinformation |
hs_lead_type               | Lead type                   | enumeration | select | leadinformation | | NEW BUSINESS=New business; UPSELL=Upsell
hs_lead_label              | Lead label                  | enumeration | select | leadinformation | | HOT=Hot; WARM=Warm; COLD=Cold
hs_pipeline                | Pipeline                    | enumeration | select | leadinformation |
hs_pipeline_stage          | Stage                       | enumeration | select | leadinformation |
""",
    "activities": """
hs_createdate              | Create date                 | datetime | date     | engagement | ro
hs_lastmodifieddate        | Last modified date          | datetime | date     | engagement | ro
hs_timestamp               | Activity date               | datetime | date     | engagement |
hs_attachment_ids          | Attachments                 | string   | text     | engagement |
""",
    "notes": """
hs_note_body               | Note body                   | string   | html     | engagement |
""",
    "calls": """
hs_call_title              | Call title                  | string   | text     | engagement |
hs_call_body               | Call notes                  | string   | html     | engagement |
hs_call_direction          | Direction                   | enumeration | select | engagement | | INBOUND; OUTBOUND
hs_call_duration           | Duration                    | number   | number   | engagement |
hs_call_status             | Status                      | enumeration | select | engagement | | BUSY; CALLING_CRM_USER; CANCELED; COMPLETED; CONNECTING; FAILED; IN_PROGRESS; NO_ANSWER; QUEUED; RINGING
hs_call_from_number        | From number                 | string   | text     | engagement |
hs_call_to_number          | To number                   | string   | text     | engagement |
hs_call_disposition        | Outcome                     | enumeration | select | engagement | | 9d9162e7-6cf3-4944-bf63-4dff82258764=Busy; f240bbac-87c9-4f6e-bf70-924b57d47db7=Connected; a4c4c377-d246-4b32-a13b-75a56a4cd0ff=Left live message; b2cf5968-551e-4856-9783-52b3da59a7d0=Left voicemail; 73a0d17f-1163-4015-bdd5-ec830791da20=No answer; 17b47fee-58de-441e-a44c-c6300d46f273=Wrong number
hs_call_recording_url      | Recording URL               | string   | text     | engagement |
hs_activity_type           | Type                        | string   | text     | engagement |
""",
    "emails": """
hs_email_direction         | Direction                   | enumeration | select | engagement | | EMAIL; INCOMING_EMAIL; FORWARDED_EMAIL
hs_email_status            | Status                      | enumeration | select | engagement | | BOUNCED; FAILED; SCHEDULED; SENDING; SENT
hs_email_subject           | Subject                     | string   | text     | engagement |
hs_email_text              | Text                        | string   | textarea | engagement |
hs_email_html              | HTML                        | string   | html     | engagement |
hs_email_headers           | Headers                     | string   | textarea | engagement |
hs_email_from_email        | From                        | string   | text     | engagement | calc
hs_email_to_email          | To                          | string   | text     | engagement | calc
""",
    "meetings": """
hs_meeting_title           | Title                       | string   | text     | engagement |
hs_meeting_body            | Description                 | string   | html     | engagement |
hs_internal_meeting_notes  | Internal notes              | string   | html     | engagement |
hs_meeting_start_time      | Start                       | datetime | date     | engagement |
hs_meeting_end_time        | End                         | datetime | date     | engagement |
hs_meeting_location        | Location                    | string   | text     | engagement |
hs_meeting_external_url    | Link                        | string   | text     | engagement |
hs_meeting_outcome         | Outcome                     | enumeration | select | engagement | | SCHEDULED; COMPLETED; RESCHEDULED; NO_SHOW; CANCELED
hs_activity_type           | Type                        | string   | text     | engagement |
""",
    "tasks": """
hs_task_subject            | Title                       | string   | text     | engagement |
hs_task_body               | Notes                       | string   | html     | engagement |
hs_task_status             | Status                      | enumeration | select | engagement | | NOT_STARTED; IN_PROGRESS; WAITING; COMPLETED; DEFERRED
hs_task_priority           | Priority                    | enumeration | select | engagement | | LOW; MEDIUM; HIGH
hs_task_type               | Type                        | enumeration | select | engagement | | EMAIL; CALL; TODO
hs_task_reminders          | Reminders                   | string   | text     | engagement |
""",
}  # fmt: skip
