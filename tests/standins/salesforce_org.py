"""Calls on the Salesforce stand-in as its own process serves it, and the person who is signed in there."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.standins.serving import control

VERSION = "/services/data/v62.0"
BACK = "http://127.0.0.1:1/back"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass
class SalesforceOrg:
    """``about``: what ``manage.py standins --json`` printed; ``number``: of the org."""

    about: dict[str, Any]
    number: int = 0

    def __post_init__(self) -> None:
        self.url = self.about["organisations"][self.number]["url"]
        self.token = self.about["organisations"][self.number]["token"]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """``path`` below ``/services/data/v62.0``, or a whole one."""
        where = path if path.startswith("/services") else VERSION + path
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return requests.request(method, self.url + where, headers=headers, timeout=10, **options)

    def query(self, text: str, which: str = "query", **options: Any) -> requests.Response:
        return self.call("GET", f"/{which}", params={"q": text}, **options)

    def found(self, text: str, which: str = "query") -> list[dict[str, Any]]:
        """The records of a query, without their attributes."""
        answer = self.query(text, which)
        assert answer.status_code == 200, answer.text
        return [{k: v for k, v in each.items() if k != "attributes"} for each in answer.json()["records"]]

    def create(self, kind: str, **values: Any) -> str:
        answer = self.call("POST", f"/sobjects/{kind}", json=values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def read(self, kind: str, id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/sobjects/{kind}/{id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def update(self, kind: str, id: str, **values: Any) -> requests.Response:
        return self.call("PATCH", f"/sobjects/{kind}/{id}", json=values)

    def control(self, verb: str, **given: Any) -> dict[str, Any]:
        return control(self.about, verb, organisation=self.number, **given)

    def by_hand(self, kind: str, **done: Any) -> dict[str, Any]:
        return self.control("records", type=kind, **done)


def error(answer: requests.Response) -> tuple[int, str]:
    """(HTTP status, code) of a refusal in the API's shape."""
    return answer.status_code, answer.json()[0]["errorCode"]


def refused(org: SalesforceOrg, kind: str, **values: Any) -> tuple[str, list[str]]:
    """(code, fields) of a new record that is not taken."""
    answer = org.call("POST", f"/sobjects/{kind}", json=values)
    assert answer.status_code == 400, answer.text
    return answer.json()[0]["errorCode"], answer.json()[0].get("fields", [])


def asked(about: dict[str, Any], **more: str) -> dict[str, str]:
    """The parameters of the consent page."""
    return {"response_type": "code", "client_id": about["client_id"], "redirect_uri": BACK, "scope": "api refresh_token",
            "state": "s1", "code_challenge": CHALLENGE} | more  # fmt: skip


def decide(about: dict[str, Any], decision: str = "allow", *, url: str = "", **more: str) -> dict[str, str]:
    """What the app is told when a person has decided."""
    form = {**asked(about), "decision": decision, **more}
    answer = requests.post(
        f"{url or about['login_url']}/services/oauth2/authorize", data=form, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def token(about: dict[str, Any], *, url: str = "", **form: str) -> requests.Response:
    secrets = {"client_id": about["client_id"], "client_secret": about["client_secret"]}
    return requests.post(f"{url or about['login_url']}/services/oauth2/token", data={**secrets, **form}, timeout=10)


def signed_in(about: dict[str, Any], **more: str) -> dict[str, Any]:
    """The token answer of somebody who allowed everything."""
    code = decide(about, **more)["code"]
    answer = token(about, grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=VERIFIER)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
