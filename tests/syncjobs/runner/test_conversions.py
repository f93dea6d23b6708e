"""Records that become another kind of record (a lead that is converted), and two kinds of an app that are one kind of the hub."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from integrations import registry
from integrations.connectors.base import Abilities
from integrations.connectors.memory import MemoryApp, MemoryConnector
from integrations.records import Side
from syncjobs.models import FieldMapping, Sync
from syncjobs.services import previews
from tests.syncjobs.runner.world import KIND, MAPPED, World, draft_of, preview

Make = Callable[..., World]


@pytest.mark.parametrize("feed", [True, False], ids=["told by the feed", "missed by a scan"])
def test_the_twin_of_a_converted_record_is_left_alone(world: Make, feed: bool) -> None:
    w = world(app=Abilities(change_feed=feed), when_deleted_in_app="delete")
    lead = w.app.put({"email": "ada@example.com", "first_name": "Ada"})
    w.app.put({"email": "bob@example.com", "first_name": "Bob"})
    w.initial()
    w.app.convert(lead)
    w.settle()
    assert sorted(w.values(Side.HUB)) == ["ada@example.com", "bob@example.com"]
    assert (w.link(app_id=lead).status, w.link(app_id=lead).code) == ("excluded", "CONVERTED_AWAY")
    w.hub.edit(w.link(app_id=lead).hub_id or "", first_name="Countess")
    w.settle()
    assert w.link(app_id=lead).code == "CONVERTED_AWAY"
    assert sorted(w.values(Side.APP)) == ["bob@example.com"], "it is not made again"
    assert w.counts() == {"insync": 1, "excluded": 1}


@pytest.fixture
def both(world: Make) -> tuple[World, World]:
    """One kind of the hub with two of the app: *people* and *leads*, each an app in memory."""
    people = world()
    leads = MemoryApp(abilities=Abilities(), account_id="leads")
    mine = registry.apps()["memory_app"]

    class TwoKinds(MemoryConnector):
        """Which of the two is meant is said in each call."""

        def __getattribute__(self, name: str) -> object:
            found = super().__getattribute__(name)
            if name not in ("scan", "changes", "read", "find", "create", "update", "delete", "fields"):
                return found
            return lambda kind, *given, **more: getattr(
                MemoryConnector(leads if kind == "leads" else people.app), name
            )(kind, *given, **more)

    kinds = (KIND, replace(KIND, key="leads"))
    registry.apps()["memory_app"] = replace(mine, kinds=kinds, connect=lambda instance: TwoKinds(people.app))
    sync = people.sync
    twin = Sync.objects.create(
        account=sync.account, hub_instance=sync.hub_instance, app_instance=sync.app_instance, hub_kind="people",
        app_kind="leads", state=sync.state, winner="hub", direction="to_hub", identifiers=sync.identifiers,
    )  # fmt: skip
    FieldMapping.objects.bulk_create(FieldMapping(sync=twin, app_field=name, hub_field=name) for name in MAPPED)
    return people, World(twin, people.hub, leads)


def test_what_syncs_as_a_lead_is_not_made_as_a_person_until_it_is_converted(both: tuple[World, World]) -> None:
    people, leads = both
    lead = leads.app.put({"email": "ada@example.com", "first_name": "Ada"})
    people.hub.put({"email": "bob@example.com", "first_name": "Bob"})
    leads.initial()
    people.initial()
    assert sorted(people.values(Side.APP)) == ["bob@example.com"]
    ada = leads.link(app_id=lead).hub_id
    assert (people.link(hub_id=ada).status, people.link(hub_id=ada).code) == ("excluded", "SYNCS_AS_ANOTHER_KIND")
    leads.app.convert(lead)
    made = people.app.put({"email": "ada@example.com", "first_name": "Ada"})
    for each in (leads, people):
        each.settle()
    assert people.link(app_id=made).hub_id == ada
    assert people.counts() == {"insync": 2}
    assert len(people.hub.live()) == len(people.app.live()) == 2
    assert people.quiet_writes() == leads.quiet_writes() == 0


def test_a_preview_tells_what_syncs_as_another_kind(both: tuple[World, World]) -> None:
    people, leads = both
    leads.app.put({"email": "ada@example.com", "first_name": "Ada"})
    people.hub.put({"email": "bob@example.com", "first_name": "Bob"})
    leads.initial()
    made = preview(people, draft_of(people))
    assert (made.counts["create_app"], made.counts["excluded"]) == (1, 1)
    assert [plan.code for plan in previews.plans(people.sync, "excluded")] == ["SYNCS_AS_ANOTHER_KIND"]
