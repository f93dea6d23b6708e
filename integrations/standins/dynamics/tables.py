"""The tables of an organisation: their columns, how they are called in addresses, and what their lookups are called
when written."""

from dataclasses import dataclass, field

from integrations.standins.dynamics.column_lines import LINES

LOOKUPS = {"Lookup", "Customer", "Owner"}
SETS = {
    "account": "accounts", "contact": "contacts", "lead": "leads", "opportunity": "opportunities", "product": "products",
    "pricelevel": "pricelevels", "uom": "uoms", "uomschedule": "uomschedules", "invoice": "invoices", "incident": "incidents",
    "task": "tasks", "phonecall": "phonecalls", "appointment": "appointments", "email": "emails",
    "annotation": "annotations", "systemuser": "systemusers", "team": "teams",
    "transactioncurrency": "transactioncurrencies", "organization": "organizations",
}  # fmt: skip
ACTIVITIES = ("task", "phonecall", "appointment", "email")
NAMES = {"contact": "fullname", "lead": "fullname", "incident": "title", "systemuser": "fullname",
         "transactioncurrency": "currencyname", "annotation": "subject", **dict.fromkeys(ACTIVITIES, "subject")}  # fmt: skip
UNOWNED = ("product", "pricelevel", "uom", "uomschedule", "systemuser", "team", "transactioncurrency", "organization")
INDEXED = ("emailaddress1", "name", "productnumber", "title", "subject", "ticketnumber", "invoicenumber", "fullname",
           "internalemailaddress", "isocurrencycode", "telephone1", "websiteurl")  # fmt: skip
MERGING = ("account", "contact", "lead", "incident")
COMMON = """
createdon|DateTime|Created On|ro
modifiedon|DateTime|Modified On|ro
createdby|Lookup|Created By|ro;to=systemuser
modifiedby|Lookup|Modified By|ro;to=systemuser
versionnumber|BigInt|Version Number|ro
overriddencreatedon|DateTime|Record Created On|
importsequencenumber|Integer|Import Sequence Number|
"""
OWNED = "ownerid|Owner|Owner|to=systemuser,team\nowningbusinessunit|Lookup|Owning Business Unit|ro;to=businessunit\n"
MONEY = "transactioncurrencyid|Lookup|Currency|to=transactioncurrency\nexchangerate|Decimal|Exchange Rate|ro\n"


@dataclass
class Column:
    """``type``: as the metadata calls it; "DateOnly" is a date of that behaviour, "LocalDate" one of the behaviour *user local*:
    shown as a day, kept as the moment at which it began where the user is."""

    name: str
    type: str
    label: str
    max: int = 0
    read_only: bool = False
    required: str = ""  # "req": the API insists; "biz": forms insist
    targets: tuple[str, ...] = ()
    options: list[tuple[int, str, int | None]] = field(default_factory=list)  # value, label, state of a status
    custom: bool = False
    schema_name: str = ""

    @property
    def is_lookup(self) -> bool:
        return self.type in LOOKUPS

    @property
    def wire(self) -> str:
        """Its name in rows and in ``$select``."""
        return f"_{self.name}_value" if self.is_lookup else self.name


@dataclass
class TableType:
    logical: str
    entity_set: str
    key: str
    name_column: str
    columns: dict[str, Column]
    navigation: dict[str, tuple[Column, str]] = field(default_factory=dict)  # name in ``@odata.bind`` → column, target
    tracked: bool = True

    @property
    def is_activity(self) -> bool:
        return self.logical in ACTIVITIES

    @property
    def parties(self) -> str:
        """The collection of an activity's participants, "" where there is none."""
        return f"{self.logical}_activity_parties" if self.is_activity else ""

    def by_wire(self, name: str) -> Column | None:
        """The column that ``$select`` and ``$filter`` call ``name``."""
        found = self.columns.get(name.removeprefix("_").removesuffix("_value") if name.startswith("_") else name)
        return found if found and found.wire == name and found.type != "PartyList" else None


def column(line: str) -> Column:
    name, kind, label, extras = line.split("|")
    found = Column(name, kind, label, schema_name=name)
    for extra in filter(None, extras.split(";")):
        word, _, value = extra.partition("=")
        if word == "max":
            found.max = int(value)
        elif word == "ro":
            found.read_only = True
        elif word in ("req", "biz"):
            found.required = word
        elif word == "to":
            found.targets = tuple(value.split(","))
        elif word == "options":
            for option in value.split(","):
                number, text, *state = option.split("/")
                found.options.append((int(number), text, int(state[0]) if state else None))
    return found


def navigation_of(logical: str, found: Column) -> dict[str, tuple[Column, str]]:
    """Polymorphic lookups have a navigation property per target; those of activities are named after the activity, too: that of
    the type they all derive from is inherited beside their own."""
    if found.name == "ownerid":
        names = ["ownerid", f"ownerid_{logical}"] if logical in ACTIVITIES else ["ownerid"]
        return dict.fromkeys(names, (found, ""))
    if len(found.targets) == 1:
        return {found.schema_name: (found, found.targets[0])}
    named = {f"{found.name}_{target}": (found, target) for target in found.targets}
    if logical in ACTIVITIES:
        named |= {f"{found.name}_{target}_{logical}": (found, target) for target in found.targets}
    return named


def table_types() -> dict[str, TableType]:
    """All tables as a new organisation has them, by logical name."""
    made = {}
    for logical, entity_set in SETS.items():
        text = LINES[logical] + COMMON + ("" if logical in UNOWNED else OWNED)
        if "|Money|" in text:
            text += MONEY
        columns = {each.name: each for each in map(column, filter(None, text.splitlines()))}
        key = "activityid" if logical in ACTIVITIES else f"{logical}id"
        columns[key] = Column(key, "Uniqueidentifier", "Unique Identifier", required="req", schema_name=key)
        table = TableType(logical, entity_set, key, NAMES.get(logical, "name"), columns)
        for each in columns.values():
            if each.is_lookup:
                table.navigation |= navigation_of(logical, each)
        made[logical] = table
    return made
