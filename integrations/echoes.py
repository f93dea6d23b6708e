"""Whose value is it: what an app made of one that was sent, or what somebody wrote over it.

Apps round, trim and reformat what they are sent. Such a form is the result of our write, and is never carried back to where the
value came from. Anything else that stands there by the time we look, once somebody has changed the record after us, is theirs, and
is synced as any edit.
"""

import re
from decimal import Decimal, InvalidOperation

from integrations.records import Field, FieldType, RemoteRecord, Value, Values
from integrations.richtext import plain


def without_others(record: RemoteRecord, sent: Values, fields: dict[str, Field]) -> RemoteRecord:
    """The record as far as it still is what was sent: for one that somebody has changed since. It has no version, as it was never
    seen as it is now."""
    kept = {
        name: value
        for name, value in record.values.items()
        if name in sent and name in fields and is_form_of(value, sent[name], fields[name].type)
    }
    return RemoteRecord(record.id, kept, created_at=record.created_at, aliases=record.aliases)


def is_form_of(stored: Value, sent: Value, kind: FieldType) -> bool:
    """Whether an app may have made ``stored`` of ``sent`` by itself."""
    if stored == sent or (not stored and not sent):
        return True
    if isinstance(stored, list) and isinstance(sent, list):
        return set(stored) == set(sent)
    if not (isinstance(stored, str) and isinstance(sent, str)):
        return False
    if kind is FieldType.NUMBER:
        return _is_rounded(stored, sent)
    if kind is FieldType.DATETIME:
        return stored[:19] == sent[:19]  # without fractions of a second
    form = _FORMS.get(kind, _spaced)
    return form(stored) == form(sent)


def _is_rounded(stored: str, sent: str) -> bool:
    try:
        kept, whole = Decimal(stored), Decimal(sent)
    except InvalidOperation:
        return False
    return abs(kept - whole) < Decimal(1).scaleb(int(kept.as_tuple().exponent))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _folded(text: str) -> str:
    return text.strip().casefold()


def _digits(text: str) -> str:
    return re.sub(r"\D+", "", text) or text


def _shown(text: str) -> str:
    return _spaced(plain(text))


_FORMS = {
    FieldType.EMAIL: _folded, FieldType.USER: _folded, FieldType.URL: _folded, FieldType.PHONE: _digits,
    FieldType.RICH_TEXT: _shown,
}  # fmt: skip
