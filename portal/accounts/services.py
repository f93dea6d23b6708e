"""Verbs of tenants: found an account, invite, join, change roles, leave. Each writes its line of the audit trail."""

from smtplib import SMTPException
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from portal.accounts import audit
from portal.accounts.models import Account, Invitation, Membership, Role


class Refused(Exception):
    """What was asked cannot be done; the message says why and what to do, in the reader's language."""


@transaction.atomic
def found(*, user: Any, name: str, time_zone: str = "UTC") -> Account:
    """A new account, its founder the first super admin."""
    account = Account.objects.create(name=name, time_zone=time_zone)
    Membership.objects.create(user=user, account=account, role=Role.SUPER_ADMIN)
    audit.record(account=account, user=user, verb="account.founded", target=name)
    return account


@transaction.atomic
def change_settings(*, account: Account, by: Any, name: str, time_zone: str) -> None:
    before = {"name": account.name, "time_zone": account.time_zone}
    account.name, account.time_zone = name, time_zone
    account.save(update_fields=["name", "time_zone"])
    audit.record(account=account, user=by, verb="account.changed", target=name, before=before)


# -- members ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: Any) -> None:
    """Raises Refused rather than leave the account without a super admin."""
    _keep_a_super_admin(membership, unless_role=role)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    audit.record(
        account=membership.account,
        user=by,
        verb="member.role_changed",
        target=membership.user.email,
        before=before,
        after=role,
    )


@transaction.atomic
def remove_member(*, membership: Membership, by: Any) -> None:
    """End a membership (one's own too); what the person made stays. Raises Refused for the last super admin."""
    _keep_a_super_admin(membership)
    audit.record(account=membership.account, user=by, verb="member.removed", target=membership.user.email)
    membership.delete()


def _keep_a_super_admin(membership: Membership, unless_role: str = "") -> None:
    # Locked, so that two super admins who demote each other at the same moment don't both succeed.
    Account.objects.select_for_update().get(pk=membership.account_id)
    if membership.role != Role.SUPER_ADMIN or unless_role == Role.SUPER_ADMIN:
        return
    others = Membership.objects.filter(account=membership.account_id, role=Role.SUPER_ADMIN).exclude(pk=membership.pk)
    if not others.exists():
        raise Refused(_("An account needs at least one super admin. Make somebody else super admin first."))


# -- invitations ------------------------------------------------------------------------------------------------------


def invite(*, account: Account, by: Any, email: str, role: str) -> Invitation:
    """Send an invitation by mail; a second one to the same address replaces the first. Raises Refused."""
    if account.members.filter(email__iexact=email).exists():
        raise Refused(_("%(email)s is already a member.") % {"email": email})
    with transaction.atomic():
        account.invitations.filter(email__iexact=email, accepted_at=None).delete()
        invitation = Invitation.objects.create(account=account, email=email.lower(), role=role, invited_by=by)
        audit.record(account=account, user=by, verb="member.invited", target=email, role=role)
        try:
            _send(invitation)
        except (OSError, SMTPException) as error:
            # Raised inside the transaction: an invitation that nobody received is not kept.
            raise Refused(
                _("The mail to %(email)s could not be sent, so nobody was invited. Try again later.") % {"email": email}
            ) from error
    return invitation


def _send(invitation: Invitation) -> None:
    context = {
        "invitation": invitation,
        "url": settings.BASE_ADDRESS + reverse("accounts:invitation", args=[invitation.token]),
    }
    subject = " ".join(render_to_string("accounts/email/invitation_subject.txt", context).split())
    EmailMessage(subject, render_to_string("accounts/email/invitation.txt", context), to=[invitation.email]).send()


@transaction.atomic
def revoke(*, invitation: Invitation, by: Any) -> None:
    audit.record(account=invitation.account, user=by, verb="member.invitation_revoked", target=invitation.email)
    invitation.delete()


def refusal(invitation: Invitation, user: Any) -> str:
    """Why ``user`` cannot accept, or ""."""
    if invitation.accepted_at:
        return _("This invitation has been used.")
    if not invitation.is_open:
        return _("This invitation has expired. Ask for a new one.")
    if user.is_authenticated and not has_address(user, invitation.email):
        return _(
            "This invitation is for %(email)s, and you are signed in as %(yours)s. Sign out and come back with the "
            "invited address, or add and verify it in your profile."
        ) % {"email": invitation.email, "yours": user.email}
    return ""


def has_address(user: Any, email: str) -> bool:
    """Whether the user has shown that this address is theirs."""
    return EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists()


def open_invitations(user: Any) -> QuerySet[Invitation]:
    """Invitations that wait for one of the user's verified addresses."""
    addresses = [
        address.lower()
        for address in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]
    return Invitation.objects.filter(email__in=addresses, accepted_at=None, expires_at__gt=now()).select_related(
        "account"
    )


@transaction.atomic
def accept(*, invitation: Invitation, user: Any) -> Membership:
    """Join the account. Raises Refused where the invitation is used, expired or for somebody else."""
    invitation = Invitation.objects.select_for_update().select_related("account").get(pk=invitation.pk)
    if reason := refusal(invitation, user):
        raise Refused(reason)
    membership, _created = Membership.objects.get_or_create(
        user=user, account=invitation.account, defaults={"role": invitation.role}
    )
    invitation.accepted_at = now()
    invitation.save(update_fields=["accepted_at"])
    audit.record(account=invitation.account, user=user, verb="member.joined", target=user.email, role=membership.role)
    return membership
