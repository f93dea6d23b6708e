"""Connecting through the pages, against the stand-ins: consent, keys, every refusal, and the checks afterwards."""

import json
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.http import HttpResponse
from django.test import Client

from integrations import hooks
from integrations.models import AppInstance, Credential, InstanceState, OAuthAttempt
from portal.accounts.models import Account
from tests.processes import die_with_parent, free_port, stop
from tests.settings import ROOT

HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def vendors() -> Iterator[dict[str, Any]]:
    """Both stand-ins in one process; what ``manage.py standins --json`` tells of them."""
    command = [sys.executable, "manage.py", "standins", "--json", "--records", "40", "--set", "snovio.rate_limit=0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True, preexec_fn=die_with_parent
    )
    assert process.stdout
    yield json.loads(process.stdout.readline())
    stop(process)


@pytest.fixture
def standins(vendors: dict[str, Any], settings: Any) -> Iterator[dict[str, Any]]:
    """The site pointed at the stand-ins; what a test changes at them is undone."""
    settings.HUBSPOT_API_URL = vendors["hubspot"]["api_url"]
    settings.HUBSPOT_APP_URL = vendors["hubspot"]["app_url"]
    settings.HUBSPOT_CLIENT_ID = vendors["hubspot"]["client_id"]
    settings.HUBSPOT_CLIENT_SECRET = vendors["hubspot"]["client_secret"]
    settings.SNOVIO_API_URL = vendors["snovio"]["api_url"]
    settings.SNOVIO_CALLS_PER_MINUTE = 6000
    yield vendors
    for vendor in vendors.values():
        requests.post(f"{vendor['control_url']}/reset", json={}, timeout=10).raise_for_status()


@pytest.fixture
def hub(account: Account) -> AppInstance:
    """A hub that was connected before, so that other apps may be."""
    hub = AppInstance.objects.create(account=account, app_key="hubspot", label="Main", is_hub=True, way_in="oauth")
    Credential.objects.create(instance=hub, secrets={"instance": hub.pk})
    return hub


def keys(standins: dict[str, Any], **other: str) -> dict[str, str]:
    vendor = standins["snovio"]
    return {"client_id": vendor["client_id"], "client_secret": vendor["client_secret"], "label": "Sales team"} | other


def consent(answer: HttpResponse, standins: dict[str, Any], decision: str = "allow") -> str:
    """What the person does at the app after our redirect; gives the address, below our root, that they come back to."""
    assert answer.status_code == 302, answer.content
    assert requests.get(answer["Location"], timeout=10).status_code == 200
    page, _, query = answer["Location"].partition("?")
    form = dict(parse_qsl(query)) | {"decision": decision, "portal": str(standins["hubspot"]["portal_id"])}
    back = urlsplit(requests.post(page, form, allow_redirects=False, timeout=10).headers["Location"])
    return f"{back.path}?{back.query}"


# -- keys -----------------------------------------------------------------------------------------------------------
def test_connecting_by_keys_leads_to_the_checks(as_manager: Client, hub: AppInstance, standins: dict[str, Any]) -> None:
    answer = as_manager.post("/apps/snovio/connect/?next=/syncs/7/setup/connect/", keys(standins))
    instance = AppInstance.objects.get(app_key="snovio")
    assert answer["Location"] == f"/integrations/{instance.pk}/checks/?next=%2Fsyncs%2F7%2Fsetup%2Fconnect%2F"
    assert (instance.label, instance.state) == ("Sales team", InstanceState.CONNECTED)
    assert 'href="/syncs/7/setup/connect/"' in as_manager.get(answer["Location"]).content.decode()


