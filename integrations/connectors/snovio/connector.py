"""Snov.io's prospects behind the connector protocol.

The API has no change feed, no delete, no update by id and 60 calls a minute. So ``scan`` is the light pass over the chosen lists
(names and addresses), ``read`` fetches details one by one, and writes go by e-mail. Every prospect has two ids: the listing shows
a long one, everything else a short one; the short one is *the* id here, the long one its alias.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Scope
from integrations.connectors.snovio import checks, listing, schema, writing
from integrations.connectors.snovio.client import Client
from integrations.connectors.verdicts import one_by_one
from integrations.records import (
    CheckResult,
    Container,
    Count,
    Create,
    Field,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Values,
    Verdict,
)

SLICE_SECONDS = 10  # of calls that one read or write batch may take
CALLS_PER_WRITE = 3
MOST = 100  # records a batch, however many calls the limit allows
SCAN_CALLS = 5  # a light pass: the lists and a page or so of each; it may take a tenth of the calls


def abilities(kind: str) -> Abilities:
    """Batches are what fits into ten seconds at the allowed pace, because each record costs calls of its own."""
    a_minute = settings.SNOVIO_CALLS_PER_MINUTE
    in_a_slice = a_minute * SLICE_SECONDS // 60
    read_batch = max(1, min(MOST, in_a_slice))
    write_batch = max(1, min(MOST, in_a_slice // CALLS_PER_WRITE))
    return Abilities(
        delete=False,
        clear=False,
        change_feed=False,
        sees_deletions=False,
        partial_scan=True,
        update_looks_first=True,
        create_upserts_by="email",
        containers="list",
        target_container=True,
        scan_page=listing.PAGE_SIZE,
        read_batch=read_batch,
        write_batch=write_batch,
        read_calls=read_batch,
        write_calls=write_batch * CALLS_PER_WRITE,
        poll_seconds=max(10, min(300, SCAN_CALLS * 600 // a_minute)),
        calls_per_minute=a_minute,
    )


class Snovio:
    def __init__(
        self, client: Client, *, fingerprint: Callable[[], str] = str, page_size: int = listing.PAGE_SIZE
    ) -> None:
        """``fingerprint`` names the account where Snov.io does not tell its number."""
        self._client = client
        self._fingerprint = fingerprint
        self._page_size = page_size

    @property
    def calls(self) -> int:
        return self._client.calls

    def abilities(self, kind: str) -> Abilities:
        return abilities(kind)

    # -- about the account ------------------------------------------------------------------------------------------------
    def identify(self) -> RemoteAccount:
        """The account's number comes with the webhooks; accounts without webhooks go by their API User ID."""
        number = self._client.user_id()
        if not number:
            self._client.balance()  # proves that the keys work
        id = number or self._fingerprint()
        return RemoteAccount(id=id, name=f"Snov.io {id}".strip())

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        yield from checks.run(self._client)

    def fields(self, kind: str) -> list[Field]:
        """Standard and custom fields. Whether phones and custom values can be read differs between accounts and is documented
        nowhere, so one prospect is looked at (4 calls in all)."""
        custom = [schema.custom_field(each) for each in self._client.custom_fields() if each.get("label")]
        seen = schema.detail_values(self._sample())
        found = [*schema.standard_fields(), *custom]
        return [schema.as_seen(field, seen) for field in found]

    def _sample(self) -> dict[str, Any]:
        """The detail answer of any prospect, {} where there is none."""
        for found in self._live_lists():
            if found.get("contacts"):
                page = self._client.list_page(int(found["id"]), 1, listing.PEEK_SIZE)
                rows = page.get("prospects") or [{}]
                return self._client.by_id(str(rows[0].get("id", ""))) or {}
        return {}

    def create_field(self, kind: str, field: Field) -> Field:
        raise errors.CannotDo(_("Custom fields are made in Snov.io's settings, not through its API."))

    def containers(self, kind: str) -> list[Container]:
        lists = self._live_lists()
        running = checks.running_campaigns(self._client)
        return [
            Container(
                id=str(each["id"]),
                name=str(each.get("name", "")),
                count=int(each.get("contacts") or 0),
                warning=checks.campaign_warning(running.get(str(each["id"]), [])),
            )
            for each in lists
        ]

    def record_url(self, kind: str, id: str) -> str:
        return ""  # the app's addresses of prospects use neither of the ids that the API shows

    # -- reading -----------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """One page of the light pass: rows are partial (names, e-mail) and carry the long id. A prospect of two lists comes twice.

        How rows that move under paging are kept from getting lost: see ``listing``.
        """
        if position is None:
            lists = self._chosen(scope)
            position = listing.start([int(each["id"]) for each in lists], sum(int(each["contacts"]) for each in lists))
            if position is None:
                return Page([], total=0)
        try:
            return listing.step(self._client, position, self._page_size)
        except errors.Gone:
            raise self._missing(str(position["lists"][position["at"]])) from None

    def count(self, kind: str, *, scope: Scope) -> Count:
        """Lists tell their lengths; a prospect of two lists counts twice."""
        lists = self._chosen(scope)
        return Count(sum(int(each["contacts"]) for each in lists), "about" if len(lists) > 1 else "exactly")

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        raise errors.CannotDo(_("Snov.io does not tell what changed; its lists are read instead."))

    def _live_lists(self) -> list[dict[str, Any]]:
        return [each for each in self._client.lists() if each.get("id") and not each.get("isDeleted")]

    def _chosen(self, scope: Scope) -> list[dict[str, Any]]:
        """The live lists that bound the sync; all of them where none is chosen, later ones included."""
        live = {str(each["id"]): {**each, "contacts": each.get("contacts") or 0} for each in self._live_lists()}
        wanted = [str(id) for id in scope.get("lists") or []]
        for id in wanted:
            if id not in live:
                raise self._missing(id)
        return [live[id] for id in wanted or live]

    def _missing(self, id: str) -> errors.ContainerMissing:
        return errors.ContainerMissing(_("Snov.io has no list %(id)s any more. Choose another list.") % {"id": id})

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        """Details, one call each; values that the answer lacks are those already known, or absent. All or nothing: an error of the
        account ends the batch. What is refused of one prospect is not told."""
        answer = ReadAnswer({})
        with self._client.reading_ahead(ref.id for ref in refs):
            for ref in refs:
                try:
                    detail = self._detail(ref)
                except errors.Refused:
                    continue
                if detail is None:
                    answer.gone.add(ref.id)
                else:
                    known = {
                        name: value for name, value in ref.known.items() if name in fields or name in schema.LISTED
                    }
                    answer.records[ref.id] = self._record(detail, known, asked=ref.id)
        return answer

    def _detail(self, ref: Ref) -> dict[str, Any] | None:
        """By id, else by the known address. Refused where the id is, and the address does not find it either: it need not be
        gone."""
        try:
            return self._client.by_id(ref.id) or self._by_known_email(ref)
        except errors.Refused:
            if found := self._by_known_email(ref):
                return found
            raise

    def _by_known_email(self, ref: Ref) -> dict[str, Any] | None:
        """A prospect that is not found by id, by its e-mail: the account may not take long ids. A short id that is not among the
        profiles with this e-mail is gone; a long one cannot be compared, so the profile with the same name, else the newest, is
        taken."""
        email = str(ref.known.get("email") or "")
        profiles = writing.best_first(self._client.by_email(email)) if email else []
        if not is_long(ref.id):
            return next((each for each in profiles if each.get("id") == ref.id), None)
        name = [ref.known.get("first_name"), ref.known.get("last_name")]
        same = [each for each in profiles if [schema.blank(each.get(key)) for key in ("firstName", "lastName")] == name]
        return next(iter(same or profiles), None)

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """All profiles with these e-mail addresses, one call per address; of several with one address, the newest first."""
        if field != "email":
            raise errors.CannotDo(_("Snov.io finds prospects by email address only."))
        return [
            self._record(profile, {"email": email})
            for email in dict.fromkeys(value.strip() for value in values if value)
            for profile in writing.best_first(self._with_address(email))
        ]

    def _with_address(self, email: str) -> list[dict[str, Any]]:
        """What Snov.io does not take for an address is nobody's, and keeps no others from being found."""
        try:
            return self._client.by_email(email)
        except errors.Refused as error:
            if error.code == "EMAIL_INVALID":
                return []
            raise

    def _record(self, detail: dict[str, Any], known: Values, asked: str = "") -> RemoteRecord:
        id = str(detail.get("id") or asked)
        return RemoteRecord(
            id=id,
            values={**known, **schema.detail_values(detail)},
            modified_at=schema.moment(detail.get("lastUpdateDate")),
            aliases=(asked,) if asked and asked != id else (),
        )

    # -- writing -----------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        """Into ``scope["target_list"]``. A prospect whose e-mail exists in another list is updated there and stays there."""
        target = str(scope.get("target_list") or "")
        if not target.isdigit():
            raise errors.ContainerMissing(_("Choose the Snov.io list that receives new prospects."))
        return one_by_one(items, lambda item: writing.create(self._client, item, int(target), self._record))

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        """By the e-mail in ``Update.known``; see ``writing`` for what one update costs and why."""
        return one_by_one(items, lambda item: writing.update(self._client, item, self._record))

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        message = _("Snov.io's API cannot delete prospects.")
        return [Verdict(error=errors.CannotDo(message)) for _n in ids]


def is_long(id: str) -> bool:
    """The listing's form of an id: long hex. The other form is short and ends in ``==``."""
    return len(id) > 40 and not id.endswith("=")
