"""The stand-in for Dynamics 365: change tracking, states and status reasons, and the sign-in service."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.standins.dynamics.entra import s256
from integrations.standins.dynamics.vendor import Dynamics
from tests.standins.dynamics_org import STRONG, Caller, afresh, bind, refusal, running

TRACK = {"Prefer": "odata.track-changes,odata.maxpagesize=5000"}
DAY = 86_400


@pytest.fixture(scope="module")
def server() -> Iterator[Dynamics]:
    with running() as vendor:
        yield vendor


@pytest.fixture
def org(server: Dynamics) -> Caller:
    return Caller(afresh(server))


# -- change tracking ---------------------------------------------------------------------------------------------------------
def test_the_first_link_comes_after_a_list_of_everything(org: Caller) -> None:
    first = org.ask("GET", "contacts?$select=lastname", **TRACK)
    assert "odata.track-changes" in first.headers["Preference-Applied"]
    said = first.json()
    assert len(said["value"]) == len(org.get("contacts")["value"])
    quiet = org.get(said["@odata.deltaLink"])
    assert quiet["value"] == []
    assert quiet["@odata.context"].endswith("/$delta")
    assert quiet["@odata.deltaLink"]


def test_a_link_tells_what_changed_and_then_what_was_deleted(org: Caller) -> None:
    edited, gone = org.made("contacts", lastname="Edited"), org.made("contacts", lastname="Gone")
    link = org.get("contacts?$select=lastname", **TRACK)["@odata.deltaLink"]
    new, brief = org.made("contacts", lastname="New"), org.made("contacts", lastname="Brief")
    org.ask("PATCH", f"contacts({edited})", {"jobtitle": "Cook"})
    for id in (gone, brief):
        org.ask("DELETE", f"contacts({id})")
    said = org.get(link)
    assert [row.get("contactid") for row in said["value"]] == [new, edited, None, None]
    assert [(row["id"], row["reason"]) for row in said["value"][2:]] == [(gone, "deleted"), (brief, "deleted")]
    assert all(row["@odata.context"].endswith("/$deletedEntity") for row in said["value"][2:])
    assert org.get(said["@odata.deltaLink"])["value"] == []


def test_a_long_delta_comes_in_pages(org: Caller) -> None:
    link = org.get("contacts?$select=lastname", **TRACK)["@odata.deltaLink"]
    made = [org.made("contacts", lastname=f"New {n}") for n in range(7)]
    found: list[str] = []
    while link:
        said = org.get(link, Prefer="odata.maxpagesize=3")
        found += [row["contactid"] for row in said["value"]]
        link = said.get("@odata.nextLink", "")
    assert found == made
    assert said["@odata.deltaLink"]


def test_a_link_is_good_for_seven_days(org: Caller) -> None:
    link = org.get("contacts?$select=lastname", **TRACK)["@odata.deltaLink"]
    org.control("clock", advance=7 * DAY - 60)
    assert org.ask("GET", link).status_code == 200
    org.control("clock", advance=120)
    assert refusal(org.ask("GET", link)) == (410, "0x80044352")


@pytest.mark.parametrize("option", ["$filter=lastname eq 'x'", "$orderby=lastname", "$top=5", "$expand=x"])
def test_tracking_takes_no_other_question(org: Caller, option: str) -> None:
    assert org.ask("GET", f"contacts?$select=lastname&{option}", **TRACK).status_code == 400


def test_a_table_without_tracking_says_so(org: Caller) -> None:
    org.control("settings", untracked="contact")
    assert refusal(org.ask("GET", "contacts?$select=lastname", **TRACK)) == (400, "0x80072491")
    tables = org.get("EntityDefinitions?$select=LogicalName&$filter=ChangeTrackingEnabled eq true")["value"]
    assert "contact" not in {table["LogicalName"] for table in tables}
    assert org.ask("GET", "accounts?$select=name", **TRACK).status_code == 200


# -- state and status reason -------------------------------------------------------------------------------------------------
def close(member: str, lookup: str, kind: str, id: str, status: int, **more: Any) -> dict[str, Any]:
    return {member: {"subject": "Done", f"{lookup}@odata.bind": bind(kind, id), **more}, "Status": status}


def state(org: Caller, kind: str, id: str) -> tuple[int, int]:
    row = org.row(kind, id)
    return row["statecode"], row["statuscode"]


@pytest.mark.parametrize(
    ("kind", "values", "born"),
    [
        ("contacts", {"lastname": "x"}, (0, 1)),
        ("tasks", {"subject": "x"}, (0, 2)),
        ("appointments", {"subject": "x"}, (3, 5)),
    ],
)
def test_a_new_row_is_in_its_first_state(org: Caller, kind: str, values: Any, born: tuple[int, int]) -> None:
    assert state(org, kind, org.made(kind, **values)) == born


def test_a_row_cannot_begin_closed(org: Caller) -> None:
    closed = {"lastname": "x", "statecode": 1, "statuscode": 2}
    assert refusal(org.ask("POST", "contacts", closed)) == (400, "0x80048408")
    assert refusal(org.ask("POST", "tasks", {"subject": "x", "statuscode": 5})) == (400, "0x80048408")


def test_a_status_belongs_to_one_state(org: Caller) -> None:
    id = org.made("tasks", subject="x")
    mixed = org.ask("PATCH", f"tasks({id})", {"statecode": 0, "statuscode": 5}, **STRONG)
    assert refusal(mixed) == (400, "0x80048408")
    assert org.ask("PATCH", f"tasks({id})", {"statecode": 1, "statuscode": 5}, **STRONG).status_code == 204
    assert state(org, "tasks", id) == (1, 5)


def test_a_closed_row_takes_no_change_until_it_is_opened(org: Caller) -> None:
    id = org.made("tasks", subject="x")
    org.ask("PATCH", f"tasks({id})", {"statecode": 1, "statuscode": 5})
    assert refusal(org.ask("PATCH", f"tasks({id})", {"subject": "y"}, **STRONG)) == (400, "0x80040230")
    assert org.ask("PATCH", f"tasks({id})", {"statecode": 0, "statuscode": 2}, **STRONG).status_code == 204
    assert org.ask("PATCH", f"tasks({id})", {"subject": "y"}, **STRONG).status_code == 204


def test_a_deal_is_won_and_lost_by_actions_alone(org: Caller) -> None:
    id = org.made("opportunities", name="Big")
    assert org.ask("PATCH", f"opportunities({id})", {"statecode": 1, "statuscode": 3}, **STRONG).status_code == 400
    body = close("OpportunityClose", "opportunityid", "opportunities", id, 5)
    assert refusal(org.ask("POST", "WinOpportunity", body)) == (400, "0x80048408"), "5 is lost"
    assert org.ask("POST", "LoseOpportunity", body).status_code == 204
    assert state(org, "opportunities", id) == (2, 5)
    assert refusal(org.ask("POST", "LoseOpportunity", body)) == (400, "0x80040516")
    org.ask("PATCH", f"opportunities({id})", {"statecode": 0, "statuscode": 1})
    won = close("OpportunityClose", "opportunityid", "opportunities", id, 3, actualend="2025-02-03", actualrevenue=7)
    assert org.ask("POST", "WinOpportunity", won).status_code == 204
    row = org.row("opportunities", id)
    assert (row["statecode"], row["actualclosedate"], row["actualvalue"]) == (1, "2025-02-03", 7)


def test_a_case_has_a_customer_and_is_resolved_by_an_action(org: Caller) -> None:
    answer = org.ask("POST", "incidents", {"title": "x"})
    assert "should specify a parent contact or account" in answer.json()["error"]["message"]
    person = org.made("contacts", lastname="Lee")
    customer = {"customerid_contact@odata.bind": bind("contacts", person)}
    beside = {"primarycontactid@odata.bind": bind("contacts", person)}
    assert org.ask("POST", "incidents", {"title": "x", **customer, **beside}).status_code == 400
    id = org.made("incidents", title="x", **customer)
    body = close("IncidentResolution", "incidentid", "incidents", id, 5)
    assert org.ask("POST", "CloseIncident", body).status_code == 204
    assert state(org, "incidents", id) == (1, 5)


def test_newer_environments_close_by_an_update_too(org: Caller) -> None:
    org.control("settings", state_patch=True)
    id = org.made("opportunities", name="Big")
    assert org.ask("PATCH", f"opportunities({id})", {"statecode": 1, "statuscode": 3}, **STRONG).status_code == 204


# -- signing in --------------------------------------------------------------------------------------------------------------
VERIFIER = "v" * 64
BACK = "http://127.0.0.1:9/callback/"


def consented(org: Caller) -> dict[str, str]:
    """The form that redeems the code of somebody who pressed Accept."""
    entra = org.vendor.entra
    asked = {
        "client_id": entra.client_id, "response_type": "code", "redirect_uri": BACK, "state": "s",
        "scope": f"{org.about['url']}/.default offline_access", "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256", "decision": "allow",
    }  # fmt: skip
    address = f"{org.vendor.base}/organizations/oauth2/v2.0/authorize"
    answer = requests.post(address, data=asked, allow_redirects=False, timeout=10)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["s"]
    return {"grant_type": "authorization_code", "code": query["code"][0], "redirect_uri": BACK,
            "client_id": entra.client_id, "client_secret": entra.client_secret, "code_verifier": VERIFIER}  # fmt: skip


def redeemed(org: Caller, **form: str) -> requests.Response:
    return requests.post(f"{org.vendor.base}/organizations/oauth2/v2.0/token", data=form, timeout=10)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_verifier": "another"}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/elsewhere/"}, "invalid_grant"),
        ({"client_secret": "guessed"}, "invalid_client"),
        ({"client_id": "stranger"}, "unauthorized_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_only_for_the_app_that_asked(org: Caller, wrong: dict[str, str], error: str) -> None:
    answer = redeemed(org, **{**consented(org), **wrong})
    assert answer.json()["error"] == error
    assert "AADSTS" in answer.json()["error_description"]
    assert "access_token" not in answer.text


def test_a_code_is_good_once_and_an_access_token_for_an_hour(org: Caller) -> None:
    form = consented(org)
    token = redeemed(org, **form).json()["access_token"]
    assert redeemed(org, **form).json()["error"] == "invalid_grant"
    assert org.ask("GET", "WhoAmI", token=token).status_code == 200
    org.control("clock", advance=3600)
    assert org.ask("GET", "WhoAmI", token=token).status_code == 401


def test_a_refresh_brings_a_new_refresh_token(org: Caller) -> None:
    form = consented(org)
    first = redeemed(org, **form).json()
    again = {**form, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = redeemed(org, **again).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert org.ask("GET", "WhoAmI", token=second["access_token"]).status_code == 200
    org.control("tokens", revoke=True)
    assert redeemed(org, **again).json()["error"] == "invalid_grant"
