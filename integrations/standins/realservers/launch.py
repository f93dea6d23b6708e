"""Start real servers beside the stand-ins: which there are, and what somebody who connects to them must know."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from integrations.standins.realservers import carddav, tryton

Facts = dict[str, Any]
"""Addresses and credentials of one server, in the words of the connectors' forms where there are such; ``to_connect`` has what a
person types, by label, as the stand-ins' ``describe`` does."""


@contextmanager
def radicale(folder: Path) -> Iterator[Facts]:
    """With one user and one empty address book."""
    with carddav.radicale(folder) as server, server.new_book() as book:
        login = {"base_url": server.url, "user": carddav.USER, "password": carddav.PASSWORD}
        typed = dict(zip(("Address", "User", "Password"), login.values(), strict=True))
        yield {**login, "book": book.path, "page_url": server.url, "name": "CardDAV (Radicale)", "to_connect": typed}


@contextmanager
def tryton_erp(folder: Path) -> Iterator[Facts]:
    """With a company, its currency, an employee and an application key. ``admin`` and ``password`` are for JSON-RPC."""
    with tryton.tryton(folder) as server:
        yield {
            "base_url": server.url,
            "access_token": server.key,
            "company": tryton.COMPANY,
            "currency": tryton.CURRENCY,
            "employee": tryton.EMPLOYEE,
            "admin": tryton.ADMIN,
            "password": tryton.PASSWORD,
            "page_url": server.url,
            "name": "Tryton",
            "to_connect": {"Address": server.url, "Application key": server.key},
        }


SERVERS: dict[str, Callable[[Path], AbstractContextManager[Facts]]] = {"radicale": radicale, "tryton": tryton_erp}


@contextmanager
def running(names: Sequence[str], folder: Path) -> Iterator[dict[str, Facts]]:
    """The named servers, each with a folder of its own below ``folder``. Raises RuntimeError with the reason."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(SERVERS[name](folder / name)) for name in names}
