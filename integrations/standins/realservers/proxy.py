"""Between a connector and a real server: passes every request on, counts them, and lets things go wrong where it is told to."""

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from integrations.standins.faults import Rule

Asked = tuple[str, str]
"""(method, path)"""


class Proxy:
    """``answer_with``: the next requests get this status instead. ``lose``: the next request of this method, or whose
    path ends so, is passed on, and its answer lost. ``before``: called with each (method, path) before it is passed on.
    ``trouble``: asked about each, tells the rule that hits it and whether it has its effect all the same."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.asked: list[Asked] = []
        self.reset()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def any_method(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = (self.command, self.path)
                proxy.asked.append(asked)
                if (refusal := proxy._status()) is not None:
                    return self._reply(refusal, [("Retry-After", "7")] if refusal == 429 else [], b"")
                rule, has_effect = proxy.trouble(*asked)
                if rule and rule.fault == "slow":
                    time.sleep(rule.seconds)
                proxy.before(asked)
                if has_effect:
                    status, headers, data = proxy._pass_on(self.command, self.path, body, dict(self.headers))
                if rule and rule.fault == "status":
                    wait = [] if rule.retry_after is None else [("Retry-After", str(int(rule.retry_after)))]
                    return self._reply(rule.status or 503, wait, b"")
                wanted = proxy.lose and (proxy.lose == self.command or self.path.endswith(proxy.lose))
                if (rule and rule.fault in ("lost", "close")) or wanted:
                    proxy.lose = ""
                    return self._hang_up()
                return self._reply(status, headers, data)

            def _hang_up(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True

            def _reply(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("transfer-encoding", "content-length", "connection", "date"):
                        self.send_header(name, value)
                self.send_header("Date", formatdate(time.time() + proxy.ahead, usegmt=True))
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                with contextlib.suppress(ConnectionError):  # whoever asked was killed meanwhile
                    self.end_headers()
                    self.wfile.write(data)

            do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = do_POST = do_PATCH = any_method

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def reset(self) -> None:
        self.answer_with: int | None = None
        self.times: int | None = None  # how many requests get ``answer_with``; None: all
        self.lose = ""
        self.ahead = 0.0  # seconds that the server's clock, which its Date header shows, is ahead of ours
        self.before: Callable[[Asked], None] = lambda asked: None
        self.trouble: Callable[[str, str], tuple[Rule | None, bool]] = lambda method, path: (None, True)
        self.asked.clear()

    @property
    def writes(self) -> list[Asked]:
        """Requests that may change data: WebDAV's, and HubSpot's batches."""
        verbs = ("PUT", "DELETE", "PATCH")
        batches = ("/batch/create", "/batch/update", "/batch/upsert", "/batch/archive")
        return [asked for asked in self.asked if asked[0] in verbs or asked[1].endswith(batches)]

    def _status(self) -> int | None:
        if self.answer_with is None or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        return self.answer_with

    def _pass_on(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.target.hostname or "", self.target.port, timeout=20)
        sent = {name: value for name, value in headers.items() if name.lower() not in ("accept-encoding", "connection")}
        try:
            connection.request(method, path, body, {**sent, "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
