"""The sign-in service: codes for those who consent, short access tokens for one organisation each, refresh tokens that rotate."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.standins.vendor import Clock

DEFAULT = "/.default"


@dataclass(frozen=True)
class Grant:
    """``organisation``: its number; ``application``: signed in as an app, without a person."""

    client_id: str
    organisation: int
    scope: str
    application: bool = False


@dataclass
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    expires: float


@dataclass
class Refused(Exception):
    """400 or 401 of the token endpoint."""

    error: str
    number: int
    description: str

    def shown(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.description}",
            "error_codes": [self.number],
            "trace_id": secrets.token_hex(16),
            "correlation_id": secrets.token_hex(16),
        }


@dataclass
class Entra:
    """``organisation_of``: the number of the organisation at an address, None for no such."""

    clock: Clock
    client_id: str
    client_secret: str
    settings: dict[str, Any]
    organisation_of: Callable[[str], int | None]
    access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)

    def scope(self, text: str) -> tuple[int, str]:
        """(organisation, the scope without those of the protocol); raises Refused."""
        wanted = [word for word in text.split() if "://" in word]
        resource = wanted[0].rpartition("/")[0] if wanted else ""
        number = self.organisation_of(resource)
        if len(wanted) != 1 or number is None:
            raise Refused("invalid_resource", 500011, f"The resource principal named {resource or text} was not found.")
        return number, wanted[0]

    def consent(self, *, scope: str, redirect_uri: str, challenge: str) -> str:
        """A code for someone who pressed Accept, good for a minute and one use."""
        number, resource = self.scope(scope)
        code = f"0.A{secrets.token_urlsafe(40)}"
        grant = Grant(self.client_id, number, resource)
        self.codes[code] = Code(grant, redirect_uri, challenge, self.clock.now() + 60)
        return code

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint; raises Refused."""
        if form.get("client_id") != self.client_id:
            raise Refused("unauthorized_client", 700016, "Application was not found in the directory.")
        if not secrets.compare_digest(form.get("client_secret", "").encode(), self.client_secret.encode()):
            raise Refused("invalid_client", 7000215, "Invalid client secret provided.")
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            return self._issue(self._redeemed(form))
        if kind == "refresh_token":
            return self._issue(self._refreshed(form.get("refresh_token", "")))
        if kind == "client_credentials":
            number, resource = self.scope(form.get("scope", ""))
            return self._issue(Grant(self.client_id, number, resource, application=True))
        raise Refused("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{kind}'.")

    def _redeemed(self, form: dict[str, str]) -> Grant:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or code.expires <= self.clock.now():
            raise Refused("invalid_grant", 70008, "The provided authorization code has expired or was used already.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refused("invalid_grant", 50011, "The redirect URI does not match.")
        if code.challenge and s256(form.get("code_verifier", "")) != code.challenge:
            raise Refused("invalid_grant", 501481, "The code_verifier does not match the code_challenge.")
        return code.grant

    def _refreshed(self, token: str) -> Grant:
        """The old refresh token stays good, unless the setting says otherwise."""
        grant = self.refresh.get(token)
        if grant is None:
            raise Refused("invalid_grant", 700082, "The refresh token has expired or was revoked.")
        if self.settings["refresh_tokens_once"]:
            del self.refresh[token]
        return grant

    def _issue(self, grant: Grant) -> dict[str, Any]:
        life = int(self.settings["token_seconds"])
        token = f"eyJ0eXAi.{secrets.token_urlsafe(200)}.{secrets.token_urlsafe(64)}"
        self.access[token] = (grant, self.clock.now() + life)
        answer = {"token_type": "Bearer", "scope": grant.scope, "expires_in": life, "ext_expires_in": life,
                  "access_token": token}  # fmt: skip
        if not grant.application:
            fresh = f"1.A{secrets.token_urlsafe(90)}"
            self.refresh[fresh] = grant
            answer["refresh_token"] = fresh
        return answer

    def organisation(self, header: str) -> int | None:
        """The organisation that an Authorization header opens, None when it opens none."""
        scheme, _, token = header.partition(" ")
        held = self.access.get(token.strip()) if scheme.lower() == "bearer" else None
        return held[0].organisation if held and held[1] > self.clock.now() else None

    def expire(self) -> None:
        self.access = {token: (grant, 0.0) for token, (grant, _) in self.access.items()}


def s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