def test_a_wrong_secret_is_told_at_the_form(as_manager: Client, hub: AppInstance, standins: dict[str, Any]) -> None:
    answer = as_manager.post("/apps/snovio/connect/", keys(standins, client_secret="wrong-secret-1"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Snov.io does not accept" in page
    assert "sign in again" not in page, "keys have no sign-in"
    assert keys(standins)["client_id"] in page  # nothing is typed twice …
    assert "Sales team" in page
    assert "wrong-secret-1" not in page  # … but secrets
    assert not AppInstance.objects.filter(app_key="snovio").exists()


def test_an_app_that_is_down_is_told_at_the_form(
    as_manager: Client, hub: AppInstance, standins: dict[str, Any], settings: Any
) -> None:
    settings.SNOVIO_API_URL = f"http://127.0.0.1:{free_port()}"
    answer = as_manager.post("/apps/snovio/connect/", keys(standins))
    assert answer.status_code == 422
    assert "Snov.io cannot be reached right now" in answer.content.decode()
    assert not AppInstance.objects.filter(app_key="snovio").exists()


def test_the_same_account_twice_leads_to_the_first(
    as_manager: Client, hub: AppInstance, standins: dict[str, Any]
) -> None:
    as_manager.post("/apps/snovio/connect/", keys(standins))
    answer = as_manager.post("/apps/snovio/connect/", keys(standins, label="Again"))
    instance = AppInstance.objects.get(app_key="snovio")
    assert answer.status_code == 422
    assert f'href="/integrations/{instance.pk}/manage/"' in answer.content.decode()


def test_reconnecting_after_a_disconnect_keeps_the_instance(
    as_manager: Client, hub: AppInstance, standins: dict[str, Any]
) -> None:
    as_manager.post("/apps/snovio/connect/", keys(standins))
    instance = AppInstance.objects.get(app_key="snovio")
    as_manager.post(f"/integrations/{instance.pk}/disconnect/")
    answer = as_manager.post(f"/integrations/{instance.pk}/reconnect/", keys(standins))
    assert answer["Location"] == f"/integrations/{instance.pk}/checks/"
    after = AppInstance.objects.get(app_key="snovio")
    assert (after.pk, after.label, after.state) == (instance.pk, "Sales team", InstanceState.CONNECTED)


# -- consent ------------------------------------------------------------------------------------------------------------
def test_consent_connects_the_hub_and_leads_to_the_checks(
    as_manager: Client, account: Account, standins: dict[str, Any]
) -> None:
    back = consent(as_manager.post("/apps/hubspot/connect/", {"label": "Main portal"}), standins)
    answer = as_manager.get(back)
    hub = AppInstance.objects.get(account=account)
    assert answer["Location"] == f"/integrations/{hub.pk}/checks/"
    assert (hub.label, hub.is_hub, hub.state) == ("Main portal", True, InstanceState.CONNECTED)
    assert as_manager.get(back).status_code == 400  # the same answer works once
    assert AppInstance.objects.filter(account=account).count() == 1


def test_a_refused_consent_is_explained_and_can_be_tried_again(as_manager: Client, standins: dict[str, Any]) -> None:
    started = as_manager.post("/apps/hubspot/connect/?next=/apps/", {"label": "Main portal"})
    back = consent(started, standins, decision="deny")
    answer = as_manager.get(back)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "HubSpot is not connected" in page
    assert "The permission was not granted" in page
    again = "/apps/hubspot/connect/?next=%2Fapps%2F&label=Main+portal"
    assert f'href="{escape(again)}"' in page
    assert 'value="Main portal"' in as_manager.get(again).content.decode()
    assert not AppInstance.objects.exists()


def test_a_wrong_client_secret_says_who_can_fix_it(as_manager: Client, standins: dict[str, Any], settings: Any) -> None:
    back = consent(as_manager.post("/apps/hubspot/connect/", {}), standins)
    settings.HUBSPOT_CLIENT_SECRET = "wrong"
    page = as_manager.get(back).content.decode()
    assert "does not accept this install&#x27;s client id or secret" in page
    assert "operator of this install" in page


def test_an_app_that_is_down_after_consent_is_told(as_manager: Client, standins: dict[str, Any]) -> None:
    back = consent(as_manager.post("/apps/hubspot/connect/", {}), standins)
    requests.post(f"{standins['hubspot']['control_url']}/down", json={"how": "503"}, timeout=10).raise_for_status()
    answer = as_manager.get(back)
    assert answer.status_code == 400
    assert "HubSpot cannot be reached right now" in answer.content.decode()


def test_an_install_without_client_id_says_so_at_the_form(
    as_manager: Client, standins: dict[str, Any], settings: Any
) -> None:
    settings.HUBSPOT_CLIENT_ID = ""
    answer = as_manager.post("/apps/hubspot/connect/", {})
    assert answer.status_code == 422
    assert "operator of this install" in answer.content.decode()


def test_a_state_that_nobody_started_is_refused(
    as_manager: Client, as_stranger: Client, standins: dict[str, Any]
) -> None:
    back = consent(as_manager.post("/apps/hubspot/connect/", {}), standins)
    assert as_stranger.get(back).status_code == 400
    assert OAuthAttempt.objects.count() == 1  # and it is still good for the one who did
    assert as_manager.get(back).status_code == 302


def test_an_account_that_is_there_already_is_not_said_to_be_unconnected(
    as_manager: Client, account: Account, standins: dict[str, Any]
) -> None:
    as_manager.get(consent(as_manager.post("/apps/hubspot/connect/", {"label": "Main portal"}), standins))
    again = as_manager.get(consent(as_manager.post("/apps/hubspot/connect/", {}), standins)).content.decode()
    assert "Connected already" in again
    assert "HubSpot is not connected" not in again
    hub = AppInstance.objects.get(account=account)
    refused = as_manager.post(f"/integrations/{hub.pk}/reconnect/", {})
    page = as_manager.get(consent(refused, standins, decision="deny")).content.decode()
    assert "HubSpot was not reconnected" in page
    assert "The connection that was there before is unchanged." in page


def test_reconnecting_keeps_name_hub_and_account(
    as_manager: Client, account: Account, standins: dict[str, Any]
) -> None:
    as_manager.get(consent(as_manager.post("/apps/hubspot/connect/", {"label": "Main portal"}), standins))
    hub = AppInstance.objects.get(account=account)
    as_manager.post(f"/integrations/{hub.pk}/disconnect/")
    assert "It becomes your hub again" in as_manager.get(f"/integrations/{hub.pk}/reconnect/").content.decode()
    back = consent(as_manager.post(f"/integrations/{hub.pk}/reconnect/", {}), standins)
    assert as_manager.get(back)["Location"] == f"/integrations/{hub.pk}/checks/"
    after = AppInstance.objects.get(account=account)
    assert (after.pk, after.label, after.is_hub, after.state) == (hub.pk, "Main portal", True, InstanceState.CONNECTED)


# -- the checks -----------------------------------------------------------------------------------------------------
@pytest.fixture
def snovio(as_manager: Client, hub: AppInstance, standins: dict[str, Any]) -> AppInstance:
    as_manager.post("/apps/snovio/connect/", keys(standins))
    return AppInstance.objects.get(app_key="snovio")


def test_the_checks_start_by_themselves_once(as_manager: Client, snovio: AppInstance) -> None:
    path = f"/integrations/{snovio.pk}/checks/"
    assert 'hx-trigger="load"' in as_manager.get(path).content.decode()
    finished = as_manager.post(path, {"go": "first"}, headers=HTMX).content.decode()
    assert "Passed" in finished
    assert 'hx-trigger="load"' not in finished
    assert 'hx-trigger="load"' not in as_manager.get(path).content.decode()


def test_the_list_shows_what_is_done_so_far(as_manager: Client, snovio: AppInstance) -> None:
    line = {"name": "Signed in", "state": "passed", "detail": "", "fix": ""}
    AppInstance.objects.filter(pk=snovio.pk).update(checks=[line])
    page = as_manager.get(f"/integrations/{snovio.pk}/checks/", headers=HTMX).content.decode()
    assert "Signed in" in page
    assert "Running" in page
    assert "<html" not in page


def test_without_javascript_the_button_runs_them_all(as_manager: Client, snovio: AppInstance) -> None:
    page = as_manager.post(f"/integrations/{snovio.pk}/checks/", follow=True).content.decode()
    assert "Passed" in page
    assert "Set up your sync" in page
    assert AppInstance.objects.get(pk=snovio.pk).checked_at


def test_check_again_shows_the_empty_list_before_it_asks(as_manager: Client, snovio: AppInstance) -> None:
    page = as_manager.post(f"/integrations/{snovio.pk}/checks/", headers=HTMX).content.decode()
    assert 'hx-trigger="load"' in page
    assert 'value="again"' in page
    assert AppInstance.objects.get(pk=snovio.pk).checked_at is None


def test_a_failed_check_says_what_to_do_and_offers_to_reconnect(
    as_manager: Client, snovio: AppInstance, standins: dict[str, Any]
) -> None:
    requests.post(f"{standins['snovio']['control_url']}/down", json={"how": "503"}, timeout=10).raise_for_status()
    page = as_manager.post(f"/integrations/{snovio.pk}/checks/", follow=True).content.decode()
    assert "Failed" in page
    assert "What to do:" in page
    assert f'href="/integrations/{snovio.pk}/reconnect/"' in page
    assert "Set up your sync" not in page


def test_passing_again_ends_a_suspension(as_manager: Client, snovio: AppInstance) -> None:
    AppInstance.objects.filter(pk=snovio.pk).update(state=InstanceState.SUSPENDED, state_code="REMOTE_UNAVAILABLE")
    as_manager.post(f"/integrations/{snovio.pk}/checks/")
    assert AppInstance.objects.get(pk=snovio.pk).state == InstanceState.CONNECTED


def test_what_has_syncs_leads_back_to_them(
    as_manager: Client, snovio: AppInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "instance_usage", [lambda instance: ["Contacts to prospects"]])
    page = as_manager.post(f"/integrations/{snovio.pk}/checks/", follow=True).content.decode()
    assert "See its syncs" in page
    assert "Set up your sync" not in page


def test_testing_a_disconnected_account_fails_and_leaves_it_so(as_manager: Client, snovio: AppInstance) -> None:
    as_manager.post(f"/integrations/{snovio.pk}/disconnect/")
    page = as_manager.post(f"/integrations/{snovio.pk}/checks/", follow=True).content.decode()
    assert "Failed" in page
    assert "Snov.io is connected" not in page
    assert AppInstance.objects.get(pk=snovio.pk).state == InstanceState.DISCONNECTED
