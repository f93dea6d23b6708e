"""Sansan's HTTP: calls, limits, and what its errors mean. Facts: published clients of the Open API, as far as they agree.

A key belongs to one user of Sansan and shows what that user sees. Reported limits are 10 calls a second and 300 a minute, per key.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.budget import Budget, Limit
from integrations.errors import ConnectorError
from integrations.http import Answer, ApiSession
from integrations.models import AppInstance
from integrations.services import credentials

Json = dict[str, Any]


class WrongVersion(errors.ScopeMissing):
    """Nothing can be read until the version of the API is put right, which is done by reconnecting."""

    code = "API_ACCESS_DISABLED"


VERSION = "v3.2"
CARDS_PAGE, TAGS_PAGE = 300, 100  # the most that one call gives
PATIENCE = 3.0  # seconds that a call waits for its turn
PAUSE_AFTER_429 = 60.0  # seconds, where the answer does not say: the longer of the two limits is per minute
CARD = {"includeTags": "true"}
CARDS = {**CARD, "range": "all", "entryStatus": "completed", "limit": CARDS_PAGE}


def open_client(instance: AppInstance) -> "Client":
    """A client for one instance. Nothing is sent yet."""
    base, guarded = instance.base_url or settings.SANSAN_API_URL, bool(instance.base_url)
    budget = Budget(instance.pk, limits(), patience=PATIENCE)
    auth = credentials.StoredKeys(instance, lambda keys: {"X-Sansan-Api-Key": str(keys.get("api_key", ""))})
    session = ApiSession(base, auth=auth, budget=budget, fault=fault, guarded=guarded)
    version = str(credentials.secrets(instance).get("version") or VERSION)
    return Client(session, version if version.startswith("v") else f"v{version}")


def limits() -> list[Limit]:
    """240 a minute and a burst of 4 stay below both limits in any second and any minute."""
    rate = settings.SANSAN_CALLS_PER_MINUTE / 60
    return [Limit("calls", rate=rate, burst=max(1.0, rate))]


def fault(answer: Answer, wrote: bool) -> ConnectorError | None:
    """The error that an answer means; None: it is fine, or the session's own table decides."""
    status, code = answer.status, said(answer.data)
    if status == 401:
        return errors.AuthRevoked(_("Sansan does not accept this API key. It was withdrawn or issued anew."))
    if status == 403:
        return errors.ScopeMissing(_("Sansan refuses this to the key's user. Ask a Sansan administrator."))
    if status == 404:
        return errors.Gone(_("Sansan has no such card for this key."))
    if status == 429:
        wait = waiting_time(answer)
        return errors.RateLimited(_("Sansan asks for fewer calls; Syncline waits."), retry_after=wait)
    if status == 400:
        return errors.Refused(_("Sansan does not take this call (%(code)s).") % {"code": code or status})
    return None


def said(data: Any) -> str:
    """The code of an error: ``{"error": [{"code"}]}``, or the gateway's ``message``."""
    if not isinstance(data, dict):
        return ""
    found = data.get("error")
    first = found[0] if isinstance(found, list) and found else found
    return str(first.get("code", "")) if isinstance(first, dict) else str(data.get("message") or "")


def waiting_time(answer: Answer) -> float:
    """``retry_after`` stands in the body; a header was never reported, but would be believed."""
    told = answer.data.get("retry_after") if isinstance(answer.data, dict) else None
    try:
        return max(0.5, float(told if told is not None else answer.retry_after or PAUSE_AFTER_429))
    except (TypeError, ValueError):
        return PAUSE_AFTER_429


