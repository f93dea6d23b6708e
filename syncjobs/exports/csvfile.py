"""Records as CSV: which columns, and cells that no spreadsheet takes for a formula."""

import csv
from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.utils.translation import gettext

from integrations.records import Side
from syncjobs.health import sides, words
from syncjobs.models import FieldMapping, RecordLink, RecordStatus, Sync

BOM = "\ufeff"  # without it a spreadsheet reads UTF-8 as the machine's own encoding
# A cell that starts with one of these is run as a formula by spreadsheets (OWASP, "CSV injection").
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def safe(cell: Any) -> str:
    """The cell as text; an apostrophe before what a spreadsheet would run."""
    text = "" if cell is None else str(cell)
    return "'" + text if text.startswith(DANGEROUS) else text


class Table:
    """The columns of one sync's export. Every cell is quoted, so that ids stay text where the reader's program allows it."""

    def __init__(self, sync: Sync) -> None:
        self.sync = sync
        self.labels = words.field_labels(sync)
        self.mappings: list[FieldMapping] = list(sync.mappings.filter(on=True))
        self._statuses = {value: str(name) for value, name in RecordStatus.choices}
        self._reasons: dict[tuple[str, ...], str] = {}

    def header(self) -> list[str]:
        app, hub = words.app_name(self.sync, Side.APP), words.app_name(self.sync, Side.HUB)
        fixed = [
            gettext("Record"),
            gettext("%(app)s id") % {"app": app},
            gettext("%(app)s id") % {"app": hub},
            gettext("Status"),
            gettext("Reason"),
            gettext("Code"),
            gettext("Field"),
            gettext("Message of the app"),
            gettext("Last synced (UTC)"),
            gettext("Tries"),
        ]
        pairs = ((f"{app}: {self._label(Side.APP, m)}", f"{hub}: {self._label(Side.HUB, m)}") for m in self.mappings)
        return [*fixed, *(name for pair in pairs for name in pair)]

    def row(self, link: RecordLink) -> list[Any]:
        app, hub = sides.values(link, Side.APP), sides.values(link, Side.HUB)
        fixed = [
            link.label,
            link.app_id,
            link.hub_id,
            self._statuses[link.status],
            self._reason(link),
            link.code,
            self.labels.get(link.side or "app", {}).get(link.field, link.field),
            link.detail,
            link.synced_at.strftime("%Y-%m-%d %H:%M:%S") if link.synced_at else "",
            link.attempts,
        ]
        pairs = ((app.get(m.app_field), hub.get(m.hub_field)) for m in self.mappings)
        return [*fixed, *(words.value(value) for pair in pairs for value in pair)]

    def write(self, file: IO[str], links: Iterable[RecordLink], *, header: bool) -> Iterator[RecordLink]:
        """Writes as it is iterated and yields what was written, so that the caller decides when to stop."""
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        if header:
            file.write(BOM)
            writer.writerow([safe(cell) for cell in self.header()])
        for link in links:
            link.sync = self.sync  # loaded once, not per row
            writer.writerow([safe(cell) for cell in self.row(link)])
            yield link

    def _reason(self, link: RecordLink) -> str:
        """Thousands of rows share a cause: its words are put together once."""
        cause = (link.status, link.code, link.side, link.field)
        if cause not in self._reasons:
            found = words.reason_of_link(link, self.labels)
            self._reasons[cause] = found.title if found else ""
        return self._reasons[cause]

    def _label(self, side: Side, mapping: FieldMapping) -> str:
        name = mapping.hub_field if side is Side.HUB else mapping.app_field
        return self.labels[side.value].get(name, name)
