"""What is left after the storm: both sides read over their public APIs, against what people typed and what the ledger says."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from portal.demo.proof import ADDRESS
from tests.chaos.people import Notes, Typed
from tests.chaos.sides import FIELDS, Record

ByEmail = dict[str, list[Record]]
Ledger = set[str]
"""Every value that the ledger names as overwritten or as the loser of a conflict."""


@dataclass
class Verdict:
    """Words for each thing that is wrong."""

    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    mismatches: list[str] = field(default_factory=list)


def grouped(records: Iterable[Record]) -> ByEmail:
    found: ByEmail = defaultdict(list)
    for record in records:
        if ADDRESS.match(record["email"]):
            found[record["email"]].append(record)
    return found


def judge(
    hub: ByEmail, app: ByEmail, notes: Notes, ledger: Ledger, *, settled_at: float, seeded: Counter[str]
) -> Verdict:
    """``settled_at``: when the initial sync was done (Unix seconds). ``seeded``: duplicates that were there at the start."""
    now = Counter(
        {
            f"{side} {email}": len(rows) - 1
            for side, records in (("hub", hub), ("app", app))
            for email, rows in records.items()
        }
    )
    found = Verdict(duplicates=[f"{key}: {n} too many" for key, n in (now - seeded).items()])
    for email in sorted(hub.keys() | app.keys() | notes.deleted.keys()):
        if email in notes.deleted:
            side, at = notes.deleted[email]
            # What was deleted before the first sync read it was never known there: its twin is new to that side.
            if at > settled_at and {"hub": hub, "app": app}[side].get(email):
                found.mismatches.append(f"{email}: was deleted at {side} by a person, and is there again")
            continue
        if not (email in hub and email in app):
            found.mismatches.append(f"{email}: only at {'hub' if email in hub else 'app'}")
            continue
        for name in FIELDS:
            h, a = hub[email][0][name], app[email][0][name]
            if h != a:
                found.mismatches.append(f"{email}: {name} is {h!r} at hub, {a!r} at app")
    for (email, name), typed in notes.last.items():
        if email not in notes.deleted:
            found.lost += [
                words for each in typed.values() if (words := _lost(each, typed, hub, app, ledger, settled_at, name))
            ]
    return found


def _lost(
    one: Typed, by_side: dict[str, Typed], hub: ByEmail, app: ByEmail, ledger: Ledger, settled_at: float, name: str
) -> str:
    """Why this typed value counts as lost; "" when it is at both sides, or lost a conflict and is in the ledger."""
    value = one.value.lstrip("+")
    shown = [{record[name] for record in side.get(one.email, [])} for side in (hub, app)]
    if all(value in values for values in shown):
        return ""
    could_conflict = len(by_side) > 1 or one.at <= settled_at
    if could_conflict and (value in ledger or one.value in ledger):
        return ""
    where = "in the ledger, without a conflict" if one.value in ledger or value in ledger else "not in the ledger"
    return f"{one.email}: {name} {one.value!r}, typed at {one.side}, is not at both sides ({shown}) and {where}"
