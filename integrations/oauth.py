"""The authorisation-code flow with an app: consent address, code for tokens, refresh, revoke. Nothing is stored here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from django.utils.translation import gettext as _

from integrations import errors
from integrations.services.credentials import Grant
from portal.redaction import redact

TIMEOUT = (5, 30)  # connect, read; seconds

# Words of the token endpoint that say who has to act: the operator (client) or the customer (grant).
CLIENT_ERRORS = {"invalid_client", "unauthorized_client"}
GRANT_ERRORS = {"invalid_grant", "access_denied"}
LIMIT_ERRORS = {"rate_limit_exceeded"}  # no word of RFC 6749's, and said with a status of 4xx other than 429
# RFC 6749's for the consent page, which some say here, too; the last is Salesforce's ("retry your request").
BUSY_ERRORS = {"temporarily_unavailable", "server_error", "unknown_error"}
LIMIT_WAIT = 60.0  # seconds; none of these answers says how long


SIGNED_IN_AT = "signed_in_at"  # among an instance's secrets: the address that the consent was given for


class ClientRefused(errors.AuthExpired):
    """The app does not know our client id or secret: the operator's settings are wrong, the customer can do nothing."""


@dataclass(frozen=True)
class OAuthProvider:
    """Where and as whom we ask. Addresses and the client come from settings, read at each use so that tests can change them.

    The address functions get the instance's own address: "" for apps that have one public address for all customers; the
    organisation's (``AppInstance.base_url``) for those whose customers each have their own. They raise AddressRefused for one that
    must not learn our client's secret.
    ``scopes``: what is asked for; a function of that address where the scope names it.
    ``statuses``: an app's own words for RFC 6749's, as ``status`` or ``error``: {"BAD_CLIENT_SECRET": "invalid_client"}.
    ``busy``: part of a description, in lower case, that makes any refusal one of the moment.
    ``extra``: more parameters of the consent address, e.g. {"prompt": "select_account"}.
    """

    authorize_url: Callable[[str], str]
    token_url: Callable[[str], str]
    client: Callable[[], tuple[str, str]]  # id, secret
    scopes: Sequence[str] | Callable[[str], Sequence[str]]
    optional_scopes: Sequence[str] = ()
    revoke_url: Callable[[str], str] | None = None
    statuses: dict[str, str] = field(default_factory=dict)
    busy: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def consent_url(self, *, redirect_uri: str, state: str, code_verifier: str, address: str = "") -> str:
        """Where to send the person. PKCE (S256) always: apps that do not know it ignore it."""
        extra = {"optional_scope": " ".join(self.optional_scopes)} if self.optional_scopes else {}
        extra |= self.extra
        with self._session(address, redirect_uri) as session:
            url, _state = session.create_authorization_url(
                self.authorize_url(address), state=state, code_verifier=code_verifier, **extra
            )
        return str(url)

    def exchange(self, code: str, *, redirect_uri: str, code_verifier: str, address: str = "") -> Grant:
        """The code of the callback for tokens. AuthRevoked: the code is no good; ClientRefused; Unavailable; RateLimited."""
        with self._session(address, redirect_uri) as session:
            grant = _grant(_ask(session.fetch_token, self.token_url(address), code=code, code_verifier=code_verifier))
        if not grant.base_url:
            return grant
        # The API is elsewhere than the sign-in, which is where tokens are renewed and revoked.
        return replace(grant, secrets={**grant.secrets, SIGNED_IN_AT: address})

    def refresh(self, secrets: dict[str, Any], address: str = "") -> Grant:
        """New tokens for ``secrets["refresh_token"]``; the answer's refresh token, where there is one, replaces the old."""
        address = secrets.get(SIGNED_IN_AT, address)
        with self._session(address) as session:
            given = secrets.get("refresh_token", "")
            return _grant(_ask(session.refresh_token, self.token_url(address), refresh_token=given))

    def revoke(self, secrets: dict[str, Any], address: str = "") -> None:
        """Tell the app to forget the refresh token, where it has an address for that."""
        if self.revoke_url is not None and secrets.get("refresh_token"):
            address = secrets.get(SIGNED_IN_AT, address)
            with self._session(address) as session:
                answer = _ask(
                    session.revoke_token,
                    self.revoke_url(address),
                    token=secrets["refresh_token"],
                    token_type_hint="refresh_token",
                )
                self._check(answer)

    def _session(self, address: str, redirect_uri: str = "") -> OAuth2Session:
        client_id, client_secret = self.client()
        scopes = self.scopes(address) if callable(self.scopes) else self.scopes
        session = OAuth2Session(
            client_id,
            client_secret,
            scope=" ".join(scopes) if redirect_uri else None,
            redirect_uri=redirect_uri or None,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",
            revocation_endpoint_auth_method="client_secret_post",
        )
        session.register_compliance_hook("access_token_response", self._check)
        session.register_compliance_hook("refresh_token_response", self._check)
        return session

    def _check(self, answer: requests.Response) -> requests.Response:
        """The answer itself when it is a success, else the error it means."""
        if answer.status_code < 300:
            return answer
        try:
            said = answer.json()
        except ValueError:
            said = None
        if isinstance(said, list) and said and isinstance(said[0], dict):  # an app that answers as its API does
            said = {"error": said[0].get("errorCode"), "message": said[0].get("message")}
        if answer.status_code >= 500 or answer.status_code == 429 or not isinstance(said, dict):
            raise errors.Unavailable(
                _("The app's sign-in service is in trouble (HTTP %(status)s).") % {"status": answer.status_code}
            )
        given = str(said.get("error") or "")
        word = self.statuses.get(str(said.get("status")), self.statuses.get(given, given))
        description = str(said.get("error_description") or said.get("message") or "")
        remote = redact(f"{word}: {description}")
        if word in BUSY_ERRORS or (self.busy and self.busy in description.lower()):
            raise errors.Unavailable(_("The app's sign-in service is in trouble just now."), remote=remote)
        if word in LIMIT_ERRORS:
            raise errors.RateLimited(
                _("The app's sign-in service asks for fewer calls."), remote=remote, retry_after=LIMIT_WAIT
            )
        if word in CLIENT_ERRORS:
            raise ClientRefused(_("The app does not accept Syncline's client id or secret."), remote=remote)
        if word in GRANT_ERRORS:
            raise errors.AuthRevoked(_("The app no longer accepts this authorisation."), remote=remote)
        raise errors.AuthExpired(_("The app refused to give an access token."), remote=remote)


def _ask(call: Callable[..., Any], url: str, **values: Any) -> Any:
    try:
        return call(url, timeout=TIMEOUT, allow_redirects=False, **values)
    except requests.RequestException as error:
        raise errors.Unavailable(_("The app's sign-in service cannot be reached.")) from error
    except (OAuthError, ValueError) as error:  # a success status around an error or around no JSON object
        raise errors.Unavailable(_("The app's sign-in service gave an answer that makes no sense.")) from error


def _grant(token: dict[str, Any]) -> Grant:
    if not token.get("access_token"):
        raise errors.Unavailable(_("The app's sign-in service gave an answer that makes no sense."))
    kept = {name: token[name] for name in ("access_token", "refresh_token") if token.get(name)}
    scopes = token.get("scopes") or str(token.get("scope") or "").split()
    return Grant(kept | {"scopes": list(scopes)}, token.get("expires_in"), str(token.get("instance_url") or ""))
