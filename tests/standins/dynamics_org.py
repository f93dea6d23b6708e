"""Organisations of Dynamics for tests: the stand-in in a thread of this process, and a caller that speaks plain HTTP to it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from integrations.standins.dynamics import create
from integrations.standins.dynamics.vendor import Dynamics
from integrations.standins.vendor import World
from tests.standins.threads import served

STRONG = {"If-Match": "*"}
SHOWN = {"Prefer": "return=representation"}


class Caller:
    """Somebody with an access token for one organisation."""

    def __init__(self, vendor: Dynamics, organisation: int = 0) -> None:
        self.vendor, self.about = vendor, vendor.describe()["organisations"][organisation]
        self.root = f"{self.about['url']}/api/data/v9.2"

    def ask(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str) -> requests.Response:
        """``path``: below the API's root, or a whole address. Names of headers are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Authorization": f"Bearer {token or self.about['token']}"}
        address = path if path.startswith("http") else f"{self.root}/{path}"
        data = {"data": body} if isinstance(body, bytes) else {"json": body}
        return requests.request(method, address, headers=named, timeout=20, **data)

    def get(self, path: str, **headers: str) -> Any:
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, kind: str, **values: Any) -> str:
        """The id of a new row."""
        answer = self.ask("POST", kind, values)
        assert answer.status_code == 204, answer.text
        return str(answer.headers["OData-EntityId"].rpartition("(")[2].rstrip(")"))

    def row(self, kind: str, id: str) -> dict[str, Any]:
        return dict(self.get(f"{kind}({id})"))

    def control(self, verb: str, **given: Any) -> Any:
        answer = requests.post(f"{self.vendor.base}/_control/{verb}", json=given, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


def refusal(answer: requests.Response) -> tuple[int, str]:
    """(status, code) of an answer that says no."""
    return answer.status_code, str(answer.json()["error"]["code"])


def bind(kind: str, id: str) -> str:
    return f"/{kind}({id})"


def nobody() -> str:
    return str(uuid.uuid4())


@contextmanager
def running(records: int = 20, **settings: Any) -> Iterator[Dynamics]:
    """A stand-in that serves until the block ends; limits are off."""
    vendor = create(World(records=records), {"limit_requests": 0, **settings})
    with served(vendor):
        yield vendor


def afresh(vendor: Dynamics) -> Dynamics:
    """As at the start."""
    vendor.settings.update(vendor.initial)
    vendor.clock.offset = 0.0
    vendor.limiter.clear()
    vendor.reset()
    return vendor
