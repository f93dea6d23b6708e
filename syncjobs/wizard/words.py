"""A sync's settings in plain words: from a ``Picture`` to sentences. Pure: reads nothing, changes nothing.

The wizard shows them beside every step and, with *Edit* links, on the review.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from integrations.records import Side
from syncjobs.engine.filters import NO_VALUE, TWO_VALUES
from syncjobs.models import (
    ConstantField,
    DeletePolicy,
    Direction,
    DuplicatePolicy,
    FieldMapping,
    LeavingPolicy,
    Winner,
)  # fmt: skip
from syncjobs.services.mappings import effective
from syncjobs.wizard import labels
from syncjobs.wizard.picture import Picture


@dataclass(frozen=True)
class Section:
    """A few sentences that are set in one place: ``step`` is the wizard step, ``anchor`` the part of it."""

    title: str
    step: str
    anchor: str
    lines: list[SafeString]
    details: list[SafeString]  # too long for the column beside a step


def sections(picture: Picture) -> list[Section]:
    """In the order of the wizard; parts that say nothing are left out."""
    found = [
        Section(_("What syncs"), "direction", "direction", list(_direction(picture)), []),
        Section(_("Matching"), "direction", "matching", list(_matching(picture)), []),
        Section(_("Conflicts"), "direction", "conflicts", list(_conflicts(picture)), list(_first_match(picture))),
        Section(_("Deletions"), "direction", "deletions", list(_deletions(picture)), []),
        Section(_("Who syncs"), "limits", "limits", list(_limits(picture)), []),
        Section(_("Where from and where to"), "limits", "lists", list(_lists(picture)), []),
        Section(_("Start with"), "limits", "start", list(_start(picture)), []),
        Section(_("Fields"), "mappings", "map", list(_fields(picture)), list(_names(picture))),
        Section(_("Fixed values"), "mappings", "constants", list(_constants(picture)), []),
    ]
    return [section for section in found if section.lines]


def _names(picture: Picture) -> Iterator[SafeString]:
    """Which fields sync, by way."""
    ways = {
        Direction.BOTH: _("Both ways: {names}."),
        Direction.TO_HUB: _("Only to {hub}: {names}."),
        Direction.TO_APP: _("Only to {app}: {names}."),
    }
    live = [(row, effective(picture.sync, row)) for row in _carrying(picture)]
    for way, text in ways.items():
        names = [picture.field(Side.APP, row.app_field) for row, flows in live if flows == way]
        if names:
            yield _say(text, names=", ".join(names), app=picture.app.name, hub=picture.hub.name)


def _carrying(picture: Picture) -> list[FieldMapping]:
    return [row for row in picture.rows if row.on and row.pk not in picture.resting]


def sentences(picture: Picture) -> list[SafeString]:
    return [line for section in sections(picture) for line in section.lines]


def _say(text: str, **values: Any) -> SafeString:
    return format_html(text, **values)


def _direction(picture: Picture) -> Iterator[SafeString]:
    names = {
        "app": picture.app.name,
        "hub": picture.hub.name,
        "app_records": picture.app_kind.label,
        "hub_records": str(picture.hub_kind.label).lower(),
    }
    match picture.sync.direction:
        case Direction.BOTH:
            yield _say(
                _("<b>{app_records}</b> in {app} and <b>{hub_records}</b> in {hub} are kept equal, <b>both ways</b>."),
                **names,
            )
        case Direction.TO_HUB:
            yield _say(
                _(
                    "<b>{app_records}</b> from {app} are copied to <b>{hub_records}</b> in {hub}. Nothing is written to {app}."
                ),
                **names,
            )
        case Direction.TO_APP:
            names |= {"app_records": str(picture.app_kind.label).lower(), "hub_records": picture.hub_kind.label}
            yield _say(
                _(
                    "<b>{hub_records}</b> from {hub} are copied to <b>{app_records}</b> in {app}. Nothing is written to {hub}."
                ),
                **names,
            )


def _matching(picture: Picture) -> Iterator[SafeString]:
    keys = picture.sync.identifiers
    if not keys:
        yield _say(_("Records are <b>never matched</b>: each one is created on the other side."))
        return
    first, *others = keys
    name = picture.field(Side.APP, first["app_field"])
    if first.get("strong", True):
        yield _say(_("Records match by <b>{field}</b>. No match: a new record is created."), field=name)
    else:
        yield _say(_("A match by <b>{field}</b> waits for your yes. No match: a new record is created."), field=name)
    for key in others:
        strong = key.get("strong", True)
        text = _("Else they match by <b>{field}</b>.") if strong else _("A match by <b>{field}</b> waits for your yes.")
        yield _say(text, field=picture.field(Side.APP, key["app_field"]))
    several = {
        DuplicatePolicy.NEWEST: _("If several records share it, the <b>newest</b> syncs and the others are excluded."),
        DuplicatePolicy.OLDEST: _("If several records share it, the <b>oldest</b> syncs and the others are excluded."),
        DuplicatePolicy.HOLD: _("If several records share it, all of them <b>wait for review</b>."),
    }
    yield _say(several[DuplicatePolicy(picture.sync.duplicates)])


def _conflicts(picture: Picture) -> Iterator[SafeString]:
    sync = picture.sync
    if sync.direction == Direction.BOTH:
        rules = {
            Winner.RECENT: _("If both sides changed, the <b>most recent</b> change wins."),
            Winner.HUB: _("If both sides changed, <b>{hub}</b> wins."),
            Winner.APP: _("If both sides changed, <b>{app}</b> wins."),
            Winner.ASK: _("If both sides changed, the field <b>waits for you</b>."),
        }
        yield _say(rules[Winner(sync.winner)], hub=picture.hub.name, app=picture.app.name)
        own = sum(1 for row in picture.rows if row.on and row.winner and row.winner != sync.winner)
        if own:
            yield _say(
                ngettext("<b>{n} field</b> has a rule of its own.", "<b>{n} fields</b> have a rule of their own.", own),
                n=own,
            )
    if not sync.clear_values:
        yield _say(_("A <b>blank never erases</b> a value."))
        return
    yield _say(_("Clearing a value <b>clears it</b> on the other side too."))
    for side in Side:
        if picture.writes(side) and not picture.can(side).clear:
            yield _say(_("{app} cannot clear values: they stay there."), app=picture.name(side))


def _first_match(picture: Picture) -> Iterator[SafeString]:
    """What the first run does to values that are there already: the question of everybody who starts a sync."""
    if picture.sync.direction == Direction.BOTH:
        yield _say(
            _("At the first match a blank takes the other side's value; two values that differ go by the same rule.")
        )
        yield _say(_("What a value replaces is kept in the ledger of the record."))


def _deletions(picture: Picture) -> Iterator[SafeString]:
    policies = {Side.HUB: picture.sync.when_deleted_in_app, Side.APP: picture.sync.when_deleted_in_hub}
    for target, policy in policies.items():
        if not picture.writes(target):
            continue
        texts = {
            DeletePolicy.IGNORE: _("Deleted in {here}: <b>nothing</b> happens in {there}."),
            DeletePolicy.FLAG: _("Deleted in {here}: the record in {there} stays and is <b>flagged</b>."),
            DeletePolicy.DELETE: _("Deleted in {here}: the record in {there} is <b>deleted too</b>."),
        }
        yield _say(texts[DeletePolicy(policy)], here=picture.name(target.other), there=picture.name(target))


def _limits(picture: Picture) -> Iterator[SafeString]:
    if picture.sync.email_only and picture.hub_kind.concept == "person":
        yield _say(_("Only records with an <b>email address</b> sync."))
    filtered = False
    for source in (Side.APP, Side.HUB):
        groups = picture.filters.get(source, [])
        if groups and picture.writes(source.other):
            filtered = True
            yield _say(
                _("To {target} only where {rules}."),
                target=picture.name(source.other),
                rules=filter_words(picture, source, groups),
            )
    if not filtered:
        yield _say(_("No filter: <b>all</b> of them."))
    elif picture.sync.leaving == LeavingPolicy.KEEP:
        yield _say(_("A record that stops matching <b>keeps syncing</b>."))
    else:
        yield _say(_("A record that stops matching <b>stops</b> and becomes Excluded."))


def filter_words(picture: Picture, side: Side, groups: list[list[dict[str, Any]]]) -> str:
    """“Country is Japan and City is Osaka, or Country is Korea”."""
    both = pgettext("between two filter rules", " and ")
    either = pgettext("between two groups of filter rules", ", or ")
    return either.join(both.join(_rule_words(picture, side, rule) for rule in group) for group in groups)


def _rule_words(picture: Picture, side: Side, rule: dict[str, Any]) -> str:
    name, operator, value = picture.field(side, rule["field"]), rule["operator"], rule.get("value")
    words = str(labels.OPERATORS.get(operator, operator))
    if operator in NO_VALUE:
        return f"{name} {words}"
    known = picture.fields[side].get(rule["field"])
    shown = {option.value: option.label for option in known.options} if known else {}
    between = pgettext("between two bounds of a filter", " and ") if operator in TWO_VALUES else ", "
    text = between.join(shown.get(str(item), str(item)) for item in (value if isinstance(value, list) else [value]))
    return f"{name} {words.replace('…', text)}" if "…" in words else f"{name} {words} {text}"


def _lists(picture: Picture) -> Iterator[SafeString]:
    for side in (Side.APP, Side.HUB):
        ability, scope = picture.can(side), picture.sync.scope(side)
        if ability.containers and picture.writes(side.other):
            chosen = [picture.lists.get(str(item), str(item)) for item in scope.get("lists") or []]
            text = _sources(ability.containers, len(chosen))
            yield _say(text, n=len(chosen), names=", ".join(chosen), app=picture.name(side))
        target = str(scope.get("target_list") or "")
        if ability.target_container and picture.writes(side) and target:
            yield _say(
                _("New records in {app} go to <b>{name}</b>."),
                name=picture.lists.get(target, _("one list")),
                app=picture.name(side),
            )


def _sources(containers: str, n: int) -> str:
    """Where records come from, by the app's word for it (``Abilities.containers``); ``n`` is 0 for all of them."""
    match containers:
        case "tag":
            some = ngettext(
                "Records come from {app} with <b>{n} tag</b>: {names}.",
                "Records come from {app} with any of <b>{n} tags</b>: {names}.",
                n,
            )
            return some if n else _("Records come from {app} <b>whatever their tags</b>.")
        case "address book":
            some = ngettext(
                "Records come from <b>{n} address book</b> of {app}: {names}.",
                "Records come from <b>{n} address books</b> of {app}: {names}.",
                n,
            )
            return some if n else _("Records come from <b>all address books</b> of {app}.")
    some = ngettext(
        "Records come from <b>{n} list</b> of {app}: {names}.",
        "Records come from <b>{n} lists</b> of {app}: {names}.",
        n,
    )
    return some if n else _("Records come from <b>all lists</b> of {app}.")


