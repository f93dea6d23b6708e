"""Signing in to Salesforce orgs, from the services and through the pages; tokens, addresses that move, our share of the calls."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import errors
from integrations.connectors.salesforce.allocation import SHARE
from integrations.connectors.salesforce.app import sign_in_address
from integrations.models import AppInstance, OAuthAttempt, RateBucket
from integrations.registry import App, app
from integrations.services import connections, credentials
from integrations.services.connections import ConnectRefused, finish_oauth, start_oauth
from portal.accounts.models import Account
from tests.contract.conftest import Control
from tests.contract.salesforce import control_of, salesforce_standin

__all__ = ["salesforce_standin"]

SALESFORCE: App = app("salesforce")


@pytest.fixture
def control(salesforce_standin: dict[str, Any]) -> Control:
    return control_of(salesforce_standin)


@pytest.fixture(autouse=True)
def _configured(salesforce_standin: dict[str, Any], control: Control, settings: Any) -> None:
    settings.ALLOW_LOOPBACK_APPS = True
    for name, value in salesforce_standin["environment"].items():
        setattr(settings, name, value)


def decide(address: str, decision: str = "allow", organisation: int = 0) -> dict[str, str]:
    """What the person does on the consent page; the query that the callback gets."""
    assert requests.get(address, timeout=20).status_code == 200
    form = [*parse_qsl(urlsplit(address).query), ("decision", decision), ("organisation", str(organisation))]
    answer = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=20)
    assert answer.status_code in (302, 303), answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def connected(account: Account, user: User, organisation: int = 0, **more: Any) -> AppInstance:
    address = start_oauth(account=account, user=user, app=SALESFORCE, label="", **more)
    return finish_oauth(account=account, user=user, query=decide(address, organisation=organisation))


def test_the_consent_is_asked_for_with_pkce_at_the_public_address(
    account: Account, manager: User, settings: Any
) -> None:
    address = start_oauth(account=account, user=manager, app=SALESFORCE, label="")
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{settings.SALESFORCE_LOGIN_URL}/services/oauth2/authorize?")
    assert asked["scope"] == ["api refresh_token"]
    assert asked["code_challenge_method"] == ["S256"]


def test_the_api_is_called_at_the_address_that_came_with_the_token(
    account: Account, manager: User, salesforce_standin: Any
) -> None:
    instance = connected(account, manager, 1)
    about = salesforce_standin["organisations"][1]
    assert (instance.base_url, instance.remote_account_id) == (about["url"], about["id"])
    assert instance.remote_account_name == about["name"]
    assert instance.base_url != salesforce_standin["login_url"]


def test_several_orgs_of_one_account(account: Account, manager: User) -> None:
    north, south = connected(account, manager, 0), connected(account, manager, 1)
    assert north.remote_account_id != south.remote_account_id
    with pytest.raises(ConnectRefused) as refused:
        connected(account, manager, 0)
    assert refused.value.existing == north
    with pytest.raises(ConnectRefused):
        connected(account, manager, 1, instance=north)


def test_a_person_connects_an_org_through_the_pages(
    account: Account, manager: User, client: Client, salesforce_standin: Any
) -> None:
    AppInstance.objects.create(account=account, app_key="hubspot", label="Hub", is_hub=True, way_in="oauth")
    client.force_login(manager)
    page = reverse("integrations:connect", args=["salesforce"])
    assert "Address to sign in at" in client.get(page).content.decode()
    refused = client.post(page, {"base_url": "http://127.0.0.1:9"})
    assert refused.status_code == 422
    assert "not an address of Salesforce" in refused.content.decode()
    assert not OAuthAttempt.objects.exists()
    away = client.post(page, {"base_url": "", "label": "EMEA"})
    assert away.status_code == 302
    back = client.get(reverse("integrations:oauth_callback"), decide(away.headers["Location"]))
    instance = AppInstance.objects.get(app_key="salesforce")
    assert back.headers["Location"].startswith(reverse("integrations:checks", args=[instance.pk]))
    assert (instance.label, instance.base_url) == ("EMEA", salesforce_standin["organisations"][0]["url"])


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("", "https://login.salesforce.com"),
        ("https://test.salesforce.com/", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com"),
    ],
)
def test_where_people_sign_in(typed: str, address: str, settings: Any) -> None:
    settings.SALESFORCE_LOGIN_URL = "https://login.salesforce.com"
    assert sign_in_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["https://example.com", "https://salesforce.com.example.com", "https://evilsalesforce.com", "http://test.salesforce.com",
     "https://acme.my.salesforce.com:8443"],
)  # fmt: skip
def test_our_secret_goes_to_salesforce_alone(typed: str, settings: Any) -> None:
    settings.SALESFORCE_LOGIN_URL = "https://login.salesforce.com"
    with pytest.raises(errors.AddressRefused):
        sign_in_address(typed)


def test_the_live_checks_pass_and_are_saved(account: Account, manager: User) -> None:
    results = list(connections.run_checks(connected(account, manager)))
    assert {result.state for result in results} == {"passed"}
    assert len(results) == 2 + len(SALESFORCE.kinds)


@pytest.mark.parametrize("once", [False, True], ids=["kept refresh tokens", "rotated refresh tokens"])
def test_tokens_renew_themselves(account: Account, manager: User, control: Control, once: bool) -> None:
    control("settings", refresh_tokens_once=once)
    instance = connected(account, manager)
    given = {credentials.secrets(instance)["refresh_token"]}
    for _round in range(2):
        control("tokens", expire=True)
        assert connections.open_connector(instance).identify().id == instance.remote_account_id
        given.add(credentials.secrets(instance)["refresh_token"])
    assert len(given) == (3 if once else 1)


def test_an_org_that_moves_is_followed(account: Account, manager: User, control: Control) -> None:
    instance = connected(account, manager)
    connector = connections.open_connector(instance)
    connector.identify()
    moved = control("move")["url"]
    assert connector.identify().id == instance.remote_account_id
    instance.refresh_from_db()
    assert instance.base_url == moved


@pytest.mark.parametrize(
    "words", ["Connected app is not attached to Agent", "This session is not valid for use with the REST API"]
)
def test_a_user_without_api_is_not_signed_in_again_and_again(
    account: Account, manager: User, control: Control, words: str
) -> None:
    instance = connected(account, manager)
    control("tokens", refusal=words)
    control("stats", reset=True)
    with pytest.raises(errors.ScopeMissing) as caught:
        connections.open_connector(instance).identify()
    assert caught.value.code == "API_ACCESS_DISABLED"
    assert not [line for line in control("stats")["by_path"] if "/oauth2/token" in line]


def test_a_withdrawn_permission_asks_for_the_person(account: Account, manager: User, control: Control) -> None:
    instance = connected(account, manager)
    control("tokens", revoke=True)
    with pytest.raises(errors.AuthRevoked):
        connections.open_connector(instance).identify()


def test_a_renewal_that_is_still_under_way_is_waited_for(account: Account, manager: User, control: Control) -> None:
    """Salesforce says invalid_grant to it, which would send the customer to sign in again."""
    instance = connected(account, manager)
    control("tokens", expire=True, trouble="invalid_grant: token request is already being processed")
    with pytest.raises(errors.Unavailable):
        connections.open_connector(instance).identify()
    control("tokens", trouble="")
    assert connections.open_connector(instance).identify().id == instance.remote_account_id


def test_a_wrong_client_is_the_operators_to_fix(account: Account, manager: User, settings: Any) -> None:
    query = decide(start_oauth(account=account, user=manager, app=SALESFORCE, label=""))
    settings.SALESFORCE_CLIENT_ID = "wrong"
    with pytest.raises(ConnectRefused) as refused:
        finish_oauth(account=account, user=manager, query=query)
    assert "operator" in refused.value.next_step


def test_a_refused_consent_connects_nothing(account: Account, manager: User) -> None:
    address = start_oauth(account=account, user=manager, app=SALESFORCE, label="")
    with pytest.raises(ConnectRefused):
        finish_oauth(account=account, user=manager, query=decide(address, "deny"))
    assert not AppInstance.objects.exists()


def test_letting_go_takes_the_permission_back(account: Account, manager: User, control: Control) -> None:
    others = control("tokens")["refresh_tokens"]
    instance = connected(account, manager)
    assert control("tokens")["refresh_tokens"] == others + 1
    connections.disconnect(instance=instance, by=manager)
    assert control("tokens")["refresh_tokens"] == others


# -- our share of the org's calls --------------------------------------------------------------------------------------------
def test_our_share_of_the_days_calls_is_kept(account: Account, manager: User, control: Control, settings: Any) -> None:
    """Half of the share at once: 20 of 400. The process that comes next knows it, too."""
    control("settings", daily_requests=400)
    settings.SALESFORCE_DAILY_SHARE = 10
    instance = connected(account, manager)
    with pytest.raises(errors.RateLimited) as caught:
        for _call in range(50):
            connections.open_connector(instance).identify()
    assert caught.value.code == "QUOTA_ALLOCATION_REACHED"
    assert (caught.value.retry_after or 0) >= 900
    assert 20 <= control("quota")["used"] <= 24
    RateBucket.objects.filter(instance=instance, name=SHARE).update(tokens=1)
    connections.open_connector(instance).identify()


def test_the_last_tenth_of_the_days_calls_is_left_to_others(account: Account, manager: User, control: Control) -> None:
    control("settings", daily_requests=1000)
    instance = connected(account, manager)
    control("quota", spend=900)
    connections.open_connector(instance).identify()
    with pytest.raises(errors.RateLimited) as caught:
        connections.open_connector(instance).identify()
    assert caught.value.code == "QUOTA_ALLOCATION_REACHED"


def test_a_used_up_day_is_waited_for(account: Account, manager: User, control: Control) -> None:
    control("settings", daily_requests=1000)
    instance = connected(account, manager)
    control("quota", spend=1000)
    with pytest.raises(errors.DailyQuotaUsed) as caught:
        connections.open_connector(instance).identify()
    assert caught.value.retry == "L"
    assert caught.value.retry_after
