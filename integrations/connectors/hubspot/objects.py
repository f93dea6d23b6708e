"""HubSpot's object types as data: what their addresses, dates, pipelines and associations are called.

All of them share one API shape, so the connector asks this table and never the name of an object type. A new one is a row here, a
row in ``kinds.py`` (default mappings) and its scopes in ``permissions.py``.

Association type ids of HubSpot's own types are the same in every account (developers.hubspot.com, "Associations v4: association
type ID values"), so no call is spent on reading them. Labels that an account has made itself are kept as they are: only HubSpot's
own types are written.
"""

from dataclasses import dataclass

from integrations.connectors.base import Abilities

TEXT_SCOPE = "sales-email-read"
REDACTED = "The content of this email has been redacted"  # how HubSpot begins what it shows instead without the scope

PREFIX = "associations."  # no property's name has a full stop in it
PRIMARY, PARENT = "primary", "parent"


@dataclass(frozen=True, slots=True)
class Reference:
    """A kind of association as a field: all records of ``to`` (``label`` ""), or the one whose association has this label."""

    to: str
    plain: int  # type id without a label
    label: str = ""
    type_id: int = 0  # of the label
    moves: bool = True  # giving the label to another record takes it from the one that has it
    required: bool = False  # HubSpot refuses a record without one, and deletes a record that loses it

    @property
    def name(self) -> str:
        return PREFIX + self.to + (f".{self.label}" if self.label else "")

    @property
    def many(self) -> bool:
        return not self.label


@dataclass(frozen=True, slots=True)
class ObjectType:
    kind: str  # as in addresses
    type_id: str
    singular: str  # as in the names of webhook events
    references: tuple[Reference, ...] = ()
    required: tuple[str, ...] = ()  # properties that a create needs
    pipeline: tuple[str, str] | None = None  # properties that hold pipeline and stage
    modified: str = "hs_lastmodifieddate"
    group: str = ""  # property group that a new property is put into; "" = none is made
    merges: bool = False
    days: tuple[str, ...] = ()  # properties that people know as days, and HubSpot keeps as moments
    same_time: tuple[str, str] | None = None  # (property, the one that has to be equal to it)
    secret: tuple[str, ...] = ()  # come blank (the first: as ``REDACTED``) without ``TEXT_SCOPE``

    def reference(self, name: str) -> Reference | None:
        return next((reference for reference in self.references if reference.name == name), None)


def _many(to: str, plain: int) -> Reference:
    return Reference(to, plain)


def _primary(to: str, plain: int, type_id: int, *, required: bool = False) -> Reference:
    return Reference(to, plain, PRIMARY, type_id, required=required)


def _activity(
    kind: str,
    type_id: str,
    types: tuple[int, int, int, int],
    *,
    singular: str = "",
    required: tuple[str, ...] = ("hs_timestamp",),
    same_time: tuple[str, str] | None = None,
    secret: tuple[str, ...] = (),
) -> ObjectType:
    """``types``: ids of the associations with contacts, companies, deals and tickets."""
    ends = zip(("contacts", "companies", "deals", "tickets"), types, strict=True)
    references = tuple(_many(to, plain) for to, plain in ends)
    return ObjectType(kind, type_id, singular or kind[:-1], references, required, same_time=same_time, secret=secret)


OBJECTS = {
    each.kind: each
    for each in (
        ObjectType(
            "contacts", "0-1", "contact", (_primary("companies", 279, 1), _many("companies", 279)),
            modified="lastmodifieddate", group="contactinformation", merges=True,
        ),
        ObjectType(
            "companies", "0-2", "company", (Reference("companies", 450, PARENT, 14, moves=False),),
            group="companyinformation", merges=True,
        ),
        ObjectType(
            "deals", "0-3", "deal",
            (_primary("companies", 341, 5), _many("companies", 341), _many("contacts", 3), _many("tickets", 27)),
            required=("dealname", "dealstage"), pipeline=("pipeline", "dealstage"), group="dealinformation", merges=True,
            days=("closedate",),
        ),
        ObjectType(
            "tickets", "0-5", "ticket",
            (_primary("companies", 339, 26), _many("companies", 339), _many("contacts", 16), _many("deals", 28)),
            required=("subject", "hs_pipeline_stage"), pipeline=("hs_pipeline", "hs_pipeline_stage"),
            group="ticketinformation", merges=True,
        ),
        ObjectType("products", "0-7", "product", required=("name",)),
        ObjectType(
            "invoices", "0-53", "invoice", (_many("companies", 179), _many("contacts", 177), _many("deals", 175)),
            required=("hs_currency",), days=("hs_invoice_date", "hs_due_date"),
        ),
        ObjectType(
            "leads", "0-136", "lead", (_primary("contacts", 608, 578, required=True), _primary("companies", 610, 580)),
            required=("hs_lead_name",), pipeline=("hs_pipeline", "hs_pipeline_stage"),
        ),
        _activity("calls", "0-48", (194, 182, 206, 220)),
        _activity(
            "emails", "0-49", (198, 186, 210, 224), required=("hs_timestamp", "hs_email_direction"),
            secret=("hs_email_text", "hs_email_subject", "hs_email_html", "hs_email_headers"),
        ),
        _activity(
            "meetings", "0-47", (200, 188, 212, 226), singular="meeting_event",
            required=("hs_meeting_start_time",), same_time=("hs_meeting_start_time", "hs_timestamp"),
        ),
        _activity("notes", "0-46", (202, 190, 214, 228)),
        _activity("tasks", "0-27", (204, 192, 216, 230)),
    )
}  # fmt: skip

KINDS = {word: each.kind for each in OBJECTS.values() for word in (each.singular, each.kind[:-1])}
"""Object types as events of webhooks name them: "contact", "meeting_event" (and "meeting") …"""
TYPE_IDS = {each.type_id: each.kind for each in OBJECTS.values()}

LIST_PAGE, SEARCH_PAGE, BATCH = 100, 200, 100
LAG = 60
"""Seconds after which a search certainly shows a write: a guess, as HubSpot says "a few moments". A create without an answer is
looked for during twice that time before it is sent again. Contacts are found by their address, which lags behind nothing."""


def abilities(kind: str) -> Abilities:
    """All object types have batches, search, archived lists and, by the events of their own or by ``object.*``, webhooks. Only some
    can be merged. New properties are offered where the scopes that we ask for allow them."""
    found = OBJECTS[kind]
    return Abilities(
        webhooks=True,
        create_fields=bool(found.group),
        merges=found.merges,
        scans_ahead=True,
        scan_page=LIST_PAGE,
        read_batch=BATCH,
        write_batch=BATCH,
        poll_seconds=60,
        visibility_lag=10 if found.kind == "contacts" else LAG,
        calls_per_minute=600,
    )
