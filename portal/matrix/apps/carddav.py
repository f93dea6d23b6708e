"""Radicale, a real CardDAV server, behind a proxy that counts what is asked of it."""

import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import vobject

from integrations.models import AppInstance
from integrations.records import Field, Values
from integrations.registry import app
from integrations.services import connections
from integrations.standins.realservers.carddav import PASSWORD, USER, radicale
from integrations.standins.realservers.proxy import Proxy
from portal.accounts.models import Account
from portal.matrix.apps.base import Adaptor, Records

QUERY = """<C:addressbook-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><getetag/><C:address-data/></prop>
</C:addressbook-query>"""
HREF, DATA = "{DAV:}href", "{urn:ietf:params:xml:ns:carddav}address-data"
LINES = {  # a field of one line of its own
    "email": "EMAIL;TYPE=INTERNET", "phone": "TEL;TYPE=VOICE", "mobile": "TEL;TYPE=CELL", "job_title": "TITLE",
    "company_name": "ORG", "website": "URL", "note": "NOTE",
}  # fmt: skip
PLACE = {"street": 2, "city": 3, "region": 4, "postal_code": 5, "country": 6}  # parts of ADR
NAME = ("first_name", "last_name")


class CardDav(Adaptor):
    key = "carddav"

    def open(self, stack: ExitStack, folder: Path) -> None:
        self.server = stack.enter_context(radicale(folder))
        self.book = stack.enter_context(self.server.new_book())
        self.proxy = stack.enter_context(Proxy(self.server.url).running())

    def connect(self, account: Account, user: Any, *, as_hub: bool) -> AppInstance:
        values = {"base_url": self.proxy.url, "user": USER, "password": PASSWORD}
        return connections.connect_with_keys(
            account=account,
            user=user,
            app=app("carddav"),
            way_in="keys",
            values=values,
            label="Radicale",
            as_hub=as_hub,
        )

    def scope(self, instance: AppInstance, kind: str) -> dict[str, Any]:
        return {"lists": [self.book.path], "target_list": self.book.path}

    # -- hands -------------------------------------------------------------------------------------------------------------
    def can_type(self, kind: str, field: Field) -> bool:
        return field.name in (*LINES, *PLACE, *NAME)

    def create(self, kind: str, rows: Sequence[Values]) -> list[str]:
        return self.book.put_many([_card(uuid.uuid4().hex, values) for values in rows])

    def edit(self, kind: str, id: str, values: Values) -> None:
        """As a phone does it: the whole card, with what was on it."""
        held = _values(self.book.get(id))
        self.book.put(_card(str(held["uid"]), {**held, **values}), id)

    def delete(self, kind: str, ids: Sequence[str]) -> None:
        for id in ids:
            self.book.delete(id)

    # -- eyes --------------------------------------------------------------------------------------------------------------
    def records(self, kind: str, fields: Sequence[Field]) -> Records:
        answer = self.server.ask("REPORT", self.book.path, QUERY, Depth="1", Content_Type="application/xml")
        found: Records = {}
        for response in ElementTree.fromstring(answer.content).iter("{DAV:}response"):
            text, path = response.findtext(f".//{DATA}"), response.findtext(HREF)
            if text and path:
                values = _values(text)
                found[path] = {field.name: values.get(field.name) for field in fields}
        return found

    def writes(self, kind: str) -> int:
        return len(self.proxy.writes)


def _card(uid: str, values: Values) -> str:
    first, last = (_escaped(values.get(name)) for name in NAME)
    lines = [f"UID:{uid}", f"N:{last};{first};;;", f"FN:{first} {last}"]
    lines += [f"{line}:{_escaped(values[name])}" for name, line in LINES.items() if values.get(name)]
    if any(values.get(name) for name in PLACE):
        parts = [""] * 7
        for name, part in PLACE.items():
            parts[part] = _escaped(values.get(name))
        lines.append(f"ADR;TYPE=WORK:{';'.join(parts)}")
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def _escaped(value: Any) -> str:
    text = str(value or "").replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace(",", "\\,").replace(";", "\\;")


def _values(text: str) -> Values:
    """The first line of each property, as vobject reads it."""
    held: Any = vobject.readOne(text)
    found: Values = {"uid": held.uid.value}
    name = held.n.value
    found |= {"first_name": name.given or None, "last_name": name.family or None}
    for line in held.contents.get("tel", []):
        types = {each.upper() for each in line.params.get("TYPE", [])}
        found.setdefault("mobile" if "CELL" in types else "phone", line.value or None)
    for field, property in (("email", "email"), ("job_title", "title"), ("website", "url"), ("note", "note")):
        found[field] = next((line.value for line in held.contents.get(property, [])), None) or None
    found["company_name"] = next((line.value[0] for line in held.contents.get("org", []) if line.value), None) or None
    for line in held.contents.get("adr", [])[:1]:
        parts = ("street", "city", "region", "code", "country")
        for field, part in zip(PLACE, parts, strict=True):
            found[field] = getattr(line.value, part) or None
    return found
