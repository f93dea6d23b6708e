"""The other side as address books on a real Radicale, behind a proxy that loses answers, fails and refuses.

Radicale keeps one file a card. It looks at all of a book for a sync report, and at all of its history after a write: in a book of
2,000 cards a write takes 0.1 s, a report 0.15 s and the first one 5 s; at 10,000 the first one took more than a minute. Xandikos
writes a book's whole git tree for each card, which is no faster (0.08 s at 2,000) and fills the disk. So the people of the start
are spread over books of 2,000, as those of a company over its departments, and all books are one sync; new ones go to a book of
their own.
"""

import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import vobject

from integrations.records import Values
from integrations.standins.faults import Faults, Rule
from integrations.standins.realservers.proxy import Proxy
from tests.chaos.sides import NotThere, Record, Side, plain
from tests.realservers.accounts import card
from tests.realservers.servers import Book, CardServer, radicale

BOOK_OF, NEW_ONES = 2000, "New"
AFTER_EFFECT = 0.5  # of the 5xx: a gateway gave up, the server did not
EMAIL = re.compile(r"^EMAIL[^:\r\n]*:(\S+)", re.MULTILINE)
XML = {"Content_Type": "application/xml; charset=utf-8"}
EMPTY_TOKEN = (
    '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>'
)
READ = """<C:addressbook-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><C:address-data/></prop>{hrefs}
</C:addressbook-multiget>"""


class Trouble:
    """What the proxy asks about each request."""

    def __init__(self, seed: int) -> None:
        self.rules = Faults(seed=seed)
        self.chance = random.Random(f"{seed}/gateway")
        self.counts: dict[str, int] = {}

    def __call__(self, method: str, path: str) -> tuple[Rule | None, bool]:
        """What happens to this request, and whether it has its effect all the same."""
        rule = self.rules.pick(method, path)
        if rule is None:
            return None, True
        self.counts[rule.fault] = self.counts.get(rule.fault, 0) + 1
        late = rule.status >= 500 and self.chance.random() < AFTER_EFFECT
        return rule, rule.fault in ("lost", "slow") or (rule.fault == "status" and late)


class CardSide(Side):
    burst = {"retry_after": 1}

    def __init__(self, server: CardServer, proxy: Proxy, books: list[Book]) -> None:
        self.server, self.proxy, self.books = server, proxy, books
        self.trouble = Trouble(1)
        self.proxy.trouble = self.trouble
        self.made = 0
        self.known: dict[Path, tuple[int, str]] = {}  # file → time of change, address: what was looked at before

    # -- eyes ----------------------------------------------------------------------------------------------------------------
    def records(self) -> Iterator[Record]:
        for book in self.books:
            paths = sorted(book.paths())
            for start in range(0, len(paths), 100):
                hrefs = "".join(f"<href>{quote(path)}</href>" for path in paths[start : start + 100])
                answer = self.server.ask("REPORT", book.path, READ.format(hrefs=hrefs), **XML)
                for row in re.split(r"<(?:\w+:)?response>", answer.content.decode())[1:]:
                    href, text = (
                        re.search(p, row, re.DOTALL) for p in (r"<(?:\w+:)?href>(.*?)<", r"(BEGIN:.*?END:VCARD)")
                    )
                    assert href, row
                    assert text, row
                    yield {"id": href[1], **values_of(unescaped(text[1]))}

    def at_a_glance(self) -> list[tuple[str, str]]:
        """From the server's files, those that changed since the last look."""
        seen = []
        for book in self.books:
            for file in book.files.glob("*.vcf"):
                try:
                    changed = file.stat().st_mtime_ns
                    if self.known.get(file, (0, ""))[0] != changed:
                        found = EMAIL.search(file.read_text(encoding="utf-8"))
                        self.known[file] = changed, plain("email", found[1] if found else "")
                except FileNotFoundError:
                    continue
                seen.append((book.path + file.name, self.known[file][1]))
        return seen

    # -- hands, as a phone has them --------------------------------------------------------------------------------------------
    def edit(self, id: str, field: str, value: str) -> None:
        """On condition that nobody wrote since we read; else once more."""
        while True:
            got = self.server.ask("GET", id)
            if got.status_code == 404:
                raise NotThere(id)
            got.raise_for_status()
            put = self.server.ask("PUT", id, changed(got.content.decode(), field, value), If_Match=got.headers["ETag"])
            if put.status_code != 412:
                put.raise_for_status()
                return

    def create(self, values: Record) -> str:
        self.made += 1
        path = f"{self.books[self.made % len(self.books)].path}hand-{self.made}.vcf"
        self.server.ask("PUT", path, text_of(f"hand-{self.made}", values), If_None_Match="*").raise_for_status()
        return path

    def delete(self, id: str) -> None:
        gone = self.server.ask("DELETE", id)
        if gone.status_code == 404:
            raise NotThere(id)
        gone.raise_for_status()

    # -- knobs ---------------------------------------------------------------------------------------------------------------
    def disturb(self, **rule: Any) -> None:
        self.trouble.rules.add(**rule)

    def rules(self) -> list[dict[str, Any]]:
        self.trouble.rules.forget_old()
        return [rule.shown() for rule in self.trouble.rules.rules]

    def noisy_notices(self) -> None:
        """There are none."""

    def calm(self) -> None:
        self.trouble.rules.clear()

    def faults(self) -> dict[str, int]:
        return self.trouble.counts

    def forget_requests(self) -> None:
        self.proxy.asked.clear()

    def writes_since_reset(self) -> int:
        return len(self.proxy.writes)


