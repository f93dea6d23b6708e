"""``python-snovio``, an independent client, against the stand-in: its address constant is all that changes.

It cannot take an answer that is a bare array (it calls ``pop`` on it), so those reads are checked for exactly that failure: the
stand-in must not be made friendlier than the vendor's documented answers.
"""

from typing import Any

import pytest

from tests.standins.serving import control

snovio_package = pytest.importorskip("snovio", reason="python-snovio is not installed (requirements/dev.in)")


@pytest.fixture
def snovio(standins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    vendor = standins["snovio"]
    control(vendor, "reset")
    control(vendor, "settings", rate_limit=0)
    return vendor


@pytest.fixture
def client(snovio: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(snovio_package, "SNOVIO_API_URL", f"{snovio['api_url']}/")
    return snovio_package.SnovioAPI(snovio["client_id"], snovio["client_secret"])


@pytest.fixture
def list_id(snovio: dict[str, Any]) -> int:
    return control(snovio, "lists")["lists"][0]["id"]


def test_it_gets_a_token_and_the_balance(client: Any) -> None:
    assert client.get_balance({})["data"]["balance"] == "25000.00"


def test_it_adds_a_prospect_form_encoded_and_finds_it(client: Any, list_id: int) -> None:
    made = client.add_prospect_to_list(
        {
            "email": "john.doe@example.com",
            "fullName": "John Doe",
            "firstName": "John",
            "lastName": "Doe",
            "country": "United States",
            "locality": "Woodbridge, New Jersey",
            "socialLinks[linkedIn]": "https://www.linkedin.com/in/johndoe/&social",
            "social[twitter]": "https://twitter.com/johndoe&social",
            "customFields[Source]": "Fair",
            "position": "Vice President of Sales",
            "companyName": "GoldenRule",
            "companySite": "https://goldenrule.com",
            "updateContact": 1,
            "listId": str(list_id),
        }
    )
    assert made["added"] is True
    found = client.get_prospect_by_id({"id": made["id"]})["data"]
    assert (found["name"], found["currentJob"][0]["companyName"]) == ("John Doe", "GoldenRule")
    assert found["social"][0]["type"] == "linkedIn"
    assert client.get_prospects_by_email({"email": "john.doe@example.com"})["data"][0]["id"] == made["id"]


def test_it_lists_prospects(client: Any, list_id: int) -> None:
    page = client.prospect_list({"listId": str(list_id), "page": 1, "perPage": 20})
    assert len(page["prospects"]) == 20
    long = page["prospects"][0]["id"]
    assert client.get_prospect_by_id({"id": long})["data"]["name"] == page["prospects"][0]["name"]


def test_a_prospect_that_is_not_there_is_an_answer_without_data(client: Any) -> None:
    answer = client.get_prospects_by_email({"email": "nobody@example.com"})
    assert answer == {"success": False, "errors": "Prospect with email 'nobody@example.com' not found"}


@pytest.mark.parametrize("name", ["get_user_lists", "prospect_custom_fields", "get_user_campaigns"])
def test_bare_arrays_are_bare_arrays(client: Any, name: str) -> None:
    with pytest.raises(TypeError, match="pop expected at most 1 argument"):
        getattr(client, name)({})


def test_a_new_list_is_wrapped_in_an_array(client: Any, snovio: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="pop expected at most 1 argument"):
        client.lists({"name": "Made by the client"})
    assert "Made by the client" in [each["name"] for each in control(snovio, "lists")["lists"]]


def test_it_renews_an_expired_token_by_itself(client: Any, snovio: dict[str, Any]) -> None:
    before = client.access_token
    control(snovio, "tokens", expire=True)
    assert client.get_prospects_by_email({"email": "nobody@example.com"})["success"] is False
    assert client.access_token != before


def test_wrong_keys_give_it_no_token(snovio: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snovio_package, "SNOVIO_API_URL", f"{snovio['api_url']}/")
    with pytest.raises(KeyError, match="access_token"):
        snovio_package.SnovioAPI(snovio["client_id"], "wrong")
