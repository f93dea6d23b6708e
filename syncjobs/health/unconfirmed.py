"""*Was it created?* What the page of a record shows whose create was sent and never answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.translation import gettext

from integrations.errors import ConnectorError
from integrations.records import Ref, Side, Values
from integrations.services.connections import open_connector
from syncjobs.health import sides, words
from syncjobs.models import RecordLink, WriteIntent
from syncjobs.runner.links import name_of
from syncjobs.services import unconfirmed

SHOWN = 8
FACTS = 4  # values by which a person tells one record from another


@dataclass(frozen=True, slots=True)
class Found:
    """A record at the side of the create that may be what it made."""

    id: str
    label: str
    facts: list[tuple[str, str]]  # (field, value), those that the create sent first
    url: str
    holder: RecordLink | None = None  # the pair that it belongs to already


@dataclass(slots=True)
class Unconfirmed:
    intent: WriteIntent
    where: str  # the app that was asked to create it
    asked: str  # what was searched for
    found: list[Found] = field(default_factory=list)
    problem: str = ""  # why the app could not be asked


def of_link(link: RecordLink, asked: str = "") -> Unconfirmed | None:
    """None for a record that does not wait for this. Without a search, records that appeared since the create are offered; with
    one, those we know by that name or id, and what the app has under that id: one call."""
    intent = unconfirmed.open_intent(link)
    if intent is None:
        return None
    side, labels = Side(intent.side), words.field_labels(link.sync)
    shown = Unconfirmed(intent, words.app_name(link.sync, side), asked)
    shown.found = [_of_half(half, side, intent, labels) for half in _alone(link, side, intent, asked)]
    if asked and _id_in(asked) not in {found.id for found in shown.found}:
        _ask(link, side, shown, labels)
    return shown


def _alone(link: RecordLink, side: Side, intent: WriteIntent, asked: str) -> Sequence[RecordLink]:
    """Records of this side that have no counterpart."""
    alone = {f"{side}_id__isnull": False, f"{side}_gone": False, f"{side.other}_id__isnull": True}
    halves = RecordLink.objects.filter(sync=link.sync_id, **alone).select_related(
        "sync__hub_instance", "sync__app_instance"
    )
    if asked:
        halves = halves.filter(Q(label__icontains=asked) | Q(**{f"{side}_id": _id_in(asked)}))
    else:
        halves = halves.filter(created_at__gte=intent.sent_at)
    return list(halves.order_by("-pk")[:SHOWN])


def _id_in(asked: str) -> str:
    """People paste the address of the record's page: its last part is the id."""
    return asked.rstrip("/").rpartition("/")[2] if asked.startswith(("http://", "https://")) else asked


def _of_half(half: RecordLink, side: Side, intent: WriteIntent, labels: dict[str, dict[str, str]]) -> Found:
    id = half.hub_id if side is Side.HUB else half.app_id
    facts = _facts(sides.values(half, side), intent, labels[side])
    return Found(id or "", words.label_of(half), facts, sides.url_of(half, side))


def _facts(values: Values, intent: WriteIntent, labels: dict[str, str]) -> list[tuple[str, str]]:
    names = [*(name for name in intent.payload if name in values), *(n for n in values if n not in intent.payload)]
    facts = [(labels.get(name, name), words.value(values[name])) for name in names]
    return [(label, value) for label, value in facts if value][:FACTS]


def _ask(link: RecordLink, side: Side, shown: Unconfirmed, labels: dict[str, dict[str, str]]) -> None:
    """Look the id up in the app itself: our lists may lag, or leave it out."""
    instance, kind, id = link.sync.instance(side), link.sync.kind(side), _id_in(shown.asked)
    known = labels[side]
    mapped = {getattr(row, f"{side}_field") for row in link.sync.mappings.all() if row.on}
    info = instance.app.kind(kind)
    wanted = sorted({*mapped, *info.label_fields, *info.label_else} & known.keys())
    try:
        connector = open_connector(instance)
        record = connector.read(kind, [Ref(id, shown.intent.payload)], fields=wanted).records.get(id)
        if record is not None:
            facts = _facts(record.values, shown.intent, known)
            label = name_of(record.values, info.label_fields, info.label_else) or record.id
            held = unconfirmed.holder(link, side, record.id)
            shown.found.append(Found(record.id, label, facts, connector.record_url(kind, record.id), held))
    except ConnectorError as error:
        shown.problem = gettext("%(app)s could not be asked for this id: %(reason)s") % {
            "app": shown.where,
            "reason": error.message or words.reason(link.sync, error.code, side=side).title,
        }
