"""``EntityDefinitions``: what tables, columns, choices and lookups are called."""

import re
import uuid
from typing import TYPE_CHECKING, Any

from integrations.standins.dynamics.errors import Problem, bad_url
from integrations.standins.dynamics.tables import Column, TableType

if TYPE_CHECKING:
    from integrations.standins.dynamics.organisation import Organisation

CASTS = {
    "StringAttributeMetadata": {"String"}, "MemoAttributeMetadata": {"Memo"}, "IntegerAttributeMetadata": {"Integer"},
    "DecimalAttributeMetadata": {"Decimal"}, "DoubleAttributeMetadata": {"Double"}, "MoneyAttributeMetadata": {"Money"},
    "DateTimeAttributeMetadata": {"DateTime", "DateOnly", "LocalDate"},
    "LookupAttributeMetadata": {"Lookup", "Customer", "Owner", "PartyList"},
    "PicklistAttributeMetadata": {"Picklist"}, "MultiSelectPicklistAttributeMetadata": {"MultiSelectPicklist"},
    "StateAttributeMetadata": {"State"}, "StatusAttributeMetadata": {"Status"}, "BooleanAttributeMetadata": {"Boolean"},
}  # fmt: skip
FORMATS = {"emailaddress": "Email", "websiteurl": "Url", "producturl": "Url", "telephone": "Phone", "mobilephone": "Phone",
           "fax": "Phone", "phonenumber": "Phone", "internalemail": "Email"}  # fmt: skip
BOOLEAN_WORDS = {"directioncode": ("Outgoing", "Incoming"), "donotemail": ("Do Not Allow", "Allow")}
LEVELS = {"req": "SystemRequired", "biz": "ApplicationRequired", "": "None"}
PATH = re.compile(r"EntityDefinitions(?:\((?:LogicalName='(?P<name>\w+)'|(?P<id>[0-9a-f-]{36}))\))?(?:/(?P<rest>.+))?")


def answered(org: "Organisation", path: str, query: dict[str, str], root: str) -> dict[str, Any]:
    """The body for an address that begins with ``EntityDefinitions``. Raises Problem."""
    match = PATH.fullmatch(path)
    if match is None:
        raise bad_url(f"Resource not found for the segment '{path}'.", 404)
    if not match["name"] and not match["id"]:
        return {"@odata.context": f"{root}/$metadata#EntityDefinitions", "value": _definitions(org, query)}
    kind = next(
        (t.kind for t in org.tables.values() if match["name"] == t.kind.logical or match["id"] == _id(t.kind.logical)),
        None,
    )
    if kind is None:
        raise Problem(404, "0x80060888", f"Could not find an entity with name {match['name'] or match['id']}.")
    rest = match["rest"] or ""
    if not rest:
        return {
            "@odata.context": f"{root}/$metadata#EntityDefinitions/$entity",
            **_picked(_definition(org, kind), query),
        }
    return {"@odata.context": f"{root}/$metadata#{rest}", "value": _listed(org, kind, rest, query)}


def _definitions(org: "Organisation", query: dict[str, str]) -> list[dict[str, Any]]:
    found = [_definition(org, table.kind) for table in org.tables.values()]
    text = query.get("$filter", "")
    if named := re.fullmatch(r"LogicalName eq '(\w+)'", text):
        found = [each for each in found if each["LogicalName"] == named[1]]
    elif flag := re.fullmatch(r"(ChangeTrackingEnabled|IsActivity) eq (true|false)", text):
        found = [each for each in found if each[flag[1]] is (flag[2] == "true")]
    elif text:
        raise bad_url(f"The filter '{text}' is not supported on EntityDefinitions.")
    return [_picked(each, query) for each in found]


def _listed(org: "Organisation", kind: TableType, rest: str, query: dict[str, str]) -> list[dict[str, Any]]:
    part, _, cast = rest.partition("/Microsoft.Dynamics.CRM.")
    if part == "Attributes" and not cast:
        return [_picked(_attribute(kind, each), query) for each in kind.columns.values()]
    if part == "Attributes" and cast in CASTS:
        chosen = [each for each in kind.columns.values() if each.type in CASTS[cast]]
        wide = "OptionSet" in query.get("$expand", "")
        return [_picked(_special(kind, each), query, ("OptionSet",) if wide else ()) for each in chosen]
    if part == "ManyToOneRelationships":
        return [_picked(each, query) for each in _relationships(kind)]
    if part == "Keys":
        return [_picked(each, query) for each in _keys(org, kind)]
    raise bad_url(f"Resource not found for the segment '{rest}'.", 404)


def _definition(org: "Organisation", kind: TableType) -> dict[str, Any]:
    return {
        "LogicalName": kind.logical, "SchemaName": kind.logical.title(), "EntitySetName": kind.entity_set,
        "LogicalCollectionName": kind.entity_set, "PrimaryIdAttribute": kind.key, "PrimaryNameAttribute": kind.name_column,
        "DisplayName": _label(kind.logical.title()), "IsCustomEntity": False, "IsActivity": kind.is_activity,
        "ChangeTrackingEnabled": kind.logical not in org.untracked,
        "IsOptimisticConcurrencyEnabled": kind.logical not in org.unversioned,
        "MetadataId": _id(kind.logical),
    }  # fmt: skip


