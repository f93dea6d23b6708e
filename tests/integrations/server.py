"""A small HTTP server on the loopback interface that answers what a test says, and remembers what it was asked."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str  # with query
    headers: dict[str, str]  # lower-case names
    body: bytes


@dataclass
class Reply:
    """``silent``: no answer at all until the server stops; ``reset``: the connection breaks; ``after``: what to wait for."""

    status: int = 200
    body: Any = field(default_factory=dict)  # a str goes out as it is, everything else as JSON
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    reset: bool = False
    after: Callable[[], object] = lambda: None


Answerer = Callable[[Asked], Reply]


class Server:
    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Answerer = lambda asked: Reply()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def any_method(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, self.rfile.read(length))
                with server._lock:
                    server.asked.append(asked)
                    reply = server.answer(asked)
                reply.after()
                if reply.silent:
                    server._stop.wait(20)
                if reply.reset or reply.silent:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                body = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_PROPFIND = do_REPORT = any_method

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def replies(self, *replies: Reply) -> None:
        """These, one after the other; the last one for all further requests."""
        left = list(replies)
        self.answer = lambda asked: left.pop(0) if len(left) > 1 else left[0]

    @contextmanager
    def running(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._http.shutdown()
            self._http.server_close()
