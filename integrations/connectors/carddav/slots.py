"""Which part of a card carries which field, and how it is read and written. Values are canonical (``integrations.records``)."""

import quopri
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import errors
from integrations.connectors.carddav.vcard import Card, Line, escape, split, unescape
from integrations.records import Field, FieldType, Value, Values

NOT_A_PHONE = {"CELL", "FAX", "PAGER"}  # TEL lines that are not the number to call at a desk
YEAR_UNKNOWN = 1604  # what Apple's address book writes for a birthday without a year
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # XML 1.0 cannot carry these
NO_TEXT = re.compile(r"[\ud800-\udfff]")  # bytes that are not UTF-8
PARTS = {"N": 5, "ADR": 7, "ORG": 1}  # how many parts a structured property has
NEEDED = {"N", "FN"}  # vCard 3.0 wants them, empty or not


@dataclass(frozen=True)
class Slot:
    """Where one field lives. ``part``: which part of a structured property."""

    label: str | Promise
    property: str
    type: FieldType = FieldType.TEXT
    part: int | None = None
    accepts: Callable[[Line], bool] = lambda line: True
    params: list[list[str]] = field(default_factory=list)  # of a line that has to be added


SLOTS: dict[str, Slot] = {
    "email": Slot(gettext_lazy("E-mail"), "EMAIL", FieldType.EMAIL),
    "first_name": Slot(gettext_lazy("First name"), "N", part=1),
    "last_name": Slot(gettext_lazy("Last name"), "N", part=0),
    "full_name": Slot(gettext_lazy("Full name"), "FN"),
    "phone": Slot(
        gettext_lazy("Phone"), "TEL", FieldType.PHONE,
        accepts=lambda line: not line.types & NOT_A_PHONE, params=[["TYPE", "VOICE"]],
    ),
    "mobile": Slot(
        gettext_lazy("Mobile phone"), "TEL", FieldType.PHONE,
        accepts=lambda line: "CELL" in line.types, params=[["TYPE", "CELL"]],
    ),
    "company_name": Slot(gettext_lazy("Company"), "ORG", part=0),
    "job_title": Slot(gettext_lazy("Job title"), "TITLE"),
    "website": Slot(gettext_lazy("Website"), "URL", FieldType.URL),
    "street": Slot(gettext_lazy("Street"), "ADR", FieldType.LONG_TEXT, part=2),
    "city": Slot(gettext_lazy("City"), "ADR", part=3),
    "region": Slot(gettext_lazy("State or region"), "ADR", part=4),
    "postal_code": Slot(gettext_lazy("Postal code"), "ADR", part=5),
    "country": Slot(gettext_lazy("Country"), "ADR", part=6),
    "birthday": Slot(gettext_lazy("Birthday"), "BDAY", FieldType.DATE),
    "categories": Slot(gettext_lazy("Categories"), "CATEGORIES", FieldType.MULTI),
    "note": Slot(gettext_lazy("Note"), "NOTE", FieldType.LONG_TEXT),
}  # fmt: skip


def all_fields() -> list[Field]:
    return [Field(name, str(slot.label), slot.type) for name, slot in SLOTS.items()]


class Damaged(ValueError):
    """Bytes that are no text."""


# -- reading -----------------------------------------------------------------------------------------------------------------
def read(card: Card, names: Iterable[str]) -> Values:
    """The named fields. A value that has no canonical form, such as a birthday without a year or bytes that are no text, is
    absent."""
    found: Values = {}
    for name in names:
        if name not in SLOTS:
            continue
        try:
            found[name] = _read(card, SLOTS[name])
        except ValueError:
            continue
    return found


def other_addresses(card: Card) -> tuple[str, ...]:
    """E-mail addresses besides the preferred one."""
    lines, best = card.all("EMAIL"), card.best("EMAIL")
    return tuple(line.value.strip() for line in lines if line is not best and not NO_TEXT.search(line.value))


def _read(card: Card, slot: Slot) -> Value:
    if slot.type is FieldType.MULTI:
        parts = [part for line in card.all(slot.property) for part in split(_raw(line), ",")]
        return sorted({text for part in parts if (text := _text(part))}) or None
    line = card.best(slot.property, slot.accepts)
    if line is None:
        return None
    raw = _raw(line)
    if slot.part is not None:
        parts = split(raw, ";")
        raw = parts[slot.part] if slot.part < len(parts) else ""
    text = _text(raw)
    if slot.type is FieldType.DATE and text:
        return _date(text)
    if slot.type is FieldType.PHONE:
        text = re.sub("^tel:", "", text, flags=re.IGNORECASE)
    return text or None


def _text(raw: str) -> str:
    """Without control characters, which the XML of most apps cannot carry: they stay in the card until the value is written."""
    if NO_TEXT.search(raw):
        raise Damaged(raw)
    return CONTROL.sub("", unescape(raw)).strip()


def _raw(line: Line) -> str:
    """The escaped value, out of the clothes that vCard 2.1 may put on it."""
    if "QUOTED-PRINTABLE" not in {*line.param("ENCODING"), *line.types}:
        return line.value
    charset = next(iter(line.param("CHARSET")), "UTF-8")
    try:
        text = quopri.decodestring(line.value.encode("utf-8", "surrogateescape")).decode(charset)
    except LookupError:
        return line.value
    except UnicodeDecodeError as error:
        raise Damaged(line.value) from error
    return text.replace("\r\n", "\\n").replace("\n", "\\n")


