"""Fields of activities, and of what administrators set up (how lines are written: ``fields.py``)."""

RELATED = "Account,Case,Opportunity,Product2"

TASK = f"""
WhoId|reference|Name ID|to=Contact,Lead;kids=Tasks;cascade
WhatId|reference|Related To ID|to={RELATED};kids=Tasks;cascade
Subject|combobox|Subject|max=255;name;opts=Call,Email,Send Letter,Send Quote,Other
ActivityDate|date|Due Date Only|
Status|picklist|Status|req;opts=Not Started*,In Progress,Completed,Waiting on someone else,Deferred
Priority|picklist|Priority|req;opts=High,Normal*,Low
IsHighPriority|boolean|High Priority|ro
Description|textarea|Description|max=32000
Type|picklist|Type|opts=Call,Email,Meeting,Other
AccountId|reference|Account ID|ro;to=Account
IsClosed|boolean|Closed|ro
IsArchived|boolean|Archived|ro
CallDurationInSeconds|int|Call Duration|num=8
CallType|picklist|Call Type|max=40;opts=Internal,Inbound,Outbound
CallDisposition|string|Call Result|max=255
CallObject|string|Call Object Identifier|max=255
ReminderDateTime|datetime|Reminder Date/Time|
IsReminderSet|boolean|Reminder Set|
IsRecurrence|boolean|Create Recurring Series of Tasks|new
TaskSubtype|picklist|Task Subtype|max=40;new;strict;opts=Task*,Email,ListEmail,Cadence,Call
CompletedDateTime|datetime|Completed Date|ro
"""

EVENT = f"""
WhoId|reference|Name ID|to=Contact,Lead;kids=Events;cascade
WhatId|reference|Related To ID|to={RELATED};kids=Events;cascade
Subject|combobox|Subject|max=255;name;opts=Call,Email,Meeting,Send Letter/Quote,Other
Location|string|Location|max=255
IsAllDayEvent|boolean|All-Day Event|
ActivityDateTime|datetime|Due Date Time|
ActivityDate|date|Due Date Only|
DurationInMinutes|int|Duration|num=8
StartDateTime|datetime|Start Date Time|
EndDateTime|datetime|End Date Time|
Description|textarea|Description|max=32000
Type|picklist|Type|opts=Call,Email,Meeting,Other
AccountId|reference|Account ID|ro;to=Account
IsPrivate|boolean|Private|
ShowAs|picklist|Show Time As|max=40;opts=Busy*,OutOfOffice,Free
IsChild|boolean|Is Child|ro
IsGroupEvent|boolean|Is Group Event|ro
IsArchived|boolean|Archived|ro
IsRecurrence|boolean|Create Recurring Series of Events|new
ReminderDateTime|datetime|Reminder Date/Time|
IsReminderSet|boolean|Reminder Set|
EventSubtype|picklist|Event Subtype|max=40;new;strict;opts=Event*
"""

EVENT_RELATION = """
RelationId|reference|Relation ID|to=Contact,Lead,User,Account,Opportunity,Case;req;new;kids=EventRelations;cascade
EventId|reference|Event ID|to=Event;req;new;kids=EventRelations;cascade
Status|picklist|Status|opts=New*,Declined,Accepted
RespondedDate|datetime|Response Date|
Response|string|Comment|max=255
"""

EMAIL_MESSAGE = """
ParentId|reference|Case ID|to=Case;kids=EmailMessages;new
ActivityId|reference|Activity ID|ro;to=Task
TextBody|textarea|Text Body|max=131072
HtmlBody|textarea|HTML Body|max=131072
Subject|string|Subject|max=3000;name
FromName|string|From Name|max=1000
FromAddress|email|From Address|max=1000
ToAddress|string|To Address|max=4000
CcAddress|string|CC Address|max=4000
BccAddress|string|BCC Address|max=4000
Incoming|boolean|Is Incoming|
HasAttachment|boolean|Has Attachment|ro
Status|picklist|Status|req;strict;opts=0*,1,2,3,4,5
MessageDate|datetime|Message Date|
MessageIdentifier|string|Message ID|max=765
ThreadIdentifier|string|Thread ID|max=765
IsClientManaged|boolean|Is Client Managed|new
RelatedToId|reference|Related To ID|to=Account,Opportunity,Case;kids=Emails
"""

