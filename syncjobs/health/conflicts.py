"""*Ask me*: the fields of a record that both sides changed, and that wait for a person."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from integrations.records import Side
from syncjobs.engine.canonical import is_blank
from syncjobs.health.readable import Reader
from syncjobs.models import FieldMapping, RecordLink, RecordStatus, Winner

CODE = "CONFLICT_UNRESOLVED"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One mapping whose two sides differ. ``stamp`` names the two values: an answer counts only for what was shown."""

    mapping: FieldMapping
    label: str
    app: str
    hub: str
    stamp: str

    def value(self, side: Side) -> str:
        return self.hub if side is Side.HUB else self.app


def of_link(link: RecordLink, reader: Reader) -> list[Conflict]:
    """Values are those last read. Empty for a link that waits for nothing or for something else."""
    if link.status != RecordStatus.REVIEW or link.code != CODE:
        return []
    asked = [row for row in link.sync.mappings.all() if row.on and (row.winner or link.sync.winner) == Winner.ASK]
    return [_conflict(link, row, reader) for row in asked if _waits(link, row)]


def _waits(link: RecordLink, mapping: FieldMapping) -> bool:
    """Both sides differ from each other and from what was last agreed (or never agreed). A blank that may not erase is
    no change."""
    app, hub = _value(link, Side.APP, mapping), _value(link, Side.HUB, mapping)
    if app == hub or (not link.sync.clear_values and (is_blank(app) or is_blank(hub))):
        return False
    for side, value in ((Side.APP, app), (Side.HUB, hub)):
        seen, name = getattr(link, f"{side}_seen") or {}, getattr(mapping, f"{side}_field")
        if name in seen and seen[name] == value:
            return False
    return True


def _value(link: RecordLink, side: Side, mapping: FieldMapping) -> Any:
    return (getattr(link, f"{side}_now") or {}).get(getattr(mapping, f"{side}_field"))


def _conflict(link: RecordLink, mapping: FieldMapping, reader: Reader) -> Conflict:
    app, hub = _value(link, Side.APP, mapping), _value(link, Side.HUB, mapping)
    both = json.dumps([app, hub], sort_keys=True).encode()
    return Conflict(
        mapping=mapping,
        label=reader.labels["app"].get(mapping.app_field, mapping.app_field),
        app=reader.text(Side.APP, mapping.app_field, app),
        hub=reader.text(Side.HUB, mapping.hub_field, hub),
        stamp=hashlib.sha256(both).hexdigest()[:16],
    )