def open_books(folder: Path, people: list[Record], stack: ExitStack) -> CardSide:
    """A server whose books hold these people, and one for new ones, until the stack is closed."""
    server = stack.enter_context(radicale(folder))
    proxy = stack.enter_context(Proxy(server.url).running())
    parts = [people[start : start + BOOK_OF] for start in range(0, len(people), BOOK_OF)]
    books = [stack.enter_context(server.new_book(f"Team {n}")) for n in range(1, len(parts) + 1)]
    for number, (book, part) in enumerate(zip(books, parts, strict=True)):
        book.put_many([text_of(f"seed-{number}-{n}", person) for n, person in enumerate(part)])
        # The first look at a book parses every card. A server that is in use has done that long ago.
        server.ask("REPORT", book.path, EMPTY_TOKEN, **XML).raise_for_status()
    new_ones = stack.enter_context(server.new_book(NEW_ONES))
    return CardSide(server, proxy, [*books, new_ones])


# -- cards -----------------------------------------------------------------------------------------------------------------------
def text_of(uid: str, values: Record) -> str:
    more = [f"TEL;TYPE=WORK:{values['phone']}"] if values.get("phone") else []
    more += [f"ADR;TYPE=WORK:;;;;;;{values['country']}"] if values.get("country") else []
    names: Values = {"email": values.get("email"), "first_name": values.get("first"), "last_name": values.get("last")}
    return card(uid, names, *more)


def changed(text: str, field: str, value: str) -> str:
    held: Any = vobject.readOne(text)
    if field == "phone":
        (phone_of(held) or held.add("tel")).value = value
    else:
        setattr(held.n.value, {"first": "given", "last": "family"}[field], value)
        held.fn.value = f"{held.n.value.given} {held.n.value.family}".strip()
    return str(held.serialize())


def phone_of(held: Any) -> Any:
    """The number at the desk, not the mobile one."""
    kinds = [
        (line, {str(kind).upper() for kind in line.params.get("TYPE", [])}) for line in held.contents.get("tel", [])
    ]
    return next((line for line, kind in kinds if "CELL" not in kind), None)


def values_of(text: str) -> Record:
    held: Any = vobject.readOne(text)
    phone = phone_of(held)
    return {
        "email": plain("email", held.email.value if "email" in held.contents else ""),
        "first": plain("first", held.n.value.given),
        "last": plain("last", held.n.value.family),
        "phone": plain("phone", phone.value if phone else ""),
        "country": plain("country", held.adr.value.country if "adr" in held.contents else ""),
    }


def unescaped(text: str) -> str:
    for mark, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#13;", ""), ("&amp;", "&")):
        text = text.replace(mark, character)
    return text
