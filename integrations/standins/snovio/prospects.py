"""``POST /v1/add-prospect-to-list``: the only write on prospects, with the flags as clients saw them work.

=========================================== ==============================================================================
case                                        answer
=========================================== ==============================================================================
new e-mail                                  ``added`` true
e-mail in the same list                     422 "already exists in your list"; with ``updateContact`` true the profile is updated
                                            (the reference implies so; setting ``same_list_always_422`` turns that off)
e-mail in another list                      ``updated`` true: updated where it is, it does **not** enter the list asked for;
                                            nothing happens where ``updateContact`` is false in so many words
e-mail in another list, createDuplicates    ``added`` true: a second profile
=========================================== ==============================================================================

An empty value is left out, as the vendor's own client does: nothing can be cleared.
"""

import re
from datetime import date
from functools import cache
from typing import Any

import pycountry

from integrations.standins.snovio.answers import Refuse
from integrations.standins.snovio.store import CustomField, Prospect, Store

EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}", re.IGNORECASE)
ALREADY = "Prospect with same email already exists in your list"
TEXTS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "country": "country",
    "locality": "locality",
    "position": "position",
    "companyName": "company",
    "companySite": "site",
}


@cache
def countries() -> frozenset[str]:
    """The vendor's fixed list: English short names of ISO 3166."""
    return frozenset(country.name for country in pycountry.countries)


def add(store: Store, params: dict[str, Any], *, same_list_always_422: bool = False) -> dict[str, Any]:
    """The answer's body, or ``Refuse``."""
    found = store.lists.get(whole(params.get("listId")))
    if found is None or found.deleted_at is not None:
        raise Refuse.not_found()
    update, double = flag(params.get("updateContact")), flag(params.get("createDuplicates"))
    if update and double:
        raise Refuse(400, {"success": False, "message": "updateContact and createDuplicates can not be used together"})
    values = wanted(store, params)
    email = values["emails"][0] if "emails" in values else ""
    known = store.by_email(email) if email else []
    here = [each for each in known if found.id in each.lists]
    if here and (not update or same_list_always_422):
        raise Refuse(422, {"success": False, "added": False, "errors": ALREADY})
    if not known or double:
        return outcome(store.add([found.id], **values), added=True)
    profile = (here or sorted(known, key=lambda each: -each.updated_at))[0]
    if update is False:
        return outcome(profile)
    del values["emails"]
    if "social" in values:
        values["social"] = profile.social | values["social"]
    store.change(profile, **values)
    return outcome(profile, updated=True)


def outcome(prospect: Prospect, *, added: bool = False, updated: bool = False) -> dict[str, Any]:
    return {"success": True, "id": prospect.short, "added": added, "updated": updated}


def wanted(store: Store, params: dict[str, Any]) -> dict[str, Any]:
    """The attributes that a request sets, checked."""
    values: dict[str, Any] = {ours: text(params[theirs]) for theirs, ours in TEXTS.items() if text(params.get(theirs))}
    if full := text(params.get("fullName")):
        first, _, last = full.partition(" ")
        values.setdefault("first_name", first)
        values.setdefault("last_name", last.strip())
    if "country" in values and values["country"] not in countries():
        raise Refuse(
            422, {"success": False, "errors": f"Country '{values['country']}' is not in the list of countries"}
        )
    if email := text(params.get("email")):
        if not EMAIL.fullmatch(email):
            raise Refuse(400, {"success": False, "message": f"We cannot process this email: {email}"})
        values["emails"] = [email]
    if phones := [text(phone) for phone in params.get("phones") or [] if text(phone)]:
        values["phones"] = phones
    links = {kind: text(link) for kind, link in (params.get("socialLinks") or {}).items() if text(link)}
    if links:
        values["social"] = links
    if not email and not links.get("linkedIn"):
        raise Refuse(400, {"success": False, "message": "The email field is required."})
    if custom := {label: text(value) for label, value in (params.get("customFields") or {}).items() if text(value)}:
        values["custom"] = custom_values(store, custom)
    return values


def custom_values(store: Store, values: dict[str, str]) -> dict[int, str]:
    unknown = [label for label in values if store.field_by_label(label) is None]
    if unknown:
        raise Refuse(400, {"success": False, "message": f"Custom fields not found: {', '.join(unknown)}"})
    checked: dict[int, str] = {}
    for label, value in values.items():
        definition = store.field_by_label(label)
        assert definition is not None
        if not fits(definition, value):
            raise Refuse(422, {"success": False, "errors": f"Custom field '{label}' must be a {definition.type}"})
        checked[definition.number] = value
    return checked


def fits(definition: CustomField, value: str) -> bool:
    try:
        if definition.type == "number":
            float(value)
        elif definition.type == "date":
            date.fromisoformat(value)
    except ValueError:
        return False
    return True


def text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def whole(value: Any) -> int:
    """A number given as a number or as digits; -1 for anything else."""
    return int(value) if str(value).isdigit() else -1


def flag(value: Any) -> bool | None:
    """JSON booleans, and 1/0/true/false of forms; None where it was not sent."""
    return None if value is None else str(value).casefold() in ("1", "true", "yes", "on")
