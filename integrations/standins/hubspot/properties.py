"""Property definitions as data. A line is ``name | label | type | fieldType | group | flags | options``.

Flags: ``ro`` read-only value, ``calc`` computed (read-only too), ``owner`` an owner's id, ``unique``, ``hidden``,
``custom`` not made by HubSpot. Options: ``value=Label; …``, or just values.
"""

from dataclasses import dataclass, field
from typing import Any

from integrations.standins.hubspot.property_lines import COMMON, GROUPS, LINES

Option = dict[str, Any]


@dataclass
class Property:
    """``shown()`` is the JSON of the properties endpoints."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: list[Option] = field(default_factory=list)
    read_only: bool = False
    calculated: bool = False
    owner: bool = False
    unique: bool = False
    hidden: bool = False
    hubspot_defined: bool = True
    form_field: bool = False
    archived: bool = False
    display_order: int = -1
    created_at: str = "2019-08-06T02:41:08.029Z"
    updated_at: str = "2019-08-06T02:41:08.029Z"

    @property
    def writable(self) -> bool:
        return not (self.read_only or self.calculated)

    def option_values(self) -> set[str]:
        return {option["value"] for option in self.options}

    def shown(self) -> dict[str, Any]:
        return {
            "updatedAt": self.updated_at,
            "createdAt": self.created_at,
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.owner,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined and not self.options,
                "readOnlyValue": not self.writable,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
            **({"referencedObjectType": "OWNER"} if self.owner else {}),
            **({"archived": True} if self.archived else {}),
        }


def _options(text: str) -> list[Option]:
    found = []
    for order, part in enumerate(filter(None, (part.strip() for part in text.split(";")))):
        value, _, label = part.partition("=")
        label = label or value.replace("_", " ").capitalize()
        found.append({"label": label, "value": value, "displayOrder": order, "hidden": False, "description": ""})
    return found


def _parse(line: str) -> Property:
    name, label, type_, field_type, group, flags, options = (
        [part.strip() for part in line.split("|")] + [""] * 6
    )[:7]  # fmt: skip
    marks = flags.split()
    if type_ == "bool":
        options = "true=True; false=False"
    return Property(
        name, label, type_ or "string", field_type or "text", group,
        options=_options(options), read_only="ro" in marks, calculated="calc" in marks, owner="owner" in marks,
        unique="unique" in marks, hidden="hidden" in marks, hubspot_defined="custom" not in marks,
        form_field="form" in marks,
    )  # fmt: skip


def definitions(kind: str) -> dict[str, Property]:
    """Fresh definitions for one object type, by name."""
    text = COMMON + (LINES["activities"] if kind in ("calls", "emails", "meetings", "notes", "tasks") else "")
    text += LINES.get(kind, "")
    found = (_parse(line) for line in text.splitlines() if line.strip())
    return {each.name: each for each in found}


def groups(kind: str) -> dict[str, dict[str, Any]]:
    """Fresh property groups of one object type, by name."""
    names = {each.group for each in definitions(kind).values()}
    return {
        name: {"name": name, "label": GROUPS.get(name, name), "displayOrder": order, "archived": False}
        for order, name in enumerate(sorted(names))
    }
