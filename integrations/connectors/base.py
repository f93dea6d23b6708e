"""The connector protocol: few verbs, stated abilities, no knowledge of the product.

A connector gives one app's API the meaning that the engine needs. It never looks at syncs, accounts or links; it gets a
session that already knows address, credentials, rate budget and time-outs (``integrations/http.py``), and raises only the
errors of ``integrations/errors.py``. What an app cannot do is an ability that is off: the engine and the pages ask, they never
guess, and they never name an app. To add an app, follow *Add a connector* in the README.

Words. A **kind** is an object type of the app ("contacts"), by ``Kind.key``. A **ref** is a record to read. A **position** says
where the next page of one reading starts, a **cursor** where the next poll starts; both are JSON of the connector's own, which
may come back to another process. **fields** are the names that a sync uses: values of others may be left out. A **version** is
whatever the app calls one (an etag), as text.

What the engine counts on:

* *Errors.* What concerns one record is the ``error`` of its verdict; what concerns the whole connection (login, limit, outage) is
  raised, unless a record of the batch was written already: then the rest is unsent, and comes again (``verdicts.py``).
* *Lost answers.* ``NoAnswer`` from a write means that it may have happened; ``integrations/http.py`` raises it. The engine then
  looks the record up by its identifier, or sends the create once more under the same ``key``. Where the app lets us choose an id
  or has a unique field, make it of the key, answer the second create with the record and ``existed``, and say so
  (``idempotent_creates``).
* *Time.* One batch ends within some twenty seconds: state batch sizes that make it so.
* *Life.* A connector serves one slice of work, about ten seconds, in one thread. It may keep what it has read of the app's
  fields.
* *Words for people.* A ``message`` is a translated ``str`` (``gettext``, not lazy) that says what happened and what to do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from integrations import errors
from integrations.records import (
    CheckResult,
    Container,
    Count,
    Create,
    Field,
    Hint,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Verdict,
)

Scope = dict[str, Any]
"""What bounds a sync at one side, as the wizard saved it: ``{"lists": [ids]}`` (absent or empty: all lists) and, for apps that put
new records into a list, ``{"target_list": id}``. Apps without containers get ``{}``."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an app can do with one object type, in numbers and yes/no. Shown in the app directory and in the wizard."""

    create: bool = True
    update: bool = True
    delete: bool = True  # archive or delete through the API
    clear: bool = True  # a value can be set back to blank
    change_feed: bool = True  # changes() answers "what changed since"; otherwise every poll is a scan()
    sees_deletions: bool = True  # tombstones in the feed; otherwise absence from complete scans, then a read
    partial_scan: bool = False  # scan rows lack fields: records are read by id before planning
    webhooks: bool = False  # hints() can arrive
    conditional_writes: bool = False  # the versions of updates and deletions are honoured
    update_looks_first: bool = False  # update() compares the record with Update.known, and answers StaleVersion
    create_upserts_by: str = ""  # a create with the same value of this field updates instead of doubling
    idempotent_creates: bool = False  # a create sent again with its key meets what the first one made
    # The field with the day of a record: of several with one identifier the latest syncs, until one comes that is later still. "":
    # the one that was edited last, and it stays.
    newest_by: str = ""
    create_fields: bool = False
    containers: str = ""  # "list": scans are bounded by lists (the word for the page); "" = none
    most_containers: int = 0  # how many of them one sync may choose; 0 = any number
    target_container: bool = False  # creates need one list to put records in
    shares_ids: bool = False  # two connections of this app can show one and the same record, under one id
    other_addresses: bool = False  # records tell of further e-mail addresses: ``RemoteRecord.also``
    merges: bool = False  # two records can become one in the app
    scans_ahead: bool = False  # the connector is a ``ScansAhead``
    lists_changes: bool = False  # the connector is a ``ListsChanges``
    scan_page: int = 100  # records per scan call
    read_batch: int = 100  # records per read-by-id call
    write_batch: int = 100  # records per write call
    read_calls: int = 1  # requests that one full read batch takes: apps without batches need one per record
    write_calls: int = 1  # the same for a write batch
    poll_seconds: int = 60  # how often a poll makes sense
    visibility_lag: int = 0  # seconds until a write can be seen by the feed and by find()
    calls_per_minute: int | None = None  # the app's own limit, for the estimate on the page


class ScansAhead(Protocol):
    def ahead(self, kind: str, *, fields: Sequence[str], position: dict[str, Any], scope: Scope) -> None:
        """Start to fetch the page at ``position``, which ``scan`` is about to be asked for, and come back at once: the app works
        on it while the page before is stored. Should nobody ask for it, it was read in vain."""


class ListsChanges(Protocol):
    def changed(self, kind: str, *, cursor: dict[str, Any], scope: Scope) -> dict[str, str]:
        """Ids, with versions where those are at hand, of all that changed since ``cursor``, up to what was written a moment ago, of
        all outside ``scope``, and perhaps of others. Reads no record. For apps that would look at everything to answer ``find``:
        what was read before is known, so only these have to be looked at before a create. CursorExpired as from ``changes``."""


class Connector(Protocol):
    """All methods may raise any error of ``integrations.errors``; per-record refusals come back inside verdicts. A class that
    inherits from this one may leave out the verbs that have an answer here."""

    @property
    def calls(self) -> int:
        """HTTP requests made through this connector so far."""

    def abilities(self, kind: str) -> Abilities: ...

    def identify(self) -> RemoteAccount:
        """Which account the credentials open. One cheap call; raises AuthExpired when they are not accepted."""

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        """The live checks after connecting, one at a time as they finish. Never raises: a failure is a result."""

    def fields(self, kind: str) -> list[Field]:
        """All fields that could be mapped, custom ones included."""

    def create_field(self, kind: str, field: Field) -> Field:
        """Make ``field`` in the app, as near to it as the app can. Asked only of apps with the ability."""
        raise errors.CannotDo()

    def containers(self, kind: str) -> list[Container]:
        """The lists that can bound a sync. Asked only of apps that have such."""
        return []

    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """One page of *all* live records. ``position`` None starts. Complete when ``page.position`` is None."""

    def count(self, kind: str, *, scope: Scope) -> Count | None:
        """How many records a scan would show, with one or two requests; None where the app does not tell."""
        return None

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        """One page of what changed since ``cursor``. With ``cursor`` None: no records, just a cursor that means *from now*
        (taken with enough overlap to cover ``visibility_lag``). Records may come more than once; none may be skipped.
        The last page carries the next ``cursor``; earlier ones a ``position``."""

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        """Records by id, at most ``read_batch`` of them, read-your-writes."""

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """Records whose ``field`` (one that identifies, usually the e-mail) equals one of ``values``, case folded for e-mail. May
        lag behind writes. At most a batch of values."""

    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        """One verdict per item, in order. NoAnswer means that any of them may have happened."""

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        """One verdict per item, in order, with the record as it is now. Values that an item does not name stay as they are."""

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        """Also right, without an error, for a record that is gone already. ``versions``: by id, as last seen. With conditional
        writes, a record that has another one by now stays, and is answered with StaleVersion."""

    def record_url(self, kind: str, id: str) -> str:
        """The record's page in the app, "" where there is none."""
        return ""


class WebhookReceiver(Protocol):
    """Module-level part of an app that takes webhooks: no instance is known yet when a call arrives."""

    def hints(self, *, method: str, url: str, headers: dict[str, str], body: bytes, secret: str) -> Iterable[Hint]:
        """Verified hints; raises ``errors.Refused`` for a bad signature or a replay."""
