"""Rich text (HTML, as HubSpot's notes and Dynamics' e-mails are) and the plain text that says the same.

A line of plain text is a paragraph of rich text, which is also what the editors of these apps make of the Enter key. What comes
back from ``rich`` with ``plain`` is the text that was put in, without blanks at the ends of lines.
"""

import re
from html import escape, unescape
from html.parser import HTMLParser

_BLOCKS = (
    "address|article|blockquote|body|center|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|"
    "tbody|tfoot|thead|tr|ul"
)
_OTHERS = (
    "a|abbr|b|big|br|cite|code|del|em|font|head|html|i|img|ins|mark|meta|q|s|script|small|span|strike|strong|style|sub|sup|td|th|"
    "title|tt|u"
)
_BLOCK = re.compile(_BLOCKS)
_MARKUP = re.compile(rf"<(?:!--|!doctype\b|/?(?:{_BLOCKS}|{_OTHERS})(?=[\s/>]))", re.IGNORECASE)
_UNSEEN = frozenset({"script", "style", "title"})  # "</head>" may be left out, so that what it holds is named
_ITEM = "- "
_ADDRESS = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)


def plain(text: str) -> str:
    """What a reader sees: each paragraph, item and table row on a line of its own, a link's address behind its words, an image by
    its description. Text without any markup is taken as it is, apart from ``&amp;`` and the like."""
    if not _MARKUP.search(text):
        return unescape(text) if "&" in text else text
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.text()


def kept(text: str | None) -> str | None:
    """The canonical value of a rich text field: None where its markup shows nothing, as an emptied editor leaves it."""
    return text if text and plain(text).strip() else None


def rich(text: str) -> str:
    """HTML that shows this text. One plain line is HTML already, and stays as it is."""
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) == 1 and escape(text, quote=False) == text:
        return text
    return "".join(f"<p>{_line(line)}</p>" for line in lines)


def _line(text: str) -> str:
    """Spaces that a browser would fold are made to stand."""
    shown = re.sub(r"^ |(?<= ) ", "\u00a0", escape(text, quote=False))
    return shown.replace("\u00a0", "&nbsp;") if text.strip() else "<br>"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._unseen = 0
        self._at_dash = False  # of an item that has no words yet
        self._links: list[tuple[str, int, int]] = []  # address; the line and column where its words begin

    def text(self) -> str:
        return "\n".join(line.replace("\u00a0", " ").rstrip() for line in self._lines).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._lines.append("")
        elif tag == "img":
            self._say(dict(attrs).get("alt") or "[image]")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._lines) - 1, len(self._lines[-1])))
        elif _BLOCK.fullmatch(tag):
            self._end_line()
            if tag == "li":
                self._lines[-1], self._at_dash = _ITEM, True
        elif tag in ("td", "th") and self._lines[-1]:
            self._say(" ")
        elif "@" in tag or _ADDRESS.match(tag):  # <ann@example.com>, which somebody typed
            self._say(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif _BLOCK.fullmatch(tag):
            self._end_line()
        elif tag == "a" and self._links:
            self._show_address(*self._links.pop())

    def handle_data(self, data: str) -> None:
        words = re.sub(r"[ \t\r\f]*\n\s*", " ", data)  # line breaks of the source are none of the text
        self._say(words.lstrip(" ") if self._at_dash or not self._lines[-1] else words)

    def _say(self, words: str) -> None:
        if words and not self._unseen:
            self._lines[-1] += words
            self._at_dash = False

    def _end_line(self) -> None:
        if self._lines[-1].strip(" ") and not self._at_dash:  # the paragraph of an item begins beside its dash
            self._lines.append("")

    def _show_address(self, address: str, line: int, column: int) -> None:
        words = "\n".join([self._lines[line][column:], *self._lines[line + 1 :]])
        bare = address.removeprefix("mailto:").removeprefix("tel:")
        if _ADDRESS.match(address) and bare.rstrip("/") not in words:
            self._say(f" ({bare})" if words.strip() else bare)
