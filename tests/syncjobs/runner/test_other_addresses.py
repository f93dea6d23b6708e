"""A record with several e-mail addresses, known at the other side by one that is not its first."""

from collections.abc import Callable

import pytest

from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import OtherKey, RecordLink
from syncjobs.runner import pairing
from tests.syncjobs.runner.world import World, draft_of, preview

Make = Callable[..., World]
TELLS = Abilities(other_addresses=True)


def emails(w: World, side: Side) -> list[str]:
    return sorted(w.values(side))


@pytest.mark.parametrize("side", list(Side))
def test_a_record_is_matched_by_its_second_address(world: Make, side: Side) -> None:
    w = world(hub=TELLS, app=TELLS)
    tells, knows = (w.hub, w.app) if side is Side.HUB else (w.app, w.hub)
    tells.put({"email": "ada@work.example", "last_name": "Lovelace", "others": ["x@y.example", "Ada@Home.example"]})
    knows.put({"email": "ada@home.example", "first_name": "Ada"})
    w.initial()
    assert w.counts() == {"insync": 1}
    w.assert_equal()
    assert w.quiet_writes() == 0


@pytest.mark.parametrize("first", list(Side))
def test_two_meet_by_a_second_address_although_one_has_long_been_there_alone(world: Make, first: Side) -> None:
    w = world(app=TELLS, direction=f"to_{first}")
    puts = {
        Side.APP: lambda: w.app.put({"email": "ada@work.example", "last_name": "King", "others": ["ada@home.example"]}),
        Side.HUB: lambda: w.hub.put({"email": "ada@home.example", "first_name": "Ada"}),
    }
    puts[first]()
    w.initial()
    puts[first.other]()
    w.settle()
    assert (len(w.hub.live()), len(w.app.live()), w.counts()) == (1, 1, {"insync": 1})


@pytest.mark.parametrize("chunk", [1, 500])
@pytest.mark.parametrize("side", list(Side))
def test_a_first_address_in_common_comes_first_in_any_order(
    world: Make, side: Side, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ada is known there by her first address, and by a further one of hers somebody else is."""
    monkeypatch.setattr(pairing, "CHUNK", chunk)
    w = world(hub=TELLS, app=TELLS)
    tells, knows = (w.hub, w.app) if side is Side.HUB else (w.app, w.hub)
    knows.put({"email": "home@lovelace.example", "first_name": "Household"})
    tells.put({"email": "ada@work.example", "last_name": "Lovelace", "others": ["home@lovelace.example"]})
    knows.put({"email": "ada@work.example", "first_name": "Ada"})
    w.initial()
    assert w.counts() == {"insync": 2}
    for values in (w.values(Side.HUB), w.values(Side.APP)):
        assert values["ada@work.example"] == values["ada@work.example"] | {"first_name": "Ada", "last_name": "Lovelace"}


@pytest.mark.parametrize("chunk", [1, 500])
@pytest.mark.parametrize("side", list(Side))
def test_a_record_that_several_know_by_its_addresses_is_none_of_them_in_any_order(
    world: Make, side: Side, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "CHUNK", chunk)
    w = world(hub=TELLS, app=TELLS)
    tells, knows = (w.hub, w.app) if side is Side.HUB else (w.app, w.hub)
    knows.put({"email": "cy@one.example", "first_name": "One"})
    tells.put({"email": "cy@firm.example", "first_name": "Cy", "others": ["cy@one.example", "cy@two.example"]})
    knows.put({"email": "cy@two.example", "first_name": "Two"})
    w.initial()
    assert w.counts() == {"insync": 3}


def test_an_address_that_was_taken_off_the_record_is_none_of_its_own(world: Make) -> None:
    w = world(app=TELLS, direction="to_app")
    card = w.app.put({"email": "ada@work.example", "others": ["ada@home.example"]})
    w.initial()
    w.app.edit(card, others=[], last_name="Lovelace")
    w.poll()
    w.hub.put({"email": "ada@home.example", "first_name": "Ada"})
    w.settle()
    assert emails(w, Side.APP) == ["ada@home.example", "ada@work.example"]


def test_the_addresses_of_a_deleted_record_are_forgotten(world: Make) -> None:
    w = world(app=TELLS)
    card = w.app.put({"email": "ada@work.example", "others": ["ada@home.example"]})
    w.initial()
    assert OtherKey.objects.get().key == "ada@home.example"
    w.app.remove(card)
    w.settle()
    assert not OtherKey.objects.exists()


def test_an_address_that_several_share_tells_nobody_apart(world: Make) -> None:
    w = world(app=TELLS)
    for name in ("ann", "bob"):
        w.app.put({"email": f"{name}@firm.example", "first_name": name, "others": ["info@firm.example"]})
    w.hub.put({"email": "info@firm.example", "first_name": "Reception"})
    w.app.put({"email": "cy@firm.example", "first_name": "Cy", "others": ["cy@one.example", "cy@two.example"]})
    for number in ("one", "two"):
        w.hub.put({"email": f"cy@{number}.example", "first_name": number})
    w.initial()
    assert w.counts() == {"insync": 6}
    w.assert_equal()


def test_the_second_address_of_a_linked_record_takes_nobody_in(world: Make) -> None:
    w = world(app=TELLS)
    w.app.put({"email": "ada@work.example", "first_name": "Ada", "others": ["ada@home.example"]})
    w.initial()
    w.hub.put({"email": "ada@home.example", "first_name": "Countess"})
    w.settle()
    assert w.counts() == {"insync": 2}
    assert w.values(Side.APP)["ada@work.example"]["first_name"] == "Ada"


def test_a_preview_keeps_no_addresses(world: Make) -> None:
    w = world(app=TELLS)
    w.app.put({"email": "ada@work.example", "others": ["ada@home.example"]})
    w.hub.put({"email": "ada@home.example"})
    assert preview(w, draft_of(w)).counts == {"update_app": 1}
    assert not OtherKey.objects.exists()


def test_records_that_wait_for_a_person_are_not_matched_by_another_address_meanwhile(world: Make) -> None:
    w = world(app=TELLS, duplicates="hold")
    w.app.put({"email": "ada@work.example", "others": ["ada@home.example"]})
    w.app.put({"email": "ada@work.example"})
    w.hub.put({"email": "ada@home.example"})
    w.initial()
    assert w.counts()["review"] == 2
    assert all(link.app_id is None or link.hub_id is None for link in RecordLink.objects.filter(status="review"))
