"""Did it work? Changes made at both sides and timed, then both sides read over their public APIs and compared value by value."""

import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portal.demo.apis import HubSpotApi, SnovioApi

TWO_WAY = ["email", "firstname", "lastname", "phone", "country"]
TO_HUB = ["industry"]
ADDRESS = re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")


@dataclass
class Changes:
    """What was changed: address → the last name to look for (None: the record itself is new), and when it arrived there."""

    at_hub: dict[str, str] = field(default_factory=dict)
    at_app: dict[str, str] = field(default_factory=dict)
    made: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)

    def delays(self, which: dict[str, str]) -> list[float]:
        return sorted(self.arrived[email] - self.made[email] for email in which if email in self.arrived)

    def missing(self) -> list[str]:
        return [email for email in (*self.at_hub, *self.at_app) if email not in self.arrived]


def change_both(hub: HubSpotApi, app: SnovioApi, target_list: Any, n: int) -> Changes:
    """Edit and create n records at each side, as people there would: one after the other."""
    changes = Changes()
    twice = Counter((row.get("emails") or [{}])[0].get("email", "").casefold() for row in app.rows())
    contacts = [
        c for c in hub.contacts() if c["email"] and ADDRESS.match(c["email"]) and twice[c["email"].casefold()] == 1
    ]
    rows = {row["emails"][0]["email"].casefold(): row for row in app.rows() if row.get("emails")}
    step = max(1, len(contacts) // max(1, 2 * n))
    chosen = contacts[::step][: 2 * n]
    for number in range(n):
        stamp = f"Live{number}"
        if number < len(chosen[::2]):
            one = chosen[::2][number]
            _made(changes, changes.at_hub, one["email"], stamp + "h")
            hub.by_hand(edit=[{"id": one["id"], "lastname": stamp + "h"}])
        email = f"new.hub{number}@live.example.com"
        _made(changes, changes.at_hub, email, stamp + "n")
        hub.by_hand(
            create=[{"email": email, "firstname": "Nora", "lastname": stamp + "n", "phone": f"+3511200{number:04}"}]
        )
        if number < len(chosen[1::2]):
            one = chosen[1::2][number]
            _made(changes, changes.at_app, one["email"], stamp + "a")
            app.by_hand(edit=[{"id": rows[one["email"].casefold()]["id"], "lastName": stamp + "a"}])
        email = f"new.app{number}@live.example.com"
        _made(changes, changes.at_app, email, stamp + "m")
        app.by_hand(create=[{"email": email, "firstName": "Milo", "lastName": stamp + "m", "listId": target_list}])
    return changes


def _made(changes: Changes, where: dict[str, str], email: str, stamp: str) -> None:
    where[email.casefold()] = stamp
    changes.made[email.casefold()] = time.monotonic()


def wait_for(
    changes: Changes, hub: HubSpotApi, app: SnovioApi, say: Callable[[str], None], patience: float = 300
) -> None:
    """Look at both sides until every change has arrived at the other, noting when."""
    started, told = time.monotonic(), 0.0
    while changes.missing() and time.monotonic() - started < patience:
        _look(changes, changes.at_hub, {_address(row): row.get("lastName") for row in app.rows()})
        if time.monotonic() - told > 5:
            told = time.monotonic()
            _look(changes, changes.at_app, {(c["email"] or "").casefold(): c["lastname"] for c in hub.contacts()})
            say(f"{told - started:5.0f} s  live changes arrived: {len(changes.arrived)} of {len(changes.made)}")
        time.sleep(0.3)


def _address(row: dict[str, Any]) -> str:
    emails = row.get("emails") or [{}]
    return str(emails[0].get("email") or "").casefold()


def _look(changes: Changes, wanted: dict[str, str], found: dict[str, Any]) -> None:
    moment = time.monotonic()
    for email, stamp in wanted.items():
        if email not in changes.arrived and found.get(email) == stamp:
            changes.arrived[email] = moment


# -- comparing -------------------------------------------------------------------------------------------------------------
def duplicates(hub: HubSpotApi, app: SnovioApi) -> Counter[str]:
    """How often each address stands at a side, beyond once: ``{"hub ada@…": 1}``."""
    at_hub = Counter(f"hub {(c['email'] or '').casefold()}" for c in hub.contacts() if c["email"])
    rows = {row["id"]: _address(row) for row in app.rows()}
    at_app = Counter(f"app {email}" for email in rows.values() if email)
    return Counter({key: n - 1 for key, n in (at_hub + at_app).items() if n > 1})


def mismatches(hub: HubSpotApi, app: SnovioApi) -> list[str]:
    """Everything that differs between the two sides though the sync's rules say that it should not, in words."""
    contacts = {c["email"].casefold(): c for c in hub.contacts() if c["email"] and ADDRESS.match(c["email"])}
    prospects: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in app.prospects():
        if one["email"] and ADDRESS.match(one["email"]):
            prospects[one["email"].casefold()].append(one)
    found = [f"{email}: only in HubSpot" for email in contacts.keys() - prospects.keys()]
    found += [f"{email}: only in Snov.io" for email in prospects.keys() - contacts.keys()]
    for email in contacts.keys() & prospects.keys():
        # One address can stand for several profiles there; the one that the sync chose must agree in everything.
        by_profile: list[list[str]] = [_differences(email, contacts[email], one) for one in prospects[email]]
        found += sorted(by_profile, key=len)[0]
    return found


def _differences(email: str, contact: dict[str, Any], prospect: dict[str, Any]) -> list[str]:
    names = [n for n in TWO_WAY if _plain(n, contact.get(n)) != _plain(n, prospect.get(n))]
    names += [n for n in TO_HUB if prospect.get(n) and _plain(n, contact.get(n)) != _plain(n, prospect.get(n))]
    return [f"{email}: {n} {contact.get(n)!r} in HubSpot, {prospect.get(n)!r} in Snov.io" for n in names]


def _plain(name: str, value: Any) -> str:
    text = str(value or "").strip()
    if name == "email":
        return text.casefold()
    if name == "phone":
        return re.sub(r"\D", "", text)
    return text


def percentile(values: list[float], share: float) -> float | None:
    """None without values."""
    if not values:
        return None
    return round(
        values[0]
        if len(values) == 1
        else statistics.quantiles(values, n=100, method="inclusive")[int(share * 100) - 1],
        2,
    )
