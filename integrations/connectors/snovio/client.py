"""Snov.io's HTTP calls, one method each. Answers are given as the app sent them; ``schema`` gives them meaning.

Every call costs one of the account's 60 a minute, the token call too. JSON everywhere: the vendor's own client does so.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.budget import Budget, Limit
from integrations.connectors.snovio.faults import fault
from integrations.http import Answer, ApiSession
from integrations.models import AppInstance
from integrations.services.credentials import Grant, RenewableToken
from portal.redaction import redact

Json = dict[str, Any]
BURST = 5  # 50 a minute and a burst of 5 stay under 60 in any minute, with a rest for the account's other tools
PATIENCE = 5.0  # seconds that a call waits for its turn: four workers that share 50 a minute wait 4.8 s
BY_ID = "/v1/get-prospect-by-id"
TOKEN_LIFE_USED = 0.8  # of the stated hour


def open_client(instance: AppInstance) -> "Client":
    """A client for one instance. Nothing is sent yet."""
    base, guarded = instance.base_url or settings.SNOVIO_API_URL, bool(instance.base_url)
    budget = Budget(instance.pk, limits(), patience=PATIENCE)
    token = RenewableToken(instance, partial(new_token, base, guarded, budget))
    return Client(ApiSession(base, auth=token, budget=budget, fault=fault, guarded=guarded))


def limits() -> list[Limit]:
    a_minute = settings.SNOVIO_CALLS_PER_MINUTE
    return [Limit("calls", rate=a_minute / 60, burst=max(1.0, min(float(BURST), a_minute / 10)))]


def new_token(base: str, guarded: bool, budget: Budget, secrets: Json) -> Grant:
    """Client credentials → an access token for an hour. AuthRevoked when the keys are not accepted."""
    session = ApiSession(base, budget=budget, fault=_token_fault, guarded=guarded)
    keys = {name: secrets.get(name, "") for name in ("client_id", "client_secret")}
    # safe: asking twice gives two tokens, which harms nobody.
    data = session.post("/v1/oauth/access_token", json={"grant_type": "client_credentials", **keys}, safe=True).data
    token = data.get("access_token") if isinstance(data, dict) else None
    if not token:
        raise errors.Unavailable(_("Snov.io gave no access token."))
    return Grant({"access_token": str(token)}, float(data.get("expires_in") or 3600) * TOKEN_LIFE_USED)


def _token_fault(answer: Answer, wrote: bool) -> errors.ConnectorError | None:
    if answer.status in (400, 401, 403, 422):
        message = _(
            "Snov.io does not accept this API User ID and API Secret. Copy both again from its API settings page."
        )
        return errors.AuthRevoked(message)
    return fault(answer, wrote)


class Client:
    def __init__(self, session: ApiSession) -> None:
        self._session = session

    @property
    def calls(self) -> int:
        return self._session.calls

    def balance(self) -> Json:
        """``{"balance": "25000.00", "limit_resets_in": days, …}``: credits, which syncing never spends."""
        return one(one(self._session.get("/v1/get-balance").data).get("data"))

    def user_id(self) -> str:
        """The account's number; "" where webhooks (the only call that tells it) are not in the plan."""
        try:
            data = one(self._session.get("/v2/webhooks").data)
        except (errors.ScopeMissing, errors.Gone, errors.Refused):
            return ""
        return str(one(data.get("meta")).get("user_id") or "")

    def lists(self) -> list[Json]:
        """All lists, deleted ones included."""
        return rows(self._session.get("/v1/get-user-lists").data)

    def campaigns(self) -> list[Json]:
        return rows(self._session.get("/v1/get-user-campaigns").data)

    def custom_fields(self) -> list[Json]:
        return rows(self._session.get("/v1/prospect-custom-fields").data)

    def list_page(self, list_id: int, page: int, size: int) -> Json:
        """``{"list": {"contacts": n}, "prospects": […]}``; Gone where the list does not exist."""
        body = {"listId": list_id, "page": page, "perPage": size}
        return one(self._session.post("/v1/prospect-list", json=body, safe=True).data)

    def by_id(self, id: str) -> Json | None:
        """One prospect, None where there is none."""
        try:
            answer = self._session.post(BY_ID, json={"id": id}, safe=True)
        except errors.Gone:
            return None
        return one(told(answer)) or None

    def reading_ahead(self, ids: Iterable[str]) -> AbstractContextManager[None]:
        """While this lasts, ``by_id`` is asked for each of these, in this order."""
        return self._session.reading_ahead(BY_ID, ({"id": id} for id in ids))

    def by_email(self, email: str) -> list[Json]:
        """All profiles with this address; one address can have several. That there is none is said with status 200: a 404 means
        that the call itself is not there, and no prospect is gone."""
        try:
            return rows(told(self._session.post("/v1/get-prospects-by-email", json={"email": email}, safe=True)))
        except errors.Gone as gone:
            if gone.status == 200:
                return []
            message = _("Snov.io no longer finds prospects by email address.")
            raise errors.Unavailable(message, status=gone.status, remote=gone.remote) from gone

    def add(self, list_id: int, email: str, values: Json) -> Json:
        """Add or update by e-mail: ``{"id", "added", "updated"}``.

        Always with ``updateContact``, which makes the call safe to repeat: the second one updates what the first one made.
        """
        body = {**values, "listId": list_id, "email": email, "updateContact": True}
        data = one(self._session.post("/v1/add-prospect-to-list", json=body).data)
        if not data.get("id"):
            raise errors.NoAnswer(_("Snov.io did not say which prospect it changed."))
        return data


def one(data: Any) -> Json:
    """An object that may come bare or in an array around it; {} for anything else."""
    found = data[0] if isinstance(data, list) and data else data
    return found if isinstance(found, dict) else {}


def told(answer: Answer) -> Any:
    """What is under ``data``. Unavailable without such a member: that nobody is there would have been said."""
    data = one(answer.data)
    if "data" not in data:
        raise errors.Unavailable(_("Snov.io's answer cannot be read."), remote=redact(answer.text[:1000]))
    return data["data"]


def rows(data: Any) -> list[Json]:
    """The rows of a bare array, or of one under ``data``."""
    found = data.get("data") if isinstance(data, dict) else data
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
