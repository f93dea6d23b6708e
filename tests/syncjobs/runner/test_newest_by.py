"""Of several records with one identifier, which one syncs where the app tells by a field how new each is, and what is said of the
others."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from integrations.connectors.base import Abilities
from syncjobs.models import SyncFilter
from tests.syncjobs.runner.world import World

Make = Callable[..., World]
TELLS = Abilities(newest_by="born")


def a_world(world: Make, app: Abilities = TELLS, **settings: Any) -> World:
    """Its app takes one address twice, and nothing is written there."""
    w = world(app=app, direction="to_hub", winner="app", **settings)
    w.app.fields = [replace(field, unique=False) for field in w.app.fields]
    return w


def card(w: World, name: str, born: str | None, **values: Any) -> str:
    return w.app.put({"email": "ada@example.com", "first_name": name, "born": born, **values})


def name_at_hub(w: World) -> str:
    [twin] = w.hub.live().values()
    return str(twin["first_name"])


@pytest.mark.parametrize("order", permutations(["2024-01-01", "2025-01-01", None]))
def test_the_latest_is_chosen_whichever_was_edited_last(world: Make, order: tuple[str | None, ...]) -> None:
    w = a_world(world)
    for born in order:
        card(w, str(born), born)
    w.initial()
    assert name_at_hub(w) == "2025-01-01"
    assert w.counts() == {"insync": 1, "excluded": 2}


def test_where_the_oldest_is_to_sync_one_of_unknown_age_is_not_taken_for_it(world: Make) -> None:
    w = a_world(world, duplicates="oldest")
    for born in ("2025-01-01", None, "2024-01-01"):
        card(w, str(born), born)
    w.initial()
    assert name_at_hub(w) == "2024-01-01"


@pytest.mark.parametrize("born", ["2025-01-01", None])
def test_of_two_of_one_day_the_one_that_was_made_last_is_chosen(world: Make, born: str | None) -> None:
    w = a_world(world)
    old = card(w, "Old", born)
    card(w, "New", born)
    w.app.edit(old, notes="edited last")
    w.initial()
    assert name_at_hub(w) == "New"


def test_a_later_one_takes_over_and_no_edit_of_the_other_changes_that(world: Make) -> None:
    w = a_world(world)
    old = card(w, "Old", "2025-01-01", notes="old note")
    w.initial()
    pair = w.link()
    new = card(w, "New", "2026-01-01")
    w.settle()
    assert name_at_hub(w) == "New"
    assert (w.link(pk=pair.pk).app_id, w.link(pk=pair.pk).label) == (new, "New")
    assert w.link(app_id=old).code == "SHARED_IDENTIFIER"
    assert w.counts() == {"insync": 1, "excluded": 1}
    w.app.edit(old, first_name="Older", notes="edited last")
    assert w.quiet_writes() == 0
    w.app.edit(new, first_name="Newer")
    w.settle()
    assert name_at_hub(w) == "Newer"
    w.app.remove(new)
    w.settle()
    assert name_at_hub(w) == "Older"


@pytest.mark.parametrize(("clear", "notes"), [(True, None), (False, "old note")])
def test_to_the_hub_the_one_that_takes_over_is_an_edit(world: Make, clear: bool, notes: str | None) -> None:
    w = a_world(world, clear_values=clear)
    card(w, "Old", "2025-01-01", notes="old note", last_name="Byron")
    w.initial()
    [id] = w.hub.live()
    w.hub.edit(id, last_name="Lovelace")
    w.settle()
    card(w, "New", "2026-01-01", last_name="Byron")
    w.settle()
    twin = w.hub.live()[id]
    assert (twin["first_name"], twin["last_name"], twin["notes"]) == ("New", "Lovelace", notes)


@pytest.mark.parametrize("born", ["2024-01-01", "2025-01-01", None])
def test_one_that_is_no_later_does_not_take_over(world: Make, born: str | None) -> None:
    w = a_world(world)
    card(w, "Old", "2025-01-01")
    w.initial()
    other = card(w, "Other", born)
    w.settle()
    w.app.edit(other, notes="edited last")
    w.settle()
    assert name_at_hub(w) == "Old"
    assert w.link(app_id=other).code == "SHARED_IDENTIFIER"


def test_when_a_wrong_day_is_corrected_the_one_that_is_later_takes_over(world: Make) -> None:
    w = a_world(world)
    wrong = card(w, "Wrong", "2062-01-01")
    w.initial()
    card(w, "Later", "2026-06-01")
    w.settle()
    assert name_at_hub(w) == "Wrong"
    w.app.edit(wrong, born="2026-01-01")
    w.settle()
    assert name_at_hub(w) == "Later"
    assert w.quiet_writes() == 0


def test_none_takes_over_from_one_whose_day_has_not_been_read_yet(world: Make) -> None:
    """It was read before the app was known to tell it."""
    w = a_world(world, Abilities())
    old = card(w, "Old", "2025-01-01")
    w.initial()
    w.settle()
    w.app.abilities = TELLS
    card(w, "Other", "2024-01-01")
    w.settle()
    assert name_at_hub(w) == "Old"
    w.app.edit(old, notes="read again")
    w.settle()
    card(w, "New", "2026-01-01")
    w.settle()
    assert name_at_hub(w) == "New"


def test_one_that_a_filter_keeps_back_is_neither_chosen_nor_takes_over(world: Make) -> None:
    w = a_world(world)
    SyncFilter.objects.create(
        sync=w.sync, side="app", groups=[[{"field": "last_name", "operator": "is", "value": "Byron"}]]
    )
    card(w, "Byron", "2024-01-01", last_name="Byron")
    card(w, "Other", "2025-01-01", last_name="King")
    w.initial()
    assert name_at_hub(w) == "Byron"
    late = card(w, "Latest", "2026-01-01", last_name="King")
    w.settle()
    assert name_at_hub(w) == "Byron"
    w.app.edit(late, last_name="Byron")
    w.settle()
    assert name_at_hub(w) == "Latest"


@pytest.mark.parametrize(("leaving", "name"), [("stop", "Earlier"), ("keep", "Renamed")])
def test_when_one_leaves_the_filter_and_stops_the_next_takes_its_place(world: Make, leaving: str, name: str) -> None:
    w = a_world(world, leaving=leaving)
    SyncFilter.objects.create(
        sync=w.sync, side="app", groups=[[{"field": "last_name", "operator": "is", "value": "Byron"}]]
    )
    card(w, "Earlier", "2024-01-01", last_name="Byron")
    late = card(w, "Late", "2025-01-01", last_name="Byron")
    w.initial()
    w.app.edit(late, first_name="Renamed", last_name="King")
    w.settle()
    assert name_at_hub(w) == name
    w.app.edit(late, first_name="Back", last_name="Byron")
    w.settle()
    assert name_at_hub(w) == "Back"
    assert w.counts() == {"insync": 1, "excluded": 1}


@pytest.mark.parametrize(
    ("able", "more"),
    [
        (Abilities(), {}),
        (TELLS, {"duplicates": "oldest"}),
        (TELLS, {"identifiers": [{"hub_field": "email", "app_field": "email", "strong": False}]}),
    ],
)
def test_else_the_one_that_syncs_stays(world: Make, able: Abilities, more: dict[str, Any]) -> None:
    """The app does not tell, the oldest is to sync, or the identifier is a weak one."""
    w = a_world(world, able, **more)
    card(w, "Old", "2025-01-01")
    w.initial()
    new = card(w, "New", "2026-01-01")
    w.settle()
    assert name_at_hub(w) == "Old"
    assert w.link(app_id=new).code == "SHARED_IDENTIFIER"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ADA  LOVELACE", "DUPLICATE_IN_SOURCE"),
        ("\uff21da\u3000Lovelace", "DUPLICATE_IN_SOURCE"),
        ("Bob", "SHARED_IDENTIFIER"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_the_others_tell_one_who_is_there_twice_from_several_who_share_an_address(
    world: Make, name: str, code: str, late: bool
) -> None:
    w = a_world(world)
    old = card(w, name, "2025-01-01")
    if late:
        w.initial()
    card(w, "Ada Lovelace", "2026-01-01")
    w.settle() if late else w.initial()
    assert w.link(app_id=old).code == code
    w.app.remove(w.link(hub_id__isnull=False).app_id)
    w.settle()
    assert name_at_hub(w) == name
