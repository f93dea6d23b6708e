"""The tenancy table: every address of the site, and who may use it.

A new URL fails ``test_every_address_is_classified`` until it has a line in ``TABLE``; the other tests then ask for it as a
signed-out visitor, as a stranger (super admin of another account), as a viewer, a manager and a super admin.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.timezone import now

from integrations import registry
from portal.accounts import services
from portal.accounts.models import Account, Invitation, Membership, Role
from syncjobs.models import Export, RecordLink, RunKind, Sync, SyncRun, SyncState
from tests.conftest import person
from tests.syncjobs.runner.world import World, make_world

MARK = "Quillfeather"  # in every name that the account owns: a stranger must never read it
OTHERS = ("admin", "allauth")  # tested by their makers; ours is only the look


@dataclass
class Tenant:
    """An account with one of everything that has an address."""

    world: World
    draft: Sync
    link: RecordLink
    export: Export
    invitation: Invitation
    member: Membership


# Roles from least to most; PUBLIC: no sign-in, USER: anybody signed in.
PUBLIC, USER, VIEWER, MANAGER, ADMIN = range(5)


@dataclass(frozen=True)
class Rule:
    """``least``: the least role that may. ``of``: the tenant's object in the address (its pk), ``args``: fixed parts."""

    least: int
    methods: str = "get"  # space separated; all that the address is for
    of: Callable[[Tenant], Any] | None = None
    args: tuple[str, ...] = ()
    data: Callable[[Tenant], dict[str, Any]] = lambda tenant: {}

    def path(self, name: str, tenant: Tenant) -> str:
        found = self.of(tenant) if self.of else ()
        return reverse(name, args=[*(found if isinstance(found, tuple) else (found,)), *self.args])


def sync(tenant: Tenant) -> int:
    return tenant.world.sync.pk


def draft(tenant: Tenant) -> int:
    return tenant.draft.pk


def instance(tenant: Tenant) -> int:
    return tenant.world.sync.app_instance_id  # type: ignore[return-value]


def link(tenant: Tenant) -> int:
    return tenant.link.pk


