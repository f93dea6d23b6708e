"""The one HTTP session that every connector uses: time-outs, retries of what is safe to repeat, rate budget, redaction.

What a lost call means depends on what it might have done. A **read** may be repeated, so its errors say "try again". A **write**
whose answer got lost may have happened: that is ``NoAnswer``, and nothing repeats it blindly. A call that never left this
machine (connection refused, unknown host) had no effect, whatever it was.
"""

import json as json_codec
import logging
import os
import random
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from threading import Thread
from typing import Any, Protocol

import orjson
import requests
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import InvalidIPAddress

from integrations import addresses, errors
from integrations.budget import Budget
from integrations.errors import ConnectorError
from portal.redaction import redact

logger = logging.getLogger(__name__)

TRIES = 3
PAUSES = (0.2, 0.8)  # seconds before the second and third try, each with ±50 % jitter: a slice of work never waits long
RETRIED_STATUS = {500, 502, 503, 504}
SHORT_WAIT = 2.0  # seconds that an app in trouble may ask for without the work being scheduled again
BLOCK_SECONDS = 10  # after a 429 that does not say how long
TRANSIENT_STATUS = {408, *range(500, 600)}

SIDE_BY_SIDE = 4  # reads at a time, where an app shows one record a call
JSON = {"Content-Type": "application/json"}

Params = Mapping[str, Any] | Iterable[tuple[str, Any]] | None


class Answer:
    """One answer of an app, whatever its status."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @cached_property
    def data(self) -> Any:
        """The parsed JSON body, None when there is none (apps answer plain text and HTML when in trouble)."""
        with suppress(ValueError):
            return orjson.loads(self.body)
        with suppress(ValueError):  # halves of surrogate pairs, of apps that cut text in the middle of an emoji
            return json_codec.loads(self.body)
        return None

    @property
    def retry_after(self) -> float | None:
        """Seconds of ``Retry-After``; the date form is not used by any app here and counts as absent."""
        try:
            return max(0.0, float(self.headers.get("Retry-After", "")))
        except ValueError:
            return None


class Auth(Protocol):
    def headers(self) -> dict[str, str]: ...

    def renew(self) -> bool:
        """Asked once per call after a 401 that means AuthExpired. True: there are new headers, try once more."""


class NoAuth:
    def headers(self) -> dict[str, str]:
        return {}

    def renew(self) -> bool:
        return False


class Bearer(NoAuth):
    """A token that never changes."""

    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP's basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


Fault = Callable[[Answer, bool], ConnectorError | None]
"""An app's own error table: ``(answer, wrote)`` → the error it means, None = the default table decides. Asked about every answer,
2xx too, because some apps refuse with 200."""


class _Lost(errors.Unavailable):
    """The connection broke while a read was under way: it may be repeated at once."""


class _NotSent(errors.Unavailable):
    """Nothing left this machine: any call may be repeated at once."""


class _Headers(requests.auth.AuthBase):
    """Sets headers late and keeps requests from looking for a password in ~/.netrc."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


_Call = tuple[str, str, Any, Any]
"""(method, path, params, encoded body): what tells two calls of a session apart."""


class _Early(Thread):
    """A call that was sent before anybody asked for it."""

    def __init__(self, call: _Call, send: Callable[[], requests.Response]) -> None:
        super().__init__(daemon=True)
        self.call, self._send = call, send
        self._got: requests.Response | BaseException
        self.start()

    def run(self) -> None:
        try:
            self._got = self._send()
        except BaseException as error:
            self._got = error

    def answer(self) -> requests.Response:
        self.join()
        if isinstance(self._got, BaseException):
            raise self._got
        return self._got


