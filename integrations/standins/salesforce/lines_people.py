# ruff: noqa: E501 (a field is a line)
"""Fields of accounts, contacts and leads (how lines are written: ``fields.py``). Names and nillability as in
jsforce's standard schema (MIT), reduced to what a sync of CRM records meets; lengths and choices as in a new org.
``@prefix|label`` stands for an address."""

SOURCES = "Web,Phone Inquiry,Partner Referral,Purchased List,Other"
INDUSTRIES = "Agriculture,Apparel,Banking,Biotechnology,Chemicals,Communications,Construction,Consulting,Education,Electronics,Energy,Engineering,Entertainment,Environmental,Finance,Food & Beverage,Government,Healthcare,Hospitality,Insurance,Machinery,Manufacturing,Media,Not For Profit,Recreation,Retail,Shipping,Technology,Telecommunications,Transportation,Utilities,Other"
TITLES = "Mr.,Ms.,Mrs.,Dr.,Prof.,Mx."

ACCOUNT = f"""
MasterRecordId|reference|Master Record ID|ro;to=Account
Name|string|Account Name|max=255;req;name
Type|picklist|Account Type|opts=Prospect,Customer - Direct,Customer - Channel,Channel Partner / Reseller,Installation Partner,Technology Partner,Other
ParentId|reference|Parent Account ID|to=Account;kids=ChildAccounts
@Billing|Billing
@Shipping|Shipping
Phone|phone|Account Phone|
Fax|phone|Account Fax|
AccountNumber|string|Account Number|max=40
Website|url|Website|
PhotoUrl|url|Photo URL|ro
Industry|picklist|Industry|opts={INDUSTRIES}
AnnualRevenue|currency|Annual Revenue|num=18.0
NumberOfEmployees|int|Employees|num=8
Ownership|picklist|Ownership|opts=Public,Private,Subsidiary,Other
TickerSymbol|string|Ticker Symbol|max=20
Description|textarea|Account Description|max=32000
Rating|picklist|Account Rating|opts=Hot,Warm,Cold
Site|string|Account Site|max=80
AccountSource|picklist|Account Source|opts={SOURCES}
SicDesc|string|SIC Description|max=80
RecordTypeId|reference|Record Type ID|to=RecordType;def
ERP_Number__c|string|ERP Number|max=20;ext;uniq;idl
Region__c|picklist|Region|opts=EMEA,APAC,Americas;strict
Segment__c|picklist|Segment|opts=Public Sector>EMEA,Mid-Market>EMEA+APAC+Americas,Enterprise>APAC+Americas;strict;by=Region__c
Open_Deals__c|double|Open Deals|calc;num=18.0
"""

CONTACT = f"""
MasterRecordId|reference|Master Record ID|ro;to=Contact
AccountId|reference|Account ID|to=Account;kids=Contacts;cascade
LastName|string|Last Name|max=80;req
FirstName|string|First Name|max=40
Salutation|picklist|Salutation|max=40;opts={TITLES}
Name|string|Full Name|max=121;ro;req;name
@Other|Other
@Mailing|Mailing
Phone|phone|Business Phone|
Fax|phone|Business Fax|
MobilePhone|phone|Mobile Phone|
HomePhone|phone|Home Phone|
OtherPhone|phone|Other Phone|
AssistantPhone|phone|Asst. Phone|
ReportsToId|reference|Reports To ID|to=Contact
Email|email|Email|idl
Title|string|Title|max=128
Department|string|Department|max=80
AssistantName|string|Assistant's Name|max=40
LeadSource|picklist|Lead Source|opts={SOURCES}
Birthdate|date|Birthdate|
Description|textarea|Contact Description|max=32000
HasOptedOutOfEmail|boolean|Email Opt Out|
HasOptedOutOfFax|boolean|Fax Opt Out|
DoNotCall|boolean|Do Not Call|
EmailBouncedReason|string|Email Bounced Reason|
EmailBouncedDate|datetime|Email Bounced Date|
IsEmailBounced|boolean|Is Email Bounced|ro
PhotoUrl|url|Photo URL|ro
Customer_Number__c|string|Customer Number|max=20;ext;uniq;idl
Level__c|picklist|Level|opts=Bronze,Silver,Gold;strict
Topics__c|multipicklist|Topics|opts=Product news,Events,Training,Offers;strict
Score__c|double|Score|num=5.1
Member_Since__c|date|Member Since|
LinkedIn__c|url|LinkedIn|
Address_Line__c|string|Address Line|calc;max=1300
"""

LEAD = f"""
MasterRecordId|reference|Master Record ID|ro;to=Lead
LastName|string|Last Name|max=80;req
FirstName|string|First Name|max=40
Salutation|picklist|Salutation|max=40;opts={TITLES}
Name|string|Full Name|max=121;ro;req;name
Title|string|Title|max=128
Company|string|Company|max=255;req
@|
Phone|phone|Phone|
MobilePhone|phone|Mobile Phone|
Fax|phone|Fax|
Email|email|Email|idl
Website|url|Website|
PhotoUrl|url|Photo URL|ro
Description|textarea|Description|max=32000
LeadSource|picklist|Lead Source|opts={SOURCES}
Status|picklist|Status|req;opts=Open - Not Contacted*,Working - Contacted,Closed - Converted,Closed - Not Converted
Industry|picklist|Industry|opts={INDUSTRIES}
Rating|picklist|Rating|opts=Hot,Warm,Cold
AnnualRevenue|currency|Annual Revenue|num=18.0
NumberOfEmployees|int|Employees|num=8
HasOptedOutOfEmail|boolean|Email Opt Out|
DoNotCall|boolean|Do Not Call|
IsConverted|boolean|Converted|new
ConvertedDate|date|Converted Date|ro
ConvertedAccountId|reference|Converted Account ID|ro;to=Account
ConvertedContactId|reference|Converted Contact ID|ro;to=Contact
ConvertedOpportunityId|reference|Converted Opportunity ID|ro;to=Opportunity
IsUnreadByOwner|boolean|Unread By Owner|def=true
EmailBouncedReason|string|Email Bounced Reason|
EmailBouncedDate|datetime|Email Bounced Date|
"""
