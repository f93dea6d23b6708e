"""One real record of each side, to show what a mapping does. Read apart from the page, kept for ten minutes, never required."""

import logging
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext, ngettext

from integrations.errors import ConnectorError
from integrations.records import Field, FieldType, Ref, Side, Value, Values
from integrations.services.connections import open_connector
from syncjobs.models import Sync

log = logging.getLogger(__name__)
KEEP_SECONDS = 600
LONGEST = 60  # characters shown of a value


@dataclass(frozen=True)
class Peek:
    """``values`` of one record; {} where there is none."""

    values: Values


def _key(sync: Sync, side: Side) -> str:
    return f"wizard-peek-{sync.instance(side).pk}-{sync.kind(side)}"


def known(sync: Sync, side: Side) -> Peek | None:
    """What was read in the last minutes; asks no app."""
    stored = cache.get(_key(sync, side))
    return Peek(**stored) if stored else None


def read(sync: Sync, side: Side, fields: list[str]) -> Peek:
    """The first record of the side, with one or two calls. An app that fails gives an empty peek."""
    if found := known(sync, side):
        return found
    try:
        connector = open_connector(sync.instance(side))
        kind = sync.kind(side)
        page = connector.scan(kind, fields=fields, position=None, scope=sync.scope(side))
        record = next(iter(page.records), None)
        if record and record.partial:
            answer = connector.read(kind, [Ref(record.id, known=record.values)], fields=fields)
            record = answer.records.get(record.id, record)
        peek = Peek(dict(record.values) if record else {})
    except ConnectorError as error:
        log.info("no sample from instance %s: %s", sync.instance(side).pk, error)
        peek = Peek({})
    cache.set(_key(sync, side), {"values": peek.values}, KEEP_SECONDS)
    return peek


def shown(value: Value | Any, field: Field | None) -> str:
    """A value as the table shows it: choices by their labels, relations by their number; "" for a blank."""
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    words = value if isinstance(value, list) else [str(value)]
    if field and field.type is FieldType.REFERENCE:
        return ngettext("%(n)d record", "%(n)d records", len(words)) % {"n": len(words)}
    labels = {option.value: option.label for option in field.options} if field else {}
    text = ", ".join(labels.get(word, word) for word in words)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
