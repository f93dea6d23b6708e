"""From nothing to an account with people in it, and what each of them may do."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from portal.accounts import services
from portal.accounts.models import Account, AuditEvent, Invitation, Membership, Role
from tests.conftest import PASSWORD, person, signed_in

MEMBERS, NEW = reverse("accounts:members"), reverse("accounts:new")


@pytest.fixture(autouse=True)
def _no_rate_limits_left_over(db: None) -> None:
    from django.core.cache import cache

    cache.clear()


def sign_up(client: Client, email: str) -> None:
    """All the way through the mail, as a person does it."""
    answer = client.post(
        reverse("account_signup"), {"email": email, "password1": "a-long-password-9", "password2": "a-long-password-9"}
    )
    assert answer.status_code == 302, answer.content.decode()
    link = re.search(r"http://\S+/accounts/confirm-email/\S+", mail.outbox[-1].body)
    assert link, mail.outbox[-1].body
    client.post(link[0])
    client.post(reverse("account_login"), {"login": email, "password": "a-long-password-9"})


def invited(account: Account, by: User, email: str, role: str = Role.VIEWER) -> Invitation:
    return services.invite(account=account, by=by, email=email, role=role)


# -- founding ---------------------------------------------------------------------------------------------------------


def test_a_new_user_verifies_the_address_then_founds_an_account(client: Client) -> None:
    sign_up(client, "ingrid@example.com")
    assert client.get(MEMBERS).headers["Location"] == NEW
    client.post(NEW, {"name": "Brightwater", "time_zone": "Europe/Oslo"})
    account = Account.objects.get()
    assert (account.name, account.time_zone) == ("Brightwater", "Europe/Oslo")
    assert account.memberships.get().role == Role.SUPER_ADMIN
    assert client.get(MEMBERS).status_code == 200


def test_nobody_signs_in_before_the_address_is_verified(client: Client) -> None:
    form = {"email": "a@example.com", "password1": "a-long-password-9", "password2": "a-long-password-9"}
    client.post(reverse("account_signup"), form)
    client.post(reverse("account_login"), {"login": "a@example.com", "password": "a-long-password-9"})
    assert client.get(MEMBERS).headers["Location"].startswith(reverse("account_login"))


def test_an_account_needs_a_name(admin: User) -> None:
    answer = signed_in(admin).post(NEW, {"name": " ", "time_zone": "UTC"})
    assert answer.status_code == 422
    assert Account.objects.count() == 1


def test_a_forgotten_password_is_set_anew_by_mail(admin: User, client: Client) -> None:
    client.post(reverse("account_reset_password"), {"email": admin.email})
    link = re.search(r"http://\S+/accounts/password/reset/key/\S+", mail.outbox[-1].body)
    assert link
    form = client.get(link[0], follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "another-password-8", "password2": "another-password-8"})
    admin.refresh_from_db()
    assert admin.check_password("another-password-8")


def test_guessing_passwords_is_slowed_down(admin: User, client: Client) -> None:
    for _try in range(5):
        client.post(reverse("account_login"), {"login": admin.email, "password": "wrong"})
    client.post(reverse("account_login"), {"login": admin.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


# -- invitations ------------------------------------------------------------------------------------------------------


def test_an_invitation_arrives_over_real_smtp(as_admin: Client, smtp: Any) -> None:
    as_admin.post(reverse("accounts:invite"), {"email": "New@Example.com", "role": Role.VIEWER})
    [message] = smtp.received
    invitation = Invitation.objects.get()
    assert message["To"] == invitation.email == "new@example.com"
    assert reverse("accounts:invitation", args=[invitation.token]) in message.get_payload(decode=True).decode()


def test_an_invitation_that_cannot_be_mailed_is_not_kept(as_admin: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    answer = as_admin.post(reverse("accounts:invite"), {"email": "new@example.com", "role": Role.VIEWER})
    assert answer.status_code == 422
    assert "could not be sent" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_a_new_user_joins_with_the_invited_address(account: Account, admin: User, client: Client) -> None:
    invitation = invited(account, admin, "new@example.com", Role.INTEGRATIONS_MANAGER)
    page = reverse("accounts:invitation", args=[invitation.token])
    assert "Sign up" in client.get(page).content.decode()
    sign_up(client, "new@example.com")
    assert account.name in client.get(NEW).content.decode()  # found again without the mail
    assert client.post(page).headers["Location"] == reverse("home")
    membership = Membership.objects.get(user__email="new@example.com")
    assert (membership.account, membership.role) == (account, Role.INTEGRATIONS_MANAGER)
    assert AuditEvent.objects.filter(account=account, verb="member.joined").exists()


def test_a_member_elsewhere_joins_and_works_in_the_new_account(account: Account, admin: User, stranger: User) -> None:
    invitation = invited(account, admin, stranger.email)
    client = signed_in(stranger)
    client.post(reverse("accounts:invitation", args=[invitation.token]))
    assert client.session["account_id"] == account.pk


def test_an_invitation_is_for_one_verified_address(account: Account, admin: User, stranger: User) -> None:
    invitation = invited(account, admin, "somebody@example.com")
    client = signed_in(stranger)
    answer = client.post(reverse("accounts:invitation", args=[invitation.token]))
    assert answer.status_code == 409
    assert "somebody@example.com" in answer.content.decode()
    stranger.emailaddress_set.create(email="somebody@example.com", verified=False)  # type: ignore[attr-defined]
    client.post(reverse("accounts:invitation", args=[invitation.token]))
    assert not account.memberships.filter(user=stranger).exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"accepted_at": now()}, "has been used"), ({"expires_at": now() - timedelta(days=1)}, "has expired")],
)
def test_a_used_or_expired_invitation_says_so(
    account: Account, admin: User, stranger: User, change: dict, words: str
) -> None:
    invitation = invited(account, admin, stranger.email)
    Invitation.objects.update(**change)
    answer = signed_in(stranger).post(reverse("accounts:invitation", args=[invitation.token]))
    assert (answer.status_code, words in answer.content.decode()) == (409, True)
    assert not account.memberships.filter(user=stranger).exists()


def test_a_revoked_invitation_is_gone(as_admin: Client, account: Account, admin: User, stranger: User) -> None:
    invitation = invited(account, admin, stranger.email)
    as_admin.post(reverse("accounts:revoke", args=[invitation.pk]))
    assert signed_in(stranger).get(reverse("accounts:invitation", args=[invitation.token])).status_code == 404


def test_a_second_invitation_replaces_the_first(account: Account, admin: User) -> None:
    first, second = (invited(account, admin, "new@example.com") for _time in range(2))
    assert list(Invitation.objects.all()) == [second]
    assert first.token != second.token


def test_a_member_is_not_invited_again(as_admin: Client, viewer: User) -> None:
    answer = as_admin.post(reverse("accounts:invite"), {"email": viewer.email.upper(), "role": Role.VIEWER})
    assert "already a member" in answer.content.decode()


# -- roles ------------------------------------------------------------------------------------------------------------


def test_a_super_admin_changes_a_role_and_the_trail_says_so(as_admin: Client, viewer: User) -> None:
    membership = viewer.memberships.get()  # type: ignore[attr-defined]
    as_admin.post(reverse("accounts:change_role", args=[membership.pk]), {"role": Role.INTEGRATIONS_MANAGER})
    membership.refresh_from_db()
    assert membership.role == Role.INTEGRATIONS_MANAGER
    assert "Viewer → Integrations manager" in as_admin.get(reverse("accounts:audit")).content.decode()


@pytest.mark.parametrize("action", ["change_role", "remove_member"])
def test_the_last_super_admin_stays(as_admin: Client, admin: User, action: str) -> None:
    membership = admin.memberships.get()  # type: ignore[attr-defined]
    answer = as_admin.post(reverse(f"accounts:{action}", args=[membership.pk]), {"role": Role.VIEWER}, follow=True)
    assert "at least one super admin" in answer.content.decode()
    membership.refresh_from_db()
    assert membership.role == Role.SUPER_ADMIN


def test_a_super_admin_may_leave_when_another_one_stays(account: Account, admin: User) -> None:
    person(account, "eve", Role.SUPER_ADMIN)
    services.remove_member(membership=admin.memberships.get(), by=admin)  # type: ignore[attr-defined]
    assert not admin.memberships.exists()  # type: ignore[attr-defined]


def test_a_removed_member_is_out_at_once(as_admin: Client, viewer: User, as_viewer: Client) -> None:
    as_admin.post(reverse("accounts:remove_member", args=[viewer.memberships.get().pk]))  # type: ignore[attr-defined]
    assert as_viewer.get(MEMBERS).headers["Location"] == NEW


@pytest.mark.parametrize("role", [Role.VIEWER, Role.INTEGRATIONS_MANAGER])
def test_members_are_the_super_admins_business(account: Account, role: str) -> None:
    client = signed_in(person(account, "pat", Role(role)))
    answer = client.get(MEMBERS)
    assert answer.status_code == 403
    assert "Ask a super admin" in answer.content.decode()
    assert MEMBERS not in client.get(reverse("accounts:new")).content.decode()


# -- several accounts ---------------------------------------------------------------------------------------------------


def test_the_switcher_changes_the_account_and_only_to_own_ones(
    admin: User, other_account: Account, stranger: User
) -> None:
    mine = services.found(user=admin, name="Second")
    client = signed_in(admin)
    client.post(reverse("accounts:switch"), {"account": mine.pk})
    assert "Second" in client.get(MEMBERS).content.decode()
    assert client.post(reverse("accounts:switch"), {"account": other_account.pk}).status_code == 404
    assert client.post(reverse("accounts:switch"), {"account": "x"}).status_code == 404
    assert client.session["account_id"] == mine.pk


def test_settings_change_name_and_zone(as_admin: Client, account: Account) -> None:
    as_admin.post(reverse("accounts:settings"), {"name": "Acme Ltd", "time_zone": "Asia/Tokyo"})
    account.refresh_from_db()
    assert (account.name, account.time_zone) == ("Acme Ltd", "Asia/Tokyo")
    assert as_admin.post(reverse("accounts:settings"), {"name": "A", "time_zone": "Mars/Base"}).status_code == 422


def test_the_audit_trail_is_paged_by_key(as_admin: Client, account: Account) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(account=account, verb="sync.paused", target=f"number {i}.") for i in range(60)
    )
    first = as_admin.get(reverse("accounts:audit"))
    assert "number 59." in first.content.decode()
    assert "number 9." not in first.content.decode()
    second = as_admin.get(reverse("accounts:audit") + first.context["older"])
    assert "number 9." in second.content.decode()
    assert second.context["older"] == ""
