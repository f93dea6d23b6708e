"""The two stand-ins as any client sees them: their public APIs, read whole, and a person's hands on the other side.

Written against the vendors' documentation and not against our connectors: what proves a sync must not share its code.
"""

import time
from collections.abc import Iterator
from typing import Any

import requests

PROPERTIES = ["email", "firstname", "lastname", "phone", "country", "industry"]


def patient(http: requests.Session, method: str, url: str, **options: Any) -> Any:
    """The JSON answer; waits while the vendor says that we call too often."""
    while True:
        answer = http.request(method, url, timeout=30, **options)
        if answer.status_code != 429:
            answer.raise_for_status()
            return answer.json()
        time.sleep(1)


class HubSpotApi:
    def __init__(self, standin: dict[str, Any]) -> None:
        self.base, self.control = standin["api_url"], standin["control_url"]
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {standin['token']}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        return patient(self.http, method, self.base + path, **options)

    def contacts(self) -> Iterator[dict[str, Any]]:
        """All contacts: ``{"id", property: value}``."""
        after = None
        while True:
            query = {"limit": 100, "properties": ",".join(PROPERTIES), **({"after": after} if after else {})}
            page = self.call("GET", "/crm/objects/2026-03/contacts", params=query)
            for record in page["results"]:
                yield {"id": record["id"], **record["properties"]}
            after = page.get("paging", {}).get("next", {}).get("after")
            if not after:
                return

    def by_hand(self, **what: Any) -> Any:
        """Edit or create as a person in HubSpot's pages."""
        answer = requests.post(f"{self.control}/records", json=what, timeout=30)
        answer.raise_for_status()
        return answer.json()


class SnovioApi:
    def __init__(self, standin: dict[str, Any]) -> None:
        self.base, self.control = standin["api_url"], standin["control_url"]
        self.keys = {"client_id": standin["client_id"], "client_secret": standin["client_secret"]}
        self.http = requests.Session()
        self.renew_at = 0.0

    def call(self, method: str, path: str, **options: Any) -> Any:
        if time.monotonic() > self.renew_at:
            self._sign_in()
        return patient(self.http, method, self.base + path, **options)

    def _sign_in(self) -> None:
        """A token lives for an hour, a long proof longer."""
        keys = {"grant_type": "client_credentials", **self.keys}
        answer = requests.post(f"{self.base}/v1/oauth/access_token", json=keys, timeout=30)
        answer.raise_for_status()
        token = answer.json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.renew_at = time.monotonic() + token["expires_in"] / 2

    def lists(self) -> list[dict[str, Any]]:
        return [one for one in self.call("GET", "/v1/get-user-lists") if not one["isDeleted"]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The listing rows of all lists; a prospect in two lists comes twice."""
        for one in self.lists():
            page = 1
            while True:
                body = {"listId": one["id"], "page": page, "perPage": 5000}
                answer = self.call("POST", "/v1/prospect-list", json=body)
                yield from answer["prospects"]
                if len(answer["prospects"]) < 5000:
                    break
                page += 1

    def prospects(self) -> Iterator[dict[str, Any]]:
        """All prospects in full: ``{"id", "email", "firstname", "lastname", "phone", "country", "industry"}``."""
        seen: set[str] = set()
        for row in self.rows():
            if row["id"] in seen:
                continue
            seen.add(row["id"])
            found = self.call("POST", "/v1/get-prospect-by-id", json={"id": row["id"]})["data"]
            emails = row.get("emails") or []
            phones = found.get("phones") or []
            phone = phones[0] if phones else None
            yield {
                "id": row["id"],
                "email": emails[0]["email"] if emails else None,
                "firstname": found.get("firstName"),
                "lastname": found.get("lastName"),
                "phone": phone.get("phone") if isinstance(phone, dict) else phone,
                "country": found.get("country"),
                "industry": found.get("industry"),
            }

    def lift_limit(self) -> None:
        """For the proof alone: reading every prospect at 60 calls a minute would take longer than the sync."""
        requests.post(f"{self.control}/settings", json={"rate_limit": 0}, timeout=30).raise_for_status()

    def by_hand(self, **what: Any) -> Any:
        answer = requests.post(f"{self.control}/records", json=what, timeout=30)
        answer.raise_for_status()
        return answer.json()
