"""What an instance's records look like: fields from ``ObjectSchema``, read from the app where missing or asked for anew."""

import dataclasses
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from integrations.models import AppInstance, ObjectSchema
from integrations.records import Container, Field, FieldType, Option


def fields(instance: AppInstance, kind: str, *, refresh: bool = False) -> list[Field]:
    """The fields of ``kind``. Calls the app at most once; any ``integrations.errors`` when it must and cannot."""
    known = None if refresh else stored(instance, kind)
    if known is not None:
        return known
    from integrations.services.connections import open_connector

    found = open_connector(instance).fields(kind)
    save(instance, kind, found)
    return found


def stored(instance: AppInstance, kind: str, *, since: datetime | None = None) -> list[Field] | None:
    """As last read from the app; None when never, or not since then."""
    if instance.pk is None:
        return None
    row = ObjectSchema.objects.filter(instance=instance, kind=kind).first()
    return None if row is None or (since and row.fetched_at < since) else [_field(data) for data in row.fields]


def save(instance: AppInstance, kind: str, found: list[Field]) -> None:
    ObjectSchema.objects.update_or_create(
        instance=instance,
        kind=kind,
        defaults={"fields": [dataclasses.asdict(field) for field in found], "fetched_at": now()},
    )


def containers(instance: AppInstance, kind: str) -> list[Container]:
    """The lists (or tags) that can bound a sync, as they are in the app now."""
    from integrations.services.connections import open_connector

    return open_connector(instance).containers(kind)


def _field(data: dict[str, Any]) -> Field:
    """From JSON; members of later versions are dropped, those of earlier ones get their defaults."""
    known = {name: value for name, value in data.items() if name in Field.__dataclass_fields__}
    options = tuple(
        Option(option["value"], option["label"], option.get("writable", True)) for option in data.get("options") or ()
    )
    return Field(**{**known, "type": FieldType(data["type"]), "options": options})
