"""Two records that have only a name in common wait for a person, who says that they are one or two, and is asked once."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from integrations import errors
from integrations.records import Side
from portal.accounts.models import AuditEvent
from syncjobs.health import lists, numbers
from syncjobs.models import RecordLink, RunKind, ToldPair
from syncjobs.runner import slices
from syncjobs.services import runs, weak
from tests.syncjobs.runner.world import World

BY_NAME = [
    {"hub_field": "email", "app_field": "email", "strong": True},
    {"hub_field": "last_name", "app_field": "last_name", "strong": False},
]


def asked(world: Callable[..., World], n: int = 1, **settings: object) -> World:
    """``n`` names, each of a record at either side; their addresses differ."""
    w = world(identifiers=BY_NAME, **settings)
    for i in range(n):
        w.hub.put({"email": f"{i}@hub.example", "last_name": f"Acme {i}"})
        w.app.put({"email": f"{i}@app.example", "last_name": f"ACME {i}"})
    w.initial()
    assert w.counts() == {"review": 2 * n}
    return w


def say(w: World, *, same: bool) -> None:
    pairs = [(pair.hub.pk, pair.app.pk) for pair in weak.pairs(w.sync)]
    weak.say(sync=w.sync, told=pairs, same=same, by=None)


def test_two_that_are_one_are_linked(world: Callable[..., World]) -> None:
    w = asked(world)
    say(w, same=True)
    w.settle()
    assert w.counts() == {"insync": 1}
    assert (len(w.hub.live()), len(w.app.live())) == (1, 1)
    assert w.app.live()["1"]["email"] == "0@hub.example", "they are merged by the sync's rules"
    assert w.quiet_writes() == 0


def test_two_that_are_different_each_get_a_counterpart(world: Callable[..., World]) -> None:
    w = asked(world)
    say(w, same=False)
    w.settle()
    assert w.counts() == {"insync": 2}
    assert sorted(w.values(Side.HUB)) == sorted(w.values(Side.APP)) == ["0@app.example", "0@hub.example"]
    assert w.quiet_writes() == 0


def test_a_create_without_an_answer_is_not_taken_for_another_of_that_name(world: Callable[..., World]) -> None:
    """Two were told apart; the create of a counterpart did not arrive, and by its name the app finds the other one."""
    w = world(identifiers=BY_NAME[1:])
    w.hub.put({"email": "0@hub.example", "last_name": "Acme"})
    theirs = w.app.put({"email": "0@app.example", "last_name": "Acme"})
    w.initial()
    say(w, same=False)
    w.app.fail("create", lambda: errors.NoAnswer("lost"), when="before")
    w.hub.fail("create", lambda: errors.NoAnswer("lost"), when="before")
    w.settle()
    assert w.app.live() == {theirs: {"email": "0@app.example", "last_name": "Acme"}}
    assert w.counts() == {"review": 2}, "nobody but a person can tell"
    assert {link.code for link in RecordLink.objects.all()} == {"CREATE_UNCONFIRMED"}


def test_different_ones_stay_alone_where_nothing_may_be_made_and_are_not_asked_about_again(
    world: Callable[..., World],
) -> None:
    w = asked(world, direction="to_app")
    say(w, same=False)
    w.settle()
    assert w.counts() == {"insync": 1, "excluded": 1}
    w.app.edit("1", notes="changed")
    w.settle()
    assert w.link(app_id="1").code == "DIRECTION_ONE_WAY"


def test_a_third_of_that_name_is_asked_about(world: Callable[..., World]) -> None:
    """What was said holds for two records, not for the name."""
    w = asked(world, direction="to_app")
    w.hub.remove("1")
    w.settle()
    w.hub.put({"email": "new@hub.example", "last_name": "Acme 0"})
    w.settle()
    assert [pair.app.app_id for pair in weak.pairs(w.sync)] == ["1"]


@pytest.mark.parametrize("same", [True, False])
def test_an_answer_in_the_middle_of_a_run_makes_nothing_twice(world: Callable[..., World], same: bool) -> None:
    """After the run's match they would go straight to be written, as if nothing had their names."""
    w = asked(world)
    run = runs.start(sync=w.sync, kind=RunKind.INCREMENTAL)
    run.phase = "write"
    run.save(update_fields=["phase"])
    say(w, same=same)
    slices.run_slice(run.pk)
    w.settle()
    assert w.counts() == {"insync": 1 if same else 2}


