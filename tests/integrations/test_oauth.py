"""What the answers of a token endpoint mean, in the words of RFC 6749 and in those that apps have beside it."""

from typing import Any

import pytest

from integrations import errors
from integrations.http import ApiSession
from integrations.models import AppInstance
from integrations.oauth import SIGNED_IN_AT, ClientRefused, OAuthProvider
from integrations.services import credentials
from integrations.services.credentials import RenewableToken
from portal.accounts.models import Account
from tests.integrations.server import Asked, Reply, Server

PROVIDER = OAuthProvider(
    authorize_url=lambda address: f"{address}/authorize",
    token_url=lambda address: f"{address}/token",
    revoke_url=lambda address: f"{address}/revoke",
    client=lambda: ("id", "secret"),
    scopes=("api",),
    statuses={"invalid_client_id": "invalid_client", "REQUEST_LIMIT_EXCEEDED": "rate_limit_exceeded"},
    busy="already being processed",
)


def refusal(server: Server, status: int, said: Any) -> errors.ConnectorError:
    server.replies(Reply(status, said))
    with pytest.raises(errors.ConnectorError) as caught:
        PROVIDER.refresh({"refresh_token": "r"}, server.url)
    return caught.value


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"error": "invalid_client"}, ClientRefused),
        ({"error": "invalid_client_id"}, ClientRefused),
        ({"error": "invalid_grant", "error_description": "expired access/refresh token"}, errors.AuthRevoked),
        ({"error": "inactive_user"}, errors.AuthExpired),
        ({"error": "rate_limit_exceeded"}, errors.RateLimited),
        ({"error": "temporarily_unavailable"}, errors.Unavailable),
        ({"error": "unknown_error", "error_description": "retry your request"}, errors.Unavailable),
        (
            {"error": "invalid_grant", "error_description": "Token Request Is Already Being Processed"},
            errors.Unavailable,
        ),
        ([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], errors.RateLimited),
        ([{"errorCode": "INVALID_SESSION_ID", "message": "no"}], errors.AuthExpired),
        ([], errors.Unavailable),
        (["odd"], errors.Unavailable),
    ],
)
def test_what_a_refusal_means(server: Server, said: Any, kind: type[errors.ConnectorError]) -> None:
    error = refusal(server, 400, said)
    assert type(error) is kind
    if isinstance(error, errors.RateLimited):
        assert error.retry_after


def test_tokens_are_renewed_and_revoked_where_the_person_signed_in(server: Server) -> None:
    """An app that names the address of its API with the token: that is not the address to sign in at."""
    server.replies(Reply(200, {"access_token": "a", "refresh_token": "r", "instance_url": "https://acme.example.com"}))
    grant = PROVIDER.exchange("code", redirect_uri="http://x", code_verifier="v" * 43, address=f"{server.url}/login")
    assert grant.base_url == "https://acme.example.com"
    assert grant.secrets[SIGNED_IN_AT] == f"{server.url}/login"
    PROVIDER.refresh(grant.secrets, grant.base_url)
    PROVIDER.revoke(grant.secrets, grant.base_url)
    assert [asked.path for asked in server.asked] == ["/login/token", "/login/token", "/login/revoke"]


def test_a_session_goes_on_at_the_address_that_came_with_new_tokens(
    server: Server, account: Account, settings: Any
) -> None:
    """The answer has no ``expires_in``: that a token is old is told by a 401."""
    settings.ALLOW_LOOPBACK_APPS = True
    made = AppInstance.objects.create(account=account, app_key="hubspot", label="x", base_url=f"{server.url}/old")
    credentials.store(made, {"access_token": "a0", "refresh_token": "r0", SIGNED_IN_AT: f"{server.url}/login"})

    def answer(asked: Asked) -> Reply:
        if asked.path == "/login/token":
            assert b"refresh_token=r0" in asked.body
            return Reply(200, {"access_token": "a1", "refresh_token": "r1", "instance_url": f"{server.url}/new/"})
        return Reply(200 if asked.path == "/new/data" else 401)

    server.answer = answer
    auth = RenewableToken(made, lambda secrets: PROVIDER.refresh(secrets, made.base_url))
    ApiSession(lambda: made.base_url, auth=auth).get("/data")
    assert [asked.path for asked in server.asked] == ["/old/data", "/login/token", "/new/data"]
    made.refresh_from_db()
    assert made.base_url == f"{server.url}/new"
    assert credentials.secrets(made)["refresh_token"] == "r1"


def test_new_tokens_do_not_lead_into_an_internal_network(server: Server, account: Account, settings: Any) -> None:
    settings.ALLOW_LOOPBACK_APPS = False
    made = AppInstance.objects.create(account=account, app_key="hubspot", label="x", base_url=server.url)
    credentials.store(made, {"access_token": "a0", "refresh_token": "r0", SIGNED_IN_AT: server.url})
    server.answer = lambda asked: (
        Reply(200, {"access_token": "a1", "refresh_token": "r1", "instance_url": "https://127.0.0.1"})
        if asked.path == "/token"
        else Reply(401)
    )
    auth = RenewableToken(made, lambda secrets: PROVIDER.refresh(secrets, made.base_url))
    with pytest.raises(errors.AddressRefused):
        ApiSession(lambda: made.base_url, auth=auth).get("/data")
    made.refresh_from_db()
    assert made.base_url == server.url
    assert credentials.secrets(made)["refresh_token"] == "r1", "the old one is dead"
