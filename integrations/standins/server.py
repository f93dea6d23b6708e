"""Serve the stand-ins: one event loop, one uvicorn server and one port per vendor."""

import asyncio
import contextlib
import re
import signal
import socket
from collections.abc import Callable, Iterator
from email.utils import formatdate

import uvicorn
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from integrations.standins.control import Control, Stats
from integrations.standins.faults import Rule
from integrations.standins.vendor import Vendor

_SALESFORCE = r"[057]\w{14}(?:[A-Z0-5]{3})?|01g\w+-\d+"  # ids, and where a query goes on
_VARIABLE = re.compile(rf"/(?:\d+|[^/]*@[^/]*|[0-9a-f]{{24,}}=*|{_SALESFORCE})(?=/|$)")
_KEYED = re.compile(r"\((?:[0-9a-f-]{36}|\w+='[^)]*)\)")  # OData: contacts(0f1e…), contacts(number='7')


class Gate:
    """The ASGI app of one vendor: control and pages go straight through, API requests meet statistics and faults."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.stats = Stats()
        self.control = Control(vendor, self.stats)
        self.router = Router(routes=vendor.routes(), redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        is_control = path.startswith("/_control")
        if not is_control and not path.startswith(self.vendor.page_prefixes):
            return await self.api(scope, receive, send)
        if _foreign(scope):
            return await PlainTextResponse("Refused: sent by another site.", 403)(scope, receive, send)
        if is_control:
            response = await self.control.handle(Request(scope, receive))
            return await response(scope, receive, send)
        return await self.router(scope, receive, send)

    async def api(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        line = f"{method} {_KEYED.sub('({id})', _VARIABLE.sub('/{id}', path))}"
        self.stats.by_path[line] = self.stats.by_path.get(line, 0) + 1
        faults = self.vendor.faults
        rule = Rule("close") if faults.down == "close" else faults.pick(method, path)
        if faults.down == "503":
            rule = Rule("status", status=503)
        if rule is None:
            return await self.router(scope, receive, self.counted(send))
        self.stats.faults[rule.fault] = self.stats.faults.get(rule.fault, 0) + 1
        await self.disturbed(rule, scope, receive, send)

    async def disturbed(self, rule: Rule, scope: Scope, receive: Receive, send: Send) -> None:
        """Let ``rule`` happen to this request."""
        if rule.fault == "status":
            response = self.vendor.problem(rule.status, retry_after=rule.retry_after)
            return await response(scope, receive, self.counted(send))
        if rule.fault == "close":
            await Request(scope, receive).body()
            return await _hang_up(scope, receive)
        if rule.fault == "slow":
            await asyncio.sleep(rule.seconds)
            return await self.router(scope, receive, self.counted(send))
        held: list[Message] = []
        await self.router(scope, receive, _holder(held))
        if rule.fault == "lost":
            return await _hang_up(scope, receive)
        await asyncio.sleep(rule.seconds)
        for message in held:
            await self.counted(send)(message)

    def counted(self, send: Send) -> Send:
        """Notes the status, and says the time as the stand-in has it: its clock can be moved."""
        by_status = self.stats.by_status

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.vendor.clock.now(), usegmt=True)
                message["headers"] = [*message.get("headers", ()), (b"date", date.encode())]
                status = str(message["status"])
                by_status[status] = by_status.get(status, 0) + 1
            await send(message)

        return count


def _holder(held: list[Message]) -> Send:
    async def hold(message: Message) -> None:
        held.append(message)

    return hold


def _foreign(scope: Scope) -> bool:
    """A browser sent this from a page of another site: it may neither read nor change anything here."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return scope["method"] != "GET" and origin is not None and origin.partition("://")[2] != headers.get("host")


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection without a word. The body was read before: reading it again would wait for the client to give up."""
    scope["standins.hang_up"]()
    while (await receive())["type"] != "http.disconnect":
        pass


class _Protocol(HttpToolsProtocol):
    """Lets an app close the connection without an answer, which ASGI cannot say."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["standins.hang_up"] = self.transport.abort  # type: ignore[typeddict-unknown-key]


class _Server(uvicorn.Server):
    """Signals are handled once, for all servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int = 0) -> socket.socket:
    """A listening socket on the loopback interface; raises OSError if the port is taken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it; without it Nagle and delayed acknowledgements make every answer take 40 ms.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.bind(("127.0.0.1", port))
    found.listen(256)  # who is told the address may call at once and waits in the queue
    return found


async def serve(vendors: dict[Vendor, list[socket.socket]], ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called once both are handled."""
    servers = []
    for vendor in vendors:
        config = uvicorn.Config(
            Gate(vendor),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
            log_config=None,
        )
        servers.append(_Server(config))

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    ready()
    sockets = vendors.values()
    await asyncio.gather(*(server.serve(sockets=own) for server, own in zip(servers, sockets, strict=True)))
    for vendor in vendors:
        vendor.outbox.drop()


def attach(vendor: Vendor, port: int = 0) -> list[socket.socket]:
    """Open the sockets of ``vendor`` and tell it its addresses. With a ``port``, further ones are those behind it."""
    sockets = [listen(port + place if port else 0) for place in range(1 + vendor.more_addresses)]
    vendor.base, *vendor.more_bases = (f"http://127.0.0.1:{sock.getsockname()[1]}" for sock in sockets)
    return sockets
