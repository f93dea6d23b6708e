"""The bare loop: what a good programmer would write in an afternoon, and the measure of ``manage.py benchmark``.

It reads two HubSpot accounts, compares with what it remembers in a database, writes in batches, and can do nothing else: no
restart in the middle, no lost answers, no conflicts, no per-field memory of who changed what, no errors, no rate limit, no page.
Needs nothing of the product. ::

    python tests/benchmarks/bare.py copy '{"api": "http://127.0.0.1:…", "hub": token, "app": token, "database": "sqlite:///…"}'

Prints one line of JSON: {"records", "seconds", "cpu_seconds", "requests", "peak_mib"}.
"""

import hashlib
import json
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from typing import Any

import requests

# What a sync of contacts maps by itself, but for owners, who are not the same in two accounts.
FIELDS = [
    "address",
    "city",
    "company",
    "country",
    "email",
    "firstname",
    "industry",
    "jobtitle",
    "lastname",
    "lifecyclestage",
    "mobilephone",
    "phone",
    "state",
    "website",
    "zip",
]
CONTACTS = "/crm/objects/2026-03/contacts"
TABLE = """CREATE TABLE IF NOT EXISTS bare_state
    (hub_id TEXT PRIMARY KEY, app_id TEXT UNIQUE, email TEXT, hub_hash TEXT, app_hash TEXT, hub_seen TEXT, app_seen TEXT)"""
UPSERT = """INSERT INTO bare_state VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hub_id) DO UPDATE SET app_id = excluded.app_id,
    hub_hash = excluded.hub_hash, app_hash = excluded.app_hash, hub_seen = excluded.hub_seen, app_seen = excluded.app_seen"""

Contact = dict[str, Any]


class State:
    """Pairs of ids with the hash and the values last seen at each side."""

    def __init__(self, url: str) -> None:
        self.postgres = not url.startswith("sqlite:///")
        if self.postgres:
            import psycopg

            self.connection: Any = psycopg.connect(url)
        else:
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            self.connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;"
            )
        self.connection.execute(TABLE)
        self.connection.commit()

    def known(self, side: str, ids: list[str]) -> dict[str, tuple[str, ...]]:
        """id there → (id here, hash there)"""
        other = "app" if side == "hub" else "hub"
        select = f"SELECT {side}_id, {other}_id, {side}_hash FROM bare_state WHERE {side}_id"
        if self.postgres:
            rows = self.connection.execute(f"{select} = ANY(%s)", [ids])
        else:
            rows = self.connection.execute(f"{select} IN ({','.join('?' * len(ids))})", ids)
        return {row[0]: row[1:] for row in rows}

    def store(self, rows: list[tuple[Any, ...]]) -> None:
        statement = UPSERT.replace("?", "%s") if self.postgres else UPSERT
        self.connection.cursor().executemany(statement, rows)
        self.connection.commit()