EMAIL_MESSAGE_RELATION = """
EmailMessageId|reference|Email Message ID|to=EmailMessage;req;new;kids=EmailMessageRelations;cascade
RelationId|reference|Relation ID|to=Contact,Lead,User;new;kids=EmailMessageRelations;cascade
RelationType|picklist|Relation Type|req;new;strict;opts=FromAddress,ToAddress,CcAddress,BccAddress,OtherAddress
RelationAddress|string|Relation Address|max=1000;new
RelationObjectType|string|Relation Object Type|ro
"""

USER = """
Username|string|Username|max=80;req;idl
LastName|string|Last Name|max=80;req
FirstName|string|First Name|max=40
Name|string|Full Name|max=121;ro;req;name
CompanyName|string|Company Name|max=80
Department|string|Department|max=80
Title|string|Title|max=80
Email|email|Email|max=128;req;idl
Phone|phone|Phone|
MobilePhone|phone|Mobile|
Alias|string|Alias|max=8;req
IsActive|boolean|Active|
TimeZoneSidKey|picklist|Time Zone|req;opts=UTC*,Asia/Bangkok,Europe/Paris
LocaleSidKey|picklist|Locale|req;opts=en_US*,th_TH
EmailEncodingKey|picklist|Email Encoding|req;opts=UTF-8*
LanguageLocaleKey|picklist|Language|req;opts=en_US*
ProfileId|string|Profile ID|max=18;req;def=00e5A000000PrOFAA0
UserType|picklist|User Type|ro;opts=Standard*,AutomatedProcess
"""

GROUP = """
Name|string|Name|max=40;req;name
DeveloperName|string|Developer Name|max=80
Type|picklist|Type|req;opts=Regular,Queue
Email|email|Email|max=255
"""

NAME = """
Name|string|Name|ro;name
FirstName|string|First Name|ro;max=40
LastName|string|Last Name|ro;max=80
Type|picklist|Type|ro
Email|email|Email|ro
Title|string|Title|ro;max=80
Phone|phone|Phone|ro
Username|string|Username|ro;max=80
Alias|string|Alias|ro;max=8
IsActive|boolean|Active|ro
"""
"""What can be asked of a lookup that points to several objects (``Who.Name``, ``Owner.Email``)."""

ORGANIZATION = """
Name|string|Name|max=80;req;name
PrimaryContact|string|Primary Contact|max=80
DefaultLocaleSidKey|picklist|Locale|req;opts=en_US*
TimeZoneSidKey|picklist|Time Zone|req;opts=UTC*,America/Los_Angeles
LanguageLocaleKey|picklist|Language|req;opts=en_US*
OrganizationType|picklist|Edition|ro;opts=Enterprise Edition*,Developer Edition
InstanceName|string|Instance Name|max=5;ro
IsSandbox|boolean|Is Sandbox|ro
NamespacePrefix|string|Namespace Prefix|max=15;ro
"""

RECORD_TYPE = """
Name|string|Name|max=80;req;name
DeveloperName|string|Record Type Name|max=80;req
NamespacePrefix|string|Namespace Prefix|max=15;ro
Description|string|Description|
SobjectType|picklist|SObject Type Name|req
IsActive|boolean|Active|
"""

STATUS = """
MasterLabel|string|Master Label|max=255;name
ApiName|string|API Name|max=255;req
SortOrder|int|Sort Order|num=9
IsDefault|boolean|Is Default|
"""
CLOSED = "IsClosed|boolean|Is Closed|\n"
CONVERTED = "IsConverted|boolean|Is Converted|\n"
HIGH = "IsHighPriority|boolean|Is High Priority|\n"

OPPORTUNITY_STAGE = """
MasterLabel|string|Master Label|max=255;name
ApiName|string|API Name|max=255;req
IsActive|boolean|Is Active|
SortOrder|int|Sort Order|num=9
IsClosed|boolean|Closed|
IsWon|boolean|Won|
ForecastCategory|picklist|Forecast Category|req;opts=Omitted,Pipeline,BestCase,MostLikely,Forecast,Closed
ForecastCategoryName|picklist|Forecast Category|req;opts=Omitted,Pipeline,Best Case,Most Likely,Commit,Closed
DefaultProbability|percent|Probability (%)|num=3.0
Description|string|Description|
"""
