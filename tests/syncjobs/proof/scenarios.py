"""Tiny stories, told up to the point where one run has everything to do. The sweep stops that run at every single step."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side
from tests.syncjobs.proof.universe import Universe

Make = Callable[..., Universe]
CAREFUL = Abilities(conditional_writes=True)


@dataclass(frozen=True)
class Scenario:
    """``prepare`` tells the story so far; ``act`` starts the run that is swept."""

    name: str
    prepare: Callable[[Make], Universe]
    act: Callable[[Universe], None] = Universe.poll

    def __str__(self) -> str:
        return self.name


def _one_way(make: Make) -> Universe:
    u = make(direction="to_app", app_unique=False)
    u.put(Side.HUB, email="ada@example.com", first_name="Ada")
    u.put(Side.APP, email="bob@example.com", first_name="Bob")
    return u


def _both_ways(make: Make) -> Universe:
    u = make(hub_unique=False, app_unique=False)
    u.put(Side.HUB, email="ada@example.com", first_name="Ada")
    u.put(Side.APP, email="Ada@Example.com", last_name="Lovelace")
    u.put(Side.APP, email="bob@example.com", first_name="Bob")
    return u


def _together(make: Make, **settings: object) -> tuple[Universe, str, str]:
    u = make(hub=CAREFUL, app=CAREFUL, **settings)
    hub = u.put(Side.HUB, email="ada@example.com", first_name="Ada")
    u.initial()
    assert hub is not None
    return u, hub, next(iter(u.peers[Side.APP].live()))


def _update(make: Make) -> Universe:
    u, hub, _ = _together(make)
    u.edit(Side.HUB, hub, first_name="Augusta")
    return u


def _conflict(make: Make) -> Universe:
    u, hub, app = _together(make, winner="app")
    u.edit(Side.HUB, hub, first_name="Augusta", last_name="King")
    u.edit(Side.APP, app, first_name="Gussie", notes="met in May")
    return u


def _delete(make: Make) -> Universe:
    u, hub, _ = _together(make, when_deleted_in_hub="delete")
    u.remove(Side.HUB, hub)
    return u


def _lost_answer(make: Make) -> Universe:
    u = make(app_unique=False)
    u.put(Side.HUB, email="ada@example.com", first_name="Ada")

    def lose() -> None:
        raise errors.NoAnswer("lost")

    u.once("app.create.after", lose)
    u.initial()
    return u


SCENARIOS = [
    Scenario("create one way", _one_way, Universe.initial),
    Scenario("create both ways, one of them at both sides", _both_ways, Universe.initial),
    Scenario("update", _update),
    Scenario("conflict", _conflict),
    Scenario("delete", _delete),
    Scenario("lost answer", _lost_answer),
]
