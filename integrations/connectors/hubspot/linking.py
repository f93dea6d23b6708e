"""How associations are written: with the record when it is made, by calls of their own when it changes.

A change is the difference between what was last seen (``Update.known``) and what shall be, so an association that somebody else has
added meanwhile stays. Where nothing is known, it is read first. Giving a label means adding a type to the pair, taking it away
leaves the pair associated; only ``associations.<kind>`` adds and removes pairs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.hubspot.associations import Associations, value_of, wanted
from integrations.connectors.hubspot.client import CULPRIT, call, item_error
from integrations.connectors.hubspot.objects import OBJECTS, Reference
from integrations.connectors.verdicts import in_parts, unsettled
from integrations.http import ApiSession
from integrations.records import Update, Values, Verdict

WRITE_BATCH, ARCHIVE_BATCH = 2000, 100  # inputs a call

# The order matters: a label that HubSpot does not move by itself is taken away before another record gets it, and a lead never
# loses its last primary contact, which would delete it.
STEPS = ("unlabel", "associate", "dissociate")
Failed = dict[int, errors.ConnectorError]
"""Place of an item → why its associations are not, or not certainly, as wished."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One change of one pair, for the item at ``place``."""

    step: str
    place: int
    id: str
    to: str
    other: str
    type_id: int
    labelled: bool = False


class Linker:
    """Writes of the associations of one object type."""

    def __init__(self, session: ApiSession, kind: str, associations: Associations) -> None:
        self._session, self._kind, self._associations = session, kind, associations

    def apply(self, items: Sequence[tuple[int, Update]], *, done: bool) -> Failed:
        """Bring the associations of the records to the wished values. ``done``: something of this batch was written already, so
        that an error of the whole account is a verdict of what is left. Else, and while nothing is written here, it is raised."""
        failed: Failed = {}
        try:
            edges = self._edges(items)
        except errors.ConnectorError as error:
            if not done:
                raise
            return {place: of_the_rest(error) for place, _item in items}
        for step in STEPS:
            for to in dict.fromkeys(edge.to for edge in edges if edge.step == step):
                now = [edge for edge in edges if (edge.step, edge.to) == (step, to) and edge.place not in failed]
                try:
                    failed |= self._send(step, to, now)
                except errors.ConnectorError as error:
                    if not done:
                        raise
                    left = STEPS[STEPS.index(step) :]
                    return {edge.place: of_the_rest(error) for edge in edges if edge.step in left} | failed
                done = done or bool(now)
        return failed

    def _edges(self, items: Sequence[tuple[int, Update]]) -> list[Edge]:
        items = self._informed(items)
        found: list[Edge] = []
        for place, item in items:
            references = wanted(self._kind, item.values)
            kept = {(each.to, id) for each in references if not each.many for id in _ids(item.values, each)}
            kept |= {
                (each.to, id)
                for each in OBJECTS[self._kind].references
                if not each.many and each.name not in item.values
                for id in _ids(item.known, each)
            }
            edges = [edge for reference in references for edge in _edges_of(place, item, reference, kept)]
            found += _without_doubles(edges)
        return found

    def _informed(self, items: Sequence[tuple[int, Update]]) -> list[tuple[int, Update]]:
        """The items, each with what its references were, read where that is not known."""
        known: dict[int, Values] = {place: dict(item.known) for place, item in items}
        lacking: dict[str, list[tuple[int, Update, Reference]]] = {}
        for place, item in items:
            for reference in wanted(self._kind, item.values):
                if reference.name not in item.known:
                    lacking.setdefault(reference.to, []).append((place, item, reference))
        for to, rows in lacking.items():
            near = self._associations.of(self._kind, to, [item.id for _place, item, _reference in rows])
            for place, item, reference in rows:
                known[place][reference.name] = value_of(reference, near.get(item.id, {}))
        return [(place, Update(item.id, item.values, known[place])) for place, item in items]

    def _send(self, step: str, to: str, edges: list[Edge]) -> Failed:
        size = ARCHIVE_BATCH if step == "dissociate" else WRITE_BATCH
        failed: Failed = {}
        for at in range(0, len(edges), size):
            some = edges[at : at + size]
            verdicts = in_parts(some, lambda part: self._once(step, to, part), CULPRIT)
            failed |= {
                edge.place: of_a_pair(verdict.error)
                for edge, verdict in zip(some, verdicts, strict=True)
                if isinstance(verdict.error, errors.ConnectorError)
            }
        return failed

    def _once(self, step: str, to: str, edges: list[Edge]) -> list[Verdict]:
        inputs = _grouped(edges) if step == "dissociate" else [_input(edge) for edge in edges]
        data = call(self._session, step, self._kind, to=to, body={"inputs": inputs}).data or {}
        complaints = data.get("errors") or []
        made = {(str(each.get("fromObjectId")), str(each.get("toObjectId"))) for each in data.get("results") or []}
        # Results name a merged record by its new id. So where each complaint names its pair, silence means that all is well.
        nameless = next((each for each in complaints if not any(_names(each, edge) for edge in edges)), None)
        found = []
        for edge in edges:
            about = next((each for each in complaints if _names(each, edge)), nameless)
            failed = about and (edge.id, edge.other) not in made
            found.append(Verdict(error=item_error(about)) if about and failed else Verdict())
        return found