def _start(picture: Picture) -> Iterator[SafeString]:
    since = picture.sync.start_from
    if since is None:
        yield _say(_("Starts with <b>everything</b> that exists."))
    elif picture.sync.draft_of_id:
        yield _say(_("Only what is new since <b>{date}</b>."), date=date_format(localtime(since), "DATE_FORMAT"))
    else:
        yield _say(_("Only what is <b>new from now on</b>."))


def _fields(picture: Picture) -> Iterator[SafeString]:
    ways = [way for row in _carrying(picture) if (way := effective(picture.sync, row))]
    if not ways:
        yield _say(_("<b>No field</b> is mapped yet."))
        return
    parts = [
        (ways.count(Direction.BOTH), _("{n} both ways")),
        (ways.count(Direction.TO_HUB), _("{n} only to {hub}")),
        (ways.count(Direction.TO_APP), _("{n} only to {app}")),
    ]
    text = ngettext("<b>{n} field</b> syncs: {parts}.", "<b>{n} fields</b> sync: {parts}.", len(ways))
    named = ", ".join(words.format(n=n, hub=picture.hub.name, app=picture.app.name) for n, words in parts if n)
    yield _say(text, n=len(ways), parts=named)
    resting = [picture.field(Side.APP, row.app_field) for row in picture.rows if row.pk in picture.resting]
    if resting:
        text = ngettext(
            "<b>{names}</b> begins when a sync of the records that it names is on.",
            "<b>{names}</b> begin when syncs of the records that they name are on.",
            len(resting),
        )
        yield _say(text, names=", ".join(resting))


CONSTANTS: dict[str, Any] = {
    ConstantField.When.ALWAYS: gettext_lazy("What is written to {app} gets “{value}” in <b>{field}</b>."),
    ConstantField.When.CREATE: gettext_lazy("New records in {app} get “{value}” in <b>{field}</b>."),
    ConstantField.When.PROMOTE: gettext_lazy(
        "New records in {app}, and records found there with nothing or an earlier value, get “{value}” in <b>{field}</b>."
    ),
}


def _constants(picture: Picture) -> Iterator[SafeString]:
    for constant in picture.constants:
        side = Side(constant.side)
        if not picture.writes(side):
            continue
        yield _say(
            str(CONSTANTS[constant.when]),
            app=picture.name(side),
            value=_constant_value(picture, constant),
            field=picture.field(side, constant.field),
        )


def _constant_value(picture: Picture, constant: ConstantField) -> str:
    """As people know it: options by their label."""
    known = picture.fields[Side(constant.side)].get(constant.field)
    shown = {option.value: option.label for option in known.options} if known else {}
    return ", ".join(shown.get(item, item) for item in (constant.value.split(";") if shown else [constant.value]))
