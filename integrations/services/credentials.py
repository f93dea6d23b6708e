"""Stored secrets of an instance, and tokens that renew themselves once, whichever of many processes needs it first.

The document in ``Credential.secrets`` names its instance, compared after decrypting: a row's blob cannot serve another instance.
No transaction is open while an app is asked for a token; the row's ``changed_at`` is the version that a writer must have seen.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from integrations import addresses, errors
from integrations.models import AppInstance, Credential

LEASE_SECONDS = 45  # longer than a token call may take (connect 5 + read 30)
LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token call brought: ``secrets`` to merge into the stored ones, the life of the access token in seconds (None: the
    app does not tell), and where the customer's own API is, for apps that say so with the token (Salesforce's ``instance_url``)."""

    secrets: dict[str, Any]
    expires_in: float | None
    base_url: str = ""


def draft(instance: AppInstance, secrets: dict[str, Any], expires_in: float | None = None) -> Credential:
    """Give an **unsaved** instance secrets to be tried out; nothing is written."""
    return Credential(instance=instance, secrets=dict(secrets), expires_at=_until(expires_in), changed_at=now())


def store(instance: AppInstance, secrets: dict[str, Any], *, expires_in: float | None = None) -> None:
    """Save ``secrets`` for a saved instance, in place of what was there."""
    adopt(instance, Credential(secrets=secrets, expires_at=_until(expires_in)))


def adopt(instance: AppInstance, tried: Credential) -> None:
    """Save what a draft brought, as the secrets of ``instance``."""
    Credential.objects.update_or_create(
        instance=instance,
        defaults={
            "secrets": {**tried.secrets, "instance": instance.pk},
            "expires_at": tried.expires_at,
            "refresh_lease_until": None,
        },
    )


def secrets(instance: AppInstance) -> dict[str, Any]:
    """The instance's secrets now; AuthExpired where there are none or they cannot be read."""
    return load(instance).secrets


def load(instance: AppInstance) -> Credential:
    """The instance's credential as it stands in the database now (or the draft of an unsaved instance)."""
    try:
        credential = instance.credential if instance.pk is None else Credential.objects.get(instance=instance)
    except Credential.DoesNotExist:
        raise errors.AuthExpired(_("There are no credentials for this connection. Reconnect it.")) from None
    except InvalidToken:
        raise errors.AuthExpired(
            _("The stored credentials cannot be decrypted: the encryption key is not the one they were saved with.")
        ) from None
    if instance.pk is not None and credential.secrets.get("instance") != instance.pk:
        raise errors.AuthExpired(_("The stored credentials belong to another connection. Reconnect this one."))
    return credential


class StoredKeys:
    """An ``integrations.http.Auth`` for keys that do not change by themselves. ``headers``: the secrets → the headers that carry
    them, for example ``lambda keys: basic(keys["user"], keys["password"])``."""

    def __init__(self, instance: AppInstance, headers: Callable[[dict[str, Any]], dict[str, str]]) -> None:
        self._instance, self._made_of = instance, headers
        self._headers: dict[str, str] = {}

    def headers(self) -> dict[str, str]:
        self._headers = self._headers or self._stored()
        return self._headers

    def renew(self) -> bool:
        """Somebody may have entered new keys meanwhile."""
        before, self._headers = self._headers, self._stored()
        return self._headers != before

    def _stored(self) -> dict[str, str]:
        return self._made_of(secrets(self._instance))


class StoredToken(StoredKeys):
    """``secrets[name]`` as bearer token."""

    def __init__(self, instance: AppInstance, name: str = "access_token") -> None:
        super().__init__(instance, lambda keys: {"Authorization": f"Bearer {keys[name]}"})


class RenewableToken:
    """An ``integrations.http.Auth`` for access tokens that expire.

    ``renew(secrets)`` makes the token call and returns a Grant; it raises AuthRevoked or AuthExpired when the app no longer
    accepts what is stored, Unavailable when the app is down. Only one process at a time calls it (lease, compare and set), the
    others wait and use what it stored, because many apps accept a refresh token once. An address that comes with the new tokens
    becomes the instance's: sessions whose ``base_url`` is a function follow it.
    """

    def __init__(self, instance: AppInstance, renew: Callable[[dict[str, Any]], Grant], *, leeway: float = 60) -> None:
        self._instance, self._renew, self._leeway = instance, renew, leeway
        self._credential: Credential | None = None

    def headers(self) -> dict[str, str]:
        credential = self._credential or load(self._instance)
        if not credential.secrets.get("access_token") or self._is_old(credential):
            credential = self._newer_than(credential)
        self._credential = credential
        return {"Authorization": f"Bearer {credential.secrets['access_token']}"}

    def renew(self) -> bool:
        """The app refused the token that ``headers`` gave: get another."""
        if self._credential is not None:
            self._credential = self._newer_than(self._credential)
        return self._credential is not None

    def _is_old(self, credential: Credential) -> bool:
        return credential.expires_at is not None and credential.expires_at - now() < timedelta(seconds=self._leeway)

    def _newer_than(self, seen: Credential) -> Credential:
        """Another credential than ``seen``: the one that somebody stored since, or one that we fetch."""
        if self._instance.pk is None:
            return self._fetch(seen)
        deadline = time.monotonic() + LEASE_SECONDS
        while time.monotonic() < deadline:
            current = load(self._instance)
            if current.changed_at != seen.changed_at and not self._is_old(current):
                self._instance.refresh_from_db(fields=["base_url"])
                return current
            if _lease(current):
                try:
                    return self._fetch(current)
                finally:
                    _of(current).update(refresh_lease_until=None)
            time.sleep(LOOK_AGAIN_SECONDS)
        raise errors.Unavailable(_("The access token could not be renewed in time."))

    def _fetch(self, current: Credential) -> Credential:
        try:
            grant = self._renew(current.secrets)
        except errors.AuthExpired:
            # The lease may have run out under a slow call: whoever stored something newer meanwhile is right.
            stored = load(self._instance)
            if stored.changed_at != current.changed_at:
                return stored
            raise
        current.secrets = {**current.secrets, **grant.secrets}
        current.expires_at = _until(grant.expires_in)
        current.changed_at = now()
        if current.pk is not None:
            _of(current).update(secrets=current.secrets, expires_at=current.expires_at, changed_at=current.changed_at)
        if grant.base_url:  # after the tokens: those are lost for good if they are not kept
            self._move(addresses.check(grant.base_url))
        return current

    def _move(self, base_url: str) -> None:
        if base_url != self._instance.base_url:
            self._instance.base_url = base_url
            if self._instance.pk is not None:
                self._instance.save(update_fields=["base_url"])


def _lease(seen: Credential) -> bool:
    """True when we, and nobody else, may renew the credential that we saw."""
    free = Q(refresh_lease_until=None) | Q(refresh_lease_until__lt=now())
    return bool(
        _of(seen)
        .filter(free, changed_at=seen.changed_at)
        .update(refresh_lease_until=now() + timedelta(seconds=LEASE_SECONDS))
    )


def _of(credential: Credential) -> Any:
    return Credential.objects.filter(pk=credential.pk)


def _until(expires_in: float | None) -> Any:
    return None if expires_in is None else now() + timedelta(seconds=float(expires_in))
