"""Constant fields: a fixed value stamped on everything that is written to one side. Any number per side, typed."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.records import Field, FieldType, Side, Value
from syncjobs.engine.canonical import parse_datetime
from syncjobs.engine.filters import value_problem
from syncjobs.engine.transforms import EMAIL_SHAPE
from syncjobs.models import ConstantField, Sync
from syncjobs.services.mappings import Refused, Schemas, label, towards

YES, NO = {"true", "yes", "1"}, {"false", "no", "0"}
EXAMPLES = {
    FieldType.NUMBER: _("a number, such as 12.5"),
    FieldType.DATE: _("a date, such as 2026-05-01"),
    FieldType.DATETIME: _("a date and time, such as 2026-05-01 09:00"),
    FieldType.BOOL: _("yes or no"),
    FieldType.EMAIL: _("an email address"),
}
NOT_CONSTANT = {FieldType.USER, FieldType.REFERENCE}


def candidates(schemas: Schemas, side: Side) -> list[Field]:
    """Fields of ``side`` that can hold a constant."""
    return [field for field in schemas.side(side).values() if field.writable and field.type not in NOT_CONSTANT]


def add(
    *, sync: Sync, schemas: Schemas, side: Side, field: str, value: str, when: str = ConstantField.When.ALWAYS
) -> ConstantField:
    """Stamp ``value`` on ``field`` of everything written to ``side``. Raises ``Refused``."""
    known = schemas.side(side).get(field)
    if known is None:
        raise Refused(gettext("Choose a field."))
    if not towards(sync.direction, side):
        raise Refused(gettext("This sync writes nothing to %(app)s.") % {"app": schemas.name(side)})
    if known not in candidates(schemas, side):
        raise Refused(gettext("“%(field)s” cannot hold a fixed value.") % {"field": known.label})
    filled = {row.hub_field if side is Side.HUB else row.app_field: row for row in sync.mappings.filter(on=True)
              if towards(row.direction, side)}  # fmt: skip
    if field in filled:
        row = filled[field]
        raise Refused(
            gettext("“%(field)s” is already filled by the mapping of “%(source)s”.")
            % {
                "field": known.label,
                "source": label(schemas, side.other, row.app_field if side is Side.HUB else row.hub_field),
            }
        )
    if when not in ConstantField.When.values:
        raise Refused(gettext("Choose when the value is written."))
    if when == ConstantField.When.PROMOTE and known.type is not FieldType.OPTION:
        raise Refused(gettext("“%(field)s” has no list in which a value could be earlier.") % {"field": known.label})
    if sync.constants.filter(side=side.value, field=field).exists():
        raise Refused(gettext("“%(field)s” has a fixed value already: remove that one first.") % {"field": known.label})
    return sync.constants.create(side=side.value, field=field, value=canonical(known, value), when=when)


def canonical(field: Field, value: str) -> str:
    """The value as it is stored: text in the canonical form of the field's type ("true"/"false" for yes and no; the items of
    a list joined by ``;``). Raises ``Refused``."""
    text = value.strip()
    if not text:
        raise Refused(gettext("Enter the value for “%(field)s”.") % {"field": field.label})
    if field.options:
        items = [item.strip() for item in text.split(";")] if field.type is FieldType.MULTI else [text]
        return ";".join(_option(field, item) for item in items)
    if field.type is FieldType.BOOL:
        if text.lower() not in YES | NO:
            raise Refused(_wrong(field))
        return "true" if text.lower() in YES else "false"
    operator = {FieldType.NUMBER: "eq", FieldType.DATE: "after", FieldType.DATETIME: "after"}.get(field.type)
    if operator and value_problem(operator, text, field.type):
        raise Refused(_wrong(field))
    if field.type is FieldType.EMAIL and not EMAIL_SHAPE.match(text):
        raise Refused(_wrong(field))
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        moment = parse_datetime(text)
        assert moment is not None
        text = moment.strftime("%Y-%m-%d" if field.type is FieldType.DATE else "%Y-%m-%dT%H:%M:%S.000Z")
    if field.max_length and len(text) > field.max_length:
        raise Refused(
            gettext("“%(field)s” holds at most %(n)s characters.") % {"field": field.label, "n": field.max_length}
        )
    return text


def typed(field: Field, stored: str) -> Value:
    """What is written to the app: the canonical value of the field's type."""
    if field.type is FieldType.BOOL:
        return stored == "true"
    return sorted(stored.split(";")) if field.type is FieldType.MULTI else stored


def _option(field: Field, item: str) -> str:
    for option in field.options:
        if item.casefold() in (option.value.casefold(), option.label.casefold()):
            return option.value
    raise Refused(
        gettext("“%(value)s” is not in the list of “%(field)s”. Possible: %(options)s.")
        % {
            "value": item,
            "field": field.label,
            "options": ", ".join(option.label for option in field.options[:12]),
        }
    )


def _wrong(field: Field) -> str:
    return gettext("“%(field)s” takes %(what)s.") % {"field": field.label, "what": EXAMPLES[field.type]}