def _date(text: str) -> str:
    """ValueError where there is no whole date."""
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(T|$)", text)
    if not found or int(found[1]) == YEAR_UNKNOWN:
        raise ValueError(text)
    return date(int(found[1]), int(found[2]), int(found[3])).isoformat()


def revised_at(card: Card, last_modified: str) -> datetime | None:
    """What the server says, else what the last client wrote (REV), else unknown."""
    try:
        return parsedate_to_datetime(last_modified)
    except (ValueError, TypeError):
        pass
    try:
        found = datetime.fromisoformat(card.value("REV"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# -- writing -----------------------------------------------------------------------------------------------------------------
def check(values: Values) -> None:
    """Refused, naming the field, where a card cannot hold a value. Nothing is sent then."""
    for name, value in values.items():
        if name not in SLOTS:
            raise errors.Refused(_("Cards have no field of this name."), code="FIELD_MISSING", field=name)
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and CONTROL.search(text) for text in texts):
            message = _("The value contains control characters.")
            raise errors.Refused(message, code="ENCODING_INVALID", field=name)
        if SLOTS[name].type is FieldType.DATE and value:
            try:
                date.fromisoformat(str(value))
            except ValueError:
                raise errors.Refused(_("This is not a date."), code="DATE_INVALID", field=name) from None


def write(card: Card, values: Values) -> bool:
    """Put values into the card; whether that changed anything. What already reads like the value is not touched. Refused where a
    value would take the place of bytes that nobody could read, and that therefore are known nowhere else.

    The displayed name (FN) follows the names it was made of, unless it is given itself or somebody has chosen another.
    """
    before, recipe = card.text(), _recipe(card)
    for name, value in values.items():
        try:
            if _read(card, SLOTS[name]) == (value or None):
                continue
        except Damaged:
            message = _("The card holds bytes here that are not UTF-8. Correct it in the address book.")
            raise errors.Refused(message, code="ENCODING_INVALID", field=name) from None
        except ValueError:
            pass
        _write(card, SLOTS[name], value)
    if recipe and "full_name" not in values and (made := recipe(card)) != card.value("FN"):
        _write(card, SLOTS["full_name"], made)
    return card.text() != before


def stamp(card: Card, moment: datetime) -> None:
    """Say when the card was last revised, as clients do for each other."""
    line = card.best("REV") or card.add("REV", [])
    form = "%Y%m%dT%H%M%SZ" if card.version == "4.0" else "%Y-%m-%dT%H:%M:%SZ"
    line.write(moment.astimezone(UTC).strftime(form), without=("VALUE",))


def _write(card: Card, slot: Slot, value: Value) -> None:
    line = card.best(slot.property, slot.accepts)
    raw = _to_raw(card, slot, value)
    if slot.part is not None:
        parts = split(_raw(line), ";") if line else []
        parts += [""] * (max(PARTS[slot.property], slot.part + 1) - len(parts))
        parts[slot.part] = raw
        raw = ";".join(parts) if any(parts) or slot.property in NEEDED else ""
    if slot.type is FieldType.EMAIL and line and value:
        _change_places(card, line, str(value))
    if slot.type is FieldType.MULTI:
        for other in list(card.all(slot.property)):
            if other is not line:
                card.remove(other)
    if raw or slot.property in NEEDED:
        (line or card.add(slot.property, slot.params)).write(raw, without=("VALUE",))
    elif line:
        card.remove(line)


def _change_places(card: Card, line: Line, address: str) -> None:
    """Another line has the address that ``line`` is about to get: it takes the one that would be overwritten."""
    held = (other for other in card.all("EMAIL") if other.value.strip().casefold() == address.casefold())
    if other := next((each for each in held if each is not line), None):
        other.write(line.value)


def _to_raw(card: Card, slot: Slot, value: Value) -> str:
    if not value:
        return ""
    if isinstance(value, list):
        return ",".join(escape(each) for each in value)
    text = str(value)
    if slot.type is FieldType.URL:
        return text.replace("\r", "").replace("\n", "")  # a URI is not text: it has no escapes
    if slot.type is FieldType.DATE and card.version == "4.0":
        return text.replace("-", "")
    return escape(text)


def _recipe(card: Card) -> Callable[[Card], str] | None:
    """How the displayed name was made; None where a person chose it, or nobody can read what it was made of."""
    try:
        return next((recipe for recipe in RECIPES if recipe(card) == card.value("FN").strip()), None)
    except Damaged:
        return None


def _joined(card: Card, order: tuple[int, ...]) -> str:
    line = card.best("N")
    parts = [unescape(part).strip() for part in split(_raw(line), ";")] if line else []
    return " ".join(parts[at] for at in order if at < len(parts) and parts[at])


def _short_name(card: Card) -> str:
    found = [_joined(card, (1, 0)), *(str(read(card, [name]).get(name) or "") for name in ("company_name", "email"))]
    return next((name for name in found if name), "")


RECIPES: list[Callable[[Card], str]] = [
    _short_name,
    lambda card: _joined(card, (3, 1, 2, 0, 4)),  # prefix, first, middle, last, suffix
    lambda card: _joined(card, (1, 2, 0)),
]
