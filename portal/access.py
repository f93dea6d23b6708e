"""Tenants are walls: every view gets its account here, and objects only through it.

``request.account`` and ``request.membership`` are set by ``portal.middleware.CurrentAccount`` (None when signed out or
without an account). A stranger's object does not exist: 404, never 403. A member who lacks the role gets 403.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

View = Callable[..., HttpResponseBase]


def member_required(view: View) -> View:
    """Any role. Signed-out visitors go to sign-in; users without an account go to found or join one."""

    @login_required
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.account is None:  # type: ignore[attr-defined]
            return redirect("accounts:new")
        return view(request, *args, **kwargs)

    return inner


def manager_required(view: View) -> View:
    """Roles that may connect apps and change syncs."""

    @member_required
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership.may_manage_integrations:  # type: ignore[attr-defined]
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return inner


def admin_required(view: View) -> View:
    """Super admins only: members, invitations, the account itself."""

    @member_required
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.membership.may_manage_members:  # type: ignore[attr-defined]
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return inner
