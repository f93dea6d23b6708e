"""The filter editor of one side: groups of rules, AND inside a group, OR between groups.

Inputs are named ``<side>-<group>-<rule>-<part>``; rows come and go by submit buttons, so it works without JavaScript. What was
typed survives every error.
"""

import dataclasses
import re
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext

from integrations.records import Field, FieldType, Side
from syncjobs.engine.filters import DAYS_VALUE, LIST_VALUE, NO_VALUE, OPERATORS, TWO_VALUES, value_problem
from syncjobs.models import Sync, SyncFilter
from syncjobs.wizard import labels

MAX_GROUPS, MAX_RULES = 10, 20


@dataclasses.dataclass
class Rule:
    """One row as typed."""

    name: str  # prefix of its inputs: "app-0-1"
    field: str = ""
    operator: str = ""
    values: list[str] = dataclasses.field(default_factory=list)
    known: Field | None = None
    problem: str = ""

    @property
    def blank(self) -> bool:
        """As it was added: nothing was chosen or typed."""
        return not self.field and not self.operator and not any(self.values)

    @property
    def operators(self) -> list[tuple[str, Any]]:
        if not self.known:
            return [(self.operator, labels.OPERATORS.get(self.operator, "…"))]
        names: list[str] = list(OPERATORS[self.known.type])
        if self.operator and self.operator not in names:
            names = [self.operator, *names]
        return [(name, labels.OPERATORS[name]) for name in names if name in labels.OPERATORS]

    @property
    def input(self) -> str:
        """Which control takes the value: none, options, two, days, date, number, list or text."""
        if not self.known:  # no field chosen, or it is gone: what was typed stays in sight
            return "list" if any(self.values) else "none"
        if self.operator in NO_VALUE:
            return "none"
        if self.operator in LIST_VALUE:
            return "options" if self.known.options else "list"
        if self.operator in TWO_VALUES:
            return "two"
        if self.operator in DAYS_VALUE:
            return "days"
        return {FieldType.DATE: "date", FieldType.DATETIME: "date"}.get(self.known.type, "text")

    @property
    def type(self) -> str:
        """Of the HTML input."""
        dates = (FieldType.DATE, FieldType.DATETIME)
        return "date" if self.known and self.known.type in dates and self.input in ("date", "two") else "text"

    @property
    def text(self) -> str:
        return ", ".join(self.values)

    @property
    def first(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def second(self) -> str:
        return self.values[1] if len(self.values) > 1 else ""

    @property
    def value(self) -> Any:
        """As ``SyncFilter`` stores it."""
        if self.operator in NO_VALUE:
            return None
        return self.values if self.operator in LIST_VALUE | TWO_VALUES else self.first


class FilterEditor:
    """``data`` None shows what is stored, else what was posted."""

    def __init__(self, draft: Sync, side: Side, fields: dict[str, Field], data: QueryDict | None) -> None:
        self.draft, self.side, self.fields = draft, side, fields
        first = draft.instance(side).app.kind(draft.kind(side)).filter_fields
        listed = [fields[name] for name in first if name in fields]
        self.choices = listed + [item for item in fields.values() if item.readable and item not in listed]
        stored = draft.filters.filter(side=side.value).first()
        # Only a page that shows this editor posts it; the marker says so (a direction may have come since).
        self.bound = data is not None and f"{side}-shown" in data
        self.groups = self._posted(data) if self.bound and data is not None else self._stored(stored)

    def _stored(self, stored: SyncFilter | None) -> list[list[Rule]]:
        groups = stored.groups if stored else []
        return [
            [self._rule(g, r, rule["field"], rule["operator"], rule.get("value")) for r, rule in enumerate(group)]
            for g, group in enumerate(groups)
        ]

    def _posted(self, data: QueryDict) -> list[list[Rule]]:
        pattern = re.compile(rf"{self.side}-(\d{{1,3}})-(\d{{1,3}})-field")
        places = sorted((int(found[1]), int(found[2])) for key in data if (found := pattern.fullmatch(key)))
        groups: dict[int, list[Rule]] = {}
        for g, r in places:
            name = f"{self.side}-{g}-{r}"
            values = [value.strip() for value in data.getlist(f"{name}-value")]
            group = groups.setdefault(g, [])
            rule = self._rule(
                len(groups) - 1, len(group), data.get(f"{name}-field", ""), data.get(f"{name}-operator", ""), values
            )
            if rule.input == "list":
                rule.values = [item.strip() for item in re.split(r"[,;\n]", " , ".join(values)) if item.strip()]
            group.append(rule)
        return list(groups.values())

    def _rule(self, group: int, row: int, name: str, operator: str, value: Any) -> Rule:
        values = value if isinstance(value, list) else [] if value is None else [str(value)]
        known = self.fields.get(name)
        if known and not operator:
            operator = OPERATORS[known.type][0]
        rule = Rule(f"{self.side}-{group}-{row}", name, operator, [str(item) for item in values], known)
        if name and not known:
            rule.problem = gettext("The field “%(field)s” is gone: choose another or remove the rule.") % {
                "field": name
            }
        return rule

    # -- buttons ------------------------------------------------------------------------------------------------------
    def act(self, argument: str) -> None:
        """``rule:<group>`` and ``group`` add a row, ``drop:<group>:<rule>`` takes one away, ``fit`` redraws rows after another
        field was chosen. Anything else changes nothing."""
        verb, *numbers = argument.split(":")
        places = [int(number) for number in numbers if number.isdecimal() and len(number) < 9]
        if verb == "group" and len(self.groups) < MAX_GROUPS:
            self.groups.append([])
            self._add(len(self.groups) - 1)
        elif verb == "rule" and len(places) == 1 and places[0] < len(self.groups):
            self._add(places[0])
        elif verb == "drop" and len(places) == 2 and places[0] < len(self.groups):
            group = self.groups[places[0]]
            self.groups[places[0]] = [rule for n, rule in enumerate(group) if n != places[1]]
            self.groups = [group for group in self.groups if group]
            self._rename()
        elif verb == "fit":
            for rule in (rule for group in self.groups for rule in group):
                self._fit(rule)

    def _add(self, group: int) -> None:
        if len(self.groups[group]) < MAX_RULES:
            self.groups[group].append(Rule(f"{self.side}-{group}-{len(self.groups[group])}"))

    def _rename(self) -> None:
        for g, group in enumerate(self.groups):
            for r, rule in enumerate(group):
                rule.name = f"{self.side}-{g}-{r}"

    @staticmethod
    def _fit(rule: Rule) -> None:
        """A rule whose field changed keeps its comparison only if that still fits."""
        if rule.known and rule.operator not in OPERATORS[rule.known.type]:
            rule.operator, rule.values = OPERATORS[rule.known.type][0], []

    # -- storing ------------------------------------------------------------------------------------------------------
    def is_valid(self) -> bool:
        for rule in (rule for group in self.groups for rule in group):
            if rule.blank or rule.problem:
                continue
            rule.problem = self._problem(rule)
        return not any(rule.problem for group in self.groups for rule in group)

    def forgive(self) -> None:
        """Take back what ``is_valid`` complained of."""
        for rule in (rule for group in self.groups for rule in group):
            rule.problem = ""

    @staticmethod
    def _problem(rule: Rule) -> str:
        if rule.known is None:
            return gettext("Choose a field.")
        if rule.operator not in OPERATORS[rule.known.type]:
            return gettext("“%(operator)s” does not fit “%(field)s”. Choose another comparison from the list.") % {
                "operator": labels.OPERATORS.get(rule.operator, rule.operator),
                "field": rule.known.label,
            }
        if rule.known.options and rule.operator in LIST_VALUE:
            allowed = {option.value for option in rule.known.options}
            if rule.values and not set(rule.values) <= allowed:
                return gettext("Choose from the list.")
        return gettext(text) if (text := value_problem(rule.operator, rule.value, rule.known.type)) else ""

    def save(self) -> None:
        groups = [
            [{"field": r.field, "operator": r.operator, "value": r.value} for r in group if not r.blank]
            for group in self.groups
        ]
        groups = [group for group in groups if group]
        if groups:
            SyncFilter.objects.update_or_create(sync=self.draft, side=self.side.value, defaults={"groups": groups})
        else:
            self.draft.filters.filter(side=self.side.value).delete()
