"""One process renews a token, however many need it: real processes, a server that takes each refresh token once."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils.timezone import now

from integrations import errors
from integrations.models import AppInstance, Credential
from integrations.services import credentials
from integrations.services.credentials import Grant, RenewableToken
from portal.accounts.models import Account
from tests.install import Install
from tests.integrations.server import Asked, Reply, Server

CALLER = """
import json, sys, time
from pathlib import Path
import django
django.setup()
from integrations import errors
from integrations.http import ApiSession
from integrations.models import AppInstance
from integrations.oauth import OAuthProvider
from integrations.services.credentials import RenewableToken

folder, name, pk, url = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
provider = OAuthProvider(lambda address: "", lambda address: url + "/token", lambda: ("id", "secret"), ())
instance = AppInstance.objects.get(pk=pk)
(folder / f"{name}.ready").touch()
while not (folder / "go").exists():
    time.sleep(0.005)
calls, failures, until = 0, [], time.time() + 2.5
while time.time() < until:
    try:
        ApiSession(url, auth=RenewableToken(instance, provider.refresh, leeway=0.3)).get("/data")
        calls += 1
    except errors.ConnectorError as error:
        failures.append(repr(error))
(folder / f"{name}.json").write_text(json.dumps([calls, failures]))
"""


class TokenServer:
    """Access tokens live a second; a refresh token works once."""

    def __init__(self, server: Server) -> None:
        self.refreshed, self.reused, self.good = 0, 0, {"r0"}
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            given = parse_qs(asked.body.decode())["refresh_token"][0]
            if given not in self.good:
                self.reused += 1
                return Reply(400, {"error": "invalid_grant"})
            self.refreshed += 1
            self.good = {f"r{self.refreshed}"}
            grant = {"access_token": f"a{self.refreshed}", "refresh_token": f"r{self.refreshed}", "expires_in": 1}
            return Reply(200, grant | {"token_type": "bearer"})
        return Reply(200 if asked.headers["authorization"] == f"Bearer a{self.refreshed}" else 401)


def test_four_processes_renew_one_at_a_time(live_install: Install, server: Server, tmp_path: Any) -> None:
    tokens = TokenServer(server)
    with live_install.orm():
        account = Account.objects.create(name="Acme")
        instance = AppInstance.objects.create(account=account, app_key="hubspot", label="x", way_in="oauth")
        credentials.store(instance, {"access_token": "old", "refresh_token": "r0"}, expires_in=-1)
    names = ["one", "two", "three", "four"]
    callers = [
        live_install.start(name, "-c", CALLER, str(tmp_path), name, str(instance.pk), server.url) for name in names
    ]
    live_install.wait_for(lambda: all((tmp_path / f"{name}.ready").exists() for name in names))
    (tmp_path / "go").touch()
    assert [caller.wait(30) for caller in callers] == [0] * 4
    results = [json.loads((tmp_path / f"{name}.json").read_text()) for name in names]
    assert [failures for _calls, failures in results] == [[]] * 4
    assert tokens.reused == 0
    assert tokens.refreshed <= 2.5 / 0.7 + 2
    assert sum(calls for calls, _failures in results) > 4 * tokens.refreshed


@pytest.fixture
def instance(account: Account) -> AppInstance:
    made = AppInstance.objects.create(account=account, app_key="hubspot", label="x", way_in="oauth")
    credentials.store(made, {"access_token": "old", "refresh_token": "r0"}, expires_in=-1)
    return made


def test_a_token_that_somebody_else_renewed_is_taken_over(instance: AppInstance) -> None:
    """Our refresh token was refused because another process had used it: what that one stored counts."""

    def late(secrets: dict[str, Any]) -> Grant:
        credentials.store(instance, {"access_token": "theirs", "refresh_token": "r1"}, expires_in=600)
        raise errors.AuthRevoked("invalid_grant")

    assert RenewableToken(instance, late).headers() == {"Authorization": "Bearer theirs"}


def test_a_refused_grant_that_nobody_replaced_is_revoked(instance: AppInstance) -> None:
    def refuse(secrets: dict[str, Any]) -> Grant:
        raise errors.AuthRevoked("invalid_grant")

    with pytest.raises(errors.AuthRevoked):
        RenewableToken(instance, refuse).headers()
    assert Credential.objects.get().refresh_lease_until is None


def test_a_dead_renewer_is_outlived(instance: AppInstance) -> None:
    Credential.objects.update(refresh_lease_until=now() - timedelta(seconds=1))
    auth = RenewableToken(instance, lambda secrets: Grant({"access_token": "new"}, 600))
    assert auth.headers() == {"Authorization": "Bearer new"}
    assert credentials.secrets(instance)["refresh_token"] == "r0", "an answer without a refresh token keeps the old one"


def test_a_refused_token_is_renewed_although_the_clock_says_it_is_good(instance: AppInstance) -> None:
    credentials.store(instance, {"access_token": "old"}, expires_in=600)
    auth = RenewableToken(instance, lambda secrets: Grant({"access_token": "new"}, 600))
    assert auth.headers() == {"Authorization": "Bearer old"}
    assert auth.renew()
    assert auth.headers() == {"Authorization": "Bearer new"}


def test_credentials_that_no_key_opens_ask_for_a_reconnect(instance: AppInstance, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    with pytest.raises(errors.AuthExpired) as caught:
        credentials.secrets(instance)
    assert "encryption key" in caught.value.message
