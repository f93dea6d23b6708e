"""HubSpot's notifications at our door: only signed, fresh, small ones get in, and only as hints."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from integrations.connectors.hubspot.webhooks import hints, sign
from integrations.errors import Refused
from integrations.models import AppInstance, InstanceState
from integrations.records import Hint
from integrations.signals import hints_received
from portal.accounts.models import Account
from tests.contract.conftest import Control
from tests.integrations.server import Server

SECRET = "5ecre7-of-the-app"
PATH = "/hooks/hubspot/"
URL = f"http://127.0.0.1:8000{PATH}"


def event(**more: Any) -> dict[str, Any]:
    return {
        "objectId": 7001,
        "portalId": 4242,
        "subscriptionType": "contact.propertyChange",
        "propertyName": "firstname",
        "propertyValue": "Eve",
        "occurredAt": 1790000000000,
        "attemptNumber": 0,
    } | more


@pytest.fixture(autouse=True)
def _configured(settings: Any) -> None:
    settings.HUBSPOT_CLIENT_SECRET = SECRET


@pytest.fixture
def received() -> Iterator[list[tuple[str, Hint]]]:
    """(label of the instance, hint) of every hint that was handed over."""
    found: list[tuple[str, Hint]] = []

    def note(sender: Any, *, instance: AppInstance, hints: list[Hint], **more: Any) -> None:
        found.extend((instance.label, hint) for hint in hints)

    hints_received.connect(note)
    yield found
    hints_received.disconnect(note)


def instance(account: Account, label: str, portal: str = "4242", **more: Any) -> AppInstance:
    return AppInstance.objects.create(
        account=account, app_key="hubspot", label=label, way_in="oauth", remote_account_id=portal, **more
    )


def deliver(body: bytes, *, secret: str = SECRET, age: float = 0, url: str = URL, **headers: str) -> HttpResponse:
    stamp = str(int((time.time() - age) * 1000))
    signed = {"X-HubSpot-Signature-v3": sign("POST", url, body, stamp, secret), "X-HubSpot-Request-Timestamp": stamp}
    answer = Client(enforce_csrf_checks=True).post(
        PATH, body, content_type="application/json", headers=signed | headers
    )
    return answer  # type: ignore[return-value]


def test_a_signed_call_names_records_of_every_tenant_that_connected_the_account(
    account: Account, other_account: Account, received: list[tuple[str, Hint]]
) -> None:
    instance(account, "ours")
    instance(other_account, "theirs")
    instance(account, "another portal", "4243")
    instance(other_account, "gone", "4242", state=InstanceState.DISCONNECTED)
    assert deliver(json.dumps([event(), event(), event(objectId=7002)]).encode()).status_code == 204
    assert sorted((label, hint.id) for label, hint in received) == [
        ("ours", "7001"),
        ("ours", "7002"),
        ("theirs", "7001"),
        ("theirs", "7002"),
    ]
    assert {hint.kind for _label, hint in received} == {"contacts"}


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"secret": "wrong"}, 401),
        ({"age": 301}, 401),
        ({"age": -301}, 401),
        ({"url": "http://evil.example/hooks/hubspot/"}, 401),
        ({"X-HubSpot-Signature-v3": "not base64!"}, 401),
        ({"X-HubSpot-Signature-v3": ""}, 401),
        ({"X-HubSpot-Request-Timestamp": "soon"}, 401),
        ({"X-HubSpot-Request-Timestamp": "\u00b2"}, 401),
        ({"X-HubSpot-Request-Timestamp": "9" * 5000}, 401),
    ],
)
def test_what_hubspot_did_not_sign_is_refused(
    account: Account, received: list[tuple[str, Hint]], how: dict[str, Any], status: int
) -> None:
    instance(account, "ours")
    assert deliver(json.dumps([event()]).encode(), **how).status_code == status
    assert received == []


def test_a_changed_body_is_refused(account: Account) -> None:
    body = json.dumps([event()]).encode()
    signature = sign("POST", URL, body, str(int(time.time() * 1000)), SECRET)
    assert deliver(body.replace(b"7001", b"7002"), **{"X-HubSpot-Signature-v3": signature}).status_code == 401


def test_an_install_without_a_secret_believes_nobody(account: Account, settings: Any) -> None:
    settings.HUBSPOT_CLIENT_SECRET = ""
    assert deliver(json.dumps([event()]).encode(), secret="").status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"{}", b"[1]", b'[{"subscriptionType": "contact.creation", "objectId": 1}]']
)
def test_a_signed_call_that_makes_no_sense_is_refused(account: Account, body: bytes) -> None:
    assert deliver(body).status_code == 401


def test_a_huge_call_is_refused_unread(account: Account) -> None:
    assert deliver(b" " * 1_000_001).status_code == 413


def test_only_posts_to_apps_that_take_webhooks(db: None) -> None:
    assert Client().get(PATH).status_code == 405
    assert Client().post("/hooks/snovio/").status_code == 404
    assert Client().post("/hooks/nothing/").status_code == 404


def test_the_stand_ins_notifications_are_believed(
    server: Server, hubspot_standin: dict[str, Any], hubspot_control: Control
) -> None:
    """Signed by another implementation than ours."""
    address = f"{server.url}/hooks/hubspot/"
    hubspot_control("settings", webhook_url=address)
    try:
        made = hubspot_control("records", create=[{"email": "hook@example.com"}])["created"][0]
        until = time.monotonic() + 10
        while not server.asked and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        hubspot_control("settings", webhook_url="")
    asked = server.asked[0]
    secret = hubspot_standin["client_secret"]
    found = hints(method="POST", url=address, headers=asked.headers, body=asked.body, secret=secret)
    assert list(found) == [Hint("contacts", str(made), "4242")]


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({"subscriptionType": "contact.creation"}, {"7001"}),
        ({"subscriptionType": "contact.deletion"}, {"7001"}),
        ({"subscriptionType": "contact.privacyDeletion"}, {"7001"}),
        ({"subscriptionType": "contact.restore"}, {"7001"}),
        (
            {"subscriptionType": "contact.merge", "primaryObjectId": 1, "mergedObjectIds": [2, 3], "newObjectId": 4},
            {"7001", "1", "2", "3", "4"},
        ),
        ({"subscriptionType": "object.propertyChange", "objectTypeId": "0-1"}, {"7001"}),
        ({"subscriptionType": "", "eventType": "contact.creation"}, {"7001"}),
        ({"subscriptionType": "object.creation", "objectTypeId": "0-46"}, {"7001"}),
        ({"subscriptionType": "deal.propertyChange"}, {"7001"}),
        ({"subscriptionType": "conversation.creation"}, set()),
        ({"subscriptionType": "object.creation", "objectTypeId": "2-99"}, set()),
    ],
)
def test_which_records_an_event_names(more: dict[str, Any], ids: set[str]) -> None:
    assert {hint.id for hint in told(**more)} == ids


@pytest.mark.parametrize(
    ("more", "ends"),
    [
        (
            {"subscriptionType": "contact.associationChange", "associationType": "CONTACT_TO_COMPANY"},
            ("contacts", "companies"),
        ),
        ({"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_CONTACT"}, ("deals", "contacts")),
        (
            {
                "subscriptionType": "object.associationChange",
                "objectTypeId": "0-47",
                "associationType": "MEETING_EVENT_TO_TICKET",
            },
            ("meetings", "tickets"),
        ),
    ],
)
def test_a_changed_association_names_both_records(more: dict[str, Any], ends: tuple[str, str]) -> None:
    found = told(objectId=None, fromObjectId=7, toObjectId=8, associationRemoved=True, **more)
    assert {(hint.kind, hint.id) for hint in found} == {(ends[0], "7"), (ends[1], "8")}


def test_an_association_with_what_we_do_not_sync_names_one_record() -> None:
    found = told(
        subscriptionType="deal.associationChange", associationType="DEAL_TO_LINE_ITEM", fromObjectId=7001, toObjectId=8
    )
    assert {(hint.kind, hint.id) for hint in found} == {("deals", "7001")}


def told(**more: Any) -> list[Hint]:
    """The hints of one signed notification."""
    body, stamp = json.dumps([event(**more)]).encode(), str(int(time.time() * 1000))
    headers = {"X-HubSpot-Signature-v3": sign("POST", URL, body, stamp, SECRET), "X-HubSpot-Request-Timestamp": stamp}
    return list(hints(method="POST", url=URL, headers=headers, body=body, secret=SECRET))


def test_percent_encoded_characters_count_as_hubspot_decodes_them() -> None:
    body, stamp = b"[]", str(int(time.time() * 1000))
    signature = sign("POST", "https://example.com/hook?to=a@b", body, stamp, SECRET)
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
    assert (
        list(hints(method="POST", url="https://example.com/hook?to=a%40b", headers=headers, body=body, secret=SECRET))
        == []
    )
    with pytest.raises(Refused):
        hints(method="POST", url="https://example.com/hook?to=a%41b", headers=headers, body=body, secret=SECRET)
