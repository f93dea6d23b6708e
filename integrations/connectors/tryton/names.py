"""A person's two names in Tryton's one.

Tryton knows one name per party. A person's is written as people read it, first name first, and taken apart at the last space:
"Ada King Lovelace" is Ada King · Lovelace. Where that would not give back what was written, a no-break space says so, which
looks the same on a screen and on paper: inside a last name of several words ("Ludwig van␣Beethoven"), and after a first name
that stands alone. A single word without one is a last name.
"""

GLUE = "\u00a0"


def join(first: str | None, last: str | None) -> str | None:
    one, two = _plain(first), _plain(last)
    if not two:
        return f"{one}{GLUE}" if one else None
    return f"{one} {two.replace(' ', GLUE)}".lstrip()


def split(name: str | None) -> tuple[str | None, str | None]:
    """(first, last)"""
    if name and name.endswith(GLUE):
        return plain(name), None
    first, _space, last = (name or "").strip(" ").rpartition(" ")
    return plain(first), plain(last)


def plain(text: str | None) -> str | None:
    return _plain(text) or None


def _plain(text: str | None) -> str:
    return " ".join((text or "").replace(GLUE, " ").split())
