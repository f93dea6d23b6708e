"""Tryton's rows as people see them in its forms, and what its client sends for what they type.

A person's two names are one in Tryton, first name first and taken apart at the last space; a no-break space keeps together what
would be taken apart wrongly. Where somebody works is a relation of the type "Works for".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.records import Value, Values

Row = dict[str, Any]
"""As ``search_read`` gives it: what was asked for through a link is a row, or a list of rows, below ``"link."``."""

PARTY, OPPORTUNITY = "party.party", "sale.opportunity"
PERSON, WORKS_FOR = "Person", "Works for"
GLUE = "\u00a0"
MECHANISMS = ("email", "phone", "mobile", "website")
ADDRESS = ("street", "city", "postal_code")
HANGS_AT = {"organisation": PARTY, "person": PARTY, "opportunity": OPPORTUNITY}


@dataclass(frozen=True)
class Form:
    """One object. ``typed``: fields that a person fills. ``wire(row, values, ids)``: what changes the row (``{}`` = a new one) to
    these values, with the ids of some rows by name."""

    model: str
    paths: tuple[str, ...]
    typed: tuple[str, ...]
    read: Callable[[Row], Values]
    wire: Callable[[Row, Values, Mapping[str, Any]], dict[str, Any]]
    domain: tuple[Any, ...] = ()


# -- values --------------------------------------------------------------------------------------------------------------------
def decimal(text: Value) -> Any:
    return {"__class__": "Decimal", "decimal": str(text)} if text else None


def day(text: Value) -> Any:
    if not text:
        return None
    year, month, day = (int(part) for part in str(text)[:10].split("-"))
    return {"__class__": "date", "year": year, "month": month, "day": day}


def shown(value: Any) -> Value:
    """A number or a moment as text."""
    if isinstance(value, dict) and "decimal" in value:
        return str(value["decimal"])
    if isinstance(value, dict):
        date = f"{value['year']:04}-{value['month']:02}-{value['day']:02}"
        if value["__class__"] == "date":
            return date
        return f"{date}T{value['hour']:02}:{value['minute']:02}:{value['second']:02}.{value['microsecond'] // 1000:03}Z"
    return None if value in (None, "") else str(value)


def first(rows: Any) -> Row:
    return next(iter(rows or []), {})


def only(*ids: Any) -> Value:
    return [str(id) for id in ids if id] or None


def is_person(party: Row | None) -> bool:
    return PERSON in {each["name"] for each in (party or {}).get("categories.") or []}


# -- parties -------------------------------------------------------------------------------------------------------------------
def read_party(row: Row) -> Values:
    found: Values = dict.fromkeys(MECHANISMS)
    for each in row["contact_mechanisms."]:
        found[each["type"]] = found.get(each["type"]) or each["value"]
    address = first(row["addresses."])
    return {**found, **{name: address.get(name) or None for name in ADDRESS}, "name": row["name"] or None}


def wire_party(row: Row, values: Values, ids: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {"name": values["name"]} if "name" in values else {}
    for name in [name for name in MECHANISMS if values.get(name)]:
        there = next((each for each in row.get("contact_mechanisms.") or [] if each["type"] == name), None)
        command = ["write", [there["id"]], {"value": values[name]}] if there else ["create", [_mechanism(name, values)]]
        wire.setdefault("contact_mechanisms", []).append(command)
    if address := {name: values[name] for name in ADDRESS if name in values}:
        there = first(row.get("addresses."))
        wire["addresses"] = [["write", [there["id"]], address] if there else ["create", [address]]]
    return wire


def _mechanism(name: str, values: Values) -> dict[str, Any]:
    return {"type": name, "value": values[name]}


def read_person(row: Row) -> Values:
    name = str(row["name"] or "")
    head, _space, last = ("", "", "") if name.endswith(GLUE) else name.rpartition(" ")
    names = {"first_name": head or name.strip(GLUE) if name.endswith(GLUE) else head, "last_name": last}
    employers = [each["to"] for each in row["relations."] if each["type."]["name"] == WORKS_FOR]
    plain = {name: text.replace(GLUE, " ") or None for name, text in names.items()}
    return {**read_party(row), **plain, "organisation": only(*employers[:1])}


def wire_person(row: Row, values: Values, ids: Mapping[str, Any]) -> dict[str, Any]:
    wire = wire_party(row, values, ids)
    if {"first_name", "last_name"} & values.keys():
        head, last = (
            str({**(read_person(row) if row else {}), **values}.get(name) or "") for name in ("first_name", "last_name")
        )
        wire["name"] = f"{head} {last.replace(' ', GLUE)}".strip(" ") if last else head + GLUE
    if not row:
        wire["categories"] = [["add", [ids[PERSON]]]]
    if employer := values.get("organisation"):
        there = [each["id"] for each in row.get("relations.") or [] if each["type."]["name"] == WORKS_FOR]
        wire["relations"] = [*([["delete", there]] if there else []), ["create", [_works_for(employer, ids)]]]
    return wire


def _works_for(employer: Value, ids: Mapping[str, Any]) -> dict[str, Any]:
    return {"to": _one(employer), "type": ids[WORKS_FOR]}


def _one(reference: Value) -> int | None:
    return int(reference[0]) if isinstance(reference, list) and reference else None


# -- products ------------------------------------------------------------------------------------------------------------------
def read_product(row: Row) -> Values:
    variant = first(row["products."])
    return {
        "name": row["name"], "code": row["code"] or None, "list_price": shown(row["list_price"]),
        "cost_price": shown(variant.get("cost_price")), "description": variant.get("description") or None,
    }  # fmt: skip


def wire_product(row: Row, values: Values, ids: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {} if row else {"type": "goods", "default_uom": ids["unit"]}
    wire |= {name: values[name] for name in ("name", "code") if name in values}
    if "list_price" in values:
        wire["list_price"] = decimal(values["list_price"])
    variant: dict[str, Any] = {"description": values["description"]} if "description" in values else {}
    if values.get("cost_price"):
        variant["cost_price"] = decimal(values["cost_price"])
    if variant or not row:
        there = first(row.get("products."))
        wire["products"] = [["write", [there["id"]], variant] if there else ["create", [variant]]]
    return wire


# -- opportunities -------------------------------------------------------------------------------------------------------------
def read_opportunity(row: Row) -> Values:
    party, contact = row["party."] or {}, (row["contact."] or {}).get("party.") or {}
    probability = row["conversion_probability"]
    return {
        "description": row["description"] or None, "state": row["state"], "amount": shown(row["amount"]),
        "currency": (row["currency."] or {}).get("code"), "end_date": shown(row["end_date"]), "comment": row["comment"] or None,
        "employee": ((row["employee."] or {}).get("party.") or {}).get("email") or None,
        "conversion_probability": None if probability is None else str(probability),
        "organisation": only(party.get("id") if not is_person(party) else None),
        "person": only(*[each["id"] for each in (party, contact) if is_person(each)][:1]),
    }  # fmt: skip


def wire_opportunity(row: Row, values: Values, ids: Mapping[str, Any]) -> dict[str, Any]:
    """The state is led to by buttons."""
    wire: dict[str, Any] = {name: values[name] for name in ("description", "comment") if name in values}
    if "amount" in values:
        wire["amount"] = decimal(values["amount"])
    if "end_date" in values:
        wire["end_date"] = day(values["end_date"])
    if values.get("currency"):
        wire["currency"] = ids["currencies"][values["currency"]]
    if values.get("employee"):
        wire["employee"] = ids["employees"][values["employee"]]
    if {"organisation", "person"} & values.keys():
        held = {**(read_opportunity(row) if row else {}), **values}
        organisation, person = _one(held.get("organisation")), _one(held.get("person"))
        wire["party"] = organisation or person
        wire["contact"] = ids["mechanisms"].get(person) if organisation and person else None
    return wire


# -- notes ---------------------------------------------------------------------------------------------------------------------
def read_note(row: Row) -> Values:
    """Whether its party is a person must be asked apart: see ``is_person``."""
    model, _comma, id = str(row["resource"] or "").partition(",")
    at = {OPPORTUNITY: "opportunity", PARTY: "person" if row.get("is_person") else "organisation"}.get(model)
    hung: Values = {name: only(id) if name == at else None for name in HANGS_AT}
    return {"message": row["message"] or None, "create_date": shown(row["create_date"]), **hung}


def wire_note(row: Row, values: Values, ids: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = {"message": values["message"]} if "message" in values else {}
    for name, model in HANGS_AT.items():
        if values.get(name):
            wire["resource"] = f"{model},{_one(values[name])}"
    return wire


IN_PARTY = (
    "name", "categories.name", *(f"contact_mechanisms.{name}" for name in ("type", "value")),
    *(f"addresses.{name}" for name in ADDRESS),
)  # fmt: skip
FORMS = {
    "people": Form(
        PARTY, (*IN_PARTY, "relations.to", "relations.type.name"),
        ("first_name", "last_name", *MECHANISMS, *ADDRESS, "organisation"), read_person, wire_person,
        ("categories", "where", [["name", "=", PERSON]]),
    ),
    "organisations": Form(
        PARTY, IN_PARTY, ("name", *MECHANISMS, *ADDRESS), read_party, wire_party,
        ("categories", "not where", [["name", "=", PERSON]]),
    ),
    "products": Form(
        "product.template", ("name", "code", "list_price", "products.cost_price", "products.description"),
        ("name", "code", "list_price", "cost_price", "description"), read_product, wire_product,
    ),
    "opportunities": Form(
        OPPORTUNITY,
        ("description", "state", "amount", "currency.code", "end_date", "comment", "employee.party.email",
         "conversion_probability", "party.categories.name", "contact.party.categories.name"),
        ("description", "state", "amount", "currency", "end_date", "comment", "employee", "organisation", "person"),
        read_opportunity, wire_opportunity,
    ),
    "notes": Form(
        "ir.note", ("message", "resource", "create_date"), ("message", "person", "organisation", "opportunity"),
        read_note, wire_note, ("resource", "!=", None),
    ),
}  # fmt: skip
