"""Connecting, reconnecting and letting go, through the services, against HubSpot's stand-in and its consent page."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.utils.timezone import now

from integrations import errors
from integrations.models import AppInstance, Credential, InstanceState, OAuthAttempt
from integrations.registry import App, app
from integrations.services import connections, credentials, schemas
from integrations.services.connections import ConnectRefused, finish_oauth, start_oauth
from integrations.signals import instance_state_changed
from portal.accounts.models import Account, AuditEvent
from tests.contract.conftest import Control
from tests.processes import free_port

HUBSPOT: App = app("hubspot")


@pytest.fixture(autouse=True)
def _configured(hubspot_standin: dict[str, Any], hubspot_control: Control, settings: Any) -> None:
    settings.HUBSPOT_API_URL, settings.HUBSPOT_APP_URL = hubspot_standin["api_url"], hubspot_standin["app_url"]
    settings.HUBSPOT_CLIENT_ID, settings.HUBSPOT_CLIENT_SECRET = (
        hubspot_standin["client_id"],
        hubspot_standin["client_secret"],
    )


def decide(address: str, decision: str = "allow", portal: int = 4242, *, optional: bool = True) -> dict[str, str]:
    """What the person does on the consent page; the query that the callback gets. ``optional``: the account's plan has it all."""
    assert requests.get(address, timeout=20).status_code == 200
    form = [*parse_qsl(urlsplit(address).query), ("portal", str(portal)), ("decision", decision)]
    if optional:
        form += [("optional", scope) for scope in dict(form)["optional_scope"].split()]
    answer = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def connected(account: Account, user: User, *, portal: int = 4242, **more: Any) -> AppInstance:
    address = start_oauth(account=account, user=user, app=HUBSPOT, label=more.pop("label", ""), **more)
    return finish_oauth(account=account, user=user, query=decide(address, portal=portal))


def test_a_consent_connects_the_first_app_as_hub(account: Account, manager: User) -> None:
    instance = connected(account, manager)
    assert (instance.remote_account_id, instance.is_hub, instance.state) == ("4242", True, InstanceState.CONNECTED)
    assert instance.label
    assert instance.way_in == "oauth"
    assert "crm.objects.contacts.write" in instance.scopes
    assert AuditEvent.objects.filter(verb="app.connected", account=account, user=manager).count() == 1
    assert len(connections.open_connector(instance).scan("contacts", fields=["email"], position=None, scope={}).records)


def test_the_live_checks_are_saved(account: Account, manager: User) -> None:
    instance = connected(account, manager)
    results = list(connections.run_checks(instance))
    instance.refresh_from_db()
    assert [result.state for result in results] == ["passed"] * len(results)
    assert [check["name"] for check in instance.checks] == [result.name for result in results]
    assert instance.checked_at


def test_what_a_plan_lacks_does_not_stop_the_connection(account: Account, manager: User) -> None:
    address = start_oauth(account=account, user=manager, app=HUBSPOT, label="")
    instance = finish_oauth(account=account, user=manager, query=decide(address, optional=False))
    results = list(connections.run_checks(instance))
    assert {result.name for result in results if result.state == "warning"} == {
        "Products", "Invoices", "Leads", "Text of e-mails"
    }  # fmt: skip
    assert not [result for result in results if result.state == "failed"]
    assert all(result.fix for result in results if result.state == "warning")


def test_fields_are_read_once_and_kept(account: Account, manager: User, hubspot_control: Control) -> None:
    instance = connected(account, manager)
    first = schemas.fields(instance, "contacts")
    hubspot_control("down", how="close")
    assert schemas.fields(instance, "contacts") == first
    with pytest.raises(errors.Unavailable):
        schemas.fields(instance, "contacts", refresh=True)


# -- the state of a consent ----------------------------------------------------------------------------------------------
def refused(account: Account, user: User, query: dict[str, str]) -> ConnectRefused:
    with pytest.raises(ConnectRefused) as caught:
        finish_oauth(account=account, user=user, query=query)
    assert caught.value.message
    assert caught.value.next_step
    return caught.value


def test_a_state_works_once(account: Account, manager: User) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    finish_oauth(account=account, user=manager, query=query)
    refused(account, manager, query)
    assert AppInstance.objects.count() == 1


def test_a_state_belongs_to_the_person_and_the_account(
    account: Account, manager: User, admin: User, other_account: Account, stranger: User
) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    refused(account, admin, query)
    refused(other_account, manager, query)
    refused(other_account, stranger, query)
    assert finish_oauth(account=account, user=manager, query=query)


def test_a_state_is_good_for_fifteen_minutes(account: Account, manager: User) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    OAuthAttempt.objects.update(created_at=now() - timedelta(minutes=16))
    refused(account, manager, query)


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "made-up", "code": "x"}, {"code": "x"}])
def test_a_callback_that_nobody_asked_for_is_refused(account: Account, manager: User, query: dict[str, str]) -> None:
    start_oauth(account=account, user=manager, app=HUBSPOT, label="")
    refused(account, manager, query)


