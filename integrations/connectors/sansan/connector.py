"""Sansan's business cards behind the connector protocol: read only, by the windows of their change times.

Nothing tells of deletions, and a card that is not there may only be out of the key's sight. With tags chosen, a sync reads the
cards that carry one of them. A card that two keys see has one id at both, so that two connections do not make two contacts. Of
several cards with one address the one received last syncs; what has no address is known by its person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.base import Abilities, Connector, Scope
from integrations.connectors.sansan import checks, reading, schema
from integrations.connectors.sansan.client import CARDS_PAGE, Client
from integrations.connectors.sansan.reading import Place
from integrations.records import (
    CheckResult,
    Container,
    Create,
    Field,
    Page,
    ReadAnswer,
    Ref,
    RemoteAccount,
    RemoteRecord,
    Update,
    Verdict,
)

MOST_TAGS = 300  # of one sync, as HubSpot's own Sansan app has it
SLICE_SECONDS = 10  # of calls that one read batch may take: there is no batch read
FEW = 10  # cards of a poll whose persons' older cards are looked for at once
CALLS_A_CARD = 2  # of a read: the card, and which one of its person's counts


def abilities(kind: str) -> Abilities:
    a_minute = settings.SANSAN_CALLS_PER_MINUTE
    batch = max(1, min(100, a_minute * SLICE_SECONDS // 60 // CALLS_A_CARD))
    return Abilities(
        create=False,
        update=False,
        delete=False,
        clear=False,
        sees_deletions=False,
        containers="tag",
        most_containers=MOST_TAGS,
        shares_ids=True,
        newest_by="exchange_date",
        scan_page=CARDS_PAGE,
        read_batch=batch,
        read_calls=batch * CALLS_A_CARD,
        poll_seconds=60,
        calls_per_minute=a_minute,
    )


class Sansan(Connector):
    def __init__(
        self, client: Client, *, fingerprint: Callable[[], str] = str, clock: Callable[[], datetime] = now
    ) -> None:
        """``fingerprint`` names the key where Sansan does not tell whose it is."""
        self._client, self._fingerprint, self._clock = client, fingerprint, clock

    @property
    def calls(self) -> int:
        return self._client.calls

    def abilities(self, kind: str) -> Abilities:
        return abilities(kind)

    # -- about the key ---------------------------------------------------------------------------------------------------
    def identify(self) -> RemoteAccount:
        """A key is one user's, and users see different cards: each user is an account of its own here. Where the API does not tell
        the user, the key itself must do; a key that was issued anew is then another account."""
        user = self._client.me()
        if id := schema.blank(user.get("id")):
            name = schema.blank(user.get("name")) or id
            email = schema.blank(user.get("email"))
            return RemoteAccount(id=id, name=f"{name} ({email})" if email else name, time_zone="Asia/Tokyo")
        self._client.try_key()
        id = self._fingerprint() or "key"
        return RemoteAccount(id=id, name=_("Key %(id)s") % {"id": id[:6]}, time_zone="Asia/Tokyo")

    def preflight(self, kinds: Sequence[str]) -> Iterator[CheckResult]:
        yield from checks.run(self._client, MOST_TAGS)

    def fields(self, kind: str) -> list[Field]:
        return schema.fields(self._client.tags())

    def create_field(self, kind: str, field: Field) -> Field:
        raise errors.CannotDo(_("Cards have no fields besides Sansan's own."))

    def containers(self, kind: str) -> list[Container]:
        """Public and shared tags can be chosen; the user's private ones are shown with the reason why not."""
        private = _("This tag is private: only its owner sees it in Sansan.")
        return [
            Container(str(tag["id"]), str(tag.get("name", "")), refused="" if schema.is_offered(tag) else private)
            for tag in self._client.tags()
            if tag.get("id")
        ]

    def record_url(self, kind: str, id: str) -> str:
        return ""  # the app's addresses of cards are not published

    # -- reading -----------------------------------------------------------------------------------------------------------
    def scan(self, kind: str, *, fields: Sequence[str], position: dict[str, Any] | None, scope: Scope) -> Page:
        """All cards by their change time; with tags chosen, those of the tags (a card of tags in two calls comes twice)."""
        if position is None:
            chosen, moment = _chosen(scope), self._clock()
            first = reading.by_tags(self._live(chosen), moment) if chosen else reading.period(reading.BEGINNING, moment)
        else:
            first = Place.at(position)
        cards, following = reading.step(self._client, first)
        records = [schema.record(card, fields) for card in cards if _is_wanted(card, scope)]
        # One page tells how many there are; of more than that Sansan does not tell.
        total = len(records) if position is None and following is None else None
        if following is None and first.since and not first.rest:
            moment = self._clock()
            following = reading.what_moved(first.end, max(moment, self._client.told_at or moment))
        return Page(records, position=following.json if following else None, total=total)

    def changes(
        self,
        kind: str,
        *,
        fields: Sequence[str],
        cursor: dict[str, Any] | None,
        position: dict[str, Any] | None,
        scope: Scope,
    ) -> Page:
        """Cursor: ``{"at": end of the period read last, "swept": when the chosen tags were last walked}``, ISO text. The end is
        ours or, by Sansan's clock, the moment of the period's first answer, whichever is earlier.

        A card that lost its last chosen tag is not shown any more: it stays as it is in the hub.
        """
        if cursor is None:
            self._client.try_key()
            moment = self._not_ahead(self._clock()).isoformat()
            return Page([], cursor={"at": moment, "swept": moment})
        since = datetime.fromisoformat(cursor["at"]) - reading.OVERLAP
        here = Place.at(position) if position else reading.period(since, self._clock())
        cards, following = reading.step(self._client, here)
        end = self._not_ahead(datetime.fromisoformat(here.end)).isoformat()
        here, following = replace(here, end=end), replace(following, end=end) if following else None
        swept = bool(here.tags)
        if following is None and not swept and self._sweep_is_due(cursor, here, scope):
            following = reading.by_tags(self._live(_chosen(scope)), datetime.fromisoformat(here.end))
        wanted = [card for card in cards if _is_wanted(card, scope)]
        records = [schema.record(card, fields) for card in wanted]
        left = self._older(wanted) if here.since and len(wanted) <= FEW else []
        if following:
            return Page(records, left=left, position=following.json)
        return Page(records, left=left, cursor={"at": here.end, "swept": here.end if swept else cursor["swept"]})

    def _not_ahead(self, at: datetime) -> datetime:
        """``at``, or the time of the last answer where that is earlier: were our clock ahead of Sansan's, the next poll would begin
        after cards that change right now."""
        return min(at, self._client.told_at or at)

    def _sweep_is_due(self, cursor: dict[str, Any], here: Place, scope: Scope) -> bool:
        last, end = datetime.fromisoformat(cursor["swept"]), datetime.fromisoformat(here.end)
        return bool(_chosen(scope)) and end - last >= reading.SWEEP_EVERY - timedelta(seconds=30)

    def _live(self, chosen: list[str]) -> list[str]:
        """Those of the chosen tags that can still be used. A tag that is gone matches no card; all of them gone is a mistake."""
        offered = {str(tag.get("id")) for tag in self._client.tags() if schema.is_offered(tag)}
        if not offered.intersection(chosen):
            raise errors.ContainerMissing(_("None of the chosen tags is there any more, or they are private now."))
        return [id for id in chosen if id in offered]

    def read(self, kind: str, refs: Sequence[Ref], *, fields: Sequence[str]) -> ReadAnswer:
        """Two calls per card. A card that is being typed in again is left out, as one that Sansan does not show: it is neither gone
        nor worth believing. Of a person's cards with one address, or none, only the current one is listed and syncs; an older one
        gives way, and nothing is deleted.
        """
        answer = ReadAnswer({})
        for ref in refs:
            try:
                card = self._client.card(ref.id)
            except errors.Refused:
                continue
            if card is None:
                answer.gone.add(ref.id)
            elif schema.is_readable(card) and self._gave_way(card):
                answer.left.add(ref.id)
            elif schema.is_readable(card):
                answer.records[ref.id] = schema.record(card, fields)
        return answer

    def _gave_way(self, card: dict[str, Any]) -> bool:
        person = schema.blank(card.get("personId"))
        current = self._client.current_card(person) if person else None
        if current is None or str(current.get("id")) == str(card["id"]) or not schema.is_readable(current):
            return False
        return schema.address(current) == schema.address(card)

    def _older(self, cards: Sequence[dict[str, Any]]) -> list[str]:
        """The cards that gave way to these, as far as an address finds them. A call for each; what is missed here is found when it
        is read: a scan lists it no more, and the audit comes to it."""
        found: set[str] = set()
        for card in cards:
            person, email = schema.blank(card.get("personId")), schema.blank(card.get("email"))
            if person and email:
                same, _token = self._client.search(email=email, includePastBizCards="true")
                found |= {str(each["id"]) for each in same if schema.blank(each.get("personId")) == person}
        return sorted(found - {str(card["id"]) for card in cards})

    def find(self, kind: str, field: str, values: Sequence[str], *, fields: Sequence[str]) -> list[RemoteRecord]:
        """Cards with these e-mail addresses, one call each: Sansan compares them to the letter, so lower case is asked for, too."""
        if field != "email":
            raise errors.CannotDo(_("Sansan finds cards by email address only."))
        wanted = dict.fromkeys(
            form for value in values if value.strip() for form in (value.strip(), value.strip().lower())
        )
        found: dict[str, RemoteRecord] = {}
        for email in wanted:
            cards, token = self._client.search(email=email)
            while token:
                more, token = self._client.search(token, email=email)
                cards += more
            found |= {card["id"]: schema.record(card, fields) for card in cards}
        return list(found.values())

    # -- writing -----------------------------------------------------------------------------------------------------------
    def create(self, kind: str, items: Sequence[Create], *, scope: Scope) -> list[Verdict]:
        return _refused(len(items))

    def update(self, kind: str, items: Sequence[Update]) -> list[Verdict]:
        return _refused(len(items))

    def delete(self, kind: str, ids: Sequence[str], *, versions: Mapping[str, str] = {}) -> list[Verdict]:
        return _refused(len(ids))


def _refused(number: int) -> list[Verdict]:
    message = _("Cards are brought from Sansan only; nothing is written there.")
    return [Verdict(error=errors.CannotDo(message)) for _n in range(number)]


def _chosen(scope: Scope) -> list[str]:
    return [str(id) for id in scope.get("lists") or []]


def _is_wanted(card: dict[str, Any], scope: Scope) -> bool:
    """Whether it carries a chosen tag; where none is chosen, all cards are wanted."""
    chosen = set(_chosen(scope))
    return not chosen or bool(chosen & schema.tag_ids(card))
