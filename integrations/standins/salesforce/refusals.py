"""Writes of single records that are refused although nothing is wrong with them: locks, automation that fails, and the org's own
validation rules. A test or a person puts them in (``control.py``)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.standins.salesforce.errors import Problem
from integrations.standins.salesforce.store import Values

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

MESSAGES = {
    "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record or 1 records: {id}",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "SetRegion: execution of BeforeInsert caused by: System.NullPointerException",
    "STORAGE_LIMIT_EXCEEDED": "storage limit exceeded",
    "INSUFFICIENT_ACCESS_OR_READONLY": "insufficient access rights on object id",
    "ENTITY_IS_DELETED": "entity is deleted",
    "ENTITY_IS_LOCKED": "the entity is locked for editing",
}


@dataclass
class Refusal:
    """The ``next`` writes to records of ``kind`` ("" for any) are refused; ``skip`` of them get through before."""

    code: str
    kind: str = ""
    next: int = 1
    skip: int = 0
    message: str = ""


@dataclass
class Validation:
    """The org wants ``field`` to be other than ``value`` (None: to be filled in)."""

    kind: str
    field: str
    message: str
    value: object = None


class Refusals:
    def __init__(self, org: "Org") -> None:
        self.org = org
        self.pending: list[Refusal] = []
        self.validations: list[Validation] = []

    def check(self, kind: str, by: str, id: str) -> None:
        """People in the app are not refused. Raises Problem."""
        if not self.pending or by != self.org.me:
            return
        found = next((each for each in self.pending if each.kind in ("", kind)), None)
        if found is None:
            return
        if found.skip > 0:
            found.skip -= 1
            return
        found.next -= 1
        if found.next <= 0:
            self.pending.remove(found)
        message = found.message or MESSAGES.get(found.code, found.code)
        raise Problem(found.code, message.format(id=id or "unknown"), [])

    def validate(self, kind: str, values: Values) -> None:
        for rule in self.validations:
            if rule.kind == kind and values.get(rule.field) == rule.value:
                raise Problem("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, [rule.field])
