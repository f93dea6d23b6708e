"""Records as JSON."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from integrations.standins.hubspot.errors import bad_request
from integrations.standins.hubspot.table import Record, Table
from integrations.standins.hubspot.types import object_type
from integrations.standins.hubspot.values import iso
from integrations.standins.web import answer, encode

if TYPE_CHECKING:
    from integrations.standins.hubspot.portal import Portal


TEXT_SCOPE = "sales-email-read"
REDACTED = (
    "The content of this email has been redacted. To include it in the response, your app must require the "
    "sales-email-read scope."
)
INLINE = 100  # associated records that come with a record; how many HubSpot really sends is not documented


def wanted(table: Table, asked: Iterable[str]) -> tuple[str, ...]:
    """The properties to show: those asked for that exist, and always the three that HubSpot adds."""
    definitions = table.definitions
    names = [name for name in asked if name in definitions and not definitions[name].archived]
    kind = table.kind
    return tuple(dict.fromkeys([*names, kind.created, kind.modified, "hs_object_id"])) if asked else kind.defaults


def rendered(table: Table, found: Record, names: tuple[str, ...]) -> str:
    """``record`` as JSON text, kept until the record changes: a full scan reads the same records again and again."""
    held = found.rendered
    if held is None or held[0] != names:
        held = found.rendered = (names, encode(record(table, found, names)))
    return held[1]


def joined(fragments: Iterable[str], more: dict[str, Any] | None = None) -> Response:
    """``{"results": [fragments], **more}``"""
    rest = "," + encode(more)[1:] if more else "}"
    body = '{"results":[' + ",".join(fragments) + "]" + rest
    return Response(body.encode(), media_type="application/json")


def record(table: Table, found: Record, names: Iterable[str]) -> dict[str, Any]:
    """``names`` that are empty come as null."""
    get = found.values.get
    shown = {
        "id": str(found.id),
        "properties": {name: get(name) for name in names},
        "createdAt": get(table.kind.created),
        "updatedAt": get(table.kind.modified),
        "archived": found.archived_at is not None,
    }
    if found.archived_at is not None:
        shown["archivedAt"] = iso(found.archived_at)
    return shown


def full(table: Table, found: Record, names: Iterable[str] = ()) -> dict[str, Any]:
    """The answer to a write: everything that is filled, and ``names`` even where they are empty now."""
    return record(table, found, dict.fromkeys([*found.values, *names]))


SECRET = {"hs_email_text": REDACTED, "hs_email_html": REDACTED, "hs_email_subject": None, "hs_email_headers": None}


def redacted(answered: Response) -> Response:
    """An answer about e-mails for somebody who may not read them."""
    body = json.loads(bytes(answered.body) or b"{}")
    for shown in [body, *body.get("results", [])]:
        held = shown.get("properties", {})
        shown |= {"properties": held | {name: SECRET[name] for name in held.keys() & SECRET.keys()}} if held else {}
    return answer(body, answered.status_code)


def history(found: Record, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """``propertiesWithHistory``: newest first."""
    shown = {}
    for name in names:
        past = found.history.get(name, [])
        times = [ms for _, ms, _ in past] + [found.modified]
        values = [value for value, _, _ in past] + [found.values.get(name, "")]
        sources = ["IMPORT"] + [source for _, _, source in past]
        rows = zip(values, times, sources, strict=True)
        shown[name] = [
            {"value": value, "timestamp": iso(ms), "sourceType": source} for value, ms, source in reversed(list(rows))
        ]
    return shown


def associations(portal: "Portal", table: Table, found: Record, words: Iterable[str]) -> dict[str, Any]:
    """Inline associations of a read: one entry per label, without its name."""
    shown: dict[str, Any] = {}
    for word in words:
        kind = object_type(word)
        if kind is None:
            raise bad_request(f"Unable to infer object type from: {word}")
        types = portal.associations.types_of(table.kind.singular, kind.singular)
        near = list(portal.near(table, found.id, portal.tables[kind.name]).items())
        results = [
            {"id": str(other), "type": types[type_id].name or str(type_id)}
            for other, type_ids in near[:INLINE]
            for type_id in sorted(type_ids)
        ]
        if results:
            shown[kind.name] = {"results": results}
        if len(near) > INLINE:
            shown[kind.name]["paging"] = {"next": {"after": str(near[INLINE][0])}}
    return shown
