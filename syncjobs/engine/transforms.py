"""How a value of one end becomes a value of the other.

By type first (a date becomes a date-time at midnight, an option becomes the other side's option with the same label), then by a
named transform of the mapping. To add one: a function in ``NAMED`` (text in, text out, no exceptions for odd input).
"""

import re
from collections.abc import Callable
from dataclasses import replace

from integrations.records import FieldType, Side, Value
from integrations.richtext import plain, rich
from syncjobs.engine.canonical import host_of, is_blank, parse_datetime, parse_number
from syncjobs.engine.rules import End, MappingRule

EMAIL_SHAPE = re.compile(r"^[^@\s,;<>()\"]+@[^@\s,;<>()\".]+(\.[^@\s,;<>()\".]+)+$")

_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")  # any other comma may be a decimal one: not guessed

NAMED: dict[str, Callable[[str], str]] = {
    "trim": str.strip,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "digits": lambda text: re.sub(r"\D+", "", text),
}


class ConversionFailed(Exception):
    """The value cannot be written at the other end. ``code`` is an entry of the failure catalogue. ``is_optional``: the record
    crosses without it, and says so."""

    def __init__(self, code: str, field: str, value: Value) -> None:
        super().__init__(f"{field}: {code}")
        self.code, self.field, self.value = code, field, value
        self.is_optional = code == "OWNER_UNMAPPED"


def convert(rule: MappingRule, value: Value, to: Side) -> Value:
    """``value`` of the other side as the ``to`` side should store it; blank stays None. Raises ConversionFailed."""
    if is_blank(value):
        return None
    target = rule.end(to)
    if to in rule.plain and isinstance(value, str) and "\n" not in value:
        if target.max_length and len(value) > target.max_length:
            raise ConversionFailed("VALUE_TOO_LONG", target.field, value)
        return value
    source = rule.end(to.other)
    if source.type is FieldType.REFERENCE:
        return _names(rule, value, to)
    if target.type is FieldType.REFERENCE:
        return _by_address(rule, value, to)
    if source.type is FieldType.RICH_TEXT is not target.type:
        value = plain(str(value))
    mapped = _mapped(rule, value, to)
    result = mapped if mapped is not None else _typed(value, source, target)
    name = rule.to_hub if to is Side.HUB else rule.to_app
    if name and isinstance(result, str):
        result = NAMED[name](result)
    if target.type is FieldType.RICH_TEXT is not source.type:
        result = rich(str(result))
    elif target.options and target.type in (FieldType.OPTION, FieldType.MULTI):
        result = _options(result, source, target)
    elif target.type is FieldType.USER:
        result = _user(str(result), target)
    if target.max_length and isinstance(result, str) and len(result) > target.max_length:
        raise ConversionFailed("VALUE_TOO_LONG", target.field, value)
    return None if is_blank(result) else result


def stranger(rule: MappingRule, value: Value, to: Side) -> ConversionFailed | None:
    """Why the value has no counterpart at ``to``, where that is so, whatever stands in for it there."""
    bare = replace(rule.end(to), otherwise="")
    try:
        convert(replace(rule, hub=bare) if to is Side.HUB else replace(rule, app=bare), value, to)
    except ConversionFailed as problem:
        return problem
    return None


def _mapped(rule: MappingRule, value: Value, to: Side) -> Value:
    if not rule.value_map:
        return None
    # Where several values share a partner, the first pair speaks for the way back.
    found = reversed(rule.value_map)
    table = dict(found) if to is Side.HUB else {hub: app for app, hub in found}
    if isinstance(value, list):
        return sorted({table.get(item, item) for item in value})
    return table.get(str(value))


def _names(rule: MappingRule, value: Value, to: Side) -> Value:
    """The names of the records that a reference points to; those that no sync knows are left out."""
    ids = value if isinstance(value, list) else [str(value)]
    return ", ".join(name for id in ids if (name := rule.partners[to].get(id))) or None


