"""Each safeguard is needed: without it, a promise breaks. The list is in safeguards.py."""

from collections.abc import Callable

import pytest

from tests.syncjobs.proof.safeguards import SAFEGUARDS, Safeguard
from tests.syncjobs.proof.universe import Broken, Universe

Make = Callable[..., Universe]


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda one: one.name)
def test_with_the_safeguard_every_promise_holds(universe: Make, safeguard: Safeguard) -> None:
    safeguard.story(universe)


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda one: one.name)
def test_without_the_safeguard_a_promise_breaks(
    universe: Make, safeguard: Safeguard, monkeypatch: pytest.MonkeyPatch
) -> None:
    safeguard.off(monkeypatch)
    with pytest.raises(Broken):
        safeguard.story(universe)
