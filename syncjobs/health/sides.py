"""One record: both sides field by field, why it is in its state, and the ledger."""

import logging
from dataclasses import dataclass
from typing import Any

from integrations.errors import ConnectorError
from integrations.records import Side, Values
from integrations.services.connections import open_connector
from syncjobs.health import conflicts, standing, words
from syncjobs.health.readable import Reader
from syncjobs.models import FieldChange, FieldMapping, RecordLink, RecordStatus, Sync
from syncjobs.services import mappings

log = logging.getLogger(__name__)
LEDGER_SHOWN = 50


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One mapping: the value at each side as last read, and whether the two are settled."""

    mapping: FieldMapping
    label: str
    app_label: str
    hub_label: str
    app: str
    hub: str
    state: str  # a key of portal.statuses
    word: Any  # "" = the state's own
    direction: str  # what really flows, or the mapping's own where nothing does
    winner: str
    last: FieldChange | None  # the newest ledger row of this field

    @property
    def set_by(self) -> str:
        """The side that set the value: opposite of the one written to last."""
        return str(Side(self.last.side).other) if self.last else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger row in words."""

    change: FieldChange
    field: str
    where: str
    why: str
    old: str
    new: str
    loser: str


def of_link(link: RecordLink) -> dict[str, Any]:
    """All that the record page shows. Asks no app: values are those last read."""
    sync, reader = link.sync, Reader(link.sync)
    rows = list(sync.mappings.all())
    ledger = list(link.changes.order_by("-pk")[:LEDGER_SHOWN])
    reason = words.reason_of_link(link, reader.labels)
    waiting = conflicts.of_link(link, reader)
    return {
        "link": link,
        "sync": sync,
        "label": words.label_of(link),
        "reason": reason,
        "button": standing.fix_button(reason, sync) if reason and link.status != RecordStatus.IN_SYNC else None,
        "conflicts": waiting,
        "fields": _fields(link, rows, reader, ledger, {one.mapping.pk for one in waiting}),
        "ledger": [_entry(change, sync, rows, reader) for change in ledger],
        "app": {"instance": sync.app_instance, "name": words.app_name(sync, Side.APP), "url": url_of(link, Side.APP)},
        "hub": {"instance": sync.hub_instance, "name": words.app_name(sync, Side.HUB), "url": url_of(link, Side.HUB)},
    }


def values(link: RecordLink, side: Side) -> Values:
    """Values of one side as last read: what was read since the last agreement over what was seen then."""
    seen = getattr(link, f"{side}_seen") or {}
    now = getattr(link, f"{side}_now") or {}
    return {**seen, **now}


def url_of(link: RecordLink, side: Side) -> str:
    """The record's page in its app, "" where there is none or the app's connection cannot tell."""
    remote_id = link.hub_id if side is Side.HUB else link.app_id
    gone = link.hub_gone if side is Side.HUB else link.app_gone
    if not remote_id or gone:
        return ""
    try:
        url = open_connector(link.sync.instance(side)).record_url(link.sync.kind(side), remote_id)
    except ConnectorError:
        log.info("No address for a record of instance %s", link.sync.instance(side).pk)
        return ""
    return url if url.startswith(("https://", "http://")) else ""


def _fields(
    link: RecordLink, mapped: list[FieldMapping], reader: Reader, ledger: list[FieldChange], waiting: set[int]
) -> list[FieldRow]:
    labels = reader.labels
    hub, app = values(link, Side.HUB), values(link, Side.APP)
    last: dict[tuple[str, str], FieldChange] = {}
    for change in ledger:
        last.setdefault((change.side, change.field), change)
    rows = []
    for mapping in mapped:
        if not mapping.on:
            continue
        names = {"hub": mapping.hub_field, "app": mapping.app_field}
        changes = [last[side, name] for side, name in names.items() if (side, name) in last]
        state, word = ("review", words.WAITS) if mapping.pk in waiting else _state(link, mapping)
        app_label = labels["app"].get(mapping.app_field, mapping.app_field)
        hub_label = labels["hub"].get(mapping.hub_field, mapping.hub_field)
        rows.append(
            FieldRow(
                mapping=mapping,
                label=app_label,
                app_label=app_label,
                hub_label=hub_label,
                app=reader.text(Side.APP, mapping.app_field, app.get(mapping.app_field)),
                hub=reader.text(Side.HUB, mapping.hub_field, hub.get(mapping.hub_field)),
                state=state,
                word=word,
                direction=mappings.effective(link.sync, mapping) or mapping.direction,
                winner=words.winner(mapping, link.sync),
                last=max(changes, key=lambda change: change.pk, default=None),
            )
        )
    return rows


def _state(link: RecordLink, mapping: FieldMapping) -> tuple[str, Any]:
    """(state, word). Equal means: the two sides agreed on the value last seen at each."""
    names = {Side.HUB: mapping.hub_field, Side.APP: mapping.app_field}
    if link.field and link.status == RecordStatus.FAILED and link.field in names.values():
        return "failed", words.REFUSED
    for side, name in names.items():
        now, seen = getattr(link, f"{side}_now"), getattr(link, f"{side}_seen")
        if now is not None and name in now and (seen is None or seen.get(name) != now[name]):
            return "pending", ""
    if link.hub_seen is None or link.app_seen is None:
        return "pending", ""
    return "insync", words.EQUAL


def _entry(change: FieldChange, sync: Sync, rows: list[FieldMapping], reader: Reader) -> Entry:
    side, name = Side(change.side), change.field
    other = next((getattr(row, f"{side.other}_field") for row in rows if getattr(row, f"{side}_field") == name), name)
    return Entry(
        change=change,
        field=reader.labels[side].get(name, name),
        where=words.app_name(sync, side),
        why=words.rule(change.rule, sync),
        old=reader.text(side, name, change.old),
        new=reader.text(side, name, change.new),
        loser=reader.text(side.other, other, change.loser),
    )
