"""Describe resources: what objects and fields there are and what may be done with them. The same for every caller, but for fields
that are hidden."""

import base64
from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce.computed import COMPUTED
from integrations.standins.salesforce.fields import NUMBERS, Field, Kind, Option
from integrations.standins.salesforce.filters import LONG_TEXT

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

SOAP = {"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
        "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
        "address": "urn:address"}  # fmt: skip


def everything(org: "Org", root: str) -> dict[str, Any]:
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [brief(table.kind, root) for table in org.tables.values()],
    }


def brief(kind: Kind, root: str) -> dict[str, Any]:
    may, url = not kind.setup, f"{root}/sobjects/{kind.name}"
    return {
        "activateable": False, "associateEntityType": None, "associateParentEntity": None, "createable": may, "custom": False,
        "customSetting": False, "deepCloneable": False, "deletable": may, "deprecatedAndHidden": False, "feedEnabled": may,
        "hasSubtypes": False, "isInterface": False, "isSubtype": False, "keyPrefix": kind.prefix, "label": kind.label,
        "labelPlural": kind.plural, "layoutable": may, "mergeable": kind.mergeable, "mruEnabled": may, "name": kind.name,
        "queryable": True, "replicateable": may or kind.name == "User", "retrieveable": True, "searchable": may,
        "triggerable": may, "undeletable": may, "updateable": may,
        "urls": {"describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}", "sobject": url},
    }  # fmt: skip


def whole(org: "Org", kind: Kind, root: str) -> dict[str, Any]:
    return {
        **brief(kind, root),
        "actionOverrides": [],
        "childRelationships": _children(org, kind),
        "compactLayoutable": not kind.setup,
        "fields": [_field(kind, each) for each in kind.visible],
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(org, kind, root),
        "searchLayoutable": not kind.setup,
        "supportedScopes": [{"label": f"All {kind.plural.lower()}", "name": "everything"}],
    }


def _children(org: "Org", kind: Kind) -> list[dict[str, Any]]:
    return [
        {"cascadeDelete": field.cascades, "childSObject": table.kind.name, "deprecatedAndHidden": False, "field": field.name,
         "junctionIdListNames": [], "junctionReferenceTo": [], "relationshipName": field.children or None,
         "restrictedDelete": False}
        for table in org.tables.values()
        for field in table.kind.visible
        if kind.name in field.targets
    ]  # fmt: skip


def _record_types(org: "Org", kind: Kind, root: str) -> list[dict[str, Any]]:
    field = kind.fields.get("RecordTypeId")
    rows = [row for row in org.tables["RecordType"].live() if row.values["SobjectType"] == kind.name] if field else []
    found = [
        (row.id, row.values["Name"], row.values["DeveloperName"], bool(field and field.default == row.id))
        for row in rows
    ]
    master = ("012000000000000AAA", "Master", "Master", not rows)
    return [
        {"active": True, "available": True, "defaultRecordTypeMapping": default, "developerName": developer,
         "master": name == "Master", "name": name, "recordTypeId": id,
         "urls": {"layout": f"{root}/sobjects/{kind.name}/describe/layouts/{id}"}}
        for id, name, developer, default in [*found, master]
    ]  # fmt: skip


def _field(kind: Kind, field: Field) -> dict[str, Any]:
    number, plain = field.type in NUMBERS, field.type not in ("address", "multipicklist")
    long_text = field.type == "textarea" and field.max > LONG_TEXT
    filterable = not long_text and field.type != "address"
    controller = kind.fields.get(field.controller)
    may = not kind.setup
    return {
        "aggregatable": plain and not long_text and field.type != "boolean", "aiPredictionField": False, "autoNumber": field.auto,
        "byteLength": field.max if field.type in ("id", "reference") else field.max * 3, "calculated": field.calculated,
        "calculatedFormula": "(…)" if field.calculated and (kind.name, field.name) in COMPUTED else None,
        "cascadeDelete": False, "caseSensitive": False, "compoundFieldName": field.compound or None,
        "controllerName": field.controller or None, "createable": field.createable and may, "custom": field.custom,
        "defaultValue": field.default if field.type == "boolean" else None, "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted, "dependentPicklist": bool(field.controller), "deprecatedAndHidden": False,
        "digits": field.precision if field.type == "int" else 0, "displayLocationInDecimal": False, "encrypted": False,
        "externalId": field.external_id, "extraTypeInfo": None, "filterable": filterable, "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False, "groupable": filterable and not number and field.type != "datetime",
        "highScaleNumber": False, "htmlFormatted": False, "idLookup": field.id_lookup, "inlineHelpText": None,
        "label": field.label, "length": field.max, "mask": None, "maskType": None, "name": field.name,
        "nameField": field.is_name, "namePointing": len(field.targets) > 1, "nillable": field.nillable,
        "permissionable": field.nillable and field.type != "boolean",
        "picklistValues": [_option(option, controller) for option in field.options],
        "polymorphicForeignKey": len(field.targets) > 1,
        "precision": 0 if field.type == "int" else field.precision, "queryByDistance": False, "referenceTargetField": None,
        "referenceTo": list(field.targets), "relationshipName": field.relationship or None, "relationshipOrder": None,
        "restrictedDelete": False, "restrictedPicklist": field.restricted, "scale": field.scale,
        "searchPrefilterable": field.type == "reference", "soapType": SOAP.get(field.type, "xsd:string"),
        "sortable": plain and not long_text, "type": field.type, "unique": field.unique,
        "updateable": field.updateable and may, "writeRequiresMasterRead": False,
    }  # fmt: skip


def _option(option: Option, controller: Field | None) -> dict[str, Any]:
    """``validFor`` has a bit for each value of the controlling field, the first one on the left."""
    valid_for = None
    if controller is not None:
        bits = bytearray((len(controller.options) + 7) // 8)
        for place, each in enumerate(controller.options):
            if each.value in option.controlled_by or not option.controlled_by:
                bits[place // 8] |= 0x80 >> place % 8
        valid_for = base64.b64encode(bytes(bits)).decode()
    return {
        "active": True,
        "defaultValue": option.default,
        "label": option.value,
        "validFor": valid_for,
        "value": option.value,
    }
