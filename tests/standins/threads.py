"""A stand-in in a thread of this process: tests can look inside it, and still talk to it over HTTP."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from integrations.standins.server import Gate, _Protocol, attach
from integrations.standins.vendor import Vendor


@contextmanager
def served(vendor: Vendor) -> Iterator[None]:
    """It serves until the block ends, at ``vendor.base``."""
    sockets = attach(vendor)
    server = uvicorn.Server(
        uvicorn.Config(
            Gate(vendor),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            date_header=False,
        )
    )
    thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=sockets),), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.002)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        for sock in sockets:
            sock.close()
