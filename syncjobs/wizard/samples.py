"""One real record of each side, to show what a mapping does. Read apart from the page, kept for ten minutes, never required."""

import logging
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


def _key(sync: Sync, side: Side) -> str:
    return f"wizard-sample-{sync.instance(side).pk}-{sync.kind(side)}"


def known(sync: Sync, side: Side) -> Values | None:
    """What was read in the last minutes; asks no app."""
    stored: Values | None = cache.get(_key(sync, side))
    return stored


def read(sync: Sync, side: Side, fields: list[str]) -> None:
    """Have the first record of the side known, {} where there is none, with one or two calls. An app that fails has none."""
    if known(sync, side) is not None:
        return
    values: Values = {}
    try:
        connector = open_connector(sync.instance(side))
        kind = sync.kind(side)
        page = connector.scan(kind, fields=fields, position=None, scope=sync.scope(side))
        record = next(iter(page.records), None)
        if record and record.partial:
            answer = connector.read(kind, [Ref(record.id, known=record.values)], fields=fields)
            record = answer.records.get(record.id, record)
        values = dict(record.values) if record else {}
    except ConnectorError as error:
        log.info("no sample from instance %s: %s", sync.instance(side).pk, error)
    cache.set(_key(sync, side), values, KEEP_SECONDS)


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
