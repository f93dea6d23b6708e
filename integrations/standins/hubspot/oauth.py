"""Who may call: OAuth grants with short access tokens, and static tokens. The consent page is in ``consent.py``."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from integrations.standins.hubspot.errors import Problem
from integrations.standins.hubspot.types import TYPES
from integrations.standins.vendor import Clock

ALL_SCOPES = tuple(
    dict.fromkeys(
        [
            "oauth",
            *(kind.scopes(verb) for kind in TYPES for verb in ("read", "write")),
            *(
                f"crm.schemas.{name}.{verb}"
                for name in ("contacts", "companies", "deals")
                for verb in ("read", "write")
            ),
            "crm.objects.owners.read",
            "sales-email-read",
            "crm.lists.read",
            "forms",
            "content",
        ]
    )
)


@dataclass
class Grant:
    """What one app may do in one account."""

    client_id: str
    portal_id: int
    scopes: list[str]
    refresh_token: str = ""
    static: bool = False
    user: str = "dana.reyes@syncline.example"


@dataclass
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    expires: float


@dataclass
class OAuthRefused(Exception):
    """400 of the token endpoint: RFC 6749 members beside HubSpot's older ones."""

    error: str
    status: str
    description: str

    def shown(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "error_description": self.description,
            "status": self.status,
            "message": self.description,
        }


@dataclass
class OAuth:
    clock: Clock
    client_id: str
    client_secret: str
    settings: dict[str, Any]
    access: dict[str, tuple[Grant, float]] = field(default_factory=dict)  # token → grant, expiry
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    static: dict[str, Grant] = field(default_factory=dict)

    # -- using a token ------------------------------------------------------------------------------------------------
    def grant(self, header: str) -> Grant:
        """The grant behind an Authorization header; raises Problem 401."""
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise _unauthorised("Authentication credentials not found. This API supports OAuth 2.0 authentication.")
        if found := self.static.get(token):
            return found
        held = self.access.get(token)
        if held is None:
            raise _unauthorised("The OAuth token used to make this call is not valid.")
        if held[1] <= self.clock.now():
            raise _unauthorised("The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION")
        return held[0]

    # -- giving tokens ------------------------------------------------------------------------------------------------
    def consent(self, *, portal_id: int, scopes: list[str], redirect_uri: str, challenge: str) -> str:
        """A code for someone who pressed Allow, good for a minute and one use."""
        grant = Grant(self.client_id, portal_id, scopes)
        code = f"na1-{secrets.token_hex(16)}"
        self.codes[code] = Code(grant, redirect_uri, challenge, self.clock.now() + 60)
        return code

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint; raises OAuthRefused."""
        if form.get("client_id") != self.client_id:
            raise OAuthRefused("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        if not secrets.compare_digest(form.get("client_secret", "").encode(), self.client_secret.encode()):
            raise OAuthRefused("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            grant = self._redeem(form)
        elif kind == "refresh_token":
            held = self.refresh.get(form.get("refresh_token", ""))
            if held is None:
                raise OAuthRefused("invalid_grant", "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
            grant = held
            if self.settings["rotate_refresh_tokens"]:
                del self.refresh[grant.refresh_token]
                grant.refresh_token = ""
        else:
            raise OAuthRefused("unsupported_grant_type", "BAD_GRANT_TYPE", f"unknown grant_type '{kind}'")
        return self._issue(grant)

    def _redeem(self, form: dict[str, str]) -> Grant:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or code.expires <= self.clock.now():
            raise OAuthRefused("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefused("invalid_grant", "BAD_REDIRECT_URI", "redirect uri does not match initial auth code URI")
        if code.challenge and s256(form.get("code_verifier", "")) != code.challenge:
            raise OAuthRefused("invalid_grant", "BAD_CODE_VERIFIER", "missing or invalid code verifier")
        return code.grant

    def _issue(self, grant: Grant) -> dict[str, Any]:
        if not grant.refresh_token:
            grant.refresh_token = f"na1-{secrets.token_hex(4)}-{secrets.token_hex(16)}"
        self.refresh[grant.refresh_token] = grant
        life = int(self.settings["token_seconds"])
        token = "C" + secrets.token_urlsafe(180 + 4 * len(grant.scopes))  # long, as HubSpot's grow with the scopes
        self.access[token] = (grant, self.clock.now() + life)
        return {
            "token_type": "bearer",
            "refresh_token": grant.refresh_token,
            "access_token": token,
            "expires_in": life,
            "hub_id": grant.portal_id,
            "scopes": grant.scopes,
        }

    # -- asking about and ending them ---------------------------------------------------------------------------------
    def introspect(self, token: str) -> dict[str, Any]:
        held = self.access.get(token)
        if held and held[1] > self.clock.now():
            grant, left, use = held[0], int(held[1] - self.clock.now()), "access_token"
        elif token in self.refresh:
            grant, left, use = self.refresh[token], None, "refresh_token"
        else:
            return {"active": False}
        return {
            "active": True,
            "hub_id": grant.portal_id,
            "user_id": 9586504,
            "user": grant.user,
            "client_id": grant.client_id,
            "app_id": APP_ID,
            "hub_domain": f"portal-{grant.portal_id}.example",
            "scopes": grant.scopes,
            "token_use": use,
            "token_type": "bearer",
            "is_private_distribution": False,
            "signed_access_token": {},
            **({"expires_in": left} if left is not None else {}),
        }

    def revoke(self, token: str) -> None:
        """Access tokens that are out live on until they expire, as at HubSpot."""
        self.refresh.pop(token, None)

    def uninstall(self, grant: Grant) -> None:
        self.refresh = {token: each for token, each in self.refresh.items() if each is not grant}
        self.access = {token: held for token, held in self.access.items() if held[0] is not grant}

    def expire(self) -> None:
        """Every access token is too old now."""
        self.access = {token: (grant, 0.0) for token, (grant, _) in self.access.items()}


APP_ID = 1160452


def s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _unauthorised(message: str, category: str = "INVALID_AUTHENTICATION") -> Problem:
    return Problem(401, message, category)