TABLE: dict[str, Rule] = {
    "home": Rule(PUBLIC),
    "theme": Rule(PUBLIC, "post"),
    # -- tenants
    "accounts:new": Rule(USER, "get post"),
    "accounts:switch": Rule(USER, "post", data=lambda t: {"account": t.world.sync.account_id}),
    "accounts:invitation": Rule(PUBLIC, "get post", of=lambda t: t.invitation.token),  # the token is the right to it
    "accounts:members": Rule(ADMIN),
    "accounts:change_role": Rule(ADMIN, "post", of=lambda t: t.member.pk, data=lambda t: {"role": Role.VIEWER}),
    "accounts:remove_member": Rule(ADMIN, "post", of=lambda t: t.member.pk),
    "accounts:invite": Rule(ADMIN, "post"),
    "accounts:revoke": Rule(ADMIN, "post", of=lambda t: t.invitation.pk),
    "accounts:audit": Rule(ADMIN),
    "accounts:settings": Rule(ADMIN, "get post"),
    # -- apps
    "integrations:directory": Rule(VIEWER),
    "integrations:connect": Rule(MANAGER, "get post", args=("memory_app",)),
    "integrations:oauth_callback": Rule(MANAGER),
    "integrations:checks": Rule(MANAGER, "get post", of=instance),
    "integrations:manage": Rule(MANAGER, of=instance),
    "integrations:reconnect": Rule(MANAGER, "get post", of=instance),
    "integrations:rename": Rule(MANAGER, "post", of=instance),
    "integrations:disconnect": Rule(MANAGER, "get post", of=instance),
    "integrations:webhook": Rule(PUBLIC, "post", args=("hubspot",)),  # signed by the vendor, not by a person
    # -- setting up
    "syncjobs:draft_new": Rule(MANAGER, "post"),
    "syncjobs:setup": Rule(MANAGER, "get post", of=draft, args=("direction",)),
    "syncjobs:setup_sample": Rule(MANAGER, of=draft),
    "syncjobs:setup_values": Rule(
        MANAGER,
        "get post",
        of=lambda t: (t.draft.pk, t.draft.mappings.get_or_create(app_field="tags", hub_field="tags")[0].pk),
    ),
    "syncjobs:setup_estimate": Rule(MANAGER, of=draft),
    "syncjobs:edit": Rule(MANAGER, "post", of=sync),
    "syncjobs:discard": Rule(MANAGER, "post", of=draft),
    # -- looking after
    "syncjobs:index": Rule(VIEWER),
    "syncjobs:instance": Rule(VIEWER, of=instance),
    "syncjobs:instance_runs": Rule(VIEWER, of=instance),
    "syncjobs:sync": Rule(VIEWER, of=sync),
    "syncjobs:progress": Rule(VIEWER, of=sync),
    "syncjobs:records": Rule(VIEWER, of=sync, args=("failed",)),
    "syncjobs:record": Rule(VIEWER, of=link),
    "syncjobs:weak": Rule(MANAGER, "get post", of=sync, data=lambda t: {"n": "0"}),
    "syncjobs:weak_say": Rule(MANAGER, "post", of=sync, data=lambda t: {"hub": "1", "app": "1", "same": "yes"}),
    "syncjobs:keep": Rule(MANAGER, "post", of=link, data=lambda t: {"side": "app"}),
    "syncjobs:found": Rule(MANAGER, "post", of=link, data=lambda t: {"id": "7"}),
    "syncjobs:create_again": Rule(MANAGER, "post", of=link),
    "syncjobs:exports": Rule(VIEWER),
    "syncjobs:export_new": Rule(VIEWER, "post", of=sync),
    "syncjobs:export_download": Rule(VIEWER, of=lambda t: t.export.pk),
    "syncjobs:pause": Rule(MANAGER, "post", of=sync),
    "syncjobs:resume": Rule(MANAGER, "post", of=sync),
    "syncjobs:run_now": Rule(MANAGER, "post", of=sync),
    "syncjobs:resync": Rule(MANAGER, "post", of=sync),
    "syncjobs:turn_off": Rule(MANAGER, "post", of=sync),
    "syncjobs:delete": Rule(MANAGER, "get post", of=sync),
    "syncjobs:run_all": Rule(MANAGER, "post", of=instance),
    "syncjobs:pause_all": Rule(MANAGER, "post", of=instance),
    "syncjobs:resume_all": Rule(MANAGER, "post", of=instance),
}


def addresses(patterns: list | None = None, prefix: str = "") -> Iterator[str]:
    """Names of all addresses of ours; one without a name shows as its pattern, and so fails the table."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                space = f"{entry.namespace}:" if entry.namespace else ""
                yield from addresses(entry.url_patterns, prefix + space)
        elif isinstance(entry, URLPattern) and not entry.callback.__module__.startswith(OTHERS):
            yield prefix + (entry.name or f"<{entry.pattern}>")


# -- the cast and their things ----------------------------------------------------------------------------------------


@pytest.fixture
def tenant(account: Account, admin: User) -> Iterator[Tenant]:
    account.name = f"{MARK} Ltd"
    account.save()
    world = make_world(account)
    for one in (world.sync.hub_instance, world.sync.app_instance):
        one.label = one.remote_account_name = f"{MARK} {one.app_key}"  # type: ignore[union-attr]
        one.save()  # type: ignore[union-attr]
    saved = world.sync
    link = RecordLink.objects.create(
        sync=saved, hub_id="1", app_id="2", label=f"{MARK} Person", status="failed", code="MAPPED_FIELD_INVALID"
    )
    SyncRun.objects.create(sync=saved, kind=RunKind.INITIAL, state="done")
    export = Export.objects.create(
        account=account,
        sync=saved,
        requested_by=admin,
        state=Export.State.READY,
        rows=1,
        expires_at=now() + timedelta(days=7),
    )
    export.file.save("records.csv", ContentFile(f"name\n{MARK}\n".encode()))
    yield Tenant(
        world=world,
        draft=Sync.objects.create(
            account=account,
            hub_instance=saved.hub_instance,
            app_instance=saved.app_instance,
            hub_kind="people",
            app_kind="people",
            state=SyncState.DRAFT,
        ),
        link=link,
        export=export,
        invitation=services.invite(account=account, by=admin, email="new@example.com", role=Role.VIEWER),
        member=person(account, "bob", Role.VIEWER).memberships.get(),  # type: ignore[attr-defined]
    )
    export.file.delete(save=False)
    for key in ("memory_hub", "memory_app"):
        registry.apps().pop(key, None)


def ask(client: Client, method: str, path: str, data: dict[str, Any], htmx: bool = False) -> HttpResponse:
    return getattr(client, method)(path, data, headers={"HX-Request": "true"} if htmx else {})


def text(answer: Any) -> str:
    """The whole answer, a file's content and the address of a redirect included."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode() + answer.headers.get("Location", "")


