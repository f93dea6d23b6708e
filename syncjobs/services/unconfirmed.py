"""A create without an answer that nothing identifies: only a person can tell what became of it, and this is what they can say."""

from typing import Any

from django.db import transaction

from integrations.records import Side
from portal.accounts import audit
from syncjobs.models import RecordLink, RecordStatus, WriteIntent
from syncjobs.services import syncs

CODE = "CREATE_UNCONFIRMED"


class NotWaiting(Exception):
    """The record does not wait for this answer any more: somebody gave it, or a run found out."""


class TakenByAnother(Exception):
    """The record that was named is the counterpart of another one."""

    def __init__(self, link: RecordLink) -> None:
        super().__init__(link.pk)
        self.link = link


def open_intent(link: RecordLink) -> WriteIntent | None:
    """The create that waits for a person's word, or None."""
    if link.status != RecordStatus.REVIEW or link.code != CODE:
        return None
    return link.intents.filter(state=WriteIntent.State.SENT, side=link.side).order_by("-generation").first()


def holder(link: RecordLink, side: Side, remote_id: str) -> RecordLink | None:
    """The pair that this record of ``side`` belongs to, where it is another one's than ``link``'s."""
    pairs = RecordLink.objects.filter(sync=link.sync_id, **{f"{side}_id": remote_id, f"{side.other}_id__isnull": False})
    return pairs.exclude(pk=link.pk).first()


@transaction.atomic
def link_to(*, link: RecordLink, remote_id: str, by: Any) -> None:
    """*It is there*: this record is what the create made. The next run reads it, links it and merges the two."""
    intent = _locked(link)
    if other := holder(link, Side(intent.side), remote_id):
        raise TakenByAnother(other)
    intent.found_id = remote_id
    intent.save(update_fields=["found_id"])
    _go_on(link, by, found=remote_id)


@transaction.atomic
def create_again(*, link: RecordLink, by: Any) -> None:
    """*It is not there*: the create never arrived, and the next run sends a new one."""
    intent = _locked(link)
    intent.state = WriteIntent.State.DEAD
    intent.save(update_fields=["state"])
    _go_on(link, by, found="")


def _locked(link: RecordLink) -> WriteIntent:
    """The open intent; of two people who answer at once the second is told."""
    link = RecordLink.objects.select_for_update().get(pk=link.pk)
    intent = open_intent(link)
    if intent is None:
        raise NotWaiting
    return intent


def _go_on(link: RecordLink, by: Any, *, found: str) -> None:
    audit.record(account=link.sync.account, user=by, verb="create.confirmed", target=link.label, found=found)
    syncs.resync(sync=link.sync, by=by, status=RecordStatus.REVIEW, link_ids=[link.pk])
