"""Associations of records as fields of type *reference*, and how they are read. Written by ``linking.py``.

A field names a kind of the other record and perhaps a label: ``associations.companies`` are all companies of a record,
``associations.companies.primary`` is the one that its HubSpot page shows first, ``associations.companies.parent`` a company's
parent.

They are read only when asked for: one call for each kind of the other records and up to 1,000 records. A full scan that needs no
label gets them with the records (``associations=``), which costs nothing more.

That an association was added or removed does not reliably move a record's modified date, so a poll need not see it. Webhooks
(``*.associationChange``) tell, for both records; full scans find the rest.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations.connectors.hubspot.client import after_of, call
from integrations.connectors.hubspot.objects import OBJECTS, PARENT, PREFIX, PRIMARY, Reference
from integrations.http import ApiSession
from integrations.records import Field, FieldType, RemoteRecord, Value

READ_BATCH = 1000

Near = dict[str, set[int]]
"""Ids of the records on the other end → association type ids."""


def fields(kind: str) -> list[Field]:
    return [
        Field(
            reference.name,
            _label(reference),
            FieldType.REFERENCE,
            required=reference.required,
            clearable=not reference.required,
            refers_to=reference.to,
            many=reference.many,
        )
        for reference in OBJECTS[kind].references
    ]


def is_reference(name: str) -> bool:
    return name.startswith(PREFIX)


def wanted(kind: str, names: Iterable[str]) -> list[Reference]:
    """The references among names of fields; one that the object type does not have is left out."""
    known = [OBJECTS[kind].reference(name) for name in names if name.startswith(PREFIX)]
    return [reference for reference in known if reference]


class Associations:
    def __init__(self, session: ApiSession) -> None:
        self._session = session

    def fill(self, kind: str, records: Sequence[RemoteRecord], names: Iterable[str]) -> None:
        """Give each record the values of the references among ``names``. One of which HubSpot says nothing stays absent."""
        for to, references in _by_target(wanted(kind, names)).items():
            near = self.of(kind, to, [record.id for record in records])
            for record in records:
                if record.id in near:
                    record.values |= {each.name: value_of(each, near[record.id]) for each in references}

    def of(self, kind: str, to: str, ids: Iterable[str]) -> dict[str, Near]:
        """What is associated with each of the records. An id is missing when HubSpot could not tell."""
        inputs: list[dict[str, str]] = [{"id": id} for id in dict.fromkeys(ids)]
        found: dict[str, Near] = {each["id"]: {} for each in inputs}
        while inputs:
            some, inputs = inputs[:READ_BATCH], inputs[READ_BATCH:]
            data = call(self._session, "associated", kind, to=to, body={"inputs": some}).data
            for result in data.get("results") or []:
                id = str(result["from"]["id"])
                _merge(found.setdefault(id, {}), result.get("to") or [])
                if after := after_of(result):
                    inputs.append({"id": id, "after": after})
            for id in _untold(data.get("errors") or [], some):
                found.pop(id, None)
        return found

    def take_inline(
        self, kind: str, items: Sequence[dict[str, Any]], records: Sequence[RemoteRecord], names: Any
    ) -> None:
        """As ``fill``, from what came with the records of a list; one more call for records that have many."""
        for reference in wanted(kind, names):
            cut = []
            for item, record in zip(items, records, strict=True):
                near = (item.get("associations") or {}).get(reference.to) or {}
                ids = sorted({str(other["id"]) for other in near.get("results") or []})
                record.values[reference.name] = ids or None
                if after_of(near):
                    record.values.pop(reference.name)
                    cut.append(record)
            if cut:
                self.fill(kind, cut, [reference.name])


def inline(kind: str, names: Iterable[str]) -> str:
    """The ``associations`` parameter that gives all these references with a list; "" when that cannot be: labels are not in it."""
    references = wanted(kind, names)
    return ",".join(each.to for each in references) if all(each.many for each in references) else ""


def value_of(reference: Reference, near: Near) -> Value:
    """Canonical: sorted ids, None without any; at most one where a label can be given to one."""
    if reference.many:
        return sorted(near) or None
    return sorted(other for other, types in near.items() if reference.type_id in types)[:1] or None


def _by_target(references: list[Reference]) -> dict[str, list[Reference]]:
    found: dict[str, list[Reference]] = {}
    for reference in references:
        found.setdefault(reference.to, []).append(reference)
    return found


def _merge(near: Near, rows: list[dict[str, Any]]) -> None:
    """``toObjectId`` is a number in HubSpot's samples and text in its documents."""
    for row in rows:
        types = (each.get("typeId") for each in row.get("associationTypes") or [])
        near.setdefault(str(row["toObjectId"]), set()).update(int(type_id) for type_id in types if type_id is not None)


def _untold(complaints: list[dict[str, Any]], asked: list[dict[str, str]]) -> set[str]:
    """Ids of which a batch said neither what they have nor that they have nothing."""
    found: set[str] = set()
    for complaint in complaints:
        if str(complaint.get("subCategory") or "").rpartition(".")[2] != "NO_ASSOCIATIONS_FOUND":
            named = (complaint.get("context") or {}).get("fromObjectId") or [each["id"] for each in asked]
            found.update(str(id) for id in named)
    return found


def _label(reference: Reference) -> str:
    words = {
        ("companies", ""): _("Associated companies"),
        ("companies", PRIMARY): _("Primary company"),
        ("companies", PARENT): _("Parent company"),
        ("contacts", ""): _("Associated contacts"),
        ("contacts", PRIMARY): _("Primary contact"),
        ("deals", ""): _("Associated deals"),
        ("tickets", ""): _("Associated tickets"),
    }
    return words[reference.to, reference.label]
