"""Kinto's HTTP, and what its errors mean. Facts: kinto.readthedocs.io, API 1.x, and answers of Kinto 26."""

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
    said = answer.data if isinstance(answer.data, dict) else {}
    if answer.status == 400:
        detail = next(iter(said.get("details") or []), {})
        field = str(detail.get("name") or "")
        message = str(detail.get("description") or said.get("message") or "")
        return errors.Refused(_("Kinto refuses this: %(message)s") % {"message": message}, field=field)
    if answer.status == 401:
        return errors.AuthExpired(_("Kinto does not accept this user name and password."))
    if answer.status == 403:
        return errors.ScopeMissing(_("This user may not do that, or there is no such bucket."))
    if answer.status == 412:
        return errors.StaleVersion(_("This record was changed in Kinto meanwhile."))
    return None


@dataclass
class Listing:
    rows: list[Json]
    token: str  # of the next page, "" on the last one
    timestamp: str  # of the collection's last change, when the page was asked for


class Client:
    def __init__(self, session: ApiSession, bucket: str, collection: str) -> None:
        self._session = session
        self.path = f"/buckets/{quote(bucket, safe='')}/collections/{quote(collection, safe='')}"

    @property
    def calls(self) -> int:
        return self._session.calls

    @property
    def address(self) -> str:
        """Of the collection."""
        return self._session.base_url + self.path

    def user(self) -> str:
        """Who we are; AuthExpired where the password is not accepted (the root answers everybody)."""
        user = self._session.get("/").data.get("user")
        if not user:
            raise errors.AuthExpired(_("Kinto does not accept this user name and password."))
        return str(user["id"])

    def collection(self) -> Json:
        """``{"id", "schema", …}``"""
        try:
            return dict(self._session.get(self.path).data["data"])
        except errors.Gone:
            raise errors.ContainerMissing(_("There is no such collection on this server.")) from None

    def page(self, **params: Any) -> Listing:
        """A page of records; with ``_since`` also those that were deleted, as ``{"id", "last_modified", "deleted": true}``."""
        given = {name: value for name, value in params.items() if value}
        try:
            answer = self._session.get(f"{self.path}/records", params=given)
        except errors.Gone:
            raise errors.ContainerMissing(_("The collection is gone.")) from None
        (token,) = parse_qs(urlsplit(answer.headers.get("Next-Page", "")).query).get("_token", [""])
        return Listing(answer.data["data"], token, answer.headers["ETag"].strip('"'))

    def all(self, **params: Any) -> Iterator[Json]:
        """The records of all pages."""
        token = None
        while token != "":
            page = self.page(**params, _token=token)
            yield from page.rows
            token = page.token

    def write(self, requests: Sequence[Json]) -> list[Answer]:
        """One call; an answer for each request, whatever its status. ``request`` makes them."""
        if not requests:
            return []
        said = self._session.post("/batch", json={"requests": requests}).data["responses"]
        return [Answer(each["status"], each["headers"], orjson.dumps(each["body"])) for each in said]

    def request(self, method: str, id: str, *, data: Json | None = None, **headers: str) -> Json:
        """``headers``: the condition of the write, ``if_match`` or ``if_none_match``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{self.path}/records/{quote(id, safe='')}"
        return {"method": method, "path": path, "headers": named} | ({} if data is None else {"body": {"data": data}})


def error_in(answer: Answer) -> ConnectorError | None:
    """What one answer of a batch of writes means; None for success."""
    return fault(answer, True) or default_error(answer, True)
