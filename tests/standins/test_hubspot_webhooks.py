"""Notifications of the HubSpot stand-in, received by a small server and checked with HubSpot's own package."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from tests.standins.serving import control

signature = pytest.importorskip("hubspot.utils.signature", reason="hubspot-api-client is not installed")


class Receiver:
    """Keeps each call; answers the statuses of ``answers`` first, then 200."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/hubspot/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, body in self.calls for event in json.loads(body)]


@pytest.fixture
def receiver(hubspot: dict[str, Any]) -> Iterator[Receiver]:
    found = Receiver()
    control(hubspot, "settings", webhook_url=found.url)
    yield found
    found.server.shutdown()
    found.server.server_close()


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is so, at most ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def settled(hubspot: dict[str, Any]) -> None:
    eventually(lambda: control(hubspot, "webhooks")["idle"])


def test_the_published_v2_example_holds() -> None:
    """HubSpot's own numbers, through HubSpot's own package: the check that our reading of it is right."""
    found = signature.Signature.get_signature(
        client_secret="yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
        request_body="",
        signature_version="v2",
        http_uri="https://www.example.com/webhook_uri",
        http_method="GET",
    )
    assert found == "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"


def test_calls_are_signed_v3_and_v1(hubspot: dict[str, Any], receiver: Receiver) -> None:
    control(hubspot, "records", create=[{"firstname": "Zoë", "email": "z@hook.example"}])
    eventually(lambda: bool(receiver.calls))
    headers, body = receiver.calls[0]
    assert signature.Signature.is_valid(
        signature=headers["X-HubSpot-Signature-v3"],
        client_secret=hubspot["client_secret"],
        request_body=body.decode(),
        http_uri=receiver.url,
        http_method="POST",
        signature_version="v3",
        timestamp=headers["X-HubSpot-Request-Timestamp"],
    )
    assert signature.Signature.is_valid(
        signature=headers["X-HubSpot-Signature"],
        client_secret=hubspot["client_secret"],
        request_body=body.decode(),
        signature_version="v1",
    )


def test_what_a_person_does_is_told(hubspot: dict[str, Any], receiver: Receiver) -> None:
    control(hubspot, "records", edit=[{"id": 901, "city": "Oslo"}], delete=[902])
    control(hubspot, "records", restore=[902], merge=[[903, 904]], erase=[905])
    settled(hubspot)
    told = {event["subscriptionType"]: event for event in receiver.events}
    assert set(told) >= {
        "contact.propertyChange", "contact.deletion", "contact.restore", "contact.merge", "contact.privacyDeletion",
    }  # fmt: skip
    change = told["contact.propertyChange"]
    assert (change["objectId"], change["propertyName"], change["propertyValue"]) == (901, "city", "Oslo")
    assert (change["portalId"], change["changeSource"], change["attemptNumber"]) == (4242, "CRM_UI", 0)
    merge = told["contact.merge"]
    assert (merge["primaryObjectId"], merge["mergedObjectIds"]) == (903, [904])
    assert merge["newObjectId"] == merge["objectId"]


def test_an_association_is_told_from_both_ends(hubspot: dict[str, Any], receiver: Receiver) -> None:
    note = control(hubspot, "records", type="notes", create=[{"hs_timestamp": "2026-05-01T08:30:00Z"}])["created"][0]
    control(hubspot, "records", type="notes", associate=[[note, "contacts", 901]])
    settled(hubspot)
    told = {event["subscriptionType"]: event for event in receiver.events if "associationType" in event}
    assert set(told) == {"object.associationChange", "contact.associationChange"}
    assert told["object.associationChange"]["objectTypeId"] == "0-46"
    assert told["contact.associationChange"]["associationType"] == "CONTACT_TO_NOTE"
    assert {event["changeSource"] for event in told.values()} == {"CRM_UI"}


def test_changes_made_through_the_api_are_told_too(hubspot: dict[str, Any], receiver: Receiver) -> None:
    requests.post(
        f"{hubspot['api_url']}/crm/objects/2026-03/contacts",
        json={"properties": {"lastname": "Echo"}},
        headers={"Authorization": f"Bearer {hubspot['token']}"},
        timeout=10,
    )
    eventually(lambda: bool(receiver.calls))
    assert {event["changeSource"] for event in receiver.events} == {"INTEGRATION"}


def test_calls_hold_at_most_100_notifications(hubspot: dict[str, Any], receiver: Receiver) -> None:
    control(hubspot, "records", create=[{"lastname": f"Many {number}"} for number in range(130)])
    settled(hubspot)
    sizes = [len(json.loads(body)) for _, body in receiver.calls]
    assert max(sizes) == 100
    assert sum(event["subscriptionType"] == "contact.creation" for event in receiver.events) == 130


def test_only_properties_with_a_subscription_are_told(hubspot: dict[str, Any], receiver: Receiver) -> None:
    control(hubspot, "settings", webhook_properties="email,phone")
    control(hubspot, "records", edit=[{"id": 901, "city": "Oslo", "phone": "+47 1"}])
    settled(hubspot)
    assert [event["propertyName"] for event in receiver.events] == ["phone"]


def test_a_refused_call_is_repeated(hubspot: dict[str, Any], receiver: Receiver) -> None:
    receiver.answers = [500, 404]
    control(hubspot, "records", delete=[901])
    eventually(lambda: len(receiver.calls) == 3)
    assert [event["attemptNumber"] for event in receiver.events] == [0, 1, 2]
    settled(hubspot)


def test_calls_can_be_doubled(hubspot: dict[str, Any], receiver: Receiver) -> None:
    control(hubspot, "webhooks", duplicate=1)
    control(hubspot, "records", delete=[901])
    settled(hubspot)
    assert [event["objectId"] for event in receiver.events] == [901, 901]