def to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(reverse("account_login"))


# -- the table ----------------------------------------------------------------------------------------------------------


def test_every_address_is_classified() -> None:
    found = set(addresses())
    assert sorted(found - set(TABLE)) == [], "these addresses need a line in TABLE"
    assert sorted(set(TABLE) - found) == [], "these addresses are gone"


@pytest.mark.parametrize("name", TABLE)
def test_a_signed_out_visitor_goes_to_sign_in(name: str, tenant: Tenant, client: Client) -> None:
    rule = TABLE[name]
    for method in ("get", "post"):
        answer = ask(client, method, rule.path(name, tenant), rule.data(tenant))
        if rule.least == PUBLIC:
            assert answer.status_code < 500
            assert name == "accounts:invitation" or MARK not in text(answer)
        else:
            assert to_sign_in(answer) or (answer.status_code == 405 and method not in rule.methods), answer.status_code


def test_an_unsigned_webhook_is_refused(client: Client, db: None) -> None:
    answer = client.post(reverse("integrations:webhook", args=["hubspot"]), [{}], content_type="application/json")
    assert answer.status_code in (400, 401, 403, 404)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("name", TABLE)
def test_a_stranger_finds_nothing(name: str, htmx: bool, tenant: Tenant, as_stranger: Client) -> None:
    rule = TABLE[name]
    for method in ("get", "post"):
        answer = ask(as_stranger, method, rule.path(name, tenant), rule.data(tenant), htmx)
        if rule.least == PUBLIC:
            assert answer.status_code < 500
            continue
        if (rule.of or name == "accounts:switch") and not (answer.status_code == 405 and method not in rule.methods):
            assert answer.status_code == 404
        assert answer.status_code < 500
        assert MARK not in text(answer)


def refused(name: str, tenant: Tenant, client: Client, htmx: bool) -> None:
    rule = TABLE[name]
    for method in ("get", "post"):
        answer = ask(client, method, rule.path(name, tenant), rule.data(tenant), htmx)
        assert answer.status_code in (403, 404) or (answer.status_code == 405 and method not in rule.methods)


def allowed(name: str, tenant: Tenant, client: Client) -> None:
    rule = TABLE[name]
    for method in rule.methods.split():
        answer = ask(client, method, rule.path(name, tenant), rule.data(tenant))
        assert answer.status_code < 500
        assert answer.status_code not in (401, 403, 404, 405), f"{method} {name}: {answer.status_code}"
        assert not to_sign_in(answer)


def names(*least: int) -> list[str]:
    return [name for name, rule in TABLE.items() if rule.least in least]


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("name", names(MANAGER, ADMIN))
def test_a_viewer_changes_nothing(name: str, htmx: bool, tenant: Tenant, as_viewer: Client) -> None:
    refused(name, tenant, as_viewer, htmx)


@pytest.mark.parametrize("name", names(USER, VIEWER))
def test_a_viewer_reads(name: str, tenant: Tenant, as_viewer: Client) -> None:
    allowed(name, tenant, as_viewer)


@pytest.mark.parametrize("name", names(ADMIN))
def test_a_manager_leaves_people_alone(name: str, tenant: Tenant, as_manager: Client) -> None:
    refused(name, tenant, as_manager, htmx=False)


@pytest.mark.parametrize("name", names(USER, VIEWER, MANAGER))
def test_a_manager_looks_after_apps_and_syncs(name: str, tenant: Tenant, as_manager: Client) -> None:
    allowed(name, tenant, as_manager)


@pytest.mark.parametrize("name", names(USER, VIEWER, MANAGER, ADMIN))
def test_a_super_admin_may_do_everything(name: str, tenant: Tenant, as_admin: Client) -> None:
    allowed(name, tenant, as_admin)
