"""*Ask me*: the record page shows the fields that both sides changed, and an answer counts for what was shown."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Account, AuditEvent
from syncjobs.health import conflicts
from syncjobs.health.readable import Reader
from syncjobs.models import FieldMapping, RecordLink, Sync
from tests import factories

NAMES = {"firstName": "Ada", "lastName": "King"}, {"firstname": "Ada", "lastname": "Byron"}


@pytest.fixture
def sync(account: Account) -> Sync:
    found = factories.sync_of(account, {"review": 0}, winner="hub")
    FieldMapping.objects.filter(sync=found, app_field__in=["lastName", "phone"]).update(winner="ask")
    return found


def parked(sync: Sync, **more: Any) -> RecordLink:
    """Two sides that met: first names agree, last names differ and were never agreed on."""
    app, hub = NAMES
    values = {
        "app_now": app,
        "hub_now": hub,
        "app_seen": {"firstName": "Ada"},
        "hub_seen": {"firstname": "Ada"},
        "code": "CONFLICT_UNRESOLVED",
        "field": "lastname",
        "side": "",
        **more,
    }
    factories.link_of(sync, "review", **values)
    return RecordLink.objects.select_related("sync").latest("pk")


def waiting(link: RecordLink) -> list[str]:
    return [one.label for one in conflicts.of_link(link, Reader(link.sync))]


def page_of(client: Client, link: RecordLink) -> str:
    return str(client.get(reverse("syncjobs:record", args=[link.pk])).content.decode())


def answer(client: Client, link: RecordLink, page: str, side: str) -> str:
    stamp = re.search(r'name="stamp" value="(\w+)"', page)
    data = {"field": "lastname", "side": side, "stamp": stamp.group(1) if stamp else ""}
    done = client.post(reverse("syncjobs:keep", args=[link.pk]), data, follow=True)
    return str(done.content.decode())


def test_only_fields_that_differ_and_are_asked_about_wait(sync: Sync) -> None:
    assert waiting(parked(sync)) == ["Last name"]


def test_a_side_that_did_not_change_waits_for_nobody(sync: Sync) -> None:
    assert waiting(parked(sync, app_seen={"lastName": "King"}, hub_seen={"lastname": "King"})) == []


def test_a_blank_is_no_change_unless_it_may_erase(sync: Sync) -> None:
    link = parked(sync, app_now={"lastName": None})
    assert waiting(link) == []
    link.sync.clear_values = True
    assert waiting(link) == ["Last name"]


def test_other_reviews_have_nothing_to_choose(sync: Sync) -> None:
    assert waiting(parked(sync, code="AMBIGUOUS_MATCH")) == []


def test_the_page_offers_both_values(as_manager: Client, sync: Sync) -> None:
    page = page_of(as_manager, parked(sync))
    assert "Keep Snov.io's value" in page
    assert "Keep HubSpot's value" in page
    assert "“Last name” was changed at both sides" in page, "the field goes by its label"
    assert "Waits for you" in page


def test_an_answer_lets_the_record_go_on(as_manager: Client, sync: Sync) -> None:
    link = parked(sync)
    text = answer(as_manager, link, page_of(as_manager, link), "app")
    assert "“King” is kept and goes to HubSpot now" in text
    link.refresh_from_db()
    assert link.status == "pending"
    assert (link.hub_seen or {})["lastname"] == "Byron", "the hub counts as unchanged, so the kept value goes there"
    assert AuditEvent.objects.filter(verb="conflict.resolved").exists()


def test_values_that_changed_meanwhile_are_not_decided_on(as_manager: Client, sync: Sync) -> None:
    link = parked(sync)
    page = page_of(as_manager, link)
    RecordLink.objects.filter(pk=link.pk).update(hub_now={"firstname": "Ada", "lastname": "Lovelace"})
    assert "Nothing was changed" in answer(as_manager, link, page, "app")
    assert RecordLink.objects.get(pk=link.pk).status == "review"


def test_a_viewer_sees_the_values_and_no_button(as_viewer: Client, sync: Sync) -> None:
    page = page_of(as_viewer, parked(sync))
    assert "Which value is right?" in page
    assert "/keep/" not in page


def test_a_side_that_does_not_exist_is_refused(as_manager: Client, sync: Sync) -> None:
    assert as_manager.post(reverse("syncjobs:keep", args=[parked(sync).pk]), {"side": "both"}).status_code == 400