def _attribute(kind: TableType, column: Column) -> dict[str, Any]:
    type_name = {"DateOnly": "DateTime", "LocalDate": "DateTime", "MultiSelectPicklist": "Virtual"}.get(
        column.type, column.type
    )
    locked = column.read_only or column.name in ("merged", "masterid", "versionnumber")
    return {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{_class_of(column)}",
        "LogicalName": column.name, "SchemaName": column.schema_name or column.name,
        "AttributeType": type_name, "AttributeTypeName": {"Value": f"{column.type if type_name == 'Virtual' else type_name}Type"},
        "DisplayName": _label(column.label), "AttributeOf": None,
        "RequiredLevel": {"Value": LEVELS[column.required], "CanBeChanged": True,
                          "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
        "IsValidForCreate": not locked and column.type != "State",
        "IsValidForUpdate": not locked and column.name not in ("overriddencreatedon", kind.key),
        "IsValidForRead": True, "IsPrimaryId": column.name == kind.key, "IsPrimaryName": column.name == kind.name_column,
        "IsCustomAttribute": column.custom, "IsLogical": False, "MetadataId": _id(f"{kind.logical}.{column.name}"),
    }  # fmt: skip


def _special(kind: TableType, column: Column) -> dict[str, Any]:
    found = _attribute(kind, column)
    if column.type in ("String", "Memo"):
        word = next((form for start, form in FORMATS.items() if column.name.startswith(start)), "Text")
        found |= {"MaxLength": column.max, "Format": word, "FormatName": {"Value": word}}
    elif column.type in ("DateTime", "DateOnly", "LocalDate"):
        found |= {"Format": "DateAndTime" if column.type == "DateTime" else "DateOnly",
                  "DateTimeBehavior": {"Value": "DateOnly" if column.type == "DateOnly" else "UserLocal"}}  # fmt: skip
    elif column.is_lookup or column.type == "PartyList":
        found["Targets"] = list(column.targets) or ["account", "contact", "lead", "systemuser"]
    elif column.type in ("Integer", "Decimal", "Double", "Money"):
        found |= {"MinValue": -(2**31), "MaxValue": 2**31 - 1}
    elif column.type == "Boolean":
        yes, no = BOOLEAN_WORDS.get(column.name, ("Yes", "No"))
        found["OptionSet"] = {
            "TrueOption": {"Value": 1, "Label": _label(yes)},
            "FalseOption": {"Value": 0, "Label": _label(no)},
        }
    else:
        found["OptionSet"] = {"Options": [
            {"Value": value, "Label": _label(label), **({} if state is None else {"State": state})}
            for value, label, state in column.options
        ]}  # fmt: skip
    return found


def _relationships(kind: TableType) -> list[dict[str, Any]]:
    """An owner is of the table *owner*, which users and teams are rows of."""
    found = []
    for name, (column, target) in kind.navigation.items():
        if name == "ownerid" and kind.is_activity:
            continue  # a relationship of the type that activities derive from
        found.append({"SchemaName": f"{kind.logical}_{name}", "ReferencingEntity": kind.logical,
                      "ReferencingAttribute": column.name, "ReferencedEntity": target or "owner",
                      "ReferencingEntityNavigationPropertyName": name,
                      "MetadataId": _id(f"{kind.logical}/{name}/{target}")})  # fmt: skip
    return found


def _keys(org: "Organisation", kind: TableType) -> list[dict[str, Any]]:
    return [
        {
            "LogicalName": "_".join(key),
            "KeyAttributes": key,
            "EntityKeyIndexStatus": "Active",
            "MetadataId": _id("_".join(key)),
        }
        for key in org.keys.get(kind.logical, [])
    ]


def _class_of(column: Column) -> str:
    return next((name for name, types in CASTS.items() if column.type in types), "AttributeMetadata")


def _picked(found: dict[str, Any], query: dict[str, str], more: tuple[str, ...] = ()) -> dict[str, Any]:
    """``$select``; MetadataId and the type come always, and what is expanded only where it was asked for."""
    names = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
    if unknown := [name for name in names if name not in found]:
        raise bad_url(f"Could not find a property named '{unknown[0]}' on the metadata type.")
    kept = {*(names or found.keys() - {"OptionSet"}), "MetadataId", "@odata.type", *more}
    return {name: value for name, value in found.items() if name in kept}


def _label(text: str) -> dict[str, Any]:
    one = {"Label": text, "LanguageCode": 1033, "IsManaged": True, "MetadataId": _id(text), "HasChanged": None}
    return {"LocalizedLabels": [one], "UserLocalizedLabel": one}


def _id(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))
