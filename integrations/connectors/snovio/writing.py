"""Creates and updates, one call per prospect: ``add-prospect-to-list`` with ``updateContact`` is the only write there is.

What each write costs, and why:

* *create*: the write and a read by id, 2 calls. The answer has only an id; what Snov.io made of the values (country names, cut
  text) must become our memory, or the next read of our own write would look like a person's edit.
* *update*: a read by e-mail, the write, a read by id, 3 calls. The first read matters: writing to an e-mail address that is not
  there (deleted or changed in Snov.io meanwhile) would **create** a prospect, and the write needs one of the prospect's lists.

A write is safe to repeat: with the same e-mail it updates what it made before. ``NoAnswer`` still goes up, because the runner's
rule is to look first.
"""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.connectors.snovio import schema
from integrations.connectors.snovio.client import Client
from integrations.errors import ConnectorError
from integrations.records import Create, RemoteRecord, Update, Values, Verdict

STAYED = "STAYED_IN_OTHER_LIST"  # updated where it was; Snov.io's API cannot move a prospect
Detail = dict[str, Any]
ToRecord = Callable[[Detail, Values, str], RemoteRecord]
"""(detail answer, values known besides, the id that was asked for or "") → the record."""


def create(client: Client, item: Create, target: int, record: ToRecord) -> Verdict:
    email = str(item.values.get("email") or "").strip()
    if not email:
        message = _("Snov.io knows prospects by their email address, and this record has none.")
        raise errors.Refused(message, code="REQUIRED_VALUE_BLANK", field="email")
    filled: Values = {name: value for name, value in item.values.items() if value not in (None, "")}
    body, sent, note = schema.payload(filled)
    sent["email"] = email
    try:
        answer = client.add(target, email, body)
    except errors.AlreadyExists:
        return _adopt(client, email, target, record)
    except errors.Gone:
        raise errors.ContainerMissing(_("The list that receives new prospects does not exist any more.")) from None
    existed = not answer.get("added")
    detail = _after(client, answer)
    if existed and detail and not _is_in(detail, target):
        note = note or STAYED
    return Verdict(record=record({**answer, **detail}, sent, ""), existed=existed, note=note)


def _adopt(client: Client, email: str, target: int, record: ToRecord) -> Verdict:
    """422: it is there already, in the very list; nothing was written."""
    profiles = best_first(client.by_email(email), target)
    if not profiles:
        message = _("Snov.io says that this email address exists, and does not find it.")
        raise errors.AlreadyExists(message, field="email")
    return Verdict(record=record(profiles[0], {"email": email}, ""), existed=True)


def update(client: Client, item: Update, record: ToRecord) -> Verdict:
    email = str(item.known.get("email") or "").strip()
    _refuse_other_key(item, email)
    body, sent, note = schema.payload(item.values)
    if not body and note == "CANNOT_CLEAR":
        raise errors.CannotDo(_("Snov.io's API cannot empty a field."))
    before, others = _own_profile(client, item.id, email)
    if not body:
        return Verdict(record=record(before, item.known, item.id), note=note)
    _refuse_changed(item, before)
    answer = _write(client, email, body, before, others)
    detail = _after(client, answer)
    return Verdict(record=record({**answer, **detail}, {**item.known, **sent}, item.id), note=note)


def _write(client: Client, email: str, body: dict[str, Any], before: Detail, others: list[Detail]) -> Detail:
    """Through a list of the prospect that no other profile with its e-mail is in. Which of several Snov.io takes is not documented,
    and a write to the wrong person cannot be taken back. A list that is gone is passed over: that does not mean that the
    prospect is."""
    lists = [int(each["id"]) for each in before.get("lists") or [] if isinstance(each, dict) and each.get("id")]
    own = [id for id in lists if not any(_is_in(other, id) for other in others)]
    if lists and not own:
        message = _("Several prospects of one list have this email address, and Snov.io could change another one.")
        raise errors.Refused(message, code="AMBIGUOUS_MATCH", field="email")
    for id in own:
        try:
            answer = client.add(id, email, body)
        except errors.Gone:
            continue
        if answer["id"] != before.get("id"):
            message = _("Several prospects have this email address, and Snov.io changed another one.")
            raise errors.Refused(message, code="AMBIGUOUS_MATCH", field="email")
        return answer
    raise errors.CannotDo(_("This prospect is in no list, and Snov.io can change prospects only through a list."))


def _refuse_other_key(item: Update, email: str) -> None:
    """Snov.io addresses prospects by e-mail: without one there is no update, and another one would be another prospect."""
    if not email:
        message = _("Snov.io changes prospects by their email address, and this one has none.")
        raise errors.CannotDo(message, field="email")
    wanted = item.values.get("email")
    if isinstance(wanted, str) and wanted.strip().casefold() != email.casefold():
        message = _(
            "Snov.io cannot change an email address: %(new)s would become a new prospect and %(old)s would stay."
        )
        raise errors.CannotDo(message % {"new": wanted, "old": email}, field="email")


def _refuse_changed(item: Update, before: Detail) -> None:
    """The read before the write shows what a person typed since the write was planned: that must be merged, not overwritten."""
    there = schema.detail_values(before)
    for name, wanted in item.values.items():
        if (
            name in there
            and name in item.known
            and str(there[name] or "") not in (str(item.known[name] or ""), str(wanted or ""))
        ):
            raise errors.StaleVersion(_("This prospect was changed in Snov.io meanwhile."))


def _own_profile(client: Client, id: str, email: str) -> tuple[Detail, list[Detail]]:
    """(the profile with our id, the others) of those with this e-mail, as they are now. Gone when ours is not there; StaleVersion
    when it is, under another address."""
    found = client.by_email(email)
    own = next((each for each in found if each.get("id") == id), None) or client.by_id(id)
    if own is None:
        raise errors.Gone(_("This prospect does not exist in Snov.io any more."))
    others = [each for each in found if each.get("id") != own.get("id")]
    if len(others) == len(found):  # not even by its short id, where we knew it by the long one
        raise errors.StaleVersion(_("The email address of this prospect was changed in Snov.io."))
    return own, others


def best_first(profiles: list[Detail], list_id: int | None = None) -> list[Detail]:
    """Profiles with one e-mail: those in the list first, then the newest."""

    def rank(profile: Detail) -> tuple[bool, float]:
        at = schema.moment(profile.get("lastUpdateDate"))
        return list_id is not None and _is_in(profile, list_id), at.timestamp() if at else 0.0

    return sorted(profiles, key=rank, reverse=True)


def _is_in(detail: Detail, list_id: int) -> bool:
    return any(isinstance(each, dict) and str(each.get("id")) == str(list_id) for each in detail.get("lists") or [])


def _after(client: Client, answer: Detail) -> Detail:
    """What Snov.io stored. The write is done: when the read fails, what we sent stands until the next reading pass."""
    try:
        return client.by_id(str(answer["id"])) or {}
    except ConnectorError:
        return {}
