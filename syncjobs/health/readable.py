"""Values of records as people know them: choices by their labels, moments as dates, related records by their names."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime

from integrations.records import Field, FieldType, Side
from integrations.richtext import plain
from integrations.services.schemas import stored
from syncjobs.health import words
from syncjobs.models import RecordLink, Sync

CHOICES = {FieldType.OPTION, FieldType.MULTI, FieldType.USER}


class Reader:
    """Reads the values of one sync by the fields of its apps as last read: two queries, and one for each association."""

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        known = {side: stored(sync.instance(side), sync.kind(side)) or [] for side in Side}
        self._fields = {side: {field.name: field for field in found} for side, found in known.items()}
        # Side → field name → label, as ``words.field_labels``, of what was read already.
        self.labels = {
            side.value: {name: f.label or name for name, f in found.items()} for side, found in self._fields.items()
        }
        self._names: dict[tuple[Side, str, str], str] = {}

    def text(self, side: Side, name: str, raw: Any) -> str:
        """What is not understood shows as it is."""
        field = self._fields[side].get(name)
        if field is None or raw is None or raw == "":
            return words.value(raw)
        if field.type in CHOICES:
            return words.value(_each(raw, _labels_of(field)))
        if field.type is FieldType.REFERENCE:
            return words.value(_each(raw, self._names_of(side, field.refers_to, raw)))
        if field.type in (FieldType.DATE, FieldType.DATETIME):
            return _moment(str(raw))
        if field.type is FieldType.RICH_TEXT:
            return words.value(plain(str(raw)))
        return words.value(raw)

    def _names_of(self, side: Side, kind: str, raw: Any) -> dict[str, str]:
        """id → name of the records that ``raw`` names, from the syncs that know them."""
        ids = [str(id) for id in (raw if isinstance(raw, list) else [raw])]
        unknown = [id for id in ids if (side, kind, id) not in self._names]
        if unknown:
            found = _known_names(self._sync, side, kind, unknown)
            self._names |= {(side, kind, id): found.get(id, id) for id in unknown}
        return {id: self._names[side, kind, id] for id in ids}


def _known_names(sync: Sync, side: Side, kind: str, ids: Iterable[str]) -> dict[str, str]:
    same = {"account": sync.account_id, f"{side}_instance": sync.instance(side), f"{side}_kind": kind}
    links = RecordLink.objects.filter(sync__in=Sync.objects.filter(**same), **{f"{side}_id__in": list(ids)})
    return dict(links.exclude(label="").values_list(f"{side}_id", "label"))


def _labels_of(field: Field) -> dict[str, str]:
    return {option.value: option.label for option in field.options}


def _each(raw: Any, names: dict[str, str]) -> Any:
    """A list stays one."""
    return [names.get(str(one), one) for one in raw] if isinstance(raw, list) else names.get(str(raw), raw)


def _moment(text: str) -> str:
    """Apps that know only days write midnight, of which the hour is no part of the value."""
    try:
        if len(text) == len("2026-11-27"):
            return date_format(date.fromisoformat(text), "DATE_FORMAT")
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None or moment.astimezone(UTC).time() == time():
        return date_format(moment, "DATE_FORMAT" if moment.time() == time() else "DATETIME_FORMAT")
    return date_format(localtime(moment), "DATETIME_FORMAT")
