"""The JSON of the API, to the letter of ``vendors/snovio.md`` 4 to 6: bare arrays, date objects, ``data`` inside ``data``."""

from datetime import UTC, datetime
from typing import Any

from integrations.standins.snovio.store import Campaign, CustomField, Prospect, ProspectList, Store

Json = dict[str, Any]


def date_object(at: float | None) -> Json | None:
    if at is None:
        return None
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return {"date": text, "timezone_type": 3, "timezone": "UTC"}


def list_row(found: ProspectList) -> Json:
    return {
        "id": found.id,
        "name": found.name,
        "contacts": len(found.members),
        "isDeleted": found.deleted_at is not None,
        "creationDate": date_object(found.created_at),
        "deletionDate": date_object(found.deleted_at),
    }


def email_row(email: str) -> Json:
    webmail = email.rpartition("@")[2] in ("gmail.com", "outlook.com", "yahoo.com")
    return {
        "email": email,
        "probability": 99.39,
        "isVerified": None,
        "jobStatus": "",
        "domainType": None,
        "isValidFormat": None,
        "isDisposable": None,
        "isWebmail": webmail,
        "isGibberish": None,
        "smtpStatus": None,
    }


def listing_row(prospect: Prospect) -> Json:
    return {
        "id": prospect.long,
        "name": prospect.name,
        "firstName": prospect.first_name,
        "lastName": prospect.last_name,
        "emails": [email_row(email) for email in prospect.emails],
    }


def listing(found: ProspectList, rows: list[Prospect]) -> Json:
    addresses = sum(len(each.emails) for each in found.members.values()) if len(found.members) <= 1000 else 0
    return {
        "success": True,
        "list": {
            "name": found.name,
            "contacts": len(found.members),
            "creationDate": date_object(found.created_at),
            "emailsCount": addresses or [],  # an empty array instead of a number is documented
        },
        "prospects": [listing_row(each) for each in rows],
    }


def job(prospect: Prospect) -> Json:
    return {
        "companyName": prospect.company or None,
        "position": prospect.position or None,
        "socialLink": None,
        "site": prospect.site or None,
        "locality": None,
        "state": None,
        "city": None,
        "street": None,
        "street2": None,
        "postal": None,
        "country": None,
        "founded": None,
        "startDate": "2024-07-31",
        "endDate": None,
        "size": "1-10",
        "industry": prospect.industry or None,
        "companyType": "Public Company",
    }


def detail(store: Store, prospect: Prospect, *, rich: bool) -> Json:
    """One prospect as by-id and by-e-mail show it. Strict: documented keys only, so no e-mail, phone or custom value.

    A thin profile (neither a job nor a link) lacks ``social`` and has null jobs, as live answers do.
    """
    has_job = bool(prospect.company or prospect.position or prospect.site)
    thin = not has_job and not prospect.social
    shown: Json = {
        "id": prospect.short,
        "name": prospect.name,
        "firstName": prospect.first_name,
        "lastName": prospect.last_name,
        "industry": prospect.industry or None,
        "country": prospect.country or None,
        "locality": prospect.locality or None,
        "social": [{"type": kind, "link": link} for kind, link in prospect.social.items()],
        "currentJob": [job(prospect)] if has_job else None if thin else [],
        "previousJob": None if thin else [],
        "lastUpdateDate": date_object(prospect.updated_at),
        "lists": [{"id": id, "name": store.lists[id].name} for id in prospect.lists],
        "campaigns": [
            campaign_of(each, prospect) for each in store.campaigns.values() if each.list_id in prospect.lists
        ],
    }
    if thin:
        del shown["social"]
    if rich:
        shown["emails"] = [email_row(email) for email in prospect.emails]
        shown["phones"] = list(prospect.phones)
        shown["customFields"] = {each.label: prospect.custom.get(each.number) for each in store.fields.values()}
    return shown


def campaign_of(campaign: Campaign, prospect: Prospect) -> Json:
    """A campaign inside a prospect; the counts are strings, as live answers have them."""
    mine = [row["event_type"] for row in campaign.events if row["recipient_email"] in prospect.emails]
    return {
        "id": campaign.id,
        "name": campaign.name,
        "campaign_status": campaign.status,
        "recipients": [
            {
                "email": prospect.email,
                "recipient_status": "active",
                "sent": str(mine.count("sent")),
                "reply": str(mine.count("reply")),
            }
        ],
    }


def field_row(found: CustomField) -> Json:
    return {
        "key": f"customFields['{found.label}']",
        "label": found.label,
        "required": found.required,
        "type": found.type,
    }


def campaign_row(campaign: Campaign) -> Json:
    return {
        "id": campaign.id,
        "campaign": campaign.name,
        "list_id": campaign.list_id,
        "status": campaign.status,
        "created_at": int(campaign.created_at),
        "updated_at": int(campaign.created_at),
        "started_at": int(campaign.started_at) or None,
        "hash": f"{campaign.id:032x}",
    }