class ApiSession:
    """Calls to one address with one credential. Not thread safe; keeps its connections.

    ``base_url``: a function where the address may change while the session lives (an app that names it with each new token).
    ``guarded``: the address comes from a user, so it must be public https (``integrations.addresses``).
    ``calls`` counts the requests that were sent, repeats included.
    """

    def __init__(
        self,
        base_url: str | Callable[[], str],
        *,
        auth: Auth | None = None,
        budget: Budget | None = None,
        fault: Fault | None = None,
        timeout: tuple[float, float] = (5, 30),
        guarded: bool = False,
    ) -> None:
        self._where = base_url if callable(base_url) else lambda: base_url
        self.timeout = timeout
        self.calls = 0
        self._auth: Auth = auth or NoAuth()
        self._budget = budget
        self._fault = fault
        self._http = _session(self.base_url, guarded)
        self._early: list[_Early] = []
        self._to_send: deque[tuple[str, Any]] | None = None  # (path, json) of reads that wait to be sent side by side

    @property
    def base_url(self) -> str:
        return self._where().rstrip("/")

    def get(self, path: str, **options: Any) -> Answer:
        """Options as for ``request``."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Answer:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Answer:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Answer:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params = None,
        json: Any = None,
        form: Params = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
        bucket: str = "calls",
        timeout: tuple[float, float] | None = None,
    ) -> Answer:
        """Send one call and return its 2xx answer, or raise a ConnectorError.

        ``body``: bytes as they are, in place of ``json`` and ``form``; its type goes into ``headers``. ``safe``: this call only
        reads, although it is a POST. ``bucket``: the limit that pays for it, "" for none.
        """
        wrote = method not in ("GET", "HEAD") and not safe
        options = {
            "params": params,
            "data": _encoded(json) if json is not None else form if body is None else body,
            "timeout": timeout or self.timeout,
        }
        if json is not None:
            headers = {**JSON, **(headers or {})}
        renewed, tries = False, 0
        while True:
            tries += 1
            try:
                answer = self._send(method, path, wrote, bucket, headers, options)
            except (_Lost, _NotSent) as lost:
                if tries >= TRIES:
                    raise
                _pause(tries, lost)
                continue
            error = self._error_in(answer, wrote)
            if error is None:
                return answer
            # An app's own table may say that this 401 is about something else than the token.
            expired = answer.status == 401 and isinstance(error, errors.AuthExpired)
            if expired and not renewed and self._auth.renew():
                renewed = True
                continue
            if (
                not wrote
                and answer.status in RETRIED_STATUS
                and tries < TRIES
                and (answer.retry_after or 0) <= SHORT_WAIT
            ):
                _pause(tries, error, answer.retry_after or 0.0)
                continue
            if isinstance(error, errors.RateLimited) and self._budget and bucket:
                error.retry_after = BLOCK_SECONDS if error.retry_after is None else error.retry_after
                self._budget.block(bucket, error.retry_after)
            raise error

    def ahead(self, path: str, *, params: Params = None) -> None:
        """Send a GET that is about to be asked for, and do not wait: ``get`` with the same path and parameters takes its answer,
        error or not. Another call waits for it and drops it. Where the budget has no place, nothing is sent."""
        if not self._early:
            self._send_early("GET", path, params=params)

    @contextmanager
    def reading_ahead(self, path: str, bodies: Iterable[Any]) -> Iterator[None]:
        """For apps that show one record a call: the body of the ``with`` asks, in this order, for ``post(path, json=each)``, and
        finds ``SIDE_BY_SIDE`` of them already on their way. An app far away then answers as many in the time of one."""
        self._to_send = deque((path, body) for body in bodies)
        try:
            self._fill_up()
            yield
        finally:
            self._to_send = None
            self._drop_early()

    def _fill_up(self) -> None:
        while self._to_send and len(self._early) < SIDE_BY_SIDE:
            path, body = self._to_send[0]
            if not self._send_early("POST", path, json=body):
                self._to_send.clear()  # the calls themselves wait for their turn, or say that there is none
                return
            self._to_send.popleft()

    def _send_early(self, method: str, path: str, *, params: Params = None, json: Any = None) -> bool:
        auth = _Headers(self._auth.headers())
        try:
            if self._budget:
                self._budget.take("calls")
        except errors.RateLimited:
            return False
        self.calls += 1
        data = None if json is None else _encoded(json)
        headers = None if json is None else JSON
        send = partial(self._http.request, method, self.base_url + path, params=params, data=data, headers=headers, auth=auth,
                       allow_redirects=False, timeout=self.timeout)  # fmt: skip
        self._early.append(_Early((method, path, params, data), send))
        return True

    def _take_early(self, call: _Call) -> _Early | None:
        """The call, if it is on its way; else those that nobody is going to ask for any more are dropped."""
        early = next((each for each in self._early if each.call == call), None)
        if early:
            self._early.remove(early)
            self._fill_up()
        elif self._to_send is None:
            self._drop_early()
        return early

    def _drop_early(self) -> None:
        for each in self._early:
            each.join()
        self._early.clear()

    def observe(self, bucket: str, remaining: float) -> None:
        """The app told how many calls are left in its window."""
        if self._budget:
            self._budget.observe(bucket, remaining)

    def _send(
        self,
        method: str,
        path: str,
        wrote: bool,
        bucket: str,
        headers: Mapping[str, str] | None,
        options: dict[str, Any],
    ) -> Answer:
        early = self._take_early((method, path, options["params"], options["data"]))
        if early is None:
            auth = _Headers(self._auth.headers())
            if self._budget and bucket:
                self._budget.take(bucket)
            self.calls += 1
        started = time.monotonic()
        outcome: Any = "lost"
        try:
            got = early.answer() if early else self._http.request(
                method, self.base_url + path, headers=headers, auth=auth, allow_redirects=False, **options
            )  # fmt: skip
            outcome = got.status_code
            return Answer(got.status_code, got.headers, got.content)
        except requests.RequestException as error:
            raise _transport_error(error, wrote) from error
        finally:
            logger.debug("%s %s %s %d ms", method, path, outcome, (time.monotonic() - started) * 1000)

    def _error_in(self, answer: Answer, wrote: bool) -> ConnectorError | None:
        error = self._fault(answer, wrote) if self._fault else None
        if error is None:
            error = default_error(answer, wrote)
        if error is not None:
            error.status = error.status or answer.status
            error.remote = error.remote or redact(answer.text[:2000])
        return error


def _encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # halves of surrogate pairs, numbers beyond 64 bits
        return json_codec.dumps(value, allow_nan=False).encode()


def default_error(answer: Answer, wrote: bool) -> ConnectorError | None:
    """What a status means when the app has no word of its own on it; None for 2xx."""
    status = answer.status
    if 200 <= status < 300:
        return None
    if status < 400:
        return errors.Unavailable(_("The app answered with a redirect, which Syncline does not follow."))
    if status in TRANSIENT_STATUS:
        kind = errors.NoAnswer if wrote else errors.Unavailable
        return kind(_("The app is in trouble (HTTP %(status)s).") % {"status": status}, retry_after=answer.retry_after)
    if status == 429:
        return errors.RateLimited(_("The app asks for fewer calls."), retry_after=answer.retry_after)
    classes: dict[int, type[ConnectorError]] = {
        401: errors.AuthExpired,
        403: errors.ScopeMissing,
        404: errors.Gone,
        409: errors.AlreadyExists,
        410: errors.Gone,
        423: errors.Locked,
    }
    return classes.get(status, errors.Refused)(_("The app answered HTTP %(status)s.") % {"status": status})


def _transport_error(error: requests.RequestException, wrote: bool) -> ConnectorError:
    """What a call without an answer means. requests wraps urllib3's reason; only the reason tells whether anything was sent."""
    if isinstance(error, InvalidIPAddress):
        return errors.AddressRefused(_("This address leads into an internal network."))
    if isinstance(error, requests.exceptions.InvalidURL):
        return errors.AddressRefused(_("This address cannot be used."))
    reason = type(getattr(error.args[0] if error.args else None, "reason", error)).__name__
    if reason in (
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
        "SSLError",
        "ProxyError",
    ) or isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return _NotSent(_("The app could not be reached."), remote=redact(str(error)))
    if wrote:
        return errors.NoAnswer(_("The app did not answer; it may or may not have done what was asked."), remote=reason)
    if isinstance(error, requests.Timeout):
        return errors.Unavailable(_("The app did not answer in time."), code="REMOTE_TIMEOUT", remote=reason)
    return _Lost(_("The connection to the app was lost."), remote=reason)


def _pause(tries: int, error: ConnectorError, least: float = 0.0) -> None:
    logger.debug("try %d failed (%s), trying again", tries, error.code)
    time.sleep(max(least, PAUSES[tries - 1] * random.uniform(0.5, 1.5)))


def _session(base_url: str, guarded: bool) -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": "Syncline", "Accept": "application/json"})
    if guarded:
        addresses.guard(session)
    else:  # an operator's proxy and certificates, looked up once instead of at every call
        session.proxies.update(requests.utils.get_environ_proxies(base_url))
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False
    return session
