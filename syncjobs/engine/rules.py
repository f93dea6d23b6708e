"""One sync's settings as plain data, with everything that is known of the fields at both ends.

Built once per slice by ``syncjobs/runner/context.py`` from the database rows; the engine sees only this.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from integrations.records import FieldType, Side, Value
from syncjobs.engine.canonical import is_blank
from syncjobs.engine.filters import Groups

Way = Literal["both", "to_hub", "to_app"]
WinnerRule = Literal["recent", "hub", "app", "ask"]
Policy = Literal["ignore", "flag", "delete"]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a mapping: the field at one side."""

    field: str
    type: FieldType
    writable: bool = True
    clearable: bool = True
    max_length: int | None = None
    options: frozenset[str] = frozenset()  # that can be written; empty: anything goes
    option_labels: tuple[tuple[str, str], ...] = ()  # (label, value) of all: options are matched by label, too
    many: bool = False  # a reference that can name several records
    otherwise: str = ""  # fills a blank here for an option or user without a counterpart; "" = the record fails


NO_LIMIT = 1 << 60
_PLAIN = frozenset({FieldType.TEXT, FieldType.LONG_TEXT, FieldType.RICH_TEXT, FieldType.PHONE, FieldType.URL})


@dataclass(frozen=True, slots=True)
class MappingRule:
    app: End
    hub: End
    way: Way = "both"  # already narrowed by the sync's direction and by what can be written
    winner: WinnerRule = "recent"
    to_hub: str = ""  # names of transforms, "" = by type
    to_app: str = ""
    value_map: tuple[tuple[str, str], ...] = ()  # (app value, hub value)
    # Of references: ``partners[to][id at the other side]`` is what stands for it at ``to``: its twin's id, or its name where
    # the target is text. Filled by the runner for the records that it is about to plan; an id without a partner waits.
    partners: dict[Side, dict[str, str]] = field(default_factory=lambda: {Side.HUB: {}, Side.APP: {}}, compare=False)
    plain: frozenset[Side] = field(init=False, compare=False)  # sides to which text goes as it is: most of all values

    def __post_init__(self) -> None:
        same = self.hub.type is self.app.type and self.hub.type in _PLAIN and not self.value_map
        own = {Side.HUB: self.to_hub, Side.APP: self.to_app}
        object.__setattr__(self, "plain", frozenset(side for side in Side if same and not own[side]))

    @property
    def is_association(self) -> bool:
        return self.hub.type is FieldType.REFERENCE and self.app.type is FieldType.REFERENCE

    def end(self, side: Side) -> End:
        return self.hub if side is Side.HUB else self.app

    def room(self, to: Side) -> int:
        """How long a text of one line may be to cross as it is; 0: none does."""
        return (self.end(to).max_length or NO_LIMIT) if to in self.plain else 0

    def goes_to(self, side: Side) -> bool:
        return self.way == "both" or self.way == f"to_{side}"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A pair of fields that matches records on first sight. A weak one (a company's name) waits for a person."""

    hub: End
    app: End
    strong: bool = True

    def end(self, side: Side) -> End:
        return self.hub if side is Side.HUB else self.app


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed value. ``when``: ``always`` (with everything that is written), ``create`` (new records only), or ``promote``: new
    records, and a record that meets its twin for the first time with a blank, or with a value that comes earlier in ``order``.
    What people make of it afterwards stays, and nothing is ever moved back."""

    field: str
    value: Value
    when: Literal["always", "create", "promote"] = "always"
    order: tuple[Value, ...] = ()

    def applies(self, old: Value, *, first: bool) -> bool:
        """Over ``old``, the value of a record that exists."""
        if self.when != "promote":
            return self.when == "always"
        earlier = self.order[: self.order.index(self.value)] if self.value in self.order else ()
        return first and (is_blank(old) or old in earlier)


@dataclass(frozen=True, slots=True)
class SideRules:
    """What holds at one side."""

    types: dict[str, FieldType]  # every tracked field
    filter: Groups = ()  # records of this side that may cross to the other
    constants: tuple[Constant, ...] = ()  # stamped on what is written *to* this side
    create: bool = True  # the app can, and the direction allows it
    update: bool = True
    delete: bool = True
    email_field: str = ""  # set where email_only applies: a record without a valid address here is excluded
    required: tuple[str, ...] = ()  # fields without which this side refuses a create
    when_other_deleted: Policy = "flag"


@dataclass(frozen=True, slots=True)
class SyncRules:
    mappings: tuple[MappingRule, ...]
    identifiers: tuple[Identifier, ...]
    hub: SideRules
    app: SideRules
    clear_values: bool = False
    duplicates: Literal["newest", "oldest", "hold"] = "newest"
    leaving: Literal["keep", "stop"] = "keep"
    start_from: datetime | None = None
    # What a record that is made at a side gets: (field at the other side, field there, how long a text may be that crosses as it
    # is, rule). The same for every record, so it is worked out once. Associations are apart.
    copied: dict[Side, tuple[tuple[str, str, int, MappingRule], ...]] = field(init=False, compare=False)
    associations: tuple[MappingRule, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        crossing = [rule for rule in self.mappings if not rule.is_association]
        copied = {
            to: tuple((r.end(to.other).field, r.end(to).field, r.room(to), r) for r in crossing if r.goes_to(to))
            for to in Side
        }
        object.__setattr__(self, "copied", copied)
        object.__setattr__(self, "associations", tuple(rule for rule in self.mappings if rule.is_association))

    def side(self, side: Side) -> SideRules:
        return self.hub if side is Side.HUB else self.app
