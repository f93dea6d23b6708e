"""The stand-in for Dynamics 365: batches, change sets and bulk messages."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import requests

from integrations.standins.dynamics.vendor import Dynamics
from integrations.standins.web import encode
from tests.standins.dynamics_org import Caller, afresh, bind, refusal, running

GOES_ON = "odata.continue-on-error"
Asked = tuple[str, str, Any]
"""(method, address below the root, body)"""


@pytest.fixture(scope="module")
def server() -> Iterator[Dynamics]:
    with running(8) as vendor:
        yield vendor


@pytest.fixture
def org(server: Dynamics) -> Caller:
    return Caller(afresh(server))


def part(asked: Asked, content_id: str = "") -> str:
    method, path, body = asked
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {content_id}\r\n" if content_id else ""
    address = path if path.startswith("$") else f"/api/data/v9.2/{path}"
    own = "Content-Type: application/json; type=entry\r\n" if body is not None else ""
    return f"{head}\r\n{method} {address} HTTP/1.1\r\n{own}\r\n{encode(body) if body is not None else ''}\r\n"


def change_set(*asked: Asked, numbered: bool = True) -> str:
    parts = "".join(f"--set\r\n{part(each, str(n) if numbered else '')}" for n, each in enumerate(asked, 1))
    return f"Content-Type: multipart/mixed; boundary=set\r\n\r\n{parts}--set--\r\n"


def send(org: Caller, parts: Sequence[str], prefer: str = "") -> requests.Response:
    body = "".join(f"--b\r\n{each}" for each in parts) + "--b--\r\n"
    more = {"Prefer": prefer} if prefer else {}
    return org.ask("POST", "$batch", body.encode(), Content_Type='multipart/mixed; boundary="b"', **more)


def statuses(answer: requests.Response) -> list[int]:
    return [int(found) for found in re.findall(r"HTTP/1\.1 (\d+)", answer.text)]


def names(org: Caller) -> set[str]:
    return {row["lastname"] for row in org.get("contacts?$select=lastname")["value"]}


GOOD: Asked = ("POST", "contacts", {"lastname": "Good"})
BAD: Asked = ("POST", "contacts", {"firstname": "x" * 51})
ALSO: Asked = ("POST", "contacts", {"lastname": "Also"})


def test_a_batch_that_goes_on_answers_each_part_for_itself(org: Caller) -> None:
    answer = send(org, [part(GOOD), part(BAD), part(("GET", "contacts?$top=1", None)), part(ALSO)], GOES_ON)
    assert answer.status_code == 200
    assert statuses(answer) == [204, 400, 200, 204]
    assert "0x80044331" in answer.text
    assert {"Good", "Also"} <= names(org)


def test_a_batch_stops_at_the_first_error_and_keeps_what_was_done(org: Caller) -> None:
    answer = send(org, [part(GOOD), part(BAD), part(ALSO)])
    assert answer.status_code == 400
    assert statuses(answer) == [204, 400]
    assert "Good" in names(org)
    assert "Also" not in names(org)


def test_a_change_set_happens_whole_or_not_at_all(org: Caller) -> None:
    answer = send(org, [change_set(GOOD, BAD), part(ALSO)], GOES_ON)
    assert statuses(answer) == [400, 204]
    assert "Good" not in names(org)
    assert "Also" in names(org)
    assert statuses(send(org, [change_set(GOOD, ALSO)], GOES_ON)) == [204, 204]


def test_a_change_that_a_set_takes_back_leaves_the_row_as_it_was(org: Caller) -> None:
    id = org.made("contacts", lastname="Lee", jobtitle="Cook")
    send(org, [change_set(("PATCH", f"contacts({id})", {"jobtitle": "Chef"}), BAD)], GOES_ON)
    assert org.row("contacts", id)["jobtitle"] == "Cook"


def test_a_request_of_a_set_can_mean_what_an_earlier_one_made(org: Caller) -> None:
    person = {"lastname": "Lee", "parentcustomerid_account@odata.bind": "$1"}
    asked = (("POST", "accounts", {"name": "Acme"}), ("POST", "contacts", person), ("PATCH", "$1", {"fax": "1"}))
    assert statuses(send(org, [change_set(*asked)])) == [204, 204, 204]
    [acme] = [row for row in org.get("accounts?$select=name,fax")["value"] if row["name"] == "Acme"]
    assert acme["fax"] == "1"
    tied = f"contacts?$select=lastname&$filter=_parentcustomerid_value eq {acme['accountid']}"
    assert [row["lastname"] for row in org.get(tied)["value"]] == ["Lee"]


def test_what_a_set_must_not_hold(org: Caller) -> None:
    for bad, words in (
        (change_set(("POST", "contacts", {"lastname": "x", "parentcustomerid_account@odata.bind": "$2"})), "'$2'"),
        (change_set(("GET", "contacts", None)), "must not hold GET"),
    ):
        answer = send(org, [bad], GOES_ON)
        assert statuses(answer) == [400]
        assert words in answer.text
    answer = send(org, [change_set(GOOD, numbered=False)])
    assert refusal(answer) == (400, "0x80060888")
    assert "Content-ID is missing" in answer.text


def test_a_thousand_requests_fit_and_one_more_does_not(org: Caller) -> None:
    look = part(("GET", "WhoAmI", None))
    assert statuses(send(org, [look] * 1000)) == [200] * 1000
    assert send(org, [look] * 1001).status_code == 400


def test_a_batch_is_one_call_of_the_limit(org: Caller) -> None:
    org.control("settings", limit_requests=1)
    assert statuses(send(org, [part(GOOD), part(ALSO)])) == [204, 204]
    assert refusal(send(org, [part(GOOD)])) == (429, "0x80072322")


# -- bulk messages -----------------------------------------------------------------------------------------------------------
TYPE = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}


def test_a_bulk_message_does_all_or_nothing(org: Caller) -> None:
    path = "contacts/Microsoft.Dynamics.CRM.CreateMultiple"
    rows = [{**TYPE, "lastname": name} for name in ("One", "Two")]
    made = org.ask("POST", path, {"Targets": rows}).json()["Ids"]
    assert [org.row("contacts", id)["lastname"] for id in made] == ["One", "Two"]
    bad = [{**TYPE, "lastname": "Three"}, {**TYPE, "firstname": "x" * 51}]
    assert refusal(org.ask("POST", path, {"Targets": bad})) == (400, "0x80044331")
    assert "Three" not in names(org)
    assert refusal(org.ask("POST", path, {"Targets": [{"lastname": "Untyped"}]})) == (400, "0x80048d19")


def test_many_rows_are_changed_by_their_keys(org: Caller) -> None:
    ids = [org.made("contacts", lastname=name) for name in ("One", "Two")]
    rows = [{**TYPE, "contactid": id, "jobtitle": "Cook"} for id in ids]
    assert org.ask("POST", "contacts/Microsoft.Dynamics.CRM.UpdateMultiple", {"Targets": rows}).status_code == 204
    assert {org.row("contacts", id)["jobtitle"] for id in ids} == {"Cook"}


def test_participants_are_replaced_as_a_whole(org: Caller) -> None:
    people = [org.made("contacts", lastname=name) for name in ("Ann", "Bob")]
    parties = [{"partyid_contact@odata.bind": bind("contacts", id), "participationtypemask": 2} for id in people]
    call = org.made("phonecalls", subject="Hi", phonecall_activity_parties=parties[:1])
    assert org.ask("PUT", f"phonecalls({call})/phonecall_activity_parties", {"value": parties[1:]}).status_code == 204
    expand = "phonecall_activity_parties($select=_partyid_value,participationtypemask)"
    [row] = org.get(f"phonecalls?$filter=activityid eq {call}&$expand={expand}")["value"]
    assert [party["_partyid_value"] for party in row["phonecall_activity_parties"]] == [people[1]]
