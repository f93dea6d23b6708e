"""What objects do on their own when a record of theirs is written: derived fields, and pairs of values that do not fit.

A rule gets the values before (none for a new record) and the changes; it adds to the changes or raises Problem.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from integrations.standins.salesforce.errors import Problem, bad_reference, integrity, missing
from integrations.standins.salesforce.store import Row, Values
from integrations.standins.salesforce.values import text_of

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

DAY = 1440  # minutes
Rule = Callable[["Org", Values, Values], None]


def person(org: "Org", old: Values, changes: Values) -> None:
    after = old | changes
    changes["Name"] = " ".join(filter(None, (after.get("FirstName"), after.get("LastName")))) or None


def lead(org: "Org", old: Values, changes: Values) -> None:
    if old.get("IsConverted"):
        raise Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
    person(org, old, changes)


def opportunity(org: "Org", old: Values, changes: Values) -> None:
    """The stage says how likely it is and whether it is over. With products the amount is theirs: another is ignored."""
    if old.get("HasOpportunityLineItem") and "Amount" in changes:
        del changes["Amount"]
    if "StageName" not in changes:
        return
    found = org.setting("OpportunityStage", changes["StageName"])
    changes |= {name: found.get(name, False) for name in ("IsClosed", "IsWon")}
    changes |= {name: found.get(name, "Pipeline") for name in ("ForecastCategory", "ForecastCategoryName")}
    changes.setdefault("Probability", found.get("DefaultProbability", 0.0))


def case(org: "Org", old: Values, changes: Values) -> None:
    if not old:
        changes["CaseNumber"] = f"{org.next_number('CaseNumber'):08d}"
        contact = org.find(changes.get("ContactId"))
        if contact and not changes.get("AccountId"):
            changes["AccountId"] = contact.values.get("AccountId")
    _closing(org, "CaseStatus", "ClosedDate", old, changes)


def task(org: "Org", old: Values, changes: Values) -> None:
    _about(old | changes)
    if "Priority" in changes:
        changes["IsHighPriority"] = bool(org.setting("TaskPriority", changes["Priority"]).get("IsHighPriority"))
    _closing(org, "TaskStatus", "CompletedDateTime", old, changes)


def _closing(org: "Org", statuses: str, when: str, old: Values, changes: Values) -> None:
    if "Status" in changes:
        closed = bool(org.setting(statuses, changes["Status"]).get("IsClosed"))
        if closed != bool(old.get("IsClosed")):
            changes |= {"IsClosed": closed, when: org.now() if closed else None}


def _about(after: Values) -> None:
    if str(after.get("WhoId", "")).startswith("00Q") and after.get("WhatId"):
        raise integrity("A lead can't be associated with a related to record. Related To ID must be blank.", "WhatId")


def event(org: "Org", old: Values, changes: Values) -> None:
    """Start, end, length and day are one thing, said in four ways."""
    after = old | changes
    _about(after)
    names = ("StartDateTime", "EndDateTime", "ActivityDateTime", "ActivityDate", "DurationInMinutes", "IsAllDayEvent")
    if old and not set(names) & changes.keys():
        return
    whole_day = bool(after.get("IsAllDayEvent"))
    start = _start(old, changes, whole_day)
    minutes = _minutes(old, changes, start, whole_day)
    if minutes < 0:
        raise integrity("End Date Time: end date/time is before start date/time", "EndDateTime")
    if minutes > 14 * DAY:
        raise integrity("Duration: events can't last more than 14 days", "DurationInMinutes")
    end = start + timedelta(minutes=max(0, minutes - DAY) if whole_day else minutes)
    changes |= {"StartDateTime": text_of(start), "EndDateTime": text_of(end), "DurationInMinutes": minutes,
                "ActivityDate": start.date().isoformat(), "ActivityDateTime": text_of(start)}  # fmt: skip


def _start(old: Values, changes: Values, whole_day: bool) -> datetime:
    given = changes.get("StartDateTime") or changes.get("ActivityDateTime")
    if whole_day:
        day = changes.get("ActivityDate") or (given or old.get("StartDateTime") or "")[:10]
        given = f"{day}T00:00:00.000+0000" if day else None
    given = given or old.get("StartDateTime")
    if not given:
        raise missing(["ActivityDateTime", "DurationInMinutes"])
    return datetime.fromisoformat(given)


def _minutes(old: Values, changes: Values, start: datetime, whole_day: bool) -> int:
    length = changes.get("DurationInMinutes")
    by_end = None
    if end := changes.get("EndDateTime"):
        by_end = round((datetime.fromisoformat(end) - start).total_seconds() / 60) + (DAY if whole_day else 0)
    if length is not None and by_end is not None and by_end != length:
        raise integrity("Duration: end date/time and duration say different things", "DurationInMinutes", "EndDateTime")
    kept = old.get("DurationInMinutes") or (DAY if whole_day else None)
    found = length if length is not None else by_end if by_end is not None else kept
    if found is None:
        raise missing(["DurationInMinutes"])
    return int(found)


def price(org: "Org", old: Values, changes: Values) -> None:
    if old:
        return
    entries = org.tables["PricebookEntry"].having("Product2Id", changes["Product2Id"])
    entries = [entry for entry in entries if not entry.deleted]
    if any(entry.values["Pricebook2Id"] == changes["Pricebook2Id"] for entry in entries):
        raise Problem("DUPLICATE_VALUE", "This price definition already exists in this price book", [])
    standard = org.standard_pricebook
    if changes["Pricebook2Id"] != standard and all(entry.values["Pricebook2Id"] != standard for entry in entries):
        raise Problem("STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product", [])


def line_item(org: "Org", old: Values, changes: Values) -> None:
    after = old | changes
    if not old:
        _entry(org, changes)
        if "UnitPrice" not in changes and "TotalPrice" not in changes:
            raise missing(["UnitPrice"])
    if "UnitPrice" in changes and "TotalPrice" in changes:
        raise integrity("only one of unit price or total price may be specified", "UnitPrice")
    quantity = after["Quantity"]
    if "TotalPrice" in changes:
        changes["UnitPrice"] = round(changes["TotalPrice"] / quantity, 2) if quantity else 0.0
    else:
        changes["TotalPrice"] = round((after | changes)["UnitPrice"] * quantity, 2)


def _entry(org: "Org", changes: Values) -> None:
    """The price book entry of a new line, named by its id or by its product."""
    deal = org.tables["Opportunity"].rows[changes["OpportunityId"]]
    book = deal.values.get("Pricebook2Id")
    entry = org.find(changes.get("PricebookEntryId"))
    if entry is None and changes.get("Product2Id"):
        entries = org.tables["PricebookEntry"].having("Product2Id", changes["Product2Id"])
        entry = next((each for each in entries if not each.deleted and each.values["Pricebook2Id"] == book), None)
    if entry is None:
        raise missing(["PricebookEntryId"]) if not changes.get("Product2Id") else bad_reference("Product2Id")
    if entry.values["Pricebook2Id"] != book:
        raise integrity("pricebook entry is in a different pricebook than the one assigned to the opportunity",
                        "PricebookEntryId")  # fmt: skip
    product = org.tables["Product2"].rows[entry.values["Product2Id"]]
    changes |= {"PricebookEntryId": entry.id, "Product2Id": product.id, "ListPrice": entry.values["UnitPrice"],
                "Name": f"{deal.values['Name']} {product.values['Name']}"}  # fmt: skip


def email_relation(org: "Org", old: Values, changes: Values) -> None:
    if not old and changes.get("RelationId"):
        changes["RelationObjectType"] = org.kind_of(changes["RelationId"])


RULES: dict[str, Rule] = {
    "Contact": person, "User": person, "Lead": lead, "Opportunity": opportunity, "Case": case, "Task": task, "Event": event,
    "PricebookEntry": price, "OpportunityLineItem": line_item, "EmailMessageRelation": email_relation,
}  # fmt: skip


# -- what a record that has been written sets off elsewhere ---------------------------------------------------------------------
def amount_of_deal(org: "Org", line: Row) -> None:
    deal = org.tables["Opportunity"].rows[line.values["OpportunityId"]]
    lines = org.tables["OpportunityLineItem"].having("OpportunityId", deal.id)
    totals = [each.values["TotalPrice"] for each in lines if not each.deleted]
    now: Values = {"HasOpportunityLineItem": bool(totals)}
    if totals:
        now["Amount"] = round(sum(totals), 2)
    org.touch("Opportunity", deal, now)


def task_of_email(org: "Org", email: Row) -> None:
    """Enhanced Email: a message comes with a completed task."""
    if email.values.get("ActivityId") or not org.enhanced_email:
        return
    values = email.values
    about = values.get("RelatedToId") or values.get("ParentId")
    task = org.create(
        "Task",
        {"Subject": (values.get("Subject") or "")[:255] or "Email", "WhatId": about,
         "Description": (values.get("TextBody") or "")[:32000],
         "Status": "Completed", "TaskSubtype": "Email", "ActivityDate": (values.get("MessageDate") or org.now())[:10]},
        values["CreatedById"],
    )  # fmt: skip
    org.touch("EmailMessage", email, {"ActivityId": task.id})


AFTER: dict[str, Callable[["Org", Row], None]] = {
    "OpportunityLineItem": amount_of_deal,
    "EmailMessage": task_of_email,
}
