"""Associations cross with the twins of the records that they name; what has no twin yet waits and is woken."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from integrations import registry
from integrations.connectors.base import Abilities
from integrations.connectors.memory import FIELDS, MemoryApp, MemoryConnector
from integrations.models import AppInstance
from integrations.records import Field, FieldType, Side
from integrations.registry import App, Kind, WayIn
from portal.accounts.models import Account
from syncjobs.models import FieldMapping, RecordLink, Sync, SyncState, WaitingReference
from tests.syncjobs.runner.world import World

PEOPLE = Kind("people", "People", "person", "person", label_fields=("first_name",))
FIRMS = Kind("firms", "Firms", "firm", "company", label_fields=("first_name",))


class TwoKinds:
    """A connector to an app with two kinds of records, each kept by a memory app of its own."""

    def __init__(self, kinds: dict[str, MemoryApp]) -> None:
        self.by_kind = {kind: MemoryConnector(app) for kind, app in kinds.items()}

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.by_kind.values())

    def __getattr__(self, name: str) -> Any:
        return lambda kind, *args, **kwargs: getattr(self.by_kind[kind], name)(kind, *args, **kwargs)


@dataclass
class Office:
    """People and the firms they work for, at both sides, with a sync each."""

    people: World
    firms: World

    def settle(self) -> None:
        for _ in range(3):
            self.firms.settle()
            self.people.settle()

    def hub_firm(self, name: str) -> str:
        return self.firms.link(label=name).hub_id or ""

    def app_firm(self, name: str) -> str:
        return self.firms.link(label=name).app_id or ""


def office(
    account: Account, *, hub_many: bool = True, app_many: bool = True, required: bool = False, **settings: Any
) -> Office:
    apps: dict[str, dict[str, MemoryApp]] = {}
    instances = {}
    for key, many in (("memory_hub", hub_many), ("memory_app", app_many)):
        fields = [
            *FIELDS,
            Field("firms", "Firms", FieldType.REFERENCE, refers_to="firms", many=many, required=required),
        ]
        kinds = {"people": MemoryApp(fields=fields, account_id=key), "firms": MemoryApp(account_id=key)}
        kinds["firms"].last_id = 500  # no id means the same at both sides
        kinds["people"].last_id, kinds["firms"].last_id = (0, 500) if key == "memory_hub" else (1000, 1500)
        apps[key] = kinds
        registry.apps()[key] = App(
            key=key, name=key.title(), letter="M", blurb="", ways_in=(WayIn("keys", "Keys", "keys"),), kinds=(PEOPLE, FIRMS),
            permissions=(), abilities=lambda kind: Abilities(), connect=lambda instance, kinds=kinds: TwoKinds(kinds),
            can_be_hub=True,
        )  # fmt: skip
        instances[key] = AppInstance.objects.create(
            account=account, app_key=key, label=key, is_hub=key == "memory_hub", way_in="keys"
        )
    worlds = {}
    for kind, names in (("firms", ("email", "first_name")), ("people", ("email", "first_name", "firms"))):
        sync = Sync.objects.create(
            account=account, hub_instance=instances["memory_hub"], app_instance=instances["memory_app"], hub_kind=kind,
            app_kind=kind, state=SyncState.ACTIVE, **{"winner": "hub", "email_only": False,
            "identifiers": [{"hub_field": "email", "app_field": "email", "strong": True}], **settings},
        )  # fmt: skip
        FieldMapping.objects.bulk_create(
            FieldMapping(sync=sync, app_field=n, hub_field=n, position=i) for i, n in enumerate(names)
        )
        worlds[kind] = World(sync, apps["memory_hub"][kind], apps["memory_app"][kind])
    return Office(worlds["people"], worlds["firms"])


@pytest.fixture(autouse=True)
def no_memory_apps_left() -> Iterator[None]:
    yield
    for key in ("memory_hub", "memory_app"):
        registry.apps().pop(key, None)


def person(o: Office, side: Side, email: str) -> dict[str, Any]:
    return o.people.values(side)[email]


@pytest.mark.django_db
class TestMany:
    def test_associations_of_new_records_cross_with_the_twins_ids(self, account: Account) -> None:
        o = office(account)
        acme = o.firms.hub.put({"email": "hi@acme.com", "first_name": "Acme"})
        o.people.hub.put({"email": "ann@acme.com", "first_name": "Ann", "firms": [acme]})
        o.firms.initial()
        o.people.initial()
        assert person(o, Side.APP, "ann@acme.com")["firms"] == [o.app_firm("Acme")]
        assert o.people.quiet_writes() == 0

    def test_a_related_record_that_comes_later_wakes_what_waits_for_it(self, account: Account) -> None:
        o = office(account)
        acme = o.firms.hub.put({"email": "hi@acme.com", "first_name": "Acme"})
        o.people.hub.put({"email": "ann@acme.com", "first_name": "Ann", "firms": [acme]})
        o.people.initial()
        link = o.people.link(label="Ann")
        assert (link.status, link.code) == ("insync", "PARENT_NOT_SYNCED_YET")
        assert not person(o, Side.APP, "ann@acme.com").get("firms")
        o.firms.initial()
        o.people.settle()
        assert person(o, Side.APP, "ann@acme.com")["firms"] == [o.app_firm("Acme")]
        assert o.people.link(label="Ann").code == ""
        assert not WaitingReference.objects.exists()
        assert o.people.quiet_writes() == 0

    def test_both_sides_additions_and_removals_are_joined(self, account: Account) -> None:
        o = office(account)
        firms = {name: o.firms.hub.put({"email": f"hi@{name}.com", "first_name": name}) for name in ("a", "b", "c")}
        ann = o.people.hub.put({"email": "ann@a.com", "first_name": "Ann", "firms": [firms["a"], firms["b"]]})
        o.firms.initial()
        o.people.initial()
        there = o.people.link(label="Ann").app_id or ""
        o.people.hub.edit(ann, firms=[firms["b"]])
        o.people.app.edit(there, firms=sorted([o.app_firm("a"), o.app_firm("b"), o.app_firm("c")]))
        o.people.settle()
        assert person(o, Side.HUB, "ann@a.com")["firms"] == sorted([firms["b"], firms["c"]])
        assert person(o, Side.APP, "ann@a.com")["firms"] == sorted([o.app_firm("b"), o.app_firm("c")])
        assert o.people.quiet_writes() == 0

    def test_links_to_records_that_do_not_sync_stay(self, account: Account) -> None:
        o = office(account, direction="to_app")
        acme = o.firms.hub.put({"email": "hi@acme.com", "first_name": "Acme"})
        ann = o.people.hub.put({"email": "ann@acme.com", "first_name": "Ann"})
        o.firms.initial()
        o.people.initial()
        own = o.firms.app.put({"email": "own@app.com", "first_name": "Own"})
        o.people.app.edit(o.people.link(label="Ann").app_id or "", firms=[own])
        o.settle()
        o.people.hub.edit(ann, firms=[acme])
        o.settle()
        assert person(o, Side.APP, "ann@acme.com")["firms"] == sorted([own, o.app_firm("Acme")])
        assert person(o, Side.HUB, "ann@acme.com")["firms"] == [acme], "a one-way sync writes nothing back"

    def test_waiting_survives_a_write_of_another_association(self, account: Account) -> None:
        """Of two firms one is across: it is written at once, the other when it comes."""
        o = office(account)
        here = o.firms.hub.put({"email": "hi@here.com", "first_name": "Here"})
        o.firms.initial()
        late = o.firms.hub.put({"email": "hi@late.com", "first_name": "Late"})
        ann = o.people.hub.put({"email": "ann@x.com", "first_name": "Ann"})
        o.people.initial()
        o.people.hub.edit(ann, firms=sorted([here, late]))
        o.people.settle()
        assert person(o, Side.APP, "ann@x.com")["firms"] == [o.app_firm("Here")]
        o.settle()
        assert person(o, Side.APP, "ann@x.com")["firms"] == sorted([o.app_firm("Here"), o.app_firm("Late")])
        assert person(o, Side.HUB, "ann@x.com")["firms"] == sorted([here, late])


@pytest.mark.django_db
class TestOne:
    def test_another_record_takes_the_place_of_the_old_one(self, account: Account) -> None:
        o = office(account, hub_many=False, app_many=False)
        a, b = (o.firms.hub.put({"email": f"hi@{n}.com", "first_name": n}) for n in "ab")
        ann = o.people.hub.put({"email": "ann@a.com", "first_name": "Ann", "firms": [a]})
        o.firms.initial()
        o.people.initial()
        o.people.hub.edit(ann, firms=[b])
        o.people.settle()
        assert person(o, Side.APP, "ann@a.com")["firms"] == [o.app_firm("b")]

    def test_two_different_ones_are_decided_by_the_winner(self, account: Account) -> None:
        o = office(account, hub_many=False, app_many=False)
        a, b = (o.firms.hub.put({"email": f"hi@{n}.com", "first_name": n}) for n in "ab")
        o.firms.initial()
        o.people.hub.put({"email": "ann@a.com", "first_name": "Ann", "firms": [a]})
        o.people.app.put({"email": "ann@a.com", "first_name": "Ann", "firms": [o.app_firm("b")]})
        o.people.initial()
        assert person(o, Side.HUB, "ann@a.com")["firms"] == [a]
        assert person(o, Side.APP, "ann@a.com")["firms"] == [o.app_firm("a")]
        assert o.people.quiet_writes() == 0
        assert b

    def test_going_blank_crosses_only_with_clear_values(self, account: Account) -> None:
        for clear in (False, True):
            o = office(account, hub_many=False, app_many=False, clear_values=clear)
            a = o.firms.hub.put({"email": "hi@a.com", "first_name": "a"})
            ann = o.people.hub.put({"email": "ann@a.com", "first_name": "Ann", "firms": [a]})
            o.firms.initial()
            o.people.initial()
            o.people.hub.edit(ann, firms=None)
            o.people.settle()
            assert bool(person(o, Side.APP, "ann@a.com")["firms"]) is not clear
            AppInstance.objects.filter(account=account).update(state="disconnected", is_hub=False)
            Sync.objects.filter(account=account).delete()

    def test_one_company_here_and_many_there(self, account: Account) -> None:
        o = office(account, hub_many=True, app_many=False)
        a, b = (o.firms.hub.put({"email": f"hi@{n}.com", "first_name": n}) for n in "ab")
        o.firms.initial()
        o.people.hub.put({"email": "ann@a.com", "first_name": "Ann", "firms": sorted([a, b])})
        o.people.initial()
        assert len(person(o, Side.APP, "ann@a.com")["firms"]) == 1
        assert person(o, Side.HUB, "ann@a.com")["firms"] == sorted([a, b])
        assert o.people.quiet_writes() == 0


@pytest.mark.django_db
def test_a_record_that_needs_a_related_one_waits_for_it(account: Account) -> None:
    o = office(account, required=True)
    acme = o.firms.hub.put({"email": "hi@acme.com", "first_name": "Acme"})
    o.people.hub.put({"email": "ann@acme.com", "first_name": "Ann", "firms": [acme]})
    o.people.initial()
    link = o.people.link(label="Ann")
    assert (link.status, link.code, link.app_id) == ("failed", "PARENT_NOT_SYNCED_YET", None)
    o.firms.initial()
    o.people.settle()
    assert person(o, Side.APP, "ann@acme.com")["firms"] == [o.app_firm("Acme")]


@pytest.mark.django_db
def test_without_a_sync_of_the_other_object_the_association_rests(account: Account) -> None:
    o = office(account)
    acme = o.firms.hub.put({"email": "hi@acme.com", "first_name": "Acme"})
    o.people.hub.put({"email": "ann@acme.com", "first_name": "Ann", "firms": [acme]})
    o.firms.sync.delete()
    o.people.initial()
    assert not person(o, Side.APP, "ann@acme.com").get("firms")
    assert RecordLink.objects.get(label="Ann").code == ""


@pytest.mark.django_db
def test_a_reference_mapped_to_text_writes_the_names(account: Account) -> None:
    o = office(account)
    FieldMapping.objects.filter(sync=o.people.sync, hub_field="firms").update(app_field="notes", direction="to_app")
    acme = o.firms.hub.put({"email": "hi@acme.com", "first_name": "Acme"})
    o.firms.initial()
    o.people.hub.put({"email": "ann@acme.com", "first_name": "Ann", "firms": [acme]})
    o.people.initial()
    assert person(o, Side.APP, "ann@acme.com")["notes"] == "Acme"
