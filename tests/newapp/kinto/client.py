"""Kinto's HTTP, and what its errors mean. Facts: kinto.readthedocs.io, API 1.x, and the answers of Kinto 26."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import orjson
from django.utils.translation import gettext as _

from integrations import errors
from integrations.errors import ConnectorError
from integrations.http import Answer, ApiSession, default_error

Json = dict[str, Any]
BATCH = 25  # requests in one call, unless a server's operator says otherwise (``batch_max_requests``)


def fault(answer: Answer, wrote: bool) -> ConnectorError | None:
    """Kinto's error table; None leaves the status to the default one."""
    if answer.status == 400:
        said = answer.data or {}
        detail: Json = next(iter(said.get("details") or []), {})
        message = str(detail.get("description") or said.get("message") or "")
        return errors.Refused(_("Kinto refuses this: %(why)s") % {"why": message}, field=str(detail.get("name") or ""))
    if answer.status == 401:
        return errors.AuthExpired(_("Kinto does not accept this user name and password."))
    if answer.status == 403:
        return errors.ScopeMissing(_("This user may not do that, or there is no such bucket."))
    if answer.status == 412:
        return errors.StaleVersion(_("This record was changed in Kinto meanwhile."))
    return None


def fault_of_record(answer: Answer) -> ConnectorError | None:
    """What one answer of a batch of writes means: rights can differ from record to record."""
    if answer.status == 403:
        return errors.NotVisible(_("This user may not change this record in Kinto."))
    return fault(answer, True) or default_error(answer, True)


@dataclass
class Listing:
    rows: list[Json]
    token: str  # of the next page, "" on the last one
    timestamp: str  # of the collection's last change, when the page was asked for


class Client:
    def __init__(self, session: ApiSession, bucket: str, collection: str) -> None:
        self._session = session
        self._path = f"/buckets/{quote(bucket, safe='')}/collections/{quote(collection, safe='')}"
        self.address = session.base_url + self._path

    @property
    def calls(self) -> int:
        return self._session.calls

    def user(self) -> str:
        """Who we are. The root answers everybody, and tells those it knows who they are."""
        user = self._session.get("/").data.get("user")
        if not user:
            raise errors.AuthExpired(_("Kinto does not accept this user name and password."))
        return str(user["id"])

    def collection(self) -> Json:
        """``{"id", "schema", …}``"""
        return dict(self._get(self._path).data["data"])

    def page(self, **params: Any) -> Listing:
        """A page of records; with ``_since`` also those that were deleted, as ``{"id", "last_modified", "deleted": true}``."""
        answer = self._get(f"{self._path}/records", {name: value for name, value in params.items() if value})
        (token,) = parse_qs(urlsplit(answer.headers.get("Next-Page", "")).query).get("_token", [""])
        return Listing(answer.data["data"], token, answer.headers["ETag"].strip('"'))

    def all(self, **params: Any) -> Iterator[Json]:
        page = self.page(**params)
        yield from page.rows
        while page.token:
            page = self.page(**params, _token=page.token)
            yield from page.rows

    def write(self, requests: Sequence[Json]) -> list[Answer]:
        """One call; an answer for each ``request``, whatever its status."""
        said = self._session.post("/batch", json={"requests": requests}).data["responses"] if requests else []
        return [Answer(each["status"], each["headers"], orjson.dumps(each["body"])) for each in said]

    def request(self, method: str, id: str, row: Json | None = None, **headers: str) -> Json:
        """One write of a batch. ``headers``: its condition, ``if_match`` or ``if_none_match``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{self._path}/records/{quote(id, safe='')}"
        return {"method": method, "path": path, "headers": named} | ({} if row is None else {"body": {"data": row}})

    def _get(self, path: str, params: Json | None = None) -> Answer:
        try:
            return self._session.get(path, params=params)
        except errors.Gone:
            raise errors.ContainerMissing(_("There is no such collection on this server.")) from None