def _by_address(rule: MappingRule, value: Value, to: Side) -> Value:
    """The record whose domain is that of a web address. One that is not across yet lets the record fail until it is, rather than
    cross without it and be forgotten."""
    found = rule.partners[to].get(host_of(str(value)))
    if found is None:
        raise ConversionFailed("PARENT_NOT_SYNCED_YET", rule.end(to).field, value)
    return [found]


def _user(address: str, target: End) -> str:
    """A user of the target, where its users are known: by address, else by name, else the one that stands in for strangers."""
    wanted = address.strip().casefold()
    if not target.options or wanted in target.options:
        return wanted
    by_name = {label.casefold(): stored for label, stored in target.option_labels}
    found = by_name.get(wanted) or target.otherwise
    if not found:
        raise ConversionFailed("OWNER_UNMAPPED", target.field, address)
    return found


def _typed(value: Value, source: End, target: End) -> Value:
    kind = target.type
    if isinstance(value, list):
        return _from_list(value, target)
    if kind is FieldType.MULTI:
        return [str(value)]
    if kind in (FieldType.NUMBER, FieldType.BOOL, FieldType.DATE, FieldType.DATETIME, FieldType.EMAIL):
        return _STRICT[kind](value, target)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if source.type in (FieldType.OPTION, FieldType.MULTI) and kind in (FieldType.TEXT, FieldType.LONG_TEXT):
        return _label_of(text, source)
    return text.replace("\r\n", "\n").replace("\n", " ") if kind is FieldType.TEXT else text


def _from_list(value: list[str], target: End) -> Value:
    if target.type is FieldType.MULTI:
        return sorted(value)
    return value[0] if target.type is FieldType.OPTION else ", ".join(value)


def _label_of(value: str, end: End) -> str:
    return next((label for label, stored in end.option_labels if stored == value), value)


def _number(value: Value, target: End) -> Value:
    if isinstance(value, bool):
        return "1" if value else "0"
    text = str(value).replace(" ", "")
    number = parse_number(text.replace(",", "") if _THOUSANDS.match(text) else text)
    if number is None:
        raise ConversionFailed("NUMBER_INVALID", target.field, value)
    return format(number, "f")


def _bool(value: Value, target: End) -> Value:
    if isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    if text in ("true", "yes", "1", "on"):
        return True
    if text in ("false", "no", "0", "off"):
        return False
    raise ConversionFailed("TYPE_INCOMPATIBLE", target.field, value)


def _date(value: Value, target: End) -> Value:
    moment = parse_datetime(str(value))
    if moment is None:
        raise ConversionFailed("DATE_INVALID", target.field, value)
    return moment.date().isoformat()


def _datetime(value: Value, target: End) -> Value:
    moment = parse_datetime(str(value))
    if moment is None:
        raise ConversionFailed("DATE_INVALID", target.field, value)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _email(value: Value, target: End) -> Value:
    text = str(value).strip()
    if not EMAIL_SHAPE.match(text):
        raise ConversionFailed("EMAIL_INVALID", target.field, value)
    return text


_STRICT: dict[FieldType, Callable[[Value, End], Value]] = {
    FieldType.NUMBER: _number,
    FieldType.BOOL: _bool,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.EMAIL: _email,
}


def _options(value: Value, source: End, target: End) -> Value:
    """The target's option values: by value, else by label (of the source's option, too)."""

    def one(item: str) -> str:
        if item in target.options:
            return item
        labels = {label.casefold(): stored for label, stored in target.option_labels if stored in target.options}
        for name in (item, _label_of(item, source)):
            if found := labels.get(name.casefold()):
                return found
        if target.otherwise:
            return target.otherwise
        raise ConversionFailed("OPTION_UNMAPPED", target.field, item)

    return sorted({one(item) for item in value}) if isinstance(value, list) else one(str(value))