def test_an_intercepted_code_is_worthless_without_the_verifier(account: Account, manager: User) -> None:
    """PKCE: the app refuses a code that comes with another consent's verifier."""
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    attempt = OAuthAttempt.objects.get()
    attempt.secrets = {"code_verifier": "x" * 64}
    attempt.save()
    refused(account, manager, query)
    assert not AppInstance.objects.exists()


# -- refusals ------------------------------------------------------------------------------------------------------------
def test_a_refused_consent_connects_nothing(account: Account, manager: User) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""), "deny")
    assert "not granted" in refused(account, manager, query).message
    assert not AppInstance.objects.exists()
    assert not OAuthAttempt.objects.exists()


def test_a_wrong_client_secret_is_the_operators_to_fix(account: Account, manager: User, settings: Any) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    settings.HUBSPOT_CLIENT_SECRET = "wrong"
    assert "operator" in refused(account, manager, query).next_step


def test_without_a_client_there_is_nothing_to_start(account: Account, manager: User, settings: Any) -> None:
    settings.HUBSPOT_CLIENT_ID = ""
    with pytest.raises(ConnectRefused):
        start_oauth(account=account, user=manager, app=HUBSPOT, label="")


def test_an_app_that_is_down_is_said_to_be_down(account: Account, manager: User, hubspot_control: Control) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    hubspot_control("down", how="503")
    assert "cannot be reached" in refused(account, manager, query).message
    hubspot_control("up")


def test_an_app_that_is_nowhere_is_said_to_be_down(account: Account, manager: User, settings: Any) -> None:
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label=""))
    settings.HUBSPOT_API_URL = f"http://127.0.0.1:{free_port()}"
    assert "cannot be reached" in refused(account, manager, query).message


def test_the_same_remote_account_is_not_connected_twice(account: Account, manager: User) -> None:
    first = connected(account, manager)
    query = decide(start_oauth(account=account, user=manager, app=HUBSPOT, label="again"))
    assert refused(account, manager, query).existing == first


def test_another_tenant_may_connect_the_same_remote_account(
    account: Account, manager: User, other_account: Account, stranger: User
) -> None:
    connected(account, manager)
    assert connected(other_account, stranger).remote_account_id == "4242"


# -- reconnecting --------------------------------------------------------------------------------------------------------
def test_reconnecting_keeps_the_instance_and_renews_its_tokens(account: Account, manager: User) -> None:
    instance = connected(account, manager)
    before = credentials.secrets(instance)["refresh_token"]
    connections.mark_broken(instance, errors.AuthRevoked("gone"))
    again = connected(account, manager, instance=instance)
    again.refresh_from_db()
    assert (again.pk, again.state, again.state_code) == (instance.pk, InstanceState.CONNECTED, "")
    assert credentials.secrets(again)["refresh_token"] != before


def test_reconnecting_to_another_account_is_refused_and_changes_nothing(account: Account, manager: User) -> None:
    instance = connected(account, manager)
    before = credentials.secrets(instance)
    address = start_oauth(account=account, user=manager, app=HUBSPOT, label="", instance=instance)
    error = refused(account, manager, decide(address, portal=4243))
    assert "4243" in error.message
    assert "4242" in error.message
    assert credentials.secrets(instance) == before


# -- keys ----------------------------------------------------------------------------------------------------------------
def test_a_service_key_is_tried_before_it_is_saved(
    account: Account, manager: User, hubspot_standin: dict[str, Any]
) -> None:
    how = {"account": account, "user": manager, "app": HUBSPOT, "way_in": "service_key", "label": "Key"}
    with pytest.raises(ConnectRefused):
        connections.connect_with_keys(**how, values={"access_token": "pat-na1-wrong"})
    with pytest.raises(ConnectRefused) as caught:
        connections.connect_with_keys(**how, values={"access_token": " "})
    assert "Service key" in caught.value.message
    assert not AppInstance.objects.exists()
    assert not Credential.objects.exists()
    instance = connections.connect_with_keys(**how, values={"access_token": hubspot_standin["token"], "evil": "x"})
    assert (instance.label, instance.remote_account_id) == ("Key", "4242")
    assert credentials.secrets(instance) == {"access_token": hubspot_standin["token"], "instance": instance.pk}


def test_a_replaced_key_is_used_at_once(account: Account, manager: User, hubspot_standin: dict[str, Any]) -> None:
    """Also by a connector that was opened before."""
    instance = connections.connect_with_keys(
        account=account,
        user=manager,
        app=HUBSPOT,
        way_in="service_key",
        label="",
        values={"access_token": hubspot_standin["token"]},
    )
    credentials.store(instance, {"access_token": "pat-na1-stale"})
    connector = connections.open_connector(instance)
    with pytest.raises(errors.AuthExpired):
        connector.identify()
    credentials.store(instance, {"access_token": hubspot_standin["token"]})
    assert connector.identify().id == "4242"