def test_the_second_of_two_answers_changes_nothing(world: Callable[..., World]) -> None:
    w = asked(world)
    (pair,) = weak.pairs(w.sync)
    weak.say(sync=w.sync, told=[(pair.hub.pk, pair.app.pk)], same=True, by=None)
    with pytest.raises(weak.NotWaiting):
        weak.say(sync=w.sync, told=[(pair.hub.pk, pair.app.pk)], same=False, by=None)
    assert ToldPair.objects.get().same


def test_one_whose_name_has_changed_leaves_nothing_to_ask(world: Callable[..., World]) -> None:
    w = asked(world)
    w.hub.edit("1", last_name="Bolt")
    w.settle()
    assert list(weak.pairs(w.sync)) == []
    assert w.counts() == {"insync": 2}, "each has a counterpart of its own"


# -- the pages -----------------------------------------------------------------------------------------------------------
def test_the_record_page_shows_both_and_links_them(world: Callable[..., World], as_manager: Client) -> None:
    w = asked(world)
    for side in ("hub", "app"):
        link = w.link(**{f"{side}_id": "1"})
        html = as_manager.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
        assert "Are these two the same?" in html
        assert "0@hub.example" in html
        assert "0@app.example" in html
    (pair,) = weak.pairs(w.sync)
    sent = {"hub": pair.hub.pk, "app": pair.app.pk, "same": "yes"}
    answer = as_manager.post(reverse("syncjobs:weak_say", args=[w.sync.pk]), sent, follow=True)
    assert "Linked: the two are compared now." in answer.content.decode()
    assert AuditEvent.objects.filter(verb="match.confirmed").exists()
    again = as_manager.post(reverse("syncjobs:weak_say", args=[w.sync.pk]), sent, follow=True)
    assert "Nothing was changed" in again.content.decode()


def test_all_are_linked_only_after_a_look_at_their_number(world: Callable[..., World], as_manager: Client) -> None:
    w = asked(world, n=3)
    cards = as_manager.get(reverse("syncjobs:records", args=[w.sync.pk, "review"])).content.decode()
    url = reverse("syncjobs:weak", args=[w.sync.pk])
    assert url in cards
    page = as_manager.get(url).content.decode()
    assert "Link all 3 pairs" in page
    assert ToldPair.objects.count() == 0
    too_few = as_manager.post(url, {"n": "2"})
    assert too_few.status_code == 422
    assert "3 pairs wait now, not 2" in too_few.content.decode()
    assert ToldPair.objects.count() == 0
    as_manager.post(url, {"n": "3"})
    w.settle()
    assert w.counts() == {"insync": 3}


@pytest.mark.parametrize("sent", [{}, {"hub": "1", "app": "x", "same": "yes"}, {"hub": "1", "app": "1", "same": "so"}])
def test_an_answer_that_cannot_be_one_is_refused(
    world: Callable[..., World], as_manager: Client, sent: dict[str, str]
) -> None:
    w = asked(world)
    assert as_manager.post(reverse("syncjobs:weak_say", args=[w.sync.pk]), sent).status_code == 400


def test_a_viewer_sees_both_and_is_offered_nothing(world: Callable[..., World], as_viewer: Client) -> None:
    w = asked(world)
    html = as_viewer.get(reverse("syncjobs:record", args=[w.link(app_id="1").pk])).content.decode()
    assert "0@hub.example" in html
    assert "Different" not in html
    assert as_viewer.get(reverse("syncjobs:weak", args=[w.sync.pk])).status_code == 403


def test_a_question_counts_once_and_has_one_card(world: Callable[..., World], as_manager: Client) -> None:
    """Two records wait for each answer, and there is one thing to do."""
    w = asked(world, 3)
    assert numbers.of_syncs([w.sync])[w.sync.pk].review == 3
    address = reverse("syncjobs:records", args=[w.sync.pk, "review"])
    page = as_manager.get(address)
    ((group, _button, number, of_cause),) = page.context["cards"]
    assert (page.context["heading"], group.title, number) == ("3 to review", "Only a weak match", "3")
    rows = as_manager.get(of_cause).context["page"].rows
    assert {row.link.app_key for row in rows} == {f"{i}@app.example" for i in range(3)}
    answer = as_manager.post(reverse("syncjobs:resync", args=[w.sync.pk]), {"status": "review"}, follow=True)
    assert "3 records are tried again now." in answer.content.decode()


def test_a_record_that_waits_without_its_twin_is_counted_and_listed(world: Callable[..., World]) -> None:
    w = asked(world)
    RecordLink.objects.filter(app_key="0@app.example").update(app_key2="another name")
    assert numbers.of_syncs([w.sync])[w.sync.pk].review == 2
    assert len(lists.page(w.sync, lists.Query("review")).rows) == 2
