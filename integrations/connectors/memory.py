"""An app that lives in memory: the reference for the connector protocol and the peer in engine tests.

``MemoryApp`` is the app (records, fields, a change log, and how it misbehaves), ``MemoryConnector`` the connector to it; any number
of connectors may share one app, as worker processes share a real one. Tests set what the app can do (``abilities``) and what
it does to its clients: refuse, lose answers, land writes late, rewrite or cut values, show changes late.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations import errors
from integrations.connectors.base import Abilities, Scope
from integrations.records import (
    CheckResult,
    Container,
    Count,
    Create,
    Field,
    FieldType,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Value,
    Values,
    Verdict,
)

START = datetime(2026, 1, 1, tzinfo=UTC)

FIELDS = (
    Field("email", "E-mail", FieldType.EMAIL, unique=True),
    Field("first_name", "First name", FieldType.TEXT),
    Field("last_name", "Last name", FieldType.TEXT),
    Field("notes", "Notes", FieldType.LONG_TEXT),
    Field("score", "Score", FieldType.NUMBER),
    Field("born", "Born", FieldType.DATE),
    Field("met", "Met", FieldType.DATETIME),
    Field("active", "Active", FieldType.BOOL),
    Field("tags", "Tags", FieldType.MULTI),
)

Rewrite = Callable[[str, Value], Value]
"""What the app makes of a value that it is given: ``(field, value)`` → what it stores."""


@dataclass
class Row:
    """One record of the app. ``changed`` and ``created`` are ticks of the app's clock."""

    id: str
    values: Values
    changed: int
    created: int
    version: int = 1
    dead: bool = False
    left: bool = False  # dead here, because it became another kind of record
    into: str = ""  # merged into this id
    lists: set[str] = field(default_factory=set)
    before: Values | None = None  # what lagging readers still see; None: nothing yet
    before_at: tuple[int, int] = (0, 0)  # ``changed`` and ``version`` of that


@dataclass
class Fault:
    """What happens to one call: ``before`` its effect (it had none), ``after`` (it happened, the answer is lost)."""

    verb: str  # "scan", "changes", "read", "find", "create", "update", "delete" or "" for any
    when: str  # "before" | "after"
    error: Callable[[], errors.ConnectorError]
    skip: int = 0  # calls of that verb that go through first


