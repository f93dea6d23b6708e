"""Connecting an app, keeping it connected, letting it go.

Nothing is saved before the app has accepted the credentials and said which of its accounts they open. Every refusal is a
``ConnectRefused`` with what happened and what to do next. Calls to the app are never made inside a transaction.
"""

import logging
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from integrations import addresses, errors
from integrations.connectors.base import Connector
from integrations.models import AppInstance, Credential, InstanceState, OAuthAttempt
from integrations.oauth import ClientRefused
from integrations.records import CheckResult, RemoteAccount
from integrations.registry import App, WayIn
from integrations.services import credentials
from integrations.services.credentials import Grant
from integrations.signals import instance_state_changed
from portal.accounts import audit
from portal.accounts.models import Account

logger = logging.getLogger(__name__)

CONSENT_LIFE = timedelta(minutes=15)


class ConnectRefused(Exception):
    """Words for the person who is connecting. ``existing``: the instance that has this remote account already."""

    def __init__(self, message: str, next_step: str = "", *, existing: AppInstance | None = None) -> None:
        super().__init__(message)
        self.message, self.next_step, self.existing = message, next_step, existing


def open_connector(instance: AppInstance) -> Connector:
    """A connector for this instance; makes no call yet."""
    return instance.app.connect(instance)


# -- connecting by consent -----------------------------------------------------------------------------------------------
def start_oauth(
    *,
    account: Account,
    user: Any,
    app: App,
    label: str,
    as_hub: bool = False,
    instance: AppInstance | None = None,
    way_in: str = "",
    values: dict[str, str] | None = None,
    next_url: str = "",
) -> str:
    """The address of the app's consent page for this person. ``instance``: reconnect that one. ``values``: what the way in asks for
    before the consent (the address of the customer's organisation). ``next_url``: where the person goes afterwards (the caller has
    checked that it is ours)."""
    if not all(app.oauth.client()):
        raise ConnectRefused(
            _("%(app)s cannot be connected: this install has no client id and secret for it.") % {"app": app.name},
            _("Ask the operator of this install to set them (see the README)."),
        )
    way = app.way_in(way_in) if way_in else next(way for way in app.ways_in if way.kind == "oauth")
    base_url, _nothing = _typed(way, values or {})
    OAuthAttempt.objects.filter(created_at__lt=now() - CONSENT_LIFE).delete()
    with transaction.atomic():
        attempt = OAuthAttempt.objects.create(
            account=account,
            user=user,
            app_key=app.key,
            instance=instance,
            state=secrets.token_urlsafe(32),
            secrets={"code_verifier": secrets.token_urlsafe(64)},
            label=label[:120],
            as_hub=as_hub,
            way_in=way.key,
            base_url=base_url,
            next_url=next_url,
        )
        try:
            return app.oauth.consent_url(
                redirect_uri=_redirect_uri(),
                state=attempt.state,
                code_verifier=attempt.secrets["code_verifier"],
                address=base_url,
            )
        except errors.AddressRefused as error:  # an app whose sign-in is at known addresses only
            raise ConnectRefused(error.message) from error


def attempt_of(*, account: Account, user: Any, state: str) -> OAuthAttempt | None:
    """The consent that this person started for this account and has not finished, for the page's "try again" and next address."""
    return OAuthAttempt.objects.filter(
        account=account, user=user, state=state or "-", created_at__gte=now() - CONSENT_LIFE
    ).first()


