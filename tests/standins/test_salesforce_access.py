"""The Salesforce stand-in's sign-in: what a connector relies on, and what it must not take for granted."""

from typing import Any

import pytest
import requests

from tests.standins.salesforce_org import (
    BACK,
    VERIFIER,
    VERSION,
    SalesforceOrg,
    asked,
    decide,
    error,
    signed_in,
    token,
)
from tests.standins.serving import control


def refresh(about: dict[str, Any], refresh_token: str, url: str = "") -> requests.Response:
    return token(about, url=url, grant_type="refresh_token", refresh_token=refresh_token)


class TestConsent:
    def test_a_person_sees_who_may_be_chosen(self, salesforce: dict[str, Any]) -> None:
        shown = requests.get(
            f"{salesforce['login_url']}/services/oauth2/authorize", params=asked(salesforce), timeout=10
        )
        assert "Northwind Trading" in shown.text
        assert "Southgate Foods" in shown.text

    def test_the_code_comes_back_with_the_state(self, salesforce: dict[str, Any]) -> None:
        assert decide(salesforce).keys() == {"code", "state"}

    def test_who_denies_gives_no_code(self, salesforce: dict[str, Any]) -> None:
        back = decide(salesforce, "deny")
        assert (back["error"], back["state"]) == ("access_denied", "s1")

    @pytest.mark.parametrize(
        "wrong", [{"client_id": "x"}, {"response_type": "token"}, {"redirect_uri": "http://elsewhere.example/"}]
    )
    def test_a_wrong_request_is_shown_and_not_redirected(
        self, salesforce: dict[str, Any], wrong: dict[str, str]
    ) -> None:
        form = asked(salesforce) | {"decision": "allow"} | wrong
        answer = requests.post(
            f"{salesforce['login_url']}/services/oauth2/authorize", data=form, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 400

    def test_at_the_address_of_an_org_it_is_for_that_org(self, salesforce: dict[str, Any]) -> None:
        second = salesforce["organisations"][1]
        given = signed_in(salesforce, url=second["url"])
        assert given["instance_url"] == second["url"]


class TestToken:
    def test_it_names_the_org_and_no_end(self, salesforce: dict[str, Any]) -> None:
        given = signed_in(salesforce, organisation="1")
        org = salesforce["organisations"][1]
        assert given["instance_url"] == org["url"] != salesforce["login_url"]
        assert "expires_in" not in given
        assert isinstance(given["issued_at"], str)
        assert given["issued_at"].isdigit()
        assert given["id"].split("/")[-2:] == [org["id"], org["user"]]

    def test_it_opens_the_org_and_no_other(self, salesforce: dict[str, Any]) -> None:
        org = SalesforceOrg(salesforce)
        org.token = signed_in(salesforce)["access_token"]
        assert org.call("GET", "/limits").status_code == 200
        org.url = salesforce["organisations"][1]["url"]
        assert error(org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")

    def test_the_sign_in_address_has_no_data(self, org: SalesforceOrg) -> None:
        org.url = org.about["login_url"]
        assert org.call("GET", "/limits").status_code == 404

    def test_a_code_is_good_once(self, salesforce: dict[str, Any]) -> None:
        form = {"grant_type": "authorization_code", "code": decide(salesforce)["code"], "redirect_uri": BACK,
                "code_verifier": VERIFIER}  # fmt: skip
        assert token(salesforce, **form).status_code == 200
        again = token(salesforce, **form)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [({"code_verifier": "other"}, "invalid_grant"), ({"redirect_uri": BACK + "x"}, "redirect_uri_mismatch"),
         ({"client_secret": "x"}, "invalid_client"), ({"client_id": "x"}, "invalid_client_id"),
         ({"grant_type": "password"}, "unsupported_grant_type")],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused(self, salesforce: dict[str, Any], wrong: dict[str, str], code: str) -> None:
        form = {"grant_type": "authorization_code", "code": decide(salesforce)["code"], "redirect_uri": BACK,
                "code_verifier": VERIFIER} | wrong  # fmt: skip
        answer = token(salesforce, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, code)

    def test_who_did_not_ask_for_it_gets_no_refresh_token(self, salesforce: dict[str, Any]) -> None:
        assert "refresh_token" not in signed_in(salesforce, scope="api")


class TestRefresh:
    def test_the_refresh_token_stays(self, salesforce: dict[str, Any]) -> None:
        given = signed_in(salesforce)
        again = refresh(salesforce, given["refresh_token"]).json()
        assert again["access_token"] != given["access_token"]
        assert "refresh_token" not in again
        assert refresh(salesforce, given["refresh_token"]).status_code == 200

    def test_with_rotation_the_old_one_is_dead(self, salesforce: dict[str, Any]) -> None:
        control(salesforce, "settings", refresh_tokens_once=True)
        given = signed_in(salesforce)
        again = refresh(salesforce, given["refresh_token"]).json()
        assert again["refresh_token"] != given["refresh_token"]
        late = refresh(salesforce, given["refresh_token"])
        assert late.json() == {"error": "invalid_grant", "error_description": "expired access/refresh token"}

    def test_the_org_s_own_address_refreshes_and_revokes(self, salesforce: dict[str, Any]) -> None:
        given = signed_in(salesforce)
        url = given["instance_url"]
        assert refresh(salesforce, given["refresh_token"], url).status_code == 200
        revoked = requests.post(f"{url}/services/oauth2/revoke", data={"token": given["refresh_token"]}, timeout=10)
        assert revoked.status_code == 200
        assert refresh(salesforce, given["refresh_token"]).json()["error"] == "invalid_grant"

    def test_revoking_ends_the_session(self, org: SalesforceOrg) -> None:
        given = signed_in(org.about)
        org.token = given["access_token"]
        assert org.call("GET", "/limits").status_code == 200
        requests.post(f"{org.url}/services/oauth2/revoke", data={"token": given["refresh_token"]}, timeout=10)
        assert error(org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")

    def test_a_user_who_left_cannot_refresh(self, org: SalesforceOrg) -> None:
        given = signed_in(org.about)
        org.by_hand("User", edit=[{"Id": org.about["organisations"][0]["user"], "IsActive": False}])
        answer = refresh(org.about, given["refresh_token"])
        assert (answer.status_code, answer.json()["error"]) == (400, "inactive_user")

    def test_trouble_has_two_shapes(self, salesforce: dict[str, Any]) -> None:
        given = signed_in(salesforce)
        control(salesforce, "tokens", trouble="rate_limit_exceeded")
        answer = refresh(salesforce, given["refresh_token"])
        assert (answer.status_code, answer.json()["error"]) == (400, "rate_limit_exceeded")
        control(salesforce, "faults", fault="status", status=403, match="/oauth2/token", next=1)
        assert error(refresh(salesforce, given["refresh_token"])) == (403, "REQUEST_LIMIT_EXCEEDED")

    def test_an_org_that_moved_says_so_in_the_next_token(self, org: SalesforceOrg) -> None:
        given = signed_in(org.about)
        org.token = given["access_token"]
        moved = org.control("move")["url"]
        assert moved != org.url
        assert error(org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")
        again = refresh(org.about, given["refresh_token"], given["instance_url"]).json()
        assert again["instance_url"] == moved
        org.url, org.token = moved, again["access_token"]
        assert org.call("GET", "/limits").status_code == 200


class TestSession:
    def test_it_ends_without_notice(self, org: SalesforceOrg) -> None:
        org.token = signed_in(org.about)["access_token"]
        org.control("clock", advance=7201)
        answer = org.call("GET", "/sobjects/Contact/describe")
        assert answer.status_code == 401
        assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]

    def test_some_refusals_are_no_reason_to_renew(self, org: SalesforceOrg) -> None:
        org.control("tokens", refusal="This session is not valid for use with the REST API")
        answer = org.call("GET", "/limits")
        assert answer.status_code == 401
        assert answer.json()[0]["message"] == "This session is not valid for use with the REST API"
        org.control("tokens", refusal="")
        assert org.call("GET", "/limits").status_code == 200

    def test_it_says_who_is_signed_in(self, salesforce: dict[str, Any]) -> None:
        given = signed_in(salesforce)
        bearer = {"Authorization": f"Bearer {given['access_token']}"}
        for url in (given["id"], f"{given['instance_url']}/services/oauth2/userinfo"):
            who = requests.get(url, headers=bearer, timeout=10).json()
            assert who["organization_id"] == salesforce["organisations"][0]["id"]
            assert who["email"] == "syncline.integration@syncline.example"
        assert requests.get(given["id"], timeout=10).status_code == 403

    def test_versions_need_no_session(self, salesforce: dict[str, Any]) -> None:
        known = requests.get(f"{salesforce['api_url']}/services/data/", timeout=10).json()
        assert {"label": "Winter '25", "url": VERSION, "version": "62.0"} in known