@dataclass
class MemoryApp:
    """``clock`` counts ticks of one second; every change takes one, and tests move it on with ``wait``."""

    abilities: Abilities = field(default_factory=Abilities)
    fields: list[Field] = field(default_factory=lambda: list(FIELDS))
    rewrite: Rewrite = lambda name, value: value
    refuse: Callable[[Values], errors.ConnectorError | None] = lambda values: None  # per record, on create and update
    fold_identity: bool = True  # unique values are compared without case
    listed_fields: tuple[str, ...] = ()  # what scan rows show when abilities.partial_scan
    page_size: int = 0  # 0 = as abilities say
    counts: Callable[[int], Count | None] = Count  # what it says of so many records
    tells_total: bool = True  # with a scan's pages
    account_id: str = "memory-1"
    rows: dict[str, Row] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    late: list[Callable[[], Any]] = field(default_factory=list)  # writes that land when ``land`` is called
    land_late: bool = False  # creates and updates are taken, answered with NoAnswer, and land later
    clock: int = 0
    calls: int = 0
    writes: int = 0
    log: list[tuple[str, int]] = field(default_factory=list)  # (verb, number of items) of every call
    keys: dict[str, str] = field(default_factory=dict)  # create key → id, for apps that know keys
    knows_keys: bool = False
    last_id: int = 0  # ids are digits
    merged: list[str] = field(default_factory=list)  # ids that lead to another record

    # -- what a person in the app does ---------------------------------------------------------------------------------
    def put(self, values: Values, *, id: str = "", lists: Sequence[str] = ()) -> str:
        """A new record, made in the app itself."""
        self.clock += 1
        self.last_id += 1
        id = id or str(self.last_id)
        stored = {name: self.rewrite(name, value) for name, value in values.items()}
        self.rows[id] = Row(id, stored, self.clock, self.clock, lists=set(lists))
        return id

    def edit(self, id: str, **values: Value) -> None:
        self.write(id, values)

    def remove(self, id: str) -> None:
        row = self.rows[id]
        self.clock += 1
        if not self._hidden(row):
            row.before, row.before_at = dict(row.values), (row.changed, row.version)
        row.dead, row.changed = True, self.clock

    def convert(self, id: str) -> None:
        """The record becomes one of another kind, which this app in memory does not show."""
        self.remove(id)
        self.rows[id].left = True

    def merge(self, winner: str, loser: str, *, new_id: bool = False) -> str:
        """Two records become one: both ids lead to it. ``new_id``: it gets an id of its own, as in HubSpot."""
        one, two = self.rows[winner], self.rows[loser]
        values = {**two.values, **{name: value for name, value in one.values.items() if value is not None}}
        if new_id:
            target = self.put(values, lists=sorted(one.lists))
            one.into = two.into = target
            self.merged += [winner, loser]
        else:
            target = winner
            self.write(winner, values)
            two.into = winner
            self.merged.append(loser)
        return target

    def write(self, id: str, values: Values) -> Row:
        row = self.rows[id]
        self.clock += 1
        if not self._hidden(row):
            row.before, row.before_at = dict(row.values), (row.changed, row.version)
        row.values |= {name: self.rewrite(name, value) for name, value in values.items()}
        row.changed, row.version = self.clock, row.version + 1
        return row

    def wait(self, ticks: int) -> None:
        self.clock += ticks

    def land(self) -> None:
        """The writes that were answered with NoAnswer happen now."""
        late, self.late = self.late, []
        for effect in late:
            effect()

    # -- what tests look at --------------------------------------------------------------------------------------------
    def live(self) -> dict[str, Values]:
        return {row.id: dict(row.values) for row in self.rows.values() if not row.dead and not row.into}

    def fail(
        self, verb: str, error: Callable[[], errors.ConnectorError], *, when: str = "before", skip: int = 0
    ) -> None:
        self.faults.append(Fault(verb, when, error, skip))

    # -- inside --------------------------------------------------------------------------------------------------------
    def others(self, values: Values) -> tuple[str, ...]:
        """Further e-mail addresses: tests put them into a value that is no field."""
        others = values.get("others") if self.abilities.other_addresses else None
        return tuple(others) if isinstance(others, list) else ()

    def resolve(self, id: str) -> Row | None:
        """The live row behind an id, following merges."""
        row = self.rows.get(id)
        while row is not None and row.into:
            row = self.rows.get(row.into)
        return None if row is None or row.dead else row

    def aliases(self, id: str) -> tuple[str, ...]:
        return tuple(other for other in self.merged if (kept := self.resolve(other)) and kept.id == id)

    def twin(self, values: Values, besides: str = "") -> Row | None:
        """Another live record with the same value in a unique field."""
        for name in (one.name for one in self.fields if one.unique):
            wanted = self.identity(values.get(name))
            for row in self.rows.values():
                if (
                    wanted
                    and not row.dead
                    and not row.into
                    and row.id != besides
                    and self.identity(row.values.get(name)) == wanted
                ):
                    return row
        return None

    def identity(self, value: Value) -> Value:
        return value.strip().casefold() if isinstance(value, str) and self.fold_identity else value

    def _hidden(self, row: Row) -> bool:
        """The newest state is not yet visible to listings."""
        return row.changed + self.abilities.visibility_lag > self.clock

    def listed(self, row: Row) -> Values | None:
        """What listings show of a row now: its newest state, an older one, or nothing."""
        if row.into:
            return None
        return row.before if self._hidden(row) else None if row.dead else row.values


