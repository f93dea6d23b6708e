"""Objects and their fields, each made from one line: ``Name|type|Label|extras``.

Extras, apart by ``;``:

============ =====================================================================================================
``max=80``   characters
``num=18.2`` precision and scale
``ro``       neither createable nor updateable; ``new`` createable only
``req``      not nillable
``def``      the org fills it in; ``def=x`` with this
``calc``     formula or roll-up; ``auto`` numbered
``ext``      external id; ``uniq`` no two rows alike; ``idl`` usable as key of an upsert
``to=A,B``   lookup to; ``rel=`` name of the relationship, ``kids=`` the other way round; ``cascade`` goes with its parent
``part=``    part of this compound field
``opts=``    values of a picklist, a ``*`` behind the default, ``>A+B`` behind those for values of the ``by=`` field
``strict``   no other value is taken
``name``     what the record is called
============ =====================================================================================================
"""

from dataclasses import dataclass, field
from typing import Any

NUMBERS = frozenset({"int", "double", "currency", "percent"})
TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "combobox"})
LENGTHS = {"phone": 40, "url": 255, "email": 80, "picklist": 255, "reference": 18, "id": 18, "multipicklist": 4099,
           "textarea": 255, "combobox": 255, "string": 255}  # fmt: skip
PRECISIONS = {"int": (9, 0), "double": (18, 2), "currency": (18, 2), "percent": (18, 2)}


@dataclass
class Option:
    value: str
    default: bool = False
    controlled_by: tuple[str, ...] = ()  # values of the controlling field that allow it; empty: all


@dataclass
class Field:
    name: str
    type: str
    label: str
    max: int = 0
    precision: int = 0
    scale: int = 0
    createable: bool = True
    updateable: bool = True
    nillable: bool = True
    defaulted: bool = False
    default: Any = None
    calculated: bool = False
    auto: bool = False
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    is_name: bool = False
    targets: tuple[str, ...] = ()
    relationship: str = ""
    children: str = ""
    cascades: bool = False
    compound: str = ""
    options: list[Option] = field(default_factory=list)
    restricted: bool = False
    controller: str = ""
    hidden: bool = False  # by field-level security: the caller does not see it

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        """Whoever creates a row has to name it."""
        return self.createable and not self.nillable and not self.defaulted

    @property
    def indexed(self) -> bool:
        looked_up = self.type == "reference" and self.name not in ("CreatedById", "LastModifiedById", "RecordTypeId")
        return self.id_lookup or self.external_id or self.unique or self.is_name or self.type == "email" or looked_up

    def option(self, value: str) -> Option | None:
        folded = value.casefold()
        return next((each for each in self.options if each.value.casefold() == folded), None)


@dataclass
class Kind:
    """An sObject. ``setup``: made by administrators only, never through records' API."""

    name: str
    prefix: str
    label: str
    plural: str
    fields: dict[str, Field]
    setup: bool = False
    mergeable: bool = False

    def __post_init__(self) -> None:
        self._by_lower = {name.lower(): each for name, each in self.fields.items()}
        self.name_field = next((each.name for each in self.fields.values() if each.is_name), "Id")

    def add(self, made: Field) -> None:
        self.fields[made.name] = made
        self._by_lower[made.name.lower()] = made

    def field(self, name: str) -> Field | None:
        """Names of fields know no case; those that the caller may not see are not there."""
        found = self._by_lower.get(name.lower())
        return found if found and not found.hidden else None

    def related(self, name: str) -> Field | None:
        """The lookup field of a relationship (``Account`` → ``AccountId``)."""
        lower = name.lower()
        return next(
            (each for each in self.fields.values() if each.relationship.lower() == lower and not each.hidden), None
        )

    @property
    def visible(self) -> list[Field]:
        return [each for each in self.fields.values() if not each.hidden]


def parsed(line: str) -> Field:
    name, kind, label, extras = line.split("|")
    made = Field(name, kind, label, max=LENGTHS.get(kind, 0))
    made.precision, made.scale = PRECISIONS.get(kind, (0, 0))
    if kind == "boolean":
        made.nillable, made.defaulted, made.default = False, True, False
    for extra in filter(None, extras.split(";")):
        word, _, value = extra.partition("=")
        _apply(made, word, value)
    if kind == "reference" and not made.relationship:
        made.relationship = name[:-3] + "__r" if made.custom else name.removesuffix("Id")
    return made


def _apply(made: Field, word: str, value: str) -> None:
    if word in FLAGS:
        setattr(made, FLAGS[word], True)
    elif word == "max":
        made.max = int(value)
    elif word == "num":
        precision, _, scale = value.partition(".")
        made.precision, made.scale = int(precision), int(scale or 0)
    elif word in ("ro", "calc", "auto"):
        made.createable = made.updateable = False
        made.calculated, made.auto = made.calculated or word == "calc", made.auto or word == "auto"
    elif word == "new":
        made.updateable = False
    elif word == "req":
        made.nillable = False
    elif word == "def":
        made.defaulted, made.default = True, {"true": True, "false": False, "": made.default}.get(value, value)
    elif word in ("to", "opts"):
        _several(made, word, value)
    else:
        setattr(made, NAMED[word], value)


FLAGS = {"ext": "external_id", "uniq": "unique", "idl": "id_lookup", "cascade": "cascades", "strict": "restricted",
         "name": "is_name"}  # fmt: skip
NAMED = {"rel": "relationship", "kids": "children", "part": "compound", "by": "controller"}


def _several(made: Field, word: str, value: str) -> None:
    if word == "to":
        made.targets = tuple(value.split(","))
        return
    for text in value.split(","):
        shown, _, controlled = text.partition(">")
        option = Option(shown.rstrip("*"), shown.endswith("*"), tuple(filter(None, controlled.split("+"))))
        made.options.append(option)
        if option.default:
            made.defaulted, made.default = True, option.value


def address(prefix: str, label: str) -> list[Field]:
    """The parts of an address and the compound field that shows them together."""
    whole = f"{prefix}Address"
    parts = (
        ("Street", "textarea", "max=255"), ("City", "string", "max=40"), ("State", "string", "max=80"),
        ("PostalCode", "string", "max=20"), ("Country", "string", "max=80"), ("Latitude", "double", "num=18.15"),
        ("Longitude", "double", "num=18.15"), ("GeocodeAccuracy", "picklist", "max=40;opts=Address,Street,Zip,City;strict"),
    )  # fmt: skip
    made = [parsed(f"{prefix}{name}|{kind}|{label} {name}|{extras};part={whole}") for name, kind, extras in parts]
    return [*made, parsed(f"{whole}|address|{label} Address|ro")]
