"""Object types as data: names, type ids, what is needed to create one, what comes back when nothing was asked for.

Adding an object type is a row here, its properties in ``properties.py`` and, if it has associations, rows in
``association_types.py``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectType:
    name: str  # plural, as in addresses
    singular: str  # as in webhook names and associations
    type_id: str
    defaults: tuple[str, ...]  # properties of an answer to a request that names none
    needs: tuple[tuple[str, ...], ...] = ()  # each group: at least one of these must be filled to create
    searched: tuple[str, ...] = ()  # where ``query`` looks
    modified: str = "hs_lastmodifieddate"
    created: str = "createdate"
    scope: str = ""  # "" = crm.objects.<name>
    merges: bool = False
    classic_events: bool = False  # contact.creation and so on exist
    pipeline: tuple[str, str] | None = None  # property names of pipeline and stage
    primary: tuple[int, ...] = ()  # association types of which a new record needs one

    def scopes(self, verb: str) -> str:
        """The scope that ``read`` or ``write`` takes."""
        return self.scope if self.scope == "tickets" else f"{self.scope or f'crm.objects.{self.name}'}.{verb}"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SYSTEM = "createdate hs_lastmodifieddate hs_object_id"
_ACTIVITY = _words("hs_createdate hs_lastmodifieddate hs_object_id")


def _activity(name: str, singular: str, type_id: str, searched: str = "", needs: str = "hs_timestamp") -> ObjectType:
    """``needs``: "a b|c" for a, and one of b and c."""
    groups = tuple(tuple(need.split("|")) for need in needs.split())
    return ObjectType(
        name, singular, type_id, _ACTIVITY, groups, _words(searched), created="hs_createdate",
        scope="crm.objects.contacts",
    )  # fmt: skip


TYPES = (
    ObjectType(
        "contacts", "contact", "0-1", _words("createdate email firstname hs_object_id lastmodifieddate lastname"),
        needs=(_words("email firstname lastname"),),
        searched=_words("firstname lastname email phone hs_additional_emails fax mobilephone company"),
        modified="lastmodifieddate", merges=True, classic_events=True,
    ),
    ObjectType(
        "companies", "company", "0-2", _words(f"name domain {_SYSTEM}"), needs=(_words("name domain"),),
        searched=_words("website phone name domain"), merges=True, classic_events=True,
    ),
    ObjectType(
        "deals", "deal", "0-3", _words(f"dealname amount closedate pipeline dealstage {_SYSTEM}"),
        needs=(("dealname",), ("dealstage",)),
        searched=_words("dealname pipeline dealstage description dealtype"), merges=True, classic_events=True,
        pipeline=("pipeline", "dealstage"),
    ),
    ObjectType(
        "tickets", "ticket", "0-5",
        _words(f"content hs_pipeline hs_pipeline_stage hs_ticket_category hs_ticket_priority subject {_SYSTEM}"),
        needs=(("subject",), ("hs_pipeline_stage",)), scope="tickets",
        searched=_words("subject content hs_pipeline_stage hs_ticket_category hs_ticket_id"), merges=True,
        classic_events=True, pipeline=("hs_pipeline", "hs_pipeline_stage"),
    ),
    ObjectType(
        "products", "product", "0-7", _words(f"name description price {_SYSTEM}"), needs=(("name",),),
        searched=_words("name description price hs_sku"), classic_events=True,
    ),
    ObjectType(
        "line_items", "line_item", "0-8", _words(f"quantity amount price {_SYSTEM}"), classic_events=True,
    ),
    ObjectType("invoices", "invoice", "0-53", _words(_SYSTEM), needs=(("hs_currency",),)),
    ObjectType(
        "leads", "lead", "0-136", _words(_SYSTEM), needs=(("hs_lead_name",),),
        pipeline=("hs_pipeline", "hs_pipeline_stage"), primary=(578, 580),
    ),
    _activity("tasks", "task", "0-27", "hs_task_body hs_task_subject"),
    _activity("notes", "note", "0-46", "hs_note_body"),
    _activity("meetings", "meeting_event", "0-47", "hs_meeting_title hs_meeting_body",
              "hs_timestamp|hs_meeting_start_time"),
    _activity("calls", "call", "0-48", "hs_call_title hs_body_preview"),
    _activity("emails", "email", "0-49", "hs_email_subject", "hs_timestamp hs_email_direction"),
)  # fmt: skip

_BY_WORD = {word: kind for kind in TYPES for word in (kind.name, kind.singular, kind.type_id)}


def object_type(word: str) -> ObjectType | None:
    """By plural name, singular name or type id."""
    return _BY_WORD.get(word.lower())
