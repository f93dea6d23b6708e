"""The mappings that a new draft starts with: pairs of fields with one concept, and pairs of their values whose names tell."""

from integrations.records import Field, FieldType, Side
from syncjobs.models import FieldMapping, Sync
from syncjobs.services.mappings import Schemas, directions, widest


def default_rows(sync: Sync, schemas: Schemas) -> list[FieldMapping]:
    """Unsaved rows for the concepts that both apps know ("first_name", "email"), each as wide as its fields allow."""
    by_concept = {preset.concept: preset for preset in sync.hub_kind_info.presets}
    rows: list[FieldMapping] = []
    for preset in sync.app_kind_info.presets:
        twin = by_concept.get(preset.concept)
        if twin is None:
            continue
        way = widest(directions(schemas, preset.field, twin.field, rows=rows))
        if way is None:
            continue
        needed = schemas.app[preset.field].required or schemas.hub[twin.field].required
        required = preset.required or twin.required or needed
        rows.append(
            FieldMapping(
                sync=sync,
                app_field=preset.field,
                hub_field=twin.field,
                direction=way,
                on=required or (preset.on and twin.on),
                required=required,
                locked=preset.locked or twin.locked,
                value_map=suggested_values(
                    schemas.app[preset.field], schemas.hub[twin.field], preset.values, twin.values
                ),
                otherwise={
                    side.value: value
                    for side, field in ((Side.HUB, schemas.hub[twin.field]), (Side.APP, schemas.app[preset.field]))
                    if (value := stand_in(field, required))
                },
                position=len(rows),
            )
        )
    return rows


def stand_in(field: Field, needed: bool) -> str:
    """What an option that is needed takes in place of a value without a counterpart: its first, so that the record can be made at
    all."""
    needed = (needed or field.required) and field.type is FieldType.OPTION and field.writable
    return next((option.value for option in field.options if option.writable), "") if needed else ""


Words = tuple[tuple[str, str], ...]
"""``Preset.values``."""


def suggested_values(app: Field, hub: Field, app_words: Words = (), hub_words: Words = ()) -> list[dict[str, str]]:
    """Pairs of options for a start, which the person who sets up the sync sees on the page of values; nothing is guessed later.
    First those for which the two apps have a common word, then those whose names are not equal but tell."""
    if not (app.type is hub.type is FieldType.OPTION):
        return []
    pairs = _of_one_word(_by_word(app, app_words), _by_word(hub, hub_words), _named(app), _named(hub))
    paired = {value for pair in pairs for value in pair}
    pairs += [pair for pair in _of_like_names(app, hub) if not paired & set(pair)]
    return [{"app": one, "hub": other} for one, other in pairs]


def _by_word(field: Field, words: Words) -> dict[str, list[str]]:
    """Options that the account really has."""
    known, found = {option.value for option in field.options}, dict[str, list[str]]()
    for word, value in words:
        if value in known:
            found.setdefault(word, []).append(value)
    return found


def _named(field: Field) -> dict[str, str]:
    return {option.value: option.label.casefold() for option in field.options}


def _of_one_word(
    app: dict[str, list[str]], hub: dict[str, list[str]], app_names: dict[str, str], hub_names: dict[str, str]
) -> list[tuple[str, str]]:
    """The first pair of a value is the one that counts, so those of one name come first; the others get the word's first value."""
    found: list[tuple[str, str]] = []
    for word in (word for word in app if word in hub):
        ones, others = app[word], hub[word]
        same = [(one, other) for one in ones for other in others if app_names[one] == hub_names[other]]
        left, right = {one for one, _ in same}, {other for _, other in same}
        found += same
        found += [(one, others[0]) for one in ones if one not in left]
        found += [(ones[0], other) for other in others if other not in right and (ones[0], other) not in found]
    return found


def _of_like_names(app: Field, hub: Field) -> list[tuple[str, str]]:
    """All words of one are in the other (*Won*, *Closed won*), and in no other."""
    names = {
        side: {o.value: set(o.label.casefold().split()) for o in field.options}
        for side, field in (("a", app), ("h", hub))
    }
    found = [
        (one, other)
        for one, words in names["a"].items()
        for other, others in names["h"].items()
        if words and others and words != others and (words <= others or others <= words)
    ]
    return [
        (one, other)
        for one, other in found
        if sum(a == one for a, _ in found) == 1 and sum(h == other for _, h in found) == 1
        and names["a"][one] not in names["h"].values() and names["h"][other] not in names["a"].values()
    ]  # fmt: skip
