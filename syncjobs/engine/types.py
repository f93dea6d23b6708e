"""Which field type may fill which: the matrix of field mappings.

A cell speaks of one way only, source → target. A mapping may go both ways where both of its cells allow it.

==== =====================================================================
mark meaning
==== =====================================================================
``=``  the same kind of value: nothing is lost
``>``  another kind of value, nothing is lost
``~``  something can be lost or refused: pages show the reason as a warning
``.``  there is no sensible way from one to the other: refused
==== =====================================================================

Calculated and read-only fields count as their type; that they can only be a source is ``Field.writable``.
"""

from dataclasses import dataclass
from typing import Final

from integrations.records import FieldType as T


@dataclass(frozen=True, slots=True)
class Compat:
    """Whether values of one type may fill a field of another. ``reason`` says why not, or what happens to the value on the
    way ("" where it arrives as it is). It is an English message without parameters, marked for translation."""

    ok: bool
    lossy: bool
    reason: str


def gettext_noop(text: str) -> str:
    """Marks a message for translation; pages translate it when they show it (the engine knows no language)."""
    return text


_ROWS = {  # to:  text long rich numb date dt   bool opt  mult mail phon url  user ref, in the order of FieldType
    T.TEXT:      "=    >    ~    ~    ~    ~    ~    ~    .    ~    ~    ~    ~    .",
    T.LONG_TEXT: "~    =    ~    .    .    .    .    .    .    .    .    .    .    .",
    T.RICH_TEXT: "~    ~    =    .    .    .    .    .    .    .    .    .    .    .",
    T.NUMBER:    ">    >    >    =    .    .    ~    ~    .    .    .    .    .    .",
    T.DATE:      ">    >    >    .    =    =    .    .    .    .    .    .    .    .",
    T.DATETIME:  ">    >    >    .    =    =    .    .    .    .    .    .    .    .",
    T.BOOL:      ">    >    >    ~    .    .    =    ~    .    .    .    .    .    .",
    T.OPTION:    ">    >    >    .    .    .    ~    =    >    .    .    .    .    .",
    T.MULTI:     ">    >    >    .    .    .    .    ~    =    .    .    .    .    .",
    T.EMAIL:     ">    >    >    .    .    .    .    .    .    =    .    .    >    .",
    T.PHONE:     ">    >    >    .    .    .    .    .    .    .    =    .    .    .",
    T.URL:       ">    >    >    .    .    .    .    .    .    .    .    =    .    ~",
    T.USER:      ">    >    >    .    .    .    .    .    .    >    .    .    =    .",
    T.REFERENCE: ">    >    .    .    .    .    .    .    .    .    .    .    .    =",
}  # fmt: skip

_MARKS: Final[dict[tuple[T, T], str]] = {
    (source, target): mark for source, row in _ROWS.items() for target, mark in zip(T, row.split(), strict=True)
}

_PARSED = gettext_noop("Only text that reads as such a value arrives; a record with any other text fails.")
_VALUE_MAP = gettext_noop("Only values that have a partner in the other field's list arrive; others fail.")
_FORMATTING = gettext_noop("A change of this text replaces the formatting that the other app's text has.")
_ITEMS = gettext_noop("Values must exist in the other field's list.")


def _as_text(source: T, note: str) -> dict[tuple[T, T], str]:
    return {(source, target): note for target in (T.TEXT, T.LONG_TEXT, T.RICH_TEXT)}


_NOTES: Final[dict[tuple[T, T], str]] = {
    **{(T.TEXT, target): _PARSED for target in (T.NUMBER, T.DATE, T.DATETIME, T.BOOL)},
    **{(source, T.OPTION): _VALUE_MAP for source in (T.TEXT, T.NUMBER, T.BOOL)},
    (T.TEXT, T.EMAIL): gettext_noop("Only valid email addresses arrive; a record with any other text fails."),
    (T.TEXT, T.PHONE): gettext_noop("The other app may rewrite the number in its own form."),
    (T.TEXT, T.URL): gettext_noop("Only web addresses arrive; a record with any other text fails."),
    (T.TEXT, T.USER): gettext_noop("Text must be the email address of a user in the other app."),
    (T.LONG_TEXT, T.TEXT): gettext_noop("Line breaks become spaces; text that is too long for the other field fails."),
    **_as_text(T.RICH_TEXT, gettext_noop("Formatting is left out: links are written behind their words.")),
    (T.RICH_TEXT, T.RICH_TEXT): gettext_noop("Formatting crosses with a change of the text, not by itself."),
    **{(source, T.RICH_TEXT): _FORMATTING for source in (T.TEXT, T.LONG_TEXT)},
    (T.NUMBER, T.BOOL): gettext_noop("Only 0 and 1 arrive, as no and yes."),
    **_as_text(T.DATE, gettext_noop("Written as year-month-day.")),
    (T.DATE, T.DATETIME): gettext_noop("A date becomes midnight UTC of that day."),
    **_as_text(T.DATETIME, gettext_noop("Written as date and time in UTC.")),
    (T.DATETIME, T.DATE): gettext_noop("The time of day is left out; the day is the one in UTC."),
    (T.BOOL, T.NUMBER): gettext_noop("Yes and no become 1 and 0."),
    **_as_text(T.OPTION, gettext_noop("The value's label is written.")),
    (T.OPTION, T.BOOL): gettext_noop("Only values that read as yes or no arrive; others fail."),
    (T.OPTION, T.MULTI): gettext_noop("The value becomes the only item."),
    **_as_text(T.MULTI, gettext_noop("The items are joined by commas.")),
    (T.MULTI, T.OPTION): gettext_noop("Only the first item arrives."),
    **{(each, each): _ITEMS for each in (T.OPTION, T.MULTI)},
    (T.EMAIL, T.USER): gettext_noop("The address must be that of a user in the other app."),
    (T.URL, T.REFERENCE): gettext_noop("The record is looked up by the domain of the address."),
    **_as_text(T.USER, gettext_noop("The user's email address is written, or the name where there is none.")),
    (T.USER, T.USER): gettext_noop("Users are paired by their email address."),
    **_as_text(T.REFERENCE, gettext_noop("The name of the record it points to is written.")),
    (T.REFERENCE, T.REFERENCE): gettext_noop("Works for records that a sync has linked."),
}

REFUSED: Final = gettext_noop("there is no way to turn one type into the other.")
STRICT: Final = gettext_noop("this app's fields can only be mapped to fields of the same type.")


def compatibility(source: T, target: T, strict: bool = False) -> Compat:
    """May values of ``source`` fill a field of ``target``? With ``strict`` only identical types may."""
    if strict and source is not target:
        return Compat(ok=False, lossy=False, reason=STRICT)
    mark = _MARKS[source, target]
    if mark == ".":
        return Compat(ok=False, lossy=False, reason=REFUSED)
    return Compat(ok=True, lossy=mark == "~", reason=_NOTES.get((source, target), ""))
