"""Histories that once broke a promise, in the fewest steps."""

from collections.abc import Callable

from integrations import errors
from integrations.connectors.base import Abilities
from integrations.records import Side
from syncjobs.models import RecordLink
from tests.syncjobs.proof.safeguards import LONG, ada, cutting, look, lose
from tests.syncjobs.proof.scenarios import CAREFUL, _together
from tests.syncjobs.proof.universe import Universe

Make = Callable[..., Universe]
HUB, APP = Side.HUB, Side.APP


def test_a_record_that_nothing_identifies_is_not_copied_back_when_the_answer_to_its_create_is_lost(
    universe: Make,
) -> None:
    u = universe(email_only=False)
    u.put(HUB, first_name="Ada")
    u.once("app.create.after", lose)
    u.initial()
    u.check()
    assert len(u.peers[HUB].live()) == len(u.peers[APP].live()) == 1


def test_a_create_sent_again_with_a_new_address_is_looked_up_by_that_one(universe: Make) -> None:
    u = ada(universe)
    u.once("app.create.before", lose)
    u.initial()
    u.edit(HUB, "1", email="lovelace@example.com")
    u.hint(HUB, "1")
    u.once("app.create.after", lose)
    look(u, 60)
    look(u, 60)
    look(u, 60)
    u.check()
    assert len(u.peers[APP].live()) == 1


def test_a_value_that_went_back_while_its_write_had_no_answer_goes_back_everywhere(universe: Make) -> None:
    u, hub, app = _together(universe)
    u.edit(HUB, hub, first_name="Augusta")
    u.once("app.update.after", lose)
    u.poll()
    u.edit(HUB, hub, first_name="Ada")
    u.check()
    assert u.peers[APP].live()[app]["first_name"] == u.peers[HUB].live()[hub]["first_name"] == "Ada"


def test_a_moved_version_is_read_and_merged_and_not_sent_again_for_ever(universe: Make) -> None:
    u, hub, app = _together(universe)
    u.edit(HUB, hub, first_name="Augusta")
    u.once("app.update.before", lambda: u.edit(APP, app, last_name="King"))
    u.peers[APP].log.clear()
    u.poll()
    assert [verb for verb, _ in u.peers[APP].log if verb in ("update", "read")] == ["update", "read", "update"]
    u.check()


def test_a_retry_that_is_refused_for_good_is_not_tried_again(universe: Make) -> None:
    u = ada(universe)
    app = u.peers[APP]
    app.refuse = lambda values: errors.Locked("busy")
    u.initial()
    app.refuse = lambda values: errors.Refused("no", code="VALUE_TOO_LONG", field="first_name")
    u.poll()
    assert sum(verb == "create" for verb, _ in app.log) == 2
    u.check()


def test_an_address_that_was_given_up_is_free_again(universe: Make) -> None:
    u, hub, _ = _together(universe)
    u.edit(HUB, hub, email="lovelace@example.com")
    u.poll()
    u.put(APP, email="ada@example.com", first_name="Another")
    u.poll()
    u.check()
    assert RecordLink.objects.filter(sync=u.sync, status="insync").count() == 2


def test_a_cut_value_in_a_field_that_was_blank_before_never_goes_back(universe: Make) -> None:
    u, hub, _ = _together(universe, winner="app")
    cutting(u)
    u.edit(HUB, hub, notes=LONG)
    u.once("app.update.after", u.kill)
    u.poll()
    u.check()
    assert u.peers[HUB].live()[hub]["notes"] == LONG


def test_a_listing_that_lags_does_not_undo_what_we_wrote(universe: Make) -> None:
    u = ada(universe, app=Abilities(visibility_lag=30, conditional_writes=CAREFUL.conditional_writes))
    u.initial()
    u.wait(100)
    u.run()
    u.edit(HUB, "1", first_name="Augusta")
    u.run()
    u.wait(5)
    u.run()
    assert u.peers[HUB].live()["1"]["first_name"] == "Augusta"
    u.check()


def test_a_deleted_record_whose_last_update_got_no_answer_comes_to_rest(universe: Make) -> None:
    u = ada(universe, app=Abilities(change_feed=False, sees_deletions=False))
    u.initial()
    u.edit(HUB, "1", first_name="Augusta")
    u.once("app.update.after", lose)
    u.poll()
    u.remove(HUB, "1")
    u.check()
    assert RecordLink.objects.get(sync=u.sync).code == "DELETED_IN_HUB"