def of_the_rest(error: errors.ConnectorError) -> errors.ConnectorError:
    """What an error of the whole account means for associations whose properties stand already. A scope that lacks only here would
    never go up: the next try writes the properties first again. So it is each record's failure, and says what lacks."""
    if isinstance(error, errors.ScopeMissing):
        return errors.Refused(error.message, code=error.code, remote=error.remote)
    return unsettled(error, sent=True)


def of_a_pair(error: errors.ConnectorError) -> errors.ConnectorError:
    """A pair that HubSpot does not find lacks an end, and it is not said which: whether our record is gone, a read will tell."""
    if isinstance(error, errors.Gone):
        return errors.Refused(
            _("HubSpot no longer has an associated record."), code="PARENT_FAILED", remote=error.remote
        )
    return error


def at_creation(kind: str, values: Values) -> list[dict[str, Any]]:
    """The ``associations`` member of a create's input."""
    types: dict[tuple[str, str], list[int]] = {}
    for reference in wanted(kind, values):
        for id in _ids(values, reference):
            types.setdefault((reference.to, id), []).append(reference.type_id or reference.plain)
    return [{"to": {"id": id}, "types": [_spec(type_id) for type_id in ids]} for (_to, id), ids in types.items()]


def written(kind: str, values: Values) -> Values:
    """What the references of a record are after a write of ``values`` that went through: a record with a label is one of all."""
    references = wanted(kind, values)
    found: Values = {}
    for reference in references:
        ids = set(_ids(values, reference))
        if reference.many:
            ids |= {id for each in references if each.to == reference.to for id in _ids(values, each)}
        found[reference.name] = sorted(ids) or None
    return found


def refuse_lost(kind: str, values: Values, *, creating: bool) -> None:
    """Refused (REQUIRED_VALUE_BLANK) for a record that would be without an association that it cannot be without."""
    for reference in OBJECTS[kind].references:
        if reference.required and (creating or reference.name in values) and not _ids(values, reference):
            raise errors.Refused(
                _("HubSpot needs an associated record here, and deletes a record that loses it."),
                code="REQUIRED_VALUE_BLANK",
                field=reference.name,
            )


def _edges_of(place: int, item: Update, reference: Reference, kept: set[tuple[str, str]]) -> Iterable[Edge]:
    new, old = set(_ids(item.values, reference)), set(_ids(item.known, reference))
    type_id = reference.type_id or reference.plain
    for id in sorted(new - old):
        yield Edge("associate", place, item.id, reference.to, id, type_id, bool(reference.label))
    for id in sorted(old - new):
        if reference.many:
            if (reference.to, id) not in kept:
                yield Edge("dissociate", place, item.id, reference.to, id, 0)
        elif not (reference.moves and new):
            yield Edge("unlabel", place, item.id, reference.to, id, type_id)


def _without_doubles(edges: list[Edge]) -> list[Edge]:
    """A pair that gets a label need not be associated besides."""
    best: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        key = (edge.step, edge.to, edge.other)
        best[key] = max(edge, best.get(key, edge), key=lambda one: one.labelled)
    return list(best.values())


def _ids(values: Values, reference: Reference) -> list[str]:
    value = values.get(reference.name)
    return value if isinstance(value, list) else [str(value)] if value else []


def _spec(type_id: int) -> dict[str, Any]:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}


def _input(edge: Edge) -> dict[str, Any]:
    return {"from": {"id": edge.id}, "to": {"id": edge.other}, "types": [_spec(edge.type_id)]}


def _grouped(edges: list[Edge]) -> list[dict[str, Any]]:
    by_id: dict[str, list[dict[str, str]]] = {}
    for edge in edges:
        by_id.setdefault(edge.id, []).append({"id": edge.other})
    return [{"from": {"id": id}, "to": others} for id, others in by_id.items()]


def _names(complaint: dict[str, Any], edge: Edge) -> bool:
    """Whether a complaint is about an end of this pair."""
    named = str(complaint.get("context") or {})
    return f"'{edge.other}'" in named or f"'{edge.id}'" in named