class Client:
    """Answers are given as the app sent them; lists as ``(rows, token of the next page or "")``.

    Sansan answers 404 for a card that is not there and for a version of the API that it does not have, and the two must not be
    confused: where a list is not there either, the version is wrong, and no card is gone.
    """

    def __init__(self, session: ApiSession, version: str = VERSION) -> None:
        self._session, self._version = session, version
        self._lists_answer = False  # this version is known to be there
        self.told_at: datetime | None = None  # by Sansan's clock, when it gave the last answer; None: it does not tell

    @property
    def calls(self) -> int:
        return self._session.calls

    def me(self) -> Json:
        """The key's user; {} where this version does not tell."""
        try:
            return item(self._get("/me"))
        except (errors.Gone, errors.Refused, errors.ScopeMissing):
            return {}

    def changed(self, since: datetime, until: datetime, token: str = "") -> tuple[list[Json], str]:
        """Cards whose ``updatedTime`` is in the period, oldest first. Refused where the period is too long, or the token went
        bad."""
        period = {"updatedFrom": text_of(since), "updatedTo": text_of(until)}
        return self._page("/bizCards", {**CARDS, **period, "orderBy": "updatedAt", "orderDirection": "asc"}, token)

    def search(self, token: str = "", **words: Any) -> tuple[list[Json], str]:
        """Cards by ``email`` (exactly), by ``tagId`` (any of a list), or all: in the order of registration, which never moves."""
        return self._page(
            "/bizCards/search", {**CARDS, "orderBy": "registeredAt", "orderDirection": "asc", **words}, token
        )

    def card(self, id: str) -> Json | None:
        """One card, None where this key cannot see such a one."""
        try:
            found = item(self._get(f"/bizCards/{id}", CARD))
        except errors.Gone:
            if not self._lists_answer:
                self.search(limit=1)
            return None
        if not found.get("id"):
            raise errors.Unavailable(_("Sansan answered with something that is not a card."))
        return found

    def current_card(self, person_id: str) -> Json | None:
        """The card that counts of all that a person handed out; None where this key is not told."""
        try:
            found = item(self._get(f"/persons/{person_id}")).get("headBizCard")
        except (errors.Gone, errors.Refused, errors.ScopeMissing):
            return None
        return found if isinstance(found, dict) else None

    def tags(self) -> list[Json]:
        """All tags that the key's user sees: ``{"id", "name", "type", "owner"}``."""
        found, token = self._page("/tags", {"range": "all", "limit": TAGS_PAGE})
        while token:
            more, token = self._page("/tags", {"range": "all", "limit": TAGS_PAGE}, token)
            found += more
        return found

    def try_key(self) -> None:
        """The cheapest call that is known to answer."""
        self._list("/tags", {"limit": 1})

    def _page(self, path: str, params: Json, token: str = "") -> tuple[list[Json], str]:
        data = self._list(path, {**params, "nextPageToken": token} if token else params)
        found = data.get("data") if isinstance(data, dict) else None
        if not isinstance(found, list):
            raise errors.Unavailable(_("Sansan answered with something that is not a list."))
        more = data.get("hasMore", True) and data.get("nextPageToken")
        if data.get("hasMore") and not more:  # else the rest would count as read, and cards in it as gone
            raise errors.Unavailable(_("Sansan says that there are more cards, and not where."))
        return [row for row in found if isinstance(row, dict)], str(more or "")

    def _list(self, path: str, params: Json) -> Any:
        try:
            data = self._get(path, params)
        except errors.Gone as gone:
            message = _("Sansan does not have version %(version)s of its API. Reconnect with another one.")
            raise WrongVersion(message % {"version": self._version}, status=gone.status, remote=gone.remote) from gone
        self._lists_answer = True
        return data

    def _get(self, path: str, params: Json | None = None) -> Any:
        answer = self._session.get(f"/{self._version}{path}", params=params)
        self.told_at = date_of(answer)
        return answer.data


def date_of(answer: Answer) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None


def item(data: Any) -> Json:
    """An object that comes bare or under ``item``."""
    found = data.get("item", data) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def text_of(at: datetime) -> str:
    """ISO 8601 with offset, in whole seconds as the API's own times; the session escapes the plus."""
    return at.isoformat(timespec="seconds")
