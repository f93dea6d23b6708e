"""The stand-in's Snov.io answers as the vendor's does, oddities included. Each test states one."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.standins.serving import control

TIMEOUT = 10


class Caller:
    """A client that knows nothing but addresses and a token."""

    def __init__(self, vendor: dict[str, Any]) -> None:
        self.vendor, self.base = vendor, vendor["api_url"]
        self.token = self.grant().json()["access_token"]

    def grant(self, **changes: str) -> requests.Response:
        form = {"grant_type": "client_credentials", "client_id": self.vendor["client_id"]}
        form |= {"client_secret": self.vendor["client_secret"], **changes}
        return requests.post(f"{self.base}/v1/oauth/access_token", data=form, timeout=TIMEOUT)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, self.base + path, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str, **params: Any) -> Any:
        return self.send("GET", path, params=params).json()

    def post(self, path: str, **body: Any) -> requests.Response:
        return self.send("POST", path, json=body)

    def add(self, **body: Any) -> requests.Response:
        return self.post("/v1/add-prospect-to-list", **body)


@pytest.fixture
def snovio(standins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Seeded records, no limit."""
    vendor = standins["snovio"]
    control(vendor, "reset")
    control(vendor, "settings", rate_limit=0, mode="strict")
    return vendor


@pytest.fixture
def api(snovio: dict[str, Any]) -> Caller:
    return Caller(snovio)


@pytest.fixture
def lists(api: Caller) -> list[int]:
    return [each["id"] for each in api.get("/v1/get-user-lists") if not each["isDeleted"]]


# -- tokens and limits ------------------------------------------------------------------------------------------------
def test_a_token_lasts_an_hour_and_keys_may_come_as_json(api: Caller) -> None:
    body = {"grant_type": "client_credentials", "client_id": api.vendor["client_id"]}
    body["client_secret"] = api.vendor["client_secret"]
    given = requests.post(f"{api.base}/v1/oauth/access_token", json=body, timeout=TIMEOUT).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)


