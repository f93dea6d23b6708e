"""One way to write the audit trail, and the words it is read in."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Account, AuditEvent, Role

WORDS = {
    "account.founded": _("Founded the account"),
    "account.changed": _("Changed the account's settings"),
    "account.trial_started": _("Started a trial of"),
    "member.invited": _("Invited"),
    "member.invitation_revoked": _("Revoked the invitation of"),
    "member.joined": _("Joined"),
    "member.role_changed": _("Changed the role of"),
    "member.removed": _("Removed"),
    "app.connected": _("Connected"),
    "app.reconnected": _("Reconnected"),
    "app.renamed": _("Renamed"),
    "app.disconnected": _("Disconnected"),
    "sync.saved": _("Saved"),
    "field.created": _("Made a field in"),
    "sync.draft_discarded": _("Discarded the draft of"),
    "sync.paused": _("Paused"),
    "sync.resumed": _("Resumed"),
    "sync.turned_off": _("Turned off"),
    "sync.deleted": _("Deleted"),
    "sync.resynced": _("Resynced records of"),
    "create.confirmed": _("Said what became of an unanswered create of"),
    "match.confirmed": _("Linked a weak match of"),
    "match.rejected": _("Kept a weak match apart of"),
    "run.undone": _("Undid a run of"),
    "conflict.resolved": _("Resolved a conflict of"),
    "records.exported": _("Exported records of"),
}


def record(*, account: Account, user: Any, verb: str, target: str = "", **detail: Any) -> AuditEvent:
    """Note that ``user`` (None: Syncline itself) did ``verb`` ("sync.paused") to ``target`` (its name now)."""
    return AuditEvent.objects.create(
        account=account, user=user if getattr(user, "pk", None) else None, verb=verb, target=target[:200], detail=detail
    )


def words(verb: str) -> str:
    """A verb as people read it; one without words of its own shows as it is written ("Sync: run now")."""
    if verb in WORDS:
        return str(WORDS[verb])
    noun, _dot, what = verb.partition(".")
    return f"{noun}: {what}".replace("_", " ").capitalize()


def roles(event: AuditEvent) -> str:
    """ "Viewer → Super admin" of an event that changed a role, or ""."""
    if event.verb != "member.role_changed":
        return ""
    return f"{Role(event.detail['before']).label} → {Role(event.detail['after']).label}"
