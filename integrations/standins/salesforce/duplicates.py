"""Duplicate rules: who else is like the record that is about to be saved. None are on unless the setting turns them on."""

from typing import TYPE_CHECKING, Any

from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.fields import Kind
from integrations.standins.salesforce.store import Row, Values

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

COMPARED = {"Contact": "Email", "Lead": "Email", "Account": "Name"}
"""By which field records of an object are alike; the real rules compare several, fuzzily."""


class Duplicates:
    """``rules``: by object, "alert" (may be saved all the same) or "block"."""

    def __init__(self, org: "Org") -> None:
        self.org = org
        self.rules: dict[str, str] = {}

    def configure(self, text: str) -> None:
        """``Contact=alert,Lead=block``; raises ValueError."""
        pairs = dict(part.split("=", 1) for part in text.replace(" ", "").split(",") if part)
        if wrong := [part for part in pairs.items() if part[0] not in COMPARED or part[1] not in ("alert", "block")]:
            raise ValueError(f"duplicate rules are like Contact=alert,Lead=block, not {wrong}")
        self.rules = pairs

    def check(self, kind: Kind, values: Values, own: str, allow_save: bool) -> None:
        """Raises Problem where a rule says no."""
        action = self.rules.get(kind.name)
        value = values.get(COMPARED.get(kind.name, ""))
        if action is None or value is None or (action == "alert" and allow_save):
            return
        alike = self.org.tables[kind.name].having(COMPARED[kind.name], value)
        alike = [row for row in alike if row.id != own and not row.deleted]
        if alike:
            more = {"duplicateResult": _result(kind, alike, action)}
            raise Problem("DUPLICATES_DETECTED", "Use one of these records?", [], more)


def _result(kind: Kind, alike: list[Row], action: str) -> dict[str, Any]:
    records = [
        {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
         "record": {"attributes": {"type": kind.name, "url": f"/services/data/v62.0/sobjects/{kind.name}/{row.id}"}, "Id": row.id}}
        for row in alike
    ]  # fmt: skip
    rule = f"Standard_{kind.name}_Duplicate_Rule"
    result = {"entityType": kind.name, "errors": [], "matchEngine": "FuzzyMatchEngine", "matchRecords": records,
              "rule": f"Standard_{kind.name}_Match_Rule_v1_1", "size": len(records), "success": True}  # fmt: skip
    return {"allowSave": action == "alert", "duplicateRule": rule, "duplicateRuleEntityType": kind.name,
            "errorMessage": "Use one of these records?", "matchResults": [result]}  # fmt: skip
