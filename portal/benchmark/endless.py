"""Accounts that hold any number of contacts and no memory: every record says the same, only its id differs.

Two portals of it are hub and app of a sync with a million links, which would need gigabytes in the stand-in. Answers only what a
scan and a poll ask.
"""

import json
import threading
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VALUES = {"email": "ada@benchmark.example", "firstname": "Ada", "lastname": "Benchmark", "phone": "+351 21 000 0000",
          "jobtitle": "Analyst", "company": "Benchmark & Sons", "city": "Lisbon", "country": "Portugal"}  # fmt: skip
BORN = "2024-02-01T09:00:00.000Z"


class Endless(ThreadingHTTPServer):
    records = 1
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endless

    def do_GET(self) -> None:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if query.get("archived") == "true":
            return self._answer(b'{"results":[]}')
        names = query.get("properties", "").split(",")
        fragment = json.dumps({name: VALUES.get(name) for name in names if name})
        first, size = int(query.get("after", 1)), int(query.get("limit", 100))
        last = min(self.server.records, first + size - 1)
        shown = (
            f'{{"id":"{id}","properties":{fragment},"createdAt":"{BORN}","updatedAt":"{BORN}","archived":false}}'
            for id in range(first, last + 1)
        )
        more = f',"paging":{{"next":{{"after":"{last + 1}"}}}}' if last < self.server.records else ""
        self._answer(f'{{"results":[{",".join(shown)}]{more}}}'.encode())

    def do_POST(self) -> None:
        """A search: nothing has changed. ``/records``: hold that many from now on."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/records":
            self.server.records = int(body)
        self._answer(b'{"total":0,"results":[]}')

    def _answer(self, body: bytes) -> None:
        # In one piece: headers and body apart would wait for each other's acknowledgement.
        lines = (
            "HTTP/1.1 200 OK",
            f"Date: {formatdate(usegmt=True)}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        head = "\r\n".join(lines) + "\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Any:
    """The server, on a free loopback port, in a thread."""
    server = Endless(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
