"""Tokens, consent, rights and limits of the HubSpot stand-in."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.standins.serving import control

CONTACTS = "/crm/objects/2026-03/contacts"
REDIRECT = "http://localhost/back"
SCOPE = "crm.objects.contacts.read crm.objects.contacts.write"


def get(hubspot: dict[str, Any], token: str, path: str = CONTACTS) -> requests.Response:
    return requests.get(hubspot["api_url"] + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def decide(hubspot: dict[str, Any], decision: str = "allow", **more: str) -> dict[str, str]:
    """What the browser carries back to the app."""
    asked = {"client_id": hubspot["client_id"], "redirect_uri": REDIRECT, "scope": SCOPE, "state": "s&1", **more}
    form = {**asked, "decision": decision, "portal": more.get("portal", "4242")}
    answer = requests.post(f"{hubspot['app_url']}/oauth/authorize", data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def tokens(hubspot: dict[str, Any], path: str = "/oauth/2026-03/token", **form: str) -> requests.Response:
    app = {"client_id": hubspot["client_id"], "client_secret": hubspot["client_secret"]}
    return requests.post(hubspot["api_url"] + path, data={**app, **form}, timeout=10)


def connected(hubspot: dict[str, Any], **more: str) -> dict[str, Any]:
    code = decide(hubspot, **more)["code"]
    return tokens(hubspot, grant_type="authorization_code", code=code, redirect_uri=REDIRECT).json()


class TestConsent:
    def test_the_page_shows_scopes_and_accounts(self, hubspot: dict[str, Any]) -> None:
        asked = {"client_id": hubspot["client_id"], "redirect_uri": REDIRECT, "scope": SCOPE}
        page = requests.get(f"{hubspot['app_url']}/oauth/authorize", params=asked, timeout=10)
        assert page.status_code == 200
        assert "crm.objects.contacts.write" in page.text
        assert "Northwind Trading" in page.text

    @pytest.mark.parametrize(
        "wrong",
        [
            {"client_id": "nobody"},
            {"redirect_uri": "http://elsewhere.example/back"},
            {"scope": "crm.objects.everything"},
            {"scope": ""},
            {"code_challenge": "x", "code_challenge_method": "plain"},
        ],
    )
    def test_a_wrong_address_is_explained_and_never_redirected(
        self, hubspot: dict[str, Any], wrong: dict[str, str]
    ) -> None:
        asked = {"client_id": hubspot["client_id"], "redirect_uri": REDIRECT, "scope": SCOPE, **wrong}
        for method, body in (("GET", None), ("POST", {**asked, "decision": "allow", "portal": "4242"})):
            address = f"{hubspot['app_url']}/oauth/authorize"
            answer = requests.request(
                method, address, params=asked if body is None else None, data=body, allow_redirects=False, timeout=10
            )
            assert answer.status_code == 400

    def test_state_comes_back_and_a_refusal_says_so(self, hubspot: dict[str, Any]) -> None:
        assert decide(hubspot)["state"] == "s&1"
        refused = decide(hubspot, decision="deny")
        assert (refused["error"], refused["state"]) == ("access_denied", "s&1")

    def test_pkce_is_checked(self, hubspot: dict[str, Any]) -> None:
        verifier = "v" * 50
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        for sent, status in (("wrong", 400), (verifier, 200)):
            code = decide(hubspot, code_challenge=challenge, code_challenge_method="S256")["code"]
            answer = tokens(
                hubspot, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=sent
            )
            assert answer.status_code == status

    def test_the_chosen_account_is_the_one_the_token_opens(self, hubspot: dict[str, Any]) -> None:
        token = connected(hubspot, portal="4243")["access_token"]
        assert get(hubspot, token, "/account-info/2026-03/details").json()["portalId"] == 4243
        assert get(hubspot, token).json()["results"] == []


class TestTokens:
    def test_a_code_works_once_and_only_with_its_address(self, hubspot: dict[str, Any]) -> None:
        code = decide(hubspot)["code"]
        wrong = tokens(hubspot, grant_type="authorization_code", code=code, redirect_uri="http://localhost/else")
        assert (wrong.status_code, wrong.json()["status"]) == (400, "BAD_REDIRECT_URI")
        again = tokens(hubspot, grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
        assert (again.status_code, again.json()["status"]) == (400, "BAD_AUTH_CODE")

    def test_tokens_live_thirty_minutes(self, hubspot: dict[str, Any]) -> None:
        given = connected(hubspot)
        assert (given["expires_in"], given["hub_id"], given["token_type"]) == (1800, 4242, "bearer")
        assert get(hubspot, given["access_token"]).status_code == 200
        control(hubspot, "clock", advance=1801)
        answer = get(hubspot, given["access_token"])
        assert (answer.status_code, answer.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
        fresh = tokens(hubspot, grant_type="refresh_token", refresh_token=given["refresh_token"]).json()
        assert get(hubspot, fresh["access_token"]).status_code == 200

    def test_expired_on_demand_and_revoked(self, hubspot: dict[str, Any]) -> None:
        given = connected(hubspot)
        control(hubspot, "tokens", expire=True)
        assert get(hubspot, given["access_token"]).status_code == 401
        control(hubspot, "tokens", revoke=True)
        answer = tokens(hubspot, grant_type="refresh_token", refresh_token=given["refresh_token"])
        assert answer.status_code == 400
        assert (answer.json()["error"], answer.json()["status"]) == ("invalid_grant", "BAD_REFRESH_TOKEN")

    def test_a_rotating_account_takes_each_refresh_token_once(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "settings", rotate_refresh_tokens=True)
        old = connected(hubspot)["refresh_token"]
        new = tokens(hubspot, grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
        assert new != old
        assert tokens(hubspot, grant_type="refresh_token", refresh_token=old).status_code == 400

    def test_a_wrong_secret_is_told_apart(self, hubspot: dict[str, Any]) -> None:
        answer = tokens({**hubspot, "client_secret": "x"}, grant_type="refresh_token", refresh_token="x")
        assert (answer.status_code, answer.json()["status"]) == (400, "BAD_CLIENT_SECRET")

    def test_introspection_and_revocation(self, hubspot: dict[str, Any]) -> None:
        given = connected(hubspot)
        about = tokens(hubspot, "/oauth/2026-03/token/introspect", token=given["access_token"]).json()
        assert (about["active"], about["hub_id"], about["token_use"]) == (True, 4242, "access_token")
        assert tokens(hubspot, "/oauth/2026-03/token/revoke", token=given["refresh_token"]).ok
        assert tokens(hubspot, "/oauth/2026-03/token/introspect", token=given["refresh_token"]).json() == {
            "active": False
        }
        assert get(hubspot, given["access_token"]).status_code == 200, "access tokens live on until they expire"

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic eDp5"])
    def test_without_a_token_nothing_is_shown(self, hubspot: dict[str, Any], header: str) -> None:
        answer = requests.get(hubspot["api_url"] + CONTACTS, headers={"Authorization": header}, timeout=10)
        assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")

    def test_a_missing_scope_is_named(self, hubspot: dict[str, Any]) -> None:
        token = connected(hubspot, scope="crm.objects.contacts.read")["access_token"]
        answer = requests.post(
            hubspot["api_url"] + CONTACTS,
            json={"properties": {"lastname": "X"}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
        assert answer.json()["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]


class TestLimits:
    def test_the_burst_limit_counts_down_and_ends_in_429(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "settings", limit_static=2)
        first, second, third = (get(hubspot, hubspot["token"]) for _ in range(3))
        assert first.headers["X-HubSpot-RateLimit-Remaining"] == "1"
        assert second.headers["X-HubSpot-RateLimit-Remaining"] == "0"
        assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
        assert "X-HubSpot-RateLimit-Daily-Remaining" in first.headers
        assert third.status_code == 429
        assert third.json()["policyName"] == "TEN_SECONDLY_ROLLING"
        assert "Retry-After" not in third.headers
        control(hubspot, "clock", advance=10)
        assert get(hubspot, hubspot["token"]).status_code == 200

    def test_the_daily_limit_is_told_apart(self, hubspot: dict[str, Any]) -> None:
        remaining = int(get(hubspot, hubspot["token"]).headers["X-HubSpot-RateLimit-Daily-Remaining"])
        control(hubspot, "settings", limit_daily=625_000 - remaining)
        answer = get(hubspot, hubspot["token"])
        assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")

    def test_an_oauth_app_has_its_own_limit_per_account_and_no_daily_one(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "settings", limit_oauth=1)
        one, other = connected(hubspot)["access_token"], connected(hubspot, portal="4243")["access_token"]
        answer = get(hubspot, one)
        assert "X-HubSpot-RateLimit-Daily" not in answer.headers
        assert get(hubspot, one).status_code == 429
        assert get(hubspot, other).status_code == 200

    def test_search_has_a_limit_of_its_own_without_headers(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "settings", limit_search=1)
        answers = [
            requests.post(
                f"{hubspot['api_url']}{CONTACTS}/search",
                json={"limit": 1},
                headers={"Authorization": f"Bearer {hubspot['token']}"},
                timeout=10,
            )
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[1].json()["policyName"] == "SECONDLY"
        assert not [name for name in answers[0].headers if name.lower().startswith("x-hubspot-ratelimit")]