def test_wrong_keys_are_401(api: Caller) -> None:
    answer = api.grant(client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_token_ends_after_its_time(api: Caller) -> None:
    control(api.vendor, "clock", advance=3601)
    assert api.send("GET", "/v1/get-balance").status_code == 401


@pytest.mark.parametrize("place", ["params", "data", "json"])
def test_the_token_may_come_in_query_or_body_even_of_a_get(api: Caller, place: str) -> None:
    options: dict[str, Any] = {place: {"access_token": api.token}}
    answer = requests.get(f"{api.base}/v1/get-balance", timeout=TIMEOUT, **options)
    assert answer.json()["data"]["balance"] == "25000.00"


def test_past_the_limit_the_answer_is_plain_text_and_token_calls_count(api: Caller) -> None:
    control(api.vendor, "settings", rate_limit=3)
    statuses = [api.grant().status_code, *(api.send("GET", "/v1/get-balance").status_code for _call in range(3))]
    assert statuses == [200, 200, 200, 429]
    refused = api.send("GET", "/v1/get-balance")
    assert "rate is limited" in refused.text
    assert refused.headers["Content-Type"].startswith("text/plain")
    assert "Retry-After" not in refused.headers
    control(api.vendor, "clock", advance=60)
    assert api.send("GET", "/v1/get-balance").status_code == 200


# -- lists and listing ------------------------------------------------------------------------------------------------
def test_lists_are_a_bare_array_with_deleted_ones_and_date_objects(api: Caller) -> None:
    found = api.get("/v1/get-user-lists")
    assert [each["isDeleted"] for each in found] == [False, False, False, True]
    assert [each["deletionDate"] for each in found[:3]] == [None] * 3
    assert set(found[3]["deletionDate"]) == {"date", "timezone_type", "timezone"}
    assert sum(each["contacts"] for each in found) > 50


def test_a_new_list_is_an_array_around_an_object(api: Caller) -> None:
    made = api.post("/v1/lists", name="New").json()
    assert made[0]["success"] is True
    assert made[0]["data"]["id"] in [each["id"] for each in api.get("/v1/get-user-lists")]


def test_a_listing_pages_by_number_and_shows_long_ids_names_and_emails_only(api: Caller, lists: list[int]) -> None:
    total = next(each["contacts"] for each in api.get("/v1/get-user-lists") if each["id"] == lists[0])
    rows: list[dict[str, Any]] = []
    for page in range(1, total // 20 + 2):
        answer = api.post("/v1/prospect-list", listId=lists[0], page=page, perPage=20).json()
        assert answer["list"]["contacts"] == total
        rows += answer["prospects"]
    assert len({row["id"] for row in rows}) == len(rows) == total
    assert {len(row["id"]) for row in rows} == {74}
    assert {key for row in rows for key in row} == {"id", "name", "firstName", "lastName", "emails"}


def test_a_page_of_more_than_5000_is_refused(api: Caller, lists: list[int]) -> None:
    assert api.post("/v1/prospect-list", listId=lists[0], page=1, perPage=5001).status_code == 400


@pytest.mark.parametrize("fault", ["drop", "repeat"])
def test_a_page_can_be_told_to_drop_or_repeat_a_row(api: Caller, lists: list[int], fault: str) -> None:
    control(api.vendor, "paging", **{fault: 1})
    rows = [
        row["id"]
        for page in (1, 2)
        for row in api.post("/v1/prospect-list", listId=lists[0], page=page, perPage=20).json()["prospects"]
    ]
    assert (len(rows), len(set(rows))) == ((39, 39) if fault == "drop" else (41, 40))


# -- one prospect -----------------------------------------------------------------------------------------------------
def first_row(api: Caller, list_id: int) -> dict[str, Any]:
    return api.post("/v1/prospect-list", listId=list_id, page=1, perPage=20).json()["prospects"][0]


def test_both_ids_find_a_prospect_and_the_answer_has_the_short_one(api: Caller, lists: list[int]) -> None:
    long = first_row(api, lists[0])["id"]
    found = api.post("/v1/get-prospect-by-id", id=long).json()["data"]
    assert found["id"].endswith("==")
    assert api.post("/v1/get-prospect-by-id", id=found["id"]).json()["data"] == found
    control(api.vendor, "settings", refuse_long_ids=True)
    assert api.post("/v1/get-prospect-by-id", id=long).json()["success"] is False


def test_a_prospect_that_is_not_there_is_200_with_errors_as_text(api: Caller) -> None:
    answer = api.post("/v1/get-prospects-by-email", email="x@y.example")
    assert answer.status_code == 200
    assert answer.json() == {"success": False, "errors": "Prospect with email 'x@y.example' not found"}


@pytest.mark.parametrize(("mode", "shown"), [("strict", False), ("rich", True)])
def test_emails_phones_and_custom_values_show_in_rich_mode_only(
    api: Caller, lists: list[int], mode: str, shown: bool
) -> None:
    control(api.vendor, "settings", mode=mode)
    email = first_row(api, lists[0])["emails"][0]["email"]
    found = api.post("/v1/get-prospects-by-email", email=email).json()["data"][0]
    assert ({"emails", "phones", "customFields"} <= set(found)) is shown
    assert {"id", "name", "industry", "country", "locality", "currentJob", "lists", "lastUpdateDate"} <= set(found)


def test_a_thin_profile_lacks_links_and_has_null_jobs(api: Caller, lists: list[int]) -> None:
    id = api.add(listId=lists[0], email="thin@example.com").json()["id"]
    found = api.post("/v1/get-prospect-by-id", id=id).json()["data"]
    assert "social" not in found
    assert found["currentJob"] is None


# -- the one write ----------------------------------------------------------------------------------------------------
def test_a_new_email_is_added(api: Caller, lists: list[int]) -> None:
    made = api.add(listId=lists[0], email="new@example.com", fullName="Mei Tanaka", country="Japan").json()
    assert (made["success"], made["added"], made["updated"]) == (True, True, False)
    found = api.post("/v1/get-prospect-by-id", id=made["id"]).json()["data"]
    assert (found["firstName"], found["lastName"], found["country"]) == ("Mei", "Tanaka", "Japan")


def test_an_email_of_the_same_list_is_422_unless_it_may_be_updated(api: Caller, lists: list[int]) -> None:
    api.add(listId=lists[0], email="new@example.com")
    again = api.add(listId=lists[0], email="NEW@example.com")
    assert again.status_code == 422
    assert again.json() == {
        "success": False,
        "added": False,
        "errors": "Prospect with same email already exists in your list",
    }
    assert api.add(listId=lists[0], email="new@example.com", updateContact=True).json()["updated"] is True
    control(api.vendor, "settings", same_list_always_422=True)
    assert api.add(listId=lists[0], email="new@example.com", updateContact=True).status_code == 422


def test_an_email_of_another_list_is_updated_there_and_stays_there(api: Caller, lists: list[int]) -> None:
    id = api.add(listId=lists[0], email="new@example.com").json()["id"]
    moved = api.add(listId=lists[1], email="new@example.com", updateContact=True, position="CEO").json()
    assert moved == {"success": True, "id": id, "added": False, "updated": True}
    found = api.post("/v1/get-prospect-by-id", id=id).json()["data"]
    assert [each["id"] for each in found["lists"]] == [lists[0]]
    assert found["currentJob"][0]["position"] == "CEO"


def test_duplicates_on_demand_give_one_address_several_profiles(api: Caller, lists: list[int]) -> None:
    first = api.add(listId=lists[0], email="new@example.com").json()["id"]
    second = api.add(listId=lists[1], email="new@example.com", createDuplicates=True).json()
    assert second["added"] is True
    found = api.post("/v1/get-prospects-by-email", email="new@example.com").json()["data"]
    assert {each["id"] for each in found} == {first, second["id"]}


def test_empty_values_clear_nothing(api: Caller, lists: list[int]) -> None:
    id = api.add(listId=lists[0], email="new@example.com", country="Japan").json()["id"]
    api.add(listId=lists[0], email="new@example.com", country="", updateContact=True)
    assert api.post("/v1/get-prospect-by-id", id=id).json()["data"]["country"] == "Japan"


@pytest.mark.parametrize(
    ("body", "status", "key", "words"),
    [
        ({"email": "nonsense"}, 400, "message", "cannot process this email"),
        ({}, 400, "message", "email field is required"),
        ({"email": "a@b.example", "country": "Narnia"}, 422, "errors", "Country"),
        ({"email": "a@b.example", "customFields": {"Nope": "1"}}, 400, "message", "Custom fields not found: Nope"),
        ({"email": "a@b.example", "customFields": {"Budget": "x"}}, 422, "errors", "must be a number"),
        ({"email": "a@b.example", "updateContact": True, "createDuplicates": True}, 400, "message", "together"),
    ],
)
def test_refusals_come_in_different_shapes(
    api: Caller, lists: list[int], body: dict[str, Any], status: int, key: str, words: str
) -> None:
    answer = api.add(listId=lists[0], **body)
    assert answer.status_code == status
    assert words in answer.json()[key]


def test_forms_carry_links_and_custom_fields_in_brackets(api: Caller, lists: list[int]) -> None:
    control(api.vendor, "settings", mode="rich")
    form = {"listId": lists[0], "email": "new@example.com", "customFields[Source]": "Fair", "phones[]": ["1", "2"]}
    form["socialLinks[linkedIn]"] = "https://linkedin.example/in/new"
    id = api.send("POST", "/v1/add-prospect-to-list", data=form).json()["id"]
    found = api.post("/v1/get-prospect-by-id", id=id).json()["data"]
    assert found["social"] == [{"type": "linkedIn", "link": "https://linkedin.example/in/new"}]
    assert (found["customFields"]["Source"], found["phones"]) == ("Fair", ["1", "2"])


def test_an_answer_can_be_lost_after_the_write_took_effect(api: Caller, lists: list[int]) -> None:
    control(api.vendor, "faults", fault="lost", match="add-prospect", next=1)
    with pytest.raises(requests.ConnectionError):
        api.add(listId=lists[0], email="new@example.com")
    assert api.post("/v1/get-prospects-by-email", email="new@example.com").json()["success"] is True


# -- the rest ---------------------------------------------------------------------------------------------------------
def test_custom_fields_are_a_bare_array_keyed_by_label(api: Caller) -> None:
    found = api.get("/v1/prospect-custom-fields")
    assert found[0] == {"key": "customFields['Source']", "label": "Source", "required": False, "type": "string"}
    assert [each["type"] for each in found] == ["string", "number", "date"]


def test_campaigns_name_their_list_and_times_are_unix_seconds(api: Caller, lists: list[int]) -> None:
    found = api.get("/v1/get-user-campaigns")
    assert [(each["list_id"], each["status"]) for each in found] == [(lists[2], "Active"), (lists[0], "Completed")]
    assert isinstance(found[0]["created_at"], int)


def test_recipients_activity_needs_a_range_of_at_most_31_days(api: Caller) -> None:
    path = f"/v2/campaigns/{api.get('/v1/get-user-campaigns')[0]['id']}/recipients-activity"
    long = api.send("GET", path, params={"dateFrom": "2026-01-01", "dateTo": "2026-02-02"})
    assert long.status_code == 400
    found = api.get(path, dateFrom="2026-01-01", dateTo="2026-02-01")
    assert found == {"data": [], "pagination": {"total": 0, "offset": 0, "limit": 100, "has_more": False}}


def test_the_do_not_email_list_takes_forms_only(api: Caller) -> None:
    refused = api.post("/v1/do-not-email-list", items=["a@b.example"])
    assert (refused.status_code, refused.json()["message"]) == (400, "Emails list is empty")
    taken = api.send("POST", "/v1/do-not-email-list", data={"items[]": ["a@b.example", "a@b.example"]})
    assert taken.json() == [{"success": True, "data": {"duplicates": []}}]
    assert api.get("/v2/blacklists")["data"][0]["total"] == 1
    assert api.send("GET", "/v1/do-not-email-list").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", "/v1/prospect-list", 405), ("GET", "/v2/get-balance", 403)],
)
def test_wrong_paths_methods_and_prefixes(api: Caller, method: str, path: str, status: int) -> None:
    answer = api.send(method, path)
    assert answer.status_code == status
    if status == 404:
        assert answer.json()["errors"]["title"] == "Sorry, but url or entity not found"


def test_there_is_no_way_to_delete_a_prospect(api: Caller, lists: list[int]) -> None:
    for path in ("/v1/delete-prospect", "/v1/prospects/1", "/v2/prospects/1"):
        assert api.send("DELETE", path).status_code == 404


def test_a_gateway_error_is_html(api: Caller) -> None:
    control(api.vendor, "faults", fault="status", status=502, next=1)
    answer = api.send("GET", "/v1/get-balance")
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (502, "text/html")


# -- webhooks ---------------------------------------------------------------------------------------------------------
class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it gets; answers with the server's ``status``."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()
        self.server.came.release()  # type: ignore[attr-defined]

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status, server.came = [], 200, threading.Semaphore(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def subscribe(api: Caller, receiver: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    return api.post("/v2/webhooks", event_object="campaign_reply", event_action="received", endpoint_url=url).json()[
        "data"
    ]


def answer_a_mail(api: Caller, lists: list[int]) -> int:
    prospect = api.add(listId=lists[0], email="new@example.com", updateContact=True).json()["id"]
    campaign = api.get("/v1/get-user-campaigns")[0]["id"]
    return control(api.vendor, "event", campaign=campaign, prospect=prospect, type="reply", subject="Hi")["webhooks"]


def test_webhooks_wrap_data_in_data(api: Caller, receiver: Any) -> None:
    made = subscribe(api, receiver)
    assert made["end_point"].endswith("/hook")
    assert made["status"] == "active"
    listed = api.get("/v2/webhooks")
    assert listed == {"data": [{"data": made}], "meta": {"webhooks_count": 1, "user_id": 9001}}
    off = api.send("PUT", f"/v2/webhooks/{made['id']}", json={"status": "deactivated"}).json()["data"]
    assert off["status"] == "deactivated"
    assert api.send("DELETE", f"/v2/webhooks/{made['id']}").json() == {"data": {"success": True}}
    assert api.send("DELETE", f"/v2/webhooks/{made['id']}").status_code == 404


def test_at_most_50_webhooks_and_only_known_events(api: Caller) -> None:
    body = {"event_object": "prospect", "event_action": "unsubscribed", "endpoint_url": "http://127.0.0.1:1/"}
    statuses = [api.post("/v2/webhooks", **body).status_code for _number in range(51)]
    assert statuses == [200] * 50 + [400]
    assert api.post("/v2/webhooks", **{**body, "event_action": "created"}).status_code == 400


def test_a_reply_is_delivered_unsigned_and_stands_in_the_activity(api: Caller, lists: list[int], receiver: Any) -> None:
    subscribe(api, receiver)
    assert answer_a_mail(api, lists) == 1
    assert receiver.came.acquire(timeout=TIMEOUT)
    headers, body = receiver.got[0]
    assert (body["event_object"], body["event_action"]) == ("campaign_reply", "received")
    assert body["data"]["prospect"]["email"] == "new@example.com"
    assert not [name for name in headers if "sign" in name.lower()]


def test_a_receiver_that_never_takes_it_is_switched_off_after_seven_tries(
    api: Caller, lists: list[int], receiver: Any
) -> None:
    receiver.status = 500
    subscribe(api, receiver)
    answer_a_mail(api, lists)
    assert all(receiver.came.acquire(timeout=30) for _try in range(7))
    for _look in range(200):
        if control(api.vendor, "webhooks")["idle"]:
            break
    assert api.get("/v2/webhooks")["data"][0]["data"]["status"] == "deactivated"
    assert len(receiver.got) == 7
    assert answer_a_mail(api, lists) == 0


# -- the person's side ------------------------------------------------------------------------------------------------
def test_a_person_changes_clears_moves_and_deletes(api: Caller, lists: list[int]) -> None:
    control(api.vendor, "settings", mode="rich")
    made = control(api.vendor, "records", create=[{"email": "p@example.com", "position": "CEO", "listId": lists[0]}])
    id = made["ids"][0]
    control(api.vendor, "records", edit=[{"id": id, "email": "q@example.com", "position": ""}])
    control(api.vendor, "records", move={"ids": [id], "list": lists[1]})
    found = api.post("/v1/get-prospect-by-id", id=id).json()["data"]
    assert found["emails"][0]["email"] == "q@example.com"
    assert not found["currentJob"]
    assert [each["id"] for each in found["lists"]] == [lists[1]]
    control(api.vendor, "records", delete=[id])
    assert api.post("/v1/get-prospect-by-id", id=id).json()["success"] is False


def test_the_pages_list_show_save_move_and_refuse(api: Caller, lists: list[int]) -> None:
    base = api.base
    made = requests.post(
        f"{base}/app/prospects/new", data={"email": "p@example.com", "listId": lists[0]}, timeout=TIMEOUT
    )
    assert made.ok
    id = api.post("/v1/get-prospects-by-email", email="p@example.com").json()["data"][0]["id"]
    assert "p@example.com" in requests.get(f"{base}/app/prospects?q=p@example.com", timeout=TIMEOUT).text
    requests.post(f"{base}/app/prospects/{id}", data={"email": "p@example.com", "firstName": "<b>"}, timeout=TIMEOUT)
    assert "&lt;b&gt;" in requests.get(f"{base}/app/prospects/{id}", timeout=TIMEOUT).text
    requests.post(f"{base}/app/prospects/{id}/do", data={"action": "move", "value": lists[1]}, timeout=TIMEOUT)
    assert api.post("/v1/get-prospect-by-id", id=id).json()["data"]["lists"][0]["id"] == lists[1]
    wrong = {"email": "p@example.com", "custom:Budget": "much"}
    assert requests.post(f"{base}/app/prospects/{id}", data=wrong, timeout=TIMEOUT).status_code == 422
    form = {"action": "rename_field", "id": "Source", "value": "Origin"}
    assert requests.post(f"{base}/app/settings", data=form, timeout=TIMEOUT).ok
    assert "Origin" in [each["label"] for each in api.get("/v1/prospect-custom-fields")]
    assert requests.get(f"{base}/app/", timeout=TIMEOUT).ok
