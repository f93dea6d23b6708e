"""Pages of the tenant: found or join an account, its members, its audit trail, its settings."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import admin_required
from portal.accounts import services
from portal.accounts.audit import roles, words
from portal.accounts.forms import AccountForm, InvitationForm, RoleForm, zones
from portal.accounts.models import Invitation, Membership
from portal.middleware import SESSION_KEY

AUDIT_PAGE = 50


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Where a user without an account lands, and where others found a further one."""
    zone = request.COOKIES.get("tz")
    form = AccountForm(request.POST or None, initial={"time_zone": zone if zone in dict(zones()) else "UTC"})
    if request.method == "POST" and form.is_valid():
        account = services.found(user=request.user, **form.cleaned_data)
        request.session[SESSION_KEY] = account.pk
        return redirect("home")
    context = {"form": form, "invitations": services.open_invitations(request.user)}
    return render(request, "accounts/new.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Work in another account from now on; 404 for one that the user is not a member of."""
    wanted = request.POST.get("account", "")
    membership = get_object_or_404(request.user.memberships, account=wanted if wanted.isdecimal() else 0)  # type: ignore[union-attr]
    request.session[SESSION_KEY] = membership.account_id
    return redirect("home")


# -- members and invitations ------------------------------------------------------------------------------------------


def _members_page(request: HttpRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    account: Any = request.account  # type: ignore[attr-defined]
    context = {
        "members": account.memberships.select_related("user").order_by("user__email"),
        "invitations": account.invitations.filter(accepted_at=None).select_related("invited_by").order_by("email"),
        "form": form,
        "roles": RoleForm.base_fields["role"].choices,  # type: ignore[attr-defined]
    }
    return render(request, "accounts/members.html", context, status=status)


@admin_required
def members(request: HttpRequest) -> HttpResponse:
    return _members_page(request, InvitationForm())


@admin_required
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            invitation = services.invite(account=request.account, by=request.user, **form.cleaned_data)  # type: ignore[attr-defined]
        except services.Refused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": invitation.email})
            return redirect("accounts:members")
    return _members_page(request, form, status=422)


@admin_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(request.account.invitations, pk=pk, accepted_at=None)  # type: ignore[attr-defined]
    services.revoke(invitation=invitation, by=request.user)
    messages.success(request, _("The invitation of %(email)s no longer works.") % {"email": invitation.email})
    return redirect("accounts:members")


def _membership_or_404(request: HttpRequest, pk: int) -> Membership:
    return get_object_or_404(request.account.memberships.select_related("user", "account"), pk=pk)  # type: ignore[attr-defined]


@admin_required
@require_POST
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    membership = _membership_or_404(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles."))
        return redirect("accounts:members")
    try:
        services.change_role(membership=membership, role=form.cleaned_data["role"], by=request.user)
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        said = {"email": membership.user.email, "role": membership.get_role_display()}
        messages.success(request, _("%(email)s is now %(role)s.") % said)
    return redirect("accounts:members" if membership.user != request.user else "home")


@admin_required
@require_POST
def remove_member(request: HttpRequest, pk: int) -> HttpResponse:
    membership = _membership_or_404(request, pk)
    try:
        services.remove_member(membership=membership, by=request.user)
    except services.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(email)s is no longer a member.") % {"email": membership.user.email})
    return redirect("accounts:members" if membership.user != request.user else "home")


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page that the mail links to, for anybody who has the link: signed in, signed out, or new here."""
    found = get_object_or_404(Invitation.objects.select_related("account", "invited_by"), token=token)
    reason = services.refusal(found, request.user)
    if request.method == "POST" and request.user.is_authenticated and not reason:
        try:
            membership = services.accept(invitation=found, user=request.user)
        except services.Refused as refused:
            reason = str(refused)
        else:
            request.session[SESSION_KEY] = membership.account_id
            messages.success(request, _("You are now a member of %(name)s.") % {"name": found.account.name})
            return redirect("home")
    context = {"invitation": found, "reason": reason}
    return render(request, "accounts/invitation.html", context, status=409 if reason else 200)


# -- the account itself -----------------------------------------------------------------------------------------------


@admin_required
def settings(request: HttpRequest) -> HttpResponse:
    account: Any = request.account  # type: ignore[attr-defined]
    form = AccountForm(request.POST or None, initial={"name": account.name, "time_zone": account.time_zone})
    if request.method == "POST" and form.is_valid():
        services.change_settings(account=account, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:settings")
    return render(request, "accounts/settings.html", {"form": form}, status=422 if form.errors else 200)


@admin_required
def audit(request: HttpRequest) -> HttpResponse:
    """The trail, newest first. Keyset paged: ``?before=<id>`` shows older ones, at the same cost on any page."""
    before = request.GET.get("before", "")
    events = request.account.audit_events.select_related("user").order_by("-id")  # type: ignore[attr-defined]
    if before.isdecimal():
        events = events.filter(id__lt=int(before))
    page = list(events[: AUDIT_PAGE + 1])
    more, page = len(page) > AUDIT_PAGE, page[:AUDIT_PAGE]
    for event in page:
        event.words, event.roles = words(event.verb), roles(event)
    context = {
        "events": page,
        "older": f"?before={page[-1].pk}" if more else "",
        "newest": request.path if before else "",
    }
    return render(request, "accounts/audit.html", context)
