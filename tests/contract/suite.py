"""The questions that every connector must answer. Subclass in ``tests/contract/test_<app>.py``::

    class TestHubSpot(ConnectorContract):
        kind = "contacts"
        names = Names(email="email", text="firstname", other="lastname")
        values = {FieldType.NUMBER: ("annualrevenue", "1250.5", "7"), …}   # two canonical values per type to go round

        @pytest.fixture
        def connector(self): ...     # an open connector; needs no database row
        @pytest.fixture
        def peer(self): ...          # a person who works in the app, see Peer

What an app cannot do is asked of its abilities: those questions are skipped, or ask that the connector refuses cleanly.
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import pytest

from integrations import errors
from integrations.connectors.base import Abilities, Connector, Scope
from integrations.records import Create, Field, FieldType, Page, Ref, RemoteRecord, Update, Value, Values


@dataclass(frozen=True)
class Names:
    """Fields that the questions use: the one that identifies (a person's e-mail; any text of other kinds) and two plain texts."""

    email: str
    text: str
    other: str


class Peer(Protocol):
    """What a person does in the app, and what may befall it. A verb that the app does not have raises NotImplementedError."""

    def put(self, values: Values) -> str:
        """A new record, visible to the connector at once; its id as scans show it."""

    def put_many(self, count: int) -> list[str]:
        """``count`` records with one common change time where the app can do that."""

    def edit(self, id: str, values: Values) -> None: ...

    def remove(self, id: str) -> None: ...

    def merge(self, winner: str, loser: str) -> str:
        """The id of the record that is left."""

    def values(self, id: str) -> Values:
        """What the app holds, canonical."""

    def ids(self) -> set[str]:
        """All live records."""

    def trouble(self, what: str) -> None:
        """From the next call on: "revoked" (credentials refused), "limited" (429 for one call), "down" (503 for good),
        "lost" (the next call happens and is not answered)."""


@dataclass
class Poll:
    """All pages of one scan or poll."""

    records: dict[str, RemoteRecord] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    cursor: dict[str, Any] | None = None
    calls: int = 0

    def add(self, page: Page) -> None:
        self.records |= {record.id: record for record in page.records}
        self.order += [record.id for record in page.records]
        self.gone |= set(page.gone)
        self.cursor = page.cursor


class ConnectorContract:
    kind: ClassVar[str] = "contacts"
    scope: ClassVar[Scope] = {}
    names: ClassVar[Names]
    values: ClassVar[dict[FieldType, tuple[str, Value, Value]]] = {}
    poll_calls: ClassVar[int] = 2  # calls that a poll may take when nothing has changed
    identified_by: ClassVar[FieldType] = FieldType.EMAIL  # type of ``names.email``
    knows_repeats: ClassVar[bool] = (
        True  # False: a create sent twice makes two records, so the engine looks before it repeats one
    )
    tells_unknown_from_hidden: ClassVar[bool] = (
        True  # False: an id that no record has might be of one that we may not see
    )

    # -- who it is -------------------------------------------------------------------------------------------------------
    def test_it_says_which_account_it_opens(self, connector: Connector, peer: Peer) -> None:
        first, second = connector.identify(), connector.identify()
        assert first.id
        assert (first.id, first.name) == (second.id, second.name)

    def test_its_fields_have_distinct_names_and_include_those_that_identify(
        self, connector: Connector, peer: Peer
    ) -> None:
        fields = connector.fields(self.kind)
        names = [field.name for field in fields]
        assert len(names) == len(set(names))
        assert {self.names.email, self.names.text, self.names.other} <= set(names)
        assert self.field(connector, self.names.email).type is self.identified_by
        assert all(field.label and isinstance(field.type, FieldType) for field in fields)
        assert all(field.options for field in fields if field.type is FieldType.OPTION)

    def test_a_field_for_a_user_offers_users_by_their_addresses(self, connector: Connector, peer: Peer) -> None:
        """So that people pair them on the page of values, and owners without a counterpart are told before the first sync. Where a
        field is only read, strangers do no harm, and the app may have no list of its users (Sansan)."""
        people = [field for field in connector.fields(self.kind) if field.type is FieldType.USER and field.writable]
        assert not [field.name for field in people if not field.options]
        offered = [option for field in people for option in field.options]
        assert all(option.label and option.value == option.value.casefold() for option in offered)
        assert not people or any("@" in option.value for option in offered)

    def test_its_live_checks_end_and_all_pass(self, connector: Connector, peer: Peer) -> None:
        results = list(connector.preflight([self.kind]))
        assert results
        assert not [result for result in results if result.state == "failed"]

    def test_a_refused_credential_shows_in_the_live_checks(self, connector: Connector, peer: Peer) -> None:
        self.befall(peer, "revoked")
        results = list(connector.preflight([self.kind]))
        assert [result for result in results if result.state == "failed" and result.fix]

    # -- scans -----------------------------------------------------------------------------------------------------------
    def test_a_scan_shows_every_live_record_once(self, connector: Connector, peer: Peer) -> None:
        peer.put_many(self.able(connector).scan_page + 3)
        found = self.scan(connector)
        assert len(found.order) == len(set(found.order))
        assert set(found.order) == peer.ids()
        assert found.calls <= len(found.order) // self.able(connector).scan_page + 2 + len(self.scope.get("lists", []))

    def test_a_count_is_what_a_scan_shows(self, connector: Connector, peer: Peer) -> None:
        """With at most two requests, besides one for each list; or the app does not tell."""
        peer.put_many(3)
        peer.remove(peer.put(self.person("removed")))
        scanned = set(self.scan(connector).order)
        before = connector.calls
        found = connector.count(self.kind, scope=self.scope)
        if found is None:
            pytest.skip("the app does not say how many records it has")
        assert found.n == len(scanned)
        assert connector.calls - before <= 2 + len(self.scope.get("lists", []))

    def test_scanned_values_are_what_the_app_holds(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("ann", text="Ann", other=None))
        record = self.scan(connector).records[id]
        asked = set(self.fields) if not record.partial else set(record.values)
        assert set(record.values) >= asked
        assert record.values == {name: value for name, value in peer.values(id).items() if name in record.values}
        assert not record.archived

    def test_a_removed_record_is_in_no_scan(self, connector: Connector, peer: Peer) -> None:
        kept, removed = peer.put(self.person("kept")), peer.put(self.person("removed"))
        peer.remove(removed)
        found = self.scan(connector)
        assert kept in found.records
        assert removed not in found.records

    # -- changes ---------------------------------------------------------------------------------------------------------
    def test_a_new_cursor_means_from_now_on(self, connector: Connector, peer: Peer) -> None:
        self.needs_feed(connector)
        page = connector.changes(self.kind, fields=self.fields, cursor=None, position=None, scope=self.scope)
        assert page.cursor
        assert not page.records
        assert page.position is None

    def test_changes_show_new_and_edited_records(self, connector: Connector, peer: Peer) -> None:
        self.needs_feed(connector)
        edited, cursor = peer.put(self.person("edited")), self.now(connector)
        peer.edit(edited, {self.names.text: "Changed"})
        new = peer.put(self.person("new"))
        found = self.poll(connector, cursor)
        assert {edited, new} <= set(found.records)
        assert found.records[edited].values[self.names.text] == "Changed"

    def test_a_quiet_poll_is_cheap(self, connector: Connector, peer: Peer) -> None:
        self.needs_feed(connector)
        cursor = self.poll(connector, self.now(connector)).cursor
        assert self.poll(connector, cursor).calls <= self.poll_calls

    def test_changes_of_one_moment_are_all_found(self, connector: Connector, peer: Peer) -> None:
        """More of them than two pages hold: a page boundary falls inside the timestamp."""
        self.needs_feed(connector)
        cursor = self.now(connector)
        made = peer.put_many(2 * self.able(connector).scan_page + 201)
        assert set(made) <= set(self.poll(connector, cursor).records)

    def test_a_record_that_changes_while_paging_is_not_skipped(self, connector: Connector, peer: Peer) -> None:
        self.needs_feed(connector)
        cursor = self.now(connector)
        made = peer.put_many(2 * self.able(connector).scan_page + 201)
        page = connector.changes(self.kind, fields=self.fields, cursor=cursor, position=None, scope=self.scope)
        assert page.position
        for id in (made[0], made[-1]):
            peer.edit(id, {self.names.text: "Meanwhile"})
        first = self.poll(connector, cursor, page.position)
        second = self.poll(connector, first.cursor)
        shown = [
            poll.records[id].values for id in (made[0], made[-1]) for poll in (first, second) if id in poll.records
        ]
        assert sum(values[self.names.text] == "Meanwhile" for values in shown) >= 2
        assert set(made) <= {record.id for record in page.records} | set(first.records) | set(second.records)

    def test_a_deletion_shows_in_the_changes(self, connector: Connector, peer: Peer) -> None:
        self.needs_feed(connector)
        if not self.able(connector).sees_deletions:
            pytest.skip("the app does not tell of deletions")
        kept, removed, cursor = peer.put(self.person("kept")), peer.put(self.person("removed")), self.now(connector)
        peer.remove(removed)
        gone = self.poll(connector, cursor).gone
        assert removed in gone
        assert kept not in gone

    def test_a_merge_is_not_taken_for_a_deletion(self, connector: Connector, peer: Peer) -> None:
        self.needs_feed(connector)
        if not self.able(connector).merges:
            pytest.skip("records of this app cannot be merged")
        one, two, cursor = peer.put(self.person("one")), peer.put(self.person("two")), self.now(connector)
        left = peer.merge(one, two)
        found = self.poll(connector, cursor)
        assert not {one, two, left} & found.gone
        assert set(found.records[left].aliases) | {left} >= {one, two}

    # -- reading ---------------------------------------------------------------------------------------------------------
    def test_a_read_answers_for_every_id(self, connector: Connector, peer: Peer) -> None:
        first, second = peer.put(self.person("first")), peer.put(self.person("second"))
        answer = connector.read(self.kind, self.refs(peer, first, self.missing_id(first), second), fields=self.fields)
        assert set(answer.records) == {first, second}
        assert answer.gone == ({self.missing_id(first)} if self.tells_unknown_from_hidden else set())
        assert answer.records[first].values == peer.values(first)
        assert not answer.records[first].partial

    def test_a_read_of_nothing_is_nothing(self, connector: Connector, peer: Peer) -> None:
        answer = connector.read(self.kind, [], fields=self.fields)
        assert (answer.records, answer.gone) == ({}, set())

    def test_a_read_says_that_a_removed_record_is_gone(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("removed"))
        refs = self.refs(peer, id)
        peer.remove(id)
        assert connector.read(self.kind, refs, fields=self.fields).gone == {id}

    def test_a_read_follows_a_merge(self, connector: Connector, peer: Peer) -> None:
        if not self.able(connector).merges:
            pytest.skip("records of this app cannot be merged")
        one, two = peer.put(self.person("one")), peer.put(self.person("two"))
        left = peer.merge(one, two)
        answer = connector.read(self.kind, [Ref(one), Ref(two)], fields=self.fields)
        assert not answer.gone
        assert {answer.records[id].id for id in (one, two)} == {left}
        assert {one, two} <= {left, *answer.records[one].aliases}

    def test_a_find_by_email_ignores_case_and_misses_nothing(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("mixed"))
        other = peer.put(self.person("other"))
        wanted = ["MIXED@Example.com", "nobody@example.com", "other@example.com"]
        found = connector.find(self.kind, self.names.email, wanted, fields=self.fields)
        assert {record.id for record in found} == {id, other}

    def test_a_find_of_nobody_is_empty(self, connector: Connector, peer: Peer) -> None:
        assert connector.find(self.kind, self.names.email, ["nobody@example.com"], fields=self.fields) == []

    # -- creating --------------------------------------------------------------------------------------------------------
    def test_created_records_come_back_in_order(self, connector: Connector, peer: Peer) -> None:
        people = [self.person(name, text=name.title()) for name in ("zoe", "adam", "mia", "bob")]
        verdicts = self.create(connector, *people)
        assert [verdict.error for verdict in verdicts] == [None] * 4
        for person, verdict in zip(people, verdicts, strict=True):
            held = peer.values(verdict.record.id)
            assert {name: held[name] for name in person} == person
            shown = verdict.record.values  # and, perhaps, what the app filled in by itself
            assert {name: shown[name] for name in held.keys() & shown.keys()}.items() <= held.items()

    def test_a_refused_create_does_not_touch_its_neighbours(self, connector: Connector, peer: Peer) -> None:
        self.needs(connector, "create")
        bad = self.bad_person()
        verdicts = self.create(connector, self.person("before"), bad, self.person("after"))
        assert isinstance(verdicts[1].error, errors.Refused)
        assert verdicts[1].error.code != "INTERNAL_ERROR"
        assert [bool(verdict.record) for verdict in verdicts] == [True, False, True]
        assert {verdicts[0].record.id, verdicts[2].record.id} <= peer.ids()

    def test_a_second_create_with_the_same_email_makes_no_second_record(self, connector: Connector, peer: Peer) -> None:
        first = peer.put(self.person("taken"))
        verdict = self.create(connector, self.person("taken", text="Again"))[0]
        if not (self.field(connector, self.names.email).unique or self.able(connector).create_upserts_by):
            assert verdict.record.id != first, "the app lets two records have one address"
            return
        if verdict.error is None:
            assert verdict.existed
            assert verdict.record.id == first
        else:
            assert isinstance(verdict.error, errors.AlreadyExists)
            assert verdict.error.existing_id in ("", first)
        assert sum(peer.values(id).get(self.names.email) == "taken@example.com" for id in peer.ids()) == 1

    def test_the_same_create_sent_twice_makes_one_record(self, connector: Connector, peer: Peer) -> None:
        """As after a lost answer: same key, same values."""
        self.needs(connector, "create")
        if not self.knows_repeats:
            pytest.skip("the app cannot tell that it is the same create")
        item = Create(self.person("twice"), key=str(uuid.uuid4()))
        before = peer.ids()
        connector.create(self.kind, [item], scope=self.scope)
        again = connector.create(self.kind, [item], scope=self.scope)[0]
        assert len(peer.ids() - before) == 1
        assert again.record or isinstance(again.error, errors.AlreadyExists)

    def test_repeatable_creates_are_known_by_their_key_alone(self, connector: Connector, peer: Peer) -> None:
        """An app that says so is sent an unanswered create again although nothing identifies the record."""
        if not self.able(connector).idempotent_creates:
            pytest.skip("the app does not say that creates can be repeated")
        item = Create({self.names.text: "Nobody"}, key=str(uuid.uuid4()))
        before = peer.ids()
        first = connector.create(self.kind, [item], scope=self.scope)[0]
        again = connector.create(self.kind, [item], scope=self.scope)[0]
        assert peer.ids() - before == {first.record.id}
        assert (again.record.id if again.record else again.error.existing_id) == first.record.id

    # -- updating and deleting -------------------------------------------------------------------------------------------
    def test_an_update_changes_only_what_it_names(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("kim", text="Kim", other="Lee"))
        before = peer.values(id)
        verdict = self.update(connector, peer, id, {self.names.text: "Kimberley"})
        assert verdict.error is None
        assert peer.values(id) == {**before, self.names.text: "Kimberley"}
        assert verdict.record.id == id
        assert verdict.record.values.get(self.names.text, "Kimberley") == "Kimberley"

    def test_updates_answer_in_order_and_one_refusal_stays_alone(self, connector: Connector, peer: Peer) -> None:
        first, second = peer.put(self.person("first")), peer.put(self.person("second"))
        lost = self.missing_id(first)
        items = [
            Update(first, {self.names.text: "One"}, known=peer.values(first)),
            Update(lost, {self.names.text: "Two"}, known=self.person("nobody")),
            Update(second, {self.names.text: "Three"}, known=peer.values(second)),
        ]
        verdicts = self.in_batches(connector, items)
        assert [bool(verdict.record) for verdict in verdicts] == [True, False, True]
        assert isinstance(verdicts[1].error, errors.Gone | errors.Refused | errors.NotVisible)
        assert [peer.values(id)[self.names.text] for id in (first, second)] == ["One", "Three"]
        assert verdicts[0].record.id == first

    def test_an_update_does_not_overwrite_what_a_person_has_changed_since(
        self, connector: Connector, peer: Peer
    ) -> None:
        able = self.able(connector)
        if not (able.conditional_writes or able.update_looks_first):
            pytest.skip("the app takes any write: the engine looks before it writes")
        id = peer.put(self.person("kim", text="Kim"))
        known, refs = peer.values(id), self.refs(peer, id)
        version = connector.read(self.kind, refs, fields=self.fields).records[id].version
        peer.edit(id, {self.names.text: "Theirs"})
        stale = Update(id, {self.names.text: "Ours"}, known=known, version=version)
        assert isinstance(self.in_batches(connector, [stale])[0].error, errors.StaleVersion)
        assert peer.values(id) == {**known, self.names.text: "Theirs"}

    def test_a_value_can_be_cleared_or_the_connector_refuses(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("kim", text="Kim"))
        verdict = self.update(connector, peer, id, {self.names.text: None})
        if self.able(connector).clear:
            assert verdict.error is None
            assert peer.values(id)[self.names.text] is None
        else:
            assert isinstance(verdict.error, errors.CannotDo)
            assert peer.values(id)[self.names.text] == "Kim"

    def test_an_unknown_field_is_refused_by_name(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("kim"))
        verdict = self.update(connector, peer, id, {"no_such_field_here": "x"})
        if verdict.error is None:
            pytest.skip("the app takes any field")
        assert isinstance(verdict.error, errors.Refused)
        assert verdict.error.code == "FIELD_MISSING"

    def test_a_delete_removes_or_the_connector_refuses(self, connector: Connector, peer: Peer) -> None:
        first, second, kept = (peer.put(self.person(name)) for name in ("first", "second", "kept"))
        refs = self.refs(peer, first, second, kept)
        verdicts = connector.delete(self.kind, [first, second])
        if not self.able(connector).delete:
            assert all(isinstance(verdict.error, errors.CannotDo) for verdict in verdicts)
            return
        assert [verdict.error for verdict in verdicts] == [None, None]
        answer = connector.read(self.kind, refs, fields=self.fields)
        assert answer.gone == {first, second}
        assert set(answer.records) == {kept}
        assert connector.delete(self.kind, [first])[0].error is None or self.able(connector).delete

    def test_a_delete_does_not_take_what_a_person_has_changed_since(self, connector: Connector, peer: Peer) -> None:
        if not (self.able(connector).delete and self.able(connector).conditional_writes):
            pytest.skip("the app deletes whatever is there, or nothing")
        edited, same = (peer.put(self.person(name)) for name in ("edited", "same"))
        refs = self.refs(peer, edited, same)
        seen = connector.read(self.kind, refs, fields=self.fields).records
        versions = {id: record.version for id, record in seen.items()}
        peer.edit(edited, {self.names.text: "Theirs"})
        stale, done = connector.delete(self.kind, [edited, same], versions=versions)
        assert isinstance(stale.error, errors.StaleVersion)
        assert done.error is None
        assert peer.values(edited)[self.names.text] == "Theirs"
        now = connector.read(self.kind, refs, fields=self.fields)
        assert now.gone == {same}
        versions = {edited: now.records[edited].version}
        assert connector.delete(self.kind, [edited], versions=versions)[0].error is None
        assert edited not in peer.ids()

    # -- values ----------------------------------------------------------------------------------------------------------
    def test_values_of_every_type_go_round_unchanged(self, connector: Connector, peer: Peer) -> None:
        id = peer.put(self.person("round"))
        for kind, (name, *both) in self.values.items():
            assert self.field(connector, name).type is kind
            for value in both:
                verdict = self.update(connector, peer, id, {name: value})
                assert verdict.error is None, (name, value, verdict.error)
                read = connector.read(self.kind, self.refs(peer, id), fields=[name]).records[id]
                assert read.values[name] == value, (name, value)

    def test_all_values_are_canonical(self, connector: Connector, peer: Peer) -> None:
        peer.put_many(5)
        fields = [field for field in connector.fields(self.kind) if field.readable]
        wanted = fields[:60] + [self.field(connector, name) for name, *_values in self.values.values()]
        refs = self.refs(peer, *sorted(peer.ids())[:20])
        answer = connector.read(self.kind, refs, fields=[field.name for field in wanted])
        for record in answer.records.values():
            for field_ in wanted:
                assert_canonical(field_, record.values.get(field_.name))

    def test_a_record_has_a_page_or_none(self, connector: Connector, peer: Peer) -> None:
        assert isinstance(connector.record_url(self.kind, peer.put(self.person("page"))), str)

    # -- trouble ---------------------------------------------------------------------------------------------------------
    def test_a_refused_credential_is_auth_expired(self, connector: Connector, peer: Peer) -> None:
        self.befall(peer, "revoked")
        with pytest.raises(errors.AuthExpired):
            self.scan(connector)

    def test_a_limit_says_when_to_come_back(self, connector: Connector, peer: Peer) -> None:
        self.befall(peer, "limited")
        with pytest.raises(errors.RateLimited) as caught:
            self.scan(connector)
        assert caught.value.retry_after

    def test_an_outage_is_transient(self, connector: Connector, peer: Peer) -> None:
        self.befall(peer, "down")
        with pytest.raises(errors.Unavailable) as caught:
            self.scan(connector)
        assert caught.value.retry == "T"

    def test_a_write_without_an_answer_is_not_repeated(self, connector: Connector, peer: Peer) -> None:
        before = peer.ids()
        self.scan(connector)  # tokens and fields are there: the next call is the write
        connector.fields(self.kind)
        self.befall(peer, "lost")
        with pytest.raises(errors.NoAnswer):
            verdict = self.create(connector, self.person("lost"))[0]
            raise verdict.error or AssertionError("the lost write was answered")
        assert len(peer.ids() - before) == 1

    def test_calls_are_counted(self, connector: Connector, peer: Peer) -> None:
        before = connector.calls
        connector.identify()
        assert connector.calls > before

    # -- helpers ---------------------------------------------------------------------------------------------------------
    @property
    def fields(self) -> list[str]:
        return [self.names.email, self.names.text, self.names.other]

    def person(self, name: str, *, text: Value = "Some", other: Value = "One") -> Values:
        return {self.names.email: f"{name}@example.com", self.names.text: text, self.names.other: other}

    def bad_person(self) -> Values:
        """Values that the app refuses on create."""
        return {**self.person("bad"), self.names.email: "not an address"}

    def missing_id(self, like: str) -> str:
        """An id of the app's form that no record has."""
        return "9" * len(like) if like.isdigit() else like[:-1] + ("0" if like[-1] != "0" else "1")

    def refs(self, peer: Peer, *ids: str) -> list[Ref]:
        """With what is known of each record, as the engine gives it."""
        live = peer.ids()
        return [Ref(id, peer.values(id) if id in live else {}) for id in ids]

    def able(self, connector: Connector) -> Abilities:
        return connector.abilities(self.kind)

    def needs(self, connector: Connector, ability: str) -> None:
        if not getattr(self.able(connector), ability):
            pytest.skip(f"the app cannot: {ability}")

    def needs_feed(self, connector: Connector) -> None:
        self.needs(connector, "change_feed")

    def befall(self, peer: Peer, what: str) -> None:
        try:
            peer.trouble(what)
        except NotImplementedError:
            pytest.skip(f"this peer cannot be {what}")

    def field(self, connector: Connector, name: str) -> Field:
        return next(field for field in connector.fields(self.kind) if field.name == name)

    def now(self, connector: Connector) -> dict[str, Any]:
        cursor = connector.changes(self.kind, fields=self.fields, cursor=None, position=None, scope=self.scope).cursor
        assert cursor
        return cursor

    def scan(self, connector: Connector) -> Poll:
        found, position, before = Poll(), None, connector.calls
        for _page in range(1000):
            page = connector.scan(self.kind, fields=self.fields, position=position, scope=self.scope)
            found.add(page)
            position = page.position
            if position is None:
                found.calls = connector.calls - before
                return found
        raise AssertionError("the scan does not end")

    def poll(self, connector: Connector, cursor: Any, position: Any = None) -> Poll:
        found, before = Poll(), connector.calls
        for _page in range(1000):
            page = connector.changes(self.kind, fields=self.fields, cursor=cursor, position=position, scope=self.scope)
            found.add(page)
            position = page.position
            if position is None:
                assert page.cursor
                found.calls = connector.calls - before
                return found
        raise AssertionError("the poll does not end")

    def create(self, connector: Connector, *people: Values) -> list[Any]:
        self.needs(connector, "create")
        items = [Create(person, key=str(uuid.uuid4())) for person in people]
        size = self.able(connector).write_batch
        verdicts = []
        for start in range(0, len(items), size):
            verdicts += connector.create(self.kind, items[start : start + size], scope=self.scope)
        return verdicts

    def update(self, connector: Connector, peer: Peer, id: str, values: Values) -> Any:
        return self.in_batches(connector, [Update(id, values, known=peer.values(id))])[0]

    def in_batches(self, connector: Connector, items: Sequence[Update]) -> list[Any]:
        self.needs(connector, "update")
        size, verdicts = self.able(connector).write_batch, []
        for start in range(0, len(items), size):
            verdicts += connector.update(self.kind, items[start : start + size])
        return verdicts


FORMS = {
    FieldType.NUMBER: re.compile(r"-?\d+(\.\d*[1-9])?"),
    FieldType.DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    FieldType.DATETIME: re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
}


def assert_canonical(field: Field, value: Value) -> None:
    """``value`` has the form that ``integrations.records`` promises for the field's type."""
    if value is None:
        return
    if field.type is FieldType.BOOL:
        assert isinstance(value, bool), (field.name, value)
    elif field.type in (FieldType.MULTI, FieldType.REFERENCE):
        assert isinstance(value, list), (field.name, value)
        assert value == sorted(value)
    else:
        assert isinstance(value, str), (field.name, value)
        assert value, field.name
        if field.type in FORMS:
            assert FORMS[field.type].fullmatch(value), (field.name, value)
