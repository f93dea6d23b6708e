"""Signing in to organisations of Dynamics 365, and their webhooks, from the services and the stand-in's own calls."""

import json
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from integrations import errors
from integrations.connectors.dynamics.webhooks import HEADER, hints, key_for
from integrations.models import AppInstance
from integrations.records import Hint
from integrations.registry import App, app
from integrations.services import connections
from integrations.services.connections import ConnectRefused, finish_oauth, start_oauth
from integrations.signals import hints_received
from portal.accounts.models import Account
from tests.contract.conftest import Control
from tests.contract.dynamics import control_of, dynamics_standin
from tests.integrations.server import Server

__all__ = ["dynamics_standin"]

DYNAMICS: App = app("dynamics")


@pytest.fixture
def control(dynamics_standin: dict[str, Any]) -> Control:
    return control_of(dynamics_standin)


@pytest.fixture(autouse=True)
def _configured(dynamics_standin: dict[str, Any], control: Control, settings: Any) -> None:
    settings.ALLOW_LOOPBACK_APPS = True
    for name, value in dynamics_standin["environment"].items():
        setattr(settings, name, value)


def decide(address: str, decision: str = "allow") -> dict[str, str]:
    """What the person does on the consent page; the query that the callback gets."""
    assert requests.get(address, timeout=20).status_code == 200
    form = [*parse_qsl(urlsplit(address).query), ("decision", decision)]
    answer = requests.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def connected(account: Account, user: User, url: str, **more: Any) -> AppInstance:
    address = start_oauth(account=account, user=user, app=DYNAMICS, label="", values={"base_url": url}, **more)
    return finish_oauth(account=account, user=user, query=decide(address))


def test_the_consent_is_for_the_organisation_that_was_named(
    account: Account, manager: User, dynamics_standin: Any
) -> None:
    url = dynamics_standin["organisations"][1]["url"]
    address = start_oauth(account=account, user=manager, app=DYNAMICS, label="", values={"base_url": f"{url}/"})
    asked = parse_qs(urlsplit(address).query)
    assert asked["scope"] == [f"{url}/.default offline_access"]
    assert asked["code_challenge_method"] == ["S256"]


def test_several_organisations_of_one_account(account: Account, manager: User, dynamics_standin: Any) -> None:
    addresses = [each["url"] for each in dynamics_standin["organisations"]]
    assert list(dynamics_standin["to_connect"].values()) == addresses, "a demo names them all"
    north, south = (connected(account, manager, address) for address in addresses)
    assert [each["id"] for each in dynamics_standin["organisations"]] == [
        north.remote_account_id,
        south.remote_account_id,
    ]
    assert (north.remote_account_name, south.remote_account_name) == ("Northwind Trading", "Southgate Foods")
    with pytest.raises(ConnectRefused) as refused:
        connected(account, manager, dynamics_standin["organisations"][0]["url"])
    assert refused.value.existing == north


def test_a_reconnection_must_open_the_same_organisation(account: Account, manager: User, dynamics_standin: Any) -> None:
    north = connected(account, manager, dynamics_standin["organisations"][0]["url"])
    with pytest.raises(ConnectRefused):
        connected(account, manager, dynamics_standin["organisations"][1]["url"], instance=north)


def test_the_live_checks_pass_and_are_saved(account: Account, manager: User, dynamics_standin: Any) -> None:
    instance = connected(account, manager, dynamics_standin["organisations"][0]["url"])
    results = list(connections.run_checks(instance))
    assert {result.state for result in results} == {"passed"}
    assert len(results) == 1 + len(DYNAMICS.kinds)
    assert "Read phone calls" in {result.name for result in results}, "in the words of the pages"


@pytest.mark.parametrize("once", [False, True])
def test_tokens_renew_themselves(
    account: Account, manager: User, control: Control, dynamics_standin: Any, once: bool
) -> None:
    """``once``: the service takes each refresh token one time only, so the new one must have been kept."""
    control("settings", refresh_tokens_once=once)
    instance = connected(account, manager, dynamics_standin["organisations"][0]["url"])
    for _round in range(2):
        control("tokens", expire=True)
        assert connections.open_connector(instance).identify().id == instance.remote_account_id


