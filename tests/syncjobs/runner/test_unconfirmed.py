"""A create without an answer that nothing identifies waits for a person, who can say either thing, and is taken at their word."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from integrations import errors
from portal.accounts.models import AuditEvent
from syncjobs.health import unconfirmed as page
from syncjobs.models import RecordLink, WriteIntent
from syncjobs.services import unconfirmed
from tests.syncjobs.runner.world import World

NOTE = "Met at the fair"


def lost(world: Callable[..., World], when: str) -> tuple[World, RecordLink]:
    """A hub record without an address, whose create got no answer. The app puts words of its own before notes, so that
    values do not tell either."""
    w = world(direction="to_app", email_only=False)
    w.app.rewrite = lambda name, value: f"Imported: {value}" if name == "notes" and value == NOTE else value
    w.hub.put({"first_name": "Ada", "notes": NOTE})
    w.app.fail("create", lambda: errors.NoAnswer("lost"), when=when)
    w.initial()
    w.settle()
    link = w.link(hub_id="1")
    assert (link.status, link.code, link.side) == ("review", "CREATE_UNCONFIRMED", "app")
    return w, link


def test_what_is_there_is_linked_and_not_made_again(world: Callable[..., World]) -> None:
    w, link = lost(world, "after")
    unconfirmed.link_to(link=link, remote_id="1", by=None)
    w.settle()
    assert w.counts() == {"insync": 1}
    assert w.link().app_id == "1"
    assert len(w.app.live()) == 1
    assert w.hub.live()["1"]["notes"] == NOTE, "what the app made of it is not taken for an edit"
    assert w.quiet_writes() == 0
    assert WriteIntent.objects.get().state == "done"


def test_what_is_not_there_is_made_again(world: Callable[..., World]) -> None:
    w, link = lost(world, "before")
    unconfirmed.create_again(link=link, by=None)
    w.settle()
    assert w.counts() == {"insync": 1}
    assert len(w.app.live()) == 1
    assert sorted(WriteIntent.objects.values_list("state", flat=True)) == ["dead", "done"]


def test_a_resync_alone_makes_nothing_twice(world: Callable[..., World]) -> None:
    w, _link = lost(world, "after")
    w.app.writes = 0
    unconfirmed.syncs.resync(sync=w.sync, by=None, status="review")
    w.settle()
    assert w.app.writes == 0
    assert w.link(hub_id="1").code == "CREATE_UNCONFIRMED"


def test_a_record_that_is_gone_by_then_is_asked_about_again(world: Callable[..., World]) -> None:
    w, link = lost(world, "after")
    unconfirmed.link_to(link=link, remote_id="99", by=None)
    w.settle()
    assert w.link(hub_id="1").code == "CREATE_UNCONFIRMED"
    assert WriteIntent.objects.get().found_id == ""


def test_the_second_of_two_answers_changes_nothing(world: Callable[..., World]) -> None:
    _w, link = lost(world, "before")
    unconfirmed.create_again(link=link, by=None)
    with pytest.raises(unconfirmed.NotWaiting):
        unconfirmed.link_to(link=link, remote_id="1", by=None)


def test_the_counterpart_of_another_record_is_not_taken_away(world: Callable[..., World]) -> None:
    w, link = lost(world, "before")
    pk = w.app.put({"email": "eve@example.com"})
    w.hub.put({"email": "eve@example.com"})
    w.settle()
    with pytest.raises(unconfirmed.TakenByAnother):
        unconfirmed.link_to(link=link, remote_id=pk, by=None)
    shown = page.of_link(link, pk)
    assert shown is not None
    assert [found.holder for found in shown.found] == [w.link(app_id=pk)]


# -- the page ------------------------------------------------------------------------------------------------------------
def test_the_page_offers_what_appeared_since(world: Callable[..., World], as_manager: Client) -> None:
    _w, link = lost(world, "after")
    html = as_manager.get(reverse("syncjobs:record", args=[link.pk])).content.decode()
    assert "Is it in Memory App?" in html
    assert f"Imported: {NOTE}" in html
    answer = as_manager.post(reverse("syncjobs:found", args=[link.pk]), {"id": "1"}, follow=True)
    assert "the two are compared now" in answer.content.decode()
    assert AuditEvent.objects.filter(verb="create.confirmed").exists()


@pytest.mark.parametrize("asked", ["7", "https://app.example/people/7/", "grace"])
def test_it_is_found_by_id_by_address_and_by_name(world: Callable[..., World], asked: str) -> None:
    w, link = lost(world, "before")
    w.app.put({"first_name": "Grace"}, id="7")
    if asked == "grace":
        w.poll()  # by name, only what we know
    calls = w.app.calls
    shown = page.of_link(link, asked)
    assert shown is not None
    assert [(found.id, found.label) for found in shown.found] == [("7", "Grace")]
    assert w.app.calls - calls <= 1


def test_an_app_that_is_down_is_said(world: Callable[..., World], as_manager: Client) -> None:
    w, link = lost(world, "before")
    w.app.fail("read", lambda: errors.Unavailable("Closed for lunch"))
    html = as_manager.get(reverse("syncjobs:record", args=[link.pk]), {"find": "7"}).content.decode()
    assert "could not be asked for this id: Closed for lunch" in html


def test_nothing_found_is_said(world: Callable[..., World], as_manager: Client) -> None:
    _w, link = lost(world, "before")
    html = as_manager.get(reverse("syncjobs:record", args=[link.pk]), {"find": "<7>"}).content.decode()
    assert "nothing under “&lt;7&gt;”" in html


def test_creating_again_says_so(world: Callable[..., World], as_manager: Client) -> None:
    _w, link = lost(world, "before")
    url = reverse("syncjobs:create_again", args=[link.pk])
    assert "is created again now" in as_manager.post(url, follow=True).content.decode()
    assert "waits for no answer any more" in as_manager.post(url, follow=True).content.decode()


@pytest.mark.parametrize("id", ["", " ", "x" * 201])
def test_an_id_that_cannot_be_one_is_refused(world: Callable[..., World], as_manager: Client, id: str) -> None:
    _w, link = lost(world, "before")
    assert as_manager.post(reverse("syncjobs:found", args=[link.pk]), {"id": id}).status_code == 400


def test_a_viewer_reads_the_reason_and_is_offered_nothing(world: Callable[..., World], as_viewer: Client) -> None:
    w, link = lost(world, "before")
    calls = w.app.calls
    html = as_viewer.get(reverse("syncjobs:record", args=[link.pk]), {"find": "7"}).content.decode()
    assert "Creation was not confirmed" in html
    assert "Create it again" not in html
    assert w.app.calls == calls
