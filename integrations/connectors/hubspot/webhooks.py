"""HubSpot's notifications: is it HubSpot that calls, and which records does it mean. Nothing else of them is believed."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from integrations.connectors.hubspot.objects import KINDS, TYPE_IDS
from integrations.errors import Refused
from integrations.records import Hint

MAX_AGE = 300_000  # ms; older calls may be replays
# Percent-encoded characters that HubSpot decodes before it signs. Our address has none of them; a query could.
DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def hints(*, method: str, url: str, headers: Mapping[str, str], body: bytes, secret: str) -> Iterable[Hint]:
    """One hint per record that the call names. Refused: no valid signature v3, too old, or not HubSpot's format."""
    named = {name.lower(): value for name, value in headers.items()}
    verify(
        method, url, body, named.get("x-hubspot-signature-v3", ""), named.get("x-hubspot-request-timestamp", ""), secret
    )
    try:
        events = json.loads(body)
        if not isinstance(events, list):
            raise TypeError
        return list(dict.fromkeys(hint for event in events for hint in _named_by(event)))
    except (ValueError, TypeError, AttributeError, KeyError):
        raise Refused(_("This is not a list of notifications.")) from None


def verify(method: str, url: str, body: bytes, signature: str, timestamp: str, secret: str) -> None:
    """``url`` as HubSpot called it. Refused unless the signature is right and less than five minutes old."""
    if not secret:
        raise Refused(_("Webhooks need the client secret."))
    # ISO digits only and not thousands of them: anybody may call, and int() refuses some of what str.isdigit() takes.
    if not re.fullmatch("[0-9]{1,16}", timestamp) or abs(time.time() * 1000 - int(timestamp)) > MAX_AGE:
        raise Refused(_("The notification is too old or has no time."))
    if not hmac.compare_digest(_decoded(signature), _digest(method, url, body, timestamp, secret)):
        raise Refused(_("The signature is wrong."))


def sign(method: str, url: str, body: bytes, timestamp: str, secret: str) -> str:
    """The header ``X-HubSpot-Signature-v3`` for a call."""
    return base64.b64encode(_digest(method, url, body, timestamp, secret)).decode()


def _digest(method: str, url: str, body: bytes, timestamp: str, secret: str) -> bytes:
    address = DECODED.sub(lambda found: unquote(found.group()), url)
    return hmac.new(
        secret.encode(), method.encode() + address.encode() + body + timestamp.encode(), hashlib.sha256
    ).digest()


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _named_by(event: dict[str, Any]) -> Iterator[Hint]:
    """A merge names the records that went in and the one that came out, an association both ends; every other event names one."""
    subject, _dot, verb = str(event.get("subscriptionType") or event.get("eventType") or "").partition(".")
    kind = KINDS.get(subject) or (TYPE_IDS.get(str(event.get("objectTypeId"))) if subject == "object" else None)
    named: list[tuple[str | None, Any]] = [
        (kind, event.get(name)) for name in ("objectId", "newObjectId", "primaryObjectId")
    ]
    named += [(kind, id) for id in event.get("mergedObjectIds") or []]
    if verb == "associationChange":
        source, _to, target = str(event.get("associationType") or "").lower().partition("_to_")
        named += [(KINDS.get(source, kind), event.get("fromObjectId")), (KINDS.get(target), event.get("toObjectId"))]
    for of, id in named:
        if of is not None and id is not None:
            yield Hint(of, str(id), str(event["portalId"]))
