"""Two connections of one app that see the same records, into one hub: one counterpart each, whoever comes first."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.timezone import now

from integrations import registry
from integrations.connectors.base import Abilities
from integrations.connectors.memory import FIELDS, MemoryApp, MemoryConnector
from integrations.models import AppInstance
from integrations.records import Side
from syncjobs.models import FieldMapping, RecordLink, Sync, WriteIntent
from tests.syncjobs.runner.world import MAPPED, World, draft_of, preview

READ_ONLY = Abilities(create=False, update=False, delete=False, clear=False, sees_deletions=False, shares_ids=True)


@pytest.fixture
def keys(world: Callable[..., World]) -> tuple[World, World]:
    """One hub, and two syncs into it; the second key sees an app of its own, in which tests put what both see."""
    first = world(app=READ_ONLY, direction="to_hub")
    mine = registry.apps()["memory_app"]
    second_app = MemoryApp(abilities=READ_ONLY, account_id="second")
    shown = {"second": second_app}
    registry.apps()["memory_app"] = replace(
        mine, connect=lambda instance: MemoryConnector(shown.get(instance.remote_account_id, first.app))
    )
    sync = first.sync
    instance = AppInstance.objects.create(
        account=sync.account, app_key="memory_app", label="Key 2", way_in="keys", remote_account_id="second"
    )
    twin = Sync.objects.create(
        account=sync.account, hub_instance=sync.hub_instance, app_instance=instance, hub_kind="people", app_kind="people",
        state=sync.state, winner="app", direction="to_hub", email_only=False, identifiers=sync.identifiers,
    )  # fmt: skip
    Sync.objects.filter(pk=sync.pk).update(email_only=False)
    sync.refresh_from_db()
    FieldMapping.objects.bulk_create(FieldMapping(sync=twin, app_field=name, hub_field=name) for name in MAPPED)
    return first, World(twin, first.hub, second_app)


@pytest.fixture
def apps(world: Callable[..., World]) -> Iterator[tuple[World, World]]:
    """Two apps with a sync each into one hub, which takes an address twice, and whose search lags."""
    first = world(hub=Abilities(visibility_lag=15))
    first.hub.fields = [replace(field, unique=False) for field in FIELDS]
    second_app = MemoryApp(account_id="other")
    registry.apps()["memory_other"] = replace(
        registry.apps()["memory_app"], key="memory_other", connect=lambda instance: MemoryConnector(second_app)
    )
    sync = first.sync
    instance = AppInstance.objects.create(account=sync.account, app_key="memory_other", label="Other", way_in="keys")
    other = Sync.objects.create(
        account=sync.account, hub_instance=sync.hub_instance, app_instance=instance, hub_kind="people", app_kind="people",
        state=sync.state, winner="app", identifiers=sync.identifiers,
    )  # fmt: skip
    FieldMapping.objects.bulk_create(FieldMapping(sync=other, app_field=name, hub_field=name) for name in MAPPED)
    yield first, World(other, first.hub, second_app)
    registry.apps().pop("memory_other")


def both_see(keys: tuple[World, World], id: str, **values: str) -> None:
    for key in keys:
        key.app.put(dict(values), id=id)


def test_a_record_without_an_identifier_is_made_once(keys: tuple[World, World]) -> None:
    first, second = keys
    both_see(keys, "101", last_name="Yamamoto")
    both_see(keys, "102", last_name="Sato", email="sato@example.com")
    second.app.put({"last_name": "Only here"}, id="103")
    first.initial()
    second.initial()
    assert sorted(str(values["last_name"]) for values in first.hub.live().values()) == ["Only here", "Sato", "Yamamoto"]
    assert first.link(app_id="101").hub_id == second.link(app_id="101").hub_id
    assert first.counts() == {"insync": 2}
    assert second.counts() == {"insync": 3}


def test_a_preview_makes_nothing_that_another_connection_has_made(keys: tuple[World, World]) -> None:
    first, second = keys
    both_see(keys, "101", last_name="Yamamoto")
    second.app.put({"last_name": "Only here"}, id="103")
    first.initial()
    made = preview(second, draft_of(second))
    assert (made.counts["create_hub"], made.counts["link_only"]) == (1, 1)


def test_one_waits_while_the_other_makes_it(keys: tuple[World, World]) -> None:
    """The first one's create has no answer yet when the second comes to it."""
    first, second = keys
    both_see(keys, "101", last_name="Yamamoto", email="y@example.com")
    first.hub.land_late = True
    first.initial()
    assert WriteIntent.objects.filter(state=WriteIntent.State.SENT).count() == 1
    first.hub.land_late = False
    second.initial()
    assert not first.hub.live(), "nothing has landed, and nothing more was sent"
    assert second.link(app_id="101").dirty
    first.hub.land()
    first.settle()
    second.settle()
    assert len(first.hub.live()) == 1
    assert (first.counts(), second.counts()) == ({"insync": 1}, {"insync": 1})


@pytest.mark.parametrize("unanswered", [False, True])
def test_what_is_new_in_two_apps_is_made_once_in_the_hub(apps: tuple[World, World], unanswered: bool) -> None:
    first, second = apps
    first.app.put({"email": "acme@example.com", "first_name": "Acme"})
    second.app.put({"email": "acme@example.com", "last_name": "Inc."})
    first.hub.land_late = unanswered
    first.initial()
    first.hub.land_late = False
    second.initial()
    for _ in range(3):
        first.settle()
        second.settle()
    assert list(first.hub.live().values()) == [{"email": "acme@example.com", "first_name": "Acme", "last_name": "Inc."}]
    assert first.app.live() == second.app.live() == first.hub.live()
    assert (first.counts(), second.counts()) == ({"insync": 1}, {"insync": 1})


def test_what_another_sync_remembers_of_a_record_is_looked_at_before_it_is_believed(apps: tuple[World, World]) -> None:
    first, second = apps
    first.app.put({"email": "acme@example.com"})
    first.initial()
    hub = next(iter(first.hub.live()))
    first.hub.edit(hub, email="new-name@example.com")  # which the first sync has not read yet
    WriteIntent.objects.update(sent_at=now() - timedelta(hours=1))
    second.app.put({"email": "acme@example.com"})
    second.initial()
    second.settle()
    assert sorted(first.values(Side.HUB)) == ["acme@example.com", "new-name@example.com"]


def test_two_cards_of_one_person_at_two_keys_do_not_take_turns(keys: tuple[World, World]) -> None:
    first, second = keys
    first.app.put({"email": "sato@example.com", "first_name": "Ken"}, id="7")
    second.app.put({"email": "sato@example.com", "first_name": "Kenichi"}, id="8")
    first.initial()
    second.initial()
    for _ in range(3):
        first.settle()
        second.settle()
    before = first.hub.writes
    for _ in range(10):
        first.poll()
        second.poll()
    assert first.hub.writes == before
    assert len(first.hub.live()) == 1


def test_other_apps_with_equal_ids_are_no_siblings(keys: tuple[World, World]) -> None:
    """Without the ability, an id says nothing beyond its own account."""
    first, second = keys
    for key in keys:
        key.app.abilities = replace(READ_ONLY, shares_ids=False)
    first.app.put({"last_name": "Yamamoto"}, id="1")
    second.app.put({"last_name": "Tanaka"}, id="1")
    first.initial()
    second.initial()
    assert len(first.hub.live()) == 2
    assert RecordLink.objects.values("hub_id").distinct().count() == 2