def finish_oauth(*, account: Account, user: Any, query: dict[str, str]) -> AppInstance:
    """What the callback's query means: a connected instance, or ConnectRefused. Each state works once."""
    attempt = attempt_of(account=account, user=user, state=query.get("state", ""))
    if attempt is None or not OAuthAttempt.objects.filter(pk=attempt.pk).delete()[0]:
        raise ConnectRefused(
            _("This sign-in was not started here, is finished already, or took longer than 15 minutes."),
            _("Start again from the app directory."),
        )
    app = _app(attempt.app_key)
    if query.get("error") or not query.get("code"):
        raise _refused_consent(app, query)
    try:
        grant = app.oauth.exchange(
            query["code"],
            redirect_uri=_redirect_uri(),
            code_verifier=attempt.secrets["code_verifier"],
            address=attempt.base_url,
        )
    except errors.ConnectorError as error:
        raise _not_connected(app, error) from error
    # An address that came with the token is the app's word, but goes through the same checks as a typed one.
    base_url = _address(grant.base_url) if grant.base_url else attempt.base_url
    return _connect(
        account, user, app, attempt.way_in, grant, attempt.label, attempt.as_hub, attempt.instance, base_url=base_url
    )


# -- connecting by keys --------------------------------------------------------------------------------------------------
def connect_with_keys(
    *,
    account: Account,
    user: Any,
    app: App,
    way_in: str,
    values: dict[str, str],
    label: str,
    as_hub: bool = False,
    instance: AppInstance | None = None,
) -> AppInstance:
    """``values``: the form's inputs by KeyField name; one called ``base_url`` is the app's address, checked and not a secret."""
    base_url, given = _typed(app.way_in(way_in), values)
    return _connect(account, user, app, way_in, Grant(given, None), label, as_hub, instance, base_url=base_url)


def _typed(way: WayIn, values: dict[str, str]) -> tuple[str, dict[str, str]]:
    """(the app's address, all other inputs of the form); ConnectRefused where something is missing or the address is not public."""
    fields = {field.name: field for field in way.fields}
    given = {name: str(values.get(name) or "").strip() for name in fields}
    missing = [str(field.label) for name, field in fields.items() if field.required and not given[name]]
    if missing:
        raise ConnectRefused(_("Please fill in: %(fields)s.") % {"fields": ", ".join(missing)})
    base_url = given.pop("base_url", "")
    return (_address(base_url) if base_url else ""), given


def _address(base_url: str) -> str:
    try:
        return addresses.check(base_url)
    except errors.AddressRefused as error:
        raise ConnectRefused(error.message) from error


def _connect(
    account: Account,
    user: Any,
    app: App,
    way_in: str,
    grant: Grant,
    label: str,
    as_hub: bool,
    instance: AppInstance | None,
    base_url: str = "",
) -> AppInstance:
    """Try the credentials on an unsaved instance; save only what the app has accepted."""
    scopes = list(grant.secrets.get("scopes") or ())
    trial = AppInstance(
        account=account, app_key=app.key, way_in=way_in, base_url=base_url, scopes=scopes, connected_by=user
    )
    tried = credentials.draft(trial, grant.secrets, grant.expires_in)
    try:
        remote = app.connect(trial).identify()
    except errors.ConnectorError as error:
        raise _not_connected(app, error, way_in) from error
    trial.remote_account_id, trial.remote_account_name = remote.id, remote.name[:200]
    if instance is None:
        instance = _add(trial, label, as_hub, tried)
        verb = "app.connected"
    else:
        _replace(instance, trial, remote, tried, as_hub)
        verb = "app.reconnected"
    audit.record(account=account, user=user, verb=verb, target=str(instance), remote_account=remote.id)
    if verb == "app.reconnected":
        _set_state(instance, InstanceState.CONNECTED, revive=True)
    return instance


def _add(trial: AppInstance, label: str, as_hub: bool, tried: Credential) -> AppInstance:
    account, app = trial.account, trial.app
    _refuse_twice(account, trial)
    first_hub = app.can_be_hub and not _has_hub(account)
    trial.label = (label.strip() or trial.remote_account_name or app.name)[:120]
    trial.is_hub = app.can_be_hub and (as_hub or app.only_hub or first_hub)
    if trial.is_hub and not first_hub:
        raise ConnectRefused(
            _("This account has a hub already."),
            _("Connect the app without making it the hub, or disconnect the hub first."),
        )
    try:
        with transaction.atomic():
            trial.save()
            credentials.adopt(trial, tried)
    except IntegrityError:  # somebody else connected the same remote account, or a hub, in this second
        _refuse_twice(account, trial)
        raise ConnectRefused(_("Somebody else has just connected a hub."), _("Look at your integrations.")) from None
    return trial