# -- tokens --------------------------------------------------------------------------------------------------------------
def test_an_expired_token_is_renewed_and_the_newest_refresh_token_kept(
    account: Account, manager: User, hubspot_control: Control
) -> None:
    instance = connected(account, manager)
    before = credentials.secrets(instance)
    hubspot_control("settings", rotate_refresh_tokens=True)
    hubspot_control("tokens", expire=True)
    try:
        assert connections.open_connector(instance).identify().id == "4242"
        hubspot_control("tokens", expire=True)
        assert connections.open_connector(instance).identify().id == "4242"
    finally:
        hubspot_control("settings", rotate_refresh_tokens=False)
    after = credentials.secrets(instance)
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert Credential.objects.get().refresh_lease_until is None


def test_a_token_is_renewed_by_the_clock_before_it_is_refused(
    account: Account, manager: User, hubspot_control: Control
) -> None:
    instance = connected(account, manager)
    Credential.objects.update(expires_at=now() + timedelta(seconds=30))
    hubspot_control("stats", reset=True)
    connections.open_connector(instance).identify()
    stats = hubspot_control("stats")
    assert stats["by_path"].get("POST /oauth/2026-03/token") == 1
    assert "401" not in stats["by_status"]


def test_an_uninstalled_app_is_auth_revoked(account: Account, manager: User, hubspot_control: Control) -> None:
    instance = connected(account, manager)
    hubspot_control("tokens", revoke=True)
    with pytest.raises(errors.AuthRevoked) as caught:
        connections.open_connector(instance).identify()
    connections.mark_broken(instance, caught.value)
    instance.refresh_from_db()
    assert (instance.state, instance.state_code) == (InstanceState.NEEDS_REAUTH, "AUTH_REVOKED")
    assert instance.state_detail


def test_an_outage_during_renewal_is_not_a_revocation(
    account: Account, manager: User, hubspot_control: Control
) -> None:
    instance = connected(account, manager)
    hubspot_control("tokens", expire=True)
    hubspot_control("faults", fault="status", status=502, match="/oauth/")
    with pytest.raises(errors.Unavailable):
        connections.open_connector(instance).identify()
    hubspot_control("faults", clear=True)
    assert connections.open_connector(instance).identify().id == "4242"


def test_secrets_pasted_into_another_row_are_refused(account: Account, manager: User) -> None:
    first = connected(account, manager)
    second = connected(account, manager, portal=4243)
    stolen = Credential.objects.get(instance=first).secrets
    Credential.objects.filter(instance=second).update(secrets=stolen)
    with pytest.raises(errors.AuthExpired):
        connections.open_connector(second).identify()


# -- state and the end ---------------------------------------------------------------------------------------------------
def test_a_broken_instance_is_told_once(account: Account, manager: User) -> None:
    instance = connected(account, manager)
    told: list[str] = []

    def note(sender: Any, *, instance: AppInstance, **more: Any) -> None:
        told.append(instance.state)

    instance_state_changed.connect(note)
    try:
        for _slice in range(3):
            connections.mark_broken(AppInstance.objects.get(pk=instance.pk), errors.AuthExpired("no"))
        connections.mark_working(AppInstance.objects.get(pk=instance.pk))
        connections.mark_working(AppInstance.objects.get(pk=instance.pk))
    finally:
        instance_state_changed.disconnect(note)
    assert told == [InstanceState.NEEDS_REAUTH, InstanceState.CONNECTED]


def test_disconnecting_forgets_the_credentials_and_tells_the_app(
    account: Account, manager: User, hubspot_control: Control
) -> None:
    hubspot_control("tokens", revoke=True)  # what other tests were granted
    instance = connected(account, manager)
    assert hubspot_control("grants")["portals"] == [4242]
    connections.disconnect(instance=instance, by=manager)
    instance.refresh_from_db()
    assert (instance.state, instance.is_hub) == (InstanceState.DISCONNECTED, False)
    assert not Credential.objects.exists()
    assert hubspot_control("grants")["portals"] == []
    assert AuditEvent.objects.filter(verb="app.disconnected").count() == 1
    connections.mark_working(instance)
    connections.mark_broken(AppInstance.objects.get(pk=instance.pk), errors.AuthExpired("late"))
    assert AppInstance.objects.get(pk=instance.pk).state == InstanceState.DISCONNECTED
    with pytest.raises(errors.AuthExpired):
        connections.open_connector(instance).identify()


def test_disconnecting_works_while_the_app_is_down(account: Account, manager: User, hubspot_control: Control) -> None:
    instance = connected(account, manager)
    hubspot_control("down", how="close")
    connections.disconnect(instance=instance, by=manager)
    assert not Credential.objects.exists()


def test_the_way_back_after_a_disconnect_is_a_new_connection(account: Account, manager: User) -> None:
    first = connected(account, manager)
    connections.disconnect(instance=first, by=manager)
    assert connected(account, manager).is_hub


def test_a_rename_is_noted_once(account: Account, manager: User) -> None:
    instance = connected(account, manager)
    connections.rename(instance=instance, label="  Sales  ", by=manager)
    connections.rename(instance=instance, label="Sales", by=manager)
    assert AppInstance.objects.get().label == "Sales"
    assert AuditEvent.objects.filter(verb="app.renamed").count() == 1
