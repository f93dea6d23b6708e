"""Dataverse's webhooks: is it the organisation that calls, and which row does it mean. Nothing else of them is believed.

Calls are not signed. An administrator registers the address (Plug-in Registration Tool, "Register New Web Hook") with one of three
ways to show a key: a header, a query parameter, or ``code`` in the query ("WebhookKey"). The key is made for one
organisation from our
client secret, so that it needs no storage and one customer's administrator cannot speak for another's organisation. ``manage.py
dynamics_webhook ORGANISATION`` prints it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlsplit

from django.utils.translation import gettext as _

from integrations.connectors.dynamics.tables import KINDS
from integrations.errors import Refused
from integrations.records import Hint

HEADER = "x-syncline-key"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def hints(*, method: str, url: str, headers: Mapping[str, str], body: bytes, secret: str) -> Iterable[Hint]:
    """At most one hint. Refused: no key, not that of the organisation, or not an execution context."""
    try:
        context = json.loads(body)
        organisation = str(context["OrganizationId"]).lower()
        table, id = str(context["PrimaryEntityName"]), str(context["PrimaryEntityId"]).lower()
    except (ValueError, TypeError, KeyError):
        raise Refused(_("This is not an execution context.")) from None
    named = {name.lower(): value for name, value in headers.items()}
    given = named.get(HEADER) or (parse_qs(urlsplit(url).query).get("code") or [""])[0]
    if not secret or not hmac.compare_digest(given.encode(), key_for(organisation, secret).encode()):
        raise Refused(_("The key is not that of this organisation."))
    if not GUID.fullmatch(id):
        raise Refused(_("The row's id is none."))
    return [Hint(KINDS[table], id, organisation)] if table in KINDS else []


def key_for(organisation: str, secret: str) -> str:
    """The key that calls of this organisation must show. ``organisation``: its id, a GUID in lower case."""
    return hmac.new(secret.encode(), f"dynamics-webhook/{organisation}".encode(), hashlib.sha256).hexdigest()