def _has_hub(account: Account) -> bool:
    return AppInstance.objects.for_account(account).live().filter(is_hub=True).exists()


def _refuse_twice(account: Account, trial: AppInstance, besides: AppInstance | None = None) -> None:
    same = AppInstance.objects.for_account(account).live().filter(app_key=trial.app_key)
    same = same.filter(remote_account_id=trial.remote_account_id).exclude(remote_account_id="")
    existing = (same.exclude(pk=besides.pk) if besides else same).first()
    if existing is not None:
        raise ConnectRefused(
            _("This %(app)s account is connected already, as “%(label)s”.")
            % {"app": trial.app.name, "label": existing.label},
            _("Reconnect that one instead, or sign in to another account of the app."),
            existing=existing,
        )


def _replace(instance: AppInstance, trial: AppInstance, remote: RemoteAccount, tried: Credential, as_hub: bool) -> None:
    """New credentials for an instance that has links: they must open the account that the links belong to.

    ``as_hub``: a hub that was disconnected takes its place again, where nothing else did. Old pre-flight results go: they say
    nothing about the new credentials.
    """
    if instance.remote_account_id and instance.remote_account_id != remote.id:
        raise ConnectRefused(
            _("You signed in to %(new)s, but this connection belongs to %(old)s.")
            % {"new": remote.name or remote.id, "old": instance.remote_account_name or instance.remote_account_id},
            _("Sign in to the first account again, or connect the other one as a new app instance."),
        )
    _refuse_twice(instance.account, trial, besides=instance)
    taken = {
        name: getattr(trial, name)
        for name in (
            "way_in", "base_url", "scopes", "remote_account_id", "remote_account_name", "connected_by", "connected_at"
        )
    }  # fmt: skip
    taken |= {"checks": [], "checked_at": None}
    if as_hub and not _has_hub(instance.account):
        taken["is_hub"] = True
    with transaction.atomic():
        for name, value in taken.items():
            setattr(instance, name, value)
        instance.save(update_fields=list(taken))
        credentials.adopt(instance, tried)


# -- afterwards ------------------------------------------------------------------------------------------------------------
def run_checks(instance: AppInstance) -> Iterator[CheckResult]:
    """The live checks, one by one as they finish, each saved at once so that a page can follow. Never raises for the app's sake.

    An instance that was broken and now passes works again.
    """
    instance.checks = []
    instance.save(update_fields=["checks"])
    for result in open_connector(instance).preflight([kind.key for kind in instance.app.kinds]):
        line = {"name": result.name, "state": result.state, "detail": result.detail, "fix": result.fix}
        instance.checks = [*instance.checks, {key: str(value) for key, value in line.items()}]
        instance.save(update_fields=["checks"])
        yield result
    instance.checked_at = now()
    instance.save(update_fields=["checked_at"])
    if instance.checks and all(line["state"] != "failed" for line in instance.checks):
        mark_working(instance)


def rename(*, instance: AppInstance, label: str, by: Any) -> None:
    before, instance.label = instance.label, label.strip()[:120] or instance.label
    if instance.label != before:
        instance.save(update_fields=["label"])
        audit.record(account=instance.account, user=by, verb="app.renamed", target=str(instance), before=before)


def disconnect(*, instance: AppInstance, by: Any) -> None:
    """Forget the credentials for good. Links and history stay. The app is told where it can be; that it may fail is no obstacle."""
    target = str(instance)
    try:
        stored = credentials.secrets(instance)
        if instance.app.oauth and instance.app.way_in(instance.way_in).kind == "oauth":
            instance.app.oauth.revoke(stored, instance.base_url)
    except errors.ConnectorError as error:
        logger.info("instance %s: the app was not told of the disconnect (%s)", instance.pk, error.code)
    with transaction.atomic():
        Credential.objects.filter(instance=instance).delete()
        instance.is_hub = False
        instance.save(update_fields=["is_hub"])
        audit.record(account=instance.account, user=by, verb="app.disconnected", target=target)
    _set_state(instance, InstanceState.DISCONNECTED)


