"""WebDAV's XML: the few bodies that are sent, and the multistatus answers that come back (RFC 4918, 6352, 6578)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from integrations import errors
from integrations.http import Answer

DAV = "{DAV:}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
# Illegal in XML, plain and as references, yet servers pass on what a card holds.
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));",
    re.IGNORECASE,
)
UNKNOWN = "\ufffd"  # stands for those, and for bytes that are not UTF-8
SEGMENT_SAFE = "@:+~!$&'()*,;="


# -- bodies -------------------------------------------------------------------------------------------------------------------
def propfind(*names: str) -> bytes:
    """``names`` as they stand in the body: ``"getetag"``, ``"C:addressbook-home-set"``."""
    return _body("propfind", _prop(names))


def sync_collection(token: str) -> bytes:
    """What changed since ``token``; everything for ""."""
    level = "<sync-level>1</sync-level>"
    return _body("sync-collection", f"<sync-token>{escape(token)}</sync-token>{level}{_prop(['getetag'])}")


def multiget(hrefs: Iterable[str]) -> bytes:
    return _body(
        "C:addressbook-multiget", _prop(CARD_PROPS) + "".join(f"<href>{escape(href)}</href>" for href in hrefs)
    )


def query(name: str, values: Iterable[str]) -> bytes:
    """Cards with a property ``name`` that contains one of ``values``, whatever the case.

    One prop-filter each: several text-matches in one prop-filter mean "all of them" to Xandikos. "Contains" because the
    property may hold more than the value (N, ORG), and servers compare it escaped or not.
    """
    match = 'collation="i;unicode-casemap" match-type="contains"'
    start, end = f"<C:prop-filter name={quoteattr(name)}><C:text-match {match}>", "</C:text-match></C:prop-filter>"
    tests = "".join(start + escape(CONTROL.sub("", value)) + end for value in values)
    return _body("C:addressbook-query", f'{_prop(CARD_PROPS)}<C:filter test="anyof">{tests}</C:filter>')


CARD_PROPS = ("getetag", "getlastmodified", "C:address-data")


def _prop(names: Iterable[str]) -> str:
    return "<prop>" + "".join(f"<{name}/>" for name in names) + "</prop>"


def _body(name: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?><{name} {SPACES}>{inner}</{name}>'.encode()


# -- answers ------------------------------------------------------------------------------------------------------------------
@dataclass
class Row:
    """What a multistatus says of one address. ``props``: those that it has, by ``{namespace}name``."""

    path: str
    status: int
    props: dict[str, Element] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        return self.status in (404, 410)

    def text(self, name: str) -> str:
        found = self.props.get(name)
        return (found.text or "").strip() if found is not None else ""

    def has(self, name: str, inner: str) -> bool:
        """Whether the property ``name`` holds an element ``inner``."""
        found = self.props.get(name)
        return found is not None and found.find(f".//{inner}") is not None

    def hrefs(self, name: str) -> list[str]:
        found = self.props.get(name)
        return [] if found is None else [each.text.strip() for each in found.iter(f"{DAV}href") if each.text]


@dataclass
class Multistatus:
    rows: list[Row]
    token: str  # of a sync-collection report


class NotDav(errors.Refused):
    """The address answers, but not as a WebDAV server does."""


def multistatus(answer: Answer) -> Multistatus:
    root = parse(answer)
    if root is None or root.tag != f"{DAV}multistatus":
        raise NotDav("The server's answer is not WebDAV.", status=answer.status, remote=answer.text[:200])
    token = root.find(f"{DAV}sync-token")
    return Multistatus(list(_rows(root)), (token.text or "").strip() if token is not None else "")


def parse(answer: Answer) -> Element | None:
    """The XML of an answer, None where there is none. A document type is refused: that is where entities are declared, which
    could blow up or read files. Decoding as UTF-8 first leaves no other encoding to hide it in."""
    text = CONTROL.sub(UNKNOWN, answer.text)
    if "<!DOCTYPE" in text or not text.lstrip("\ufeff \r\n\t").startswith("<"):
        return None
    try:
        return ElementTree.fromstring(text.lstrip("\ufeff \r\n\t"))
    except ElementTree.ParseError:
        return None


def _rows(root: Element) -> Iterator[Row]:
    for response in root.iter(f"{DAV}response"):
        href = response.findtext(f"{DAV}href") or ""
        status = _status(response.findtext(f"{DAV}status"))
        row = Row(path_of(href), status)
        for propstat in response.iter(f"{DAV}propstat"):
            props = propstat.find(f"{DAV}prop")
            if props is not None and _status(propstat.findtext(f"{DAV}status")) == 200:
                row.props |= {element.tag: element for element in props}
        yield row


def _status(line: str | None) -> int:
    """200 where no status is said."""
    found = re.search(r"\b(\d{3})\b", line or "")
    return int(found[1]) if found else 200


def conditions(answer: Answer) -> set[str]:
    """The broken preconditions that an error names, without namespace: ``{"valid-sync-token"}``."""
    root = parse(answer)
    if root is None or root.tag != f"{DAV}error":
        return set()
    return {element.tag.rpartition("}")[2] for element in root}


def path_of(href: str) -> str:
    """The path of an address in one form: servers differ in what they percent-encode, and one may say it in two ways. By bytes: not
    every name is UTF-8."""
    path = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", href.strip())
    return "/".join(quote(unquote_to_bytes(segment), safe=SEGMENT_SAFE) for segment in path.split("/"))