def test_a_withdrawn_permission_asks_for_the_person(
    account: Account, manager: User, control: Control, dynamics_standin: Any
) -> None:
    instance = connected(account, manager, dynamics_standin["organisations"][0]["url"])
    control("tokens", revoke=True)
    with pytest.raises(errors.AuthRevoked):
        connections.open_connector(instance).identify()


def test_a_refused_consent_connects_nothing(account: Account, manager: User, dynamics_standin: Any) -> None:
    url = dynamics_standin["organisations"][0]["url"]
    address = start_oauth(account=account, user=manager, app=DYNAMICS, label="", values={"base_url": url})
    with pytest.raises(ConnectRefused):
        finish_oauth(account=account, user=manager, query=decide(address, "deny"))
    assert not AppInstance.objects.exists()


# -- webhooks ------------------------------------------------------------------------------------------------------------------
ORGANISATION = "41f8e42d-3e86-4232-a324-3c4b3629cb05"
ROW = "85497297-4768-4c93-832b-ca6a7eaa3d8e"


def context(**more: Any) -> bytes:
    return json.dumps(
        {"OrganizationId": ORGANISATION, "PrimaryEntityName": "contact", "PrimaryEntityId": ROW, **more}
    ).encode()


def told(body: bytes, key: str = "", url: str = "http://127.0.0.1/hooks/dynamics/") -> list[Hint]:
    return list(hints(method="POST", url=url, headers={HEADER.title(): key}, body=body, secret="s3cret"))


def test_a_call_with_the_organisations_key_names_a_row() -> None:
    key = key_for(ORGANISATION, "s3cret")
    expected = [Hint("contacts", ROW, ORGANISATION)]
    assert told(context(), key) == expected
    assert told(context(OrganizationId=ORGANISATION.upper()), key) == expected
    assert told(context(), "", f"http://127.0.0.1/hooks/dynamics/?code={key}") == expected
    assert told(context(PrimaryEntityName="team"), key) == []


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (context(), ""),
        (context(), "é"),
        (context(OrganizationId=ROW), key_for(ORGANISATION, "s3cret")),
        (context(PrimaryEntityId="x"), key_for(ORGANISATION, "s3cret")),
        (b"[]", key_for(ORGANISATION, "s3cret")),
        (b"not json", key_for(ORGANISATION, "s3cret")),
    ],
)
def test_any_other_call_is_refused(body: bytes, key: str) -> None:
    with pytest.raises(errors.Refused):
        told(body, key)


def test_without_a_client_secret_nobody_has_a_key() -> None:
    with pytest.raises(errors.Refused):
        list(hints(method="POST", url="", headers={HEADER: key_for(ORGANISATION, "")}, body=context(), secret=""))


def test_what_the_organisation_sends_reaches_its_instance(
    account: Account, manager: User, control: Control, dynamics_standin: Any, server: Server, client: Client
) -> None:
    """The stand-in's call, as it was received, is given to the site."""
    about = dynamics_standin["organisations"][1]
    instance = connected(account, manager, about["url"])
    out = StringIO()
    call_command("dynamics_webhook", about["id"], stdout=out)
    key = out.getvalue().partition(f"{HEADER}: ")[2].split()[0]
    control("endpoint", organisation=1, url=f"{server.url}/hooks/dynamics/", headers={HEADER: key})
    [made] = control("records", organisation=1, type="contacts", create=[{"lastname": "Lee"}])["created"]
    control_waits_until_idle(control)
    heard: list[Any] = []
    hints_received.connect(
        lambda **given: heard.append((given["instance"], given["hints"])), weak=False, dispatch_uid="heard"
    )
    try:
        [call] = server.asked
        sent = client.post(
            "/hooks/dynamics/", call.body, content_type="application/json", headers={HEADER: call.headers[HEADER]}
        )
    finally:
        hints_received.disconnect(dispatch_uid="heard")
    assert sent.status_code == 204
    assert heard == [(instance, [Hint("contacts", made, about["id"])])]
    assert client.post("/hooks/dynamics/", call.body, content_type="application/json").status_code == 401


def control_waits_until_idle(control: Control) -> None:
    """The outbox is asked until it has nothing under way."""
    for _try in range(200):
        state = control("webhooks")
        if state["idle"] and state["calls"]:
            return
    raise AssertionError("no webhook was sent")


def test_the_command_wants_an_id() -> None:
    with pytest.raises(CommandError):
        call_command("dynamics_webhook", "northwind")