def mark_broken(instance: AppInstance, error: errors.ConnectorError) -> None:
    """The app refuses this instance: note why and tell the syncs. An expired or refused authorisation needs the customer."""
    needs_person = isinstance(error, errors.AuthExpired | errors.ScopeMissing | errors.AccountChanged)
    state = InstanceState.NEEDS_REAUTH if needs_person else InstanceState.SUSPENDED
    _set_state(instance, state, error.code, error.message)


def mark_working(instance: AppInstance) -> None:
    """The app answers again. A disconnected instance stays so: only connecting brings it back."""
    if instance.state != InstanceState.DISCONNECTED:
        _set_state(instance, InstanceState.CONNECTED)


def _set_state(
    instance: AppInstance, state: InstanceState, code: str = "", detail: str = "", *, revive: bool = False
) -> None:
    """One worker wins: the signal goes out once per change, however many slices meet the same error."""
    new = {"state": state, "state_code": code, "state_detail": detail[:2000], "state_since": now()}
    rows = AppInstance.objects.filter(pk=instance.pk).exclude(state=state, state_code=code)
    if not revive:
        rows = rows.live()
    if rows.update(**new):
        for name, value in new.items():
            setattr(instance, name, value)
        instance_state_changed.send(sender=AppInstance, instance=instance)


# -- words -------------------------------------------------------------------------------------------------------------------
def _refused_consent(app: App, query: dict[str, str]) -> ConnectRefused:
    if query.get("error") == "access_denied":
        return ConnectRefused(
            _("The permission was not granted in %(app)s.") % {"app": app.name},
            _("Nothing was connected. Start again when you are ready, or ask an admin of the app to do it."),
        )
    return ConnectRefused(
        _("%(app)s did not let you in.") % {"app": app.name},
        _("Start again from the app directory; if it stays, ask an admin of the app."),
    )


def _not_connected(app: App, error: errors.ConnectorError, way_in: str = "") -> ConnectRefused:
    """Who can fix it, by class of error. ``way_in``: keys have no sign-in that could be done again."""
    name = {"app": app.name}
    if isinstance(error, ClientRefused):
        return ConnectRefused(
            _("%(app)s does not accept this install's client id or secret.") % name,
            _("Ask the operator of this install to check them in the settings, then connect again."),
        )
    if isinstance(error, errors.AuthExpired):
        typed = any(way.key == way_in and way.kind == "keys" for way in app.ways_in)
        return ConnectRefused(
            _("%(app)s does not accept these credentials.") % name,
            _("Check them for typing errors and try again.")
            if typed
            else _("Check them for typing errors, or sign in again."),
        )
    if isinstance(error, errors.ScopeMissing):
        return ConnectRefused(error.message, _("Give the listed permissions and connect again."))
    if isinstance(error, errors.AddressRefused):
        return ConnectRefused(error.message, _("Correct the address and try again."))
    if isinstance(error, errors.RateLimited):
        return ConnectRefused(_("%(app)s asks for fewer calls right now.") % name, _("Try again in a minute."))
    if isinstance(error, errors.Unavailable | errors.NoAnswer):
        return ConnectRefused(
            _("%(app)s cannot be reached right now.") % name, _("Nothing was connected. Try again in a few minutes.")
        )
    return ConnectRefused(error.message or _("%(app)s refused the connection.") % name, _("Try again."))


def _app(key: str) -> App:
    from integrations.registry import app

    return app(key)


def _redirect_uri() -> str:
    return settings.BASE_ADDRESS + reverse("integrations:oauth_callback")