class Api:
    def __init__(self, base: str, token: str) -> None:
        self.base, self.calls = base + CONTACTS, 0
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        self.calls += 1
        answer = self.http.request(method, self.base + path, timeout=30, **options)
        answer.raise_for_status()
        return answer.json()

    def pages(self) -> Iterator[list[Contact]]:
        query = {"limit": 100, "properties": ",".join(FIELDS)}
        while True:
            page = self.call("GET", "", params=query)
            yield page["results"]
            if "paging" not in page:
                return
            query["after"] = page["paging"]["next"]["after"]

    def changed(self, since: int) -> Iterator[list[Contact]]:
        """Pages of what changed, then a look at the archived ones."""
        last = "0"
        while True:
            filters = [
                {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(since)},
                {"propertyName": "hs_object_id", "operator": "GT", "value": last},
            ]
            body = {"filterGroups": [{"filters": filters}], "properties": FIELDS, "limit": 200,
                    "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]}  # fmt: skip
            page = self.call("POST", "/search", json=body)
            yield page["results"]
            if len(page["results"]) < 200 or page["total"] <= 200:
                break
            last = page["results"][-1]["id"]
        self.call("GET", "", params={"limit": 100, "archived": "true"})

    def write(self, verb: str, inputs: list[dict[str, Any]]) -> list[Contact]:
        return list(self.call("POST", f"/batch/{verb}", json={"inputs": inputs})["results"])


def projection(contact: Contact) -> Contact:
    values = contact["properties"]
    return {name: values.get(name) or None for name in FIELDS}


def packed(values: Contact) -> tuple[str, str]:
    """(hash, JSON)"""
    text = json.dumps(values, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest(), text


def pair(hub_id: str, app_id: str, hub: Contact, app: Contact) -> tuple[Any, ...]:
    (hub_hash, hub_text), (app_hash, app_text) = packed(hub), packed(app)
    return (hub_id, app_id, (hub["email"] or "").casefold(), hub_hash, app_hash, hub_text, app_text)


def compare(state: State, hub: Api, app: Api, page: list[Contact]) -> None:
    """Create at the app what is new, update there what changed."""
    known = state.known("hub", [one["id"] for one in page])
    fresh, changed = [], []
    for one in page:
        values = projection(one)
        found = known.get(one["id"])
        if found is None:
            fresh.append((one["id"], values))
        elif found[1] != packed(values)[0]:
            changed.append((one["id"], found[0], values))
    rows = []
    if fresh:
        made = app.write(
            "create",
            [{"properties": {n: v for n, v in values.items() if v}, "objectWriteTraceId": id} for id, values in fresh],
        )
        ids = {one["objectWriteTraceId"]: one for one in made}
        rows += [pair(id, ids[id]["id"], values, projection(ids[id])) for id, values in fresh]
    if changed:
        made = app.write(
            "update",
            [{"id": app_id, "properties": {n: v or "" for n, v in values.items()}} for _, app_id, values in changed],
        )
        after = {one["id"]: one for one in made}
        rows += [pair(id, app_id, values, projection(after[app_id])) for id, app_id, values in changed]
    if rows:
        state.store(rows)


def copy(state: State, hub: Api, app: Api, given: Any) -> int:
    n = 0
    for page in hub.pages():
        compare(state, hub, app, page)
        n += len(page)
    return n


def look(state: State, side: str, page: list[Contact]) -> int:
    """How many of the page are not as remembered."""
    known = state.known(side, [one["id"] for one in page]) if page else {}
    return sum(one["id"] not in known or known[one["id"]][1] != packed(projection(one))[0] for one in page)


def scan(state: State, hub: Api, app: Api, given: Any) -> int:
    n = 0
    for side, api in (("hub", hub), ("app", app)):
        for page in api.pages():
            if differing := look(state, side, page):
                raise SystemExit(f"{differing} records of a page differ at the {side}")
            n += len(page)
    return n // 2


def poll(state: State, hub: Api, app: Api, given: Any) -> int:
    for side, api in (("hub", hub), ("app", app)):
        for page in api.changed(given["since"]):
            look(state, side, page)
    return int(given["links"])


def changed(state: State, hub: Api, app: Api, given: Any) -> int:
    n = 0
    for page in hub.changed(given["since"]):
        for start in range(0, len(page), 100):
            compare(state, hub, app, page[start : start + 100])
        n += len(page)
    for page in app.changed(given["since"]):
        look(state, "app", page)
    return n


def match(state: State, hub: Api, app: Api, given: Any) -> int:
    """Pair by address. All of one side is kept in memory, which only a script may do."""
    there = {projection(one)["email"].casefold(): one for page in app.pages() for one in page}
    n = 0
    for page in hub.pages():
        rows = []
        for one in page:
            values = projection(one)
            twin = there[values["email"].casefold()]
            rows.append(pair(one["id"], twin["id"], values, projection(twin)))
        state.store(rows)
        n += len(page)
    return n


def main() -> None:
    job, given = sys.argv[1], json.loads(sys.argv[2])
    state = State(given["database"])
    hub, app = Api(given["api"], given["hub"]), Api(given["api"], given["app"])
    started, used = time.monotonic(), time.process_time()
    records = {"copy": copy, "scan": scan, "poll": poll, "changed": changed, "match": match}[job](
        state, hub, app, given
    )
    figures = {
        "records": records,
        "seconds": time.monotonic() - started,
        "cpu_seconds": time.process_time() - used,
        "requests": hub.calls + app.calls,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
