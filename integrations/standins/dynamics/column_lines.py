# ruff: noqa: E501 (a column is a line)
"""Columns of the stand-in's tables: ``name|type|label|extras``. Names, types, lengths, choices and labels
after Microsoft's Common Data Model (github.com/microsoft/CDM, CC BY 4.0), reduced to what a
sync of CRM records meets.

Extras, apart by ``;``: ``max`` characters, ``ro`` (computed), ``req`` (the API insists), ``biz`` (forms insist), ``to`` (tables that
a lookup points to), ``options`` as value/label, for a status value/label/state.
"""

LINES = {
    "account": """
accountnumber|String|Account Number|max=20
name|String|Account Name|max=160;biz
emailaddress1|String|Email|max=100
telephone1|String|Main Phone|max=50
telephone2|String|Other Phone|max=50
fax|String|Fax|max=50
websiteurl|String|Website|max=200
address1_line1|String|Address 1: Street 1|max=250
address1_line2|String|Address 1: Street 2|max=250
address1_city|String|Address 1: City|max=80
address1_stateorprovince|String|Address 1: State/Province|max=50
address1_postalcode|String|Address 1: ZIP/Postal Code|max=20
address1_country|String|Address 1: Country/Region|max=80
industrycode|Picklist|Industry|options=1/Accounting,2/Agriculture and Non-petrol Natural Resource Extraction,3/Broadcasting Printing and Publishing,4/Brokers,5/Building Supply Retail,6/Business Services,7/Consulting,8/Consumer Services,11/Doctor's Offices and Clinics,12/Durable Manufacturing,13/Eating and Drinking Places,14/Entertainment Retail
customertypecode|Picklist|Relationship Type|options=1/Competitor,2/Consultant,3/Customer,4/Investor,5/Partner,6/Influencer,7/Press,8/Prospect,9/Reseller,10/Supplier,11/Vendor,12/Other
numberofemployees|Integer|Number of Employees|
revenue|Money|Annual Revenue|
description|Memo|Description|max=2000
accountratingcode|Picklist|Account Rating|options=1/Default Value
donotemail|Boolean|Do not allow Emails|
creditonhold|Boolean|Credit Hold|
creditlimit|Money|Credit Limit|
primarycontactid|Lookup|Primary Contact|to=contact
parentaccountid|Lookup|Parent Account|to=account
masterid|Lookup|Master ID|to=account
merged|Boolean|Merged|
originatingleadid|Lookup|Originating Lead|to=lead
statecode|State|Status|options=0/Active,1/Inactive
statuscode|Status|Status Reason|options=1/Active/0,2/Inactive/1
""",
    "contact": """
firstname|String|First Name|max=50
lastname|String|Last Name|max=50;biz
fullname|String|Full Name|max=160;ro
middlename|String|Middle Name|max=50
salutation|String|Salutation|max=100
emailaddress1|String|Email|max=100
emailaddress2|String|Email Address 2|max=100
telephone1|String|Business Phone|max=50
telephone2|String|Home Phone|max=50
mobilephone|String|Mobile Phone|max=50
fax|String|Fax|max=50
jobtitle|String|Job Title|max=100
department|String|Department|max=100
websiteurl|String|Website|max=200
address1_line1|String|Address 1: Street 1|max=250
address1_line2|String|Address 1: Street 2|max=250
address1_city|String|Address 1: City|max=80
address1_stateorprovince|String|Address 1: State/Province|max=50
address1_postalcode|String|Address 1: ZIP/Postal Code|max=20
address1_country|String|Address 1: Country/Region|max=80
birthdate|DateOnly|Birthday|
gendercode|Picklist|Gender|options=1/Male,2/Female
familystatuscode|Picklist|Marital Status|options=1/Single,2/Married,3/Divorced,4/Widowed
donotemail|Boolean|Do not allow Emails|
donotphone|Boolean|Do not allow Phone Calls|
annualincome|Money|Annual Income|
numberofchildren|Integer|No. of Children|
description|Memo|Description|max=2000
preferredcontactmethodcode|Picklist|Preferred Method of Contact|options=1/Any,2/Email,3/Phone,4/Fax,5/Mail
parentcustomerid|Customer|Company Name|to=account,contact
masterid|Lookup|Master ID|to=contact
merged|Boolean|Merged|
originatingleadid|Lookup|Originating Lead|to=lead
statecode|State|Status|options=0/Active,1/Inactive
statuscode|Status|Status Reason|options=1/Active/0,2/Inactive/1
""",
    "lead": """
subject|String|Topic|max=300;biz
firstname|String|First Name|max=50
lastname|String|Last Name|max=50;biz
fullname|String|Name|max=160;ro
companyname|String|Company Name|max=100
emailaddress1|String|Email|max=100
telephone1|String|Business Phone|max=50
mobilephone|String|Mobile Phone|max=20
fax|String|Fax|max=50
jobtitle|String|Job Title|max=100
websiteurl|String|Website|max=200
address1_line1|String|Street 1|max=250
address1_line2|String|Street 2|max=250
address1_city|String|City|max=80
address1_stateorprovince|String|State/Province|max=50
address1_postalcode|String|ZIP/Postal Code|max=20
address1_country|String|Country/Region|max=80
leadsourcecode|Picklist|Lead Source|options=1/Advertisement,2/Employee Referral,3/External Referral,4/Partner,5/Public Relations,6/Seminar,7/Trade Show,8/Web,9/Word of Mouth,10/Other
leadqualitycode|Picklist|Rating|options=1/Hot,2/Warm,3/Cold
industrycode|Picklist|Industry|options=1/Accounting,2/Agriculture and Non-petrol Natural Resource Extraction,3/Broadcasting Printing and Publishing,4/Brokers,5/Building Supply Retail,6/Business Services,7/Consulting,8/Consumer Services,11/Doctor's Offices and Clinics,12/Durable Manufacturing,13/Eating and Drinking Places,14/Entertainment Retail
numberofemployees|Integer|No. of Employees|
revenue|Money|Annual Revenue|
estimatedamount|Money|Est. Value|
estimatedclosedate|DateOnly|Est. Close Date|
donotemail|Boolean|Do not allow Emails|
description|Memo|Description|max=2000
customerid|Customer|Customer|to=account,contact
parentaccountid|Lookup|Parent Account for lead|to=account
parentcontactid|Lookup|Parent Contact for lead|to=contact
masterid|Lookup|Master ID|to=lead
merged|Boolean|Merged|
statecode|State|Status|options=0/Open,1/Qualified,2/Disqualified
statuscode|Status|Status Reason|options=1/New/0,2/Contacted/0,3/Qualified/1,4/Lost/2,5/Cannot Contact/2,6/No Longer Interested/2,7/Canceled/2
""",
    "opportunity": """
name|String|Topic|max=300;biz
description|Memo|Description|max=2000
estimatedvalue|Money|Est. Revenue|
estimatedclosedate|DateOnly|Est. Close Date|
actualvalue|Money|Actual Revenue|
actualclosedate|DateOnly|Actual Close Date|
closeprobability|Integer|Probability|
salesstage|Picklist|Sales Stage|options=0/Qualify,1/Develop,2/Propose,3/Close
stepname|String|Pipeline Phase|max=200
opportunityratingcode|Picklist|Rating|options=1/Hot,2/Warm,3/Cold
budgetamount|Money|Budget Amount|
isrevenuesystemcalculated|Boolean|Revenue|
customerid|Customer|Customer|to=account,contact
parentaccountid|Lookup|Account|to=account
parentcontactid|Lookup|Contact|to=contact
originatingleadid|Lookup|Originating Lead|to=lead
pricelevelid|Lookup|Price List|to=pricelevel
statecode|State|Status|options=0/Open,1/Won,2/Lost
statuscode|Status|Status Reason|options=1/In Progress/0,2/On Hold/0,3/Won/1,4/Canceled/2,5/Out-Sold/2
""",
    "product": """
name|String|Name|max=100;biz
productnumber|String|Product ID|max=100;req
description|Memo|Description|max=2000
price|Money|List Price|
currentcost|Money|Current Cost|
standardcost|Money|Standard Cost|
quantitydecimal|Integer|Decimals Supported|biz
quantityonhand|Decimal|Quantity On Hand|
productstructure|Picklist|Product Structure|req;options=1/Product,2/Product Family,3/Product Bundle
producttypecode|Picklist|Product Type|options=1/Sales Inventory,2/Miscellaneous Charges,3/Services,4/Flat Fees
vendorname|String|Vendor|max=100
suppliername|String|Supplier Name|max=100
producturl|String|URL|max=255
validfromdate|DateOnly|Valid From|
validtodate|DateOnly|Valid To|
defaultuomid|Lookup|Default Unit|to=uom;biz
defaultuomscheduleid|Lookup|Unit Group|to=uomschedule;biz
pricelevelid|Lookup|Default Price List|to=pricelevel
statecode|State|Status|options=0/Active,1/Retired,2/Draft,3/Under Revision
statuscode|Status|Status Reason|options=1/Active/0,2/Retired/1,0/Draft/2,3/Under Revision/3
""",
    "pricelevel": """
name|String|Name|max=100;req
description|Memo|Description|max=2000
begindate|DateOnly|Start Date|
enddate|DateOnly|End Date|
""",
    "uom": """
name|String|Name|max=100;req
quantity|Decimal|Quantity|biz
isschedulebaseuom|Boolean|Is Schedule Base Unit|
uomscheduleid|Lookup|Unit Schedule|to=uomschedule;req
baseuom|Lookup|Base Unit|to=uom;biz
""",
    "invoice": """
name|String|Name|max=300;biz
invoicenumber|String|Invoice ID|max=100;req
description|Memo|Description|max=2000
duedate|DateOnly|Due Date|
datedelivered|DateOnly|Date Delivered|
totalamount|Money|Total Amount|
totaltax|Money|Total Tax|
freightamount|Money|Freight Amount|
discountamount|Money|Invoice Discount Amount|
totallineitemamount|Money|Total Detail Amount|
customerid|Customer|Customer|to=account,contact
opportunityid|Lookup|Opportunity|to=opportunity
pricelevelid|Lookup|Price List|to=pricelevel;biz
ispricelocked|Boolean|Prices Locked|biz
billto_city|String|Bill To City|max=80
billto_country|String|Bill To Country/Region|max=80
statecode|State|Status|options=0/Active,1/Closed (deprecated),2/Paid,3/Canceled
statuscode|Status|Status Reason|options=1/New/0,2/Partially Shipped/0,4/Billed/0,5/Booked (applies to services)/0,6/Installed (applies to services)/0,3/Canceled (deprecated)/1,7/Paid in Full (deprecated)/1,100001/Complete/2,100002/Partial/2,100003/Canceled/3
""",
    "incident": """
title|String|Case Title|max=200;biz
ticketnumber|String|Case Number|max=100
description|Memo|Description|max=2000
prioritycode|Picklist|Priority|options=1/High,2/Normal,3/Low
caseorigincode|Picklist|Origin|options=1/Phone,2/Email,3/Web,2483/Facebook,3986/Twitter
casetypecode|Picklist|Case Type|options=1/Question,2/Problem,3/Request
severitycode|Picklist|Severity|options=1/Default Value
followupby|DateTime|Follow Up By|
customerid|Customer|Customer|to=account,contact
primarycontactid|Lookup|Contact|to=contact
productid|Lookup|Product|to=product
parentcaseid|Lookup|Parent Case|to=incident
masterid|Lookup|Master Case|to=incident
merged|Boolean|Internal Use Only|
isescalated|Boolean|Is Escalated|
statecode|State|Status|options=0/Active,1/Resolved,2/Canceled
statuscode|Status|Status Reason|options=5/Problem Solved/1,1000/Information Provided/1,6/Canceled/2,2000/Merged/2,1/In Progress/0,2/On Hold/0,3/Waiting for Details/0,4/Researching/0
""",
    "task": """
subject|String|Subject|max=200;biz
description|Memo|Description|max=2000
scheduledstart|DateTime|Start Date|
scheduledend|DateTime|Due Date|
actualstart|DateTime|Actual Start|
actualend|DateTime|Actual End|
actualdurationminutes|Integer|Actual Duration|
prioritycode|Picklist|Priority|options=0/Low,1/Normal,2/High
percentcomplete|Integer|Percent Complete|
category|String|Category|max=250
regardingobjectid|Lookup|Regarding|to=account,contact,incident,invoice,lead,opportunity
statecode|State|Activity Status|options=0/Open,1/Completed,2/Canceled
statuscode|Status|Status Reason|options=2/Not Started/0,3/In Progress/0,4/Waiting on someone else/0,5/Completed/1,6/Canceled/2,7/Deferred/0
""",
    "phonecall": """
subject|String|Subject|max=200;biz
description|Memo|Description|max=2000
phonenumber|String|Phone Number|max=200
directioncode|Boolean|Direction|
leftvoicemail|Boolean|Left Voice Mail|
scheduledstart|DateTime|Start Date|
scheduledend|DateTime|Due Date|
actualstart|DateTime|Actual Start|
actualend|DateTime|Actual End|
actualdurationminutes|Integer|Actual Duration|
prioritycode|Picklist|Priority|options=0/Low,1/Normal,2/High
category|String|Category|max=250
regardingobjectid|Lookup|Regarding|to=account,contact,incident,invoice,lead,opportunity
from|PartyList|From|
to|PartyList|Call To|biz
statecode|State|Activity Status|options=0/Open,1/Completed,2/Canceled
statuscode|Status|Status Reason|options=1/Open/0,2/Made/1,3/Canceled/2,4/Received/1
""",
    "appointment": """
subject|String|Subject|max=200;biz
description|Memo|Description|max=1048576
location|String|Location|max=200
isalldayevent|Boolean|All Day Event|
scheduledstart|DateTime|Start Date|
scheduledend|DateTime|Due Date|
actualstart|DateTime|Actual Start|
actualend|DateTime|Actual End|
scheduleddurationminutes|Integer|Scheduled Duration|
prioritycode|Picklist|Priority|options=0/Low,1/Normal,2/High
category|String|Category|max=250
regardingobjectid|Lookup|Regarding|to=account,contact,incident,invoice,lead,opportunity
organizer|PartyList|Organizer|
requiredattendees|PartyList|Required Attendees|
optionalattendees|PartyList|Optional Attendees|
statecode|State|Status|options=0/Open,1/Completed,2/Canceled,3/Scheduled
statuscode|Status|Status Reason|options=1/Free/0,2/Tentative/0,3/Completed/1,4/Canceled/2,5/Busy/3,6/Out of Office/3
""",
    "email": """
subject|String|Subject|max=200;biz
description|Memo|Description|max=1073741823
directioncode|Boolean|Direction|
sender|String|From|max=250
torecipients|String|To Recipients|max=500
messageid|String|Message ID|max=320
senton|DateTime|Date Sent|
scheduledend|DateTime|Due Date|
actualend|DateTime|Actual End|
prioritycode|Picklist|Priority|options=0/Low,1/Normal,2/High
category|String|Category|max=250
regardingobjectid|Lookup|Regarding|to=account,contact,incident,invoice,lead,opportunity
from|PartyList|From|
to|PartyList|To|
cc|PartyList|Cc|
bcc|PartyList|Bcc|
statecode|State|Activity Status|options=0/Open,1/Completed,2/Canceled
statuscode|Status|Status Reason|options=1/Draft/0,2/Completed/1,3/Sent/1,4/Received/1,5/Canceled/2,6/Pending Send/1,7/Sending/1,8/Failed/0
""",
    "annotation": """
subject|String|Title|max=500;biz
notetext|Memo|Description|max=100000
isdocument|Boolean|Is Document|req
filename|String|File Name|max=255
mimetype|String|Mime Type|max=256
objectid|Lookup|Regarding|to=account,contact,incident,invoice,lead,opportunity
""",
    "systemuser": """
fullname|String|Full Name|max=200
internalemailaddress|String|Primary Email|max=100
domainname|String|User Name|max=1024
isdisabled|Boolean|Status|
azureactivedirectoryobjectid|Uniqueidentifier|Entra object|ro
""",
    "team": """
name|String|Team Name|max=160;req
""",
    "transactioncurrency": """
currencyname|String|Currency Name|max=100;req
isocurrencycode|String|Currency Code|max=5;req
""",
    "uomschedule": """
name|String|Name|max=200;req
baseuomname|String|Base Unit Name|max=100
""",
    "organization": """
name|String|Organization Name|max=160;req
basecurrencyid|Lookup|Base Currency|to=transactioncurrency
expirechangetrackingindays|Integer|Days to expire change tracking deltas|
""",
}
