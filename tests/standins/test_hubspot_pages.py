"""The page where a person plays the other side. Every step works as a plain form."""

from typing import Any

import pytest
import requests

from tests.standins.serving import control


@pytest.fixture
def person(hubspot: dict[str, Any]) -> Any:
    """person(path or address, form) → the page after following redirects."""
    session = requests.Session()

    def visit(path: str, form: dict[str, str] | None = None) -> requests.Response:
        address = path if path.startswith("http") else hubspot["api_url"] + path
        return session.request("POST" if form is not None else "GET", address, data=form, timeout=10)

    return visit


RECORD = "/contacts/4242/record/0-1/{}"


def values(hubspot: dict[str, Any], id: int) -> dict[str, str]:
    found = control(hubspot, "list")["results"]
    return next(record["properties"] for record in found if record["id"] == str(id))


def test_the_list_is_paged_and_searchable(person: Any, hubspot: dict[str, Any]) -> None:
    total = len(control(hubspot, "list")["results"])
    first = person(hubspot["page_url"])
    assert f"1–50 of {total}" in first.text
    assert f"51–100 of {total}" in person(f"{hubspot['page_url']}?start=50").text
    email = values(hubspot, 901)["email"]
    found = person(f"{hubspot['page_url']}?q={email}")
    assert "1–1 of 1" in found.text
    assert RECORD.format(901) in found.text


def test_editing_keeps_what_was_typed_and_tells_what_is_wrong(person: Any, hubspot: dict[str, Any]) -> None:
    saved = person(RECORD.format(901), {"city": "Oslo <b>", "firstname": ""})
    assert "Saved." in saved.text
    assert "Oslo &lt;b&gt;" in saved.text
    assert values(hubspot, 901)["city"] == "Oslo <b>"
    assert "firstname" not in values(hubspot, 901)
    refused = person(RECORD.format(901), {"email": "nonsense", "city": "Rome"})
    assert refused.status_code == 422
    assert "nonsense is invalid" in refused.text
    assert 'value="Rome"' in refused.text
    assert values(hubspot, 901)["city"] == "Oslo <b>"


def test_a_person_can_move_the_lifecycle_stage_back(person: Any, hubspot: dict[str, Any]) -> None:
    person(RECORD.format(901), {"lifecyclestage": "customer"})
    person(RECORD.format(901), {"lifecyclestage": "lead"})
    assert values(hubspot, 901)["lifecyclestage"] == "lead"


def test_creating_archiving_and_restoring(person: Any, hubspot: dict[str, Any]) -> None:
    made = person(f"{hubspot['page_url']}/new", {"firstname": "Pia", "email": "pia@page.example"})
    id = made.url.partition("?")[0].rpartition("/")[2]
    assert values(hubspot, int(id))["firstname"] == "Pia"
    listed = person(f"{RECORD.format(id)}/do", {"action": "archive"})
    assert listed.url.startswith(hubspot["page_url"])
    assert f"#{id}" in person(f"{hubspot['page_url']}?group=archived").text
    restored = person(f"{RECORD.format(id)}/do", {"action": "restore"})
    assert restored.status_code == 200
    assert values(hubspot, int(id))["email"] == "pia@page.example"


def test_merging_leads_to_the_merged_record(person: Any, hubspot: dict[str, Any]) -> None:
    merged = person(f"{RECORD.format(901)}/do", {"action": "merge", "value": "902"})
    id = int(merged.url.partition("?")[0].rpartition("/")[2])
    assert id not in (901, 902)
    assert f"Contact {id}" in person(RECORD.format(id)).text
    wrong = person(f"{RECORD.format(id)}/do", {"action": "merge", "value": "77"})
    assert "There is no other contact with the ID 77." in wrong.text


@pytest.mark.parametrize(
    "path",
    [
        "/contacts/4242/record/0-1/5",
        "/contacts/1/objects/0-1",
        "/contacts/4242/objects/0-999",
        "/contacts/x/objects/0-1",
    ],
)
def test_what_does_not_exist_is_not_found(person: Any, path: str) -> None:
    assert person(path).status_code == 404


def test_records_are_associated_and_shown_with_their_neighbours(person: Any, hubspot: dict[str, Any]) -> None:
    company = control(hubspot, "records", type="companies", create=[{"name": "Tied Ltd"}])["created"][0]
    person(f"{RECORD.format(901)}/do", {"action": "associate", "value": f"companies {company} primary"})
    page = person(RECORD.format(901)).text
    assert f"company #{company} Tied Ltd" in page
    assert "(Primary)" in page
    person(f"{RECORD.format(901)}/do", {"action": "dissociate", "value": f"companies {company}"})
    assert "Tied Ltd" not in person(RECORD.format(901)).text
    assert (
        "There is no record" in person(f"{RECORD.format(901)}/do", {"action": "associate", "value": "companies 1"}).text
    )


@pytest.mark.parametrize("kind", ["0-2", "0-3", "0-5", "0-46"])
def test_every_kind_of_record_has_a_page(person: Any, kind: str) -> None:
    assert person(f"/contacts/4242/objects/{kind}").status_code == 200
    assert person(f"/contacts/4242/objects/{kind}/new").status_code == 200