class MemoryConnector:
    """One client of a MemoryApp."""

    def __init__(self, app: MemoryApp) -> None:
        self.app = app
        self.calls = 0

    def abilities(self, kind: str) -> Abilities:
        return self.app.abilities

    def identify(self) -> RemoteAccount:
        self._enter("identify", 0)
        return RemoteAccount(self.app.account_id, "Memory")

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        try:
            yield CheckResult("Signed in", "passed", self.identify().name)
        except errors.ConnectorError as error:
            yield CheckResult("Signed in", "failed", str(error), "Reconnect.")

    def fields(self, kind: str) -> list[Field]:
        self._enter("fields", 0)
        return list(self.app.fields)

    def create_field(self, kind: str, field: Field) -> Field:
        self._enter("create_field", 1)
        made = replace(field, custom=True)
        self.app.fields.append(made)
        return made

    def containers(self, kind: str) -> list[Container]:
        return [Container(id, name) for id, name in self.app.lists.items()]

    # -- reading -------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        done = self._enter("scan", 1)
        size = self.app.page_size or self.app.abilities.scan_page
        start = int((position or {}).get("after", 0))
        shown = self._shown(scope)
        rest = [row for row in shown if int(row.id) > start]
        page = [self._listed(row, fields) for row in rest[:size]]
        done()
        return Page(
            page,
            position={"after": int(page[-1].id)} if len(rest) > size else None,
            total=len(shown) if self.app.tells_total else None,
        )

    def count(self, kind: str, *, scope: Scope) -> Count | None:
        self._enter("count", 1)
        return self.app.counts(len(self._shown(scope)))

    def _shown(self, scope: Scope) -> list[Row]:
        return [row for row in self._sorted() if self._in_scope(row, scope) and self.app.listed(row) is not None]

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        done = self._enter("changes", 1)
        if not self.app.abilities.change_feed:
            raise errors.CannotDo("no change feed")
        overlap = self.app.abilities.visibility_lag + 1
        if cursor is None:
            return Page([], cursor={"at": self.app.clock - overlap})
        size = self.app.page_size or self.app.abilities.scan_page
        began = (position or {}).get("began", self.app.clock)
        start = int((position or {}).get("after", 0))
        fresh = [
            row
            for row in self._sorted()
            if row.changed >= cursor["at"] and int(row.id) > start and self._in_scope(row, scope)
        ]
        records, gone = [], []
        left = [row.id for row in fresh[:size] if row.left]
        for row in fresh[:size]:
            if row.left:
                continue
            if row.dead and self.app.abilities.sees_deletions and not self.app._hidden(row):
                gone.append(row.id)
            elif self.app.listed(row) is not None:
                records.append(self._listed(row, fields))
        done()
        if len(fresh) > size:
            return Page(records, gone=gone, left=left, position={"after": int(fresh[size - 1].id), "began": began})
        return Page(records, gone=gone, left=left, cursor={"at": began - overlap})

    def changed(self, kind: str, *, cursor: dict[str, Any], scope: Scope) -> dict[str, str]:
        done = self._enter("changed", 1)
        ids = {row.id: "" for row in self._sorted() if row.changed >= cursor["at"] or not self._in_scope(row, scope)}
        done()
        return ids

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        done = self._enter("read", len(refs))
        answer = ReadAnswer({})
        for ref in refs:
            row = self.app.resolve(ref.id)
            if row is None and ref.id in self.app.rows and self.app.rows[ref.id].left:
                answer.left.add(ref.id)
            elif row is None:
                answer.gone.add(ref.id)
            else:
                answer.records[ref.id] = self._record(row, row.values, fields)
        done()
        return answer

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        done = self._enter("find", len(values))
        wanted = {self.app.identity(value) for value in values}
        found = []
        for row in self._sorted():
            shown = self.app.listed(row)
            if shown is None:
                continue
            held = {self.app.identity(shown.get(field))}
            if field == "email":
                held |= {self.app.identity(other) for other in self.app.others(shown)}
            if held & wanted:
                found.append(self._lagging(row, shown, fields))
        done()
        return found

    # -- writing -------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        return self._write("create", items, lambda item: self._create_one(item, scope))

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return self._write("update", items, self._update_one)

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        return self._write("delete", ids, lambda id: self._delete_one(id, versions.get(id, "")))

    def record_url(self, kind: str, id: str) -> str:
        return f"memory:{kind}/{id}"

    def _write(self, verb: str, items: Sequence[Any], act: Callable[[Any], Verdict]) -> list[Verdict]:
        done = self._enter(verb, len(items))
        if not getattr(self.app.abilities, verb):
            return [Verdict(error=errors.CannotDo(f"no {verb}")) for _item in items]
        self.app.writes += len(items)
        if self.app.land_late:
            taken = copy.deepcopy(list(items))
            self.app.late.append(lambda: [act(item) for item in taken])
            raise errors.NoAnswer("lands later")
        verdicts = [act(item) for item in items]
        done()
        return verdicts

    def _create_one(self, item: Create, scope: Scope) -> Verdict:
        app, able = self.app, self.app.abilities
        if able.target_container and not scope.get("target_list"):
            return Verdict(error=errors.Refused("no list", code="LIST_OR_TAG_MISSING"))
        if (
            (app.knows_keys or able.idempotent_creates)
            and item.key in app.keys
            and (row := app.resolve(app.keys[item.key]))
        ):
            return Verdict(self._record(row, row.values, list(item.values)), existed=True)
        if error := app.refuse(item.values):
            return Verdict(error=error)
        if able.create_upserts_by and (row := self._by(able.create_upserts_by, item.values)):
            row = app.write(row.id, item.values)
            return Verdict(self._record(row, row.values, list(item.values)), existed=True)
        if twin := app.twin(item.values):
            return Verdict(error=errors.AlreadyExists("taken", existing_id=twin.id))
        id = app.put(item.values, lists=[scope["target_list"]] if scope.get("target_list") else [])
        app.keys[item.key] = id
        return Verdict(self._record(app.rows[id], app.rows[id].values, list(item.values)))

    def _update_one(self, item: Update) -> Verdict:
        row = self.app.resolve(item.id)
        if row is None:
            return Verdict(error=errors.Gone("gone"))
        if self._is_stale(row, item.version):
            return Verdict(error=errors.StaleVersion("moved"))
        if not self.app.abilities.clear and None in item.values.values():
            return Verdict(error=errors.CannotDo("cannot clear"))
        if error := self.app.refuse({**row.values, **item.values}):
            return Verdict(error=error)
        if twin := self.app.twin(item.values, besides=row.id):
            return Verdict(error=errors.AlreadyExists("taken", existing_id=twin.id))
        row = self.app.write(row.id, item.values)
        return Verdict(self._record(row, row.values, list(item.values)))

    def _delete_one(self, id: str, version: str) -> Verdict:
        row = self.app.resolve(id)
        if row is None:
            return Verdict()
        if self._is_stale(row, version):
            return Verdict(error=errors.StaleVersion("moved"))
        self.app.remove(row.id)
        return Verdict()

    def _is_stale(self, row: Row, version: str) -> bool:
        return self.app.abilities.conditional_writes and version not in ("", str(row.version))

    # -- inside --------------------------------------------------------------------------------------------------------
    def _enter(self, verb: str, items: int) -> Callable[[], None]:
        """Count the call and let a fault happen before it; the returned function lets one happen after it."""
        self.calls += 1
        self.app.calls += 1
        self.app.log.append((verb, items))
        self._fail(verb, "before")
        return lambda: self._fail(verb, "after")

    def _fail(self, verb: str, when: str) -> None:
        for fault in self.app.faults:
            if fault.verb in ("", verb) and fault.when == when:
                if fault.skip:
                    fault.skip -= 1
                    return
                self.app.faults.remove(fault)
                raise fault.error()

    def _sorted(self) -> list[Row]:
        return sorted(self.app.rows.values(), key=lambda row: int(row.id))

    def _in_scope(self, row: Row, scope: Scope) -> bool:
        return not scope.get("lists") or bool(row.lists & set(scope["lists"]))

    def _by(self, name: str, values: Values) -> Row | None:
        wanted = self.app.identity(values.get(name))
        alive = (row for row in self._sorted() if not row.dead and not row.into)
        return next((row for row in alive if wanted and self.app.identity(row.values.get(name)) == wanted), None)

    def _listed(self, row: Row, fields: Sequence[str]) -> RemoteRecord:
        partial = self.app.abilities.partial_scan
        names = [name for name in fields if name in self.app.listed_fields] if partial else fields
        record = self._lagging(row, self.app.listed(row) or {}, names)
        record.partial = partial
        return record

    def _lagging(self, row: Row, shown: Values, fields: Sequence[str]) -> RemoteRecord:
        record = self._record(row, shown, fields)
        if self.app._hidden(row):
            changed, version = row.before_at
            record.modified_at, record.version = START + timedelta(seconds=changed), str(version)
        return record

    def _record(self, row: Row, values: Values, fields: Sequence[str]) -> RemoteRecord:
        known = {one.name for one in self.app.fields if one.readable}
        return RemoteRecord(
            id=row.id,
            values={name: copy.copy(values.get(name)) for name in fields if name in known},
            modified_at=START + timedelta(seconds=row.changed),
            created_at=START + timedelta(seconds=row.created),
            version=str(row.version),
            aliases=self.app.aliases(row.id),
            also=self.app.others(row.values),
        )
