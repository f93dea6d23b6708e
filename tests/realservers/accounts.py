"""A connector for one of the real servers, and a person who keeps an address book there."""

from typing import Any

import vobject

from integrations.connectors.base import Connector
from integrations.models import AppInstance
from integrations.records import Values
from integrations.services import credentials
from integrations.services.connections import open_connector
from integrations.standins.realservers.proxy import Proxy
from tests.realservers.servers import PASSWORD, USER, Book

KEYS = {"user": USER, "password": PASSWORD}


def connector(url: str) -> Connector:
    """As while the form is tried out: the instance is not saved, so there is no shared budget."""
    instance = AppInstance(app_key="carddav", way_in="keys", base_url=url)
    credentials.draft(instance, KEYS)
    return open_connector(instance)


def card(uid: str, values: Values, *more: str) -> str:
    """A vCard 3.0 as a phone writes it."""
    first, last = (str(values.get(name) or "").replace(",", "\\,") for name in ("first_name", "last_name"))
    lines = [f"N:{last};{first};;;", f"FN:{first} {last}", f"UID:{uid}", *more]
    if email := values.get("email"):
        lines.append(f"EMAIL;TYPE=INTERNET:{email}")
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""])


def values_of(text: str) -> Values:
    held: Any = vobject.readOne(text)
    email = held.email.value if "email" in held.contents else None
    return {"email": email, "first_name": held.n.value.given or None, "last_name": held.n.value.family or None}


class CardPeer:
    """Reads and writes cards without any code of the connector. Ids are paths."""

    def __init__(self, book: Book, proxy: Proxy) -> None:
        self.book, self.proxy = book, proxy

    def put(self, values: Values) -> str:
        return self.book.put(card(f"phone-{self.book.made}", values))

    def put_many(self, count: int) -> list[str]:
        texts = [card(f"many-{self.book.made}-{n}", {"email": f"many{n}@example.com"}) for n in range(count)]
        return self.book.put_many(texts)

    def edit(self, id: str, values: Values) -> None:
        held: Any = vobject.readOne(self.book.get(id))
        self.book.put(card(held.uid.value, {**self.values(id), **values}), id)

    def remove(self, id: str) -> None:
        self.book.delete(id)

    def merge(self, winner: str, loser: str) -> str:
        raise NotImplementedError

    def values(self, id: str) -> Values:
        return values_of(self.book.get(id))

    def ids(self) -> set[str]:
        return self.book.paths()

    def trouble(self, what: str) -> None:
        if what == "lost":
            self.proxy.lose = "PUT"
        else:
            self.proxy.answer_with = {"revoked": 401, "limited": 429, "down": 503}[what]
            self.proxy.times = 1 if what == "limited" else None
