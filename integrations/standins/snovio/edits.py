"""What a person can do in the vendor's own app and the API cannot: change, clear, delete and move prospects; rename fields.

Used by the pages and by the control verbs. Values carry the API's names; "" clears. Wrong input raises ``ControlError``.
"""

from typing import Any

from integrations.standins.snovio.api import event_time
from integrations.standins.snovio.prospects import TEXTS, text, whole
from integrations.standins.snovio.store import Campaign, CustomField, Prospect, ProspectList, Store
from integrations.standins.vendor import ControlError

OWN_TEXTS = {**TEXTS, "industry": "industry"}
EVENT_TYPES = {
    "sent": ("campaign_email", "sent"),
    "open": ("campaign_email", "opened"),
    "click": ("campaign_email", "clicked"),
    "bounce": ("campaign_email", "bounced"),
    "reply": ("campaign_reply", "received"),
    "unsubscribe": ("prospect", "unsubscribed"),
}


def create(store: Store, given: dict[str, Any]) -> Prospect:
    """``lists`` (ids) or ``listId`` says where; else the first live list."""
    lists = [list_by_id(store, id).id for id in given.get("lists") or [given.get("listId") or first_list(store).id]]
    return store.add(lists, **values(store, given))


def edit(store: Store, given: dict[str, Any]) -> Prospect:
    prospect = by_id(store, given.get("id"))
    changed = values(store, given)
    if "social" in changed:
        merged = prospect.social | changed["social"]
        changed["social"] = {kind: link for kind, link in merged.items() if link}
    store.change(prospect, **changed)
    if "lists" in given or "listId" in given:
        move(store, prospect.short, given.get("lists") or [given["listId"]])
    return prospect


def delete(store: Store, id: Any) -> None:
    store.delete(by_id(store, id))


def move(store: Store, id: Any, list_ids: list[Any]) -> Prospect:
    """Out of every list, into these."""
    prospect = by_id(store, id)
    wanted = [list_by_id(store, each).id for each in list_ids]
    if not wanted:
        raise ControlError("A prospect is in at least one list.")
    store.move(prospect, wanted[0])
    for each in wanted[1:]:
        store.enter(prospect, each)
    return prospect


def values(store: Store, given: dict[str, Any]) -> dict[str, Any]:
    """The prospect's attributes that ``given`` sets; keys that are not there stay as they are."""
    found: dict[str, Any] = {ours: text(given[theirs]) for theirs, ours in OWN_TEXTS.items() if theirs in given}
    if "email" in given:
        found["emails"] = [text(given["email"])] if text(given["email"]) else []
    if "emails" in given:
        found["emails"] = [text(email) for email in given["emails"] if text(email)]
    if "phone" in given:
        found["phones"] = [text(given["phone"])] if text(given["phone"]) else []
    if "phones" in given:
        found["phones"] = [text(phone) for phone in given["phones"] if text(phone)]
    if "linkedIn" in given:
        found["social"] = {"linkedIn": text(given["linkedIn"])}
    if custom := given.get("customFields"):
        found["custom"] = {field_by_label(store, label).number: text(value) for label, value in custom.items()}
    return found


# -- lists and fields --------------------------------------------------------------------------------------------------
def delete_list(store: Store, id: Any) -> None:
    store.delete_list(list_by_id(store, id).id)


def rename_field(store: Store, label: str, new: str) -> CustomField:
    if not text(new) or store.field_by_label(text(new)):
        raise ControlError(f"A custom field needs a label of its own, not {new!r}.")
    found = field_by_label(store, label)
    found.label = text(new)
    return found


def add_field(store: Store, label: str, type: str) -> CustomField:
    if not text(label) or store.field_by_label(text(label)):
        raise ControlError(f"A custom field needs a label of its own, not {label!r}.")
    try:
        return store.add_field(text(label), type)
    except ValueError as error:
        raise ControlError(str(error)) from error


def delete_field(store: Store, label: str) -> None:
    found = field_by_label(store, label)
    del store.fields[found.number]
    for prospect in store.prospects.values():
        prospect.custom.pop(found.number, None)


# -- campaigns ---------------------------------------------------------------------------------------------------------
def campaign_event(
    store: Store, campaign: Campaign, prospect: Prospect, type: str, given: dict[str, Any]
) -> dict[str, Any]:
    """Add one row to the campaign's activity; what a webhook carries of it."""
    if type not in EVENT_TYPES:
        raise ControlError(f"An event is one of {', '.join(EVENT_TYPES)}, not {type!r}.")
    subject = text(given.get("subject")) or campaign.name
    campaign.events.append(
        {
            "event_time": event_time(store.now()),
            "event_type": type,
            "sender_email": "sales@vendor.example",
            "email_subject": subject,
            "recipient_email": prospect.email,
            "recipient_name": prospect.name,
            "phone": next(iter(prospect.phones), ""),
            "industry": prospect.industry,
            "country": prospect.country,
            "location": prospect.locality,
            "company": prospect.company,
            "job_position": prospect.position,
            "hq_phone": "",
            "website": prospect.site,
        }
    )
    return {
        "account_id": 1,
        "campaign": {"id": campaign.id, "name": campaign.name},
        "prospect": {"id": prospect.short, "name": prospect.name, "email": prospect.email},
        "sender_email": "sales@vendor.example",
        "subject": subject,
        "body": text(given.get("body")),
        "timestamp": int(store.now()),
    }


# -- looking up --------------------------------------------------------------------------------------------------------
def by_id(store: Store, id: Any) -> Prospect:
    found = store.by_id(text(id))
    if found is None:
        raise ControlError(f"There is no prospect {id!r}.")
    return found


def list_by_id(store: Store, id: Any) -> ProspectList:
    found = store.lists.get(whole(id))
    if found is None or found.deleted_at is not None:
        raise ControlError(f"There is no list {id!r}.")
    return found


def first_list(store: Store) -> ProspectList:
    if not store.live_lists():
        raise ControlError("There is no list.")
    return store.live_lists()[0]


def field_by_label(store: Store, label: str) -> CustomField:
    found = store.field_by_label(label)
    if found is None:
        raise ControlError(f"There is no custom field {label!r}.")
    return found


def campaign_by_id(store: Store, id: Any) -> Campaign:
    found = store.campaigns.get(whole(id))
    if found is None:
        raise ControlError(f"There is no campaign {id!r}.")
    return found
