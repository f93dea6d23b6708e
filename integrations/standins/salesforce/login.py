"""Who may call: codes for those who consent, access tokens that end without saying when, refresh tokens that stay or change."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.standins.vendor import Clock

if TYPE_CHECKING:
    from integrations.standins.salesforce.org import Org

CODE_LIFE = 15 * 60  # seconds


@dataclass(frozen=True)
class Grant:
    """What a person allowed: the app calls this org as its user."""

    organisation: int
    user: str
    scope: str


@dataclass
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    expires: float


@dataclass
class Refused(Exception):
    """400 of an OAuth address."""

    error: str
    description: str

    def shown(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


@dataclass
class Login:
    """``base``: the address where people sign in; ``settings``: the stand-in's."""

    clock: Clock
    client_id: str
    client_secret: str
    settings: dict[str, Any]
    orgs: "Sequence[Org]"
    base: str = ""
    access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    trouble: str = ""  # the error that the token endpoint gives to everybody

    def consent(self, *, organisation: int, scope: str, redirect_uri: str, challenge: str) -> str:
        """A code for someone who pressed Allow; one use."""
        code = f"aPrx{secrets.token_urlsafe(60)}"
        grant = Grant(organisation, self.orgs[organisation].me, scope or "api refresh_token")
        self.codes[code] = Code(grant, redirect_uri, challenge, self.clock.now() + CODE_LIFE)
        return code

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint; raises Refused."""
        if self.trouble:
            word, _, text = self.trouble.partition(": ")
            raise Refused(word, text or word.replace("_", " "))
        if form.get("client_id") != self.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        given = form.get("client_secret", "")
        if given and not secrets.compare_digest(given.encode(), self.client_secret.encode()):
            raise Refused("invalid_client", "invalid client credentials")
        if not given and self.settings["secret_required"]:
            raise Refused("invalid_client", "invalid client credentials")
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            grant = self._redeemed(form)
            return self._issued(grant, fresh="refresh_token" in grant.scope or "offline_access" in grant.scope)
        if kind == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        raise Refused("unsupported_grant_type", "grant type not supported")

    def _redeemed(self, form: dict[str, str]) -> Grant:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None:
            raise Refused("invalid_grant", "invalid authorization code")
        if code.expires <= self.clock.now():
            raise Refused("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge and s256(form.get("code_verifier", "")) != code.challenge:
            raise Refused("invalid_grant", "invalid code verifier")
        return code.grant

    def _refreshed(self, token: str) -> dict[str, Any]:
        grant = self.refresh.get(token)
        if grant is None:
            raise Refused("invalid_grant", "expired access/refresh token")
        user = self.orgs[grant.organisation].find(grant.user)
        if user is None or not user.values.get("IsActive"):
            raise Refused("inactive_user", "user is inactive")
        rotates = bool(self.settings["refresh_tokens_once"])
        if rotates:
            del self.refresh[token]
        return self._issued(grant, fresh=rotates)

    def _issued(self, grant: Grant, *, fresh: bool) -> dict[str, Any]:
        org, at = self.orgs[grant.organisation], str(self.clock.ms())
        token = self.session(grant)
        found = {"access_token": token, "signature": base64.b64encode(hashlib.sha256(at.encode()).digest()).decode(),
                 "scope": grant.scope, "instance_url": org.address, "id": f"{self.base}/id/{org.id}/{grant.user}",
                 "token_type": "Bearer", "issued_at": at}  # fmt: skip
        if fresh:
            refresh = f"5Aep861{secrets.token_urlsafe(60)}"
            self.refresh[refresh] = grant
            found["refresh_token"] = refresh
        return found

    def session(self, grant: Grant, token: str = "") -> str:
        """A new access token, or ``token`` itself made good for ever."""
        org = self.orgs[grant.organisation]
        expires = float("inf") if token else self.clock.now() + int(self.settings["session_seconds"])
        token = token or f"{org.id[:15]}!AQ{secrets.token_urlsafe(72)}"
        self.access[token] = (grant, expires)
        return token

    def revoke(self, token: str) -> None:
        """A refresh token takes the sessions that came from it along; raises Refused for what is no token."""
        grant = self.refresh.pop(token, None)
        if grant is not None:
            self.access = {name: held for name, held in self.access.items() if held[0] != grant}
        elif self.access.pop(token, None) is None:
            raise Refused("unsupported_token_type", "this token type is not supported")

    def grant(self, header: str) -> Grant | None:
        """What an Authorization header opens, None when it opens nothing."""
        scheme, _, token = header.partition(" ")
        held = self.access.get(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        return held[0] if held and held[1] > self.clock.now() else None

    def expire(self) -> None:
        self.access = {token: (grant, 0.0) for token, (grant, _) in self.access.items()}


def s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
