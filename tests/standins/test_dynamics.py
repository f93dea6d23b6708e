"""The stand-in for Dynamics 365: what a connector relies on when it reads and writes rows of the Web API."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.standins.dynamics.vendor import Dynamics
from tests.standins.dynamics_org import SHOWN, STRONG, Caller, afresh, bind, nobody, refusal, running


@pytest.fixture(scope="module")
def server() -> Iterator[Dynamics]:
    with running() as vendor:
        yield vendor


@pytest.fixture
def org(server: Dynamics) -> Caller:
    return Caller(afresh(server))


# -- who calls ---------------------------------------------------------------------------------------------------------------
def test_a_call_without_a_good_token_is_told_where_to_sign_in(org: Caller) -> None:
    answer = org.ask("GET", "WhoAmI", token="nonsense")
    assert answer.status_code == 401
    assert "authorization_uri=" in answer.headers["WWW-Authenticate"]


def test_a_token_opens_one_organisation(org: Caller, server: Dynamics) -> None:
    other = Caller(server, 1)
    assert org.get("WhoAmI")["OrganizationId"] == org.about["id"]
    assert other.get("WhoAmI")["OrganizationId"] == other.about["id"] != org.about["id"]
    assert other.ask("GET", "WhoAmI", token=org.about["token"]).status_code == 401


def test_too_many_calls_are_refused_with_a_time_to_wait(org: Caller, server: Dynamics) -> None:
    org.control("settings", limit_requests=2)
    answers = [org.ask("GET", "WhoAmI") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "1"
    assert refusal(answers[2]) == (429, "0x80072322")
    assert 0 < int(answers[2].headers["Retry-After"]) <= 301
    assert Caller(server, 1).ask("GET", "WhoAmI").status_code == 200, "each organisation has its own"
    org.control("clock", advance=301)
    assert org.ask("GET", "WhoAmI").status_code == 200


# -- reading -----------------------------------------------------------------------------------------------------------------
def test_pages_follow_the_next_link_and_none_is_doubled(org: Caller) -> None:
    whole = {row["contactid"] for row in org.get("contacts?$select=lastname")["value"]}
    found, link, pages = [], "contacts?$select=lastname", 0
    while link:
        page = org.get(link, Prefer="odata.maxpagesize=5")
        assert len(page["value"]) <= 5
        found += [row["contactid"] for row in page["value"]]
        link, pages = page.get("@odata.nextLink", ""), pages + 1
        assert not link or link.startswith(org.root)
    assert pages > 2
    assert len(found) == len(set(found))
    assert set(found) == whole


def test_a_row_that_goes_meanwhile_shifts_no_page(org: Caller) -> None:
    page = org.get("contacts?$select=lastname", Prefer="odata.maxpagesize=5")
    org.ask("DELETE", f"contacts({page['value'][0]['contactid']})")
    rest = org.get(page["@odata.nextLink"], Prefer="odata.maxpagesize=5000")["value"]
    assert len(rest) + 4 == len(org.get("contacts?$select=lastname")["value"])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("contacts?$skip=5", "not supported"),
        ("contacts?$select=lastname,shoesize", "Could not find a property named 'shoesize'"),
        ("contacts?$filter=shoesize eq 5", "Could not find a property named 'shoesize'"),
        ("contacts?$filter=lastname is 'x'", "Syntax error"),
        ("contacts?$select=parentcustomerid", "Could not find a property named"),  # lookups are _…_value
    ],
)
def test_a_question_that_makes_no_sense_is_refused(org: Caller, path: str, words: str) -> None:
    answer = org.ask("GET", path)
    assert refusal(answer) == (400, "0x80060888")
    assert words in answer.json()["error"]["message"]


def test_comparisons_ignore_case_and_quotes_are_doubled(org: Caller) -> None:
    id = org.made("contacts", lastname="O'Neill", emailaddress1="Eve@Example.com")
    for where in ("lastname eq 'o''neill'", "emailaddress1 eq 'eve@example.com'", f"contactid eq {id}"):
        assert [row["contactid"] for row in org.get(f"contacts?$select=lastname&$filter={where}")["value"]] == [id]
    listed = f'Microsoft.Dynamics.CRM.In(PropertyName=\'contactid\',PropertyValues=["{id}","{nobody()}"])'
    assert len(org.get(f"contacts?$filter={listed}")["value"]) == 1


def test_what_is_not_selected_does_not_come_but_key_and_etag_do(org: Caller) -> None:
    id = org.made("contacts", lastname="Lee", jobtitle="Cook")
    [row] = org.get(f"contacts?$select=jobtitle&$filter=contactid eq {id}")["value"]
    assert row.keys() == {"contactid", "jobtitle", "@odata.etag"}


def test_an_unchanged_row_is_not_sent_again_unless_annotations_are_asked_for(org: Caller) -> None:
    id = org.made("contacts", lastname="Lee")
    etag = org.row("contacts", id)["@odata.etag"]
    assert org.ask("GET", f"contacts({id})", If_None_Match=etag).status_code == 304
    notes = 'odata.include-annotations="*"'
    assert org.ask("GET", f"contacts({id})", If_None_Match=etag, Prefer=notes).status_code == 200
    assert org.ask("GET", f"contacts({id})", If_None_Match="null").status_code == 200
    org.ask("PATCH", f"contacts({id})", {"lastname": "Leigh"})
    assert org.ask("GET", f"contacts({id})", If_None_Match=etag).status_code == 200


def test_annotations_tell_labels_and_what_a_lookup_points_to(org: Caller) -> None:
    acme = org.made("accounts", name="Acme")
    id = org.made("contacts", lastname="Lee", **{"parentcustomerid_account@odata.bind": bind("accounts", acme)})
    row = org.get(f"contacts({id})", Prefer='odata.include-annotations="*"')
    assert row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert row["_parentcustomerid_value@OData.Community.Display.V1.FormattedValue"] == "Acme"
    assert row["statuscode@OData.Community.Display.V1.FormattedValue"] == "Active"
    assert "@Microsoft" not in "".join(org.row("contacts", id))


# -- writing -----------------------------------------------------------------------------------------------------------------
def test_a_new_row_is_named_in_a_header_or_shown_where_asked(org: Caller) -> None:
    answer = org.ask("POST", "contacts", {"lastname": "Lee"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["OData-EntityId"].startswith(f"{org.root}/contacts(")
    shown = org.ask("POST", "contacts?$select=lastname", {"lastname": "Lee"}, **SHOWN)
    assert (shown.status_code, shown.json()["lastname"]) == (201, "Lee")
    assert shown.headers["Preference-Applied"] == "return=representation"


def test_a_row_of_ones_own_id_is_made_once(org: Caller) -> None:
    id = nobody()
    assert org.made("contacts", contactid=id, lastname="Lee") == id
    assert refusal(org.ask("POST", "contacts", {"contactid": id, "lastname": "Lee"})) == (412, "0x80040237")


def test_a_patch_makes_what_is_not_there_unless_it_is_told_not_to(org: Caller) -> None:
    id = nobody()
    assert refusal(org.ask("PATCH", f"contacts({id})", {"lastname": "Lee"}, **STRONG)) == (404, "0x80040217")
    assert org.ask("PATCH", f"contacts({id})", {"lastname": "Lee"}).status_code == 204
    assert org.row("contacts", id)["lastname"] == "Lee"
    assert refusal(org.ask("PATCH", f"contacts({id})", {"lastname": "Leigh"}, If_None_Match="*")) == (412, "0x80040237")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_version_that_is_not_the_last_one_is_refused(org: Caller, method: str) -> None:
    id = org.made("contacts", lastname="Lee")
    etag = org.row("contacts", id)["@odata.etag"]
    org.ask("PATCH", f"contacts({id})", {"lastname": "By hand"})
    body = {"lastname": "Ours"} if method == "PATCH" else None
    assert refusal(org.ask(method, f"contacts({id})", body, If_Match=etag)) == (412, "0x80060882")
    held = org.row("contacts", id)
    assert held["lastname"] == "By hand"
    assert org.ask(method, f"contacts({id})", body, If_Match=held["@odata.etag"]).status_code == 204


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"shoesize": 5}, "0x80048d19", "Invalid property 'shoesize'"),
        ({"_parentcustomerid_value": nobody()}, "0x80048d19", "Invalid property"),
        ({"parentcustomerid@odata.bind": "/accounts(x)"}, "0x80048d19", "An undeclared property 'parentcustomerid'"),
        ({"ParentCustomerId_Account@odata.bind": "/accounts(x)"}, "0x80048d19", "An undeclared property"),
        ({"gendercode": "Male"}, "0x80048d19", "Cannot convert the literal 'Male'"),
        ({"donotemail": "yes"}, "0x80048d19", "Cannot convert"),
        ({"gendercode": 99}, "0x8004431A", "outside the valid range"),
        ({"firstname": "x" * 51}, "0x80044331", "maximum allowed length of '50'"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_made(
    org: Caller, values: dict[str, Any], code: str, words: str
) -> None:
    before = len(org.get("contacts?$select=lastname")["value"])
    answer = org.ask("POST", "contacts", {"lastname": "Lee", **values})
    assert refusal(answer) == (400, code)
    assert words in answer.json()["error"]["message"]
    assert len(org.get("contacts?$select=lastname")["value"]) == before


def test_a_lookup_of_several_tables_holds_one_row(org: Caller) -> None:
    acme, boss = org.made("accounts", name="Acme"), org.made("contacts", lastname="Boss")
    id = org.made("contacts", lastname="Lee", **{"parentcustomerid_account@odata.bind": bind("accounts", acme)})
    org.ask("PATCH", f"contacts({id})", {"parentcustomerid_contact@odata.bind": bind("contacts", boss)})
    assert org.row("contacts", id)["_parentcustomerid_value"] == boss
    missing = {"parentcustomerid_account@odata.bind": bind("accounts", nobody())}
    assert refusal(org.ask("PATCH", f"contacts({id})", missing)) == (404, "0x80040217")
    org.ask("PATCH", f"contacts({id})", {"parentcustomerid_contact@odata.bind": None})
    assert org.row("contacts", id)["_parentcustomerid_value"] is None


def test_an_alternate_key_finds_and_forbids(org: Caller) -> None:
    org.control("columns", type="contacts", lines=["new_ref|String|Reference|max=100"])
    assert refusal(org.ask("GET", "contacts(new_ref='a')"))[0] == 400, "it is no key yet"
    org.control("keys", type="contacts", key=["new_ref"])
    assert refusal(org.ask("GET", "contacts(new_ref='a')")) == (404, "0x80060891")
    id = org.made("contacts", lastname="Lee", new_ref="a")
    assert org.get("contacts(new_ref='a')")["contactid"] == id
    assert refusal(org.ask("POST", "contacts", {"lastname": "Lee", "new_ref": "a"})) == (412, "0x80060892")


def test_a_merged_row_stays_inactive_and_names_the_other(org: Caller) -> None:
    kept, lost = org.made("contacts", lastname="Kept"), org.made("contacts", lastname="Lost")
    task = org.made("tasks", subject="Call", **{"regardingobjectid_contact@odata.bind": bind("contacts", lost)})
    rows = [{"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": id} for id in (kept, lost)]
    assert org.ask("POST", "Merge", {"Target": rows[0], "Subordinate": rows[1]}).status_code == 204
    held = org.row("contacts", lost)
    assert (held["merged"], held["_masterid_value"], held["statecode"]) == (True, kept, 1)
    assert org.row("tasks", task)["_regardingobjectid_value"] == kept


def test_writes_are_counted_by_table_and_reads_are_not(org: Caller) -> None:
    id = org.made("contacts", lastname="Lee")
    org.ask("PATCH", f"contacts({id})", {"firstname": "x" * 51})  # refused, and a write all the same
    org.row("contacts", id)
    deal = org.made("opportunities", name="Big")
    close = {"subject": "Won", "opportunityid@odata.bind": bind("opportunities", deal)}
    org.ask("POST", "WinOpportunity", {"OpportunityClose": close, "Status": 3})
    org.control("records", type="contacts", edit=[{"id": id, "lastname": "By hand"}])
    assert org.control("writes") == {"contacts": 2, "opportunities": 2}
