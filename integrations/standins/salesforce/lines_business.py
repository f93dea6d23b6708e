# ruff: noqa: E501 (a field is a line)
"""Fields of opportunities, products, prices and cases (how lines are written: ``fields.py``)."""

from integrations.standins.salesforce.lines_people import SOURCES

STAGES = (
    ("Prospecting", 10, "Pipeline"), ("Qualification", 10, "Pipeline"), ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"), ("Id. Decision Makers", 60, "Pipeline"), ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"), ("Negotiation/Review", 90, "Pipeline"), ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)  # fmt: skip
"""(name, probability, forecast category) of the stages of a new org"""

OPPORTUNITY = f"""
AccountId|reference|Account ID|to=Account;kids=Opportunities;cascade
IsPrivate|boolean|Private|
Name|string|Name|max=120;req;name
Description|textarea|Description|max=32000
StageName|picklist|Stage|req;opts={",".join(name for name, _chance, _forecast in STAGES)}
Amount|currency|Amount|
Probability|percent|Probability (%)|num=3.0;def
ExpectedRevenue|currency|Expected Amount|ro
TotalOpportunityQuantity|double|Quantity|
CloseDate|date|Close Date|req
Type|picklist|Opportunity Type|opts=Existing Customer - Upgrade,Existing Customer - Replacement,Existing Customer - Downgrade,New Customer
NextStep|string|Next Step|
LeadSource|picklist|Lead Source|opts={SOURCES}
IsClosed|boolean|Closed|ro
IsWon|boolean|Won|ro
ForecastCategory|picklist|Forecast Category|ro;req;opts=Omitted,Pipeline,BestCase,MostLikely,Forecast,Closed;strict
ForecastCategoryName|picklist|Forecast Category|def;opts=Omitted,Pipeline,Best Case,Most Likely,Commit,Closed
HasOpportunityLineItem|boolean|Has Line Item|ro
Pricebook2Id|reference|Price Book ID|to=Pricebook2;rel=Pricebook2
RecordTypeId|reference|Record Type ID|to=RecordType;def
"""

OPPORTUNITY_CONTACT_ROLE = """
OpportunityId|reference|Opportunity ID|to=Opportunity;req;new;kids=OpportunityContactRoles;cascade
ContactId|reference|Contact ID|to=Contact;req;new;kids=OpportunityContactRoles;cascade
Role|picklist|Role|opts=Business User,Decision Maker,Economic Buyer,Economic Decision Maker,Evaluator,Executive Sponsor,Influencer,Technical Buyer,Other
IsPrimary|boolean|Primary|
"""

OPPORTUNITY_LINE_ITEM = """
OpportunityId|reference|Opportunity ID|to=Opportunity;req;new;kids=OpportunityLineItems;cascade
SortOrder|int|Sort Order|ro;num=9
PricebookEntryId|reference|Price Book Entry ID|to=PricebookEntry;new
Product2Id|reference|Product ID|to=Product2;new;rel=Product2
ProductCode|string|Product Code|ro
Name|string|Opportunity Product Name|max=376;ro;name
Quantity|double|Quantity|num=12.2;req
TotalPrice|currency|Total Price|
UnitPrice|currency|Sales Price|
ListPrice|currency|List Price|ro
ServiceDate|date|Date|
Description|string|Line Description|
"""

PRODUCT2 = """
Name|string|Product Name|max=255;req;name
ProductCode|string|Product Code|max=255
Description|textarea|Product Description|max=4000
IsActive|boolean|Active|
Family|picklist|Product Family|opts=None
DisplayUrl|url|Display URL|max=1000
QuantityUnitOfMeasure|picklist|Quantity Unit Of Measure|opts=Each
IsArchived|boolean|Archived|ro
StockKeepingUnit|string|Product SKU|max=180
"""

PRICEBOOK2 = """
Name|string|Price Book Name|max=255;req;name
IsActive|boolean|Active|
IsArchived|boolean|Archived|ro
Description|string|Description|
IsStandard|boolean|Is Standard Price Book|ro
"""

PRICEBOOK_ENTRY = """
Name|string|Product Name|max=255;ro;name
Pricebook2Id|reference|Price Book ID|to=Pricebook2;req;new;rel=Pricebook2;kids=PricebookEntries;cascade
Product2Id|reference|Product ID|to=Product2;req;new;rel=Product2;kids=PricebookEntries;cascade
UnitPrice|currency|List Price|req
IsActive|boolean|Active|
UseStandardPrice|boolean|Use Standard Price|
ProductCode|string|Product Code|ro
"""

CASE = """
MasterRecordId|reference|Master Record ID|ro;to=Case
CaseNumber|string|Case Number|max=30;auto;req;def;idl;name
ContactId|reference|Contact ID|to=Contact;kids=Cases
AccountId|reference|Account ID|to=Account;kids=Cases
ParentId|reference|Parent Case ID|to=Case;kids=Cases
SuppliedName|string|Name|max=80
SuppliedEmail|email|Email Address|
SuppliedPhone|string|Phone|max=40
SuppliedCompany|string|Company|max=80
Type|picklist|Case Type|opts=Mechanical,Electrical,Electronic,Structural,Other
Status|picklist|Status|opts=New*,Working,Escalated,Closed
Reason|picklist|Case Reason|opts=Installation,Equipment Complexity,Performance,Breakdown,Equipment Design,Feedback,Other
Origin|picklist|Case Origin|opts=Phone,Email,Web
Subject|string|Subject|max=255
Priority|picklist|Priority|opts=High,Medium*,Low
Description|textarea|Description|max=32000
IsClosed|boolean|Closed|ro
ClosedDate|datetime|Closed Date|ro
IsEscalated|boolean|Escalated|
ContactPhone|phone|Contact Phone|ro
ContactMobile|phone|Contact Mobile|ro
ContactEmail|email|Contact Email|ro
ContactFax|phone|Contact Fax|ro
Comments|textarea|Internal Comments|max=4000
"""

CASE_COMMENT = """
ParentId|reference|Parent ID|to=Case;req;new;kids=CaseComments;cascade
IsPublished|boolean|Published|
CommentBody|textarea|Body|max=4000
"""
