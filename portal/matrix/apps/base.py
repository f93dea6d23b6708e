"""What an adaptor must say of its app. Kinds and fields go by the names that mappings use; values are canonical ones."""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import requests

from integrations.models import AppInstance
from integrations.records import Field, Values
from portal.accounts.models import Account

Records = dict[str, Values]
"""Everything there is of one kind, by id. References are lists of ids."""


class NoServer(Exception):
    """Why the app's server cannot be started here."""


class Adaptor:
    """One account of an app: a person's hands, and an auditor's eyes. ``facts``: what its stand-in told at its start. ``second``:
    another end is the same app, so take another account of it."""

    key: ClassVar[str] = ""
    standin: ClassVar[str] = ""  # its name for ``manage.py standins``; "" = a real server, see ``open``
    shares_records: ClassVar[bool] = False  # accounts show the same records, each as much as it may see
    options: ClassVar[tuple[str, ...]] = ()  # ``--set`` of its stand-in: limits off
    has_second: ClassVar[bool] = False
    writes_of_kind: ClassVar[str] = ""  # regular expression with {kind}: request lines that write records

    def __init__(self, facts: Mapping[str, Any], *, second: bool = False) -> None:
        """NoServer where there is no second account."""
        self.facts, self.second = facts, second
        if second and not self.has_second:
            raise NoServer(f"{self.key} has one account here")

    @property
    def label(self) -> str:
        return f"{self.key} 2" if self.second else self.key

    @classmethod
    def environment(cls, facts: Mapping[str, Any]) -> dict[str, str]:
        """Settings of the install (see the README)."""
        return {}

    def open(self, stack: ExitStack, folder: Path) -> None:
        """Start what is not a stand-in; NoServer where that cannot be."""

    # -- in the product --------------------------------------------------------------------------------------------------
    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        """As a person does: by the consent page, or by the form of keys."""
        raise NotImplementedError

    def scope(self, instance: AppInstance, kind: str) -> dict[str, Any]:
        """What the person chooses besides the defaults: the list that new records go to."""
        return {}

    # -- hands -------------------------------------------------------------------------------------------------------------
    def can_type(self, kind: str, field: Field) -> bool:
        """Whether a person can fill this field."""
        return field.writable

    def place(self, kind: str, field: Field) -> str:
        """What holds a reference: fields of one place that takes one record leave the others empty."""
        return field.name

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        raise NotImplementedError

    def edit(self, kind: str, id: str, values: Values) -> None:
        raise NotImplementedError

    def delete(self, kind: str, ids: Sequence[str]) -> None:
        raise NotImplementedError

    def locked(self, kind: str) -> set[str]:
        """Ids of records that the app lets nobody change, closed ones for example: people leave them and their twins alone."""
        return set()

    def merge(self, kind: str, winner: str, loser: str) -> str:
        """The id of the record that is left. Only asked of kinds with the ability."""
        raise NotImplementedError

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        """Everything, over the vendor's public API."""
        raise NotImplementedError

    def keeps(self, kind: str, field: str, values: Values) -> bool:
        """Whether the app has a value of its own in this field of such a record, whatever is written."""
        return False

    def writes(self, kind: str) -> int:
        """How many requests have written records of this kind so far."""
        raise NotImplementedError


class Standin(Adaptor):
    """The hands are the stand-in's generic control verbs (``records``, ``stats``)."""

    def control(self, verb: str, **given: Any) -> Any:
        answer = requests.post(f"{self.facts['control_url']}/{verb}", json=given, timeout=300)
        if answer.status_code != 200:
            raise ValueError(f"{self.key} refused {verb}: {answer.text[:300]}")
        return answer.json()

    def wire(self, kind: str, values: Values) -> dict[str, Any]:
        """Canonical values as its control verbs take them."""
        return {name: "" if value is None else value for name, value in values.items()}

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        made = self.control("records", type=kind, create=[self.wire(kind, values) for values in rows])
        return [str(id) for id in made["created"]]

    def edit(self, kind: str, id: str, values: Values) -> None:
        self.control("records", type=kind, edit=[{"id": id, **self.wire(kind, values)}])

    def delete(self, kind: str, ids: Sequence[str]) -> None:
        self.control("records", type=kind, delete=list(ids))

    def merge(self, kind: str, winner: str, loser: str) -> str:
        made = self.control("records", type=kind, merge=[[winner, loser]]).get("merged") or [winner]
        return str(made[0])

    def writes(self, kind: str) -> int:
        pattern = re.compile(self.writes_of_kind.format(kind=re.escape(kind)))
        return sum(n for line, n in self.control("stats")["by_path"].items() if pattern.search(line))
